//! The files of one rotated capture, read as one.

use std::fs::File;
use std::io::Read;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Result, anyhow};

use super::folder;
use super::interrupt::Interruptible;
use super::source::hashing;
use remb_replay::capture::{CaptureError, CaptureReader, SharedHash};
use remb_replay::units::CaptureTime;

/// Files that follow the first, and which is being read.
pub(super) struct Joined {
    files: Arc<[PathBuf]>,
    current: Arc<AtomicUsize>,
    hash: Option<SharedHash>,
}

impl Joined {
    /// Opens the first.
    pub(super) fn open(files: &[PathBuf], hash: Option<SharedHash>) -> Result<(Box<dyn Read + Send>, Self)> {
        let joined = Self { files: files.into(), current: Arc::default(), hash };
        let first = files.first().ok_or_else(|| anyhow!("--join takes files"))?;
        let file = File::open(first).with_context(|| first.display().to_string())?;
        Ok((hashing(Box::new(Interruptible::file(file)), joined.hash.clone()), joined))
    }

    /// The file at hand, for a person.
    pub(super) fn current(&self) -> String {
        let file = self.files.get(self.current.load(Ordering::Relaxed));
        file.map_or_else(String::new, |file| file.display().to_string())
    }
}

/// A reader of one file, of this session if it is an event log, or of all that are joined behind it.
pub(super) fn reader(
    first: Box<dyn Read + Send>,
    joined: Option<&Joined>,
    session: Option<NonZeroUsize>,
) -> Result<CaptureReader, CaptureError> {
    let Some(Joined { files, current, hash }) = joined else {
        return CaptureReader::of_session(first, session);
    };
    let (files, current, hash) = (files.clone(), current.clone(), hash.clone());
    let next = move || {
        let file = files.get(current.load(Ordering::Relaxed) + 1)?;
        current.fetch_add(1, Ordering::Relaxed);
        Some(File::open(file).map(|file| hashing(Box::new(Interruptible::file(file)), hash.clone())))
    };
    CaptureReader::joined(first, Box::new(next))
}

/// By the times of their first frames; those without any at the end.
pub(super) fn in_order(files: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut begun = Vec::with_capacity(files.len());
    for file in files {
        begun.push((first_at(file).with_context(|| format!("--join {}", file.display()))?, file.clone()));
    }
    begun.sort_by_key(|(at, _)| (at.is_none(), *at));
    Ok(begun.into_iter().map(|(_, file)| file).collect())
}

fn first_at(path: &Path) -> Result<Option<CaptureTime>> {
    if path.as_os_str() == "-" {
        return Err(anyhow!("standard input is no file of several: it cannot be put in its place"));
    }
    if path.is_dir() {
        return Err(folder::refused(path));
    }
    let mut reader = CaptureReader::new(Box::new(File::open(path)?))?;
    // Where it is damaged the reading proper says so.
    Ok(reader.next_frame().ok().flatten().map(|frame| frame.at))
}

/// Bytes of all.
pub(super) fn size(files: &[PathBuf]) -> Option<u64> {
    files.iter().map(|file| file.metadata().ok().map(|found| found.len())).sum()
}

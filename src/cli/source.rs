//! Where a capture comes from, and how far it has been read.

use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::path::Path;
use std::sync::{Arc, Mutex};

use anyhow::{Context, anyhow};
use indicatif::{ProgressBar, ProgressStyle};
use sha2::{Digest, Sha256};

use super::args::{BehaveArgs, Progress};

/// Frames between two looks at the progress bar.
const PROGRESS_EVERY: u64 = 4096;

/// The capture's bytes.
pub(super) struct Source {
    pub(super) reader: Box<dyn Read + Send>,
    /// Without its folder; `-` for standard input.
    pub(super) name: String,
    /// For a person.
    pub(super) shown: String,
    pub(super) size: Option<u64>,
    pub(super) hash: Option<SharedHash>,
}

impl Source {
    pub(super) fn open(path: &Path, hash: bool) -> anyhow::Result<Self> {
        let (reader, name, size): (Box<dyn Read + Send>, _, _) = if path.as_os_str() == "-" {
            (Box::new(io::stdin()), "-".to_owned(), None)
        } else {
            let file = File::open(path).with_context(|| path.display().to_string())?;
            let metadata = file.metadata().with_context(|| path.display().to_string())?;
            if metadata.is_dir() {
                return Err(anyhow!("{}: is a folder, not a capture", path.display()));
            }
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            (Box::new(file), name, metadata.is_file().then_some(metadata.len()))
        };
        let hash = hash.then(SharedHash::default);
        let reader = match &hash {
            Some(hash) => Box::new(Hashing { reader, hash: hash.clone() }) as Box<dyn Read + Send>,
            None => reader,
        };
        let shown = if name == "-" { "standard input".to_owned() } else { path.display().to_string() };
        Ok(Self { reader, name, shown, size, hash })
    }
}

/// A SHA-256 that grows as its input is read.
#[derive(Clone, Default)]
pub(super) struct SharedHash(Arc<Mutex<Sha256>>);

impl SharedHash {
    fn update(&self, bytes: &[u8]) {
        if let Ok(mut hash) = self.0.lock() {
            hash.update(bytes);
        }
    }

    pub(super) fn hex(&self) -> String {
        let digest = self.0.lock().map(|hash| hash.clone().finalize()).unwrap_or_default();
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

struct Hashing {
    reader: Box<dyn Read + Send>,
    hash: SharedHash,
}

impl Read for Hashing {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(buffer)?;
        self.hash.update(buffer.get(..read).unwrap_or_default());
        Ok(read)
    }
}

pub(super) fn progress_bar(args: &BehaveArgs, size: Option<u64>) -> ProgressBar {
    if args.progress == Progress::Never || args.quiet || !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let (bar, template) = match size {
        Some(size) => (ProgressBar::new(size), "{bar:30} {bytes}/{total_bytes} {bytes_per_sec} {msg}"),
        None => (ProgressBar::new_spinner(), "{spinner} {bytes} {bytes_per_sec} {msg}"),
    };
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar
}

pub(super) fn show_progress(bar: &ProgressBar, frames: u64, bytes_read: u64) {
    if frames.is_multiple_of(PROGRESS_EVERY) && !bar.is_hidden() {
        bar.set_position(bytes_read);
        let rate = frames as f64 / bar.elapsed().as_secs_f64().max(1e-3);
        bar.set_message(format!("{rate:.0} packets/s"));
    }
}

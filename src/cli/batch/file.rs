//! A capture's file: what it is known by, and its bytes, hashed as they are read and only until the deadline.

use std::fs::{self, File, Metadata};
use std::io::{self, BufWriter, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;

use super::super::args::TableFormat;
use super::super::interrupt::is_interrupted;
use super::super::table_format::TableWriter;
use remb_replay::analysis::batch::{Files, Halt};

/// By what a capture is known again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Identity {
    pub(super) bytes: u64,
    /// When it was written, nanoseconds since 1970.
    pub(super) modified_ns: i64,
}

impl Identity {
    fn of(metadata: &Metadata) -> Self {
        let since = metadata.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
        let modified_ns = since.and_then(|since| i64::try_from(since.as_nanos()).ok()).unwrap_or_default();
        Self { bytes: metadata.len(), modified_ns }
    }

    /// As far as it can be told now.
    pub(super) fn at(path: &Path) -> Self {
        fs::metadata(path).map(|metadata| Self::of(&metadata)).unwrap_or_default()
    }
}

/// A table of estimates on its way to a file.
pub(super) type EstimateFile = TableWriter<BufWriter<NamedTempFile>>;

/// The file of one capture.
pub(super) struct CaptureFile {
    path: PathBuf,
    until: Until,
    hash: Option<Arc<Mutex<Hash>>>,
    /// The folder and the format of estimates.
    estimates: Option<(PathBuf, TableFormat)>,
}

/// When it is given up.
#[derive(Clone, Copy)]
struct Until {
    began: Instant,
    deadline: Duration,
}

/// SHA-256 of so many bytes.
#[derive(Clone, Default)]
struct Hash {
    sha256: Sha256,
    bytes: u64,
}

impl CaptureFile {
    #[expect(clippy::disallowed_methods, reason = "a deadline is of the clock on the wall")]
    pub(super) fn new(path: &Path, deadline: Duration, estimates: Option<(PathBuf, TableFormat)>) -> Self {
        let until = Until { began: Instant::now(), deadline };
        Self { path: path.to_owned(), until, hash: None, estimates }
    }

    /// SHA-256 of the whole file, what was not read of it included; `None` if there is no time for that.
    pub(super) fn sha256(&mut self) -> Option<String> {
        let read = self.hash.take().and_then(|hash| hash.lock().ok().map(|hash| hash.clone()));
        let Hash { mut sha256, bytes } = read.unwrap_or_default();
        let mut file = File::open(&self.path).ok()?;
        file.seek(SeekFrom::Start(bytes)).ok()?;
        let mut rest = Guarded { file, until: self.until, hash: None };
        let mut buffer = vec![0; 1 << 17];
        loop {
            match rest.read(&mut buffer) {
                Ok(0) => return Some(hex(&sha256.finalize())),
                Ok(read) => sha256.update(buffer.get(..read)?),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return None,
            }
        }
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Until {
    #[expect(clippy::disallowed_methods, reason = "a deadline is of the clock on the wall")]
    fn halt(self) -> Option<Halt> {
        if is_interrupted() {
            return Some(Halt::Interrupted);
        }
        let says = || format!("not done within --deadline {} s", self.deadline.as_secs_f64());
        (self.began.elapsed() > self.deadline).then(|| Halt::Deadline(says()))
    }
}

impl Files for CaptureFile {
    type Estimates = EstimateFile;

    /// What is no file is not opened: a pipe may never answer.
    fn open(&mut self) -> io::Result<Box<dyn Read + Send>> {
        let metadata = fs::metadata(&self.path)?;
        if metadata.is_dir() {
            return Err(io::Error::other("a folder that cannot be read"));
        }
        if !metadata.is_file() {
            return Err(io::Error::other("no file but a pipe, socket or device: batch reads files only"));
        }
        let file = File::open(&self.path)?;
        let is_first = self.hash.is_none();
        let hash = self.hash.get_or_insert_default();
        let hash = is_first.then(|| Arc::clone(hash));
        Ok(Box::new(Guarded { file, until: self.until, hash }))
    }

    fn estimates(&mut self) -> io::Result<Option<EstimateFile>> {
        let Some((folder, format)) = &self.estimates else { return Ok(None) };
        let file = BufWriter::with_capacity(1 << 17, NamedTempFile::new_in(folder)?);
        Ok(Some(TableWriter::new(file, *format)))
    }

    fn halt(&self) -> Option<Halt> {
        self.until.halt()
    }
}

/// Ends when the time has come: a reader that skips what it reads asks nobody else.
struct Guarded {
    file: File,
    until: Until,
    hash: Option<Arc<Mutex<Hash>>>,
}

impl Read for Guarded {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.until.halt().is_some() {
            return Err(io::Error::other("given up"));
        }
        let read = self.file.read(buffer)?;
        if let Some(mut hash) = self.hash.as_ref().and_then(|hash| hash.lock().ok()) {
            hash.sha256.update(buffer.get(..read).unwrap_or_default());
            hash.bytes += read as u64;
        }
        Ok(read)
    }
}

/// Processor time of this thread so far.
pub(super) fn cpu_ms() -> Option<f64> {
    #[cfg(unix)]
    {
        let now = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
        Some(now.tv_sec as f64 * 1e3 + now.tv_nsec as f64 / 1e6)
    }
    #[cfg(not(unix))]
    None
}

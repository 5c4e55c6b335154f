//! A capture's file: what it is known by, and its bytes, until the deadline.

use std::fs::{self, Metadata};
use std::io::{self, BufWriter, Read};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;

use super::super::args::TableFormat;
use super::super::interrupt::is_interrupted;
use super::super::table_format::TableWriter;
use remb_replay::analysis::batch::{Files, Halt};
use remb_replay::capture::HashedFile;

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
    file: HashedFile,
    until: Until,
    /// The folder and the format of estimates.
    estimates: Option<(PathBuf, TableFormat)>,
}

/// When it is given up.
#[derive(Clone, Copy)]
struct Until {
    began: Instant,
    deadline: Duration,
}

impl CaptureFile {
    #[expect(clippy::disallowed_methods, reason = "a deadline is of the clock on the wall")]
    pub(super) fn new(path: &Path, deadline: Duration, estimates: Option<(PathBuf, TableFormat)>) -> Self {
        let until = Until { began: Instant::now(), deadline };
        Self { file: HashedFile::new(path, move || until.halt().is_some()), until, estimates }
    }

    /// SHA-256 of the whole file; `None` if it cannot be read, or there is no time for that.
    pub(super) fn sha256(&mut self) -> Option<String> {
        self.file.sha256().ok()
    }
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

    fn open(&mut self) -> io::Result<Box<dyn Read + Send>> {
        self.file.open()
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

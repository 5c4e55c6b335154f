//! Many captures, one at a time: what each comes to as rows of the tables of `batch`.

use std::fs::{self, Metadata};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use pyo3::exceptions::PyOSError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use remb_replay::analysis::batch::{CsvRows, Files, Halt, Manner, Table as Kind, Work, work};
use remb_replay::capture::HashedFile;
use remb_replay::remb::Profile;
use remb_replay::report::fleet::CaptureRow;
use remb_replay::report::rows::Rows;

use crate::errors::Error;
use crate::guard::{End, Guard, Stop};
use crate::settings::replay_settings;
use crate::table::{Table, TableWriter};

/// The rows of a capture by table, as CSV without headers: `captures`, `flows`, `remb`, `streams`, `events`. A capture that fails is its
/// row; what is no file is not opened. Raises SettingsError, and KeyboardInterrupt where `stop` is set.
#[pyfunction]
#[pyo3(signature = (path, *, deadline_s = 60.0, stop = None, **settings))]
pub(crate) fn batch_rows<'py>(
    py: Python<'py>,
    path: PathBuf,
    deadline_s: f64,
    stop: Option<&Stop>,
    settings: Option<&Bound<'py, PyDict>>,
) -> PyResult<Bound<'py, PyDict>> {
    let settings = replay_settings(settings, Profile::Periodic)?;
    let manner = Manner { config: settings.config, session: settings.session, strict: false };
    let deadline = Duration::try_from_secs_f64(deadline_s);
    let deadline = deadline.map_err(|error| Error::settings(format!("deadline_s {deadline_s}: {error}")))?;
    let clock = || py.import("time")?.call_method0("thread_time")?.extract::<f64>();
    let began = clock()?;
    let guard = Guard::new(deadline, stop);
    let watching = guard.clone();
    let file = HashedFile::new(&path, move || watching.end(false).is_some());
    let mut file = CaptureFile { file, guard };
    let worked = py.detach(|| worked(&mut file, &manner));
    let Some((mut capture, mut rows)) = worked? else { return Err(file.guard.interrupted()) };
    capture.cpu_ms = Some((clock()? - began) * 1e3);
    rows.table(Kind::Captures).row(&capture)?;
    by_table(py, &rows)
}

/// The same of a capture of which nothing came, for the reason given.
#[pyfunction]
pub(crate) fn failed_rows(py: Python<'_>, path: PathBuf, error: String) -> PyResult<Bound<'_, PyDict>> {
    let mut capture = CaptureRow::default();
    capture.capture = name(&path);
    capture.file_bytes = size(&path);
    capture.exit_code = 5;
    capture.error = Some(error);
    let mut rows = CsvRows::default();
    rows.table(Kind::Captures).row(&capture)?;
    by_table(py, &rows)
}

/// As a capture is called in tables.
#[pyfunction]
pub(crate) fn capture_name(path: PathBuf) -> String {
    name(&path)
}

/// A table of `batch`, by its name, of rows of it.
#[pyfunction]
pub(crate) fn table_of(py: Python<'_>, name: &str, rows: Vec<u8>) -> PyResult<Table> {
    let kind = Kind::ALL.into_iter().find(|kind| kind.name() == name);
    let known = || Kind::ALL.map(Kind::name).join(", ");
    let kind =
        kind.ok_or_else(|| Error::settings(format!("no table is called '{name}'; there are {}", known())))?;
    Ok(py.detach(|| {
        let mut table = TableWriter::default();
        table.header(&kind.columns()).and_then(|()| table.csv(&rows)).map_err(Error::settings)?;
        table.finish()
    })?)
}

fn by_table<'py>(py: Python<'py>, rows: &CsvRows) -> PyResult<Bound<'py, PyDict>> {
    let by_table = PyDict::new(py);
    for kind in Kind::ALL {
        by_table.set_item(kind.name(), PyBytes::new(py, rows.of(kind)))?;
    }
    Ok(by_table)
}

/// `None` if it was interrupted.
fn worked(file: &mut CaptureFile, manner: &Manner) -> PyResult<Option<(CaptureRow, CsvRows)>> {
    let path = file.file.path().to_owned();
    let work = work(&name(&path), file, manner).map_err(|error| PyOSError::new_err(error.to_string()))?;
    let Some(Work { mut capture, rows, .. }) = work else { return Ok(None) };
    capture.file_bytes = size(&path);
    capture.sha256 = capture.frames.and_then(|_| file.file.sha256().ok());
    let is_interrupted = capture.sha256.is_none() && file.halt() == Some(Halt::Interrupted);
    Ok((!is_interrupted).then_some((capture, rows)))
}

/// As it is called in tables: its path, or that in quotes where it is no text.
fn name(path: &Path) -> String {
    path.to_str().map_or_else(|| format!("{path:?}"), str::to_owned)
}

fn size(path: &Path) -> Option<u64> {
    fs::metadata(path).ok().filter(Metadata::is_file).map(|file| file.len())
}

struct CaptureFile {
    file: HashedFile,
    guard: Guard,
}

impl Files for CaptureFile {
    type Estimates = TableWriter;

    fn open(&mut self) -> io::Result<Box<dyn Read + Send>> {
        self.file.open()
    }

    fn estimates(&mut self) -> io::Result<Option<TableWriter>> {
        Ok(None)
    }

    fn halt(&self) -> Option<Halt> {
        Some(match self.guard.end(false)? {
            End::Interrupted => Halt::Interrupted,
            // In the words of `batch`.
            End::Late => Halt::Deadline(format!("not done within --deadline {} s", self.guard.deadline_s())),
        })
    }
}

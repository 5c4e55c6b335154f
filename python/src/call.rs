//! One capture, replayed.

use std::fs;
use std::path::{Path, PathBuf};

use pyo3::exceptions::{PyAttributeError, PyOSError};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use remb_replay::analysis::tables::Tables;
use remb_replay::model::Warning;
use remb_replay::remb::Profile;
use remb_replay::replay::{Outcome, ReplayConfig};
use remb_replay::report::events::write_events;
use remb_replay::report::summary::{Flow, Input, Summary, Tool};
use remb_replay::report::tables::write_streams;
use remb_replay::report::views;

use crate::drawing;
use crate::errors::Error;
use crate::reading::{Read, Replayed, Source};
use crate::settings::{Settings, replay_settings};
use crate::table::{Table, TableWriter};

/// A call as a capture has it, replayed.
///
/// `estimate`, `remb`, `streams` and `events` are tables with the columns of the program's files; `summary` is a dictionary, as in
/// `summary.json`.
#[pyclass(frozen, module = "remb_replay")]
pub(crate) struct Call {
    path: PathBuf,
    settings: Settings,
    estimate: Option<Py<Table>>,
    remb: Py<Table>,
    streams: Py<Table>,
    events: Py<Table>,
    exit_code: u8,
    /// As JSON.
    summary: String,
}

/// Replays a capture.
///
/// `estimate=False` leaves out the table of the estimator's steps, which saves time and memory. All else is a setting, called as the
/// program's flags are. Python's lock is released meanwhile, and Ctrl-C ends it.
///
/// Raises `CaptureError` if the file cannot be opened or is no capture, `NothingError` if there is nothing to estimate in it, and
/// `SettingsError`. One that is damaged further on is replayed up to there: `exit_code` is 5, and `summary["input"]["ended_early"]`
/// says why.
#[pyfunction]
#[pyo3(signature = (path, *, estimate = true, **settings))]
pub(crate) fn replay(
    py: Python<'_>,
    path: PathBuf,
    estimate: bool,
    settings: Option<&Bound<'_, PyDict>>,
) -> PyResult<Call> {
    let settings = replay_settings(settings, Profile::Periodic)?;
    let source = Source::new(path.clone(), &settings, None);
    let made = py.detach(|| made(&source, &settings, estimate))?;
    let Made { estimate, remb, streams, events, exit_code, summary } = made;
    Ok(Call {
        path,
        settings,
        estimate: estimate.map(|table| Py::new(py, table)).transpose()?,
        remb: Py::new(py, remb)?,
        streams: Py::new(py, streams)?,
        events: Py::new(py, events)?,
        exit_code,
        summary,
    })
}

struct Made {
    estimate: Option<Table>,
    remb: Table,
    streams: Table,
    events: Table,
    exit_code: u8,
    /// As JSON.
    summary: String,
}

fn made(source: &Source, settings: &Settings, estimate: bool) -> Result<Made, Error> {
    let config = ReplayConfig { steps: estimate, events: true, ..settings.config.clone() };
    let (replayed, told) = source.replay(&config, |clock| {
        let estimates = estimate.then(TableWriter::default);
        Tables::new(clock, config.sender_ssrc, Some(TableWriter::default()), estimates)
            .map_err(Error::settings)
    })?;
    let Replayed { read, outcome, sink: tables, clock } = replayed;
    let doubts = told.iter().flat_map(|told| told.notes(&outcome.flows)).chain(tables.doubt()).collect();
    let summary = summary(source, &read, outcome, settings, doubts)?;
    let nanoseconds = clock.nanoseconds;
    let mut streams = TableWriter::default();
    write_streams(&mut streams, &summary.flows, nanoseconds).map_err(Error::settings)?;
    let mut events = TableWriter::default();
    let rows: Vec<_> = summary.flows.iter().flat_map(|flow| flow.events.iter().cloned()).collect();
    write_events(&mut events, &rows, nanoseconds).map_err(Error::settings)?;
    let is_whole =
        read.input.ended_early.is_none() && !summary.warnings.iter().any(|warning| warning.is_limit());
    let (remb, estimate) = tables.into_inner();
    Ok(Made {
        estimate: estimate.map(TableWriter::finish).transpose()?,
        remb: remb.unwrap_or_default().finish()?,
        streams: streams.finish()?,
        events: events.finish()?,
        exit_code: if is_whole { 0 } else { 5 },
        summary: serde_json::to_string(&summary).map_err(Error::settings)?,
    })
}

/// What `summary.json` has, with what only the reading, and only the writing, gave reason to doubt.
pub(crate) fn summary(
    source: &Source,
    read: &Read,
    outcome: Outcome,
    settings: &Settings,
    doubts: Vec<Warning>,
) -> Result<Summary, Error> {
    let Outcome { mut frames, flows, mut warnings, span, nothing, .. } = outcome;
    if let Some(nothing) = nothing {
        return Err(source.nothing(&nothing.to_string(), read.input.ended_early.as_deref()));
    }
    warnings.extend(doubts);
    read.reading.complete(&mut frames, &mut warnings);
    let (input, profile) = (Input { span_s: span, ..read.input.clone() }, settings.profile);
    let (warnings, parameters) = (views::warnings(&warnings, &flows), settings.config.parameters.by_name());
    let flows = flows.iter().map(Flow::from).collect();
    Ok(Summary { tool: Tool::default(), input, frames, flows, warnings, profile, parameters })
}

#[pymethods]
impl Call {
    /// The path it was read from.
    #[getter]
    fn path(&self) -> PathBuf {
        self.path.clone()
    }

    /// A row for each step of the estimator, as in `estimate.csv`.
    #[getter]
    fn estimate(&self, py: Python<'_>) -> PyResult<Py<Table>> {
        let left_out = || PyAttributeError::new_err("it was replayed with estimate=False");
        self.estimate.as_ref().map(|table| table.clone_ref(py)).ok_or_else(left_out)
    }

    /// A row for each REMB, as in `remb.csv`.
    #[getter]
    fn remb(&self, py: Python<'_>) -> Py<Table> {
        self.remb.clone_ref(py)
    }

    /// A row for each RTP stream, as in `streams.csv`.
    #[getter]
    fn streams(&self, py: Python<'_>) -> Py<Table> {
        self.streams.clone_ref(py)
    }

    /// A row for each thing that happened to an estimate, as in `events.csv`.
    #[getter]
    fn events(&self, py: Python<'_>) -> Py<Table> {
        self.events.clone_ref(py)
    }

    /// What the program would have ended with: 0, or 5 where the capture is damaged or a limit was hit.
    #[getter]
    fn exit_code(&self) -> u8 {
        self.exit_code
    }

    /// What was read, what was inferred and by what evidence, what came out: as in `summary.json`.
    #[getter]
    fn summary<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        py.import("json")?.call_method1("loads", (&self.summary,))
    }

    /// Draws a flow, the first where none is named, as `replay --plot` does: SVG where the path ends in that, else PNG. Reads the
    /// capture again.
    #[pyo3(signature = (path, *, flow = None))]
    fn plot(&self, py: Python<'_>, path: PathBuf, flow: Option<&str>) -> PyResult<()> {
        py.detach(|| write(&path, &drawing::picture(&self.source()?, &self.settings, flow, is_svg(&path))?))
    }

    /// Writes the page of `replay --html`, with every row, to zoom. Reads the capture again.
    fn html(&self, py: Python<'_>, path: PathBuf) -> PyResult<()> {
        py.detach(|| write(&path, &drawing::page(&self.source()?, &self.settings)?))
    }

    fn __repr__(&self) -> String {
        format!("<remb_replay.Call of {}>", self.path.display())
    }
}

impl Call {
    /// To read it again.
    fn source(&self) -> Result<Source, Error> {
        let source = Source::new(self.path.clone(), &self.settings, None);
        let gone = || format!("{}: no file, which could be read again", source.shown());
        if source.is_file() { Ok(source) } else { Err(Error::Capture(gone())) }
    }
}

fn is_svg(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("svg"))
}

fn write(path: &Path, bytes: &[u8]) -> PyResult<()> {
    fs::write(path, bytes).map_err(|error| PyOSError::new_err(format!("{}: {error}", path.display())))
}

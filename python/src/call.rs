//! One capture, replayed.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use pyo3::exceptions::{PyAttributeError, PyOSError};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use remb_replay::analysis::tables::Tables;
use remb_replay::analysis::twice::Reading as ReadOnce;
use remb_replay::model::Warning;
use remb_replay::remb::Profile;
use remb_replay::replay::{Outcome, Replay, ReplayConfig};
use remb_replay::report::events::write_events;
use remb_replay::report::summary::{Flow, Input, Summary, Tool};
use remb_replay::report::tables::{Clock, write_streams};
use remb_replay::report::views;
use remb_replay::survey::Learned;

use crate::drawing;
use crate::errors::Error;
use crate::guard::Guard;
use crate::reading::{Read, Source};
use crate::settings::{Settings, replay_settings};
use crate::table::{Table, TableWriter};

/// A call as a capture has it, replayed.
///
/// `estimate`, `remb`, `streams` and `events` are tables with the columns of the program's files; `summary` is a dictionary, as in
/// `summary.json`.
#[pyclass(frozen, module = "remb_replay")]
pub(crate) struct Call {
    source: Source,
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
    let source = Source { path, session: settings.session, guard: Guard::new(Duration::MAX, None) };
    let replayed = py.detach(|| replayed(&source, &settings, estimate))?;
    let Replayed { estimate, remb, streams, events, exit_code, summary } = replayed;
    Ok(Call {
        source,
        settings,
        estimate: estimate.map(|table| Py::new(py, table)).transpose()?,
        remb: Py::new(py, remb)?,
        streams: Py::new(py, streams)?,
        events: Py::new(py, events)?,
        exit_code,
        summary,
    })
}

struct Replayed {
    estimate: Option<Table>,
    remb: Table,
    streams: Table,
    events: Table,
    exit_code: u8,
    /// As JSON.
    summary: String,
}

/// One reading.
struct Once {
    read: Read,
    outcome: Outcome,
    tables: Tables<TableWriter>,
    clock: Clock,
}

impl ReadOnce for Once {
    fn learned(&self) -> Option<&Learned> {
        self.outcome.learned.as_ref()
    }
}

fn replayed(source: &Source, settings: &Settings, estimate: bool) -> Result<Replayed, Error> {
    let (once, told) = source.read_told(|told| read_once(source, settings, estimate, told))?;
    let Once { read, outcome, tables, clock } = once;
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
    Ok(Replayed {
        estimate: estimate.map(TableWriter::finish).transpose()?,
        remb: remb.unwrap_or_default().finish()?,
        streams: streams.finish()?,
        events: events.finish()?,
        exit_code: if is_whole { 0 } else { 5 },
        summary: serde_json::to_string(&summary).map_err(Error::settings)?,
    })
}

fn read_once(
    source: &Source,
    settings: &Settings,
    estimate: bool,
    told: Option<&Learned>,
) -> Result<Once, Error> {
    let config = ReplayConfig { steps: estimate, events: true, ..settings.config.clone().told(told) };
    let sender = config.sender_ssrc;
    let mut replay = Replay::new(config).map_err(Error::settings)?;
    let mut tables: Option<(Tables<TableWriter>, Clock)> = None;
    let read = source.read(|frame| {
        let (tables, _) = match &mut tables {
            Some(tables) => tables,
            none => {
                let clock = Clock { first: frame.at, nanoseconds: frame.nanoseconds };
                let estimates = estimate.then(TableWriter::default);
                let tables = Tables::new(clock, sender, Some(TableWriter::default()), estimates);
                none.insert((tables.map_err(Error::settings)?, clock))
            }
        };
        replay.handle_frame(frame, tables).map_err(Error::settings)
    })?;
    let Some((mut tables, clock)) = tables else { return Err(source.nothing("no frame", None)) };
    replay.finish(&mut tables).map_err(Error::settings)?;
    Ok(Once { read, outcome: replay.outcome(), tables, clock })
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
        self.source.path.clone()
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
        py.detach(|| write(&path, &drawing::picture(&self.source, &self.settings, flow, is_svg(&path))?))
    }

    /// Writes the page of `replay --html`, with every row, to zoom. Reads the capture again.
    fn html(&self, py: Python<'_>, path: PathBuf) -> PyResult<()> {
        py.detach(|| write(&path, &drawing::page(&self.source, &self.settings)?))
    }

    fn __repr__(&self) -> String {
        format!("<remb_replay.Call of {}>", self.source.shown())
    }
}

fn is_svg(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("svg"))
}

fn write(path: &Path, bytes: &[u8]) -> PyResult<()> {
    fs::write(path, bytes).map_err(|error| PyOSError::new_err(format!("{}: {error}", path.display())))
}

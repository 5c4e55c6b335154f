//! The work on one capture: read, replayed, and made rows.

use std::io::{self, Read};
use std::num::NonZeroUsize;

use super::course::FlowCourse;
use super::gather::Gathering;
use super::table::{CsvRows, Table};
use crate::analysis::twice::{self, Reading as ReadOnce};
use crate::capture::{CaptureError, CaptureReader, Frame};
use crate::model::{Doubt, Reading, Severity};
use crate::replay::{Outcome, Replay, ReplayConfig};
use crate::report::events::{EventRow, write_events};
use crate::report::fleet::{CaptureRow, FlowRow};
use crate::report::no_frame;
use crate::report::rows::{Fronted, Rows};
use crate::report::summary;
use crate::report::tables::{Clock, write_streams};
use crate::survey::Learned;

/// How captures are replayed.
#[derive(Debug, Clone, Default)]
pub struct Manner {
    /// As in `replay`.
    pub config: ReplayConfig,
    /// Which session of an event log, from 1; the first with media where it is not given.
    pub session: Option<NonZeroUsize>,
    /// Any doubt makes a capture's exit code 5.
    pub strict: bool,
}

/// Where a capture is read from, and where its largest table goes.
pub trait Files {
    /// A table of estimates that was begun.
    type Estimates: Rows;

    /// The capture's bytes from the beginning.
    ///
    /// # Errors
    /// If they cannot be had.
    fn open(&mut self) -> io::Result<Box<dyn Read + Send>>;

    /// A new table of estimates, if one is wanted.
    ///
    /// # Errors
    /// If it cannot be written.
    fn estimates(&mut self) -> io::Result<Option<Self::Estimates>>;

    /// Whether to go on; asked whenever the reader needs more bytes.
    fn halt(&self) -> Option<Halt>;
}

/// Why a capture is not read to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Halt {
    /// Whoever asked for it wants it no more: it makes no row.
    Interrupted,
    /// It has taken too long, and how that is said.
    Deadline(String),
}

/// What came of a capture.
#[derive(Debug)]
pub struct Work<E> {
    /// Its row, but for what only the owner of the file knows.
    pub capture: CaptureRow,
    /// Its rows in the other tables.
    pub rows: CsvRows,
    /// The table of estimates, after its last row.
    pub estimates: Option<E>,
    /// Whether it is no capture at all.
    pub is_foreign: bool,
    /// Whether it was given up at the deadline.
    pub is_late: bool,
}

impl<E> Work<E> {
    /// Of a capture that came to nothing but its own row, which is empty still.
    pub fn without_rows() -> Self {
        let (capture, rows) = (CaptureRow::default(), CsvRows::default());
        Self { capture, rows, estimates: None, is_foreign: false, is_late: false }
    }
}

/// Reads a capture and replays it; a second time where the first found something too late. `None` if it was interrupted.
///
/// # Errors
/// If the table of estimates cannot be written. What is wrong with the capture is in its row.
pub fn work<F: Files>(name: &str, files: &mut F, manner: &Manner) -> io::Result<Option<Work<F::Estimates>>> {
    let result = twice::read_told((), Some(()), || true, |(), told| read(name, files, manner, told));
    let mut work = match result {
        Ok((once, told)) => once.finish(name, told.as_ref(), manner)?,
        Err(Failed::Interrupted) => return Ok(None),
        Err(Failed::Estimates(error)) => return Err(error),
        Err(Failed::Late { error, format }) => {
            let capture = CaptureRow { exit_code: 5, error: Some(error), format, ..CaptureRow::default() };
            Work { capture, is_late: true, ..Work::without_rows() }
        }
        Err(Failed::NoFrame { error, format }) => {
            let (exit_code, error, format) = (4, Some(error), Some(format));
            let (frames, flows) = (Some(0), Some(0));
            let capture = CaptureRow { exit_code, error, format, frames, flows, ..CaptureRow::default() };
            Work { capture, ..Work::without_rows() }
        }
        Err(Failed::Capture { exit_code, error, format, is_foreign }) => {
            let capture = CaptureRow { exit_code, error: Some(error), format, ..CaptureRow::default() };
            Work { capture, is_foreign, ..Work::without_rows() }
        }
    };
    name.clone_into(&mut work.capture.capture);
    Ok(Some(work))
}

/// Why a reading comes to nothing.
enum Failed {
    Interrupted,
    Estimates(io::Error),
    Late {
        error: String,
        format: Option<String>,
    },
    /// It was read, and has none.
    NoFrame {
        error: String,
        format: String,
    },
    Capture {
        exit_code: u8,
        error: String,
        format: Option<String>,
        is_foreign: bool,
    },
}

impl Failed {
    fn to_open(error: &CaptureError) -> Self {
        let is_foreign = matches!(error, CaptureError::NotACapture(_));
        Self::Capture { exit_code: 3, error: error.to_string(), format: None, is_foreign }
    }

    fn of(halt: Halt, reader: Option<&CaptureReader>) -> Self {
        match halt {
            Halt::Interrupted => Self::Interrupted,
            Halt::Deadline(error) => Self::Late { error, format: reader.map(CaptureReader::format) },
        }
    }
}

/// One reading.
struct Once<E: Rows> {
    outcome: Outcome,
    gathering: Gathering<E>,
    reading: Reading,
    format: String,
}

impl<E: Rows> ReadOnce for Once<E> {
    fn learned(&self) -> Option<&Learned> {
        self.outcome.learned.as_ref()
    }
}

fn read<F: Files>(
    name: &str,
    files: &mut F,
    manner: &Manner,
    told: Option<&Learned>,
) -> Result<Once<F::Estimates>, Failed> {
    let open = files.open().map_err(|source| Failed::to_open(&CaptureError::Io { offset: 0, source }))?;
    // Where time is up before the first bytes are there, that is why they cannot be read.
    let reader = CaptureReader::of_session(open, manner.session).map_err(|error| match files.halt() {
        Some(halt) => Failed::of(halt, None),
        None => Failed::to_open(&error),
    });
    let mut reader = reader?;
    let config = ReplayConfig { steps: true, events: true, ..manner.config.clone().told(told) };
    let sender = config.sender_ssrc;
    let invalid = |error: crate::config::ConfigError| Failed::Capture {
        exit_code: 2,
        error: error.to_string(),
        format: None,
        is_foreign: false,
    };
    let mut replay = Replay::new(config).map_err(invalid)?;
    let mut gathering: Option<Gathering<F::Estimates>> = None;
    let mut take = |files: &mut F, frame: &Frame<'_>| {
        let sink = match &mut gathering {
            Some(sink) => sink,
            none => {
                let clock = Clock { first: frame.at, nanoseconds: frame.nanoseconds };
                let estimates = files.estimates().map_err(Failed::Estimates)?;
                none.insert(Gathering::new(name, clock, sender, estimates).map_err(Failed::Estimates)?)
            }
        };
        replay.handle_frame(frame, sink).map_err(Failed::Estimates)
    };
    let ended_early = loop {
        reader.buffered().try_for_each(|frame| take(files, &frame))?;
        if let Some(halt) = files.halt() {
            return Err(Failed::of(halt, Some(&reader)));
        }
        match reader.next_frame() {
            Ok(Some(frame)) => take(files, &frame)?,
            Ok(None) => break None,
            Err(error) => break Some(error),
        }
    };
    // A reading that was to end says so as an error of its bytes.
    if let Some(halt) = files.halt() {
        return Err(Failed::of(halt, Some(&reader)));
    }
    let format = reader.format();
    let Some(mut gathering) = gathering else {
        let error = no_frame(reader.skipped(), ended_early.as_ref());
        return Err(Failed::NoFrame { error, format });
    };
    replay.finish(&mut gathering).map_err(Failed::Estimates)?;
    let reading = Reading::of(&reader, ended_early.as_ref());
    Ok(Once { outcome: replay.outcome(), gathering, reading, format })
}

impl<E: Rows> Once<E> {
    /// The rows.
    fn finish(self, name: &str, told: Option<&Learned>, manner: &Manner) -> io::Result<Work<E>> {
        let Self { mut outcome, gathering, reading, format } = self;
        let clock = gathering.clock();
        let (tables, courses) = gathering.finish();
        outcome.warnings.extend(tables.doubt());
        outcome.warnings.extend(told.into_iter().flat_map(|told| told.notes(&outcome.flows)));
        reading.complete(&mut outcome.frames, &mut outcome.warnings);
        let mut rows = CsvRows::default();
        let (rembs, estimates) = tables.into_inner();
        let rembs = rembs.map(|rows| rows.into_inner().into_inner());
        *rows.of_mut(Table::Rembs) = rembs.unwrap_or_default();
        let flows: Vec<_> = outcome.flows.iter().map(summary::Flow::from).collect();
        let mut streams = Fronted::new(name, rows.table(Table::Streams));
        write_streams(&mut streams, &flows, clock.nanoseconds)?;
        let events = outcome
            .flows
            .iter()
            .zip(&flows)
            .flat_map(|(flow, named)| flow.events.iter().map(|event| EventRow::of(event, &named.flow)));
        let mut table = Fronted::new(name, rows.table(Table::Events));
        write_events(&mut table, &events.collect::<Vec<_>>(), clock.nanoseconds)?;
        let (end_ns, unseen) = (outcome.counted_span.map_or(0, |span| span.0), FlowCourse::default());
        for (flow, place) in outcome.flows.iter().zip(&outcome.places) {
            let course = courses.get(*place).unwrap_or(&unseen).sum_up(end_ns);
            rows.table(Table::Flows).row(&FlowRow { capture: name, flow, course: &course })?;
        }
        let (exit_code, error) = exit(&outcome, &reading, manner);
        let is_doubt = |code: &&str| code.starts_with("W-");
        let mut warnings: Vec<_> =
            outcome.warnings.iter().map(|warning| warning.code()).filter(is_doubt).collect();
        warnings.sort_unstable();
        warnings.dedup();
        let capture = CaptureRow {
            format: Some(format),
            frames: Some(outcome.frames.total),
            span: outcome.span,
            flows: Some(outcome.flows.len() as u64),
            exit_code,
            error,
            warnings,
            ..CaptureRow::default()
        };
        let estimates = estimates.map(Fronted::into_inner);
        Ok(Work { capture, rows, estimates, is_foreign: false, is_late: false })
    }
}

/// As `replay` ends, and why, where that is not 0.
fn exit(outcome: &Outcome, reading: &Reading, manner: &Manner) -> (u8, Option<String>) {
    let early = reading.ended_early.as_ref();
    if let Some(nothing) = &outcome.nothing {
        let why = early.map_or(String::new(), |early| format!("; reading ended there: {early}"));
        return (4, Some(format!("{nothing}{why}")));
    }
    let limit = outcome.warnings.iter().find(|warning| matches!(warning.doubt, Doubt::Limit(_)));
    let strict =
        outcome.warnings.iter().find(|warning| manner.strict && warning.doubt.severity() != Severity::Note);
    match (early, limit.or(strict)) {
        (Some(early), _) => (5, Some(early.clone())),
        (None, Some(warning)) => (5, Some(format!("{}: {}", warning.code(), warning.message()))),
        (None, None) => (0, None),
    }
}

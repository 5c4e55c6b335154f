//! What many captures came to, as rows: one for each capture, one for each flow.

use std::io::{self, Write};

use super::csv::{estimator_name, seconds_cell};
use super::row::RowWriter;
use crate::model::{Flow, RateRange, StreamKind};
use crate::units::{Bitrate, Seconds};

/// Columns of the table of captures.
pub const CAPTURE_COLUMNS: [&str; 11] = [
    "capture",
    "sha256",
    "file_bytes",
    "format",
    "frames",
    "span_s",
    "flows",
    "exit_code",
    "error",
    "warnings",
    "cpu_ms",
];

/// Columns of the table of flows.
pub const FLOW_COLUMNS: [&str; 37] = [
    "capture",
    "flow",
    "carrier",
    "fit",
    "verdict",
    "streams",
    "packets",
    "packets_fed",
    "lost",
    "loss_pct",
    "first_s",
    "last_s",
    "encrypted",
    "captured_at",
    "estimator",
    "rtt_source",
    "rtt_ms",
    "rembs",
    "first_remb_s",
    "first_bps",
    "last_bps",
    "min_bps",
    "max_bps",
    "remb_falls",
    "overuse_pct",
    "queue_max_ms",
    "pause_max_s",
    "estimate_bps",
    "recorded_rembs",
    "recorded_first_bps",
    "recorded_last_bps",
    "recorded_min_bps",
    "recorded_max_bps",
    "median_pct",
    "p90_pct",
    "within_5_pct",
    "mean_signed_pct",
];

/// What a capture came to.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct CaptureRow {
    /// Its path as it was given or found.
    pub capture: String,
    /// SHA-256 of the whole file, in hexadecimal; `None` of what is no capture, and where there was no time for it.
    pub sha256: Option<String>,
    /// Its size.
    pub file_bytes: Option<u64>,
    /// As `inspect` calls it, e.g. `pcap, gzip`; `None` of what is no capture, or was not begun in time.
    pub format: Option<String>,
    /// Frames.
    pub frames: Option<u64>,
    /// From the first frame's time to the latest.
    pub span: Option<Seconds>,
    /// Flows with RTP.
    pub flows: Option<u64>,
    /// What `replay` would have ended with.
    pub exit_code: u8,
    /// Why it is not 0, if it is not.
    pub error: Option<String>,
    /// Codes of its warnings, each once, in order of the alphabet. Notes are none.
    pub warnings: Vec<&'static str>,
    /// Processor time that it took.
    pub cpu_ms: Option<f64>,
}

/// What the estimator's course of a flow adds up to, beside what [`Flow`] says.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[non_exhaustive]
pub struct Course {
    /// Falls of more than 3 % from one REMB to the next.
    pub falls: u64,
    /// The share of the time in over-use, from 0 to 1.
    pub overuse: Option<f64>,
    /// The largest queue at a step, ms.
    pub queue_max_ms: Option<f64>,
    /// The longest time between two packets at which the estimator did something.
    pub pause_max: Option<Seconds>,
    /// How far the REMBs are from the recorded ones.
    pub distance: Option<Distance>,
}

/// How far a flow's REMBs are from the recorded ones; fractions.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Distance {
    /// Half of the time the error is no greater.
    pub median: f64,
    /// Nine tenths of the time it is no greater.
    pub p90: f64,
    /// The share of the time within 5 %.
    pub within_5: f64,
    /// Above zero if the replay is too high.
    pub mean_signed: f64,
}

/// Writes a header.
///
/// # Errors
/// Those of the writer.
pub fn write_header<W: Write>(writer: W, columns: &[&str]) -> io::Result<W> {
    Ok(RowWriter::new(writer, columns)?.into_inner())
}

/// Writes the row of a capture.
///
/// # Errors
/// Those of the writer.
pub fn write_capture<W: Write>(writer: W, capture: &CaptureRow) -> io::Result<()> {
    let mut rows = RowWriter::without_header(writer);
    let row = &mut rows;
    row.text(&capture.capture);
    row.optional(capture.sha256.as_deref(), RowWriter::word);
    row.optional(capture.file_bytes, RowWriter::count);
    row.optional(capture.format.as_deref(), RowWriter::text);
    row.optional(capture.frames, RowWriter::count);
    row.optional(capture.span, |row, span| seconds_cell(row, span));
    row.optional(capture.flows, RowWriter::count);
    row.count(capture.exit_code.into());
    row.optional(capture.error.as_deref(), RowWriter::text);
    row.text(&capture.warnings.join(" "));
    row.optional(capture.cpu_ms, |row, ms| row.fixed(ms, 3));
    row.end()
}

/// Writes the row of a flow, `capture` in front.
///
/// # Errors
/// Those of the writer.
pub fn write_flow<W: Write>(writer: W, capture: &str, flow: &Flow, course: &Course) -> io::Result<()> {
    let mut rows = RowWriter::without_header(writer);
    let row = &mut rows;
    row.text(capture);
    row.text(&flow.flow.to_string());
    row.word(flow.carrier.name());
    row.flag(flow.verdict.is_fit());
    row.text(&flow.verdict.to_string());
    write_streams(row, flow);
    row.optional(flow.srtp.encrypted, RowWriter::flag);
    row.optional(flow.captured_at, |row, point| row.word(point.end.name()));
    let estimation = flow.estimation.as_ref();
    row.optional(estimation, |row, estimation| row.word(estimator_name(estimation.estimator)));
    row.optional(estimation, |row, _| row.word(flow.rtt.source.name()));
    let rtt = estimation.and(flow.rtt.value);
    row.optional(rtt, |row, rtt| row.scaled(rtt.as_micros(), 3));
    let rembs = estimation.map(|estimation| &estimation.rembs);
    row.optional(rembs, |row, rembs| row.count(rembs.count));
    row.optional(rembs.and_then(|rembs| rembs.first), |row, at| seconds_cell(row, at));
    write_rates(row, rembs.and_then(|rembs| rembs.rates));
    row.optional(estimation, |row, _| row.count(course.falls));
    row.optional(course.overuse, |row, share| row.fixed(share * 100.0, 2));
    row.optional(course.queue_max_ms, |row, ms| row.fixed(ms, 4));
    row.optional(course.pause_max, |row, pause| seconds_cell(row, pause));
    row.bitrate(estimation.and_then(|estimation| estimation.estimate));
    row.count(flow.recorded.count);
    write_rates(row, flow.recorded.rates);
    let distance = course.distance.map(|far| [far.median, far.p90, far.within_5, far.mean_signed]);
    for place in 0..4 {
        let figure = distance.and_then(|figures| figures.get(place).copied());
        row.optional(figure, |row, fraction| row.fixed(fraction * 100.0, 4));
    }
    row.end()
}

/// What is lost of retransmissions is no loss of the call.
fn write_streams<W: Write>(row: &mut RowWriter<W>, flow: &Flow) {
    let media = || flow.streams.iter().filter(|stream| !matches!(stream.kind, StreamKind::Rtx { .. }));
    let (lost, got): (u64, u64) =
        media().fold((0, 0), |(lost, got), stream| (lost + stream.lost, got + stream.packets));
    row.count(flow.streams.len() as u64);
    row.count(flow.streams.iter().map(|stream| stream.packets).sum());
    row.count(flow.packets_fed);
    row.count(lost);
    let share = (got + lost > 0).then(|| lost as f64 / (got + lost) as f64);
    row.optional(share, |row, share| row.fixed(share * 100.0, 2));
    let times = |of: fn(&crate::model::Stream) -> i64| flow.streams.iter().map(of);
    row.optional(times(|stream| stream.first.0).min(), |row, at| seconds_cell(row, Seconds(at)));
    row.optional(times(|stream| stream.last.0).max(), |row, at| seconds_cell(row, Seconds(at)));
}

fn write_rates<W: Write>(row: &mut RowWriter<W>, rates: Option<RateRange>) {
    let of: [fn(RateRange) -> Bitrate; 4] =
        [|rates| rates.first, |rates| rates.last, |rates| rates.min, |rates| rates.max];
    of.into_iter().for_each(|of| row.bitrate(rates.map(of)));
}

/// Puts the capture in front of every row that passes. Each write is one row, as the tables write them, and the first is the
/// header.
#[derive(Debug)]
pub struct Fronted<W> {
    writer: W,
    front: Vec<u8>,
    header: Option<Header>,
}

/// What becomes of a table's header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Header {
    /// It passes.
    Kept,
    /// Another has it.
    Dropped,
}

impl<W: Write> Fronted<W> {
    /// Before the header.
    pub fn new(writer: W, capture: &str, header: Header) -> Self {
        let mut front = RowWriter::without_header(Vec::new());
        front.text(capture);
        Self { writer, front: front.into_row(), header: Some(header) }
    }

    /// Where the rows went.
    pub fn into_inner(self) -> W {
        self.writer
    }
}

impl<W: Write> Write for Fronted<W> {
    fn write(&mut self, row: &[u8]) -> io::Result<usize> {
        match self.header.take() {
            Some(Header::Dropped) => return Ok(row.len()),
            Some(Header::Kept) => self.writer.write_all(b"capture,")?,
            None => self.writer.write_all(&self.front)?,
        }
        self.writer.write_all(row)?;
        Ok(row.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_capture_stands_in_front_of_each_row() {
        let through = |header| {
            let mut rows = RowWriter::new(Fronted::new(Vec::new(), "a,b", header), &["flow"]).unwrap();
            ["x", "y"].into_iter().for_each(|flow| {
                rows.text(flow);
                rows.end().unwrap();
            });
            String::from_utf8(rows.into_inner().into_inner()).unwrap()
        };
        assert_eq!(through(Header::Kept), "capture,flow\n\"a,b\",x\n\"a,b\",y\n");
        assert_eq!(through(Header::Dropped), "\"a,b\",x\n\"a,b\",y\n");
    }

    #[test]
    fn what_is_not_known_of_a_capture_is_empty() {
        let mut table = Vec::new();
        let row = CaptureRow { capture: "x".to_owned(), exit_code: 3, ..CaptureRow::default() };
        write_capture(&mut table, &row).unwrap();
        assert_eq!(String::from_utf8(table).unwrap(), "x,,,,,,,3,,,\n");
        assert_eq!(CAPTURE_COLUMNS.len(), 11);
    }
}

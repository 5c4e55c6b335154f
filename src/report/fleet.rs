//! What many captures came to, as rows: one for each capture, one for each flow.

use super::rows::{Cells, Row};
use super::tables::{estimator_name, seconds_cell};
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

impl Row for CaptureRow {
    fn cells(&self, cells: &mut impl Cells) {
        cells.text(&self.capture);
        cells.optional(self.sha256.as_deref(), Cells::word);
        cells.optional(self.file_bytes, Cells::count);
        cells.optional(self.format.as_deref(), Cells::text);
        cells.optional(self.frames, Cells::count);
        cells.optional(self.span, |cells, span| seconds_cell(cells, span));
        cells.optional(self.flows, Cells::count);
        cells.count(self.exit_code.into());
        cells.optional(self.error.as_deref(), Cells::text);
        cells.text(&self.warnings.join(" "));
        cells.optional(self.cpu_ms, |cells, ms| cells.fixed(ms, 3));
    }
}

/// What a flow of a capture came to.
#[derive(Debug, Clone, Copy)]
pub struct FlowRow<'a> {
    /// The capture, as in its row.
    pub capture: &'a str,
    /// What is known of the flow.
    pub flow: &'a Flow,
    /// What its estimator's course adds up to.
    pub course: &'a Course,
}

impl Row for FlowRow<'_> {
    fn cells(&self, cells: &mut impl Cells) {
        let Self { flow, course, .. } = self;
        cells.text(self.capture);
        cells.text(&flow.flow.to_string());
        cells.word(flow.carrier.name());
        cells.flag(flow.verdict.is_fit());
        cells.text(&flow.verdict.to_string());
        write_streams(cells, flow);
        cells.optional(flow.srtp.encrypted, Cells::flag);
        cells.optional(flow.captured_at, |cells, point| cells.word(point.end.name()));
        let estimation = flow.estimation.as_ref();
        cells.optional(estimation, |cells, estimation| cells.word(estimator_name(estimation.estimator)));
        cells.optional(estimation, |cells, _| cells.word(flow.rtt.source.name()));
        let rtt = estimation.and(flow.rtt.value);
        cells.optional(rtt, |cells, rtt| cells.scaled(rtt.as_micros(), 3));
        let rembs = estimation.map(|estimation| &estimation.rembs);
        cells.optional(rembs, |cells, rembs| cells.count(rembs.count));
        cells.optional(rembs.and_then(|rembs| rembs.first), |cells, at| seconds_cell(cells, at));
        write_rates(cells, rembs.and_then(|rembs| rembs.rates));
        cells.optional(estimation, |cells, _| cells.count(course.falls));
        cells.optional(course.overuse, |cells, share| cells.fixed(share * 100.0, 2));
        cells.optional(course.queue_max_ms, |cells, ms| cells.fixed(ms, 4));
        cells.optional(course.pause_max, |cells, pause| seconds_cell(cells, pause));
        cells.bitrate(estimation.and_then(|estimation| estimation.estimate));
        cells.count(flow.recorded.count);
        write_rates(cells, flow.recorded.rates);
        let distance = course.distance.map(|far| [far.median, far.p90, far.within_5, far.mean_signed]);
        for place in 0..4 {
            let figure = distance.and_then(|figures| figures.get(place).copied());
            cells.optional(figure, |cells, fraction| cells.fixed(fraction * 100.0, 4));
        }
    }
}

/// What is lost of retransmissions is no loss of the call.
fn write_streams(cells: &mut impl Cells, flow: &Flow) {
    let media = || flow.streams.iter().filter(|stream| !matches!(stream.kind, StreamKind::Rtx { .. }));
    let (lost, got): (u64, u64) =
        media().fold((0, 0), |(lost, got), stream| (lost + stream.lost, got + stream.packets));
    cells.count(flow.streams.len() as u64);
    cells.count(flow.streams.iter().map(|stream| stream.packets).sum());
    cells.count(flow.packets_fed);
    cells.count(lost);
    let share = (got + lost > 0).then(|| lost as f64 / (got + lost) as f64);
    cells.optional(share, |cells, share| cells.fixed(share * 100.0, 2));
    let times = |of: fn(&crate::model::Stream) -> i64| flow.streams.iter().map(of);
    cells.optional(times(|stream| stream.first.0).min(), |cells, at| seconds_cell(cells, Seconds(at)));
    cells.optional(times(|stream| stream.last.0).max(), |cells, at| seconds_cell(cells, Seconds(at)));
}

fn write_rates(cells: &mut impl Cells, rates: Option<RateRange>) {
    let of: [fn(RateRange) -> Bitrate; 4] =
        [|rates| rates.first, |rates| rates.last, |rates| rates.min, |rates| rates.max];
    of.into_iter().for_each(|of| cells.bitrate(rates.map(of)));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::columns::Columns;
    use crate::report::csv::CsvTable;
    use crate::report::rows::Rows;

    #[test]
    fn what_is_not_known_of_a_capture_is_empty() {
        let mut table = CsvTable::without_header(Vec::new());
        let row = CaptureRow { capture: "x".to_owned(), exit_code: 3, ..CaptureRow::default() };
        table.row(&row).unwrap();
        assert_eq!(String::from_utf8(table.into_inner()).unwrap(), "x,,,,,,,3,,,\n");
    }

    #[test]
    fn rows_have_as_many_cells_as_there_are_columns_and_of_their_kinds() {
        let mut captures = Columns::default();
        captures.header(&CAPTURE_COLUMNS).unwrap();
        captures.row(&CaptureRow::default()).unwrap();
        let replayed = crate::replay::replay(
            crate::capture::Capture::open("testdata/captures/s14-reorder.pcap.gz").unwrap(),
            &crate::replay::ReplayConfig::default(),
        );
        let outcome = replayed.unwrap().rembs(|_, _, _| {}).unwrap();
        let mut flows = Columns::default();
        flows.header(&FLOW_COLUMNS).unwrap();
        let course = Course::default();
        outcome.flows.iter().for_each(|flow| {
            flows.row(&FlowRow { capture: "x", flow, course: &course }).unwrap();
        });
        assert_eq!((captures.rows(), flows.rows()), (1, outcome.flows.len()));
    }
}

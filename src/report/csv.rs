//! The CSV files: RFC 4180, header always, empty for absent.

use std::io::{self, Write};

use super::row::RowWriter;
use super::summary::{Flow, Stream};
use crate::model::Conditions;
use crate::units::{Bitrate, CaptureTime, Seconds, Ssrc};
use remb::bwe::{BandwidthUsage, EstimatorKind, RateControlState, Step};
use remb::{Reason, encoded_bitrate};

/// Columns of `estimate.csv`.
pub const ESTIMATE_COLUMNS: [&str; 22] = [
    "time_s",
    "unix_time_s",
    "flow",
    "ssrc",
    "kind",
    "estimator",
    "send_delta_ms",
    "arrival_delta_ms",
    "size_delta_bytes",
    "num_deltas",
    "offset_ms",
    "var_noise",
    "threshold_ms",
    "usage",
    "incoming_bps",
    "rate_state",
    "estimate_bps",
    "link_capacity_kbps",
    "probe",
    "queue_ms",
    "rtt_ms",
    "lost",
];
/// Columns of `remb.csv`.
pub const REMB_COLUMNS: [&str; 8] =
    ["time_s", "unix_time_s", "flow", "sender_ssrc", "bitrate_bps", "encoded_bps", "reason", "ssrcs"];
/// Columns of `streams.csv`.
pub const STREAM_COLUMNS: [&str; 22] = [
    "flow",
    "ssrc",
    "payload_types",
    "kind",
    "clock_hz",
    "packets",
    "payload_bytes",
    "first_s",
    "last_s",
    "lost",
    "reordered",
    "duplicates",
    "jitter_ms",
    "abs_send_time_id",
    "drift_ppm",
    "truncated",
    "fed_to_estimator",
    "retransmits",
    "bitrate_bps",
    "lost_percent",
    "frames_per_s",
    "delay_spread_ms",
];

/// The column of tables over several captures that names each.
pub const CAPTURE_COLUMN: &str = "capture";

/// How times are written: since the first frame and since the epoch, with the capture's own resolution.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    /// The first frame's time.
    pub first: CaptureTime,
    /// 9 decimals instead of 6.
    pub nanoseconds: bool,
}

impl Clock {
    #[inline]
    pub(super) fn cell<W: Write>(self, row: &mut RowWriter<W>, nanos: i64) {
        match self.nanoseconds {
            true => row.scaled(nanos, 9),
            false => row.scaled(nanos.div_euclid(1000), 6),
        }
    }

    #[inline]
    fn cells<W: Write>(self, row: &mut RowWriter<W>, at: CaptureTime) {
        self.cell(row, at.as_nanos() - self.first.as_nanos());
        self.cell(row, at.as_nanos());
    }
}

/// A time in microseconds, with 6 decimals.
pub(super) fn seconds_cell<W: Write>(row: &mut RowWriter<W>, seconds: Seconds) {
    row.scaled(seconds.0.div_euclid(1000), 6);
}

/// Writes `estimate.csv`.
#[derive(Debug)]
pub struct EstimateCsv<W: Write> {
    rows: RowWriter<W>,
    clock: Clock,
}

impl<W: Write> EstimateCsv<W> {
    /// Writes the header.
    pub fn new(writer: W, clock: Clock) -> io::Result<Self> {
        Ok(Self { rows: RowWriter::new(writer, &ESTIMATE_COLUMNS)?, clock })
    }

    /// Writes the row of a step, and what the path was like at it.
    pub fn write(
        &mut self,
        flow: &str,
        at: CaptureTime,
        (step, conditions): (&Step, &Conditions),
    ) -> io::Result<()> {
        let row = &mut self.rows;
        self.clock.cells(row, at);
        row.text(flow);
        let packet = step.packet.as_ref();
        let (group, delay) =
            (packet.and_then(|packet| packet.group.as_ref()), packet.map(|packet| &packet.delay));
        row.optional(packet, |row, packet| row.ssrcs(&[packet.ssrc]));
        row.word(if packet.is_some() { "packet" } else { "timer" });
        row.word(estimator_name(step.estimator));
        row.optional(group, |row, group| row.fixed(group.send_delta_ms, 4));
        row.optional(group, |row, group| row.scaled(group.arrival_delta_ms.saturating_mul(10_000), 4));
        row.optional(group, |row, group| row.integer(group.size_delta));
        row.optional(delay, |row, delay| row.integer(delay.num_deltas.into()));
        row.optional(delay, |row, delay| row.fixed(delay.offset, 4));
        row.optional(delay.and_then(|delay| delay.kalman), |row, kalman| row.fixed(kalman.var_noise, 4));
        row.optional(delay, |row, delay| row.fixed(delay.threshold_ms, 4));
        let usage = delay.map(|delay| delay.usage).or(step.rate_control.map(|run| run.usage));
        row.optional(usage, |row, usage| row.word(usage_name(usage)));
        row.bitrate(step.incoming);
        row.word(rate_state_name(step.rate_state));
        row.bitrate(step.estimate);
        row.optional(step.link_capacity_kbps, |row, kbps| row.fixed(kbps, 3));
        row.word(if step.probe { "1" } else { "0" });
        row.optional(conditions.queue_ms, |row, ms| row.fixed(ms, 4));
        row.scaled(conditions.rtt.as_micros().saturating_mul(10), 4);
        row.integer(conditions.lost);
        row.end()
    }

    /// The writer, after the last row.
    pub fn into_inner(self) -> W {
        self.rows.into_inner()
    }
}

/// As in `estimate.csv`.
pub const fn estimator_name(kind: EstimatorKind) -> &'static str {
    match kind {
        EstimatorKind::AbsSendTime => "abs-send-time",
        EstimatorKind::RtpTimestamp => "rtp-timestamp",
    }
}

/// As in `estimate.csv`.
pub const fn usage_name(usage: BandwidthUsage) -> &'static str {
    usage.name()
}

/// As in `estimate.csv`.
pub const fn rate_state_name(state: RateControlState) -> &'static str {
    match state {
        RateControlState::Hold => "hold",
        RateControlState::Increase => "increase",
    }
}

/// A row of `remb.csv`.
#[derive(Debug, Clone, Copy)]
pub struct RembRow<'a> {
    /// When it was sent.
    pub at: CaptureTime,
    /// The media's flow.
    pub flow: &'a str,
    /// Who sent it.
    pub sender_ssrc: Ssrc,
    /// As decided.
    pub bitrate: Bitrate,
    /// Why then.
    pub reason: Reason,
    /// The streams, ascending.
    pub ssrcs: &'a [Ssrc],
}

/// Writes `remb.csv`.
#[derive(Debug)]
pub struct RembCsv<W: Write> {
    rows: RowWriter<W>,
    clock: Clock,
}

impl<W: Write> RembCsv<W> {
    /// Writes the header.
    pub fn new(writer: W, clock: Clock) -> io::Result<Self> {
        Ok(Self { rows: RowWriter::new(writer, &REMB_COLUMNS)?, clock })
    }

    /// Writes a REMB's row.
    pub fn write(&mut self, remb: &RembRow<'_>) -> io::Result<()> {
        let row = &mut self.rows;
        self.clock.cells(row, remb.at);
        row.text(remb.flow);
        row.ssrcs(&[remb.sender_ssrc]);
        row.integer(remb.bitrate.as_bps());
        row.integer(encoded_bitrate(remb.bitrate).as_bps());
        row.word(remb.reason.name());
        row.ssrcs(remb.ssrcs);
        row.end()
    }

    /// The writer, after the last row.
    pub fn into_inner(self) -> W {
        self.rows.into_inner()
    }
}

/// Writes `streams.csv`, whole.
pub fn write_streams<W: Write>(writer: W, flows: &[Flow], nanoseconds: bool) -> io::Result<()> {
    let mut rows = RowWriter::new(writer, &STREAM_COLUMNS)?;
    let clock = Clock { first: CaptureTime::default(), nanoseconds };
    for flow in flows {
        for stream in &flow.streams {
            write_stream(&mut rows, clock, &flow.flow, stream)?;
            rows.end()?;
        }
    }
    rows.into_inner().flush()
}

/// The same of several captures, whose names stand in one more column.
pub fn write_streams_of_several<'a, W: Write>(
    writer: W,
    captures: impl Iterator<Item = (&'a str, &'a [Flow], bool)>,
) -> io::Result<()> {
    let columns: Vec<_> = STREAM_COLUMNS.into_iter().chain([CAPTURE_COLUMN]).collect();
    let mut rows = RowWriter::new(writer, &columns)?;
    for (name, flows, nanoseconds) in captures {
        let clock = Clock { first: CaptureTime::default(), nanoseconds };
        for (flow, stream) in flows.iter().flat_map(|flow| flow.streams.iter().map(move |one| (flow, one))) {
            write_stream(&mut rows, clock, &flow.flow, stream)?;
            rows.text(name);
            rows.end()?;
        }
    }
    rows.into_inner().flush()
}

fn write_stream<W: Write>(
    row: &mut RowWriter<W>,
    clock: Clock,
    flow: &str,
    stream: &Stream,
) -> io::Result<()> {
    let types: Vec<_> = stream.payload_types.iter().map(u8::to_string).collect();
    row.text(flow);
    row.text(&stream.ssrc);
    row.text(&types.join(" "));
    row.text(stream.kind);
    row.optional(stream.clock_hz, |row, hz| row.integer(hz.into()));
    [stream.packets, stream.payload_bytes].into_iter().for_each(|count| row.count(count));
    clock.cell(row, stream.first_s.0);
    clock.cell(row, stream.last_s.0);
    [stream.lost, stream.reordered, stream.duplicates].into_iter().for_each(|count| row.count(count));
    row.optional(stream.jitter_ms, |row, ms| row.fixed(ms, 4));
    row.optional(stream.abs_send_time_id, |row, id| row.integer(id.into()));
    row.optional(stream.drift_ppm, |row, ppm| row.fixed(ppm, 2));
    row.count(stream.truncated);
    row.word(if stream.fed_to_estimator { "1" } else { "0" });
    row.optional(stream.retransmits.as_deref(), |row, of| row.text(of));
    row.optional(stream.bitrate_bps, |row, bps| row.integer(bps));
    row.optional(stream.lost_percent, |row, percent| row.fixed(percent, 2));
    row.optional(stream.frames_per_s, |row, frames| row.fixed(frames, 2));
    row.optional(stream.delay_spread_ms, |row, ms| row.fixed(ms, 4));
    Ok(())
}

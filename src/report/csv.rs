//! The CSV files: RFC 4180, header always, empty for absent.

use std::io::Write;

use csv::{ByteRecord, Writer};

use super::decimal::{write_fixed, write_integer, write_scaled};
use super::summary::{Flow, Stream};
use crate::bwe::{BandwidthUsage, EstimatorKind, RateControlState, Step};
use crate::remb::{Reason, encoded_bitrate};
use crate::units::{Bitrate, CaptureTime, Ssrc};

/// Columns of `estimate.csv`.
pub const ESTIMATE_COLUMNS: [&str; 19] = [
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
];
/// Columns of `remb.csv`.
pub const REMB_COLUMNS: [&str; 8] =
    ["time_s", "unix_time_s", "flow", "sender_ssrc", "bitrate_bps", "encoded_bps", "reason", "ssrcs"];
/// Columns of `streams.csv`.
pub const STREAM_COLUMNS: [&str; 17] = [
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
];

/// How times are written: since the first frame and since the epoch, with the capture's own resolution.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    /// The first frame's time.
    pub first: CaptureTime,
    /// 9 decimals instead of 6.
    pub nanoseconds: bool,
}

impl Clock {
    fn cell(self, cells: &mut Cells, nanos: i64) {
        let out = cells.start();
        if self.nanoseconds {
            write_scaled(out, nanos, 9);
        } else {
            write_scaled(out, nanos.div_euclid(1000), 6);
        }
        cells.end();
    }

    fn cells(self, cells: &mut Cells, at: CaptureTime) {
        self.cell(cells, at.as_nanos() - self.first.as_nanos());
        self.cell(cells, at.as_nanos());
    }
}

/// A row being put together; its memory is used again for the next one.
#[derive(Debug, Default)]
struct Cells {
    record: ByteRecord,
    cell: Vec<u8>,
}

impl Cells {
    fn start(&mut self) -> &mut Vec<u8> {
        self.cell.clear();
        &mut self.cell
    }

    fn end(&mut self) {
        self.record.push_field(&self.cell);
    }

    fn text(&mut self, text: &str) {
        self.record.push_field(text.as_bytes());
    }

    fn integer(&mut self, value: i64) {
        write_scaled(self.start(), value, 0);
        self.end();
    }

    fn fixed(&mut self, value: f64, digits: u32) {
        write_fixed(self.start(), value, digits);
        self.end();
    }

    fn optional<T>(&mut self, value: Option<T>, write: impl FnOnce(&mut Self, T)) {
        match value {
            Some(value) => write(self, value),
            None => self.text(""),
        }
    }

    fn bitrate(&mut self, rate: Option<Bitrate>) {
        self.optional(rate, |cells, rate| cells.integer(rate.as_bps()));
    }

    fn ssrc(&mut self, ssrc: Ssrc) {
        let out = self.start();
        write_ssrc(out, ssrc);
        self.end();
    }

    fn write<W: Write>(&mut self, writer: &mut Writer<W>) -> csv::Result<()> {
        writer.write_byte_record(&self.record)?;
        self.record.clear();
        Ok(())
    }
}

fn write_ssrc(out: &mut Vec<u8>, ssrc: Ssrc) {
    out.extend(b"0x");
    out.extend(ssrc.0.to_be_bytes().into_iter().flat_map(|byte| [byte >> 4, byte & 15]).map(hex_digit));
}

fn hex_digit(digit: u8) -> u8 {
    if digit < 10 { b'0' + digit } else { b'a' + digit - 10 }
}

/// Writes `estimate.csv`.
#[derive(Debug)]
pub struct EstimateCsv<W: Write> {
    writer: Writer<W>,
    clock: Clock,
    cells: Cells,
}

impl<W: Write> EstimateCsv<W> {
    /// Writes the header.
    pub fn new(writer: W, clock: Clock) -> csv::Result<Self> {
        let mut writer = Writer::from_writer(writer);
        writer.write_record(ESTIMATE_COLUMNS)?;
        Ok(Self { writer, clock, cells: Cells::default() })
    }

    /// Writes a step's row.
    pub fn write(&mut self, flow: &str, at: CaptureTime, step: &Step) -> csv::Result<()> {
        let cells = &mut self.cells;
        self.clock.cells(cells, at);
        cells.text(flow);
        let packet = step.packet;
        let (group, delay) = (packet.and_then(|packet| packet.group), packet.map(|packet| packet.delay));
        cells.optional(packet, |cells, packet| cells.ssrc(packet.ssrc));
        cells.text(if packet.is_some() { "packet" } else { "timer" });
        cells.text(estimator_name(step.estimator));
        cells.optional(group, |cells, group| cells.fixed(group.send_delta_ms, 4));
        cells.optional(group, |cells, group| write_whole_ms(cells, group.arrival_delta_ms));
        cells.optional(group, |cells, group| cells.integer(group.size_delta));
        cells.optional(delay, |cells, delay| cells.integer(delay.num_deltas.into()));
        cells.optional(delay, |cells, delay| cells.fixed(delay.offset, 4));
        cells
            .optional(delay.and_then(|delay| delay.kalman), |cells, kalman| cells.fixed(kalman.var_noise, 4));
        cells.optional(delay, |cells, delay| cells.fixed(delay.threshold_ms, 4));
        let usage = delay.map(|delay| delay.usage).or(step.rate_control.map(|run| run.usage));
        cells.optional(usage, |cells, usage| cells.text(usage_name(usage)));
        cells.bitrate(step.incoming);
        cells.text(rate_state_name(step.rate_state));
        cells.bitrate(step.estimate);
        cells.optional(step.link_capacity_kbps, |cells, kbps| cells.fixed(kbps, 3));
        cells.text(if step.probe { "1" } else { "0" });
        cells.write(&mut self.writer)
    }

    /// The writer, after the last row.
    pub fn into_inner(self) -> std::io::Result<W> {
        self.writer.into_inner().map_err(csv::IntoInnerError::into_error)
    }
}

fn write_whole_ms(cells: &mut Cells, ms: i64) {
    write_scaled(cells.start(), ms.saturating_mul(10_000), 4);
    cells.end();
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
    match usage {
        BandwidthUsage::Normal => "normal",
        BandwidthUsage::Overusing => "overuse",
        BandwidthUsage::Underusing => "underuse",
    }
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
    writer: Writer<W>,
    clock: Clock,
    cells: Cells,
}

impl<W: Write> RembCsv<W> {
    /// Writes the header.
    pub fn new(writer: W, clock: Clock) -> csv::Result<Self> {
        let mut writer = Writer::from_writer(writer);
        writer.write_record(REMB_COLUMNS)?;
        Ok(Self { writer, clock, cells: Cells::default() })
    }

    /// Writes a REMB's row.
    pub fn write(&mut self, row: &RembRow<'_>) -> csv::Result<()> {
        let cells = &mut self.cells;
        self.clock.cells(cells, row.at);
        cells.text(row.flow);
        cells.ssrc(row.sender_ssrc);
        cells.integer(row.bitrate.as_bps());
        cells.integer(encoded_bitrate(row.bitrate).as_bps());
        cells.text(row.reason.name());
        let out = cells.start();
        for (index, ssrc) in row.ssrcs.iter().enumerate() {
            if index > 0 {
                out.push(b' ');
            }
            write_ssrc(out, *ssrc);
        }
        cells.end();
        cells.write(&mut self.writer)
    }

    /// The writer, after the last row.
    pub fn into_inner(self) -> std::io::Result<W> {
        self.writer.into_inner().map_err(csv::IntoInnerError::into_error)
    }
}

/// Writes `streams.csv`, whole.
pub fn write_streams<W: Write>(writer: W, flows: &[Flow], nanoseconds: bool) -> csv::Result<()> {
    let mut writer = Writer::from_writer(writer);
    writer.write_record(STREAM_COLUMNS)?;
    let clock = Clock { first: CaptureTime::default(), nanoseconds };
    let mut cells = Cells::default();
    for flow in flows {
        for stream in &flow.streams {
            stream_row(&mut cells, clock, &flow.flow, stream);
            cells.write(&mut writer)?;
        }
    }
    Ok(writer.flush()?)
}

fn stream_row(cells: &mut Cells, clock: Clock, flow: &str, stream: &Stream) {
    let types: Vec<_> = stream.payload_types.iter().map(u8::to_string).collect();
    cells.text(flow);
    cells.text(&stream.ssrc);
    cells.text(&types.join(" "));
    cells.text(stream.kind);
    cells.optional(stream.clock_hz, |cells, hz| cells.integer(hz.into()));
    for count in [stream.packets, stream.payload_bytes] {
        write_integer(cells.start(), count, 1);
        cells.end();
    }
    clock.cell(cells, stream.first_s.0);
    clock.cell(cells, stream.last_s.0);
    for count in [stream.lost, stream.reordered, stream.duplicates] {
        write_integer(cells.start(), count, 1);
        cells.end();
    }
    cells.optional(stream.jitter_ms, |cells, ms| cells.fixed(ms, 4));
    cells.optional(stream.abs_send_time_id, |cells, id| cells.integer(id.into()));
    cells.optional(stream.drift_ppm, |cells, ppm| cells.fixed(ppm, 2));
    write_integer(cells.start(), stream.truncated, 1);
    cells.end();
    cells.text(if stream.fed_to_estimator { "1" } else { "0" });
}

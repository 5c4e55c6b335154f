//! The table of streams, `streams.csv`.

use std::io;

use super::Clock;
use crate::report::rows::{CAPTURE_COLUMN, Cells, Row, Rows};
use crate::report::summary::{Flow, Stream};
use crate::units::CaptureTime;

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

/// Writes it, whole.
///
/// # Errors
/// Those of the table.
pub fn write_streams(rows: &mut impl Rows, flows: &[Flow], nanoseconds: bool) -> io::Result<()> {
    rows.header(&STREAM_COLUMNS)?;
    of(flows, nanoseconds).try_for_each(|row| rows.row(&row))
}

/// The same of several captures, whose names stand in one more column.
///
/// # Errors
/// Those of the table.
pub fn write_streams_of_several<'a>(
    rows: &mut impl Rows,
    captures: impl Iterator<Item = (&'a str, &'a [Flow], bool)>,
) -> io::Result<()> {
    rows.header(&[&STREAM_COLUMNS[..], &[CAPTURE_COLUMN]].concat())?;
    for (capture, flows, nanoseconds) in captures {
        of(flows, nanoseconds).try_for_each(|row| rows.row(&StreamRow { capture: Some(capture), ..row }))?;
    }
    Ok(())
}

fn of(flows: &[Flow], nanoseconds: bool) -> impl Iterator<Item = StreamRow<'_>> {
    let clock = Clock { first: CaptureTime::default(), nanoseconds };
    flows.iter().flat_map(move |flow| {
        flow.streams.iter().map(move |stream| StreamRow { clock, flow: &flow.flow, stream, capture: None })
    })
}

struct StreamRow<'a> {
    clock: Clock,
    flow: &'a str,
    stream: &'a Stream,
    /// Where there are several.
    capture: Option<&'a str>,
}

impl Row for StreamRow<'_> {
    fn cells(&self, cells: &mut impl Cells) {
        let Self { clock, stream, .. } = self;
        let types: Vec<_> = stream.payload_types.iter().map(u8::to_string).collect();
        cells.text(self.flow);
        cells.text(&stream.ssrc);
        cells.text(&types.join(" "));
        cells.text(stream.kind);
        cells.optional(stream.clock_hz, |cells, hz| cells.integer(hz.into()));
        [stream.packets, stream.payload_bytes].into_iter().for_each(|count| cells.count(count));
        clock.cell(cells, stream.first_s.0);
        clock.cell(cells, stream.last_s.0);
        [stream.lost, stream.reordered, stream.duplicates].into_iter().for_each(|count| cells.count(count));
        cells.optional(stream.jitter_ms, |cells, ms| cells.fixed(ms, 4));
        cells.optional(stream.abs_send_time_id, |cells, id| cells.integer(id.into()));
        cells.optional(stream.drift_ppm, |cells, ppm| cells.fixed(ppm, 2));
        cells.count(stream.truncated);
        cells.flag(stream.fed_to_estimator);
        cells.optional(stream.retransmits.as_deref(), |cells, of| cells.text(of));
        cells.optional(stream.bitrate_bps, |cells, bps| cells.integer(bps));
        cells.optional(stream.lost_percent, |cells, percent| cells.fixed(percent, 2));
        cells.optional(stream.frames_per_s, |cells, frames| cells.fixed(frames, 2));
        cells.optional(stream.delay_spread_ms, |cells, ms| cells.fixed(ms, 4));
        self.capture.into_iter().for_each(|capture| cells.text(capture));
    }
}

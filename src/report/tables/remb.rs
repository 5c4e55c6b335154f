//! The table of REMBs, `remb.csv`.

use super::Clock;
use crate::report::rows::{Cells, Row};
use crate::units::{Bitrate, CaptureTime, Ssrc};
use remb::{Reason, encoded_bitrate};

/// Columns of `remb.csv`.
pub const REMB_COLUMNS: [&str; 8] =
    ["time_s", "unix_time_s", "flow", "sender_ssrc", "bitrate_bps", "encoded_bps", "reason", "ssrcs"];

/// A REMB.
#[derive(Debug, Clone, Copy)]
pub struct RembRow<'a> {
    /// How times are written.
    pub clock: Clock,
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

impl Row for RembRow<'_> {
    fn cells(&self, cells: &mut impl Cells) {
        self.clock.cells(cells, self.at);
        cells.text(self.flow);
        cells.ssrcs(&[self.sender_ssrc]);
        cells.integer(self.bitrate.as_bps());
        cells.integer(encoded_bitrate(self.bitrate).as_bps());
        cells.word(self.reason.name());
        cells.ssrcs(self.ssrcs);
    }
}

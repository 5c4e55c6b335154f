//! The tables of a replay, row by row: what each has of its columns.

mod estimate;
mod remb;
mod streams;

pub use estimate::{ESTIMATE_COLUMNS, StepRow, estimator_name, rate_state_name, usage_name};
pub use remb::{REMB_COLUMNS, RembRow};
pub use streams::{STREAM_COLUMNS, write_streams, write_streams_of_several};

use super::rows::Cells;
use crate::units::{CaptureTime, Seconds};

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
    pub(super) fn cell(self, cells: &mut impl Cells, nanos: i64) {
        match self.nanoseconds {
            true => cells.scaled(nanos, 9),
            false => cells.scaled(nanos.div_euclid(1000), 6),
        }
    }

    #[inline]
    fn cells(self, cells: &mut impl Cells, at: CaptureTime) {
        self.cell(cells, at.as_nanos() - self.first.as_nanos());
        self.cell(cells, at.as_nanos());
    }
}

/// A time in microseconds, with 6 decimals.
pub(super) fn seconds_cell(cells: &mut impl Cells, seconds: Seconds) {
    cells.scaled(seconds.0.div_euclid(1000), 6);
}

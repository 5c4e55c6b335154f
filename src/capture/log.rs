//! What is common to logs, which have packets and no frames: frames are made of them.

use super::buffer::FillBuffer;
use super::log_facts::LogFacts;
use super::{CaptureError, Record};
use crate::units::FrameNumber;

/// A log that is being read.
pub(super) trait Log: std::fmt::Debug + Send {
    /// The next record; the data of a packet are by their place in [`Self::frame`].
    fn next_record(&mut self, buffer: &mut FillBuffer, number: FrameNumber) -> Result<Record, CaptureError>;

    /// The frame that was made last.
    fn frame(&self) -> &[u8];

    /// What the log says beside.
    fn facts(&self) -> &LogFacts;

    /// The format in words.
    fn name(&self) -> &'static str;

    /// What was noticed so far.
    fn notes(&self) -> LogNotes {
        LogNotes::default()
    }
}

/// What the reader of a log noticed: it concerns times and sizes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct LogNotes {
    /// RTP packets whose payload was written as zeros.
    pub zeroed: u64,
    /// Silences that may have been longer by whole minutes, for the log has none.
    pub long_gaps: u64,
    /// So many packets are of exactly this length, bytes, and none is longer: they may have been cut.
    pub cut_to: Option<(usize, u64)>,
}

impl LogNotes {
    /// Of two files, the second joined to the first.
    pub(super) fn and(self, next: Self) -> Self {
        let cut_to = match (self.cut_to, next.cut_to) {
            (Some((len, count)), Some((same, more))) if len == same => Some((len, count + more)),
            (one, other) => one.max(other),
        };
        Self { zeroed: self.zeroed + next.zeroed, long_gaps: self.long_gaps + next.long_gaps, cut_to }
    }
}

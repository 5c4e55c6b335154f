//! What the receiver's own REMBs did around a fall: its clock and the replay's are some milliseconds apart, to either side.
//!
//! Repeats are not among them: a REMB stands until another says something else, or for as long as nobody knows.

use std::collections::VecDeque;

use crate::units::{Bitrate, CaptureTime};

use super::{LEAST_FALL, RECORDED_NANOS};

/// Of more in a second the first are forgotten.
const MAX_KNOWN: usize = 256;

/// REMBs of the last second, and the one before.
#[derive(Debug, Clone, Default)]
pub(super) struct LatestRembs(VecDeque<(CaptureTime, Bitrate)>);

impl LatestRembs {
    /// Takes the next.
    pub(super) fn push(&mut self, at: CaptureTime, bitrate: Bitrate) {
        let stands = |second: Option<&(CaptureTime, Bitrate)>| {
            second.is_none_or(|(second, _)| at.nanos_since(*second) < RECORDED_NANOS)
        };
        while self.0.len() == MAX_KNOWN || !stands(self.0.get(1)) {
            self.0.pop_front();
        }
        self.0.push_back((at, bitrate));
    }

    /// They are of several receivers.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// Around a fall that began now.
    pub(super) fn around(&self, began: CaptureTime) -> RembsAround {
        let mut around = RembsAround::default();
        // One stands until the next.
        let until = self.0.iter().skip(1).map(|(next, _)| *next).chain([began]);
        for ((_, bitrate), until) in self.0.iter().zip(until) {
            if began.nanos_since(until) < RECORDED_NANOS {
                around.before(*bitrate);
            }
        }
        around
    }
}

/// REMBs from a second before a fall to a second after it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct RembsAround {
    /// The most of those before it, and the least since.
    most_and_least: Option<(Bitrate, Bitrate)>,
    /// One came since it began.
    has_after: bool,
}

impl RembsAround {
    fn before(&mut self, bitrate: Bitrate) {
        self.most_and_least = match self.most_and_least {
            Some((most, least)) if bitrate < most => Some((most, least.min(bitrate))),
            _ => Some((bitrate, bitrate)),
        };
    }

    /// Takes the next, no later than a second after the last decrease of a fall that began at `began`.
    pub(super) fn next(&mut self, at: CaptureTime, began: CaptureTime, bitrate: Bitrate) {
        if at < began {
            return self.before(bitrate);
        }
        self.has_after = true;
        if let Some((_, least)) = &mut self.most_and_least {
            *least = bitrate.min(*least);
        }
    }

    /// Whether they fell; `None` where they do not tell.
    pub(super) fn fell(&self) -> Option<bool> {
        let (most, least) = self.most_and_least?;
        let fell = least.as_bps() as f64 <= (1.0 - LEAST_FALL) * most.as_bps() as f64;
        (fell || self.has_after).then_some(fell)
    }
}

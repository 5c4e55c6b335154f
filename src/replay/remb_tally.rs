//! What a flow sent, and how far that is from what its receiver sent.

use crate::model::{self, RateRange};
use crate::units::{CaptureTime, Seconds};

use super::apart::Apart;
use super::{Event, SentRemb};

/// Counts a flow's REMBs as they are sent.
#[derive(Debug, Clone, Default)]
pub(super) struct RembTally {
    first_at: Option<CaptureTime>,
    rembs: model::RembTally,
    apart: Apart,
}

impl RembTally {
    /// Takes an event as it is given out, in order of time with the recorded ones.
    #[inline]
    pub(super) fn note(&mut self, at: CaptureTime, event: &Event) {
        match event {
            Event::Remb(remb) => self.add(at, remb),
            Event::Recorded(remb) => self.apart.recorded(at, remb.bitrate),
            Event::Step(..) => {}
        }
    }

    fn add(&mut self, at: CaptureTime, remb: &SentRemb) {
        self.rembs.count += 1;
        *self.rembs.reasons.entry(remb.reason.name()).or_default() += 1;
        self.first_at.get_or_insert(at);
        self.rembs.rates = Some(RateRange::with(self.rembs.rates, remb.bitrate));
        self.apart.replayed(at, remb.bitrate);
    }

    /// All of them; times count from `first_frame_at`.
    pub(super) fn rembs(&self, first_frame_at: CaptureTime) -> model::RembTally {
        let first = self.first_at.map(|at| Seconds(at.as_nanos() - first_frame_at.as_nanos()));
        model::RembTally { first, apart: self.apart.found(first_frame_at), ..self.rembs.clone() }
    }
}

//! Round trip times of one flow on their way from RTCP to its timeline, which may be behind.

use std::collections::VecDeque;

use crate::streams::RttSample;
use crate::units::Timestamp;

/// Samples in order of time.
#[derive(Debug, Default)]
pub(super) struct RttSamples {
    waiting: VecDeque<RttSample>,
}

/// More than any call has in the few seconds that a flow can be behind; beyond, the oldest are dropped.
const MAX_WAITING: usize = 1024;

impl RttSamples {
    /// Takes a sample.
    pub(super) fn push(&mut self, sample: RttSample) {
        if self.waiting.len() >= MAX_WAITING {
            self.waiting.pop_front();
        }
        self.waiting.push_back(sample);
    }

    /// The next sample before `due`.
    pub(super) fn pop_before(&mut self, due: Timestamp) -> Option<RttSample> {
        self.waiting.pop_front_if(|sample| sample.at.to_timestamp() < due)
    }

    /// When the next sample arose.
    pub(super) fn next_at(&self) -> Option<Timestamp> {
        self.waiting.front().map(|sample| sample.at.to_timestamp())
    }
}

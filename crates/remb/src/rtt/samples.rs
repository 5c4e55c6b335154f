//! Round trip times on their way from RTCP to who estimates, who may be behind.

use std::collections::VecDeque;

use crate::units::{Ssrc, TimeDelta, Timestamp};

/// A round trip that ended with the arrival of its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RttSample {
    /// When the answer arrived.
    pub at: Timestamp,
    /// The round trip time: whole milliseconds, at least one.
    pub rtt: TimeDelta,
    /// Whose question was answered.
    pub of: SampleOf,
}

/// Who asked for a round trip time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SampleOf {
    /// The receiver of the media, by a reference time that a DLRR block sends back.
    Receiver,
    /// A stream that the receiver sends itself, by a sender report that a report block sends back.
    Sender {
        /// The stream.
        ssrc: Ssrc,
        /// When its first packet was sent; the sample's own time where that is not known.
        since: Timestamp,
    },
}

/// Samples in order of time.
#[derive(Debug, Clone, Default)]
pub struct RttSamples {
    waiting: VecDeque<RttSample>,
}

/// More than any call has in the few seconds that a flow can be behind; beyond, the oldest are dropped.
const MAX_WAITING: usize = 1024;

impl RttSamples {
    /// Takes a sample.
    pub fn push(&mut self, sample: RttSample) {
        if self.waiting.len() >= MAX_WAITING {
            self.waiting.pop_front();
        }
        self.waiting.push_back(sample);
    }

    /// The next sample before `due`.
    pub fn pop_before(&mut self, due: Timestamp) -> Option<RttSample> {
        self.waiting.pop_front_if(|sample| sample.at < due)
    }

    /// When the next sample arose.
    pub fn next_at(&self) -> Option<Timestamp> {
        self.waiting.front().map(|sample| sample.at)
    }
}

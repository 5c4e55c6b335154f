//! Which header extension element is abs-capture-time: the one of 8 or 16 bytes that runs with the RTP timestamps.

use super::send_time::{FoundId, SendTimeFinder, StreamClock};
use crate::rtp::AbsCaptureTime;
use crate::rtp::RtpPacket;
use crate::units::{CaptureTime, PayloadType, Ssrc};

/// Looks for abs-capture-time, by the rules for abs-send-time. Few packets carry it, so it takes longer.
#[derive(Debug, Clone)]
pub struct AbsCaptureTimeFinder {
    finder: SendTimeFinder,
}

impl Default for AbsCaptureTimeFinder {
    fn default() -> Self {
        Self { finder: SendTimeFinder::of_sparse() }
    }
}

impl AbsCaptureTimeFinder {
    /// Takes the next packet of the flow, captured `at`.
    pub fn observe(&mut self, packet: &RtpPacket<'_>, at: CaptureTime) {
        self.finder.observe_as(packet, at, |value| Some(AbsCaptureTime::parse(value)?.to_send_time()));
    }

    /// The id, once it is beyond doubt.
    pub fn found(&self, clock_of: impl Fn(Ssrc, PayloadType) -> StreamClock) -> Option<FoundId> {
        self.finder.found(clock_of)
    }

    /// Whether any packet has an element with this id that could hold a time.
    pub fn shows(&self, id: u8) -> bool {
        self.finder.shows(id)
    }

    /// Whether more packets may show one.
    pub fn may_yet_be_found(&self, clock_of: impl Fn(Ssrc, PayloadType) -> StreamClock) -> bool {
        self.finder.may_yet_be_found(clock_of)
    }
}

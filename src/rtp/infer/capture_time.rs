//! Which header extension element is abs-capture-time: the one of 8 or 16 bytes that advances with the capture's clock.

use super::ext_map::{AbsSendTimeEvidence, AbsSendTimeFinder};
use crate::rtp::capture_time::AbsCaptureTime;
use crate::rtp::packet::RtpPacket;
use crate::units::CaptureTime;

/// Looks for abs-capture-time, by the rules for abs-send-time. Few packets carry it, so it takes longer.
#[derive(Debug, Clone, Default)]
pub struct AbsCaptureTimeFinder {
    finder: AbsSendTimeFinder,
}

impl AbsCaptureTimeFinder {
    /// Takes the next packet of the flow, captured `at`.
    pub fn observe(&mut self, packet: &RtpPacket<'_>, at: CaptureTime) {
        self.finder.observe_as(packet, at, |value| Some(AbsCaptureTime::parse(value)?.to_send_time()));
    }

    /// The id and how it was recognised; final once given.
    pub const fn found(&self) -> Option<AbsSendTimeEvidence> {
        self.finder.found()
    }

    /// Whether more packets may show one.
    pub fn may_yet_be_found(&self) -> bool {
        self.finder.may_yet_be_found()
    }
}

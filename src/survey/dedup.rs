//! Frames that are in the capture twice, as an any-interface capture has them: the same flow, SSRC, sequence number and
//! length within a millisecond.

use crate::report::summary::Count;
use crate::rtp::RtpPacket;
use crate::units::{CaptureTime, FrameNumber};

const WINDOW_NANOS: u64 = 1_000_000;
/// Packets that are remembered; a power of two.
const REMEMBERED: usize = 64;

/// The latest packets, in a ring.
#[derive(Debug)]
pub(super) struct Dedup {
    remembered: [(CaptureTime, Identity); REMEMBERED],
    next: usize,
    repeats: Count,
}

/// Flow, SSRC, sequence number and length in one number; zero is no packet's.
type Identity = u128;

impl Default for Dedup {
    fn default() -> Self {
        let remembered = [(CaptureTime::default(), 0); REMEMBERED];
        Self { remembered, next: 0, repeats: Count::default() }
    }
}

impl Dedup {
    /// Whether a packet repeats a recent one of the flow with this number. Each is counted. `is_new`: its stream shows
    /// that it is none.
    #[inline]
    pub(super) fn is_repeat(
        &mut self,
        at: CaptureTime,
        frame: FrameNumber,
        flow: u32,
        packet: &RtpPacket<'_>,
        is_new: bool,
    ) -> bool {
        let identity = identity(flow, packet);
        let is_near = |then: CaptureTime| at.nanos_since(then).unsigned_abs() <= WINDOW_NANOS;
        if !is_new && self.remembered.iter().any(|(then, known)| *known == identity && is_near(*then)) {
            self.repeats.add(frame.0);
            return true;
        }
        self.remembered[self.next % REMEMBERED] = (at, identity);
        self.next = self.next.wrapping_add(1);
        false
    }

    /// Packets that repeated one.
    pub(super) fn repeats(&self) -> Count {
        self.repeats
    }
}

#[inline]
fn identity(flow: u32, packet: &RtpPacket<'_>) -> Identity {
    let len = packet.len_on_wire() as u64 & 0xffff_ffff;
    let number = u64::from(packet.sequence_number().0) << 32 | len;
    let stream = u64::from(flow) << 32 | u64::from(packet.ssrc().0);
    u128::from(stream) << 64 | u128::from(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_packet_of_the_same_flow_within_a_millisecond_is_a_repeat() {
        let mut dedup = Dedup::default();
        let mut repeat = |nanos: i64, flow: u32, number: u8, len: usize| {
            let bytes = [0x80, 96, 0, number, 0, 0, 0, 0, 0, 0, 0, 1];
            let packet = RtpPacket::parse(&bytes, len).unwrap();
            let at = CaptureTime::from_nanos(nanos.into()).unwrap();
            dedup.is_repeat(at, FrameNumber(7), flow, &packet, false)
        };
        assert!(!repeat(0, 5, 1, 100));
        assert!(repeat(1_000_000, 5, 1, 100));
        assert!(!repeat(1_000_000, 6, 1, 100));
        assert!(!repeat(1_000_000, 5, 1, 101));
        assert!(!repeat(1_000_000, 5, 2, 100));
        assert!(!repeat(1_000_001, 5, 1, 100));
    }
}

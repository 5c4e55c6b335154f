//! Frames that are in the capture twice, as an any-interface capture has them: the same flow, SSRC, sequence number and
//! length within a millisecond.

use crate::report::summary::Count;
use crate::rtp::RtpPacket;
use crate::units::{CaptureTime, FrameNumber};

const WINDOW_NANOS: i64 = 1_000_000;
/// Packets that are remembered at most; a power of two.
const MAX_REMEMBERED: usize = 64;

/// The packets of the last millisecond, in a ring.
#[derive(Debug)]
pub(super) struct Dedup {
    remembered: [(CaptureTime, Identity); MAX_REMEMBERED],
    oldest: usize,
    len: usize,
    repeats: Count,
}

/// Flow, SSRC, sequence number and length in one number.
type Identity = u128;

impl Default for Dedup {
    fn default() -> Self {
        let remembered = [(CaptureTime::default(), 0); MAX_REMEMBERED];
        Self { remembered, oldest: 0, len: 0, repeats: Count::default() }
    }
}

impl Dedup {
    /// Whether a packet repeats a recent one of the flow with this number. Each is counted.
    #[inline]
    pub(super) fn is_repeat(
        &mut self,
        at: CaptureTime,
        frame: FrameNumber,
        flow: u32,
        packet: &RtpPacket<'_>,
    ) -> bool {
        let len = packet.len_on_wire() as u64 & 0xffff_ffff;
        let number = u64::from(packet.sequence_number().0) << 32 | len;
        let stream = u64::from(flow) << 32 | u64::from(packet.ssrc().0);
        let identity = u128::from(stream) << 64 | u128::from(number);
        self.forget_before(at);
        let mut places = self.oldest..self.oldest + self.len;
        if places.any(|place| self.remembered[place % MAX_REMEMBERED].1 == identity) {
            self.repeats.add(frame.0);
            return true;
        }
        self.remembered[(self.oldest + self.len) % MAX_REMEMBERED] = (at, identity);
        self.len += 1;
        false
    }

    /// Makes room for one, and forgets what is too far from `at`.
    fn forget_before(&mut self, at: CaptureTime) {
        let is_too_far = |then: CaptureTime| (at.as_nanos() - then.as_nanos()).abs() > WINDOW_NANOS;
        while self.len > 0
            && (self.len == MAX_REMEMBERED || is_too_far(self.remembered[self.oldest % MAX_REMEMBERED].0))
        {
            self.oldest = (self.oldest + 1) % MAX_REMEMBERED;
            self.len -= 1;
        }
    }

    /// Packets that repeated one.
    pub(super) fn repeats(&self) -> Count {
        self.repeats
    }
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
            dedup.is_repeat(at, FrameNumber(7), flow, &packet)
        };
        assert!(!repeat(0, 5, 1, 100));
        assert!(repeat(1_000_000, 5, 1, 100));
        assert!(!repeat(1_000_000, 6, 1, 100));
        assert!(!repeat(1_000_000, 5, 1, 101));
        assert!(!repeat(1_000_000, 5, 2, 100));
        assert!(!repeat(1_000_001, 5, 1, 100));
    }
}

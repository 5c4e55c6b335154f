//! Frames that are in the capture twice, as an any-interface capture has them: the same flow, SSRC, sequence number and
//! length within a millisecond.

use std::collections::VecDeque;

use crate::flow::FiveTuple;
use crate::report::summary::Count;
use crate::rtp::RtpPacket;
use crate::units::{CaptureTime, FrameNumber, SeqNum, Ssrc};

const WINDOW_NANOS: i64 = 1_000_000;
/// Packets that are remembered at most.
const MAX_REMEMBERED: usize = 64;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Identity {
    ssrc: Ssrc,
    sequence_number: SeqNum,
    len_on_wire: usize,
    flow: FiveTuple,
}

/// The packets of the last millisecond.
#[derive(Debug, Default)]
pub(super) struct Dedup {
    recent: VecDeque<(CaptureTime, Identity)>,
    repeats: Count,
}

impl Dedup {
    /// Whether a packet repeats a recent one. Each is counted.
    pub(super) fn is_repeat(
        &mut self,
        at: CaptureTime,
        frame: FrameNumber,
        flow: &FiveTuple,
        packet: &RtpPacket<'_>,
    ) -> bool {
        let identity = Identity {
            ssrc: packet.ssrc(),
            sequence_number: packet.sequence_number(),
            len_on_wire: packet.len_on_wire(),
            flow: *flow,
        };
        let too_old = |then: CaptureTime| (at.as_nanos() - then.as_nanos()).abs() > WINDOW_NANOS;
        while self.recent.len() >= MAX_REMEMBERED
            || self.recent.front().is_some_and(|(then, _)| too_old(*then))
        {
            self.recent.pop_front();
        }
        let repeated = self.recent.iter().any(|(_, recent)| *recent == identity);
        if repeated {
            self.repeats.add(frame.0);
        } else {
            self.recent.push_back((at, identity));
        }
        repeated
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
        let flow: FiveTuple = "10.0.0.1:1-10.0.0.2:2".parse().unwrap();
        let mut dedup = Dedup::default();
        let mut repeat = |nanos: i64, flow: FiveTuple, number: u8, len: usize| {
            let bytes = [0x80, 96, 0, number, 0, 0, 0, 0, 0, 0, 0, 1];
            let packet = RtpPacket::parse(&bytes, len).unwrap();
            let at = CaptureTime::from_nanos(nanos.into()).unwrap();
            dedup.is_repeat(at, FrameNumber(7), &flow, &packet)
        };
        assert!(!repeat(0, flow, 1, 100));
        assert!(repeat(1_000_000, flow, 1, 100));
        assert!(!repeat(1_000_000, flow.reversed(), 1, 100));
        assert!(!repeat(1_000_000, flow, 1, 101));
        assert!(!repeat(1_000_000, flow, 2, 100));
        assert!(!repeat(1_000_001, flow, 1, 100));
    }
}

//! The packets of one SSRC in the order of their sequence numbers: what the network does to their order and their times
//! cannot be seen there.

use crate::rtp::RtpPacket;
use crate::units::{PayloadType, SeqNum};

/// Goes from the highest packet of an SSRC to the next that follows it; late packets and copies are passed over.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Walk {
    highest: Option<Seen>,
}

#[derive(Debug, Clone, Copy)]
struct Seen {
    number: SeqNum,
    timestamp: u32,
    payload_type: PayloadType,
    marker: bool,
    has_padding: bool,
    is_first: bool,
}

/// From one packet of an SSRC to one with a higher sequence number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Step {
    /// Sequence numbers.
    pub(super) numbers: u16,
    /// RTP timestamp, ticks.
    pub(super) ticks: i32,
    /// Nothing is missing between the two, and both have one payload type.
    pub(super) is_consecutive: bool,
    /// The earlier packet has the marker bit.
    pub(super) after_marker: bool,
    /// The earlier packet is padding.
    pub(super) after_padding: bool,
    /// What the earlier packet's marker bit says is not of an ordinary packet: it is the stream's first, or padding.
    pub(super) after_other: bool,
}

/// How a packet lies to the highest of its SSRC so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Progress {
    /// It is late, or a copy.
    None,
    /// So many sequence numbers ahead.
    Step(u16),
    /// So far off that the numbers begin anew.
    Restart,
}

/// A larger step is a restart, and no loss.
const MAX_STEP: u16 = 1000;

impl Progress {
    pub(super) fn between(highest: SeqNum, number: SeqNum) -> Self {
        match number.steps_since(highest) {
            steps if steps.unsigned_abs() > MAX_STEP => Self::Restart,
            ..=0 => Self::None,
            steps => Self::Step(steps.unsigned_abs()),
        }
    }
}

impl Walk {
    /// Takes the next packet in capture order.
    pub(super) fn step(&mut self, packet: &RtpPacket<'_>) -> Option<Step> {
        let now = Seen {
            number: packet.sequence_number(),
            timestamp: packet.timestamp(),
            payload_type: packet.payload_type(),
            marker: packet.marker(),
            has_padding: packet.has_padding(),
            is_first: self.highest.is_none(),
        };
        let Some(before) = self.highest else {
            self.highest = Some(now);
            return None;
        };
        let progress = Progress::between(before.number, now.number);
        if progress != Progress::None {
            self.highest = Some(now);
        }
        let Progress::Step(numbers) = progress else { return None };
        Some(Step {
            numbers,
            ticks: now.timestamp.wrapping_sub(before.timestamp).cast_signed(),
            is_consecutive: numbers == 1 && now.payload_type == before.payload_type,
            after_marker: before.marker,
            after_padding: before.has_padding,
            after_other: before.is_first || before.has_padding,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rtp::test_packet::TestPacket;

    #[test]
    fn late_packets_and_copies_are_no_steps_and_a_restart_begins_anew() {
        let mut walk = Walk::default();
        let mut step = |seq: u16, timestamp: u32| {
            let bytes = TestPacket { seq, timestamp, ..TestPacket::default() }.bytes();
            let step = walk.step(&RtpPacket::parse(&bytes, bytes.len()).unwrap());
            step.map(|step| (step.numbers, step.ticks, step.is_consecutive, step.after_other))
        };
        assert_eq!(step(65_534, 0_u32.wrapping_sub(960)), None);
        assert_eq!(step(65_535, 0), Some((1, 960, true, true)));
        assert_eq!(step(1, 1920), Some((2, 1920, false, false)), "one is missing");
        assert_eq!(step(0, 960), None, "late");
        assert_eq!(step(1, 1920), None, "a copy");
        assert_eq!(step(20_000, 5000), None, "a restart");
        assert_eq!(step(20_001, 5960), Some((1, 960, true, false)));
    }
}

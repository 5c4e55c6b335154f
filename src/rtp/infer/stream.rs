//! Is it RTP? DNS and the like have first bytes that look so; a stream shows itself by its sequence numbers.

use crate::units::{PayloadType, SeqNum};

/// Packets of one payload type that are needed.
const MIN_PACKETS: u32 = 3;
/// The share of steps in sequence number that must be small and forward, percent.
const MIN_FORWARD_PERCENT: u64 = 60;
/// A step of at most so many is small.
const MAX_SMALL_STEP: i16 = 512;

/// What is known of one SSRC.
#[derive(Debug, Clone, Default)]
pub struct StreamEvidence {
    last: Option<(PayloadType, SeqNum)>,
    run: u32,
    longest_run: u32,
    steps: u64,
    forward_steps: u64,
}

impl StreamEvidence {
    /// Takes a packet into account.
    pub fn observe(&mut self, payload_type: PayloadType, sequence_number: SeqNum) {
        if let Some((last_type, last_number)) = self.last {
            self.run = if last_type == payload_type { self.run + 1 } else { 0 };
            self.steps += 1;
            let step = sequence_number.steps_since(last_number);
            self.forward_steps += u64::from((1..=MAX_SMALL_STEP).contains(&step));
        }
        self.longest_run = self.longest_run.max(self.run + 1);
        self.last = Some((payload_type, sequence_number));
    }

    /// Whether that is enough to call it RTP: at least 3 packets of a payload type in a row, at least 60 % of the steps
    /// small and forward.
    pub fn is_rtp(&self) -> bool {
        self.longest_run >= MIN_PACKETS && self.forward_steps * 100 >= self.steps * MIN_FORWARD_PERCENT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_rtp(packets: &[(u8, u16)]) -> bool {
        let mut evidence = StreamEvidence::default();
        for (payload_type, number) in packets {
            evidence.observe(PayloadType(*payload_type), SeqNum(*number));
        }
        evidence.is_rtp()
    }

    #[test]
    fn three_packets_in_sequence_are_rtp() {
        assert!(!is_rtp(&[(96, 65_534), (96, 65_535)]));
        assert!(is_rtp(&[(96, 65_534), (96, 65_535), (96, 1)]));
    }

    #[test]
    fn three_packets_of_three_types_are_not() {
        assert!(!is_rtp(&[(96, 1), (97, 2), (98, 3)]));
    }

    #[test]
    fn random_numbers_are_not() {
        assert!(!is_rtp(&[(96, 4_000), (96, 61_234), (96, 20_111), (96, 20_112)]));
    }

    #[test]
    fn some_reordering_is_fine() {
        assert!(is_rtp(&[(96, 1), (96, 3), (96, 2), (96, 4), (96, 5), (96, 6)]));
    }
}

//! Is it RTP at all? DNS and the like have first bytes that look so.

use crate::units::{PayloadType, SeqNum};

/// The evidence that packets with one SSRC on one flow are an RTP stream; it grows over the whole capture.
///
/// RTP are at least three packets of one payload type, where at least 60 % of the steps in sequence number are small
/// steps forward; and both are no less than an eighth of all packets. A step is counted from the highest number so far; repeats and slightly late packets are no steps,
/// so neither a capture with every packet twice nor a link that reorders hides a stream.
#[derive(Debug, Clone, Copy, Default)]
pub struct StreamEvidence {
    packets: u64,
    steps: u64,
    forward: u64,
    highest: Option<SeqNum>,
    payload_types: [Option<(PayloadType, u32)>; MAX_PAYLOAD_TYPES],
    confirmed: bool,
}

/// What the evidence says so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StreamVerdict {
    /// Not enough packets to tell. At the end of a capture: not RTP.
    Undecided,
    /// An RTP stream; this is final.
    Rtp,
    /// Enough packets, and no order in them. More packets may yet show one.
    NotRtp,
}

const MAX_PAYLOAD_TYPES: usize = 4;
const MIN_PACKETS: u32 = 3;
/// One of so many packets has to go up, and to have the payload type: in DNS nearly all stand still, and each has its own.
const LEAST_SHARE: u64 = 8;
const SMALL_STEP: i16 = 100;
/// From here on, disorder counts as not RTP instead of undecided.
const ENOUGH_STEPS: u64 = 10;

impl StreamEvidence {
    /// Takes the next packet; its version has been checked.
    pub fn observe(&mut self, payload_type: PayloadType, number: SeqNum) {
        self.packets += 1;
        let Some(highest) = self.highest else {
            self.highest = Some(number);
            self.count(payload_type);
            return;
        };
        let step = number.steps_since(highest);
        if step != 0 {
            self.count(payload_type);
        }
        if (-SMALL_STEP..=0).contains(&step) {
            return;
        }
        self.highest = Some(number);
        self.steps += 1;
        self.forward += u64::from((1..=SMALL_STEP).contains(&step));
        self.confirmed |= self.advances() && self.has_payload_type();
    }

    /// Whether the numbers go up: most steps do, and of all packets a fair share.
    const fn advances(&self) -> bool {
        self.forward * 10 >= self.steps * 6 && self.forward * LEAST_SHARE >= self.packets
    }

    /// Whether some payload type is a stream's and no chance.
    fn has_payload_type(&self) -> bool {
        let mut counts = self.payload_types.iter().flatten().map(|&(_, packets)| packets);
        counts.any(|packets| packets >= MIN_PACKETS && u64::from(packets) * LEAST_SHARE >= self.packets)
    }

    /// What the packets so far say.
    pub const fn verdict(&self) -> StreamVerdict {
        match self.confirmed {
            true => StreamVerdict::Rtp,
            false if self.steps >= ENOUGH_STEPS => StreamVerdict::NotRtp,
            false => StreamVerdict::Undecided,
        }
    }

    /// Whether packets of this payload type were among the first.
    pub fn has(&self, payload_type: PayloadType) -> bool {
        self.payload_types.iter().flatten().any(|(known, _)| *known == payload_type)
    }

    /// Whether this is the sequence number behind the highest.
    pub fn continues_with(&self, number: SeqNum) -> bool {
        self.highest.is_some_and(|highest| number.steps_since(highest) == 1)
    }

    /// Packets observed.
    pub const fn packets(&self) -> u64 {
        self.packets
    }

    fn count(&mut self, payload_type: PayloadType) {
        for slot in &mut self.payload_types {
            match slot {
                Some((known, packets)) if *known == payload_type => {
                    *packets = packets.saturating_add(1);
                    return;
                }
                None => {
                    *slot = Some((payload_type, 1));
                    return;
                }
                Some(_) => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn evidence(packets: impl IntoIterator<Item = (u8, u16)>) -> StreamEvidence {
        let mut evidence = StreamEvidence::default();
        packets.into_iter().for_each(|(pt, seq)| evidence.observe(PayloadType(pt), SeqNum(seq)));
        evidence
    }

    fn verdict(numbers: impl IntoIterator<Item = u16>) -> StreamVerdict {
        evidence(numbers.into_iter().map(|n| (96, n))).verdict()
    }

    /// Flags where RTP has its sequence number, which end in an error's code now and then; and where RTP has its payload
    /// type, a number that is another each time.
    #[test]
    fn answers_of_dns_are_no_stream() {
        for ids in [
            (0..5000).collect::<Vec<u32>>(),
            (0..5000).map(|n: u32| n.wrapping_mul(2_654_435_761) >> 16).collect(),
        ] {
            let flags = |n: usize| match n {
                n if n > 3000 && n % 1000 == 999 => 0x8185,
                n if n % 100 == 9 => 0x8183,
                _ => 0x8180,
            };
            let answers = ids.iter().enumerate().map(|(n, id)| ((id & 0x7f) as u8, flags(n)));
            assert_ne!(evidence(answers).verdict(), StreamVerdict::Rtp);
        }
    }

    #[test]
    fn three_packets_in_order_are_a_stream_and_two_are_not() {
        assert_eq!(verdict([7, 8]), StreamVerdict::Undecided);
        assert_eq!(verdict([7, 8, 10]), StreamVerdict::Rtp);
        assert_eq!(verdict([65535, 0, 1]), StreamVerdict::Rtp, "over the wrap");
    }

    #[test]
    fn the_three_must_be_of_one_payload_type() {
        assert_eq!(evidence([(96, 1), (97, 2), (96, 3)]).verdict(), StreamVerdict::Undecided);
        assert_eq!(evidence([(96, 1), (97, 2), (96, 3), (96, 4)]).verdict(), StreamVerdict::Rtp);
    }

    #[test]
    fn sixty_percent_is_the_limit() {
        assert_eq!(verdict([1, 20_000, 20_001]), StreamVerdict::Undecided);
        assert_eq!(verdict([1, 20_000, 20_001, 40_000, 40_001, 40_002]), StreamVerdict::Rtp, "3 of 5");
    }

    #[test]
    fn random_numbers_are_not_rtp_and_late_order_overrules_that() {
        let random = (0..200_u32).map(|n| (n * 7919 * 31 + 5000) as u16);
        assert_eq!(verdict(random.clone()), StreamVerdict::NotRtp);
        assert_eq!(verdict(random.chain(0..400)), StreamVerdict::Rtp, "evidence accumulates");
    }

    #[test]
    fn the_same_number_again_and_again_is_no_stream() {
        assert_eq!(verdict([5; 100]), StreamVerdict::Undecided);
    }

    #[test]
    fn repeats_and_reordering_do_not_hide_a_stream() {
        assert_eq!(verdict([1, 1, 2, 2, 3, 3]), StreamVerdict::Rtp);
        assert_eq!(verdict([2, 1, 4, 3, 6, 5]), StreamVerdict::Rtp);
    }
}

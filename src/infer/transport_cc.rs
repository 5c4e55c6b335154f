//! Which header extension element is the transport-wide sequence number: the one that counts the flow's packets.

use super::evidence::IdEvidence;
use super::send_time::FoundId;
use super::walk::Progress;
use crate::rtp::RtpPacket;
use crate::units::{SeqNum, Ssrc};

/// Looks for the transport-wide sequence number of one directed flow, over all its SSRCs.
///
/// It is the element of 2 bytes (2 or 4 in version 2) whose first 16 bits count the flow's packets: between two packets
/// of an SSRC at least by as much as the sequence number does, however many are lost, and in all by as much as the sequence
/// numbers of all SSRCs together. Constants, such as a MID of two characters, do not step.
#[derive(Debug, Clone, Default)]
pub struct TransportCcFinder {
    last: Vec<Last>,
    candidates: Vec<Candidate>,
    packets: u32,
    found: Option<FoundId>,
}

#[derive(Debug, Clone, Copy)]
struct Last {
    ssrc: Ssrc,
    id: u8,
    number: SeqNum,
    value: u16,
}

#[derive(Debug, Clone, Copy, Default)]
struct Candidate {
    id: u8,
    last: u16,
    /// From packet to packet of the flow, in capture order.
    moves: u32,
    small: u32,
    /// Moves by nothing: copies, or no counter at all.
    still: u32,
    /// Within an SSRC, in the order of its sequence numbers.
    steps: u32,
    counting: u32,
    /// By how much the value advanced in all, and the sequence numbers of all SSRCs together.
    advance: i64,
    numbers: i64,
}

/// Ids, and pairs of SSRC and id, that are followed; a capture with more has no such element.
const MAX_CANDIDATES: usize = 32;
const MAX_LAST: usize = 64;
/// What is lost between two packets of the flow, or of an SSRC while the others go on.
const MAX_SMALL_STEP: u16 = 1000;
/// By how much the two sums may differ, beside a quarter: what is on its way, or was before the capture.
const SLACK: i64 = 16;
const MIN_STEPS: u32 = 12;
const FEW_STEPS: u32 = 3;
const MIN_PACKETS_TO_RULE_OUT: u32 = 16;

impl TransportCcFinder {
    /// Takes the next packet of the flow in capture order. Costs nothing once the id is found.
    pub fn observe(&mut self, packet: &RtpPacket<'_>) {
        if self.found.is_some() {
            return;
        }
        self.packets = self.packets.saturating_add(1);
        for element in packet.elements() {
            if let (id @ 1.., &[high, low] | &[high, low, _, _]) = (element.id, element.value) {
                let (ssrc, number) = (packet.ssrc(), packet.sequence_number());
                self.take(Last { ssrc, id, number, value: u16::from_be_bytes([high, low]) });
            }
        }
        self.found = self.candidates.iter().find(|candidate| candidate.counts()).map(Candidate::found);
    }

    /// The id and how it was recognised; final once given.
    pub const fn found(&self) -> Option<FoundId> {
        self.found
    }

    /// The one that has counted so far, be it ever so little, where no more is to come.
    pub fn guess(&self) -> Option<FoundId> {
        self.candidates.iter().find(|candidate| candidate.counts_so_far()).map(Candidate::found)
    }

    /// Whether any packet has an element with this id that could be it.
    pub fn shows(&self, id: u8) -> bool {
        self.candidates.iter().any(|candidate| candidate.id == id)
    }

    /// Whether more packets may show one.
    pub fn may_yet_be_found(&self) -> bool {
        let open = |candidate: &Candidate| candidate.moves < MIN_STEPS || candidate.may_count();
        self.found.is_none() && (self.packets < MIN_PACKETS_TO_RULE_OUT || self.candidates.iter().any(open))
    }

    fn take(&mut self, now: Last) {
        let has_room = self.candidates.len() < MAX_CANDIDATES;
        let known = self.candidates.iter_mut().find(|candidate| candidate.id == now.id);
        let candidate = match known {
            Some(candidate) => {
                candidate.take_move(now.value);
                candidate
            }
            None if has_room => {
                let (id, last) = (now.id, now.value);
                self.candidates.reserve_exact(1);
                self.candidates.push(Candidate { id, last, ..Candidate::default() });
                self.last.reserve_exact(1);
                self.last.push(now);
                return;
            }
            None => return,
        };
        let has_room = self.last.len() < MAX_LAST;
        match self.last.iter_mut().find(|last| last.ssrc == now.ssrc && last.id == now.id) {
            Some(last) => {
                let progress = Progress::between(last.number, now.number);
                if progress == Progress::None {
                    return;
                }
                let before = std::mem::replace(last, now);
                if let Progress::Step(numbers) = progress {
                    candidate.take_step(numbers, now.value.wrapping_sub(before.value));
                }
            }
            None if has_room => {
                candidate.numbers += 1;
                self.last.reserve_exact(1);
                self.last.push(now);
            }
            None => {}
        }
    }
}

impl Candidate {
    fn take_move(&mut self, value: u16) {
        let step = value.wrapping_sub(self.last).cast_signed();
        self.last = value;
        self.moves = self.moves.saturating_add(1);
        self.still = self.still.saturating_add(u32::from(step == 0));
        self.advance = self.advance.saturating_add(i64::from(step));
        self.small =
            self.small.saturating_add(u32::from((1..=MAX_SMALL_STEP).contains(&step.unsigned_abs())));
    }

    fn take_step(&mut self, numbers: u16, step: u16) {
        self.steps = self.steps.saturating_add(1);
        self.numbers = self.numbers.saturating_add(i64::from(numbers));
        let counts = (numbers..=numbers.saturating_add(MAX_SMALL_STEP)).contains(&step);
        self.counting = self.counting.saturating_add(u32::from(counts));
    }

    /// Nearly all moves are small, nearly all steps are at least those of the sequence number, and so is their sum.
    fn counts(&self) -> bool {
        let nearly_all =
            self.small * 8 >= (self.moves - self.still) * 7 && self.counting * 8 >= self.steps * 7;
        self.steps >= MIN_STEPS && nearly_all && self.is_all_of_the_flow()
    }

    fn counts_so_far(&self) -> bool {
        let all = self.small + self.still == self.moves && self.counting == self.steps;
        all && self.steps >= FEW_STEPS && self.is_all_of_the_flow()
    }

    fn is_all_of_the_flow(&self) -> bool {
        (self.advance - self.numbers).abs() <= SLACK + self.numbers / 4
    }

    const fn found(&self) -> FoundId {
        let Self { id, steps, counting, .. } = *self;
        FoundId { id, evidence: IdEvidence::Counting { steps, counting } }
    }

    fn may_count(&self) -> bool {
        self.small * 2 >= self.moves - self.still && self.counting * 2 >= self.steps
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rtp::test_packet::TestPacket;

    fn observe(finder: &mut TransportCcFinder, ssrc: u32, seq: u16, elements: Vec<(u8, Vec<u8>)>) {
        let bytes = TestPacket { ssrc, seq, elements, ..TestPacket::default() }.bytes();
        finder.observe(&RtpPacket::parse(&bytes, bytes.len()).unwrap());
    }

    fn find(values: impl IntoIterator<Item = u16>) -> TransportCcFinder {
        let mut finder = TransportCcFinder::default();
        for (n, value) in values.into_iter().enumerate() {
            let mid = (3, b"v0".to_vec());
            observe(&mut finder, n as u32 % 2, n as u16 / 2, vec![mid, (5, value.to_be_bytes().to_vec())]);
        }
        finder
    }

    #[test]
    fn the_element_that_counts_the_packets_of_all_ssrcs_is_found_over_a_wrap() {
        let found = find(65_530..=65_535).may_yet_be_found();
        assert!(found, "six packets are too few");
        let found = find((65_530..=65_535).chain(0..10)).found().unwrap();
        assert_eq!(found, FoundId { id: 5, evidence: IdEvidence::Counting { steps: 12, counting: 12 } });
    }

    /// Packets of two SSRCs in turn, of which those with these numbers come, in this order.
    fn of_two(numbers: impl IntoIterator<Item = u16>) -> TransportCcFinder {
        let mut finder = TransportCcFinder::default();
        for n in numbers {
            observe(&mut finder, u32::from(n % 2), n / 2, vec![(5, n.to_be_bytes().to_vec())]);
        }
        finder
    }

    #[test]
    fn loss_and_reordering_do_not_hide_it() {
        assert!(of_two((0..60).filter(|n| n % 5 != 3)).found().is_some());
        assert!(of_two((0..400).filter(|n| n * 29 % 31 < 8)).found().is_some(), "three of four are lost");
        let swapped = |n| match n % 20 {
            7 => n + 2,
            9 => n - 2,
            _ => n,
        };
        assert!(of_two((0..60).map(swapped)).found().is_some());
    }

    #[test]
    fn constants_random_values_and_other_counters_are_not_it() {
        for values in [
            [7_u16; 60].to_vec(),
            (0..60).map(|n: u16| n.wrapping_mul(20_011)).collect(),
            (0..60).map(|n| n * 40).collect(),
        ] {
            let finder = find(values.iter().copied());
            assert_eq!(finder.found(), None, "{values:?}");
        }
        assert!(!find([7; 60]).may_yet_be_found());
    }

    #[test]
    fn version_two_with_four_bytes_counts_too_and_three_bytes_do_not() {
        for (tail, found) in [(vec![0x80, 0x10], true), (vec![0x80], false)] {
            let mut finder = TransportCcFinder::default();
            for n in 0..30_u8 {
                observe(&mut finder, 1, n.into(), vec![(4, [&[0, n], tail.as_slice()].concat())]);
            }
            assert_eq!(finder.found().is_some(), found);
            assert!(!finder.may_yet_be_found());
        }
    }

    #[test]
    fn copies_do_not_hide_it() {
        assert!(of_two((0..60).flat_map(|n| [n, n])).found().is_some());
    }

    #[test]
    fn few_packets_that_count_are_a_guess() {
        let finder = of_two(0..8);
        assert_eq!((finder.found(), finder.guess().map(|found| found.id)), (None, Some(5)));
        assert_eq!(find([7, 7, 7, 7, 7, 7, 7, 7]).guess(), None);
    }
}

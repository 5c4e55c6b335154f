//! Which header extension element is the transport-wide sequence number: the one that counts the flow's packets.

use serde::Serialize;

use crate::rtp::packet::RtpPacket;

/// Looks for the transport-wide sequence number of one directed flow, over all its SSRCs.
///
/// It is the element of 2 bytes (2 or 4 in version 2) whose first 16 bits step by one from packet to packet, whatever
/// the SSRC; loss and reordering on the way make other small steps. Constants, such as a MID of two characters, do not
/// step.
#[derive(Debug, Clone, Default)]
pub struct TransportCcFinder {
    candidates: Vec<Candidate>,
    packets: u32,
    found: Option<TransportCcEvidence>,
}

/// What an id was recognised by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct TransportCcEvidence {
    /// The element's id.
    pub id: u8,
    /// Steps from one packet of the flow to its next that were looked at.
    pub steps: u32,
    /// Steps of exactly one.
    pub by_one: u32,
}

#[derive(Debug, Clone, Copy)]
struct Candidate {
    id: u8,
    last: u16,
    steps: u32,
    forward: u32,
    by_one: u32,
}

/// Ids that are followed; a capture with more has no such element.
const MAX_CANDIDATES: usize = 32;
const MAX_SMALL_STEP: u16 = 64;
const MIN_STEPS: u32 = 12;
const MIN_PACKETS_TO_RULE_OUT: u32 = 16;

impl TransportCcFinder {
    /// Takes the next packet of the flow in capture order. Costs nothing once the id is found.
    pub fn observe(&mut self, packet: &RtpPacket<'_>) {
        if self.found.is_some() {
            return;
        }
        self.packets = self.packets.saturating_add(1);
        for element in packet.elements() {
            if let (1.., &[high, low] | &[high, low, _, _]) = (element.id, element.value) {
                self.observe_value(element.id, u16::from_be_bytes([high, low]));
            }
        }
        self.found = self.candidates.iter().find(|candidate| candidate.counts()).map(|candidate| {
            TransportCcEvidence { id: candidate.id, steps: candidate.steps, by_one: candidate.by_one }
        });
    }

    /// The id and how it was recognised; final once given.
    pub const fn found(&self) -> Option<TransportCcEvidence> {
        self.found
    }

    /// Whether more packets may show one.
    pub fn may_yet_be_found(&self) -> bool {
        let open = |candidate: &Candidate| candidate.steps < MIN_STEPS || candidate.may_count();
        self.found.is_none() && (self.packets < MIN_PACKETS_TO_RULE_OUT || self.candidates.iter().any(open))
    }

    fn observe_value(&mut self, id: u8, value: u16) {
        if let Some(candidate) = self.candidates.iter_mut().find(|candidate| candidate.id == id) {
            candidate.take(value);
        } else if self.candidates.len() < MAX_CANDIDATES {
            self.candidates.push(Candidate { id, last: value, steps: 0, forward: 0, by_one: 0 });
        }
    }
}

impl Candidate {
    fn take(&mut self, value: u16) {
        let step = value.wrapping_sub(self.last);
        self.last = value;
        self.steps = self.steps.saturating_add(1);
        self.forward += u32::from((1..=MAX_SMALL_STEP).contains(&step));
        self.by_one += u32::from(step == 1);
    }

    /// Nearly all steps are small ones forward, and most of these by one.
    fn counts(&self) -> bool {
        self.steps >= MIN_STEPS && self.forward * 8 >= self.steps * 7 && self.by_one * 2 >= self.steps
    }

    fn may_count(&self) -> bool {
        self.forward * 2 >= self.steps
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rtp::test_packet::TestPacket;

    fn observe(finder: &mut TransportCcFinder, ssrc: u32, elements: Vec<(u8, Vec<u8>)>) {
        let bytes = TestPacket { ssrc, elements, ..TestPacket::default() }.bytes();
        finder.observe(&RtpPacket::parse(&bytes, bytes.len()).unwrap());
    }

    fn find(values: impl IntoIterator<Item = u16>) -> TransportCcFinder {
        let mut finder = TransportCcFinder::default();
        for (n, value) in values.into_iter().enumerate() {
            let mid = (3, b"v0".to_vec());
            observe(&mut finder, n as u32 % 2, vec![mid, (5, value.to_be_bytes().to_vec())]);
        }
        finder
    }

    #[test]
    fn the_element_that_counts_the_packets_of_all_ssrcs_is_found_over_a_wrap() {
        let found = find(65_530..=65_535).may_yet_be_found();
        assert!(found, "six packets are too few");
        let found = find((65_530..=65_535).chain(0..10)).found().unwrap();
        assert_eq!((found.id, found.steps, found.by_one), (5, 12, 12));
    }

    #[test]
    fn loss_and_reordering_do_not_hide_it() {
        let lossy = (0..60).filter(|n| n % 5 != 3);
        assert!(find(lossy).found().is_some());
        let reordered = (0..60).map(|n| {
            if n % 20 == 7 {
                n + 2
            } else if n % 20 == 9 {
                n - 2
            } else {
                n
            }
        });
        assert!(find(reordered).found().is_some());
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
                observe(&mut finder, 1, vec![(4, [&[0, n], tail.as_slice()].concat())]);
            }
            assert_eq!(finder.found().is_some(), found);
            assert!(!finder.may_yet_be_found());
        }
    }
}

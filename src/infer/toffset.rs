//! Which header extension element is the transmission time offset (RFC 5450): the 3-byte one that grows within a frame,
//! as its packets leave the pacer, and begins anew with the next.

use super::evidence::IdEvidence;
use super::send_time::FoundId;
use super::walk::Progress;
use crate::rtp::RtpPacket;
use crate::units::{SeqNum, Ssrc};

/// Looks for the transmission time offset of one flow, in the order of sequence numbers.
#[derive(Debug, Clone, Default)]
pub struct TransmissionOffsetFinder {
    last: Vec<Last>,
    /// Sorted by id.
    candidates: Vec<Candidate>,
    packets: u32,
}

#[derive(Debug, Clone, Copy)]
struct Last {
    ssrc: Ssrc,
    id: u8,
    number: SeqNum,
    timestamp: u32,
    offset: i32,
}

#[derive(Debug, Clone, Copy, Default)]
struct Candidate {
    id: u8,
    values: u32,
    /// Values that are no time in a pacer.
    absurd: u32,
    zeros: u32,
    /// The first value of all is near to zero.
    begins_low: bool,
    steps: u32,
    moves: u32,
    /// Steps of more than one frame.
    new_frames: u32,
    /// Steps that no pacer makes: falling within a frame, or a frame that leaves before the one before it.
    broken: u32,
    rises_within_frame: u32,
    falls_at_new_frame: u32,
}

/// Pairs of SSRC and id, and ids, that are followed.
const MAX_LAST: usize = 64;
const MAX_IDS: usize = 32;
/// 20 s.
const MAX_OFFSET: i32 = 1_800_000;
/// What a frame's first packet waits for the pacer, ticks.
const LOW: i32 = 9_000;
/// What send order may be bent by rounding, ticks.
const SLACK_TICKS: i32 = 450;
const FEW: u32 = 20;
/// One in so many may be otherwise.
const SHARE: u32 = 50;
/// An element that moves and does not show what it is in so many frames is none.
const FRAMES_TO_GIVE_UP: u32 = 40;

impl TransmissionOffsetFinder {
    /// Takes the next packet of the flow in capture order.
    pub fn observe(&mut self, packet: &RtpPacket<'_>) {
        self.packets = self.packets.saturating_add(1);
        for element in packet.elements() {
            if let (id @ 1.., Some(offset)) = (element.id, element.transmission_offset()) {
                let (ssrc, number, timestamp) = (packet.ssrc(), packet.sequence_number(), packet.timestamp());
                self.take(Last { ssrc, id, number, timestamp, offset });
            }
        }
    }

    /// The id, once it is beyond doubt.
    pub fn found(&self) -> Option<FoundId> {
        let proven = self.candidates.iter().filter(|candidate| candidate.is_proven());
        let zeros = self.candidates.iter().filter(|candidate| candidate.stays_zero());
        let only_zeros = || (zeros.clone().count() == 1).then(|| zeros.clone().next()).flatten();
        proven.max_by_key(|candidate| candidate.moves).or_else(only_zeros).map(Candidate::found)
    }

    /// The most plausible one, where nothing is beyond doubt and no more is to come.
    pub fn guess(&self) -> Option<FoundId> {
        let plausible = self.candidates.iter().filter(|candidate| candidate.is_plausible());
        plausible.max_by_key(|candidate| candidate.falls_at_new_frame).map(Candidate::found)
    }

    /// An id that may be it, and was not taken: it moves, and nothing rules it out.
    pub fn open(&self) -> Option<FoundId> {
        let is_open = |candidate: &&Candidate| candidate.moves > 0 && candidate.is_open();
        self.candidates.iter().filter(is_open).max_by_key(|candidate| candidate.moves).map(Candidate::found)
    }

    /// Whether any packet has an element with this id that could be it.
    pub fn shows(&self, id: u8) -> bool {
        self.candidates.iter().any(|candidate| candidate.id == id)
    }

    /// Whether this id cannot be it.
    pub fn rules_out(&self, id: u8) -> bool {
        self.candidates
            .iter()
            .any(|candidate| candidate.id == id && candidate.steps >= FEW && candidate.is_out())
    }

    /// Whether more packets may show one.
    pub fn may_yet_be_found(&self) -> bool {
        self.packets < FEW || self.candidates.iter().any(Candidate::is_open)
    }

    fn take(&mut self, now: Last) {
        let place = match self.candidates.binary_search_by_key(&now.id, |candidate| candidate.id) {
            Ok(place) => place,
            Err(_) if self.candidates.len() >= MAX_IDS => return,
            Err(place) => {
                let begins_low = (0..LOW).contains(&now.offset);
                self.candidates.reserve_exact(1);
                self.candidates.insert(place, Candidate { id: now.id, begins_low, ..Candidate::default() });
                place
            }
        };
        let Some(candidate) = self.candidates.get_mut(place) else { return };
        candidate.take_value(now.offset);
        let has_room = self.last.len() < MAX_LAST;
        match self.last.iter_mut().find(|last| last.ssrc == now.ssrc && last.id == now.id) {
            Some(last) => {
                let progress = Progress::between(last.number, now.number);
                if progress == Progress::None {
                    return;
                }
                let before = std::mem::replace(last, now);
                if let Progress::Step(_) = progress {
                    candidate.take_step(before, now);
                }
            }
            None if has_room => {
                self.last.reserve_exact(1);
                self.last.push(now);
            }
            None => {}
        }
    }
}

impl Candidate {
    fn take_value(&mut self, offset: i32) {
        self.values = self.values.saturating_add(1);
        self.absurd = self.absurd.saturating_add(u32::from(!(0..=MAX_OFFSET).contains(&offset)));
        self.zeros = self.zeros.saturating_add(u32::from(offset == 0));
    }

    fn take_step(&mut self, before: Last, now: Last) {
        let count = |holds: bool, counter: &mut u32| *counter = counter.saturating_add(u32::from(holds));
        let moved = now.offset.saturating_sub(before.offset);
        let ticks = now.timestamp.wrapping_sub(before.timestamp).cast_signed();
        let is_new_frame = ticks != 0;
        count(true, &mut self.steps);
        count(moved != 0, &mut self.moves);
        count(is_new_frame, &mut self.new_frames);
        count(!is_new_frame && moved > 0, &mut self.rises_within_frame);
        count(is_new_frame && moved < 0, &mut self.falls_at_new_frame);
        let leaves_before = is_new_frame && ticks.saturating_add(moved) < -SLACK_TICKS;
        count((!is_new_frame && moved < 0) || leaves_before, &mut self.broken);
    }

    /// By frames and not by packets: what changes with the frame else passes where frames have many.
    const fn is_out(&self) -> bool {
        self.absurd * SHARE > self.new_frames || self.broken * SHARE > self.new_frames
    }

    const fn is_proven(&self) -> bool {
        let returns = self.falls_at_new_frame >= 2;
        let by_frames = self.rises_within_frame >= 2 || self.falls_at_new_frame >= 5;
        !self.is_out() && self.steps >= 8 && self.moves >= 3 && returns && by_frames
    }

    const fn stays_zero(&self) -> bool {
        self.values >= FEW && self.new_frames >= 4 && self.zeros == self.values
    }

    const fn is_plausible(&self) -> bool {
        let rises_from_zero = self.new_frames == 0 && self.begins_low;
        !self.is_out() && self.moves > 0 && (self.falls_at_new_frame > 0 || rises_from_zero)
    }

    const fn is_open(&self) -> bool {
        !self.is_out()
            && !self.stays_zero()
            && (self.steps < FEW || (self.moves > 0 && self.new_frames < FRAMES_TO_GIVE_UP))
    }

    const fn found(&self) -> FoundId {
        let Self { id, steps, rises_within_frame, falls_at_new_frame, .. } = *self;
        let evidence = match self.stays_zero() {
            true => IdEvidence::Zero { packets: self.values },
            false => IdEvidence::Pacer { steps, rises_within_frame, falls_at_new_frame },
        };
        FoundId { id, evidence }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rtp::test_packet::TestPacket;

    /// 30 frames/s of four packets, paced 5 ms apart; id 14 holds what `offset` makes of frame and time in the pacer, ms.
    fn find(frames: u32, offset: impl Fn(u32, u32) -> i32) -> TransmissionOffsetFinder {
        let mut finder = TransmissionOffsetFinder::default();
        for frame in 0..frames {
            for place in 0..4 {
                let [_, bytes @ ..] = offset(frame, place * 5).to_be_bytes();
                let elements = vec![(5, vec![1, 0, 0]), (14, bytes.to_vec())];
                let timestamp = 0xffff_ff00_u32.wrapping_add(frame * 3000);
                let seq = (frame * 4 + place) as u16;
                let bytes = TestPacket { seq, timestamp, elements, ..TestPacket::default() }.bytes();
                finder.observe(&RtpPacket::parse(&bytes, bytes.len()).unwrap());
            }
        }
        finder
    }

    fn id(finder: &TransmissionOffsetFinder) -> Option<u8> {
        finder.found().map(|found| found.id)
    }

    #[test]
    fn the_element_that_follows_the_pacer_is_found_within_a_few_frames() {
        assert_eq!(id(&find(4, |_, paced_ms| paced_ms as i32 * 90)), Some(14));
    }

    #[test]
    fn a_constant_is_not_it_and_waiting_for_it_ends() {
        let finder = find(60, |_, _| 180);
        assert_eq!((id(&finder), finder.may_yet_be_found()), (None, false));
    }

    #[test]
    fn an_element_that_moves_otherwise_is_not_it() {
        for other in [
            |frame: u32, _: u32| (frame * 81) as i32,
            |_, paced_ms: u32| paced_ms as i32 * -90,
            |frame, paced_ms| (frame * 3000 + paced_ms * 90) as i32,
        ] {
            let finder = find(60, other);
            assert_eq!((id(&finder), finder.may_yet_be_found()), (None, false));
        }
    }

    #[test]
    fn zeros_are_it_where_no_other_element_has_only_zeros() {
        assert_eq!(id(&find(6, |_, _| 0)), Some(14));
    }

    #[test]
    fn what_only_rises_from_zero_within_the_first_frame_is_guessed_to_be_it() {
        let finder = find(1, |_, paced_ms| paced_ms as i32 * 90);
        assert_eq!((id(&finder), finder.guess().map(|found| found.id)), (None, Some(14)));
        assert_eq!(finder.open().map(|found| found.id), Some(14));
        assert_eq!(find(1, |_, paced_ms| 2_000_000 + paced_ms as i32).guess(), None);
    }
}

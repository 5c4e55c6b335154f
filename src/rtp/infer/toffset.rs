//! Which header extension element is the transmission time offset (RFC 5450): the one that makes RTP timestamps advance
//! with the capture's clock.

use serde::Serialize;

use crate::rtp::packet::RtpPacket;
use crate::units::{CaptureTime, Ssrc};

/// Looks for the transmission time offset of one flow that has no abs-send-time.
///
/// All packets of a frame have the frame's timestamp, however long the pacer takes to send them. With the true offset
/// added, timestamps advance from packet to packet as the capture's clock does, apart from queues; with any other
/// element, constant or not, they do not.
#[derive(Debug, Clone, Default)]
pub struct TransmissionOffsetFinder {
    /// Sorted by SSRC and id.
    last_values: Vec<LastValue>,
    /// Sorted by id.
    candidates: Vec<Candidate>,
    packets: u32,
    first_at: Option<CaptureTime>,
    span_nanos: i64,
    found: Option<TransmissionOffsetEvidence>,
}

/// What an id was recognised by.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct TransmissionOffsetEvidence {
    /// The element's id.
    pub id: u8,
    /// Steps from one packet of an SSRC to its next that were looked at.
    pub steps: u32,
    /// By how much RTP timestamps and the capture's clock disagree over these steps, summed, in milliseconds.
    pub off_without_ms: f64,
    /// The same with the offset added.
    pub off_with_ms: f64,
}

#[derive(Debug, Clone, Copy)]
struct LastValue {
    ssrc: Ssrc,
    id: u8,
    at: CaptureTime,
    timestamp: u32,
    offset: i32,
}

#[derive(Debug, Clone, Copy, Default)]
struct Candidate {
    id: u8,
    steps: u32,
    /// Steps in which the value changed.
    moving: u32,
    off_without_ms: f64,
    off_with_ms: f64,
}

const MAX_VALUES: usize = 256;
const RTP_TICKS_PER_MS: f64 = 90.0;
/// Longer steps are pauses, and say nothing of a pacer.
const MAX_STEP_NANOS: i64 = 1_000_000_000;
const MIN_MOVING: u32 = 8;
const MIN_STEPS: u32 = 10;
const MIN_PACKETS_TO_RULE_OUT: u32 = 20;
/// An element that moves but does not show what it is within this time is given up.
const MAX_SPAN_NANOS: i64 = 1_500_000_000;

impl TransmissionOffsetFinder {
    /// Takes the next packet of the flow, captured `at`. Costs nothing once the id is found.
    pub fn observe(&mut self, packet: &RtpPacket<'_>, at: CaptureTime) {
        if self.found.is_some() {
            return;
        }
        self.packets = self.packets.saturating_add(1);
        let first_at = *self.first_at.get_or_insert(at);
        self.span_nanos = at.as_nanos().saturating_sub(first_at.as_nanos());
        for element in packet.elements() {
            if let (id @ 1.., Some(offset)) = (element.id, element.transmission_offset()) {
                let (ssrc, timestamp) = (packet.ssrc(), packet.timestamp());
                self.observe_value(LastValue { ssrc, id, at, timestamp, offset });
            }
        }
        self.found = self
            .candidates
            .iter()
            .filter(|candidate| candidate.is_beyond_doubt())
            .min_by(|a, b| a.off_with_ms.total_cmp(&b.off_with_ms))
            .map(Candidate::evidence);
    }

    /// The id and how it was recognised; final once given.
    pub const fn found(&self) -> Option<TransmissionOffsetEvidence> {
        self.found
    }

    /// Whether more packets may show one.
    pub fn may_yet_be_found(&self) -> bool {
        let open = |candidate: &Candidate| candidate.steps < MIN_STEPS || candidate.is_plausible();
        self.found.is_none()
            && (self.packets < MIN_PACKETS_TO_RULE_OUT
                || (self.span_nanos < MAX_SPAN_NANOS && self.candidates.iter().any(open)))
    }

    fn observe_value(&mut self, now: LastValue) {
        let key = (now.ssrc, now.id);
        match self.last_values.binary_search_by_key(&key, |known| (known.ssrc, known.id)) {
            Err(place) if self.last_values.len() < MAX_VALUES => self.last_values.insert(place, now),
            Err(_) => {}
            Ok(place) => {
                if let Some(slot) = self.last_values.get_mut(place) {
                    let before = std::mem::replace(slot, now);
                    self.take_step(before, now);
                }
            }
        }
    }

    fn take_step(&mut self, before: LastValue, now: LastValue) {
        let captured_nanos = now.at.as_nanos().saturating_sub(before.at.as_nanos());
        if !(0..=MAX_STEP_NANOS).contains(&captured_nanos) {
            return;
        }
        let place = match self.candidates.binary_search_by_key(&now.id, |candidate| candidate.id) {
            Ok(place) => place,
            Err(place) => {
                self.candidates.insert(place, Candidate { id: now.id, ..Candidate::default() });
                place
            }
        };
        let Some(candidate) = self.candidates.get_mut(place) else { return };
        let ticks = f64::from(now.timestamp.wrapping_sub(before.timestamp).cast_signed());
        let captured_ms = captured_nanos as f64 / 1e6;
        let moved = f64::from(now.offset - before.offset);
        candidate.steps = candidate.steps.saturating_add(1);
        candidate.moving = candidate.moving.saturating_add(u32::from(moved != 0.0));
        candidate.off_without_ms += (ticks / RTP_TICKS_PER_MS - captured_ms).abs();
        candidate.off_with_ms += ((ticks + moved) / RTP_TICKS_PER_MS - captured_ms).abs();
    }
}

impl Candidate {
    fn is_beyond_doubt(&self) -> bool {
        self.steps >= MIN_STEPS && self.moving >= MIN_MOVING && self.off_with_ms * 2.0 <= self.off_without_ms
    }

    fn is_plausible(&self) -> bool {
        self.moving > 0 && self.off_with_ms <= self.off_without_ms
    }

    fn evidence(&self) -> TransmissionOffsetEvidence {
        TransmissionOffsetEvidence {
            id: self.id,
            steps: self.steps,
            off_without_ms: self.off_without_ms,
            off_with_ms: self.off_with_ms,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rtp::test_packet::TestPacket;

    /// 30 frames/s of four packets, paced 5 ms apart; id 14 holds what `offset` makes of the time in the pacer, ms.
    fn find(frames: u32, offset: impl Fn(u32, u32) -> i32) -> TransmissionOffsetFinder {
        let mut finder = TransmissionOffsetFinder::default();
        for frame in 0..frames {
            for place in 0..4 {
                let paced_ms = place * 5;
                let [_, bytes @ ..] = offset(frame, paced_ms).to_be_bytes();
                let elements = vec![(5, vec![0, 0, 0]), (14, bytes.to_vec())];
                let timestamp = 0xffff_ff00_u32.wrapping_add(frame * 3000);
                let bytes = TestPacket { timestamp, elements, ..TestPacket::default() }.bytes();
                let at_ms = i128::from(frame * 33 + paced_ms);
                let at = CaptureTime::from_nanos(at_ms * 1_000_000).unwrap();
                finder.observe(&RtpPacket::parse(&bytes, bytes.len()).unwrap(), at);
            }
        }
        finder
    }

    #[test]
    fn the_element_that_follows_the_pacer_is_found_within_a_few_frames() {
        let found = find(4, |_, paced_ms| paced_ms as i32 * 90).found().unwrap();
        assert_eq!(found.id, 14);
        assert!(found.off_with_ms < 10.0 && found.off_without_ms > 40.0, "{found:?}");
    }

    #[test]
    fn a_constant_is_not_it_and_waiting_for_it_ends() {
        let finder = find(60, |_, _| 180);
        assert_eq!((finder.found(), finder.may_yet_be_found()), (None, false));
    }

    #[test]
    fn an_element_that_moves_otherwise_is_not_it() {
        for other in
            [|frame: u32, _: u32| (frame * 7919 % 8000) as i32, |_, paced_ms: u32| paced_ms as i32 * -90]
        {
            let finder = find(60, other);
            assert_eq!((finder.found(), finder.may_yet_be_found()), (None, false));
        }
    }
}

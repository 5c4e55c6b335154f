//! Which header extension element is abs-send-time: the 3-byte one that advances at 2¹⁸ per second of capture time.

use serde::Serialize;

use crate::rtp::packet::RtpPacket;
use crate::rtp::send_clock::signed_step_nanos;
use crate::units::{AbsSendTime, CaptureTime, Ssrc};

/// Looks for the abs-send-time element of one flow, over all its SSRCs.
///
/// Between two packets of an SSRC, the value of an element and the capture's clock each take a step. The true element
/// steps with the clock, give or take what the queue grows or drains; a constant does not step, a random value steps
/// anywhere in 64 s, a counter steps at its own rate. An element is taken as soon as that is beyond doubt: early where
/// single steps agree, later where only their sum does, because of a queue that builds up or bursts.
#[derive(Debug, Clone, Default)]
pub struct AbsSendTimeFinder {
    /// Sorted by SSRC and id.
    last_values: Vec<LastValue>,
    /// Sorted by id.
    candidates: Vec<Candidate>,
    packets: u32,
    found: Option<AbsSendTimeEvidence>,
}

/// What an id was recognised by.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct AbsSendTimeEvidence {
    /// The element's id.
    pub id: u8,
    /// Steps from one packet of an SSRC to its next that were looked at.
    pub steps: u32,
    /// Those that agree with the capture's clock.
    pub agreeing: u32,
    /// Time that the agreeing steps cover, summed over the SSRCs, in seconds.
    pub span_s: f64,
    /// How fast the value advanced in that time, in units of 2¹⁸ per second of capture time; 1 is exact.
    pub rate: f64,
}

#[derive(Debug, Clone, Copy)]
struct LastValue {
    ssrc: Ssrc,
    id: u8,
    at: CaptureTime,
    value: AbsSendTime,
}

#[derive(Debug, Clone, Copy, Default)]
struct Candidate {
    id: u8,
    steps: u32,
    agreeing: u32,
    /// Agreeing steps in which the value changed.
    moving: u32,
    /// Sums over the agreeing steps.
    value_nanos: i64,
    capture_nanos: i64,
    difference_nanos: i64,
    largest_nanos: i64,
}

/// Pairs of SSRC and id that are followed; further ones are not looked at.
const MAX_VALUES: usize = 256;
/// Over a longer pause the value's wrap cannot be told.
const MAX_PAUSE_NANOS: i64 = 30_000_000_000;
/// A step agrees if it is off by no more than this, and a quarter of the step: what a queue gains or loses at once.
const MAX_QUEUE_STEP_NANOS: i64 = 500_000_000;
const MIN_STEPS_TO_RULE_OUT: u32 = 20;

impl AbsSendTimeFinder {
    /// Takes the next packet of the flow, captured `at`. Costs nothing once the id is found.
    pub fn observe(&mut self, packet: &RtpPacket<'_>, at: CaptureTime) {
        self.observe_as(packet, at, |value| match *value {
            [high, middle, low] => Some(AbsSendTime::from_be_bytes([high, middle, low])),
            _ => None,
        });
    }

    /// The same for elements that hold a time in another form.
    pub(super) fn observe_as(
        &mut self,
        packet: &RtpPacket<'_>,
        at: CaptureTime,
        read: impl Fn(&[u8]) -> Option<AbsSendTime>,
    ) {
        if self.found.is_some() {
            return;
        }
        self.packets = self.packets.saturating_add(1);
        for element in packet.elements() {
            if let (id @ 1.., Some(value)) = (element.id, read(element.value)) {
                self.observe_value(LastValue { ssrc: packet.ssrc(), id, at, value });
            }
        }
        // Among several that qualify at the same packet, the one that agrees best.
        self.found = self
            .candidates
            .iter()
            .filter(|candidate| candidate.is_beyond_doubt())
            .min_by_key(|candidate| candidate.difference_nanos)
            .map(Candidate::evidence);
    }

    /// The id and how it was recognised; final once given.
    pub const fn found(&self) -> Option<AbsSendTimeEvidence> {
        self.found
    }

    /// Whether waiting may still help: there were few packets yet, or some 3-byte element was seen too seldom to tell,
    /// or moves in a way that more packets could turn into abs-send-time.
    pub fn may_yet_be_found(&self) -> bool {
        let few = |count: u32| count < MIN_STEPS_TO_RULE_OUT;
        let open = |candidate: &Candidate| few(candidate.steps) || candidate.is_plausible();
        self.found.is_none() && (few(self.packets) || self.candidates.iter().any(open))
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
        let capture_nanos = now.at.as_nanos().saturating_sub(before.at.as_nanos());
        if capture_nanos.saturating_abs() > MAX_PAUSE_NANOS {
            return;
        }
        let place = match self.candidates.binary_search_by_key(&now.id, |candidate| candidate.id) {
            Ok(place) => place,
            Err(place) => {
                self.candidates.insert(place, Candidate { id: now.id, ..Candidate::default() });
                place
            }
        };
        if let Some(candidate) = self.candidates.get_mut(place) {
            candidate.take_step(signed_step_nanos(now.value, before.value), capture_nanos);
        }
    }
}

impl Candidate {
    fn take_step(&mut self, value_nanos: i64, capture_nanos: i64) {
        self.steps = self.steps.saturating_add(1);
        let difference = (value_nanos - capture_nanos).abs();
        if difference > MAX_QUEUE_STEP_NANOS + capture_nanos.abs() / 4 {
            return;
        }
        self.agreeing = self.agreeing.saturating_add(1);
        self.moving = self.moving.saturating_add(u32::from(value_nanos != 0));
        self.value_nanos = self.value_nanos.saturating_add(value_nanos);
        self.capture_nanos = self.capture_nanos.saturating_add(capture_nanos);
        self.difference_nanos = self.difference_nanos.saturating_add(difference);
        self.largest_nanos = self.largest_nanos.max(value_nanos);
    }

    fn is_beyond_doubt(&self) -> bool {
        let agrees = self.agreeing >= self.steps - self.steps / 10;
        agrees && (self.agrees_step_by_step() || self.agrees_in_sum())
    }

    fn agrees_step_by_step(&self) -> bool {
        self.moving >= 6
            && self.capture_nanos >= 150_000_000
            && (0.8..=1.25).contains(&self.rate())
            && self.difference_nanos <= self.capture_nanos / 4
    }

    /// A queue may have gained half a second, and packets come in bursts; but no single jump makes up the sum.
    fn agrees_in_sum(&self) -> bool {
        self.moving >= 12
            && self.capture_nanos >= 600_000_000
            && (0.6..=1.6).contains(&self.rate())
            && self.largest_nanos <= self.value_nanos / 3
    }

    fn is_plausible(&self) -> bool {
        self.agreeing >= self.steps / 2 && self.moving > 0 && (0.1..=4.0).contains(&self.rate())
    }

    fn rate(&self) -> f64 {
        self.value_nanos as f64 / self.capture_nanos as f64
    }

    fn evidence(&self) -> AbsSendTimeEvidence {
        AbsSendTimeEvidence {
            id: self.id,
            steps: self.steps,
            agreeing: self.agreeing,
            span_s: self.capture_nanos as f64 * 1e-9,
            rate: self.rate(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rtp::test_packet::TestPacket;

    /// SSRC, capture time in µs, elements.
    type Sample = (u32, i64, Vec<(u8, u32)>);

    /// Feeds packets; the id and when it was found.
    fn find(packets: impl IntoIterator<Item = Sample>) -> Option<(u8, i64)> {
        let mut finder = AbsSendTimeFinder::default();
        for (ssrc, micros, elements) in packets {
            let elements = elements.into_iter().map(|(id, v)| (id, v.to_be_bytes()[1..].to_vec())).collect();
            let bytes = TestPacket { ssrc, elements, ..TestPacket::default() }.bytes();
            let at = CaptureTime::from_nanos(i128::from(micros) * 1000).unwrap();
            finder.observe(&RtpPacket::parse(&bytes, bytes.len()).unwrap(), at);
            if let Some(found) = finder.found() {
                return Some((found.id, micros));
            }
        }
        None
    }

    fn sent(micros: i64) -> u32 {
        ((micros.rem_euclid(64_000_000) << 18) / 1_000_000) as u32
    }

    /// Linear congruential: the tests need disorder, not chance.
    fn disorder(seed: u32) -> impl FnMut() -> u32 {
        let mut state = seed;
        move || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state >> 8
        }
    }

    #[test]
    fn an_even_stream_is_recognised_at_once_even_at_the_wrap() {
        let packets = (0..100).map(|n| n * 20_000).map(|t| (1, t, vec![(3, sent(t + 63_950_000))]));
        let (id, at) = find(packets).unwrap();
        assert_eq!(id, 3);
        assert!(at <= 200_000, "found at {at} µs");
    }

    #[test]
    fn it_is_told_from_its_neighbours() {
        let mut random = disorder(1);
        let packets = (0..100).map(|n| n * 20_000).map(|t| {
            let toffset = random() % 9000;
            (
                1,
                t,
                vec![
                    (1, toffset),
                    (2, random() & 0xff_ffff),
                    (5, 0x00_1001),
                    (9, sent(t)),
                    (12, t as u32 / 20_000),
                ],
            )
        });
        assert_eq!(find(packets).unwrap().0, 9);
    }

    #[test]
    fn nothing_is_found_where_nothing_is() {
        let others: [fn(i64, u32) -> u32; 9] = [
            |_, _| 0x00_1001,
            |_, random| random % 9_000,
            |_, random| random & 0xff_ffff,
            |t, _| (t / 20_000) as u32,
            |t, _| (t / 1_000) as u32 & 0xff_ffff,
            |t, _| (t * 9 / 100) as u32 & 0xff_ffff,
            |t, _| t as u32 & 0xff_ffff,
            // A jump of what passes in that time.
            |t, _| if t > 700_000 { sent(700_000) } else { 0 },
            // Dependency descriptor: two flags, four template ids, frame number.
            |t, _| (0xc0_0000 | ((t / 20_000 % 4) << 16) | (t / 20_000)) as u32,
        ];
        for (n, value) in others.iter().enumerate() {
            let mut random = disorder(n as u32);
            let packets = (0..1000).map(|n| n * 20_000).map(|t| (1, t, vec![(1, value(t, random()))]));
            assert_eq!(find(packets), None, "element {n}");
        }
    }

    /// Frames of `per_frame` packets sent at once, over a link that takes `micros_per_packet` for each, with loss of
    /// every 7th packet and reordering of every 5th pair.
    fn bursts(per_frame: i64, micros_per_packet: i64) -> Vec<Sample> {
        let mut free_at = 0;
        let mut packets = Vec::new();
        for frame in 0..60 {
            let at = frame * 33_333;
            for n in 0..per_frame {
                free_at = free_at.max(at) + micros_per_packet;
                packets.push((1 + (n % 2) as u32, free_at, vec![(2, sent(at + n * 100)), (1, 7)]));
            }
        }
        let mut random = disorder(3);
        packets.retain(|_| !random().is_multiple_of(7));
        for n in (0..packets.len() - 1).step_by(10) {
            let (a, b) = (packets[n].2.clone(), packets[n + 1].2.clone());
            (packets[n].2, packets[n + 1].2) = (b, a);
        }
        packets
    }

    #[test]
    fn bursts_loss_and_a_queue_that_grows_to_half_a_second_are_seen_through_within_two_seconds() {
        for (per_frame, micros_per_packet) in [(1, 1000), (4, 8000), (4, 10_400), (12, 2000), (12, 3400)] {
            let packets = bursts(per_frame, micros_per_packet);
            let found = find(packets);
            let (id, at) = found.unwrap_or_else(|| panic!("{per_frame} × {micros_per_packet} µs: not found"));
            assert!(id == 2 && at <= 2_000_000, "{per_frame} × {micros_per_packet} µs: id {id} at {at} µs");
        }
    }

    #[test]
    fn many_ssrcs_with_few_packets_each_add_up() {
        let packets = (0..60).map(|n| (n as u32 % 10, n * 10_000, vec![(4, sent(n * 10_000))]));
        assert_eq!(find(packets).unwrap().0, 4);
    }

    #[test]
    fn the_table_is_bounded() {
        let mut finder = AbsSendTimeFinder::default();
        for ssrc in 0..10_000 {
            let elements = (1..15).map(|id| (id, vec![0, 0, 0])).collect();
            let bytes = TestPacket { ssrc, elements, ..TestPacket::default() }.bytes();
            finder.observe(&RtpPacket::parse(&bytes, bytes.len()).unwrap(), CaptureTime::default());
        }
        assert_eq!(finder.last_values.len(), MAX_VALUES);
        assert!(finder.candidates.len() <= 255);
    }

    #[test]
    fn a_constant_element_or_none_ends_the_wait_but_not_at_once() {
        for elements in [vec![(5, vec![0, 1, 2])], vec![]] {
            let mut finder = AbsSendTimeFinder::default();
            let mut waits = Vec::new();
            for n in 0..40_i128 {
                let bytes = TestPacket { elements: elements.clone(), ..TestPacket::default() }.bytes();
                let at = CaptureTime::from_nanos(n * 20_000_000).unwrap();
                finder.observe(&RtpPacket::parse(&bytes, bytes.len()).unwrap(), at);
                waits.push(finder.may_yet_be_found());
            }
            assert!(waits[0] && waits[10] && !waits[39]);
        }
    }
}

//! Where between two endpoints a capture was taken, from how fast each side seems to answer the other's RTCP.
//!
//! A sender report or a receiver's reference time is a request; the report that sends its time stamp back is the
//! answer, and states how long it was held. What passed between the two in the capture beyond that is the turnaround:
//! under a millisecond where the capture was taken at the side that answers, a round trip where it was taken at the
//! side that asked. Sides are told apart by their medians: one answer that was late, or a capture clock that was set,
//! would spoil a least or a mean.

use std::collections::VecDeque;

use crate::rtp::{Block, Echo, MiddleNtp};
use crate::units::{CaptureTime, TimeDelta};

/// Measures how fast both sides of a flow and its reverse answer each other. RTCP that is encrypted must not be given
/// to it.
#[derive(Debug, Clone, Default)]
pub struct Turnaround {
    a: Endpoint,
    b: Endpoint,
}

/// One of the two endpoints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// The flow's source.
    A,
    /// The flow's destination.
    B,
}

/// Where a capture was taken, with the evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CapturePoint {
    /// The side that it was taken at, or the nearer one.
    pub near: Side,
    /// The answers of that side.
    pub near_answers: Answers,
    /// The answers of the other side.
    pub far_answers: Answers,
}

/// How long one side's answers took beyond what they state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answers {
    /// Answers to a request that was captured, immediate repeats left out.
    pub count: u64,
    /// The least turnaround of all.
    pub least: TimeDelta,
    /// The median turnaround of the last 128.
    pub median: TimeDelta,
}

#[derive(Debug, Clone, Default)]
struct Endpoint {
    requests: VecDeque<(MiddleNtp, CaptureTime)>,
    turnarounds: VecDeque<TimeDelta>,
    least: Option<TimeDelta>,
    count: u64,
    last_answer: Option<(MiddleNtp, u32)>,
}

/// Requests of one side that can still be answered: the newest.
const MAX_REQUESTS: usize = 64;
const MAX_TURNAROUNDS: usize = 128;
/// Fewer have no median worth the name.
const MIN_ANSWERS: u64 = 3;
/// A process that is busy answers about as late.
const LEAST_FAR_MEDIAN: TimeDelta = TimeDelta::from_millis(1);
/// Far answers take at least so many times as long as near ones.
const LEAST_RATIO: i64 = 4;

impl Turnaround {
    /// Takes RTCP that `from` sent.
    pub fn observe(&mut self, from: Side, block: &Block<'_>, at: CaptureTime) {
        let Some(report) = block.report() else { return };
        let (sender, receiver) = match from {
            Side::A => (&mut self.a, &self.b),
            Side::B => (&mut self.b, &self.a),
        };
        for ntp in report.requests() {
            sender.ask(ntp.middle(), at);
        }
        for echo in report.echoes() {
            if let Some(asked_at) = receiver.asked_at(echo.request) {
                sender.answer(echo, asked_at, at);
            }
        }
    }

    /// Where the capture was taken; `None` with fewer than three answers of either side, where the sides are too much
    /// alike (as between hosts in one room), and halfway between them.
    pub fn captured_at(&self) -> Option<CapturePoint> {
        let (a, b) = (self.answers(Side::A)?, self.answers(Side::B)?);
        let (near, near_answers, far_answers) =
            if a.median < b.median { (Side::A, a, b) } else { (Side::B, b, a) };
        let is_clear = far_answers.median >= LEAST_FAR_MEDIAN
            && far_answers.median >= near_answers.median.times(LEAST_RATIO)
            && near_answers.count.min(far_answers.count) >= MIN_ANSWERS;
        is_clear.then_some(CapturePoint { near, near_answers, far_answers })
    }

    /// What is known of one side's answers; `None` before the first.
    pub fn answers(&self, of: Side) -> Option<Answers> {
        match of {
            Side::A => self.a.answers(),
            Side::B => self.b.answers(),
        }
    }
}

impl Endpoint {
    fn ask(&mut self, request: MiddleNtp, at: CaptureTime) {
        push_bounded(&mut self.requests, (request, at), MAX_REQUESTS);
    }

    fn asked_at(&self, request: MiddleNtp) -> Option<CaptureTime> {
        self.requests.iter().rev().find(|(asked, _)| *asked == request).map(|&(_, at)| at)
    }

    fn answer(&mut self, echo: Echo, asked_at: CaptureTime, at: CaptureTime) {
        // Reports on several streams repeat the same answer. No process answers within 15 µs: 0 is left unfilled.
        let is_repeat =
            self.last_answer.replace((echo.request, echo.held)) == Some((echo.request, echo.held));
        if is_repeat || echo.held == 0 {
            return;
        }
        let held_nanos = (i64::from(echo.held) * 1_000_000_000) >> 16;
        let passed_nanos = at.as_nanos().saturating_sub(asked_at.as_nanos());
        let turnaround = TimeDelta::from_micros(passed_nanos.saturating_sub(held_nanos).div_euclid(1000));
        self.least = Some(self.least.map_or(turnaround, |least| least.min(turnaround)));
        self.count += 1;
        push_bounded(&mut self.turnarounds, turnaround, MAX_TURNAROUNDS);
    }

    fn answers(&self) -> Option<Answers> {
        let mut turnarounds: Vec<_> = self.turnarounds.iter().copied().collect();
        let middle = turnarounds.len() / 2;
        turnarounds.sort_unstable();
        Some(Answers { count: self.count, least: self.least?, median: *turnarounds.get(middle)? })
    }
}

fn push_bounded<T>(queue: &mut VecDeque<T>, new: T, max_len: usize) {
    if queue.len() >= max_len {
        queue.pop_front();
    }
    queue.push_back(new);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::rtp::NtpTime;
    use crate::rtp::test_rtcp::{dlrr, receiver_report, reference_time, sender_report, single};

    fn micros(micros: i64) -> CaptureTime {
        CaptureTime::from_nanos(i128::from(micros) * 1000).unwrap()
    }

    /// A request from one side, and the other's answer to it that took `turnaround` µs beyond the 125 ms it states.
    fn exchange(seen: &mut Turnaround, asks: Side, n: u32, turnaround: i64) {
        let answers = if asks == Side::A { Side::B } else { Side::A };
        let (asked, answered) = (i64::from(n) * 1_000_000, i64::from(n) * 1_000_000 + 125_000 + turnaround);
        let ntp = NtpTime(u64::from(n) << 32);
        let held = 65_536 / 8;
        if n.is_multiple_of(2) {
            seen.observe(asks, &single(&sender_report(1, ntp.0, &[])), micros(asked));
            let report = receiver_report(2, &[(1, 0, n << 16, held), (3, 0, n << 16, held)]);
            seen.observe(answers, &single(&report), micros(answered));
        } else {
            seen.observe(asks, &single(&reference_time(1, ntp.0)), micros(asked));
            seen.observe(answers, &single(&dlrr(2, &[(1, n << 16, held)])), micros(answered));
        }
    }

    fn pair(of_a: &[i64], of_b: &[i64]) -> Turnaround {
        let mut seen = Turnaround::default();
        for (n, turnaround) in (1..).zip(of_a) {
            exchange(&mut seen, Side::B, n, *turnaround);
        }
        for (n, turnaround) in (1..).zip(of_b) {
            exchange(&mut seen, Side::A, n, *turnaround);
        }
        seen
    }

    fn near(of_a: &[i64], of_b: &[i64]) -> Option<Side> {
        pair(of_a, of_b).captured_at().map(|point| point.near)
    }

    #[test]
    fn the_side_that_answers_at_once_is_the_near_one() {
        let point = pair(&[41_000, 90_000, 40_000, 42_000], &[400, 300, 20_000]).captured_at().unwrap();
        let answers = |count, least, median| Answers {
            count,
            least: TimeDelta::from_micros(least),
            median: TimeDelta::from_micros(median),
        };
        assert_eq!(point.near, Side::B);
        assert_eq!(
            point.near_answers,
            answers(3, 300, 400),
            "the second block of a report repeats the first"
        );
        assert_eq!(point.far_answers, answers(4, 40_000, 42_000));
        assert_eq!(near(&[-10, -10, -10], &[41_000, 41_000, 41_000]), Some(Side::A));
    }

    #[test]
    fn sides_that_are_too_much_alike_are_not_told_apart() {
        assert_eq!(near(&[999; 3], &[10; 3]), None, "under a millisecond");
        assert_eq!(near(&[1000; 3], &[10; 3]), Some(Side::B));
        assert_eq!(near(&[7999; 3], &[2000; 3]), None, "less than four times");
        assert_eq!(near(&[8000; 3], &[2000; 3]), Some(Side::B));
        assert_eq!(near(&[2000; 3], &[8000; 3]), Some(Side::A));
        assert_eq!(near(&[9000; 3], &[100; 2]), None, "too few");
        assert_eq!(near(&[9000; 3], &[]), None);
        assert_eq!(near(&[], &[]), None);
    }

    #[test]
    fn only_the_other_sides_requests_are_answered_and_zero_states_nothing() {
        let mut seen = Turnaround::default();
        seen.observe(Side::A, &single(&sender_report(1, 5 << 32, &[])), micros(0));
        seen.observe(Side::A, &single(&receiver_report(1, &[(2, 0, 5 << 16, 1)])), micros(10));
        seen.observe(Side::B, &single(&receiver_report(2, &[(1, 0, 5 << 16, 0)])), micros(10));
        seen.observe(Side::B, &single(&receiver_report(2, &[(1, 0, 6 << 16, 1)])), micros(10));
        assert_eq!((seen.answers(Side::A), seen.answers(Side::B)), (None, None));
        seen.observe(Side::B, &single(&receiver_report(2, &[(1, 0, 5 << 16, 65)])), micros(2000));
        let turnaround = seen.answers(Side::B).map(|answers| answers.median);
        assert_eq!(turnaround, Some(TimeDelta::from_micros(1008)), "65 units are 991.82 µs");
    }

    #[test]
    fn memory_is_bounded_and_the_oldest_request_goes_first() {
        let mut seen = Turnaround::default();
        for n in 1..=65 {
            seen.observe(Side::A, &single(&sender_report(1, n << 32, &[])), micros(0));
        }
        seen.observe(Side::B, &single(&receiver_report(2, &[(1, 0, 1 << 16, 1)])), micros(10));
        assert_eq!(seen.answers(Side::B), None);
        for held in 1..=200 {
            seen.observe(Side::B, &single(&receiver_report(2, &[(1, 0, 2 << 16, held)])), micros(10_000));
        }
        assert_eq!(seen.answers(Side::B).map(|answers| answers.count), Some(200));
        assert_eq!((seen.a.requests.len(), seen.b.turnarounds.len()), (64, 128));
    }

    proptest! {
        #[test]
        fn any_reports_are_taken(
            blocks in prop::collection::vec((any::<bool>(), any::<i64>(), 0u64..4, 0u32..4, any::<u32>()), 0..40),
        ) {
            let mut seen = Turnaround::default();
            for (from_a, nanos, ntp, request, held) in blocks {
                let Some(at) = CaptureTime::from_nanos(i128::from(nanos)) else { continue };
                let report = sender_report(1, ntp << 32, &[(1, 0, request << 16, held)]);
                seen.observe(if from_a { Side::A } else { Side::B }, &single(&report), at);
                seen.captured_at();
            }
        }
    }
}

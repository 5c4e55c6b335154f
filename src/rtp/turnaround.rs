//! Where between two endpoints a capture was taken, from how fast each side seems to answer the other's RTCP.
//!
//! A sender report or a receiver's reference time is a request; the report that sends its time stamp back is the
//! answer, and states how long it was held. Captured at the side that answers, the time between the two is what is
//! stated; captured at the side that asked, it is longer by a round trip.

use std::collections::VecDeque;

use super::ntp::MiddleNtp;
use super::report::Echo;
use super::rtcp::Block;
use crate::units::{CaptureTime, TimeDelta};

/// One of the two endpoints of a flow and its reverse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// The source of the flow.
    A,
    /// Its destination.
    B,
}

/// Measures the turnarounds of both sides of a flow pair.
#[derive(Debug, Clone, Default)]
pub struct Turnaround {
    a: Endpoint,
    b: Endpoint,
}

/// How long one side's answers took beyond what they state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answers {
    /// Answers to a request that was seen, immediate repeats left out.
    pub count: u64,
    /// The least turnaround.
    pub least: TimeDelta,
    /// The median turnaround of the last 128.
    pub median: TimeDelta,
}

/// Where a capture was taken, with the evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CapturePoint {
    /// The side that it was taken at, or nearer to.
    pub near: Side,
    /// The answers of that side.
    pub near_answers: Answers,
    /// The answers of the other side.
    pub far_answers: Answers,
}

#[derive(Debug, Clone, Default)]
struct Endpoint {
    requests: VecDeque<(MiddleNtp, CaptureTime)>,
    turnarounds: VecDeque<TimeDelta>,
    least: Option<TimeDelta>,
    count: u64,
    last_answer: Option<Echo>,
}

/// Requests of one side that wait for an answer: the newest.
const MAX_REQUESTS: usize = 64;
const MAX_TURNAROUNDS: usize = 128;

impl Turnaround {
    /// Takes RTCP that `from` sent.
    pub fn observe(&mut self, from: Side, block: &Block<'_>, at: CaptureTime) {
        let Some(report) = block.report() else { return };
        let (sender, receiver) = match from {
            Side::A => (&mut self.a, &mut self.b),
            Side::B => (&mut self.b, &mut self.a),
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
    /// Where the capture was taken.
    pub fn captured_at(&self) -> Option<CapturePoint> {
        None
    }
    /// x
    pub fn answers(&self, side: Side) -> Option<Answers> {
        match side {
            Side::A => self.a.answers(),
            Side::B => self.b.answers(),
        }
    }
    /// x
    pub fn all(&self, side: Side) -> Vec<i64> {
        let e = match side {
            Side::A => &self.a,
            Side::B => &self.b,
        };
        e.turnarounds.iter().map(|t| t.as_micros()).collect()
    }
}

impl Endpoint {
    fn ask(&mut self, request: MiddleNtp, at: CaptureTime) {
        if self.requests.len() == MAX_REQUESTS {
            self.requests.pop_front();
        }
        self.requests.push_back((request, at));
    }

    fn asked_at(&self, request: MiddleNtp) -> Option<CaptureTime> {
        self.requests.iter().rev().find(|(asked, _)| *asked == request).map(|&(_, at)| at)
    }

    fn answer(&mut self, echo: Echo, asked_at: CaptureTime, at: CaptureTime) {
        if self.last_answer.replace(echo).is_some_and(|l| l.request == echo.request && l.held == echo.held) {
            return;
        }
        let held_micros = (i64::from(echo.held) * 1_000_000) >> 16;
        let passed_micros = at.as_nanos().saturating_sub(asked_at.as_nanos()).div_euclid(1000);
        let turnaround = TimeDelta::from_micros(passed_micros - held_micros);
        self.count += 1;
        self.turnarounds.push_back(turnaround);
    }

    fn answers(&self) -> Option<Answers> {
        let mut sorted: Vec<_> = self.turnarounds.iter().copied().collect();
        sorted.sort_unstable();
        Some(Answers { count: self.count, least: *sorted.first()?, median: *sorted.get(sorted.len() / 2)? })
    }
}

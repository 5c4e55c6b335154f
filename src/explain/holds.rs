//! Estimates that stay where they are, and what holds them.

use crate::model::{Happening, NoRise, NoRiseCause};
use crate::units::{Bitrate, CaptureTime, FrameNumber, Seconds, TimeDelta};
use remb::bwe::{BandwidthUsage, RateControlState, Step};

use super::log::{Found, Log};
use super::{MS, SECOND};

/// It stays within so much, for so long.
const WITHIN: f64 = 0.01;
const SHORTEST_NANOS: i64 = 5 * SECOND;
/// A queue below is none.
const EMPTY_NANOS: i64 = 10 * MS;
/// The estimate may be no more than this times what comes in, and 10 kbit/s.
const LIMIT_FACTOR: f64 = 1.5;
const LIMIT_EXTRA: f64 = 10_000.0;
const AT_LIMIT: f64 = 0.97;
/// What holds it for so much of the time is what holds it.
const MOSTLY: f64 = 0.5;
const OFTEN: f64 = 0.3;
/// An empty queue and under-use that last no longer are nothing to speak of.
const EMPTY_FOR_NANOS: i64 = SECOND;

/// Finds holds.
#[derive(Debug, Clone)]
pub(super) struct Holds {
    least: Bitrate,
    open: Option<Open>,
}

#[derive(Debug, Clone)]
struct Open {
    at: CaptureTime,
    frame: Option<FrameNumber>,
    until: CaptureTime,
    held: Bitrate,
    /// The latest.
    now: Bitrate,
    steps: u64,
    at_limit: u64,
    under_with_queue: u64,
    over: u64,
    /// Of the steps since the queue is empty: when, how many, how many with under-use.
    empty: Option<(CaptureTime, u64, u64)>,
    incoming: (f64, u64),
    last_packet: CaptureTime,
    longest_gap: i64,
}

impl Holds {
    /// `least` is what the estimate may not be below.
    pub(super) const fn new(least: Bitrate) -> Self {
        Self { least, open: None }
    }

    /// Takes a step of the estimator.
    #[inline(always)]
    pub(super) fn step(
        &mut self,
        (at, frame): (CaptureTime, Option<FrameNumber>),
        step: &Step,
        standing: Option<i64>,
        log: &mut Log,
    ) {
        let Some(now) = step.estimate else { return };
        if self.open.as_ref().is_none_or(|open| open.now != now) {
            self.move_to(now, (at, frame), log);
        }
        if let Some(open) = &mut self.open {
            open.add(at, step, standing);
        }
    }

    /// Another estimate: what holds may be over.
    #[inline(never)]
    fn move_to(&mut self, now: Bitrate, (at, frame): (CaptureTime, Option<FrameNumber>), log: &mut Log) {
        let is_over = |open: &mut Open| {
            let held = open.held.as_bps() as f64;
            (now.as_bps() as f64 - held).abs() > WITHIN * held
        };
        if let Some(open) = self.open.take_if(is_over) {
            open.close(self.least, log);
        }
        self.open.get_or_insert_with(|| Open::at(at, frame, now)).now = now;
    }

    /// At the end of the capture.
    pub(super) fn close(&mut self, log: &mut Log) {
        if let Some(open) = self.open.take() {
            open.close(self.least, log);
        }
    }
}

impl Open {
    const fn at(at: CaptureTime, frame: Option<FrameNumber>, held: Bitrate) -> Self {
        Self {
            at,
            frame,
            until: at,
            held,
            now: held,
            steps: 0,
            at_limit: 0,
            under_with_queue: 0,
            over: 0,
            empty: None,
            incoming: (0.0, 0),
            last_packet: at,
            longest_gap: 0,
        }
    }

    #[inline(always)]
    fn add(&mut self, at: CaptureTime, step: &Step, standing: Option<i64>) {
        self.longest_gap = self.longest_gap.max(at.nanos_since(self.last_packet));
        if step.packet.is_some() {
            self.last_packet = self.last_packet.max(at);
        }
        self.until = self.until.max(at);
        self.steps += 1;
        let usage = step.packet.map(|packet| packet.delay.usage).or(step.rate_control.map(|run| run.usage));
        let is_under = usage == Some(BandwidthUsage::Underusing);
        self.over += u64::from(usage == Some(BandwidthUsage::Overusing));
        match standing {
            Some(standing) if standing < EMPTY_NANOS => {
                let (_, steps, under) = self.empty.get_or_insert((at, 0, 0));
                *steps += 1;
                *under += u64::from(is_under);
            }
            Some(_) => {
                self.empty = None;
                self.under_with_queue += u64::from(is_under);
            }
            // Nothing is known of a queue, and nothing said.
            None => self.empty = None,
        }
        if let Some(incoming) = step.incoming {
            let incoming = incoming.as_bps() as f64;
            self.incoming = (self.incoming.0 + incoming, self.incoming.1 + 1);
            if step.rate_state == RateControlState::Increase {
                let limit = LIMIT_FACTOR * incoming + LIMIT_EXTRA;
                self.at_limit += u64::from(self.held.as_bps() as f64 >= AT_LIMIT * limit);
            }
        }
    }

    fn close(self, least: Bitrate, log: &mut Log) {
        let nanos = self.until.nanos_since(self.at);
        if nanos < SHORTEST_NANOS {
            return;
        }
        let share = |count: u64| count as f64 / self.steps.max(1) as f64;
        let holds_empty = self.empty.filter(|(since, steps, under)| {
            *under as f64 >= MOSTLY * *steps as f64 && self.until.nanos_since(*since) >= EMPTY_FOR_NANOS
        });
        let cause = match () {
            () if self.longest_gap as f64 >= MOSTLY * nanos as f64 => NoRiseCause::NoPackets,
            () if self.held <= least => NoRiseCause::Bound("rate_control.min_bitrate"),
            () if holds_empty.is_some() => NoRiseCause::UnderUseWithoutQueue,
            () if share(self.at_limit) >= MOSTLY => NoRiseCause::IncomingLimit,
            () if share(self.under_with_queue) >= OFTEN => NoRiseCause::QueueDrains,
            () if share(self.at_limit) >= OFTEN => NoRiseCause::IncomingLimit,
            () if share(self.over) >= OFTEN => NoRiseCause::OverUse,
            () => NoRiseCause::Hold,
        };
        let (sum, count) = self.incoming;
        #[allow(clippy::cast_possible_truncation, reason = "whole bit/s are meant")]
        let incoming = (count > 0).then(|| Bitrate::from_bps((sum / count as f64).round() as i64));
        let no_packets =
            (cause == NoRiseCause::NoPackets).then(|| TimeDelta::from_micros(self.longest_gap / 1000));
        let queue_empty_since = holds_empty.map(|(since, ..)| Seconds(since.as_nanos()));
        log.push(Found {
            at: self.at,
            until: Some(self.until),
            frame: self.frame,
            is_detail: false,
            what: Happening::NoRise(NoRise {
                held: self.held,
                cause,
                incoming,
                queue_empty_since,
                no_packets,
            }),
        });
    }
}

//! The estimator's steps, as the finders see them.

use crate::units::{Bitrate, CaptureTime, FrameNumber, TimeDelta};
use remb::bwe::{EstimatorKind, Step};

use super::super::SECOND;
use super::super::falls::Around;
use super::super::quantities::Quantities;
use super::Finders;

/// What the estimator's steps told last.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Told {
    pub(super) estimate: Option<Bitrate>,
    pub(super) by: Option<EstimatorKind>,
    pub(super) rtt: TimeDelta,
}

impl Finders {
    /// Takes a step of the estimator; `rtt` is in force.
    #[inline(always)]
    pub(in crate::explain) fn step(
        &mut self,
        at: CaptureTime,
        step: &Step,
        rtt: TimeDelta,
        quantities: &Quantities,
    ) {
        if self.divergences.is_due(at) {
            self.hold_against_recorded(at);
        }
        let before = self.told;
        self.told = Told { estimate: step.estimate.or(before.estimate), by: Some(step.estimator), rtt };
        // An estimate that stays or rises, and nothing else is new.
        let is_usual = step.estimate.is_some()
            && before.estimate <= step.estimate
            && before.by == self.told.by
            && before.rtt == rtt
            && !step.probe;
        if !is_usual {
            return self.unusual_step(at, *step, before.estimate, quantities);
        }
        self.hold(at, step);
        step.estimate.into_iter().for_each(|now| self.falls.rise(now));
    }

    /// A step at which something may have changed.
    #[inline(never)]
    fn unusual_step(
        &mut self,
        at: CaptureTime,
        step: Step,
        before: Option<Bitrate>,
        quantities: &Quantities,
    ) {
        let place = (at, self.frame_of(&step));
        self.changes.step(place, &step, before, self.told.rtt, &mut self.log);
        self.hold(at, &step);
        let Self { falls, samples, gaps, steps, sent, .. } = self;
        let around = || Around {
            began: self.began.filter(|_| !self.is_cold),
            last_packet: self.last.0,
            gap_ended: gaps.last_end(),
            stepped: steps.last(),
            frame_bytes: quantities.frame_bytes(),
            most_sent: sent.most(at, SECOND),
        };
        falls.step(place, &step, before, samples, around, &mut self.log);
    }

    #[inline(always)]
    fn hold(&mut self, at: CaptureTime, step: &Step) {
        let frame = self.frame_of(step);
        self.holds.step((at, frame), step, self.samples.standing(), &mut self.log);
    }

    /// The frame of the packet at which it was.
    #[inline]
    fn frame_of(&self, step: &Step) -> Option<FrameNumber> {
        step.packet.is_some().then_some(self.last.1)
    }

    #[cold]
    pub(super) fn hold_against_recorded(&mut self, now: CaptureTime) {
        let estimate = self.told.estimate;
        while let Some((at, recorded)) = self.divergences.next(now, estimate, &mut self.log) {
            self.falls.recorded(at, recorded);
        }
    }
}

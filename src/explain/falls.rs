//! Falls of the estimate: decreases that belong together, and the queue around them.

mod open;
mod rembs;

use crate::model::{Happening, WhyOverUse};
use crate::units::{Bitrate, CaptureTime, FrameNumber};
use remb::bwe::{EstimatorKind, Step};

use super::SECOND;
use super::gaps::Paused;
use super::log::Log;
use super::samples::{Samples, Slot};
pub(super) use open::Around;
use open::Open;
use rembs::LatestRembs;

/// The queue is looked at so long after the last decrease, the recorded REMBs a second.
const AFTER_NANOS: i64 = SECOND / 2;
const RECORDED_NANOS: i64 = SECOND;
/// A smaller fall is none.
const LEAST_FALL: f64 = 0.03;
/// A pause shorter than a second, so long after a fall of a fifth, belongs to it.
const PAUSE_AFTER_NANOS: i64 = 4 * SECOND;
const PAUSE_FALL: f64 = 0.2;
/// So long after a step of the path that is what made the estimate fall.
const PATH_NANOS: i64 = 3 * SECOND;

/// Finds falls.
#[derive(Debug, Clone, Default)]
pub(super) struct Falls {
    estimator: Option<EstimatorKind>,
    /// The estimate is another estimator's, or was gone.
    is_anew: bool,
    open: Option<Open>,
    /// Whether a fall has told what the link carries.
    knows_link: bool,
    recorded: LatestRembs,
}

impl Falls {
    /// Takes a step of the estimator; the estimate was `before` until then.
    pub(super) fn step(
        &mut self,
        (at, frame): (CaptureTime, Option<FrameNumber>),
        step: &Step,
        before: Option<Bitrate>,
        samples: &Samples,
        around: impl FnOnce() -> Around,
        log: &mut Log,
    ) {
        self.is_anew |= before.is_some()
            && (step.estimate.is_none() || self.estimator.is_some_and(|known| known != step.estimator));
        self.estimator = Some(step.estimator);
        let Some(now) = step.estimate else { return };
        match before {
            Some(before) if now < before => {
                self.decrease((at, frame), (before, now), step, samples, around, log);
                self.is_anew = false;
            }
            _ => self.rise(now),
        }
    }

    /// Takes an estimate that is not below the one before.
    #[inline]
    pub(super) fn rise(&mut self, now: Bitrate) {
        self.is_anew = false;
        if let Some(open) = &mut self.open {
            open.rise(now);
        }
    }

    fn decrease(
        &mut self,
        (at, frame): (CaptureTime, Option<FrameNumber>),
        (before, now): (Bitrate, Bitrate),
        step: &Step,
        samples: &Samples,
        around: impl FnOnce() -> Around,
        log: &mut Log,
    ) {
        if self.open.as_ref().is_some_and(|open| !open.goes_on(at)) {
            self.close(samples, log);
        }
        let Self { recorded, knows_link, is_anew, .. } = self;
        let open = self.open.get_or_insert_with(|| {
            let recorded = recorded.around(at);
            Open::at((at, frame), before, step, samples, around(), (recorded, *knows_link, *is_anew))
        });
        open.decrease(at, now, step, samples);
    }

    /// Takes a slot that is complete, and closes a fall that is over.
    pub(super) fn slot(&mut self, slot: &Slot, samples: &Samples, log: &mut Log) {
        let Some(open) = self.open.as_mut() else { return };
        open.slot(slot, samples);
        if open.since(slot.at) >= RECORDED_NANOS && !open.goes_on(slot.at) {
            self.close(samples, log);
        }
    }

    /// Takes a recorded REMB; `None` where they are of several receivers.
    pub(super) fn recorded(&mut self, at: CaptureTime, bitrate: Option<Bitrate>) {
        match bitrate {
            Some(bitrate) => self.recorded.push(at, bitrate),
            None => self.recorded.clear(),
        }
        if let Some(open) = &mut self.open {
            open.recorded(at, bitrate);
        }
    }

    /// Closes what is open.
    pub(super) fn close(&mut self, samples: &Samples, log: &mut Log) {
        if let Some(open) = self.open.take() {
            let (found, link) = open.close(samples);
            self.knows_link |= link;
            found.into_iter().for_each(|found| log.push(found));
        }
    }

    /// A pause that belongs to a fall is no event of its own: the sender's answer to it.
    pub(super) fn take_pause(&mut self, paused: &Paused, log: &mut Log) -> bool {
        if paused.nanos >= SECOND {
            return false;
        }
        let near = |last: CaptureTime| {
            let after = paused.from.nanos_since(last);
            (-PAUSE_AFTER_NANOS..=PAUSE_AFTER_NANOS).contains(&after)
        };
        if let Some(open) =
            self.open.as_mut().filter(|open| open.depth() >= PAUSE_FALL && open.began <= paused.from)
        {
            open.sender_pauses += 1;
            return true;
        }
        let fall = log.latest_mut().find_map(|found| match &mut found.what {
            Happening::Fall(fall) => Some((found.at, found.until.unwrap_or(found.at), fall)),
            _ => None,
        });
        match fall {
            Some((at, until, fall))
                if at <= paused.from
                    && near(until)
                    && (fall.to.as_bps() as f64) <= (1.0 - PAUSE_FALL) * fall.from.as_bps() as f64 =>
            {
                fall.sender_pauses += 1;
                true
            }
            _ => false,
        }
    }

    /// A step of the path, once it is certain, is what made the estimate fall after it.
    pub(super) fn path_stepped(&mut self, at: CaptureTime, log: &mut Log) {
        let is_after = |began: CaptureTime| (-SECOND / 2..=PATH_NANOS).contains(&began.nanos_since(at));
        if let Some(open) = self.open.as_mut().filter(|open| is_after(open.began)) {
            open.is_path = true;
        }
        for found in log.latest_mut().take(16) {
            if let Happening::Fall(fall) = &mut found.what
                && is_after(found.at)
            {
                fall.become_path();
            }
        }
    }
}

impl crate::model::Fall {
    fn become_path(&mut self) {
        if let crate::model::FallCause::OverUse(why) = &mut self.cause {
            *why = WhyOverUse::Path;
        }
    }
}

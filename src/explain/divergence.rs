//! Where recorded REMBs and the replayed estimate part.

use std::collections::VecDeque;

use crate::model::{Divergence, Happening};
use crate::units::{Bitrate, CaptureTime, Ssrc};
use remb::CapturedRemb;

use super::log::{Found, Log};
use super::{MS, SECOND};

/// They are apart by more than this, for longer than that.
const APART: f64 = 0.05;
const LEAST_NANOS: i64 = SECOND;
/// What lasts shorter is the same fall on both sides, some milliseconds apart.
const LASTS_NANOS: i64 = 200 * MS;
/// REMBs in that time; where there are more, the oldest are taken as they are.
const MAX_PENDING: usize = 16;
/// REMBs that wait for the packets before them.
const MAX_WAITING: usize = 256;

/// Holds recorded REMBs against the estimate as they come.
#[derive(Debug, Clone, Default)]
pub(super) struct Divergences {
    waiting: VecDeque<(CaptureTime, Bitrate)>,
    /// Those of the last 200 ms, with the least that they and the estimate were apart since.
    pending: VecDeque<(CaptureTime, Apart)>,
    /// The latest REMB.
    in_force: Bitrate,
    /// When there is something to do.
    due: Option<CaptureTime>,
    open: Option<Open>,
    /// The streams of the first REMB.
    ssrcs: Vec<Ssrc>,
    /// Receivers that speak of streams of their own are series of their own.
    is_of_several: bool,
}

/// A recorded REMB and the estimate.
#[derive(Debug, Clone, Copy)]
struct Apart {
    recorded: Bitrate,
    replayed: Bitrate,
}

#[derive(Debug, Clone)]
struct Open {
    at: CaptureTime,
    until: CaptureTime,
    most: Apart,
}

impl Divergences {
    /// Takes a recorded REMB; packets before it may yet be to come.
    pub(super) fn recorded(&mut self, at: CaptureTime, remb: &CapturedRemb) {
        if let Some(ssrcs) = &remb.ssrcs {
            if self.ssrcs.is_empty() {
                self.ssrcs.extend(ssrcs.iter().take(16));
            }
            self.is_of_several |= !ssrcs.iter().any(|ssrc| self.ssrcs.contains(ssrc));
        }
        if self.waiting.len() < MAX_WAITING {
            self.waiting.push_back((at, remb.bitrate));
            self.due = Some(self.next_due());
        }
    }

    /// Whether something is to be done before `now`.
    #[inline]
    pub(super) fn is_due(&self, now: CaptureTime) -> bool {
        self.due.is_some_and(|due| due <= now)
    }

    /// The next recorded REMB before `now`, held against the estimate; without its rate where they are of several receivers.
    pub(super) fn next(
        &mut self,
        now: CaptureTime,
        estimate: Option<Bitrate>,
        log: &mut Log,
    ) -> Option<(CaptureTime, Option<Bitrate>)> {
        if !self.is_due(now) {
            return None;
        }
        let next = self.waiting.pop_front_if(|(at, _)| *at <= now);
        let until = next.map_or(now, |(at, _)| at);
        let estimate = estimate.filter(|_| !self.is_of_several);
        self.end_pending(until, estimate, log);
        if let (Some((at, recorded)), Some(replayed)) = (next, estimate) {
            self.in_force = recorded;
            let apart = Apart { recorded, replayed };
            self.pending.iter_mut().for_each(|(_, least)| *least = least.lesser(&apart));
            self.pending.push_back((at, apart));
        }
        self.due = Some(self.next_due());
        next.map(|(at, recorded)| (at, Some(recorded).filter(|_| !self.is_of_several)))
    }

    /// Those that are 200 ms old, or too many.
    fn end_pending(&mut self, now: CaptureTime, estimate: Option<Bitrate>, log: &mut Log) {
        while let Some((at, least)) = self.pending.front().copied()
            && (now.nanos_since(at) >= LASTS_NANOS || self.pending.len() >= MAX_PENDING)
        {
            self.pending.pop_front();
            if let Some(replayed) = estimate {
                self.hold(at, least.lesser(&Apart { recorded: self.in_force, replayed }), log);
            }
        }
    }

    fn next_due(&self) -> CaptureTime {
        let end = self.pending.front().map(|(at, _)| at.saturating_add_nanos(LASTS_NANOS));
        let next = self.waiting.front().map(|(at, _)| *at);
        [end, next].into_iter().flatten().min().unwrap_or(CaptureTime::NEVER)
    }

    fn hold(&mut self, at: CaptureTime, apart: Apart, log: &mut Log) {
        match self.open.as_mut() {
            _ if apart.share().abs() <= APART => self.close(at, log),
            None => self.open = Some(Open { at, until: at, most: apart }),
            Some(open) => {
                open.until = at;
                if apart.share().abs() > open.most.share().abs() {
                    open.most = apart;
                }
            }
        }
    }

    fn close(&mut self, until: CaptureTime, log: &mut Log) {
        let Some(open) = self.open.take() else { return };
        if open.until.nanos_since(open.at) > LEAST_NANOS && !self.is_of_several {
            let Apart { recorded, replayed } = open.most;
            let what = Happening::Divergence(Divergence { recorded, replayed });
            log.push(Found { at: open.at, until: Some(until), frame: None, is_detail: false, what });
        }
    }

    /// At the end of the capture.
    pub(super) fn finish(&mut self, log: &mut Log) {
        if let Some(until) = self.open.as_ref().map(|open| open.until) {
            self.close(until, log);
        }
    }
}

impl Apart {
    /// How far the estimate is above the REMB, of that.
    fn share(&self) -> f64 {
        self.replayed.as_bps() as f64 / self.recorded.as_bps().max(1) as f64 - 1.0
    }

    /// The one that is less; not apart at all where the estimate passed the REMB.
    fn lesser(&self, later: &Self) -> Self {
        match (self.share(), later.share()) {
            (one, other) if one * other <= 0.0 => Self { replayed: self.recorded, ..*self },
            (one, other) if one.abs() <= other.abs() => *self,
            _ => *later,
        }
    }
}

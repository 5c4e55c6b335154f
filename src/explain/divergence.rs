//! Where recorded REMBs and the replayed estimate part.

use std::collections::VecDeque;

use crate::model::{Divergence, Happening};
use crate::units::{Bitrate, CaptureTime, Ssrc};
use remb::CapturedRemb;

use super::SECOND;
use super::log::{Found, Log};

/// They are apart by more than this, for longer than that.
const APART: f64 = 0.05;
const LEAST_NANOS: i64 = SECOND;
/// REMBs that wait for the packets before them.
const MAX_WAITING: usize = 256;

/// Holds recorded REMBs against the estimate as they come.
#[derive(Debug, Clone, Default)]
pub(super) struct Divergences {
    waiting: VecDeque<(CaptureTime, Bitrate)>,
    open: Option<Open>,
    /// The streams of the first REMB.
    ssrcs: Vec<Ssrc>,
    /// Receivers that speak of streams of their own are series of their own.
    is_of_several: bool,
}

#[derive(Debug, Clone)]
struct Open {
    at: CaptureTime,
    until: CaptureTime,
    most: f64,
    recorded: Bitrate,
    replayed: Bitrate,
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
        }
    }

    /// The next recorded REMB before `now`, held against the estimate.
    #[inline]
    pub(super) fn next(
        &mut self,
        now: CaptureTime,
        estimate: Option<Bitrate>,
        log: &mut Log,
    ) -> Option<(CaptureTime, Bitrate)> {
        let (at, recorded) = *self.waiting.front().filter(|(at, _)| *at <= now)?;
        self.waiting.pop_front();
        if let Some(replayed) = estimate.filter(|_| !self.is_of_several) {
            self.hold(at, recorded, replayed, log);
        }
        Some((at, recorded))
    }

    fn hold(&mut self, at: CaptureTime, recorded: Bitrate, replayed: Bitrate, log: &mut Log) {
        let apart = replayed.as_bps() as f64 / recorded.as_bps().max(1) as f64 - 1.0;
        match self.open.as_mut() {
            _ if apart.abs() <= APART => self.close(at, log),
            None => self.open = Some(Open { at, until: at, most: apart, recorded, replayed }),
            Some(open) => {
                open.until = at;
                if apart.abs() > open.most.abs() {
                    (open.most, open.recorded, open.replayed) = (apart, recorded, replayed);
                }
            }
        }
    }

    fn close(&mut self, until: CaptureTime, log: &mut Log) {
        let Some(open) = self.open.take() else { return };
        if open.until.nanos_since(open.at) > LEAST_NANOS && !self.is_of_several {
            let Open { recorded, replayed, .. } = open;
            let what = Happening::Divergence(Divergence { recorded, replayed, phases: None });
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

//! Hands every packet and step to the finders.

mod packets;
mod steps;

use crate::model::{Event, Flow, Happening, StreamKind};
use crate::units::{Bitrate, CaptureTime, FrameNumber};
use remb::CapturedRemb;

use super::changes::Changes;
use super::divergence::Divergences;
use super::falls::Falls;
use super::gaps::Gaps;
use super::holds::Holds;
use super::log::Log;
use super::losses::Losses;
use super::path::Steps;
use super::samples::Samples;
use super::sent::Sent;
use steps::Told;

/// All finders of a flow.
#[derive(Debug, Clone)]
pub(super) struct Finders {
    samples: Samples,
    sent: Sent,
    falls: Falls,
    holds: Holds,
    gaps: Gaps,
    losses: Losses,
    steps: Steps,
    changes: Changes,
    divergences: Divergences,
    log: Log,
    began: Option<CaptureTime>,
    /// The latest packet.
    last: (CaptureTime, FrameNumber),
    /// No slot and no half second ends before, and no gap is open, ns.
    quiet_until: i64,
    told: Told,
    is_cold: bool,
}

impl Finders {
    /// Before the first packet; the estimate may not be below `least`.
    pub(super) fn new(least: Bitrate, is_cold: bool) -> Self {
        Self {
            samples: Samples::default(),
            sent: Sent::default(),
            falls: Falls::default(),
            holds: Holds::new(least),
            gaps: Gaps::default(),
            losses: Losses::default(),
            steps: Steps::default(),
            changes: Changes::new(is_cold),
            divergences: Divergences::default(),
            log: Log::default(),
            began: None,
            last: (CaptureTime::default(), FrameNumber(0)),
            quiet_until: i64::MIN,
            told: Told::default(),
            is_cold,
        }
    }

    /// Takes a recorded REMB.
    pub(super) fn recorded(&mut self, at: CaptureTime, remb: &CapturedRemb) {
        self.divergences.recorded(at, remb);
    }

    /// Events for which there was no room.
    pub(super) const fn left_out(&self) -> u64 {
        self.log.left_out()
    }

    /// The first packet.
    pub(super) const fn began(&self) -> Option<CaptureTime> {
        self.began
    }

    /// What happened to the flow at `index`, in order of time.
    pub(super) fn events(mut self, index: usize, flow: &Flow, first_at: CaptureTime) -> Vec<Event> {
        self.hold_against_recorded(CaptureTime::NEVER);
        self.settle(None);
        self.falls.close(&self.samples, &mut self.log);
        self.holds.close(&mut self.log);
        self.divergences.finish(&mut self.log);
        let mut events = self.log.events(index, first_at);
        for event in &mut events {
            if let Happening::Stream(stream) = &mut event.what
                && let Some(known) = flow.streams.iter().find(|known| known.ssrc == stream.ssrc)
            {
                stream.kind = known.kind;
            }
        }
        only_first_of_media(&mut events);
        events
    }
}

/// Of streams' changes only the first of each kind is for everybody, and those of retransmissions for nobody.
fn only_first_of_media(events: &mut [Event]) {
    let mut seen = [false; 3];
    for event in events {
        if let Happening::Stream(stream) = &event.what {
            let is_rtx = matches!(stream.kind, StreamKind::Rtx { .. });
            let seen = seen.get_mut(stream.change as usize).filter(|_| !is_rtx);
            event.is_detail = seen.is_none_or(|seen| std::mem::replace(seen, true));
        }
    }
}

#[cfg(test)]
mod tests;

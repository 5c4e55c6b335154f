//! Hands every packet and step to the finders.

use crate::model::{Event, Flow, Happening, StreamKind};
use crate::survey::FedPacket;
use crate::units::{Bitrate, CaptureTime, FrameNumber, TimeDelta};
use remb::CapturedRemb;
use remb::bwe::Step;

use super::SECOND;
use super::changes::Changes;
use super::divergence::Divergences;
use super::falls::{Around, Falls};
use super::gaps::Gaps;
use super::holds::Holds;
use super::log::Log;
use super::losses::Losses;
use super::path::Steps;
use super::quantities::{Quantities, Seen};
use super::samples::Samples;
use super::sent::Sent;

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
    frame_bytes: u64,
    estimate: Option<Bitrate>,
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
            frame_bytes: 0,
            estimate: None,
            is_cold,
        }
    }

    /// A packet that is not fed.
    pub(super) fn aside(&mut self) {
        self.gaps.aside();
    }

    /// Takes the next packet.
    #[inline]
    pub(super) fn packet(&mut self, packet: &FedPacket, seen: &Seen, quantities: &mut Quantities) {
        let at = packet.at;
        self.began.get_or_insert(at);
        self.last = (at, packet.frame);
        self.frame_bytes = seen.frame_bytes;
        if seen.was_wrong {
            self.samples.forget_queues();
        }
        self.changes.packet(packet, seen, &mut self.log);
        if self.gaps.may_end(at) {
            self.settle_gap(None);
        }
        let after_gap = self.gaps.packet(packet, seen, &self.samples, quantities);
        let Self { losses, samples, gaps, log, .. } = self;
        losses.packet(packet, seen, after_gap, (samples, gaps, log));
        if let Some(queue) = seen.queue_nanos {
            self.sent.observe(at, queue, packet.size.as_bytes().max(0).unsigned_abs());
        }
        let Self { samples, .. } = self;
        if samples.observe(packet, seen, || quantities.standing_nanos(at)) {
            self.slot(at);
        }
        if let Some((stepped, nanos)) = self.steps.packet(packet, seen, &self.samples, &mut self.log) {
            quantities.raise_floor(nanos);
            self.samples.lower(stepped, nanos);
            self.falls.path_stepped(stepped, &mut self.log);
        }
    }

    /// Twenty times a second.
    fn slot(&mut self, at: CaptureTime) {
        self.changes.slot(at, &mut self.log);
        self.settle(Some(at));
        if let Some(slot) = self.samples.complete().copied() {
            self.falls.slot(&slot, &self.samples, &mut self.log);
        }
    }

    fn settle(&mut self, now: Option<CaptureTime>) {
        // Losses ask whose they are.
        self.settle_gap(now);
        let Self { gaps, losses, samples, log, .. } = self;
        losses.settle(now, samples, gaps, log);
    }

    fn settle_gap(&mut self, now: Option<CaptureTime>) {
        let Self { gaps, falls, log, .. } = self;
        if let Some(paused) = gaps.settle(now, log)
            && falls.take_pause(&paused, log)
        {
            log.forget_latest_pause();
        }
    }

    /// Takes a step of the estimator; `rtt` is in force.
    pub(super) fn step(&mut self, at: CaptureTime, step: &Step, rtt: TimeDelta) {
        while let Some((at, recorded)) = self.divergences.next(at, self.estimate, &mut self.log) {
            self.falls.recorded(at, recorded);
        }
        self.estimate = step.estimate.or(self.estimate);
        let frame = step.packet.is_some().then_some(self.last.1);
        self.changes.step((at, frame), step, rtt, &mut self.log);
        let standing = self.samples.latest().and_then(|slot| slot.standing);
        self.holds.step((at, frame), step, standing, &mut self.log);
        let around = Around {
            began: self.began.filter(|_| !self.is_cold),
            last_packet: self.last.0,
            gap_ended: self.gaps.last_end(),
            stepped: self.steps.last(),
            frame_bytes: self.frame_bytes,
            most_sent: 0,
        };
        let most_sent = |at| self.sent.most(at, SECOND);
        self.falls.step((at, frame), step, &self.samples, (around, &most_sent), &mut self.log);
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
        while let Some((at, recorded)) =
            self.divergences.next(CaptureTime::NEVER, self.estimate, &mut self.log)
        {
            self.falls.recorded(at, recorded);
        }
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

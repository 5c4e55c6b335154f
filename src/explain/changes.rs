//! What came and went: streams, estimators, probes, round trip times.

use crate::model::{
    EstimatorCause, EstimatorChange, Happening, Presence, Probe, RttChange, StreamChange, StreamKind,
};
use crate::survey::FedPacket;
use crate::units::{Bitrate, CaptureTime, FrameNumber, Ssrc, TimeDelta};
use remb::bwe::{EstimatorKind, Step};

use super::TIME_OUT_NANOS;
use super::log::{Found, Log};
use super::quantities::Seen;

/// A round trip time that changes by less is the same: a third, and 20 ms.
const RTT_SHARE: i64 = 3;
const RTT_LEAST: TimeDelta = TimeDelta::from_millis(20);

/// Finds changes.
#[derive(Debug, Clone, Default)]
pub(super) struct Changes {
    /// In their places among the quantities.
    streams: Vec<Stream>,
    estimator: Option<EstimatorKind>,
    rtt: Option<TimeDelta>,
    /// Whether there was a switch, and a probe: only the first of each is for everybody.
    had_switch: bool,
    had_probe: bool,
    /// The estimator begins in mid-call.
    is_cold: bool,
}

#[derive(Debug, Clone, Copy)]
struct Stream {
    ssrc: Ssrc,
    last: CaptureTime,
    is_out: bool,
}

impl Changes {
    /// Before the first packet; the estimator begins in mid-call if `is_cold`.
    pub(super) fn new(is_cold: bool) -> Self {
        Self { is_cold, ..Self::default() }
    }

    /// Takes a packet that may begin or return a stream.
    #[inline]
    pub(super) fn packet(&mut self, packet: &FedPacket, seen: &Seen, log: &mut Log) {
        match seen.stream {
            Some(place) if !self.go_on(place, packet.at) => self.begin_or_return(place, packet, log),
            _ => {}
        }
    }

    /// Takes a packet, if its stream is here and goes on.
    #[inline(always)]
    pub(super) fn go_on(&mut self, place: usize, at: CaptureTime) -> bool {
        let stream = self.streams.get_mut(place);
        let stream = stream.filter(|stream| !stream.is_out && at.nanos_since(stream.last) <= TIME_OUT_NANOS);
        stream.map(|stream| stream.last = stream.last.max(at)).is_some()
    }

    #[cold]
    fn begin_or_return(&mut self, place: usize, packet: &FedPacket, log: &mut Log) {
        let (ssrc, at) = (packet.ssrc, packet.at);
        let Some(stream) = self.streams.get_mut(place) else { return self.begin(packet, log) };
        let (was_told, last) = (stream.is_out, stream.last);
        (stream.last, stream.is_out) = (at, false);
        if !was_told {
            self.stream(last.saturating_add_nanos(TIME_OUT_NANOS), None, ssrc, Presence::TimesOut, log);
        }
        self.stream(at, Some(packet.frame), ssrc, Presence::Returns, log);
    }

    /// Looks for streams that timed out while others go on.
    pub(super) fn slot(&mut self, at: CaptureTime, log: &mut Log) {
        let is_over = |stream: &Stream| !stream.is_out && at.nanos_since(stream.last) > TIME_OUT_NANOS;
        while let Some(stream) = self.streams.iter_mut().find(|stream| is_over(stream)) {
            stream.is_out = true;
            let Stream { ssrc, last, .. } = *stream;
            self.stream(last.saturating_add_nanos(TIME_OUT_NANOS), None, ssrc, Presence::TimesOut, log);
        }
    }

    /// Takes a step of the estimator; the estimate was `before` until then, and `rtt` is in force.
    pub(super) fn step(
        &mut self,
        (at, frame): (CaptureTime, Option<FrameNumber>),
        step: &Step,
        before: Option<Bitrate>,
        rtt: TimeDelta,
        log: &mut Log,
    ) {
        if self.estimator.is_none_or(|known| known != step.estimator) {
            let cause = match (self.estimator, self.is_cold) {
                (Some(_), _) => EstimatorCause::Switch,
                (None, true) => EstimatorCause::From,
                (None, false) => EstimatorCause::First,
            };
            self.estimator = Some(step.estimator);
            let is_detail = (cause == EstimatorCause::Switch
                && std::mem::replace(&mut self.had_switch, true))
                || cause == EstimatorCause::First;
            let what = Happening::Estimator(EstimatorChange { to: step.estimator, cause });
            log.push(Found { at, until: None, frame, is_detail, what });
        }
        if let (true, Some(to)) = (step.probe, step.estimate) {
            let is_detail = std::mem::replace(&mut self.had_probe, true);
            let what = Happening::Probe(Probe { from: before, to });
            log.push(Found { at, until: None, frame, is_detail, what });
        }
        let known = *self.rtt.get_or_insert(rtt);
        let apart = TimeDelta::from_micros((rtt.as_micros() - known.as_micros()).abs());
        if apart >= RTT_LEAST && apart.times(RTT_SHARE) >= known {
            self.rtt = Some(rtt);
            let what = Happening::Rtt(RttChange { from: known, to: rtt });
            log.push(Found { at, until: None, frame: None, is_detail: true, what });
        }
    }

    fn begin(&mut self, packet: &FedPacket, log: &mut Log) {
        self.streams.push(Stream { ssrc: packet.ssrc, last: packet.at, is_out: false });
        self.stream(packet.at, Some(packet.frame), packet.ssrc, Presence::Begins, log);
    }

    fn stream(
        &mut self,
        at: CaptureTime,
        frame: Option<FrameNumber>,
        ssrc: Ssrc,
        change: Presence,
        log: &mut Log,
    ) {
        // What it is turns out later, and then for whom it is.
        let is_detail = true;
        let what = Happening::Stream(StreamChange { ssrc, kind: StreamKind::Unknown, change });
        log.push(Found { at, until: None, frame, is_detail, what });
    }
}

//! Estimator, schedule and a writer that is bound late, for a replay as for a live stack.
//!
//! The owner hands over every packet, asks [`RembInterceptor::poll_timeout`] when time alone would matter, and calls
//! [`RembInterceptor::handle_timeout`] then. Without a writer the estimator runs, but nothing is scheduled and nothing
//! is recorded as sent.

use std::error::Error;

use super::message::MAX_SSRCS;
use super::scheduler::{InvalidInterval, Reason, RembConfig, RembScheduler};
use crate::bwe::{Controller, EstimatorConfig, Observer, PacketArrival, Report, SsrcSet};
use crate::units::{Bitrate, Ssrc, TimeDelta, Timestamp};

/// A writer's own error; the interceptor only passes it on.
pub type WriteError = Box<dyn Error + Send + Sync>;

/// A REMB that is to be sent now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RembReport<'a> {
    /// Who sends it.
    pub sender_ssrc: Ssrc,
    /// The estimate, before the message rounds it.
    pub bitrate: Bitrate,
    /// Streams with a packet in the last 2 s, ascending; none where they are more than [`MAX_SSRCS`], as libwebrtc then
    /// lists none (specification 12.3).
    pub ssrcs: &'a [Ssrc],
    /// Why now; not on the wire.
    pub reason: Reason,
}

/// Where REMBs go.
pub trait RtcpWriter {
    /// Sends `remb`; see [`super::Remb::encode`] for the bytes. An error counts as an attempt, not as sent.
    fn write(&mut self, remb: &RembReport<'_>, now: Timestamp) -> Result<(), WriteError>;
}

/// What the interceptor is made of. Its values are taken as they are, but for the interval: zero and less
/// is refused, and below 1 ms it is 1 ms.
#[derive(Debug, Clone, PartialEq)]
pub struct InterceptorConfig {
    /// The estimator's parameters.
    pub estimator: EstimatorConfig,
    /// The schedule.
    pub remb: RembConfig,
    /// SSRC of the REMB sender; 1 is a receiver's convention.
    pub sender_ssrc: Ssrc,
}

impl Default for InterceptorConfig {
    fn default() -> Self {
        Self { estimator: EstimatorConfig::default(), remb: RembConfig::default(), sender_ssrc: Ssrc(1) }
    }
}

/// A packet of a stream that was never bound: nothing of it is estimated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a packet of stream {0}, which was not bound by bind_remote_stream")]
pub struct UnboundStream(pub Ssrc);

/// Streams that are known to have been unbound; of more, all are forgotten.
const MAX_UNBOUND: usize = 1024;

/// Runs the estimator over a transport's streams and writes REMBs when they are due.
#[derive(Debug, Clone)]
pub struct RembInterceptor<W> {
    estimator: Controller,
    scheduler: RembScheduler,
    stream_timeout: TimeDelta,
    sender_ssrc: Ssrc,
    writer: Option<W>,
    bound_at: Option<Timestamp>,
    tracked: SsrcSet,
    /// Of these packets may still be on their way.
    unbound: SsrcSet,
    /// The latest that the estimator was told; before all else without.
    estimator_now: Timestamp,
    newest_packet: Option<Timestamp>,
    listed: Vec<Ssrc>,
    closed: bool,
    timeout: Option<Timestamp>,
    /// Neither a packet nor a timer was later.
    latest: Timestamp,
}

impl<W: RtcpWriter> RembInterceptor<W> {
    /// An interceptor without writer and streams.
    ///
    /// # Errors
    /// A REMB interval that is none.
    pub fn new(config: InterceptorConfig) -> Result<Self, InvalidInterval> {
        config.remb.validate()?;
        Ok(Self::new_unchecked(config))
    }

    /// The same for an owner that has validated its parameters: an interval below 1 ms, zero and less too, is taken as 1 ms.
    pub fn new_unchecked(config: InterceptorConfig) -> Self {
        Self {
            stream_timeout: config.estimator.streams.timeout,
            estimator: Controller::new(config.estimator),
            scheduler: RembScheduler::new(config.remb),
            sender_ssrc: config.sender_ssrc,
            writer: None,
            bound_at: None,
            tracked: SsrcSet::default(),
            unbound: SsrcSet::default(),
            estimator_now: Timestamp::from_micros(i64::MIN),
            newest_packet: None,
            listed: Vec::with_capacity(MAX_SSRCS),
            closed: false,
            timeout: None,
            latest: Timestamp::from_micros(i64::MIN),
        }
    }

    /// Takes the writer and starts the schedule; nothing is sent before the next report or timer. A second call
    /// replaces the writer and leaves the schedule as it is. After [`Self::close`] it has no effect.
    pub fn bind_rtcp_writer(&mut self, writer: W, now: Timestamp) {
        if self.closed {
            return;
        }
        self.writer = Some(writer);
        self.bound_at.get_or_insert(now);
        self.note_timeout();
    }

    /// Starts the estimator's timer before the first packet; see [`Controller::start_timer`].
    pub fn start_timer(&mut self, now: Timestamp) {
        self.estimator.start_timer(now);
    }

    /// Tracks a stream, whose packets are refused before. After [`Self::close`] it has no effect.
    pub fn bind_remote_stream(&mut self, ssrc: Ssrc) {
        if let (Err(place), false) = (self.tracked.place(ssrc), self.closed) {
            self.tracked.insert(place, ssrc);
            if let Ok(place) = self.unbound.place(ssrc) {
                self.unbound.remove(place);
            }
        }
    }

    /// Forgets a stream; it leaves the list at once, and packets of it are passed over.
    pub fn unbind_remote_stream(&mut self, ssrc: Ssrc) {
        if let Ok(place) = self.tracked.place(ssrc) {
            self.tracked.remove(place);
            self.estimator.remove_stream(ssrc);
            self.note_timeout();
            if self.unbound.as_slice().len() >= MAX_UNBOUND {
                self.unbound.clear();
            }
            if let Err(place) = self.unbound.place(ssrc) {
                self.unbound.insert(place, ssrc);
            }
        }
    }

    /// Takes a packet of a tracked stream; a REMB that it makes due is written before this returns. Whether the packet
    /// was reported on or moved the timer, so that [`Self::poll_timeout`] is to be asked anew: most do neither.
    ///
    /// `packet.now` may step back: the estimator's clock then stands still, the schedule's interval counts anew.
    ///
    /// # Errors
    /// Those of the writer: the packet has been taken all the same, the schedule goes on, and the timer has moved. And
    /// [`UnboundStream`] for a packet of a stream that was never bound, which has no effect.
    #[inline(always)]
    pub fn handle_rtp<O: Observer>(
        &mut self,
        packet: &PacketArrival,
        observer: &mut O,
    ) -> Result<bool, WriteError> {
        if !self.tracked.contains(packet.ssrc) {
            return self.pass_over(packet.ssrc);
        }
        if packet.now < self.latest {
            return self.handle_stepped_back(*packet, observer);
        }
        self.latest = packet.now;
        self.estimator_now = packet.now;
        let is_untimed = self.estimator.is_untimed_with(packet);
        let report = self.estimator.handle_packet(packet, observer);
        if report.is_none() && is_untimed && Some(packet.now) <= self.timeout {
            self.newest_packet = Some(packet.now);
            return Ok(false);
        }
        self.conclude(packet.now, self.estimator.counts(packet), report)
    }

    #[cold]
    fn pass_over(&mut self, ssrc: Ssrc) -> Result<bool, WriteError> {
        if self.closed || self.unbound.contains(ssrc) { Ok(false) } else { Err(UnboundStream(ssrc).into()) }
    }

    /// A packet earlier than another, or than a timer that ran.
    #[cold]
    fn handle_stepped_back<O: Observer>(
        &mut self,
        packet: PacketArrival,
        observer: &mut O,
    ) -> Result<bool, WriteError> {
        self.scheduler.follow_clock(packet.now);
        let now = self.estimator_now.max(packet.now);
        self.estimator_now = now;
        let report = self.estimator.handle_packet(&PacketArrival { now, ..packet }, observer);
        self.conclude(packet.now, self.estimator.counts(&packet), report)
    }

    #[inline(never)]
    fn conclude(&mut self, now: Timestamp, counts: bool, report: Option<Report>) -> Result<bool, WriteError> {
        // A clock that stepped back takes the newest packet along, lest streams stay active until it is there again.
        self.newest_packet = match counts {
            true => Some(now),
            false => self.newest_packet.map(|newest| newest.min(now)),
        };
        let timeout_before = self.timeout;
        let result = self.send_report(report, now);
        self.note_timeout();
        result.map(|()| report.is_some() || self.timeout != timeout_before)
    }

    /// Runs what is due because of the time alone: the estimator's timer, then the schedule's.
    ///
    /// # Errors
    /// Those of the writer. What was due has run all the same, but for the schedule's timer where the estimator's failed;
    /// that is due still.
    pub fn handle_timeout<O: Observer>(
        &mut self,
        now: Timestamp,
        observer: &mut O,
    ) -> Result<(), WriteError> {
        if self.closed {
            return Ok(());
        }
        self.latest = self.latest.max(now);
        let result = self.run_due(now, observer);
        self.note_timeout();
        result
    }

    fn run_due<O: Observer>(&mut self, now: Timestamp, observer: &mut O) -> Result<(), WriteError> {
        if self.estimator.poll_timeout().is_some_and(|due| due <= now) {
            self.estimator_now = self.estimator_now.max(now);
            let report = self.estimator.handle_timeout(now, observer);
            self.send_report(report, now)?;
        }
        match (self.remb_timeout(), self.estimator.estimate()) {
            (Some(due), Some(estimate)) if due <= now => {
                let bitrate = as_reported(estimate);
                let reason = self.scheduler.due_at_timer(bitrate, now);
                self.send(reason, bitrate, now)
            }
            _ => Ok(()),
        }
    }

    /// When [`Self::handle_timeout`] is next wanted; `None` while nothing can become due by time alone.
    #[inline]
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        self.timeout
    }

    /// After what may change it: a packet that changes nothing else leaves the timer where it is.
    fn note_timeout(&mut self) {
        self.timeout = match (self.estimator.poll_timeout(), self.remb_timeout()) {
            _ if self.closed => None,
            (Some(estimator), Some(remb)) => Some(estimator.min(remb)),
            (one, other) => one.or(other),
        };
    }

    /// `None` without a writer, an estimate, or a stream that would still be active then. What became due while no
    /// stream was active is due once, at the packet that ended the silence.
    fn remb_timeout(&self) -> Option<Timestamp> {
        self.writer.as_ref()?;
        let newest = self.newest_packet?;
        let due = self.scheduler.next_timer(self.bound_at?)?.max(newest);
        self.estimator.estimate()?;
        (due - newest <= self.stream_timeout).then_some(due)
    }

    /// Ends everything; may be called again. Gives the writer back.
    pub fn close(&mut self) -> Option<W> {
        self.closed = true;
        self.timeout = None;
        self.tracked.clear();
        self.writer.take()
    }

    /// The bound writer.
    pub fn writer_mut(&mut self) -> Option<&mut W> {
        self.writer.as_mut()
    }

    /// The estimator, to be asked for its state.
    pub fn estimator(&self) -> &Controller {
        &self.estimator
    }

    /// Sets the round trip time; of samples from RTCP it is made as specification 1.11 has it.
    pub fn set_rtt(&mut self, rtt: TimeDelta) {
        self.estimator.set_rtt(rtt);
    }

    #[inline]
    fn send_report(&mut self, report: Option<Report>, now: Timestamp) -> Result<(), WriteError> {
        match report {
            None => Ok(()),
            Some(report) if self.writer.is_some() => {
                let bitrate = as_reported(report.bitrate);
                let reason = self.scheduler.due_at_report(bitrate, now);
                self.send(reason, bitrate, now)
            }
            _ => Ok(()),
        }
    }

    fn send(&mut self, reason: Option<Reason>, bitrate: Bitrate, now: Timestamp) -> Result<(), WriteError> {
        let (Some(reason), Some(writer)) = (reason, &mut self.writer) else { return Ok(()) };
        self.estimator.list_active(now, &mut self.listed);
        if self.listed.is_empty() {
            self.scheduler.attempted(bitrate, now, false);
            return Ok(());
        }
        if self.listed.len() > MAX_SSRCS {
            self.listed.clear();
        }
        let remb = RembReport { sender_ssrc: self.sender_ssrc, bitrate, ssrcs: &self.listed, reason };
        let result = writer.write(&remb, now);
        self.scheduler.attempted(bitrate, now, result.is_ok());
        result
    }
}

/// An estimate as libwebrtc hands it over, in 32 bits.
fn as_reported(estimate: Bitrate) -> Bitrate {
    Bitrate::from_bps(estimate.to_u32_saturating().into())
}

#[cfg(test)]
mod tests;

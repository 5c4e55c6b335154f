//! The estimator in the stack's time: what is due runs before the packet, each timer at its own time and not at the time
//! when the stack got round to it. So a replay of the same packets gives the same REMBs, if it is told by an SDP what the
//! streams are, as this interceptor is told.

use remb::bwe::{Controller, PacketArrival};
use remb::rtt::{RttSample, RttSamples, RttSource};
use remb::units::{Ssrc, TimeDelta, Timestamp};
use remb::{InterceptorConfig, RembInterceptor};

use crate::outbox::Outbox;

/// Estimator, schedule and round trip time of a connection.
pub(crate) struct Timeline {
    interceptor: RembInterceptor<Outbox>,
    given_rtt: Option<TimeDelta>,
    owner_says_rtt: bool,
    /// `None` before the first packet.
    rtt: Option<RttSource>,
    samples: RttSamples,
    delivered_rtt: Option<TimeDelta>,
    /// Nothing is due before; everything before the first packet.
    next_due: Timestamp,
}

const NEVER: Timestamp = Timestamp::from_micros(i64::MAX);

impl Timeline {
    pub(crate) fn new(config: InterceptorConfig, given_rtt: Option<TimeDelta>) -> Self {
        Self {
            interceptor: RembInterceptor::new_unchecked(config),
            given_rtt,
            owner_says_rtt: false,
            rtt: None,
            samples: RttSamples::default(),
            delivered_rtt: None,
            next_due: Timestamp::from_micros(i64::MIN),
        }
    }

    pub(crate) fn bind(&mut self, ssrc: Ssrc) {
        self.interceptor.bind_remote_stream(ssrc);
    }

    pub(crate) fn unbind(&mut self, ssrc: Ssrc) {
        self.interceptor.unbind_remote_stream(ssrc);
        self.note_next_due();
    }

    pub(crate) fn close(&mut self) {
        self.interceptor.close();
        self.note_next_due();
    }

    /// Whether [`Self::run_next`] has something to do before what happens at `now`.
    #[inline]
    pub(crate) fn is_due(&self, now: Timestamp) -> bool {
        self.next_due <= now
    }

    /// Runs the next timer that is due at or before `now`; `None` when there is none left.
    pub(crate) fn run_next(&mut self, now: Timestamp) -> Option<Timestamp> {
        self.rtt.as_ref()?;
        let due = self.interceptor.poll_timeout().filter(|due| *due <= now);
        self.deliver_rtt(due.unwrap_or(now));
        if let Some(due) = due {
            // A full outbox has counted what it dropped, and the schedule has noted the attempt.
            let _ = self.interceptor.handle_timeout(due, &mut ());
        }
        self.note_next_due();
        due
    }

    /// Takes a packet, once what is due before it has run. `begins`: the first of a stream with media. Whether a REMB may
    /// have been written.
    #[inline]
    pub(crate) fn handle_packet(&mut self, packet: &PacketArrival, begins: bool) -> bool {
        if self.rtt.is_none() {
            self.begin(packet.now);
        }
        let is_news = !matches!(self.interceptor.handle_rtp(packet, &mut ()), Ok(false));
        if let (true, Some(rtt)) = (begins, &mut self.rtt) {
            rtt.add_receiver(packet.now);
        }
        if is_news || begins {
            self.note_next_due();
        }
        is_news
    }

    /// The schedule counts from the first packet.
    #[cold]
    fn begin(&mut self, now: Timestamp) {
        self.interceptor.bind_rtcp_writer(Outbox::default(), now);
        self.rtt = Some(match self.delivered_rtt.filter(|_| self.owner_says_rtt) {
            Some(rtt) => RttSource::Given(rtt, NEVER),
            None => RttSource::new(self.given_rtt, now),
        });
        self.note_next_due();
    }

    /// When time alone has a visible effect.
    pub(crate) fn poll_timeout(&self) -> Option<Timestamp> {
        self.interceptor.poll_timeout()
    }

    /// Takes a round trip time out of RTCP.
    pub(crate) fn add_sample(&mut self, sample: RttSample) {
        self.samples.push(sample);
    }

    /// From now on the owner says the round trip time, and none is delivered by itself.
    #[cold]
    pub(crate) fn set_rtt(&mut self, rtt: TimeDelta) {
        self.owner_says_rtt = true;
        self.rtt = self.rtt.take().map(|_| RttSource::Given(rtt, NEVER));
        self.interceptor.set_rtt(rtt);
        self.delivered_rtt = Some(rtt);
        self.note_next_due();
    }

    /// The round trip time in force; `None` while the estimator takes its default.
    pub(crate) fn rtt(&self) -> Option<TimeDelta> {
        self.delivered_rtt
    }

    pub(crate) fn estimator(&self) -> &Controller {
        self.interceptor.estimator()
    }

    /// Where REMBs wait; `None` before the first packet and after the end.
    pub(crate) fn outbox(&mut self) -> Option<&mut Outbox> {
        self.interceptor.writer_mut()
    }

    /// Of several round trip times that are due the last counts, for nothing is between them.
    fn deliver_rtt(&mut self, now: Timestamp) {
        let delivered = self.rtt.as_mut().and_then(|source| source.run_until(now, &mut self.samples));
        if let Some(rtt) = delivered {
            self.interceptor.set_rtt(rtt);
            self.delivered_rtt = Some(rtt);
        }
    }

    fn note_next_due(&mut self) {
        let rtt_due = self.rtt.as_ref().map(RttSource::next_run);
        let soonest = self.interceptor.poll_timeout().into_iter().chain(rtt_due).min();
        self.next_due = soonest.unwrap_or(self.next_due);
    }
}

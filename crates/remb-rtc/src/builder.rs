//! What an interceptor is made of.

use std::time::{Duration, Instant};

use remb::bwe::EstimatorConfig;
use remb::units::{Ssrc, TimeDelta};
use remb::{InterceptorConfig, InvalidInterval, RembConfig};

use crate::interceptor::RembInterceptor;
use crate::stats::{RembHandle, RembStats};

/// Makes a [`RembInterceptor`]; the defaults are libwebrtc's estimator with one REMB a second and one at once on a fall.
#[derive(Default)]
pub struct RembBuilder {
    pub(crate) config: InterceptorConfig,
    pub(crate) asks_no_rtt: bool,
    pub(crate) rtt: Option<TimeDelta>,
    pub(crate) wall_clock: Option<(Instant, Duration)>,
    pub(crate) handle: RembHandle,
    pub(crate) on_remb: Option<OnRemb>,
}

pub(crate) type OnRemb = Box<dyn FnMut(&RembStats) + Send + Sync>;

impl RembBuilder {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// The schedule: libwebrtc's, another interval, another threshold of a fall.
    #[must_use]
    pub fn with_schedule(mut self, schedule: RembConfig) -> Self {
        self.config.remb = schedule;
        self
    }

    /// The estimator's parameters. Streams without abs-send-time are left out, unless it is told to go by RTP timestamps.
    #[must_use]
    pub fn with_estimator(mut self, estimator: EstimatorConfig) -> Self {
        self.config.estimator = estimator;
        self
    }

    /// The SSRC that REMBs and reference times are sent with; 1 is a receiver's convention.
    #[must_use]
    pub fn with_sender_ssrc(mut self, ssrc: u32) -> Self {
        self.config.sender_ssrc = Ssrc(ssrc);
        self
    }

    /// Whether the peer is asked for the round trip time by a reference time a second (RRTR, RFC 3611); it is by default.
    /// Without, it is known only where we send media too, or by [`RembHandle::set_rtt`].
    #[must_use]
    pub fn with_rrtr(mut self, asks: bool) -> Self {
        self.asks_no_rtt = !asks;
        self
    }

    /// The round trip time, where it is known: in force a second after the first packet. None is then taken out of RTCP.
    #[must_use]
    pub fn with_rtt(mut self, rtt: Duration) -> Self {
        self.rtt = Some(TimeDelta::from_micros(i64::try_from(rtt.as_micros()).unwrap_or(i64::MAX)));
        self
    }

    /// Which time it was at an instant, since the Unix epoch. Reference times then show it, and the estimator's time is that
    /// of a capture made on this machine. Without, time begins at 0 with the first packet; no estimate hangs on it.
    #[must_use]
    pub fn with_wall_clock(mut self, at: Instant, since_unix_epoch: Duration) -> Self {
        self.wall_clock = Some((at, since_unix_epoch));
        self
    }

    /// What is called at each REMB, by the thread that drives the connection: it is to be quick.
    #[must_use]
    pub fn on_remb(mut self, each: impl FnMut(&RembStats) + Send + Sync + 'static) -> Self {
        self.on_remb = Some(Box::new(each));
        self
    }

    /// A hand on the interceptor, to be kept: [`Self::build`] gives it to the stack.
    pub fn handle(&self) -> RembHandle {
        self.handle.clone()
    }

    /// The interceptor.
    ///
    /// # Errors
    /// A REMB interval that is none.
    pub fn build(self) -> Result<RembInterceptor, InvalidInterval> {
        self.config.remb.validate()?;
        Ok(RembInterceptor::new(self))
    }
}

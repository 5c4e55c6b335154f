//! What the application is told, and may say.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use remb::Reason;
use remb::bwe::BandwidthUsage;
use remb::units::{Bitrate, TimeDelta};

/// The connection as it was when a REMB was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct RembStats {
    /// When the REMB was due; a stack that is late with its timers sends it later.
    pub at: Instant,
    /// The estimate, before the message rounds it down to 18 significant bits.
    pub estimate: Bitrate,
    /// Why the REMB was sent then.
    pub reason: Reason,
    /// Streams that it lists.
    pub streams: usize,
    /// What arrived in the second before; `None` where there was too little to tell.
    pub incoming: Option<Bitrate>,
    /// The link's state.
    pub usage: BandwidthUsage,
    /// The round trip time in force; `None` while none is known, and the estimator's default counts (200 ms).
    pub rtt: Option<TimeDelta>,
    /// REMBs sent so far, this one among them.
    pub sent: u64,
    /// Messages that were dropped, for the chain did not fetch them.
    pub dropped: u64,
}

/// A hand on an interceptor that the stack owns. All clones are of the same one.
#[derive(Debug, Clone, Default)]
pub struct RembHandle {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    last: Mutex<Option<RembStats>>,
    /// Microseconds; [`NOT_GIVEN`] before one was.
    rtt: AtomicI64,
}

const NOT_GIVEN: i64 = -1;

impl Default for Shared {
    fn default() -> Self {
        Self { last: Mutex::new(None), rtt: AtomicI64::new(NOT_GIVEN) }
    }
}

impl RembHandle {
    /// The connection as it was at the last REMB; `None` before the first.
    pub fn stats(&self) -> Option<RembStats> {
        *self.shared.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets the round trip time, for who knows it better than RTCP does (from STUN, say): in force at the next packet or
    /// timer, and from then on none is taken out of RTCP.
    pub fn set_rtt(&self, rtt: Duration) {
        let micros = i64::try_from(rtt.as_micros()).unwrap_or(i64::MAX);
        self.shared.rtt.store(micros, Ordering::Relaxed);
    }

    pub(crate) fn set_stats(&self, stats: RembStats) {
        *self.shared.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(stats);
    }

    #[inline]
    pub(crate) fn rtt(&self) -> Option<TimeDelta> {
        let micros = self.shared.rtt.load(Ordering::Relaxed);
        (micros != NOT_GIVEN).then_some(TimeDelta::from_micros(micros))
    }
}

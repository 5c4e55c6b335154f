//! What the application is told, and may say.

use std::sync::atomic::{AtomicU64, Ordering};
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

#[derive(Debug, Default)]
struct Shared {
    last: Mutex<Option<RembStats>>,
    /// How often one was said, and below in 32 bits the last one, microseconds.
    rtt: AtomicU64,
}

impl RembHandle {
    /// The connection as it was at the last REMB; `None` before the first.
    pub fn stats(&self) -> Option<RembStats> {
        *self.shared.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets the round trip time, for who knows it better than RTCP does (from STUN, say): in force from the next packet or
    /// timer on, and none is taken out of RTCP any more. To be said once a second or so: an estimator that begins anew, for
    /// abs-send-time is gone or is back, knows none.
    pub fn set_rtt(&self, rtt: Duration) {
        let micros = u64::from(u32::try_from(rtt.as_micros()).unwrap_or(u32::MAX));
        let say = |said: u64| Some(((said >> 32).wrapping_add(1) << 32) | micros);
        let _ = self.shared.rtt.fetch_update(Ordering::Relaxed, Ordering::Relaxed, say);
    }

    pub(crate) fn set_stats(&self, stats: RembStats) {
        *self.shared.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(stats);
    }

    /// A round trip time that was said since `heard`, which is 0 at first.
    #[inline]
    pub(crate) fn rtt_since(&self, heard: &mut u64) -> Option<TimeDelta> {
        let said = self.shared.rtt.load(Ordering::Relaxed);
        (std::mem::replace(heard, said) != said).then_some(TimeDelta::from_micros(i64::from(said as u32)))
    }
}

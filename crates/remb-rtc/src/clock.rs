//! The stack's clock and the estimator's.

use std::time::{Duration, Instant};

use remb::rtt::NtpTime;
use remb::units::Timestamp;

/// Which time an instant is: the estimator counts in microseconds, RTCP in NTP time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    base: Instant,
    /// What it is at `base`, since the Unix epoch.
    base_nanos: i64,
}

impl Clock {
    pub(crate) fn new(base: Instant, since_unix_epoch: Duration) -> Self {
        Self { base, base_nanos: to_nanos(since_unix_epoch) }
    }

    fn unix_nanos(&self, at: Instant) -> i64 {
        match at.checked_duration_since(self.base) {
            Some(after) => self.base_nanos.saturating_add(to_nanos(after)),
            None => self.base_nanos.saturating_sub(to_nanos(self.base.saturating_duration_since(at))),
        }
    }

    /// In whole microseconds, the rest cut off.
    pub(crate) fn timestamp(&self, at: Instant) -> Timestamp {
        Timestamp::from_nanos(self.unix_nanos(at))
    }

    pub(crate) fn ntp(&self, at: Instant) -> NtpTime {
        NtpTime::at_unix_nanos(self.unix_nanos(at))
    }

    /// The instant of whole microseconds; `None` beyond what the machine's clock can show.
    pub(crate) fn instant(&self, at: Timestamp) -> Option<Instant> {
        let after = at.as_micros().checked_mul(1000)?.checked_sub(self.base_nanos)?;
        let distance = Duration::from_nanos(after.unsigned_abs());
        if after < 0 { self.base.checked_sub(distance) } else { self.base.checked_add(distance) }
    }
}

fn to_nanos(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "any instant will do, and this is how to get one")]
    fn a_timer_is_due_at_its_microsecond_and_not_before() {
        let base = Instant::now() + Duration::from_secs(5);
        let clock = Clock::new(base, Duration::from_nanos(1_700_000_000_123_456_789));
        assert_eq!(clock.timestamp(base), Timestamp::from_micros(1_700_000_000_123_456));
        for micros in [1_700_000_000_123_457, 1_700_000_000_123_000, 1_700_000_009_000_000] {
            let due = clock.instant(Timestamp::from_micros(micros)).unwrap();
            assert_eq!(clock.timestamp(due), Timestamp::from_micros(micros));
            assert_eq!(clock.timestamp(due - Duration::from_nanos(1)), Timestamp::from_micros(micros - 1));
        }
        assert_eq!(clock.instant(Timestamp::from_micros(i64::MAX)), None);
    }
}

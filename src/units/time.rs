//! Capture time: nanoseconds, as captures have them.

use super::Timestamp;

/// The instant a frame was captured: signed nanoseconds since the Unix epoch.
///
/// The estimator's clock is [`CaptureTime::to_timestamp`]; outputs keep the nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct CaptureTime(i64);

impl CaptureTime {
    /// The largest magnitude accepted, nanoseconds: 146 years, so that the span between any two times is one too. A pcap
    /// ends in 2106.
    pub const MAX_NANOS: i64 = i64::MAX / 2;

    /// After all times of captures.
    pub const NEVER: Self = Self(i64::MAX);

    /// From nanoseconds since the Unix epoch; `None` outside the range of [`Self::MAX_NANOS`].
    pub fn from_nanos(nanos: i128) -> Option<Self> {
        let nanos = i64::try_from(nanos).ok()?;
        (-Self::MAX_NANOS..=Self::MAX_NANOS).contains(&nanos).then_some(Self(nanos))
    }

    /// From whole seconds since the Unix epoch and a fraction in units of so many nanoseconds; always in range.
    pub const fn from_unix(seconds: u32, fraction: u32, nanos_per_unit: u16) -> Self {
        Self(seconds as i64 * 1_000_000_000 + fraction as i64 * nanos_per_unit as i64)
    }

    /// Nanoseconds since the Unix epoch.
    pub const fn as_nanos(self) -> i64 {
        self.0
    }

    /// So many nanoseconds later, within [`Self::MAX_NANOS`].
    pub const fn saturating_add_nanos(self, nanos: i64) -> Self {
        let sum = self.0.saturating_add(nanos);
        Self(if sum > Self::MAX_NANOS {
            Self::MAX_NANOS
        } else if sum < -Self::MAX_NANOS {
            -Self::MAX_NANOS
        } else {
            sum
        })
    }

    /// Nanoseconds from `earlier` to here; exact between times of captures.
    pub const fn nanos_since(self, earlier: Self) -> i64 {
        self.0.wrapping_sub(earlier.0)
    }

    /// The estimator's time: whole microseconds, the rest cut off.
    #[inline]
    pub const fn to_timestamp(self) -> Timestamp {
        Timestamp::from_nanos(self.0)
    }
}

impl From<Timestamp> for CaptureTime {
    fn from(at: Timestamp) -> Self {
        Self(at.as_micros().saturating_mul(1000))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capture_time_truncates_to_microseconds_and_refuses_absurd_values() {
        let at = CaptureTime::from_nanos(1_999).map(CaptureTime::to_timestamp);
        assert_eq!(at, Some(Timestamp::from_micros(1)));
        assert_eq!(CaptureTime::from_nanos(i128::from(u64::MAX) * 1_000_000_000), None);
    }
}

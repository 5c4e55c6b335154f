//! Integer time: microseconds inside the estimator, nanoseconds at the capture's edge.

use std::ops::{Add, Sub};

/// A point in time: signed microseconds since an epoch of the caller's choice (the tool's is Unix's).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(i64);

impl Timestamp {
    /// From microseconds since the epoch. Accepted range: below 2⁵³ in magnitude.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// From whole milliseconds since the epoch.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis * 1000)
    }

    /// Microseconds since the epoch.
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// Nearest millisecond, halves towards the future: ⌊(t + 500) / 1000⌋ (specification 0.4).
    #[inline]
    pub const fn to_millis(self) -> i64 {
        floor_thousandth(self.0 + 500)
    }
}

impl Add<TimeDelta> for Timestamp {
    type Output = Self;

    fn add(self, delta: TimeDelta) -> Self {
        Self(self.0.saturating_add(delta.0))
    }
}

impl Sub<TimeDelta> for Timestamp {
    type Output = Self;

    fn sub(self, delta: TimeDelta) -> Self {
        Self(self.0.saturating_sub(delta.0))
    }
}

impl Sub for Timestamp {
    type Output = TimeDelta;

    /// Exact in the accepted range.
    #[inline]
    fn sub(self, earlier: Self) -> TimeDelta {
        TimeDelta(self.0.wrapping_sub(earlier.0))
    }
}

/// A signed span of time in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct TimeDelta(i64);

impl TimeDelta {
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// From microseconds.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// From milliseconds.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis * 1000)
    }

    /// From seconds.
    pub const fn from_secs(secs: i64) -> Self {
        Self(secs * 1_000_000)
    }

    /// Microseconds.
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// Nearest millisecond, halves up (specification 0.4).
    pub const fn to_millis(self) -> i64 {
        (self.0 + 500).div_euclid(1000)
    }

    /// Seconds, by multiplication with 10⁻⁶ and not by division (specification 0.4, 13.1 item 1).
    pub const fn to_secs_f64(self) -> f64 {
        self.0 as f64 * (1.0 / 1_000_000.0)
    }

    /// Twice, three times … as long.
    pub const fn times(self, factor: i64) -> Self {
        Self(self.0.saturating_mul(factor))
    }
}

impl Add for TimeDelta {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sub for TimeDelta {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

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
        Timestamp(floor_thousandth(self.0))
    }
}

impl From<Timestamp> for CaptureTime {
    fn from(at: Timestamp) -> Self {
        Self(at.0.saturating_mul(1000))
    }
}

/// ⌊value / 1000⌋: unsigned division is cheaper, and most times are after the epoch.
#[inline]
const fn floor_thousandth(value: i64) -> i64 {
    match value {
        0.. => (value.unsigned_abs() / 1000).cast_signed(),
        _ => value.div_euclid(1000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn milliseconds_round_to_nearest_with_halves_up() {
        for (micros, millis) in [(499, 0), (500, 1), (1499, 1), (1500, 2), (-500, 0), (-501, -1), (-1500, -1)]
        {
            assert_eq!(Timestamp::from_micros(micros).to_millis(), millis, "{micros} µs");
            assert_eq!(TimeDelta::from_micros(micros).to_millis(), millis, "{micros} µs");
        }
    }

    #[test]
    fn seconds_are_a_product_not_a_quotient() {
        assert_eq!(TimeDelta::from_millis(200).to_secs_f64(), 0.199_999_999_999_999_98);
    }

    #[test]
    fn capture_time_truncates_to_microseconds_and_refuses_absurd_values() {
        let at = CaptureTime::from_nanos(1_999).map(CaptureTime::to_timestamp);
        assert_eq!(at, Some(Timestamp::from_micros(1)));
        assert_eq!(CaptureTime::from_nanos(i128::from(u64::MAX) * 1_000_000_000), None);
    }
}

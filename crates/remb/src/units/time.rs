//! Integer time in microseconds.

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

    /// From nanoseconds since the epoch: whole microseconds, the rest cut off.
    #[inline]
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(floor_thousandth(nanos))
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
}

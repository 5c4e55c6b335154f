//! Bit rates and sizes; only rate × time, size / time and rate × real compile.

use super::TimeDelta;

const MICROBITS_PER_BYTE: i64 = 8_000_000;

/// A number of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct DataSize(i64);

impl DataSize {
    /// From bytes.
    pub const fn from_bytes(bytes: i64) -> Self {
        Self(bytes)
    }

    /// Bytes.
    pub const fn as_bytes(self) -> i64 {
        self.0
    }

    /// The rate that moves this size in `duration`: trunc(bytes × 8 000 000 / µs), `None` for no time at all.
    pub const fn per(self, duration: TimeDelta) -> Option<Bitrate> {
        match (self.0.saturating_mul(MICROBITS_PER_BYTE)).checked_div(duration.as_micros()) {
            Some(bps) => Some(Bitrate(bps)),
            None => None,
        }
    }

    /// The time this size takes at `rate`: trunc(bytes × 8 000 000 / (bit/s)) µs, `None` at a rate of zero.
    pub const fn duration_at(self, rate: Bitrate) -> Option<TimeDelta> {
        match (self.0.saturating_mul(MICROBITS_PER_BYTE)).checked_div(rate.0) {
            Some(micros) => Some(TimeDelta::from_micros(micros)),
            None => None,
        }
    }
}

/// A bit rate in bit/s.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Bitrate(i64);

impl Bitrate {
    /// From bit/s.
    pub const fn from_bps(bps: i64) -> Self {
        Self(bps)
    }

    /// From real kbit/s, towards zero: trunc(kbit/s × 1000).
    pub const fn from_kbps_f64(kbps: f64) -> Self {
        Self((kbps * 1000.0) as i64)
    }

    /// bit/s.
    pub const fn as_bps(self) -> i64 {
        self.0
    }

    /// Whole kbit/s, nearest, halves up.
    pub const fn to_kbps(self) -> i64 {
        (self.0 + 500).div_euclid(1000)
    }

    /// As reported to an observer: 32 bits, saturated.
    pub fn to_u32_saturating(self) -> u32 {
        u32::try_from(self.0.max(0)).unwrap_or(u32::MAX)
    }

    /// near(rate × real): nearest, halves away from zero.
    pub fn scaled(self, factor: f64) -> Self {
        Self(libm::round(self.0 as f64 * factor) as i64)
    }

    /// What this rate moves in `duration`: (bit/s × µs + 4 000 000) / 8 000 000 bytes.
    pub const fn size_in(self, duration: TimeDelta) -> DataSize {
        let microbits = self.0.saturating_mul(duration.as_micros());
        DataSize(microbits.saturating_add(MICROBITS_PER_BYTE / 2) / MICROBITS_PER_BYTE)
    }

    /// The sum, saturated.
    pub const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// The difference, saturated; may be negative.
    pub const fn minus(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_times_a_real_rounds_to_nearest() {
        assert_eq!(Bitrate::from_bps(515_001).scaled(0.85), Bitrate::from_bps(437_751));
        assert_eq!(Bitrate::from_bps(1).scaled(0.5), Bitrate::from_bps(1));
    }

    #[test]
    fn a_size_over_a_time_is_cut_towards_zero() {
        let rate = DataSize::from_bytes(1000).per(TimeDelta::from_micros(9_999));
        assert_eq!(rate, Some(Bitrate::from_bps(800_080)));
        assert_eq!(DataSize::from_bytes(1000).per(TimeDelta::ZERO), None);
    }

    #[test]
    fn kilobits_round_halves_up() {
        assert_eq!(Bitrate::from_bps(1_499).to_kbps(), 1);
        assert_eq!(Bitrate::from_bps(1_500).to_kbps(), 2);
    }
}

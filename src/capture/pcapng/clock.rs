//! Time stamps of any resolution, binary or decimal, to nanoseconds.

use crate::units::{CaptureTime, Timestamp};

/// Units of an interface's time stamps, and what is added to them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Clock {
    pub(super) units_per_second: Resolution,
    pub(super) offset_seconds: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Resolution {
    PowerOfTen(u8),
    PowerOfTwo(u8),
}

impl Clock {
    /// Whole nanoseconds, the rest cut off.
    #[inline]
    pub(super) fn to_capture_time(self, stamp: u64) -> Option<CaptureTime> {
        if let Self { units_per_second: Resolution::PowerOfTen(6), offset_seconds: 0 } = self
            && stamp < 1 << 53
        {
            return Some(CaptureTime::from(Timestamp::from_micros(stamp.cast_signed())));
        }
        self.to_capture_time_in_full(stamp)
    }

    fn to_capture_time_in_full(self, stamp: u64) -> Option<CaptureTime> {
        let nanos = match self.units_per_second {
            Resolution::PowerOfTen(digits) if digits <= 9 => {
                i128::from(stamp) * i128::from(10_u32.pow(u32::from(9 - digits)))
            }
            Resolution::PowerOfTen(digits) => match 10_u64.checked_pow(u32::from(digits) - 9) {
                Some(divisor) => i128::from(stamp / divisor),
                None => 0,
            },
            Resolution::PowerOfTwo(bits) => {
                // 2⁶⁴ · 10⁹ fits into 94 bits; a finer clock than 2⁻⁹⁴ s has no nanoseconds at all.
                (i128::from(stamp) * 1_000_000_000).checked_shr(u32::from(bits)).unwrap_or(0)
            }
        };
        CaptureTime::from_nanos(nanos + i128::from(self.offset_seconds) * 1_000_000_000)
    }

    pub(super) fn is_finer_than_microseconds(self) -> bool {
        match self.units_per_second {
            Resolution::PowerOfTen(digits) => digits > 6,
            Resolution::PowerOfTwo(bits) => bits > 20,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nanos(units_per_second: Resolution, offset_seconds: i64, stamp: u64) -> Option<i64> {
        Clock { units_per_second, offset_seconds }.to_capture_time(stamp).map(CaptureTime::as_nanos)
    }

    #[test]
    fn every_resolution_comes_to_nanoseconds() {
        assert_eq!(nanos(Resolution::PowerOfTen(6), 0, 1_500_000), Some(1_500_000_000));
        assert_eq!(nanos(Resolution::PowerOfTen(9), 0, 7), Some(7));
        assert_eq!(nanos(Resolution::PowerOfTen(0), 0, 2), Some(2_000_000_000));
        assert_eq!(nanos(Resolution::PowerOfTen(12), 0, 7_999), Some(7));
        assert_eq!(nanos(Resolution::PowerOfTen(127), 0, u64::MAX), Some(0));
        assert_eq!(nanos(Resolution::PowerOfTwo(8), 0, 384), Some(1_500_000_000));
        assert_eq!(nanos(Resolution::PowerOfTwo(32), 0, 3 << 31), Some(1_500_000_000));
        assert_eq!(nanos(Resolution::PowerOfTwo(127), 0, u64::MAX), Some(0));
    }

    #[test]
    fn an_offset_may_be_negative_and_absurd_times_are_refused() {
        assert_eq!(nanos(Resolution::PowerOfTen(6), -1, 1_500_000), Some(500_000_000));
        assert_eq!(nanos(Resolution::PowerOfTen(0), 0, u64::MAX), None);
        assert_eq!(nanos(Resolution::PowerOfTen(6), i64::MAX, 0), None);
    }
}

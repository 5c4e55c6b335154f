//! NTP time stamps as RTCP carries them (RFC 3550 section 4): 64 bits, and their middle 32.
//!
//! Seconds since 1900 run over in 2036; all arithmetic here is modulo that era, so nothing happens then.

/// Seconds since 1900 modulo 2³², with a fraction in units of 2⁻³² s.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct NtpTime(pub u64);

/// The middle 32 bits of an [`NtpTime`]: units of 2⁻¹⁶ s, modulo 18.2 hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MiddleNtp(pub u32);

/// From 1 January 1900 to 1 January 1970.
const UNIX_EPOCH_SECS: i64 = 2_208_988_800;
const NANOS_PER_SEC: i64 = 1_000_000_000;

impl NtpTime {
    /// What a clock shows so many nanoseconds after the Unix epoch, rounded down.
    pub const fn at_unix_nanos(nanos: i64) -> Self {
        let secs = nanos.div_euclid(NANOS_PER_SEC).wrapping_add(UNIX_EPOCH_SECS).cast_unsigned();
        let fraction = ((nanos.rem_euclid(NANOS_PER_SEC) << 32) / NANOS_PER_SEC).cast_unsigned();
        Self(secs << 32 | fraction)
    }

    /// The middle 32 bits, as in LSR and LRR.
    pub const fn middle(self) -> MiddleNtp {
        let [_, _, s0, s1, f0, f1, _, _] = self.0.to_be_bytes();
        MiddleNtp(u32::from_be_bytes([s0, s1, f0, f1]))
    }

    /// From `earlier` to here in units of 2⁻³² s, the shorter way round.
    pub const fn units_since(self, earlier: Self) -> i64 {
        self.0.wrapping_sub(earlier.0).cast_signed()
    }

    /// Later by so many units of 2⁻³² s.
    pub const fn plus_units(self, units: i64) -> Self {
        Self(self.0.wrapping_add_signed(units))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(nanos: i64) -> NtpTime {
        NtpTime::at_unix_nanos(nanos)
    }

    #[test]
    fn unix_time_becomes_seconds_since_1900() {
        assert_eq!(at(0), NtpTime(2_208_988_800 << 32));
        assert_eq!(at(1_500_000_000), NtpTime(2_208_988_801 << 32 | 1 << 31));
        assert_eq!(at(-1), NtpTime(2_208_988_799 << 32 | 0xffff_fffb), "4.29 units before the full second");
        assert_eq!(at(0).middle(), MiddleNtp(0x7e80_0000), "2,208,988,800 is 0x83aa7e80");
    }

    #[test]
    fn the_era_ends_in_2036_and_nothing_happens() {
        let last = at(2_085_978_495_999_000_000);
        let first = at(2_085_978_496_001_000_000);
        assert_eq!(last.0 >> 32, 0xffff_ffff);
        assert_eq!(first.0 >> 32, 0);
        assert_eq!(first.units_since(last), 8_589_935, "2 ms are 8,589,934.6");
        assert_eq!(last.plus_units(first.units_since(last)), first);
        assert_eq!(first.plus_units(last.units_since(first)), last);
    }

    #[test]
    fn the_farthest_times_are_taken() {
        for nanos in [i64::MAX, i64::MIN] {
            assert_eq!(at(nanos).units_since(at(nanos)), 0);
        }
    }
}

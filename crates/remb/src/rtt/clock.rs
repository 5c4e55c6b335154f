//! From a time stamp that came back to a round trip time.

use super::ntp::{MiddleNtp, NtpTime};
use crate::units::{Ssrc, TimeDelta};

/// A time stamp sent back to who made it: LSR and DLSR of a report block, LRR and DLRR of a DLRR sub-block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Echo {
    /// Whose time stamp it is.
    pub ssrc: Ssrc,
    /// The time stamp.
    pub request: MiddleNtp,
    /// How long it waited for this answer, in units of 2⁻¹⁶ s.
    pub held: u32,
}

impl Echo {
    /// Of the three words as they are on the wire; `None` where the time stamp is 0, for none was received.
    pub fn new(ssrc: Ssrc, request: u32, held: u32) -> Option<Self> {
        (request != 0).then_some(Self { ssrc, request: MiddleNtp(request), held })
    }
}

/// Holds answers against the clock of their arrival, put forward by the most that the asker's own time stamps were ahead
/// of it when they were sent.
#[derive(Debug, Clone, Copy, Default)]
pub struct RttClock {
    /// The asker's clock less that of the arrivals, in units of 2⁻³² s.
    ahead: Option<i64>,
}

/// Both limits are outside what is taken.
const TOO_SHORT_MS: i64 = -20;
const TOO_LONG_MS: i64 = 10_000;

impl RttClock {
    /// Takes a time stamp that is to come back, sent at `at`.
    pub fn note_request(&mut self, request: NtpTime, at: NtpTime) {
        let ahead = request.units_since(at);
        // The difference is the shorter way round too: which of two is greater does not hang on the era.
        if self.ahead.is_none_or(|most| ahead.wrapping_sub(most) > 0) {
            self.ahead = Some(ahead);
        }
    }

    /// The round trip that an answer ended which arrived at `at`: whole milliseconds, at least one. `None` for an
    /// impossible one, of at most −20 ms or at least 10 s.
    pub fn round_trip(&self, echo: Echo, at: NtpTime) -> Option<TimeDelta> {
        let arrived = at.plus_units(self.ahead.unwrap_or(0)).middle();
        let units = arrived.0.wrapping_sub(echo.request.0).wrapping_sub(echo.held).cast_signed();
        let ms_65536ths = i64::from(units) * 1000;
        if ms_65536ths <= TOO_SHORT_MS << 16 || ms_65536ths >= TOO_LONG_MS << 16 {
            return None;
        }
        let nearest_ms = (ms_65536ths + (1 << 15)) >> 16;
        Some(TimeDelta::from_millis(nearest_ms.max(1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SENT: NtpTime = NtpTime(0xfae0_1280 << 32);

    fn echo(held: u32) -> Echo {
        Echo { ssrc: Ssrc(1), request: SENT.middle(), held }
    }

    fn rtt(clock: &RttClock, held: u32, after_units: i64) -> Option<i64> {
        clock.round_trip(echo(held), SENT.plus_units(after_units << 16)).map(TimeDelta::to_millis)
    }

    /// In units of 2⁻¹⁶ s: 65,536 are a second, 4,096 are 62.5 ms.
    #[test]
    fn a_round_trip_is_arrival_less_request_less_what_it_was_held() {
        let clock = RttClock::default();
        assert_eq!(rtt(&clock, 32_768, 39_322), Some(100));
        for (units, ms) in [(4095, Some(62)), (4096, Some(63)), (0, Some(1)), (-1310, Some(1)), (-1311, None)]
        {
            assert_eq!(rtt(&clock, 65_536, 65_536 + units), ms, "{units} units");
        }
        assert_eq!((rtt(&clock, 0, 655_359), rtt(&clock, 0, 655_360)), (Some(10_000), None));
        assert_eq!(Echo::new(Ssrc(1), 0, 5), None, "a time stamp of 0 is none");
    }

    #[test]
    fn the_askers_clock_is_the_farthest_ahead_that_its_time_stamps_showed() {
        let mut clock = RttClock::default();
        clock.note_request(SENT, SENT.plus_units(3 << 32));
        assert_eq!(rtt(&clock, 0, 4 * 65_536), Some(1000));
        clock.note_request(SENT, SENT.plus_units(2 << 32));
        clock.note_request(SENT, SENT.plus_units(5 << 32));
        assert_eq!(rtt(&clock, 0, 4 * 65_536), Some(2000), "what was late under way shows less");
    }
}

//! The sender's clock, as abs-send-time shows it, without its wrap (specification 1.5).

use crate::units::{AbsSendTime, CaptureTime};

/// Unwraps abs-send-times to nanoseconds since the first of them.
///
/// The 64 s wrap is resolved with the capture's clock: of all readings of a value, the one whose step from the last
/// value is nearest to the capture's step. Late packets thus step back, and a pause of an hour counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SendClock {
    last: Option<Reading>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Reading {
    raw: AbsSendTime,
    at: CaptureTime,
    units: i64,
}

const WRAP: i64 = 1 << 24;

impl SendClock {
    /// No packet seen.
    pub const fn new() -> Self {
        Self { last: None }
    }

    /// The send time of a packet captured `at`, in nanoseconds since the first packet's send time.
    #[inline(always)]
    pub fn observe(&mut self, raw: AbsSendTime, at: CaptureTime) -> i64 {
        let units = match self.last {
            Some(last) => last.units.wrapping_add(units_between(last, raw, at)),
            None => 0,
        };
        self.last = Some(Reading { raw, at, units });
        units_to_nanos(units)
    }
}

#[inline(always)]
fn units_between(last: Reading, raw: AbsSendTime, at: CaptureTime) -> i64 {
    let forward = i64::from(raw.units_since(last.raw));
    let captured_nanos = at.nanos_since(last.at);
    // Both steps are short: they are less than half a wrap apart.
    if forward < WRAP / 4 && (0..AbsSendTime::WRAP_NANOS / 4).contains(&captured_nanos) {
        return forward;
    }
    let captured = nanos_to_units(captured_nanos);
    let wraps = (captured.saturating_sub(forward).saturating_add(WRAP / 2)).div_euclid(WRAP);
    forward.saturating_add(wraps.saturating_mul(WRAP))
}

/// The step from `earlier` to `later` the shorter way round, in nanoseconds: −32 s to 32 s.
pub(crate) fn signed_step_nanos(later: AbsSendTime, earlier: AbsSendTime) -> i64 {
    let forward = i64::from(later.units_since(earlier));
    units_to_nanos(if forward >= WRAP / 2 { forward - WRAP } else { forward })
}

/// Wraps for spans that no capture has.
fn units_to_nanos(units: i64) -> i64 {
    let (seconds, rest) = (units >> 18, units & ((1 << 18) - 1));
    seconds.wrapping_mul(1_000_000_000).wrapping_add((rest * 1_000_000_000) >> 18)
}

fn nanos_to_units(nanos: i64) -> i64 {
    const NANOS: i64 = 1_000_000_000;
    (nanos.div_euclid(NANOS) << 18) + (nanos.rem_euclid(NANOS) << 18) / NANOS
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secs(secs: f64) -> CaptureTime {
        CaptureTime::from_nanos((secs * 1e9) as i128).unwrap()
    }

    fn raw(secs: f64) -> AbsSendTime {
        AbsSendTime::from_raw(((secs.rem_euclid(64.0)) * f64::from(1 << 18)) as u32)
    }

    #[test]
    fn it_runs_on_over_wraps_pauses_and_late_packets() {
        let mut clock = SendClock::default();
        assert_eq!(clock.observe(raw(63.5), secs(1000.0)), 0);
        for (sent, captured) in
            [(64.5, 1001.2), (64.25, 1001.3), (100.0, 1036.5), (163.5, 1100.5), (4000.0, 4936.7)]
        {
            let nanos = clock.observe(raw(sent), secs(captured));
            assert!((nanos as f64 / 1e9 - (sent - 63.5)).abs() < 1e-5, "sent {sent}: {nanos}");
        }
    }

    #[test]
    fn it_survives_a_capture_clock_that_jumps() {
        let mut clock = SendClock::default();
        for at in [0, i128::from(CaptureTime::MAX_NANOS), -i128::from(CaptureTime::MAX_NANOS), 0] {
            clock.observe(AbsSendTime::from_raw(5), CaptureTime::from_nanos(at).unwrap());
        }
    }

    #[test]
    fn steps_go_the_shorter_way_round() {
        assert_eq!(
            signed_step_nanos(AbsSendTime::from_raw(0), AbsSendTime::from_raw(0xfc_0000)),
            1_000_000_000
        );
        assert_eq!(
            signed_step_nanos(AbsSendTime::from_raw(0xfc_0000), AbsSendTime::from_raw(0)),
            -1_000_000_000
        );
    }
}

//! How coarse the capture's clock is: the time that all steps from frame to frame are multiples of.

use crate::units::{CaptureTime, TimeDelta};

/// Follows the clock until it has shown itself to be fine, which a few frames do.
#[derive(Debug, Clone, Default)]
pub(super) struct ClockGrain {
    last: Option<CaptureTime>,
    is_fine: bool,
    /// In microseconds; zero before the first step.
    grain: u64,
    /// Steps since it was last found to be less.
    steps: u32,
    /// Bit n: a step of n + 1 grains was seen since then. Packets that are sent evenly are no coarse clock.
    multiples: u64,
}

/// Finer clocks do no harm.
const FINE_MICROS: u64 = 998;
/// Longer steps tell nothing, for the grain is not known to the nanosecond.
const MAX_MULTIPLE: u64 = 64;
const MIN_STEPS: u32 = 50;
const MIN_MULTIPLES: u32 = 2;

impl ClockGrain {
    #[inline(always)]
    pub(super) fn observe(&mut self, at: CaptureTime) {
        if !self.is_fine {
            self.step(at);
        }
    }

    #[cold]
    fn step(&mut self, at: CaptureTime) {
        let Some(last) = self.last.replace(at) else { return };
        let step = at.nanos_since(last).unsigned_abs().saturating_add(500) / 1000;
        match self.grain {
            _ if step == 0 => {}
            0 => self.grain = step,
            grain if step / grain > MAX_MULTIPLE => {}
            grain => self.take(step, grain),
        }
    }

    fn take(&mut self, step: u64, grain: u64) {
        let common = common_measure(grain, step);
        if common != grain {
            (self.grain, self.steps, self.multiples) = (common, 0, 0);
            self.is_fine = common < FINE_MICROS;
            return;
        }
        self.steps = self.steps.saturating_add(1);
        let multiple = (step + grain / 2) / grain;
        self.multiples |= 1_u64.checked_shl(multiple.saturating_sub(1) as u32).unwrap_or(0);
    }

    /// The grain, if it is a millisecond or more.
    pub(super) fn found(&self) -> Option<TimeDelta> {
        let is_clear = self.steps >= MIN_STEPS && self.multiples.count_ones() >= MIN_MULTIPLES;
        let grain = i64::try_from(self.grain).ok().filter(|_| is_clear && !self.is_fine)?;
        Some(TimeDelta::from_micros(grain))
    }
}

/// Euclid's, of times that are rounded and of a clock whose ticks are no whole microseconds.
fn common_measure(one: u64, other: u64) -> u64 {
    let (mut larger, mut smaller) = (one.max(other), one.min(other));
    while smaller > 0 && larger >= FINE_MICROS {
        let multiple = larger / smaller;
        let rest = larger % smaller;
        let rest = rest.min(smaller - rest);
        let is_rounding = rest <= (2 + multiple / 2).min(smaller / 100);
        (larger, smaller) = (smaller, if is_rounding { 0 } else { rest });
    }
    larger
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The grain in microseconds of frames every 22 ms or so, with times cut by a clock.
    fn grain(cut: impl Fn(f64) -> f64) -> Option<i64> {
        let (mut grain, mut ms) = (ClockGrain::default(), 1_700_000_000_123.456);
        for n in 0..500_u32 {
            ms += 0.011 + f64::from(n * 7919 % 4463) / 100.0;
            grain.observe(CaptureTime::from_nanos((cut(ms) * 1000.0).round() as i128 * 1000).unwrap());
        }
        grain.found().map(TimeDelta::as_micros)
    }

    fn ticks(ms: f64) -> impl Fn(f64) -> f64 {
        move |at| (at / ms).floor() * ms
    }

    #[test]
    fn the_grain_of_a_coarse_clock_is_found() {
        for ms in [1.0, 2.0, 4.0, 10.0, 15.625, 15.6] {
            assert_eq!(grain(ticks(ms)), Some((ms * 1000.0) as i64), "{ms}");
        }
        assert_eq!(grain(|at| ticks(10.0)(at) + 3.217), Some(10_000), "of whatever phase");
        let windows = grain(ticks(10.0144)).unwrap();
        assert!((10_012..=10_016).contains(&windows), "{windows}");
    }

    #[test]
    fn a_fine_clock_has_none_and_is_left_alone_soon() {
        assert_eq!(grain(|at| at), None);
        assert_eq!(grain(ticks(0.1)), None);
        let mut clock = ClockGrain::default();
        for micros in [0, 20_013, 40_007, 59_998, 80_031] {
            clock.observe(CaptureTime::from_nanos(micros * 1000).unwrap());
        }
        assert!(clock.is_fine);
    }

    #[test]
    fn frames_that_come_evenly_are_no_coarse_clock() {
        let mut clock = ClockGrain::default();
        for n in 0..1000_i128 {
            clock.observe(CaptureTime::from_nanos(n / 3 * 20_000_000).unwrap());
        }
        assert_eq!(clock.found(), None);
    }

    #[test]
    fn few_frames_tell_nothing_and_any_times_are_taken() {
        let mut clock = ClockGrain::default();
        for n in 0..40_i128 {
            clock.observe(CaptureTime::from_nanos(n * n * 10_000_000).unwrap());
        }
        assert_eq!(clock.found(), None);
        for nanos in [0, i128::from(CaptureTime::MAX_NANOS), -i128::from(CaptureTime::MAX_NANOS), 1, -1] {
            clock.observe(CaptureTime::from_nanos(nanos).unwrap());
        }
    }
}

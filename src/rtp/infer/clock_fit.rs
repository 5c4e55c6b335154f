//! A least-squares line through the RTP timestamps of a stream over time.

/// Fits ticks per second, as sums: no point is kept.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct ClockFit {
    origin_nanos: i64,
    last_nanos: i64,
    last_timestamp: u32,
    /// Unwrapped, from the first point's.
    ticks: f64,
    points: u32,
    latest_secs: f64,
    sum_t: f64,
    sum_y: f64,
    sum_tt: f64,
    sum_ty: f64,
    sum_yy: f64,
}

/// A fitted clock.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct FittedClock {
    pub hz: f64,
    /// Standard error of `hz`, in Hz.
    pub error_hz: f64,
}

/// A point off by more than this at the fastest clock in use is a new timestamp base.
const MAX_OFF_SECS: f64 = 2.0;
const FASTEST_HZ: f64 = 192_000.0;

impl ClockFit {
    /// Adds the first packet of a timestamp, sent or captured at `nanos`. A timestamp that jumps starts the fit anew:
    /// then the answer is `false`, and the point is the first of the new fit.
    pub(super) fn add(&mut self, timestamp: u32, nanos: i64) -> bool {
        if self.points == 0 {
            *self = Self::starting_at(timestamp, nanos);
            return true;
        }
        let ticks = f64::from(timestamp.wrapping_sub(self.last_timestamp).cast_signed());
        let elapsed = nanos.saturating_sub(self.last_nanos) as f64 * 1e-9;
        if ticks.abs() > (elapsed.abs() + MAX_OFF_SECS) * FASTEST_HZ {
            *self = Self::starting_at(timestamp, nanos);
            return false;
        }
        self.last_timestamp = timestamp;
        self.last_nanos = nanos;
        self.ticks += ticks;
        self.points = self.points.saturating_add(1);
        let t = nanos.saturating_sub(self.origin_nanos) as f64 * 1e-9;
        let y = self.ticks;
        self.latest_secs = self.latest_secs.max(t);
        self.sum_t += t;
        self.sum_y += y;
        self.sum_tt += t * t;
        self.sum_ty += t * y;
        self.sum_yy += y * y;
        true
    }

    /// Number of timestamps in the fit.
    pub(super) const fn points(&self) -> u32 {
        self.points
    }

    /// Seconds from the first point to the latest.
    pub(super) const fn span_secs(&self) -> f64 {
        self.latest_secs
    }

    /// The line through the points; `None` before there are three at different times.
    pub(super) fn fitted(&self) -> Option<FittedClock> {
        let n = f64::from(self.points);
        let (s_tt, s_ty, s_yy) = (
            self.sum_tt - self.sum_t * self.sum_t / n,
            self.sum_ty - self.sum_t * self.sum_y / n,
            self.sum_yy - self.sum_y * self.sum_y / n,
        );
        if self.points < 3 || s_tt <= 0.0 {
            return None;
        }
        let hz = s_ty / s_tt;
        let residual = (s_yy - hz * s_ty).max(0.0);
        Some(FittedClock { hz, error_hz: libm::sqrt(residual / (n - 2.0) / s_tt) })
    }

    fn starting_at(timestamp: u32, nanos: i64) -> Self {
        Self {
            origin_nanos: nanos,
            last_nanos: nanos,
            last_timestamp: timestamp,
            points: 1,
            ..Self::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_even_clock_is_found_over_the_wrap() {
        let mut fit = ClockFit::default();
        for n in 0..60_u32 {
            assert!(fit.add((n * 960).wrapping_sub(5000), i64::from(n) * 20_000_000));
        }
        let clock = fit.fitted().unwrap();
        assert!((clock.hz - 48_000.0).abs() < 1e-6 && clock.error_hz < 1e-3, "{clock:?}");
        assert_eq!(fit.points(), 60);
        assert!((fit.span_secs() - 1.18).abs() < 1e-9);
    }

    #[test]
    fn noise_shows_as_error() {
        let mut fit = ClockFit::default();
        for n in 0..60_u32 {
            let late = if n % 2 == 0 { 30_000_000 } else { 0 };
            fit.add(n * 3000, i64::from(n) * 33_333_333 + late);
        }
        let clock = fit.fitted().unwrap();
        assert!((clock.hz - 90_000.0).abs() < 900.0, "{clock:?}");
        assert!((100.0..600.0).contains(&clock.error_hz), "{clock:?}");
    }

    #[test]
    fn a_jump_of_the_timestamp_starts_anew() {
        let mut fit = ClockFit::default();
        (0..10_u32).for_each(|n| {
            fit.add(n * 960, i64::from(n) * 20_000_000);
        });
        assert!(!fit.add(2_000_000_000, 200_000_000));
        assert_eq!((fit.points(), fit.fitted()), (1, None));
    }

    #[test]
    fn points_at_one_time_have_no_slope() {
        let mut fit = ClockFit::default();
        (0..10_u32).for_each(|n| {
            fit.add(n * 960, 0);
        });
        assert_eq!(fit.fitted(), None);
    }
}

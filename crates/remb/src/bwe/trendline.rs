//! The other delay filter: the slope of the smoothed delay over the last arrivals, by least squares.
//!
//! libwebrtc has it on the sender's side; here it can take the place of the Kalman filter together with its own rule
//! for the detector. Specification section 5.

use std::collections::VecDeque;

#[cfg(feature = "serde")]
use serde::{Deserialize, Serialize};

/// Window, smoothing and gain (specification 5.1).
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(Serialize, Deserialize), serde(deny_unknown_fields, default))]
pub struct TrendlineConfig {
    /// Group deltas that the line is fitted to.
    pub window_size: usize,
    /// Weight of the past in the smoothed delay.
    pub smoothing: f64,
    /// Factor on the slope before it is compared with the threshold.
    pub threshold_gain: f64,
    /// Whether groups are put in order of arrival.
    pub sort: bool,
    /// Whether the slope is capped by that between the least delays at both ends of the window.
    pub cap: bool,
    /// Groups at the beginning of the window that the cap looks at.
    pub cap_beginning: usize,
    /// Groups at its end.
    pub cap_end: usize,
    /// Added to the cap.
    pub cap_uncertainty: f64,
}

impl Default for TrendlineConfig {
    fn default() -> Self {
        Self {
            window_size: 20,
            smoothing: 0.9,
            threshold_gain: 4.0,
            sort: false,
            cap: false,
            cap_beginning: 7,
            cap_end: 7,
            cap_uncertainty: 0.0,
        }
    }
}

const MAX_NUM_DELTAS: u32 = 1000;
const MAX_WEIGHT: u32 = 60;

#[derive(Debug, Clone, Copy)]
struct Sample {
    /// Since the first delta, ms.
    arrival_ms: f64,
    smoothed_ms: f64,
    raw_ms: f64,
}

/// The filter and its window.
#[derive(Debug, Clone)]
pub struct Trendline {
    config: TrendlineConfig,
    num_deltas: u32,
    first_arrival_ms: Option<i64>,
    accumulated_ms: f64,
    smoothed_ms: f64,
    window: VecDeque<Sample>,
    trend: f64,
}

impl Trendline {
    /// A filter that has seen nothing.
    pub fn new(config: TrendlineConfig) -> Self {
        Self {
            num_deltas: 0,
            first_arrival_ms: None,
            accumulated_ms: 0.0,
            smoothed_ms: 0.0,
            window: VecDeque::with_capacity(config.window_size.saturating_add(1)),
            trend: 0.0,
            config,
        }
    }

    /// Takes the delta of two groups; `arrival_ms` is when the packet arrived that closed the later one
    /// (specification 5.3).
    pub fn update(&mut self, arrival_delta_ms: i64, send_delta_ms: f64, arrival_ms: i64) {
        self.num_deltas = (self.num_deltas + 1).min(MAX_NUM_DELTAS);
        let first_arrival_ms = *self.first_arrival_ms.get_or_insert(arrival_ms);
        self.accumulated_ms += arrival_delta_ms as f64 - send_delta_ms;
        let smoothing = self.config.smoothing;
        self.smoothed_ms = smoothing * self.smoothed_ms + (1.0 - smoothing) * self.accumulated_ms;
        self.push(Sample {
            arrival_ms: (arrival_ms - first_arrival_ms) as f64,
            smoothed_ms: self.smoothed_ms,
            raw_ms: self.accumulated_ms,
        });
        if self.window.len() == self.config.window_size {
            self.trend = self.slope().unwrap_or(self.trend);
            if let Some(cap) = self.slope_cap().filter(|cap| self.trend >= 0.0 && self.trend > *cap) {
                self.trend = cap;
            }
        }
    }

    /// Deltas seen, at most 1000.
    pub fn num_deltas(&self) -> u32 {
        self.num_deltas
    }

    /// The slope of the delay, ms per ms.
    pub fn trend(&self) -> f64 {
        self.trend
    }

    /// What is compared with the threshold, ms (specification 5.4).
    pub fn modified_trend(&self) -> f64 {
        f64::from(self.num_deltas.min(MAX_WEIGHT)) * self.trend * self.config.threshold_gain
    }

    fn push(&mut self, sample: Sample) {
        self.window.push_back(sample);
        if self.config.sort {
            let mut place = self.window.len() - 1;
            while place > 0 && self.window[place].arrival_ms < self.window[place - 1].arrival_ms {
                self.window.swap(place, place - 1);
                place -= 1;
            }
        }
        if self.window.len() > self.config.window_size {
            self.window.pop_front();
        }
    }

    /// Least squares over the window; `None` where all arrived at once.
    fn slope(&self) -> Option<f64> {
        let (mut sum_x, mut sum_y) = (0.0, 0.0);
        for sample in &self.window {
            sum_x += sample.arrival_ms;
            sum_y += sample.smoothed_ms;
        }
        let count = self.window.len() as f64;
        let (mean_x, mean_y) = (sum_x / count, sum_y / count);
        let (mut numerator, mut denominator) = (0.0, 0.0);
        for sample in &self.window {
            let from_mean = sample.arrival_ms - mean_x;
            numerator += from_mean * (sample.smoothed_ms - mean_y);
            denominator += from_mean * from_mean;
        }
        (denominator != 0.0).then(|| numerator / denominator)
    }

    fn slope_cap(&self) -> Option<f64> {
        if !self.config.cap {
            return None;
        }
        let early = least_delayed(self.window.iter().take(self.config.cap_beginning))?;
        let late = least_delayed(self.window.iter().skip(self.window.len() - self.config.cap_end))?;
        let span_ms = late.arrival_ms - early.arrival_ms;
        (span_ms >= 1.0).then(|| (late.raw_ms - early.raw_ms) / span_ms + self.config.cap_uncertainty)
    }
}

/// The sample with the least delay, the first of several.
fn least_delayed<'a>(samples: impl Iterator<Item = &'a Sample>) -> Option<&'a Sample> {
    samples.reduce(|least, sample| if sample.raw_ms < least.raw_ms { sample } else { least })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Groups sent every 20 ms: the delay stands, grows, falls (specification C8).
    fn run(config: TrendlineConfig, mut look: impl FnMut(u32, &Trendline)) {
        let mut filter = Trendline::new(config);
        let mut arrival_ms = 50_000;
        for n in 1..=60 {
            let delta_ms = if n <= 20 {
                20
            } else if n <= 40 {
                25
            } else {
                15
            };
            arrival_ms += if n == 1 { 0 } else { delta_ms };
            filter.update(delta_ms, 20.0, arrival_ms);
            look(n, &filter);
        }
    }

    #[test]
    fn the_trend_is_that_of_the_table() {
        let table = [
            (19, 0.0, 0.0, 0.0),
            (20, 0.0, 0.0, 0.0),
            (21, 0.5, 0.000363442957185, 0.0305292084035),
            (25, 6.57205, 0.0100706117244, 1.00706117244),
            (32, 27.7093291416, 0.0603481686525, 7.72456558752),
            (40, 60.4709494566, 0.130066067391, 20.8105707825),
            (46, 70.0777968502, 0.153874923622, 28.3129859465),
            (56, 49.3365962799, 0.000648258192434, 0.145209835105),
            (60, 34.7232408192, -0.114390780584, -27.4537873402),
        ];
        run(TrendlineConfig::default(), |n, filter| {
            let Some((_, smoothed, trend, modified)) = table.into_iter().find(|row| row.0 == n) else {
                return;
            };
            for (actual, expected) in
                [(filter.smoothed_ms, smoothed), (filter.trend(), trend), (filter.modified_trend(), modified)]
            {
                assert!(
                    (actual - expected).abs() <= 1e-11 * expected.abs(),
                    "{actual} is not {expected}, n {n}"
                );
            }
        });
    }

    #[test]
    fn the_cap_removes_a_rise_that_the_least_delays_do_not_show() {
        let with = |cap| TrendlineConfig { cap, ..TrendlineConfig::default() };
        let mut capped = Vec::new();
        run(with(true), |_, filter| capped.push(filter.trend()));
        let mut lower = 0;
        run(with(false), |n, filter| {
            let capped = capped[n as usize - 1];
            assert!(capped <= filter.trend() && (filter.trend() < 0.0) <= (capped == filter.trend()));
            lower += u32::from(capped < filter.trend());
        });
        assert!(lower > 5, "{lower}");
    }

    #[test]
    fn sorting_makes_late_deltas_harmless() {
        let feed = |sort, arrivals: [i64; 6]| {
            let mut filter =
                Trendline::new(TrendlineConfig { sort, window_size: 10, ..TrendlineConfig::default() });
            arrivals.into_iter().for_each(|at| filter.update(0, 0.0, at));
            filter.window.iter().map(|sample| sample.arrival_ms as i64).collect::<Vec<_>>()
        };
        assert_eq!(feed(true, [0, 30, 10, 20, 5, 40]), [0, 5, 10, 20, 30, 40]);
        assert_eq!(feed(false, [0, 30, 10, 20, 5, 40]), [0, 30, 10, 20, 5, 40]);
    }

    #[test]
    fn deltas_that_all_arrived_at_once_leave_the_trend_alone() {
        let mut filter = Trendline::new(TrendlineConfig::default());
        (0..30).for_each(|_| filter.update(5, 0.0, 7));
        assert_eq!(filter.trend(), 0.0);
    }
}

//! Over-use or not: the delay gradient, weighted by how many deltas stand behind it, against a threshold that adapts.
//!
//! T = min(n, 60) · offset is compared with ±γ; an over-use needs T > γ for more than 10 ms of send time, twice, and a
//! gradient that does not fall. Then γ moves towards |T|, down faster than up. Specification section 6.

#[cfg(feature = "serde")]
use serde::{Deserialize, Serialize};

use crate::units::TimeDelta;

/// The detector's constants (specification 6.1).
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(Serialize, Deserialize), serde(deny_unknown_fields, default))]
pub struct OveruseConfig {
    /// γ at the start, ms.
    pub initial_threshold: f64,
    /// The offset counts as often as there were deltas, but so often at most.
    pub max_weight: u32,
    /// γ rises by this per ms and ms of distance.
    pub gain_up_per_ms: f64,
    /// γ falls by this per ms and ms of distance.
    pub gain_down_per_ms: f64,
    /// T must be above γ for longer than this.
    pub overuse_time_threshold: TimeDelta,
    /// A T further above γ than this, in ms, does not move γ.
    pub max_adapt_offset: f64,
    /// Lower limit of γ, ms.
    pub min_threshold: f64,
    /// Upper limit of γ, ms.
    pub max_threshold: f64,
}

impl Default for OveruseConfig {
    fn default() -> Self {
        Self {
            initial_threshold: 12.5,
            max_weight: 60,
            gain_up_per_ms: 0.0087,
            gain_down_per_ms: 0.039,
            overuse_time_threshold: TimeDelta::from_millis(10),
            max_adapt_offset: 15.0,
            min_threshold: 6.0,
            max_threshold: 600.0,
        }
    }
}

const MIN_NUM_DELTAS: u32 = 2;
const MAX_TIME_STEP_MS: i64 = 100;

/// The link's state as the detector sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum BandwidthUsage {
    /// Neither of the others.
    #[default]
    Normal,
    /// Queues drain.
    Underusing,
    /// Queues grow.
    Overusing,
}

impl BandwidthUsage {
    /// As in `estimate.csv`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Underusing => "underuse",
            Self::Overusing => "overuse",
        }
    }
}

/// The detector and its threshold.
#[derive(Debug, Clone)]
pub struct OveruseDetector {
    config: OveruseConfig,
    threshold: f64,
    last_update_ms: Option<i64>,
    previous_offset: f64,
    time_over_using_ms: Option<f64>,
    overuse_samples: u32,
    usage: BandwidthUsage,
}

impl OveruseDetector {
    /// A detector that has seen nothing.
    pub fn new(config: OveruseConfig) -> Self {
        Self {
            threshold: config.initial_threshold,
            last_update_ms: None,
            previous_offset: 0.0,
            time_over_using_ms: None,
            overuse_samples: 0,
            usage: BandwidthUsage::Normal,
            config,
        }
    }

    /// T, the quantity that is compared with the threshold, ms.
    pub fn modified_offset(&self, offset: f64, num_deltas: u32) -> f64 {
        f64::from(num_deltas.min(self.config.max_weight)) * offset
    }

    /// Takes the Kalman filter's output at `now_ms`; with fewer than two deltas nothing changes (specification 6.2).
    #[inline]
    pub fn detect(
        &mut self,
        offset: f64,
        send_delta_ms: f64,
        num_deltas: u32,
        now_ms: i64,
    ) -> BandwidthUsage {
        if num_deltas < MIN_NUM_DELTAS {
            return self.usage;
        }
        self.decide(self.modified_offset(offset, num_deltas), offset, send_delta_ms, now_ms);
        self.usage
    }

    /// Takes the trendline's output at `now_ms`: `modified_trend` is T already. With fewer than two deltas the state is
    /// normal (specification 5.4).
    pub fn detect_trend(
        &mut self,
        modified_trend: f64,
        trend: f64,
        send_delta_ms: f64,
        num_deltas: u32,
        now_ms: i64,
    ) -> BandwidthUsage {
        if num_deltas < MIN_NUM_DELTAS {
            self.usage = BandwidthUsage::Normal;
        } else {
            self.decide(modified_trend, trend, send_delta_ms, now_ms);
        }
        self.usage
    }

    /// The present state.
    pub fn usage(&self) -> BandwidthUsage {
        self.usage
    }

    /// γ, ms.
    pub fn threshold(&self) -> f64 {
        self.threshold
    }

    #[inline(always)]
    fn decide(&mut self, modified_offset: f64, offset: f64, send_delta_ms: f64, now_ms: i64) {
        self.compare(modified_offset, offset, send_delta_ms);
        self.adapt_threshold(modified_offset, now_ms);
    }

    /// Specification 6.3.
    fn compare(&mut self, modified_offset: f64, offset: f64, send_delta_ms: f64) {
        if modified_offset > self.threshold {
            let time_over_using_ms =
                self.time_over_using_ms.map_or(send_delta_ms / 2.0, |time| time + send_delta_ms);
            self.time_over_using_ms = Some(time_over_using_ms);
            self.overuse_samples = self.overuse_samples.saturating_add(1);
            let threshold_ms = self.config.overuse_time_threshold.to_millis() as f64;
            if time_over_using_ms > threshold_ms && self.overuse_samples > 1 && offset >= self.previous_offset
            {
                self.time_over_using_ms = Some(0.0);
                self.overuse_samples = 0;
                self.usage = BandwidthUsage::Overusing;
            }
        } else {
            self.time_over_using_ms = None;
            self.overuse_samples = 0;
            self.usage = if modified_offset < -self.threshold {
                BandwidthUsage::Underusing
            } else {
                BandwidthUsage::Normal
            };
        }
        self.previous_offset = offset;
    }

    /// Specification 6.4.
    fn adapt_threshold(&mut self, modified_offset: f64, now_ms: i64) {
        let last_update_ms = self.last_update_ms.replace(now_ms).unwrap_or(now_ms);
        let magnitude = modified_offset.abs();
        if magnitude > self.threshold + self.config.max_adapt_offset {
            return;
        }
        let gain = if magnitude < self.threshold {
            self.config.gain_down_per_ms
        } else {
            self.config.gain_up_per_ms
        };
        let step_ms = (now_ms - last_update_ms).min(MAX_TIME_STEP_MS);
        self.threshold += gain * (magnitude - self.threshold) * step_ms as f64;
        self.threshold = self.threshold.clamp(self.config.min_threshold, self.config.max_threshold);
    }
}

#[cfg(test)]
mod tests {
    use super::BandwidthUsage::{Normal, Overusing, Underusing};
    use super::*;

    /// Specification C7.
    #[test]
    fn the_threshold_follows_and_the_second_sample_signals() {
        let mut detector = OveruseDetector::new(OveruseConfig::default());
        for (offset, send_delta_ms, n, now_ms, threshold, time, samples, usage) in [
            (0.0, 33.0, 1, 1000, 12.5, None, 0, Normal),
            (0.05, 33.0, 2, 1033, 12.5, None, 0, Normal),
            (0.3, 33.0, 20, 1066, 6.0, None, 0, Normal),
            (0.5, 5.0, 30, 1071, 6.3915, Some(2.5), 1, Normal),
            (0.52, 5.0, 31, 1076, 6.81468975, Some(7.5), 2, Normal),
            (0.54, 5.0, 32, 1081, 7.26993074587, Some(0.0), 0, Overusing),
            (0.56, 5.0, 33, 1086, 7.75756875843, Some(5.0), 1, Overusing),
            (0.55, 33.0, 60, 1119, 7.75756875843, Some(38.0), 2, Overusing),
            (0.5, 33.0, 60, 1152, 7.75756875843, Some(71.0), 3, Overusing),
            (0.52, 33.0, 60, 1185, 7.75756875843, Some(0.0), 0, Overusing),
            (-0.1, 33.0, 60, 1218, 6.0, None, 0, Normal),
            (-0.6, 33.0, 60, 1251, 6.0, None, 0, Underusing),
            (-0.9, 33.0, 60, 1284, 6.0, None, 0, Underusing),
            (0.0, 33.0, 60, 5284, 6.0, None, 0, Normal),
            (0.0, 33.0, 60, 5317, 6.0, None, 0, Normal),
            (5.0, 33.0, 60, 5350, 6.0, Some(16.5), 1, Normal),
            (0.0, 33.0, 60, 5383, 6.0, None, 0, Normal),
            (0.14, 33.0, 60, 9383, 8.088, Some(16.5), 1, Normal),
            (0.1, 33.0, 60, 9373, 8.90232, None, 0, Normal),
        ] {
            detector.detect(offset, send_delta_ms, n, now_ms);
            assert!((detector.threshold - threshold).abs() < 1e-9, "{} at {now_ms}", detector.threshold);
            let state = (detector.time_over_using_ms, detector.overuse_samples, detector.usage);
            assert_eq!(state, (time, samples, usage), "at {now_ms}");
        }
    }
}

//! What the link could carry when it was last over-used: a slow average of the throughput and its spread.
//!
//! While it is known, the estimate is near its maximum and rises additively. Specification 8.8.

#[cfg(feature = "serde")]
use serde::{Deserialize, Serialize};

use crate::units::Bitrate;

/// The average's constants (specification 8.8).
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(Serialize, Deserialize), serde(deny_unknown_fields, default))]
pub struct LinkCapacityConfig {
    /// Weight of a new sample.
    pub weight: f64,
    /// The bounds are so many standard deviations away.
    pub deviations: f64,
}

impl Default for LinkCapacityConfig {
    fn default() -> Self {
        Self { weight: 0.05, deviations: 3.0 }
    }
}

const INITIAL_DEVIATION: f64 = 0.4;
/// Single precision's 0.4, which is a little more.
const MIN_DEVIATION: f64 = 0.4_f32 as f64;
const MAX_DEVIATION: f64 = 2.5;

/// The average, if any, and its normalised variance.
#[derive(Debug, Clone)]
pub struct LinkCapacity {
    config: LinkCapacityConfig,
    estimate_kbps: Option<f64>,
    deviation: f64,
}

impl LinkCapacity {
    /// Nothing known.
    pub fn new(config: LinkCapacityConfig) -> Self {
        Self { config, estimate_kbps: None, deviation: INITIAL_DEVIATION }
    }

    /// Takes the throughput measured at an over-use.
    pub fn handle_overuse(&mut self, throughput: Bitrate) {
        let sample_kbps = throughput.to_kbps() as f64;
        let weight = self.config.weight;
        let estimate = match self.estimate_kbps {
            None => sample_kbps,
            Some(estimate) => (1.0 - weight) * estimate + weight * sample_kbps,
        };
        self.estimate_kbps = Some(estimate);
        let error = estimate - sample_kbps;
        let norm = estimate.max(1.0);
        self.deviation = (1.0 - weight) * self.deviation + weight * error * error / norm;
        self.deviation = self.deviation.clamp(MIN_DEVIATION, MAX_DEVIATION);
    }

    /// Forgets the average; its spread is kept.
    pub fn forget(&mut self) {
        self.estimate_kbps = None;
    }

    /// The average, kbit/s.
    pub fn estimate_kbps(&self) -> Option<f64> {
        self.estimate_kbps
    }

    /// The normalised variance.
    pub fn deviation(&self) -> f64 {
        self.deviation
    }

    /// Above this the average no longer holds; `None`, no bound, if it is unknown.
    pub fn upper_bound(&self) -> Option<Bitrate> {
        let estimate = self.estimate_kbps?;
        Some(Bitrate::from_kbps_f64(estimate + self.margin_kbps(estimate)))
    }

    /// Below this the average no longer holds; zero if it is unknown.
    pub fn lower_bound(&self) -> Bitrate {
        self.estimate_kbps.map_or(Bitrate::default(), |estimate| {
            Bitrate::from_kbps_f64((estimate - self.margin_kbps(estimate)).max(0.0))
        })
    }

    fn margin_kbps(&self, estimate: f64) -> f64 {
        self.config.deviations * (self.deviation * estimate).sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_three_deviations_from_the_first_sample() {
        let mut capacity = LinkCapacity::new(LinkCapacityConfig::default());
        assert_eq!((capacity.lower_bound(), capacity.upper_bound()), (Bitrate::default(), None));
        capacity.handle_overuse(Bitrate::from_bps(600_000));
        assert_eq!(capacity.lower_bound(), Bitrate::from_bps(553_524));
        assert_eq!(capacity.upper_bound(), Some(Bitrate::from_bps(646_475)));
        assert_eq!(capacity.deviation(), f64::from(0.4_f32));
    }

    #[test]
    fn forgetting_the_average_keeps_its_spread() {
        let mut capacity = LinkCapacity::new(LinkCapacityConfig::default());
        capacity.handle_overuse(Bitrate::from_bps(100_000));
        capacity.handle_overuse(Bitrate::from_bps(5_000_000));
        let deviation = capacity.deviation();
        assert_eq!(deviation, MAX_DEVIATION);
        capacity.forget();
        assert_eq!((capacity.estimate_kbps(), capacity.deviation()), (None, deviation));
    }
}

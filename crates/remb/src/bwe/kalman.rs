//! The delay filter: how much longer a group took than the one before, apart from its size and from noise.
//!
//! Two states are tracked, the time a byte takes (`slope`) and the delay gradient (`offset`), from the residual
//! r = (arrival delta − send delta) − slope · size delta − offset. Specification section 4.

#[cfg(feature = "serde")]
use serde::{Deserialize, Serialize};

use super::overuse::BandwidthUsage;
use super::window_min::WindowMin;

/// The filter's start values and noise model (specification 4.1).
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(Serialize, Deserialize), serde(deny_unknown_fields, default))]
pub struct KalmanConfig {
    /// Slope at the start, ms per byte.
    pub initial_slope: f64,
    /// Error variance of the slope at the start.
    pub initial_slope_variance: f64,
    /// Variance of the residual at the start, ms².
    pub initial_var_noise: f64,
    /// Process noise of the slope.
    pub process_noise_slope: f64,
    /// Process noise of the offset.
    pub process_noise_offset: f64,
    /// Noise coefficient for the first 300 deltas.
    pub noise_coefficient_start: f64,
    /// Noise coefficient from then on.
    pub noise_coefficient_steady: f64,
    /// The shortest send delta of so many scales the noise coefficient.
    pub min_period_history: usize,
}

impl Default for KalmanConfig {
    fn default() -> Self {
        Self {
            initial_slope: 8.0 / 512.0,
            initial_slope_variance: 100.0,
            initial_var_noise: 50.0,
            process_noise_slope: 1e-13,
            process_noise_offset: 1e-3,
            noise_coefficient_start: 0.01,
            noise_coefficient_steady: 0.002,
            min_period_history: 60,
        }
    }
}

const INITIAL_OFFSET_VARIANCE: f64 = 0.1;
const MAX_NUM_DELTAS: u32 = 1000;
const NUM_DELTAS_AT_START: u32 = 300;
const MIN_VAR_NOISE: f64 = 1.0;

/// The filter and its state.
#[derive(Debug, Clone)]
pub struct KalmanFilter {
    config: KalmanConfig,
    num_deltas: u32,
    slope: f64,
    offset: f64,
    previous_offset: f64,
    covariance: [[f64; 2]; 2],
    avg_noise: f64,
    var_noise: f64,
    send_deltas: WindowMin,
    decay: CachedDecay,
}

impl KalmanFilter {
    /// A filter that has seen nothing.
    pub fn new(config: KalmanConfig) -> Self {
        Self {
            num_deltas: 0,
            slope: config.initial_slope,
            offset: 0.0,
            previous_offset: 0.0,
            covariance: [[config.initial_slope_variance, 0.0], [0.0, INITIAL_OFFSET_VARIANCE]],
            avg_noise: 0.0,
            var_noise: config.initial_var_noise,
            send_deltas: WindowMin::new(config.min_period_history),
            decay: CachedDecay::default(),
            config,
        }
    }

    /// Takes the deltas of two groups, in ms and bytes, and the detector's state before them (specification 4.2).
    #[inline]
    pub fn update(
        &mut self,
        arrival_delta_ms: i64,
        send_delta_ms: f64,
        size_delta: i64,
        usage: BandwidthUsage,
    ) {
        let min_send_delta_ms = self.send_deltas.push(send_delta_ms);
        let gradient_ms = arrival_delta_ms as f64 - send_delta_ms;
        let size = size_delta as f64;
        self.num_deltas = (self.num_deltas + 1).min(MAX_NUM_DELTAS);
        self.add_process_noise(usage);

        let e = self.covariance;
        let gain_numerator = [e[0][0] * size + e[0][1], e[1][0] * size + e[1][1]];
        let residual = gradient_ms - self.slope * size - self.offset;
        if usage == BandwidthUsage::Normal {
            self.update_noise(self.clamped(residual), min_send_delta_ms);
        }
        let denominator = self.var_noise + size * gain_numerator[0] + gain_numerator[1];
        let gain = [gain_numerator[0] / denominator, gain_numerator[1] / denominator];
        let keep = [[1.0 - gain[0] * size, -gain[0]], [-gain[1] * size, 1.0 - gain[1]]];
        self.covariance = [
            [e[0][0] * keep[0][0] + e[1][0] * keep[0][1], e[0][1] * keep[0][0] + e[1][1] * keep[0][1]],
            [e[0][0] * keep[1][0] + e[1][0] * keep[1][1], e[0][1] * keep[1][0] + e[1][1] * keep[1][1]],
        ];
        self.slope += gain[0] * residual;
        self.previous_offset = self.offset;
        self.offset += gain[1] * residual;
    }

    /// Deltas seen, at most 1000.
    pub fn num_deltas(&self) -> u32 {
        self.num_deltas
    }

    /// The delay gradient, ms a group.
    pub fn offset(&self) -> f64 {
        self.offset
    }

    /// The time a byte takes, ms.
    pub fn slope(&self) -> f64 {
        self.slope
    }

    /// Mean of the residual, ms.
    pub fn avg_noise(&self) -> f64 {
        self.avg_noise
    }

    /// Variance of the residual, ms².
    pub fn var_noise(&self) -> f64 {
        self.var_noise
    }

    fn add_process_noise(&mut self, usage: BandwidthUsage) {
        self.covariance[0][0] += self.config.process_noise_slope;
        self.covariance[1][1] += self.config.process_noise_offset;
        let turns_back = match usage {
            BandwidthUsage::Overusing => self.offset < self.previous_offset,
            BandwidthUsage::Underusing => self.offset > self.previous_offset,
            BandwidthUsage::Normal => false,
        };
        if turns_back {
            self.covariance[1][1] += 10.0 * self.config.process_noise_offset;
        }
    }

    /// Outliers count as three standard deviations.
    fn clamped(&self, residual: f64) -> f64 {
        let limit = 3.0 * self.var_noise.sqrt();
        if residual.abs() < limit {
            residual
        } else if residual < 0.0 {
            -limit
        } else {
            limit
        }
    }

    /// Specification 4.3.
    fn update_noise(&mut self, residual: f64, min_send_delta_ms: f64) {
        let alpha = if self.num_deltas > NUM_DELTAS_AT_START {
            self.config.noise_coefficient_steady
        } else {
            self.config.noise_coefficient_start
        };
        let beta = self.decay.of(alpha, min_send_delta_ms);
        self.avg_noise = beta * self.avg_noise + (1.0 - beta) * residual;
        let deviation = self.avg_noise - residual;
        self.var_noise = beta * self.var_noise + (1.0 - beta) * deviation * deviation;
        if self.var_noise < MIN_VAR_NOISE {
            self.var_noise = MIN_VAR_NOISE;
        }
    }
}

/// β = (1 − α)^(m · 30 / 1000), kept while α and m stay: the shortest delta of sixty seldom changes.
#[derive(Debug, Clone, Default)]
struct CachedDecay {
    alpha: f64,
    min_send_delta_ms: f64,
    beta: Option<f64>,
}

impl CachedDecay {
    fn of(&mut self, alpha: f64, min_send_delta_ms: f64) -> f64 {
        match self.beta {
            Some(beta) if self.alpha == alpha && self.min_send_delta_ms == min_send_delta_ms => beta,
            _ => {
                let beta = pxfm::f_pow(1.0 - alpha, min_send_delta_ms * 30.0 / 1000.0);
                *self = Self { alpha, min_send_delta_ms, beta: Some(beta) };
                beta
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DELTAS: [(i64, f64, i64); 10] = [
        (33, 33.0, 0),
        (34, 33.0, 120),
        (36, 33.0, -80),
        (33, 33.0, 0),
        (38, 33.5, 400),
        (40, 33.0, -300),
        (35, 33.0, 0),
        (60, 33.0, 2500),
        (20, 33.0, -2500),
        (34, 33.0, 10),
    ];

    fn run(usage: BandwidthUsage, expected: [(f64, f64, f64, f64); 10]) -> KalmanFilter {
        let mut filter = KalmanFilter::new(KalmanConfig::default());
        for ((arrival_ms, send_ms, size), (avg, var, slope, offset)) in DELTAS.into_iter().zip(expected) {
            filter.update(arrival_ms, send_ms, size, usage);
            for (actual, expected) in [
                (filter.avg_noise, avg),
                (filter.var_noise, var),
                (filter.slope, slope),
                (filter.offset, offset),
            ] {
                let error = (actual - expected).abs();
                assert!(
                    error <= 1e-9 * expected.abs() + 1e-17,
                    "{actual} is not {expected}, n {}",
                    filter.num_deltas
                );
            }
        }
        filter
    }

    /// Specification C6a.
    #[test]
    fn in_normal_use_the_noise_is_learnt() {
        let filter = run(
            BandwidthUsage::Normal,
            [
                (0.0, 49.5049751663, 0.015625, 0.0),
                (-0.00866293459056, 49.0222820421, 0.00833358207234, -6.18521014526e-08),
                (0.0277248515295, 48.6680399026, -0.005856058968, 0.00884570295774),
                (0.0273627848764, 48.1862151154, -0.00585602455885, 0.00882676529252),
                (0.0947477460617, 48.1587480314, 0.00928823191445, 0.00929667626787),
                (0.190608564084, 48.5918300878, -0.00150367664715, 0.0335382981621),
                (0.20819039217, 48.1413543993, -0.00150581889991, 0.0378468862393),
                (0.412209936314, 51.7861261644, 0.0102401508726, 0.037198827574),
                (0.53251055873, 52.7063856609, 0.00780623490683, 0.0635242238634),
                (0.535737158994, 52.1855971044, 0.00780688285678, 0.0652972991105),
            ],
        );
        assert!((filter.covariance[0][0] - 4.08383346595e-06).abs() < 1e-15);
        assert!((filter.covariance[1][1] - 0.107805181926).abs() < 1e-11);
    }

    /// Specification C6b.
    #[test]
    fn in_over_use_the_noise_stands_still_and_a_falling_offset_is_followed_faster() {
        run(
            BandwidthUsage::Overusing,
            [
                (0.0, 50.0, 0.015625, 0.0),
                (0.0, 50.0, 0.00833358702284, -6.18532940398e-08),
                (0.0, 50.0, -0.00578307420707, 0.00913481316521),
                (0.0, 50.0, -0.00578304636452, 0.00911415205562),
                (0.0, 50.0, 0.00926816691251, 0.0101023133989),
                (0.0, 50.0, -0.00156840397345, 0.0377176447052),
                (0.0, 50.0, -0.00157060178044, 0.0426298452383),
                (0.0, 50.0, 0.0102700766674, 0.0422748978027),
                (0.0, 50.0, 0.00779703811793, 0.0761416210063),
                (0.0, 50.0, 0.00779771503707, 0.0784608682632),
            ],
        );
    }

    #[test]
    fn deltas_are_counted_up_to_a_thousand_and_noise_has_a_floor() {
        let mut filter = KalmanFilter::new(KalmanConfig::default());
        for _ in 0..5000 {
            filter.update(20, 20.0, 0, BandwidthUsage::Normal);
        }
        assert_eq!(filter.num_deltas(), 1000);
        assert_eq!(filter.var_noise(), MIN_VAR_NOISE);
    }
}

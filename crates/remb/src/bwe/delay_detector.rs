//! Delay filter and over-use detector as the pair that they are: deltas in, the link's state out.
//!
//! With the Kalman filter the detector outlives the filter (specification 9.5); the trendline brings its own rules, and
//! both start anew together (specification 5.4, 5.5).

use super::config::{DelayFilter, EstimatorConfig};
use super::inter_arrival::GroupDelta;
use super::kalman::KalmanFilter;
use super::overuse::{BandwidthUsage, OveruseConfig, OveruseDetector};
use super::trace::{DelayState, KalmanState};
use super::trendline::Trendline;

#[derive(Debug, Clone)]
pub(super) struct DelayDetector {
    filter: Filter,
    detector: OveruseDetector,
}

#[derive(Debug, Clone)]
enum Filter {
    Kalman(KalmanFilter),
    Trendline(Trendline),
}

impl Filter {
    fn new(config: &EstimatorConfig) -> Self {
        match config.controller.filter {
            DelayFilter::Kalman => Self::Kalman(KalmanFilter::new(config.kalman.clone())),
            DelayFilter::Trendline => Self::Trendline(Trendline::new(config.trendline.clone())),
        }
    }
}

impl DelayDetector {
    pub(super) fn new(config: &EstimatorConfig) -> Self {
        Self { filter: Filter::new(config), detector: new_detector(&config.overuse) }
    }

    /// Takes the delta of two groups. `arrival_ms` is the arrival of the packet that closed the later one, `clock_ms`
    /// the threshold's clock.
    #[inline]
    pub(super) fn update(&mut self, delta: &GroupDelta, send_delta_ms: f64, arrival_ms: i64, clock_ms: i64) {
        match &mut self.filter {
            Filter::Kalman(filter) => {
                filter.update(delta.arrival_ms, send_delta_ms, delta.size, self.detector.usage());
                self.detector.detect(filter.offset(), send_delta_ms, filter.num_deltas(), clock_ms);
            }
            Filter::Trendline(filter) => {
                filter.update(delta.arrival_ms, send_delta_ms, arrival_ms);
                self.detector.detect_trend(
                    filter.modified_trend(),
                    filter.trend(),
                    send_delta_ms,
                    filter.num_deltas(),
                    arrival_ms,
                );
            }
        }
    }

    /// All streams were idle (specification 9.5, 5.5).
    pub(super) fn time_out(&mut self, config: &EstimatorConfig) {
        self.filter = Filter::new(config);
        if let Filter::Trendline(_) = self.filter {
            self.detector = new_detector(&config.overuse);
        }
    }

    pub(super) fn usage(&self) -> BandwidthUsage {
        self.detector.usage()
    }

    /// For the trace: who looks at a part of it does not pay for the rest.
    #[inline(always)]
    pub(super) fn state(&self) -> DelayState {
        let (num_deltas, offset, modified_offset_ms, kalman) = match &self.filter {
            Filter::Kalman(filter) => {
                let (slope, var_noise, avg_noise) = (filter.slope(), filter.var_noise(), filter.avg_noise());
                let modified = self.detector.modified_offset(filter.offset(), filter.num_deltas());
                let kalman = KalmanState { slope, var_noise, avg_noise };
                (filter.num_deltas(), filter.offset(), modified, Some(kalman))
            }
            Filter::Trendline(filter) => (filter.num_deltas(), filter.trend(), filter.modified_trend(), None),
        };
        DelayState {
            num_deltas,
            offset,
            modified_offset_ms,
            kalman,
            threshold_ms: self.detector.threshold(),
            usage: self.detector.usage(),
        }
    }
}

fn new_detector(config: &OveruseConfig) -> OveruseDetector {
    OveruseDetector::new(config.clone())
}

#[cfg(test)]
mod tests {
    use super::super::config::ControllerConfig;
    use super::*;
    use crate::bwe::BandwidthUsage::{Normal, Overusing};

    fn detector(filter: DelayFilter) -> (EstimatorConfig, DelayDetector) {
        let controller = ControllerConfig { filter, ..ControllerConfig::default() };
        let config = EstimatorConfig { controller, ..EstimatorConfig::default() };
        let detector = DelayDetector::new(&config);
        (config, detector)
    }

    fn feed(detector: &mut DelayDetector, count: i64, arrival_delta_ms: i64, from_ms: i64) -> BandwidthUsage {
        for n in 0..count {
            let delta = GroupDelta { send_ticks: 0, arrival_ms: arrival_delta_ms, size: 0 };
            let arrival_ms = from_ms + n * arrival_delta_ms;
            detector.update(&delta, 20.0, arrival_ms, arrival_ms);
        }
        detector.usage()
    }

    /// Specification C8: over-use with the 32nd delta, normal again with the 51st.
    #[test]
    fn the_trendline_signals_when_its_table_says_so() {
        let (_, mut detector) = detector(DelayFilter::Trendline);
        assert_eq!(feed(&mut detector, 20, 20, 50_000), Normal);
        assert_eq!(feed(&mut detector, 11, 25, 50_405), Normal);
        assert!((detector.state().threshold_ms - 6.08499716796).abs() < 1e-9);
        assert_eq!(feed(&mut detector, 1, 25, 50_680), Overusing);
        feed(&mut detector, 8, 25, 50_705);
        assert!((detector.state().threshold_ms - 15.4232309089).abs() < 1e-9);
        assert_eq!(feed(&mut detector, 10, 15, 50_895), Overusing);
        assert_eq!(feed(&mut detector, 1, 15, 51_045), Normal);
    }

    #[test]
    fn a_time_out_keeps_the_kalman_filters_detector_and_not_the_trendlines() {
        for (filter, after) in [(DelayFilter::Kalman, Overusing), (DelayFilter::Trendline, Normal)] {
            let (config, mut detector) = detector(filter);
            assert_eq!(feed(&mut detector, 60, 40, 0), Overusing, "{filter:?}");
            detector.time_out(&config);
            assert_eq!((detector.usage(), detector.state().num_deltas), (after, 0), "{filter:?}");
        }
    }

    #[test]
    fn the_first_delta_sets_normal_with_the_trendline_and_changes_nothing_with_kalman() {
        for (filter, after) in [(DelayFilter::Kalman, Overusing), (DelayFilter::Trendline, Normal)] {
            let (config, mut detector) = detector(filter);
            feed(&mut detector, 60, 40, 0);
            detector.filter = Filter::new(&config);
            assert_eq!(feed(&mut detector, 1, 20, 3000), after, "{filter:?}");
        }
    }
}

//! Every parameter by name: its unit, its range, and the constant of libwebrtc or of the draft that it mirrors.

use serde::Serialize;
use toml::Value;

use super::Parameters;
use super::by_name::lookup;
use crate::units::{Bitrate, TimeDelta};

/// A parameter.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Parameter {
    /// `stage.name`.
    pub name: &'static str,
    /// `integer`, `number`, `boolean`, `duration`, `bit rate`, or `one of …`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Unit of the value; empty where it has none, or carries it itself.
    pub unit: &'static str,
    /// The default, written as `--set` takes it.
    pub default: String,
    /// Smallest value; `None` for booleans and names.
    pub min: Option<String>,
    /// Largest value.
    pub max: Option<String>,
    /// What it mirrors.
    pub mirrors: &'static str,
}

/// The range of a number, duration (µs) or bit rate (bit/s), by name; and what a reader should know of it.
pub(super) struct Range {
    pub(super) name: &'static str,
    pub(super) min: f64,
    pub(super) max: f64,
    unit: &'static str,
    mirrors: &'static str,
}

/// A parameter whose values have names, or are true and false.
pub(super) struct Choice {
    pub(super) name: &'static str,
    values: &'static [&'static str],
    mirrors: &'static str,
}

const MS: f64 = 1e3;
const SEC: f64 = 1e6;

const fn range(
    name: &'static str,
    (min, max): (f64, f64),
    unit: &'static str,
    mirrors: &'static str,
) -> Range {
    Range { name, min, max, unit, mirrors }
}

const fn choice(name: &'static str, values: &'static [&'static str], mirrors: &'static str) -> Choice {
    Choice { name, values, mirrors }
}

#[rustfmt::skip]
pub(super) const RANGES: [Range; 48] = [
    range("controller.switch_threshold", (1.0, 1e6), "packets", "receive_side_congestion_controller.cc: kTimeOffsetSwitchThreshold"),
    range("controller.process_interval", (10.0 * MS, 3600.0 * SEC), "", "remote_bitrate_estimator_single_stream.cc: process interval"),
    range("incoming_bitrate.window", (10.0 * MS, 10.0 * SEC), "", "kBitrateWindow; draft: T, 0.5 to 1 s"),
    range("probe.interval", (0.0, 3600.0 * SEC), "", "remote_bitrate_estimator_abs_send_time.cc: kInitialProbingInterval"),
    range("probe.max_ignored_size", (0.0, 65_535.0), "bytes", "kMinProbePacketSize"),
    range("probe.min_cluster_size", (1.0, 1000.0), "gaps", "kMinClusterSize"),
    range("probe.max_probes", (2.0, 1000.0), "packets", "kMaxProbePackets"),
    range("probe.expected_clusters", (1.0, 1000.0), "clusters", "kExpectedNumberOfProbes"),
    range("inter_arrival.group_length", (MS, 10.0 * SEC), "", "kTimestampGroupLengthMs; draft: burst_time"),
    range("inter_arrival.burst_delta_threshold", (0.0, SEC), "", "inter_arrival.cc: kBurstDeltaThresholdMs"),
    range("inter_arrival.max_burst_duration", (0.0, 10.0 * SEC), "", "kMaxBurstDurationMs"),
    range("inter_arrival.arrival_clock_offset_threshold", (MS, 3600.0 * SEC), "", "kArrivalTimeOffsetThresholdMs"),
    range("inter_arrival.reordered_reset_threshold", (1.0, 1e6), "groups", "kReorderedResetThreshold"),
    range("kalman.initial_slope", (0.0, 1.0), "ms per byte", "overuse_estimator.cc: slope_ = 8/512"),
    range("kalman.initial_slope_variance", (0.0, 1e6), "", "E_[0][0]; 0 with no process noise is the draft's scalar filter"),
    range("kalman.initial_var_noise", (1.0, 1e6), "ms²", "var_noise_; draft: var_v_hat(0)"),
    range("kalman.process_noise_slope", (0.0, 1.0), "", "process_noise_[0]"),
    range("kalman.process_noise_offset", (0.0, 1.0), "", "process_noise_[1]; draft: q"),
    range("kalman.noise_coefficient_start", (0.0, 1.0), "", "UpdateNoiseEstimate: alpha; draft: chi, 0.001 to 0.1"),
    range("kalman.noise_coefficient_steady", (0.0, 1.0), "", "alpha after 10 s of 30 groups a second"),
    range("kalman.min_period_history", (1.0, 10_000.0), "groups", "kMinFramePeriodHistoryLength; draft: K of f_max"),
    range("trendline.window_size", (10.0, 200.0), "groups", "trendline_estimator.cc: kDefaultTrendlineWindowSize"),
    range("trendline.smoothing", (0.0, 1.0), "", "kDefaultTrendlineSmoothingCoeff"),
    range("trendline.threshold_gain", (0.0, 1000.0), "", "kDefaultTrendlineThresholdGain"),
    range("trendline.cap_beginning", (1.0, 200.0), "groups", "TrendlineEstimatorSettings: beginning_packets"),
    range("trendline.cap_end", (1.0, 200.0), "groups", "end_packets"),
    range("trendline.cap_uncertainty", (0.0, 0.025), "", "cap_uncertainty"),
    range("overuse.initial_threshold", (0.0, 1e6), "ms", "overuse_detector.cc: threshold_; draft: del_var_th(0)"),
    range("overuse.max_weight", (1.0, 1e6), "groups", "kMaxNumDeltas; 1 is the draft's m(i) without weight"),
    range("overuse.gain_up_per_ms", (0.0, 10.0), "1/ms", "k_up_; draft: K_u = 0.01"),
    range("overuse.gain_down_per_ms", (0.0, 10.0), "1/ms", "k_down_; draft: K_d = 0.00018"),
    range("overuse.overuse_time_threshold", (0.0, 10.0 * SEC), "", "kOverUsingTimeThreshold; draft: overuse_time_th"),
    range("overuse.max_adapt_offset", (0.0, 1e6), "ms", "kMaxAdaptOffsetMs"),
    range("overuse.min_threshold", (0.0, 1e6), "ms", "UpdateThreshold: lower limit"),
    range("overuse.max_threshold", (0.0, 1e6), "ms", "UpdateThreshold: upper limit"),
    range("rate_control.min_bitrate", (1000.0, 1e12), "", "kCongestionControllerMinBitrate"),
    range("rate_control.backoff_factor", (0.01, 0.999), "", "aimd_rate_control.cc: kDefaultBackoffFactor; draft: beta"),
    range("rate_control.backoff_extra", (0.0, 1e9), "", "ChangeBitrate: 5 kbit/s below; draft: none"),
    range("rate_control.initialization_time", (0.0, 3600.0 * SEC), "", "kInitializationTime"),
    range("rate_control.increase_factor", (1.0, 10.0), "a second", "MultiplicativeRateIncrease: 1.08; draft: eta"),
    range("rate_control.min_multiplicative_increase", (0.0, 1e9), "", "MultiplicativeRateIncrease: at least 1000"),
    range("rate_control.min_additive_increase", (0.0, 1e9), "", "GetNearMaxIncreaseRateBpsPerSecond: kMinIncreaseRateBps; draft: 1000"),
    range("rate_control.default_rtt", (0.0, 60.0 * SEC), "", "kDefaultRtt"),
    range("link_capacity.weight", (0.0, 1.0), "", "link_capacity_estimator.cc: alpha at an over-use; draft: 1 - 0.95"),
    range("link_capacity.deviations", (0.0, 100.0), "standard deviations", "UpperBound, LowerBound: 3"),
    range("streams.timeout", (10.0 * MS, 3600.0 * SEC), "", "kStreamTimeOut"),
    range("remb.interval", (10.0 * MS, 3600.0 * SEC), "", "draft: at least once a second"),
    range("remb.decrease_threshold", (0.0, 100.0), "%", "draft: at once when the estimate falls"),
];

pub(super) const CHOICES: [Choice; 5] = [
    choice(
        "controller.estimator",
        &["auto", "abs-send-time", "rtp-timestamp"],
        "ReceiveSideCongestionController: PickEstimator",
    ),
    choice(
        "controller.filter",
        &["kalman", "trendline"],
        "receive side: OveruseEstimator; send side: TrendlineEstimator",
    ),
    choice("trendline.sort", &["false", "true"], "TrendlineEstimatorSettings: enable_sort"),
    choice("trendline.cap", &["false", "true"], "TrendlineEstimatorSettings: enable_cap"),
    choice("remb.scheduler", &["periodic", "libwebrtc"], "libwebrtc: RembThrottler"),
];

/// Every parameter, stage by stage.
pub fn parameters() -> Vec<Parameter> {
    let defaults = Parameters::default().to_table();
    let of = |name: &str| lookup(&defaults, name).cloned().unwrap_or(Value::Boolean(false));
    let mut all: Vec<_> = RANGES.iter().map(|range| range.parameter(&of(range.name))).collect();
    all.extend(CHOICES.iter().map(|choice| choice.parameter(&of(choice.name))));
    let stages: Vec<_> = defaults.keys().cloned().collect();
    let stage = |parameter: &Parameter| {
        stages.iter().position(|stage| parameter.name.split('.').next() == Some(stage.as_str()))
    };
    all.sort_by_key(stage);
    all
}

impl Range {
    fn parameter(&self, default: &Value) -> Parameter {
        let kind = Kind::of(default);
        Parameter {
            name: self.name,
            kind: kind.name().to_owned(),
            unit: self.unit,
            default: plain(default),
            min: Some(kind.shown(self.min)),
            max: Some(kind.shown(self.max)),
            mirrors: self.mirrors,
        }
    }
}

impl Choice {
    fn parameter(&self, default: &Value) -> Parameter {
        let kind = match default {
            Value::Boolean(_) => "boolean".to_owned(),
            _ => format!("one of {}", self.values.join(", ")),
        };
        let (name, default, mirrors) = (self.name, plain(default), self.mirrors);
        Parameter { name, kind, unit: "", default, min: None, max: None, mirrors }
    }
}

/// As `--set` takes it.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Float(number) if *number != 0.0 && number.abs() < 1e-4 => format!("{number:e}"),
        Value::Float(number) => number.to_string(),
        other => other.to_string(),
    }
}

/// What a value is a value of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Integer,
    Number,
    Duration,
    Rate,
}

impl Kind {
    pub(super) fn of(value: &Value) -> Self {
        match value {
            Value::Integer(_) => Self::Integer,
            Value::String(text) if text.parse::<TimeDelta>().is_ok() => Self::Duration,
            Value::String(_) => Self::Rate,
            _ => Self::Number,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Integer => "integer",
            Self::Number => "number",
            Self::Duration => "duration",
            Self::Rate => "bit rate",
        }
    }

    /// A bound as a person would write it.
    pub(super) fn shown(self, bound: f64) -> String {
        match self {
            Self::Duration => TimeDelta::from_micros(bound as i64).to_string(),
            Self::Rate => Bitrate::from_bps(bound as i64).to_string(),
            Self::Integer | Self::Number => bound.to_string(),
        }
    }

    /// A number as it is, a duration in µs, a bit rate in bit/s.
    pub(super) fn magnitude(value: &Value) -> f64 {
        match value {
            Value::Integer(number) => *number as f64,
            Value::Float(number) => *number,
            Value::String(text) => match (text.parse::<TimeDelta>(), text.parse::<Bitrate>()) {
                (Ok(duration), _) => duration.as_micros() as f64,
                (_, Ok(rate)) => rate.as_bps() as f64,
                _ => f64::NAN,
            },
            _ => f64::NAN,
        }
    }
}

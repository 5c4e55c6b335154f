//! The parameters of all stages; the defaults are libwebrtc's.

#[cfg(feature = "serde")]
use serde::{Deserialize, Serialize};

use super::active_streams::StreamsConfig;
use super::incoming_bitrate::IncomingBitrateConfig;
use super::inter_arrival::InterArrivalConfig;
use super::kalman::KalmanConfig;
use super::link_capacity::LinkCapacityConfig;
use super::overuse::OveruseConfig;
use super::probe::ProbeConfig;
use super::rate_control::RateControlConfig;
use super::trendline::TrendlineConfig;
use crate::units::TimeDelta;

/// Every stage's parameters.
#[derive(Debug, Clone, PartialEq, Default)]
#[cfg_attr(feature = "serde", derive(Serialize, Deserialize), serde(deny_unknown_fields, default))]
#[allow(missing_docs, reason = "each field is the stage of its name")]
pub struct EstimatorConfig {
    pub controller: ControllerConfig,
    pub incoming_bitrate: IncomingBitrateConfig,
    pub probe: ProbeConfig,
    pub inter_arrival: InterArrivalConfig,
    pub kalman: KalmanConfig,
    pub trendline: TrendlineConfig,
    pub overuse: OveruseConfig,
    pub rate_control: RateControlConfig,
    pub link_capacity: LinkCapacityConfig,
    pub streams: StreamsConfig,
}

/// Which estimator and filter, and when they change (specification 2.2, 10.1).
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(Serialize, Deserialize), serde(deny_unknown_fields, default))]
pub struct ControllerConfig {
    /// Which estimator.
    pub estimator: EstimatorChoice,
    /// Which delay filter.
    pub filter: DelayFilter,
    /// So many packets in a row without abs-send-time, and RTP timestamps take over.
    pub switch_threshold: u32,
    /// Period of the RTP timestamp estimator's timer until there is an estimate.
    pub process_interval: TimeDelta,
}

impl Default for ControllerConfig {
    fn default() -> Self {
        Self {
            estimator: EstimatorChoice::Auto,
            filter: DelayFilter::Kalman,
            switch_threshold: 30,
            process_interval: TimeDelta::from_millis(500),
        }
    }
}

/// How the estimator is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(Serialize, Deserialize), serde(rename_all = "kebab-case"))]
pub enum EstimatorChoice {
    /// By what the packets carry, as libwebrtc does.
    #[default]
    Auto,
    /// abs-send-time alone; packets without it have no effect.
    AbsSendTime,
    /// RTP timestamps alone.
    RtpTimestamp,
}

/// The delay filters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(Serialize, Deserialize), serde(rename_all = "lowercase"))]
pub enum DelayFilter {
    /// libwebrtc's on the receiving side.
    #[default]
    Kalman,
    /// libwebrtc's on the sending side.
    Trendline,
}

//! The receive-side bandwidth estimator: packets in, one bit rate out. It uses `units` alone.
//!
//! The line: [`incoming_bitrate`] measures, [`probe`] searches the first two seconds for packet trains,
//! [`inter_arrival`] makes packet groups, [`kalman`] or [`trendline`] turns their deltas into a delay gradient,
//! [`overuse`] compares that with an adaptive threshold, [`rate_control`] raises, holds or lowers the estimate.
//! [`AbsSendTimeEstimator`] and [`RtpTimestampEstimator`] only wire them; [`Controller`] chooses between the two.
//!
//! Sections named in this room are those of the behaviour specification of libwebrtc's estimator
//! (source stamp 2026-08-22).

mod abs_send_time_estimator;
mod active_streams;
mod config;
mod controller;
mod delay_detector;
pub mod incoming_bitrate;
pub mod inter_arrival;
pub mod kalman;
pub mod link_capacity;
pub mod overuse;
mod packet;
mod poll;
pub mod probe;
pub mod rate_control;
mod rtp_timestamp_estimator;
mod ssrc_set;
mod trace;
pub mod trendline;
mod window_min;

pub use abs_send_time_estimator::{AbsSendTimeEstimator, Report};
pub use active_streams::StreamsConfig;
pub use config::{ControllerConfig, DelayFilter, EstimatorChoice, EstimatorConfig};
pub use controller::Controller;
pub use overuse::BandwidthUsage;
pub use packet::PacketArrival;
pub use rate_control::RateControlState;
pub use rtp_timestamp_estimator::RtpTimestampEstimator;
pub(crate) use ssrc_set::SsrcSet;
pub use trace::{
    DelayState, EstimatorKind, GroupStep, KalmanState, Observer, PacketStep, RateControlRun, StateChange,
    Step,
};

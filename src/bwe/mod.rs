//! The receive-side bandwidth estimator: packets in, one bit rate out. It uses `units` alone.
//!
//! The line: [`incoming_bitrate`] measures, [`probe`] searches the first two seconds for packet trains,
//! [`inter_arrival`] makes packet groups, [`kalman`] turns their deltas into a delay gradient, [`overuse`]
//! compares that with an adaptive threshold, [`rate_control`] raises, holds or lowers the estimate.
//! [`AbsSendTimeEstimator`] only wires them.
//!
//! Sections named in this room are those of the behaviour specification of libwebrtc's estimator
//! (source stamp 2026-08-22).

mod abs_send_time_estimator;
mod active_streams;
pub mod incoming_bitrate;
pub mod inter_arrival;
pub mod kalman;
pub mod link_capacity;
pub mod overuse;
mod packet;
pub mod probe;
pub mod rate_control;
mod trace;
mod window_min;

pub use abs_send_time_estimator::{AbsSendTimeEstimator, EstimatorConfig, Report};
pub use active_streams::StreamsConfig;
pub use overuse::BandwidthUsage;
pub use packet::PacketArrival;
pub use rate_control::RateControlState;
pub use trace::{GroupStep, Observer, RateControlRun, StateChange, Step};

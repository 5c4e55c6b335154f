//! Every stage's output as plain data: the estimator's log.

use super::{BandwidthUsage, RateControlState};
use crate::units::{Bitrate, Ssrc, Timestamp};

/// One step of the estimator: a packet at which groups gave a delta or rate control ran.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// The local clock.
    pub now: Timestamp,
    /// The packet's arrival.
    pub arrival: Timestamp,
    /// The packet's stream.
    pub ssrc: Ssrc,
    /// The deltas of two groups, if the packet gave some.
    pub group: Option<GroupStep>,
    /// Deltas the filter has seen.
    pub num_deltas: u32,
    /// Delay gradient, ms a group.
    pub offset_ms: f64,
    /// The time a byte takes, ms.
    pub slope: f64,
    /// Variance of the residual, ms².
    pub var_noise: f64,
    /// Mean of the residual, ms.
    pub avg_noise: f64,
    /// Adaptive threshold γ, ms; compared with min(num_deltas, 60) · offset.
    pub threshold_ms: f64,
    /// The link's state.
    pub usage: BandwidthUsage,
    /// Incoming bit rate, this packet included.
    pub incoming: Option<Bitrate>,
    /// What rate control was given, if it ran.
    pub rate_control: Option<RateControlRun>,
    /// Whether a probe set the estimate.
    pub probe: bool,
    /// Hold or increase.
    pub rate_state: RateControlState,
    /// The estimate, once there is one.
    pub estimate: Option<Bitrate>,
    /// The rate inside rate control, 30 Mbit/s until there is an estimate.
    pub current: Bitrate,
    /// Link capacity, kbit/s.
    pub link_capacity_kbps: Option<f64>,
    /// Its normalised variance.
    pub link_capacity_deviation: f64,
}

/// The deltas of two completed groups.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GroupStep {
    /// Send time, ms.
    pub send_delta_ms: f64,
    /// Arrival, ms.
    pub arrival_delta_ms: i64,
    /// Bytes.
    pub size_delta: i64,
}

/// What rate control was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateControlRun {
    /// The link's state.
    pub usage: BandwidthUsage,
    /// Measured throughput.
    pub throughput: Option<Bitrate>,
}

/// A state that changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StateChange {
    /// The link's state.
    Usage {
        /// Before.
        from: BandwidthUsage,
        /// From now on.
        to: BandwidthUsage,
    },
    /// Rate control's state.
    RateControl {
        /// Before.
        from: RateControlState,
        /// From now on.
        to: RateControlState,
    },
}

/// Listens to the estimator. `()` listens to nothing and costs nothing.
pub trait Observer {
    /// Whether [`Self::step`] is wanted; where not, no step is put together.
    const WANTS_STEPS: bool = true;

    /// The estimator did something at a packet.
    fn step(&mut self, step: &Step);

    /// A state changed at a packet.
    fn state_changed(&mut self, _now: Timestamp, _change: StateChange) {}
}

impl Observer for () {
    const WANTS_STEPS: bool = false;

    fn step(&mut self, _step: &Step) {}
}

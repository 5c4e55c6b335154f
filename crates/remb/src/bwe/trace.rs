//! Every stage's output as plain data: the estimator's log.

use super::rate_control::RateControl;
use super::{BandwidthUsage, RateControlState};
use crate::units::{Bitrate, Ssrc, Timestamp};

/// One step of the estimator: a packet at which groups gave a delta or rate control ran, or a timer at which it ran.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// The local clock.
    pub now: Timestamp,
    /// Which estimator was in use.
    pub estimator: EstimatorKind,
    /// The packet and what it did to the delay; `None` at a timer.
    pub packet: Option<PacketStep>,
    /// Incoming bit rate, the packet included.
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

/// A packet's part of a step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PacketStep {
    /// Its arrival.
    pub arrival: Timestamp,
    /// Its stream.
    pub ssrc: Ssrc,
    /// The deltas of two groups, if it gave some.
    pub group: Option<GroupStep>,
    /// Filter and detector after it; with RTP timestamps those of its stream.
    pub delay: DelayState,
}

/// Delay filter and detector.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DelayState {
    /// Deltas the filter has seen.
    pub num_deltas: u32,
    /// The delay gradient: ms a group (Kalman), ms per ms (trendline).
    pub offset: f64,
    /// What is compared with the threshold, ms.
    pub modified_offset_ms: f64,
    /// The Kalman filter's further state.
    pub kalman: Option<KalmanState>,
    /// Adaptive threshold γ, ms.
    pub threshold_ms: f64,
    /// The link's state.
    pub usage: BandwidthUsage,
}

/// What the Kalman filter knows besides the gradient.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct KalmanState {
    /// The time a byte takes, ms.
    pub slope: f64,
    /// Variance of the residual, ms².
    pub var_noise: f64,
    /// Mean of the residual, ms.
    pub avg_noise: f64,
}

/// The two estimators.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EstimatorKind {
    /// By abs-send-time, all streams together.
    AbsSendTime,
    /// By RTP timestamps and transmission time offsets, each stream for itself.
    RtpTimestamp,
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
    /// The estimator: a new one, which knows nothing.
    Estimator {
        /// Before.
        from: EstimatorKind,
        /// From now on.
        to: EstimatorKind,
    },
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

impl Step {
    #[inline]
    pub(super) fn new(
        now: Timestamp,
        estimator: EstimatorKind,
        packet: Option<PacketStep>,
        incoming: Option<Bitrate>,
        run: Option<RateControlRun>,
        rate: &RateControl,
    ) -> Self {
        let capacity = rate.link_capacity();
        Self {
            now,
            estimator,
            packet,
            incoming,
            rate_control: run,
            probe: false,
            rate_state: rate.state(),
            estimate: rate.estimate(),
            current: rate.current(),
            link_capacity_kbps: capacity.estimate_kbps(),
            link_capacity_deviation: capacity.deviation(),
        }
    }
}

/// Listens to the estimator. `()` listens to nothing and costs nothing.
pub trait Observer {
    /// Whether [`Self::step`] is wanted; where not, no step is put together.
    const WANTS_STEPS: bool = true;
    /// Whether a step is wanted for every packet, even if nothing came of it.
    const WANTS_EVERY_PACKET: bool = false;

    /// The estimator did something at a packet or timer.
    fn step(&mut self, step: &Step);

    /// A state changed at a packet or timer.
    fn state_changed(&mut self, _now: Timestamp, _change: StateChange) {}
}

impl Observer for () {
    const WANTS_STEPS: bool = false;

    fn step(&mut self, _step: &Step) {}
}

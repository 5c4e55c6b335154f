//! What the path was like at a step of the estimator.

use crate::units::TimeDelta;

/// What the path was like at a step of the estimator: queue, round trip time, losses.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[non_exhaustive]
pub struct Conditions {
    /// The packet's one-way delay beyond the least one, ms; `None` at a timer, and where no send time serves.
    pub queue_ms: Option<f64>,
    /// The least of these over the last frames, ms: what stays when a frame is through.
    pub standing_queue_ms: Option<f64>,
    /// The round trip time in force.
    pub rtt: TimeDelta,
    /// Packets missing more than at the step before; negative where late ones came.
    pub lost: i64,
}

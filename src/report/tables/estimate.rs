//! The table of the estimator's steps, `estimate.csv`.

use super::Clock;
use crate::model::Conditions;
use crate::report::rows::{Cells, Row};
use crate::units::CaptureTime;
use remb::bwe::{BandwidthUsage, EstimatorKind, RateControlState, Step};

/// Columns of `estimate.csv`.
pub const ESTIMATE_COLUMNS: [&str; 22] = [
    "time_s",
    "unix_time_s",
    "flow",
    "ssrc",
    "kind",
    "estimator",
    "send_delta_ms",
    "arrival_delta_ms",
    "size_delta_bytes",
    "num_deltas",
    "offset_ms",
    "var_noise",
    "threshold_ms",
    "usage",
    "incoming_bps",
    "rate_state",
    "estimate_bps",
    "link_capacity_kbps",
    "probe",
    "queue_ms",
    "rtt_ms",
    "lost",
];

/// A step, and what the path was like at it.
#[derive(Debug, Clone, Copy)]
pub struct StepRow<'a> {
    /// How times are written.
    pub clock: Clock,
    /// The flow.
    pub flow: &'a str,
    /// When.
    pub at: CaptureTime,
    /// What the estimator did.
    pub step: &'a Step,
    /// The path.
    pub conditions: &'a Conditions,
}

impl Row for StepRow<'_> {
    #[inline]
    fn cells(&self, cells: &mut impl Cells) {
        let Self { step, conditions, .. } = self;
        self.clock.cells(cells, self.at);
        cells.text(self.flow);
        let packet = step.packet.as_ref();
        let (group, delay) =
            (packet.and_then(|packet| packet.group.as_ref()), packet.map(|packet| &packet.delay));
        cells.optional(packet, |cells, packet| cells.ssrcs(&[packet.ssrc]));
        cells.word(if packet.is_some() { "packet" } else { "timer" });
        cells.word(estimator_name(step.estimator));
        cells.optional(group, |cells, group| cells.fixed(group.send_delta_ms, 4));
        cells.optional(group, |cells, group| cells.scaled(group.arrival_delta_ms.saturating_mul(10_000), 4));
        cells.optional(group, |cells, group| cells.integer(group.size_delta));
        cells.optional(delay, |cells, delay| cells.integer(delay.num_deltas.into()));
        cells.optional(delay, |cells, delay| cells.fixed(delay.offset, 4));
        cells
            .optional(delay.and_then(|delay| delay.kalman), |cells, kalman| cells.fixed(kalman.var_noise, 4));
        cells.optional(delay, |cells, delay| cells.fixed(delay.threshold_ms, 4));
        let usage = delay.map(|delay| delay.usage).or(step.rate_control.map(|run| run.usage));
        cells.optional(usage, |cells, usage| cells.word(usage_name(usage)));
        cells.bitrate(step.incoming);
        cells.word(rate_state_name(step.rate_state));
        cells.bitrate(step.estimate);
        cells.optional(step.link_capacity_kbps, |cells, kbps| cells.fixed(kbps, 3));
        cells.flag(step.probe);
        cells.optional(conditions.queue_ms, |cells, ms| cells.fixed(ms, 4));
        cells.scaled(conditions.rtt.as_micros().saturating_mul(10), 4);
        cells.integer(conditions.lost);
    }
}

/// As in `estimate.csv`.
pub const fn estimator_name(kind: EstimatorKind) -> &'static str {
    match kind {
        EstimatorKind::AbsSendTime => "abs-send-time",
        EstimatorKind::RtpTimestamp => "rtp-timestamp",
    }
}

/// As in `estimate.csv`.
pub const fn usage_name(usage: BandwidthUsage) -> &'static str {
    usage.name()
}

/// As in `estimate.csv`.
pub const fn rate_state_name(state: RateControlState) -> &'static str {
    match state {
        RateControlState::Hold => "hold",
        RateControlState::Increase => "increase",
    }
}

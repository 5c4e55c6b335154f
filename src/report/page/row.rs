//! A row of the page: what a step of the estimator gives to be drawn, in integers.

use crate::model::Conditions;
use remb::bwe::{BandwidthUsage, Step};

/// What a step of the estimator gives to be drawn.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Row {
    /// Since the capture's first frame, microseconds.
    pub at_us: i64,
    /// What came in, bit/s.
    pub incoming_bps: Option<i64>,
    /// The estimate, bit/s.
    pub estimate_bps: Option<i64>,
    /// The delay gradient as it is compared with the threshold, ms; at the rows where a group was complete.
    pub gradient_ms: Option<f64>,
    /// The threshold, ms.
    pub threshold_ms: Option<f64>,
    /// The state that came of them.
    pub usage: Option<BandwidthUsage>,
    /// The queue delay, ms.
    pub queue_ms: Option<f64>,
    /// The round trip time in force, ms.
    pub rtt_ms: Option<f64>,
    /// Packets missing since the row before; negative where late ones came.
    pub lost: i64,
}

/// A column's name and how many decimals its integers have.
pub(super) const COLUMNS: [(&str, i32); 9] = [
    ("time", 6),
    ("incoming", 0),
    ("estimate", 0),
    ("gradient", 3),
    ("threshold", 3),
    ("usage", 0),
    ("queue", 3),
    ("rtt", 3),
    ("lost", 0),
];

impl Row {
    /// Of a step, so many microseconds after the capture's first frame.
    #[inline]
    pub fn of(at_us: i64, step: &Step, conditions: &Conditions) -> Self {
        let delay = step.packet.filter(|packet| packet.group.is_some()).map(|packet| packet.delay);
        Self {
            at_us,
            incoming_bps: step.incoming.map(|rate| rate.as_bps()),
            estimate_bps: step.estimate.map(|rate| rate.as_bps()),
            gradient_ms: delay.map(|delay| delay.modified_offset_ms),
            threshold_ms: delay.map(|delay| delay.threshold_ms),
            usage: delay.map(|delay| delay.usage),
            queue_ms: conditions.queue_ms,
            rtt_ms: Some(conditions.rtt.as_micros() as f64 / 1e3),
            lost: conditions.lost,
        }
    }

    /// By [`COLUMNS`].
    #[inline]
    pub(super) fn integers(&self) -> [Option<i64>; COLUMNS.len()] {
        let milli = |ms: Option<f64>| ms.map(|ms| libm::round(ms * 1e3) as i64);
        [
            Some(self.at_us),
            self.incoming_bps,
            self.estimate_bps,
            milli(self.gradient_ms),
            milli(self.threshold_ms),
            self.usage.map(number),
            milli(self.queue_ms),
            milli(self.rtt_ms),
            Some(self.lost),
        ]
    }
}

/// As the page knows it.
const fn number(usage: BandwidthUsage) -> i64 {
    match usage {
        BandwidthUsage::Normal => 0,
        BandwidthUsage::Overusing => 1,
        BandwidthUsage::Underusing => 2,
    }
}

//! Why the estimate is what it is: watches the packets and the steps of one flow's estimator, and says what happened.
//!
//! ```text
//! packets ─▶ quantities ─▶ conditions ─▶ rows of estimate.csv
//!            delay, queue,      │
//!            missing            ▼
//! steps ───────────────────▶ finders ─▶ model::Event
//! ```
//!
//! One pass, bounded memory; nothing is claimed that the numbers do not carry.

#[expect(dead_code, reason = "the finders raise it")]
mod delay;
mod frames;
#[expect(dead_code, reason = "the finders need more than the conditions")]
mod quantities;
#[expect(dead_code, reason = "the finders lower it")]
mod standing;

use crate::model::{Conditions, Event, Flow};
use crate::survey::FedPacket;
use crate::units::{CaptureTime, TimeDelta};
use quantities::Quantities;
use remb::bwe::Step;

/// Watches one flow.
#[derive(Debug, Default)]
pub(crate) struct Explainer {
    quantities: Quantities,
}

impl Explainer {
    /// Before the first packet; `finds` events, beside the quantities.
    pub(crate) fn new(_finds: bool) -> Self {
        Self::default()
    }

    /// Takes the next packet, before the estimator does.
    #[inline]
    pub(crate) fn packet(&mut self, packet: &FedPacket) {
        self.quantities.observe(packet);
    }

    /// Takes a step of the estimator; `rtt` is in force.
    #[inline]
    pub(crate) fn step(&mut self, at: CaptureTime, step: &Step, rtt: TimeDelta) -> Conditions {
        self.quantities.conditions(at, step.packet.is_some(), rtt)
    }

    /// What happened to the flow at `index`, in order of time; times count from `first_at`.
    pub(crate) fn events(&self, _index: usize, _flow: &Flow, _first_at: CaptureTime) -> Vec<Event> {
        Vec::new()
    }
}

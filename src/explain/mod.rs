//! Why the estimate is what it is: watches the packets and the steps of one flow's estimator, and says what happened.
//!
//! ```text
//! packets ─▶ quantities ─▶ conditions ─▶ rows of estimate.csv
//!            delay, queue,      │
//!            missing            ▼
//! steps ───────────────────▶ finders ─▶ log ─▶ model::Event
//! recorded REMBs ──────────▶ falls, holds, gaps, losses,
//!                            path, changes, divergence
//! ```
//!
//! One pass, bounded memory; nothing is claimed that the numbers do not carry.

mod changes;
mod delay;
mod divergence;
mod falls;
mod finders;
mod frames;
mod gaps;
mod holds;
mod log;
mod losses;
mod no_remb;
mod path;
mod quantities;
mod samples;
mod sent;
mod standing;
mod stretches;
mod sums;
mod why;

use crate::model::{Conditions, Event, Flow};
use crate::survey::FedPacket;
use crate::units::{Bitrate, CaptureTime, TimeDelta};
use finders::Finders;
pub(crate) use no_remb::no_remb;
use quantities::Quantities;
use remb::CapturedRemb;
use remb::bwe::Step;

/// Nanoseconds.
const MS: i64 = 1_000_000;
const SECOND: i64 = 1_000_000_000;
/// A stream without a packet for so long has timed out.
const TIME_OUT_NANOS: i64 = 2 * SECOND;
/// A packet of video, of the usual size.
const PACKET_BITS: f64 = 1200.0 * 8.0;

fn nanos_to_ms(nanos: i64) -> f64 {
    nanos as f64 / 1e6
}

/// Watches one flow.
#[derive(Debug)]
pub(crate) struct Explainer {
    quantities: Quantities,
    finders: Option<Box<Finders>>,
}

impl Explainer {
    /// Before the first packet: of the quantities alone.
    pub(crate) fn of_quantities() -> Self {
        Self { quantities: Quantities::default(), finders: None }
    }

    /// The same with events; the estimate may not be below `least`, and begins in mid-call if `is_cold`.
    pub(crate) fn new(least: Bitrate, is_cold: bool) -> Self {
        Self { quantities: Quantities::default(), finders: Some(Box::new(Finders::new(least, is_cold))) }
    }

    /// Takes the next packet, before the estimator does.
    #[inline(never)]
    pub(crate) fn packet(&mut self, packet: &FedPacket) {
        let Self { quantities, finders } = self;
        let Some(finders) = finders else {
            quantities.observe(packet);
            return;
        };
        if !finders.next(packet, quantities) {
            finders.packet(packet, &quantities.observe(packet), quantities);
        }
    }

    /// A packet of the flow came that is not fed.
    pub(crate) fn aside(&mut self) {
        if let Some(finders) = &mut self.finders {
            finders.aside();
        }
    }

    /// Takes a step of the estimator; `rtt` is in force.
    #[inline(always)]
    pub(crate) fn step(&mut self, at: CaptureTime, step: &Step, rtt: TimeDelta) {
        if let Some(finders) = &mut self.finders {
            finders.step(at, step, rtt, &self.quantities);
        }
    }

    /// What the path was like at a step, since the last time it was asked.
    pub(crate) fn conditions(&mut self, at: CaptureTime, step: &Step, rtt: TimeDelta) -> Conditions {
        let standing = self.quantities.standing_nanos(at);
        self.quantities.conditions(standing, step.packet.is_some(), rtt)
    }

    /// Takes a REMB that the flow's receiver sent.
    pub(crate) fn recorded(&mut self, at: CaptureTime, remb: &CapturedRemb) {
        if let Some(finders) = &mut self.finders {
            finders.recorded(at, remb);
        }
    }

    /// Events for which there was no room, so far.
    pub(crate) fn left_out(&self) -> u64 {
        self.finders.as_ref().map_or(0, |finders| finders.left_out())
    }

    /// The first packet.
    pub(crate) fn began(&self) -> Option<CaptureTime> {
        self.finders.as_ref()?.began()
    }

    /// What happened to the flow at `index`, in order of time; times count from `first_at`.
    pub(crate) fn events(&self, index: usize, flow: &Flow, first_at: CaptureTime) -> Vec<Event> {
        let finders = self.finders.as_ref();
        finders.map(|finders| finders.as_ref().clone().events(index, flow, first_at)).unwrap_or_default()
    }
}

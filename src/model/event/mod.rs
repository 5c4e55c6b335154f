//! What happened to a flow's estimate and why: one list of plain facts, of which text, tables and pictures are made.

mod estimator;
mod fall;
mod hold;
mod network;
mod rembs;

use crate::units::{FrameNumber, Seconds};

pub use estimator::{EstimatorCause, EstimatorChange, Presence, Probe, StreamChange};
pub use fall::{Burst, Fall, FallCause, WhyOverUse};
pub use hold::{NoRise, NoRiseCause};
pub use network::{Gap, Loss, LossCause, PathStep, RttChange};
pub use rembs::{Divergence, NoRemb, WhyNoRemb};

/// Something that happened, when and in which frame.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Event {
    /// The flow, by its index among the outcome's.
    pub flow: usize,
    /// When, or from when on, since the capture's first frame.
    pub at: Seconds,
    /// Until when; `None` for an instant, and for what had not ended at the end of the capture.
    pub until: Option<Seconds>,
    /// The first frame that shows it, where one does.
    pub first_frame: Option<FrameNumber>,
    /// Only for those who want all of it.
    pub is_detail: bool,
    /// What.
    pub what: Happening,
}

/// What happened, with its numbers.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Happening {
    /// The estimate fell.
    Fall(Fall),
    /// The estimate stayed where it was.
    NoRise(NoRise),
    /// The sender sent nothing: nothing came, and next to nothing was lost.
    Pause(Gap),
    /// The network let nothing through.
    Outage(Gap),
    /// Packets were lost.
    Loss(Loss),
    /// The least delay stepped up: another route, or a clock that was set.
    Path(PathStep),
    /// A packet train set the estimate.
    Probe(Probe),
    /// A stream came or went.
    Stream(StreamChange),
    /// Another estimator took over, or began anew.
    Estimator(EstimatorChange),
    /// The round trip time in force changed.
    Rtt(RttChange),
    /// Recorded and replayed REMBs parted.
    Divergence(Divergence),
    /// No REMB came of the replay.
    NoRemb(NoRemb),
}

impl Happening {
    /// As in the column `type`.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Fall(_) => "fall",
            Self::NoRise(_) => "no-rise",
            Self::Pause(_) => "pause",
            Self::Outage(_) => "outage",
            Self::Loss(_) => "loss",
            Self::Path(_) => "path",
            Self::Probe(_) => "probe",
            Self::Stream(_) => "stream",
            Self::Estimator(_) => "estimator",
            Self::Rtt(_) => "rtt",
            Self::Divergence(_) => "divergence",
            Self::NoRemb(_) => "no-remb",
        }
    }
}

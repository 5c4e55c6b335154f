//! Estimates that do not rise.

use crate::units::{Bitrate, Seconds, TimeDelta};

/// The estimate stayed within 1 % for 5 s or longer.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct NoRise {
    /// Where it stayed.
    pub held: Bitrate,
    /// Why.
    pub cause: NoRiseCause,
    /// What came in, on average.
    pub incoming: Option<Bitrate>,
    /// The standing queue was below 10 ms since then, to the end.
    pub queue_empty_since: Option<Seconds>,
    /// So long none came, where that is what held it.
    pub no_packets: Option<TimeDelta>,
}

/// Why an estimate did not rise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoRiseCause {
    /// It may be no more than 1.5 × what comes in + 10 kbit/s.
    IncomingLimit,
    /// The queue drained.
    QueueDrains,
    /// Under-use was reported though the queue was empty.
    UnderUseWithoutQueue,
    /// A parameter of this name bounds it.
    Bound(&'static str),
    /// No packet came for half of the time or longer.
    NoPackets,
    /// Over-use is reported, and the estimate is already below what it would fall to.
    OverUse,
    /// No one reason prevails.
    Hold,
}

impl NoRiseCause {
    /// As in the column `cause`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::IncomingLimit => "incoming-limit",
            Self::QueueDrains => "queue-drains",
            Self::UnderUseWithoutQueue => "under-use-without-queue",
            Self::Bound(_) => "bound",
            Self::NoPackets => "no-packets",
            Self::OverUse => "over-use",
            Self::Hold => "hold",
        }
    }
}

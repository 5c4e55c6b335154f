//! Falls of the estimate.

use crate::units::{Bitrate, TimeDelta};

/// A fall of the estimate: one decrease or several that belong together.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Fall {
    /// Before the first decrease.
    pub from: Bitrate,
    /// After the last.
    pub to: Bitrate,
    /// So many times it was lowered.
    pub decreases: u64,
    /// Why.
    pub cause: FallCause,
    /// What came in as it was lowered last: 0.85 was taken of it.
    pub incoming: Option<Bitrate>,
    /// The delay gradient at the first decrease, ms.
    pub gradient_ms: Option<f64>,
    /// The threshold that it passed, ms.
    pub threshold_ms: Option<f64>,
    /// The standing queue before it grew, ms.
    pub queue_before_ms: Option<f64>,
    /// The most it came to, until half a second after the last decrease, ms.
    pub queue_ms: Option<f64>,
    /// The most that a packet waited in that time, frames included, ms.
    pub packet_queue_ms: Option<f64>,
    /// From the beginning of its growth to the most.
    pub window: Option<TimeDelta>,
    /// What the bottleneck carried.
    pub link: Option<Bitrate>,
    /// What came in before the queue grew.
    pub came: Option<Bitrate>,
    /// Packets lost from the beginning of the growth to half a second after the last decrease.
    pub lost: u64,
    /// The largest frame before it, or what came in 200 ms.
    pub burst: Option<Burst>,
    /// Pauses of the sender that belong to it.
    pub sender_pauses: u64,
    /// Whether the recorded REMBs fell too within a second; `None` where there are none.
    pub recorded: Option<bool>,
}

/// More at once than usual.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Burst {
    /// Bytes of a frame, or of 200 ms.
    pub bytes: u64,
    /// Times what is usual.
    pub ratio: f64,
}

/// Why an estimate fell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FallCause {
    /// The detector reported over-use.
    OverUse(WhyOverUse),
    /// Nothing came in any more.
    Silence,
    /// The estimator began anew.
    Reset,
}

impl FallCause {
    /// As in the column `cause`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::OverUse(_) => "over-use",
            Self::Silence => "silence",
            Self::Reset => "reset",
        }
    }
}

/// What was behind an over-use; the first that holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhyOverUse {
    /// The path's delay had stepped.
    Path,
    /// The sender or the network had paused.
    Restart,
    /// Packets came out of order.
    Reordering,
    /// There was no queue: the detector, not the path.
    NoQueue,
    /// The sender sent much at once.
    Burst,
    /// The sender began above the link.
    Start,
    /// The link carried less than came.
    Link,
    /// The sender had reached what the link carries.
    Capacity,
    /// The queue was within frames only.
    Frames,
    /// Nothing of these.
    Unclear,
}

impl WhyOverUse {
    /// As in the column `why`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Path => "path",
            Self::Restart => "restart",
            Self::Reordering => "reordering",
            Self::NoQueue => "no-queue",
            Self::Burst => "burst",
            Self::Start => "start",
            Self::Link => "link",
            Self::Capacity => "capacity",
            Self::Frames => "frames",
            Self::Unclear => "unclear",
        }
    }
}

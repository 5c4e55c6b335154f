//! What the sender and the network did.

use crate::units::TimeDelta;

/// A gap in which nothing came.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Gap {
    /// From the last packet before it to the first after it.
    pub gap: TimeDelta,
    /// Packets missing in it.
    pub lost: u64,
    /// The window of the incoming rate ran empty.
    pub empties_rate_window: bool,
    /// All streams timed out.
    pub times_out: bool,
}

/// Losses less than 5 s apart.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Loss {
    /// Packets that never came.
    pub lost: u64,
    /// Packets that were sent from the first to the last of these.
    pub expected: u64,
    /// Whether the queue was full.
    pub cause: LossCause,
    /// The standing queue at the losses, on average, ms.
    pub queue_ms: Option<f64>,
    /// The most that were lost in a row.
    pub longest: u64,
}

impl Loss {
    /// The share that was lost.
    pub fn share(&self) -> f64 {
        self.lost as f64 / self.expected.max(1) as f64
    }
}

/// How packets were lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LossCause {
    /// When the queue was at its longest.
    QueueFull,
    /// Whatever the queue was.
    Random,
}

impl LossCause {
    /// As in the column `cause`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::QueueFull => "queue-full",
            Self::Random => "random",
        }
    }
}

/// The least delay stepped up.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct PathStep {
    /// By so much.
    pub step: TimeDelta,
}

/// The round trip time in force changed much.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct RttChange {
    /// Before.
    pub from: TimeDelta,
    /// After.
    pub to: TimeDelta,
}

//! What an estimator made of a flow.

use std::collections::BTreeMap;

use crate::units::{Bitrate, Seconds, TimeDelta};
use remb::bwe::{BandwidthUsage, EstimatorKind, RateControlState};

/// What an estimator made of a flow.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Estimation {
    /// The estimator in use at its end.
    pub estimator: EstimatorKind,
    /// What was sent.
    pub rembs: RembTally,
    /// The estimate after the last packet.
    pub estimate: Option<Bitrate>,
    /// The link's state after the last packet.
    pub usage: BandwidthUsage,
    /// Rate control's state after the last packet.
    pub rate_state: RateControlState,
    /// Where its timer was told to run as the receiver's did, how often it could.
    pub timer: Option<TimerRuns>,
}

/// Updates of the estimator by RTP timestamps by its timer, and those that the receiver's REMBs tell the time of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TimerRuns {
    /// All of them.
    pub count: u64,
    /// Those at a REMB of the receiver.
    pub at_rembs: u64,
    /// How late these were, in the median.
    pub late: Option<TimeDelta>,
}

/// The REMBs that were sent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct RembTally {
    /// How many.
    pub count: u64,
    /// By the reason's name.
    pub reasons: BTreeMap<&'static str, u64>,
    /// Time of the first, since the first frame.
    pub first: Option<Seconds>,
    /// Their rates.
    pub rates: Option<RateRange>,
    /// How far they are from those that the flow's receiver sent, where both are there.
    pub apart: Option<Apart>,
}

/// For how long the REMBs of a replay and those of the receiver are more than 5 % apart, of the time in which there are both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Apart {
    /// There are both.
    pub compared: Seconds,
    /// They are apart.
    pub apart: Seconds,
    /// The longest stretch of it, since the first frame: from and until.
    pub longest: Option<(Seconds, Seconds)>,
}

impl Apart {
    /// A stretch of this is no matter of schedules and clock phases.
    const LONG_NANOS: i64 = 5_000_000_000;

    /// The longest stretch, if it is long.
    pub fn for_long(&self) -> Option<(Seconds, Seconds)> {
        self.longest.filter(|(from, until)| until.0 - from.0 >= Self::LONG_NANOS)
    }
}

/// The rates of a number of REMBs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateRange {
    /// The first.
    pub first: Bitrate,
    /// The last.
    pub last: Bitrate,
    /// The lowest.
    pub min: Bitrate,
    /// The highest.
    pub max: Bitrate,
}

impl RateRange {
    /// With one more.
    pub(crate) fn with(range: Option<Self>, rate: Bitrate) -> Self {
        match range {
            None => Self { first: rate, last: rate, min: rate, max: rate },
            Some(Self { first, min, max, .. }) => {
                Self { first, last: rate, min: min.min(rate), max: max.max(rate) }
            }
        }
    }
}

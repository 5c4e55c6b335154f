//! What an estimator made of a flow.

use std::collections::BTreeMap;

use crate::units::{Bitrate, Seconds};
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

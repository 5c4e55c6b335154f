//! Frames by what they carried.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::units::{Count, Seconds};

/// Frames by what they carried; each by its stable name.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[non_exhaustive]
pub struct Frames {
    /// All.
    pub total: u64,
    /// By link type.
    pub link_types: BTreeMap<String, u64>,
    /// Datagrams by what carried them.
    pub carriers: BTreeMap<&'static str, u64>,
    /// UDP payloads by class.
    pub classes: BTreeMap<&'static str, u64>,
    /// Frames that did not reach the estimator, by reason.
    pub skipped: BTreeMap<&'static str, Count>,
    /// Frames cut by the snaplen; sizes are the original ones.
    pub truncated: u64,
    /// Frames with an earlier time than the one before.
    pub time_steps_back: u64,
    /// What all times are multiples of, if that is a millisecond or more, s.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clock_grain_s: Option<Seconds>,
}

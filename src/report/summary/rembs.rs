//! What was sent, and how near it is to what the receiver sent.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::units::Seconds;

/// What was sent.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Rembs {
    /// How many.
    pub count: u64,
    /// By reason.
    pub reasons: BTreeMap<&'static str, u64>,
    /// Time of the first, s since the first frame.
    pub first_s: Option<Seconds>,
    /// The first, bit/s.
    pub first_bps: Option<i64>,
    /// The last, bit/s.
    pub last_bps: Option<i64>,
    /// The lowest, bit/s.
    pub min_bps: Option<i64>,
    /// The highest, bit/s.
    pub max_bps: Option<i64>,
    /// For how long they are more than 5 % from those of the flow's receiver, where there are both.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub apart: Option<Apart>,
}

/// For how long our REMBs and those of the receiver are more than 5 % apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Apart {
    /// There are both for so long, s.
    pub compared_s: Seconds,
    /// They are apart for so long, s.
    pub apart_s: Seconds,
    /// The longest stretch of it begins, s since the first frame.
    pub longest_from_s: Option<Seconds>,
    /// And ends.
    pub longest_until_s: Option<Seconds>,
    /// Whether it is long: 5 s or more.
    #[serde(skip)]
    pub is_long: bool,
}

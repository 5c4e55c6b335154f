//! What the estimator did beside estimating.

use super::super::StreamKind;
use crate::units::{Bitrate, Ssrc};
use remb::bwe::EstimatorKind;

/// A packet train set the estimate.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Probe {
    /// Before.
    pub from: Option<Bitrate>,
    /// After.
    pub to: Bitrate,
}

/// A stream came or went.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct StreamChange {
    /// Which.
    pub ssrc: Ssrc,
    /// What it is.
    pub kind: StreamKind,
    /// How it changed.
    pub change: Presence,
}

/// Whether a stream's packets come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// Its first packet.
    Begins,
    /// None for two seconds.
    TimesOut,
    /// One after that.
    Returns,
}

impl Presence {
    /// As in the column `cause`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Begins => "begins",
            Self::TimesOut => "times-out",
            Self::Returns => "returns",
        }
    }
}

/// Another estimator, or the same anew.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct EstimatorChange {
    /// The one that is in use from here on.
    pub to: EstimatorKind,
    /// Why.
    pub cause: EstimatorCause,
}

/// Why an estimator began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EstimatorCause {
    /// The flow's first.
    First,
    /// Packets have, or no longer have, send times.
    Switch,
    /// Cold in mid-call, at `--from`.
    From,
}

impl EstimatorCause {
    /// As in the column `cause`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Switch => "switch",
            Self::From => "from",
        }
    }
}

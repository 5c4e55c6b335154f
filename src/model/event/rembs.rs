//! REMBs that part, and those that are not there.

use crate::units::Bitrate;

/// Recorded REMBs and the replayed estimate were apart by more than 5 % for more than a second.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Divergence {
    /// The recorded one where they were farthest apart for 200 ms.
    pub recorded: Bitrate,
    /// The replayed one there.
    pub replayed: Bitrate,
}

/// No REMB came of a flow's replay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct NoRemb {
    /// Why.
    pub why: WhyNoRemb,
    /// REMBs that its receiver sent.
    pub recorded: u64,
}

/// Why a flow has no REMB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhyNoRemb {
    /// Its sender estimates: transport-wide sequence numbers.
    TransportCc,
    /// It has audio alone, which does not count.
    AudioAlone,
    /// It ended before there was an estimate.
    NoEstimate,
    /// It was captured where it was sent: delays there are not the receiver's.
    SenderSide,
    /// It has no send time that serves.
    NoSendTime,
    /// Nothing of it was fed, for another reason.
    NotFed,
}

impl WhyNoRemb {
    /// As in the column `cause`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::TransportCc => "transport-cc",
            Self::AudioAlone => "audio-alone",
            Self::NoEstimate => "no-estimate",
            Self::SenderSide => "sender-side",
            Self::NoSendTime => "no-send-time",
            Self::NotFed => "not-fed",
        }
    }
}

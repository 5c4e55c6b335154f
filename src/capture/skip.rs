//! What is a packet record and no frame.

use crate::units::FrameNumber;

/// Packet records that could not be given as frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Skip {
    /// A Simple Packet Block, which has no time.
    SimplePacket,
    /// A packet block whose lengths disagree.
    MalformedBlock,
    /// A packet of an interface that was not described.
    UnknownInterface,
    /// A packet of an interface beyond the 1,024 that are kept.
    InterfaceLimit,
    /// A time beyond any calendar's use.
    AbsurdTime,
    /// A line of a text log that is cut or damaged.
    DamagedLine,
    /// A line of a text log with a packet of a data channel.
    DataChannel,
}

impl Skip {
    /// All, in the order of their numbers.
    pub const ALL: [Self; 7] = [
        Self::SimplePacket,
        Self::MalformedBlock,
        Self::UnknownInterface,
        Self::InterfaceLimit,
        Self::AbsurdTime,
        Self::DamagedLine,
        Self::DataChannel,
    ];

    /// As in the summary.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SimplePacket => "simple-packet-block",
            Self::MalformedBlock => "malformed-block",
            Self::UnknownInterface => "unknown-interface",
            Self::InterfaceLimit => "interface-limit",
            Self::AbsurdTime => "absurd-time",
            Self::DamagedLine => "damaged-line",
            Self::DataChannel => "data-channel",
        }
    }
}

impl Skip {
    /// What is wrong with such packets.
    pub const fn why(self) -> &'static str {
        match self {
            Self::SimplePacket => "without a time (Simple Packet Blocks)",
            Self::MalformedBlock => "in blocks whose lengths disagree",
            Self::UnknownInterface => "of an interface that is not described",
            Self::InterfaceLimit => "of interfaces beyond the 1,024 that are kept",
            Self::AbsurdTime => "with a time that cannot be",
            Self::DamagedLine => "in lines that are cut or damaged",
            Self::DataChannel => "of data channels",
        }
    }
}

/// How many, and the first.
pub type SkipCounts = [(u64, FrameNumber); Skip::ALL.len()];

//! Whether a flow is fit for estimation, and why: what a person wants to know first.

use crate::decode::FiveTuple;
use crate::units::{Ssrc, TimeDelta};

/// Whether an estimate would be that of a flow's receiver.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// It would.
    Fit(Basis),
    /// It would not.
    Unfit(Unfit),
}

impl Verdict {
    /// Whether it would.
    pub const fn is_fit(&self) -> bool {
        matches!(self, Self::Fit(_))
    }
}

/// What an estimate can lean on, and be held against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Basis {
    /// What tells when packets were sent.
    pub send_time: SendTimeBasis,
    /// Packets that count.
    pub packets: u64,
    /// Round trip times.
    pub rtt: Known,
    /// REMBs to compare with.
    pub rembs: Known,
}

/// What tells when packets were sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SendTimeBasis {
    /// abs-send-time, on so many packets.
    AbsSendTime {
        /// Its id.
        id: u8,
        /// Packets that have it.
        packets: u64,
    },
    /// RTP timestamps, for the snaplen cut the header extensions.
    Cut,
    /// RTP timestamps.
    RtpTimestamps,
}

/// What RTCP tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// So many; not zero.
    Count(u64),
    /// Nothing, for it is encrypted.
    Encrypted,
    /// Nothing, for the snaplen cut it.
    Cut,
    /// Nothing.
    Nothing,
}

/// Why a flow is not fit.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Unfit {
    /// None of its packets was fed.
    NotFed(NotFed),
    /// Capture times are squashed.
    Squashed,
    /// It was captured where it was sent.
    SenderSide,
    /// The capture's clock has a grain.
    Grain(TimeDelta),
    /// What was fed is audio.
    OnlyAudio,
}

/// Why none of a flow's packets was fed.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum NotFed {
    /// Only audio, which libwebrtc does not count.
    OnlyAudio,
    /// No stream but those that `--exclude-ssrc` leaves out.
    Excluded,
    /// No stream that `--ssrc` selects; these are there.
    NotSelected(Vec<Ssrc>),
    /// Every packet that would count has a transport-wide sequence number, by this id.
    TransportCc(u8),
    /// No stream is both selected and counted.
    NoneCounted,
    /// Header extensions are encrypted (RFC 9335).
    Cryptex,
    /// Only a send time would do, and no element behaves like one.
    NoSendTime,
    /// Nothing lies between `--from` and `--to`.
    EmptyRange(EmptyRange),
    /// No packet with a readable send time lies between `--from` and `--to`.
    NoneInRange,
}

/// Why nothing can lie between `--from` and `--to`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum EmptyRange {
    /// `--from` is after `--to`.
    Reversed,
    /// `--from` is after the end of the capture, which has so many seconds.
    AfterEnd(f64),
    /// `--to` is before the first frame.
    BeforeBegin,
}

/// Why there was nothing to estimate in a capture.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Nothing {
    /// There are flows with RTP.
    NotFed {
        /// How many.
        flows: usize,
        /// Streams of the first.
        streams: usize,
        /// Why the first ones were not fed.
        reasons: Vec<(FiveTuple, NotFed)>,
    },
    /// No flow that `--flow` names.
    NoSuchFlow {
        /// Packets of others that look like RTP.
        packets: u64,
        /// Some of these flows, and how many there are.
        there: Vec<FiveTuple>,
    },
    /// No RTP.
    NoRtp {
        /// Frames.
        frames: u64,
        /// What was seen instead, by its stable name.
        seen: Vec<(&'static str, u64)>,
        /// The snaplen cut what looks like RTP headers.
        is_cut: bool,
    },
}

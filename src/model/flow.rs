//! One directed flow: everything that was found out of it.

use crate::decode::Carrier;
use crate::decode::FiveTuple;
use crate::infer::{IdEvidence, KindEvidence};
use crate::streams::Answers;
use crate::units::{Ssrc, TimeDelta};

use super::{ElementSeen, Estimation, Event, Extension, RecordedRembs, Stream, StreamKind, Verdict};

/// One directed flow with RTP.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Flow {
    /// Source and destination.
    pub flow: FiveTuple,
    /// Further flows that were merged into it.
    pub also_on: Vec<FiveTuple>,
    /// What carried its first packet.
    pub carrier: Carrier,
    /// RTP packets that count for the estimator.
    pub packets_fed: u64,
    /// What was inferred, and by what evidence.
    pub inferences: Vec<Inference>,
    /// Header extension elements by id, whatever they mean.
    pub extensions: Vec<ElementSeen>,
    /// Whether its payload is encrypted.
    pub srtp: Srtp,
    /// The round trip time and where it is from.
    pub rtt: Rtt,
    /// Where the capture was taken, as far as it tells.
    pub captured_at: Option<CapturePoint>,
    /// Its RTP streams.
    pub streams: Vec<Stream>,
    /// RTCP of its receiver and of its sender, by type.
    pub rtcp: Vec<RtcpSeen>,
    /// What the flow's real receiver sent.
    pub recorded: RecordedRembs,
    /// Whether it is fit for estimation.
    pub verdict: Verdict,
    /// What an estimator made of it, if it was estimated.
    pub estimation: Option<Estimation>,
    /// What happened to its estimate, in order of time; none unless it was asked for.
    pub events: Vec<Event>,
}

/// Something that was not said but found out, or what said it.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Inference {
    /// The id of a header extension.
    ExtensionId {
        /// Which extension.
        extension: Extension,
        /// Its id.
        id: u8,
        /// By what.
        evidence: IdEvidence,
    },
    /// What a stream is.
    MediaKind {
        /// Which stream.
        ssrc: Ssrc,
        /// What it is.
        kind: StreamKind,
        /// By what.
        evidence: KindEvidence,
    },
}

/// RTCP packets of one type from one side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct RtcpSeen {
    /// Of the media.
    pub from: End,
    /// 200 sender report, 201 receiver report …
    pub packet_type: u8,
    /// How many.
    pub count: u64,
}

/// Encryption of a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Srtp {
    /// `None` where nothing told.
    pub encrypted: Option<bool>,
    /// Bytes at the end of every payload that were not counted.
    pub tag_len: usize,
    /// By what; `None` where nothing of it was seen.
    pub evidence: Option<SrtpEvidence>,
}

/// How it is known whether a flow is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SrtpEvidence {
    /// The tag's length was said.
    Flag,
    /// A log has packets in the clear, or the same packets without their tag.
    Log,
    /// What was seen, packet by packet.
    Seen {
        /// DTLS handshake records.
        handshakes: u64,
        /// RTCP packets that end where their headers say.
        clear_rtcp: u64,
        /// RTCP packets with unreadable bytes behind the first header, as SRTCP has them.
        encrypted_rtcp: u64,
    },
}

/// The round trip time given to rate control.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rtt {
    /// Where it is from.
    pub source: RttSource,
    /// The last value; `None` where nothing was estimated.
    pub value: Option<TimeDelta>,
    /// Samples in the capture's RTCP.
    pub samples: u64,
    /// The smallest and the largest of them.
    pub range: Option<(TimeDelta, TimeDelta)>,
    /// Samples that no round trip can have, and were left out.
    pub discarded: u64,
}

/// Where a round trip time is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RttSource {
    /// It was given.
    Flag,
    /// The capture's own RTCP.
    Capture,
    /// Nothing told.
    Default,
}

impl RttSource {
    /// As in the summary.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Flag => "flag",
            Self::Capture => "capture",
            Self::Default => "default",
        }
    }
}

/// Where a capture was taken, seen from one flow.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct CapturePoint {
    /// The end of the flow that it was taken at, or nearer to.
    pub end: End,
    /// By what.
    pub evidence: CapturePointEvidence,
}

/// An end of a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Where the media are sent.
    Sender,
    /// Where they are received.
    Receiver,
}

impl End {
    /// As in the summary.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sender => "sender",
            Self::Receiver => "receiver",
        }
    }
}

/// How it is known where a capture was taken.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum CapturePointEvidence {
    /// The capture marks packets as sent or received by the host that it was taken on.
    Marked {
        /// So many of them, the way that tells.
        count: u64,
        /// Of so many.
        packets: u64,
    },
    /// Answers to RTCP take longer, beyond what they state, from the other end.
    Turnaround {
        /// At this end.
        near: Answers,
        /// At the other.
        far: Answers,
    },
    /// The delay of 99 % of the packets varies more on the way in.
    DelaySpread {
        /// On the way out, ms.
        near_ms: f64,
        /// On the way in, ms.
        far_ms: f64,
    },
}

//! What a reader of the result should know: warnings and notes, each with its code and its facts. What a code means is in
//! `report::codes`, what each one says in `report::doubt_text`: with this file, a new doubt has three places, and the
//! compiler names the third.

use crate::beside::Fit;
use crate::capture::LinkType;
use crate::decode::FiveTuple;
use crate::decode::Skip;
use crate::infer::{IdEvidence, KindEvidence, SaidBy};
use crate::units::{Count, Ssrc, TimeDelta};

use super::{CopyPolicy, Extension, Late, LateFinding, StreamKind, Unusables};

/// A doubt and what it concerns.
#[derive(Debug, Clone, PartialEq)]
pub struct Warning {
    /// What.
    pub doubt: Doubt,
    /// The flow, by its index among the outcome's.
    pub flow: Option<usize>,
    /// Frames, packets or, where the doubt says so, other things; and the first frame.
    pub count: Option<Count>,
}

impl Warning {
    /// The doubt's stable code.
    pub fn code(&self) -> &'static str {
        self.doubt.code()
    }

    /// That a capture was read again for something that was found too late.
    pub(crate) fn read_twice(late: &LateFinding, flow: Option<usize>) -> Self {
        Self { doubt: Doubt::ReadTwice(late.what), flow, count: Some(late.packets) }
    }

    pub(crate) fn of_flow(doubt: Doubt, flow: usize, count: Count) -> Self {
        Self { doubt, flow: Some(flow), count: Some(count) }
    }
}

/// How much a doubt matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// No doubt about the result, and nothing for `--strict`.
    Note,
    /// The result may be another than that of the flow's receiver.
    Warning,
    /// A limit was hit: something is missing.
    Limit,
}

/// What is in doubt, with the facts that its sentence needs beside the warning's count.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Doubt {
    /// Offload put several packets into one frame; so many RTP packets in all.
    Aggregated(u64),
    /// All times are multiples of so much.
    ClockGrain(TimeDelta),
    /// Ids found by behaviour.
    InferredIds(Vec<(Extension, u8)>),
    /// Padding counts that cannot be.
    AbsurdPadding,
    /// Header extensions of this private profile.
    PrivateExtension(u16),
    /// abs-capture-time serves as send time.
    CaptureTimeServes,
    /// The capture's clock drifts against the sender's, ppm.
    ClockDrift(f64),
    /// They run at different rates, ppm.
    ClockRate(f64),
    /// Capture times step against the send times by so many nanoseconds, so many nanoseconds of send time after the
    /// flow's first packet.
    ClockStep(i64, i64),
    /// Encrypted header extensions (RFC 9335).
    Cryptex,
    /// RTP packets are there more than once.
    Copies {
        /// Of all RTP packets, percent.
        percent: f64,
        /// How far apart they are.
        spacing: CopySpacing,
        /// Which of them count.
        policy: CopyPolicy,
    },
    /// RTCP datagrams are there twice.
    RtcpCopies,
    /// Datagrams of which not all IP fragments are there.
    Fragments,
    /// Something was found out after packets had been fed without it.
    LearnedLate(Late),
    /// A limit was reached.
    Limit(Limit),
    /// Behind the first capture stand others.
    Concatenated,
    /// The capture is cut off or damaged: why reading ended.
    Incomplete(String),
    /// The capture was read again, told what was found too late.
    ReadTwice(Late),
    /// A text log has payloads as zeros.
    PayloadsZeroed,
    /// A text log has no hours and minutes, and silences that may have been longer.
    LogGaps,
    /// Many packets of a text log are of exactly this length, bytes, and none is longer.
    LogCut(usize),
    /// An event log beside the capture: how their clocks stand to each other.
    EventLogFit(Fit),
    /// The event log has other sessions than this one, which is read.
    Sessions(usize),
    /// REMBs that concern more streams than they can list.
    RembsWithoutList,
    /// REMBs with times that no pcap can hold.
    NotInPcap,
    /// Frames with times that no pcapng can hold.
    NotInMerge,
    /// There was no estimate before the flow's end.
    NoEstimate,
    /// Packets of counted streams without a send time.
    NoSendTime,
    /// RTP packets larger than an Ethernet frame.
    Offload,
    /// Streams on several flows.
    SeveralFlows(SeveralFlows),
    /// REMBs that are not used.
    RembsUnusable(Unusables),
    /// The round trip time is not known.
    RttDefault,
    /// An SDP or a flag says otherwise than the packets.
    SdpDisagrees(Disagreement),
    /// Send times of more than one sender's clock: those of the main stream, of the first other, and of so many more.
    SenderClocks(Ssrc, Ssrc, ClocksApart, usize),
    /// Captured where it was sent.
    SenderSide,
    /// Capture times are squashed.
    Squashed,
    /// Gaps in TCP streams with RTP.
    TcpGaps,
    /// Capture time steps back, by so many nanoseconds at most.
    TimeStepsBack(i64),
    /// Packets with a transport-wide sequence number.
    TransportCc,
    /// The snaplen cut header extensions.
    ExtensionsCut,
    /// The snaplen cut RTP headers before their send time.
    HeadersCut,
    /// UDP headers state more bytes than their IP packets hold.
    UdpLength,
    /// Taken without proof.
    Uncertain(Guess),
    /// A flag whose value nothing answers to.
    Unmatched(SaidInVain),
    /// Encapsulations that are not read.
    UnreadEncapsulations(Vec<(Encapsulation, u64)>),
}

/// From here on a clock's grain is more than that of whole milliseconds.
const COARSE: TimeDelta = TimeDelta::from_micros(1003);

impl Doubt {
    /// The stable code: `N-…` of a note, `W-…` of a warning, `W-LIMIT-…` of a limit.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Aggregated(_) => "N-AGGREGATED",
            Self::ClockGrain(grain) if *grain < COARSE => "N-CLOCK-GRAIN",
            Self::ClockGrain(_) => "W-COARSE-CLOCK",
            Self::InferredIds(_) => "N-INFERRED-ID",
            Self::AbsurdPadding => "N-PADDING",
            Self::PrivateExtension(_) => "N-PRIVATE-EXTENSION",
            Self::CaptureTimeServes => "W-CAPTURE-TIME",
            Self::ClockDrift(_) => "W-CLOCK-DRIFT",
            Self::ClockRate(_) => "W-CLOCK-RATE",
            Self::ClockStep(..) => "W-CLOCK-STEP",
            Self::Cryptex => "W-CRYPTEX",
            Self::Copies { .. } | Self::RtcpCopies => "W-DUPLICATES",
            Self::Fragments => "W-FRAGMENTS",
            Self::LearnedLate(Late::Audio(_)) => "W-LATE-AUDIO",
            Self::LearnedLate(_) => "W-LEARNED-LATE",
            Self::Limit(limit) => limit.code(),
            Self::Concatenated => "N-CONCATENATED",
            Self::Incomplete(_) => "W-INCOMPLETE",
            Self::ReadTwice(_) => "N-READ-TWICE",
            Self::PayloadsZeroed => "N-LOG-ZEROED",
            Self::LogGaps => "W-LOG-GAPS",
            Self::LogCut(_) => "W-LOG-SIZES",
            Self::EventLogFit(_) => "N-EVENT-LOG",
            Self::Sessions(_) => "N-SESSIONS",
            Self::RembsWithoutList => "W-REMB-SSRCS",
            Self::NotInPcap | Self::NotInMerge => "W-PCAP-TIME",
            Self::NoEstimate => "W-NO-ESTIMATE",
            Self::NoSendTime => "W-NO-SEND-TIME",
            Self::Offload => "W-OFFLOAD",
            Self::SeveralFlows(_) => "W-PATH-CHANGE",
            Self::RembsUnusable(_) => "W-REMB-UNUSABLE",
            Self::RttDefault => "W-RTT-DEFAULT",
            Self::SdpDisagrees(_) => "W-SDP-DISAGREES",
            Self::SenderClocks(..) => "W-SENDER-CLOCKS",
            Self::SenderSide => "W-SENDER-SIDE",
            Self::Squashed => "W-SQUASHED",
            Self::TcpGaps => "W-TCP-GAPS",
            Self::TimeStepsBack(_) => "W-TIME-STEPS-BACK",
            Self::TransportCc => "W-TRANSPORT-CC",
            Self::ExtensionsCut | Self::HeadersCut => "W-TRUNCATED",
            Self::UdpLength => "W-UDP-LENGTH",
            Self::Uncertain(_) => "W-UNCERTAIN",
            Self::Unmatched(_) => "W-UNMATCHED",
            Self::UnreadEncapsulations(_) => "W-UNREAD-ENCAPSULATION",
        }
    }

    /// How much it matters.
    pub fn severity(&self) -> Severity {
        match self.code().as_bytes() {
            [b'N', ..] => Severity::Note,
            _ if matches!(self, Self::Limit(_)) => Severity::Limit,
            _ => Severity::Warning,
        }
    }
}

/// A limit that was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Limit {
    /// `--max-flows`, of so many.
    Flows(usize),
    /// `--max-ssrcs`, of so many.
    Ssrcs(usize),
    /// Pairs of ports with RTCP.
    Conversations,
    /// Memory for packets that wait.
    Held,
    /// Flows that are estimated.
    Estimated,
    /// REMBs recorded before their flow was understood.
    Recorded,
    /// TCP streams.
    Tcp,
    /// Interfaces in a section of a pcapng.
    Interfaces,
    /// Flows that are drawn, of so many.
    Figures(usize),
    /// Events of a flow.
    Events,
}

impl Limit {
    const fn code(self) -> &'static str {
        match self {
            Self::Flows(_) | Self::Conversations => "W-LIMIT-FLOWS",
            Self::Ssrcs(_) => "W-LIMIT-SSRCS",
            Self::Held => "W-LIMIT-HELD",
            Self::Estimated => "W-LIMIT-ESTIMATED",
            Self::Recorded => "W-LIMIT-RECORDED",
            Self::Tcp => "W-LIMIT-TCP",
            Self::Interfaces => "W-LIMIT-INTERFACES",
            Self::Figures(_) => "W-LIMIT-FIGURES",
            Self::Events => "W-LIMIT-EVENTS",
        }
    }
}

/// How far apart copies are: what nine in ten lie between, and the middle one, nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CopySpacing {
    /// Nineteen in twenty are no nearer.
    pub least: i64,
    /// The middle one.
    pub middle: i64,
    /// Nineteen in twenty are no farther.
    pub most: i64,
}

/// Streams that are on several flows for one reason; the warning counts them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct SeveralFlows {
    /// The first of them.
    pub ssrc: Ssrc,
    /// On so many flows.
    pub flows: usize,
    /// The first two of these.
    pub pair: [FiveTuple; 2],
    /// Why.
    pub why: WhySeveralFlows,
}

/// Why a stream is on several flows; what is further down rules out what is above.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum WhySeveralFlows {
    /// One after the other.
    PathChange,
    /// At the same time, and no packet is known to be on both.
    AtOnce,
    /// The same packets.
    BothSides,
    /// The same packets, the one way and back.
    Echo,
}

/// How the send times of two streams stand to each other.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ClocksApart {
    /// By so many seconds.
    By(f64),
    /// Ever further, parts per million.
    Running(f64),
}

/// What was said of a header extension, and is not so.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Disagreement {
    /// What said it: SDP or a flag.
    pub by: SaidBy,
    /// Which extension.
    pub extension: Extension,
    /// The id that was said.
    pub said: u8,
    /// What is wrong with it.
    pub why: WhyDisagrees,
    /// An element that behaves like it, and by what evidence.
    pub other: Option<(u8, IdEvidence)>,
}

/// What is wrong with an id that was said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhyDisagrees {
    /// No packet has it.
    Absent,
    /// Its values cannot be that.
    OtherValues,
}

/// Something that was taken without proof, and is in doubt to the end.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Guess {
    /// An extension is taken to be an element, by this evidence.
    Taken(Extension, u8, IdEvidence),
    /// It may be an element, by this evidence.
    MayBe(Extension, u8, IdEvidence),
    /// A stream is taken to be this, by this evidence.
    Kind(Ssrc, StreamKind, KindEvidence),
}

/// A flag's value that nothing in the capture answers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SaidInVain {
    /// `--flow`.
    Flow(FiveTuple),
    /// `--ssrc`.
    Ssrc(Ssrc),
    /// `--exclude-ssrc`.
    ExcludedSsrc(Ssrc),
    /// `--abs-send-time-id`.
    AbsSendTimeId(u8),
}

/// What wraps packets, and is not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encapsulation {
    /// A link type.
    Link(LinkType),
    /// A layer above.
    Layer(Skip),
}

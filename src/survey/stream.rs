//! One RTP stream of a flow: whether it is RTP at all, what it is, and whether it is fed to the estimator.

mod kind;

use crate::capture::log_facts::LogKind;
use crate::capture::{Direction, LogFacts};
use crate::infer::{
    Guess, KindEvidence, KindFinder, KindShown, MediaKind, RecentTimestamps, StreamEvidence, StreamVerdict,
};
use crate::model::Treatment;
use crate::rtp::RtpPacket;
use crate::rtp::sdp::{SdpMedia, SessionDescription};
use crate::streams::{Reception, StreamStats};
use crate::units::{Count, PayloadType, SeqNum, Ssrc};

use super::MediaFilter;
use super::ledger::Skip;
use super::seen::Seen;
use super::several::Singles;

/// What becomes of a stream's packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Admission {
    /// They wait.
    Undecided,
    /// They are fed.
    Fed,
    /// They are not fed.
    Skipped(Skip),
}

/// A stream and what is known of it.
#[derive(Debug)]
pub(super) struct Stream {
    pub(super) ssrc: Ssrc,
    pub(super) admission: Admission,
    /// It is decided, and its kind is final: further packets tell nothing.
    pub(super) is_steady: bool,
    /// It is known to be retransmissions.
    pub(super) is_rtx: bool,
    pub(super) finder: KindFinder,
    /// What its kind was taken for when time was up.
    guess: Option<Guess>,
    pub(super) stats: StreamStats,
    /// Its latest timestamps, among which those of its retransmissions are.
    pub(super) recent: RecentTimestamps,
    /// Its latest packets.
    pub(super) seen: Seen,
    pub(super) abs_send_times: u64,
    /// Packets with a transport-wide sequence number.
    pub(super) transport_cc: u64,
    /// Packets that were fed.
    pub(super) fed: Count,
    /// Packets that were not, for it is audio.
    pub(super) left_out: Count,
    /// Whether its receiver has an RTP module for it; `None` until that is decided.
    pub(super) has_module: Option<bool>,
    pub(super) singles: Singles,
    evidence: StreamEvidence,
    /// Ids of header extension elements until it was known to be RTP.
    element_ids: ElementIds,
    /// Kind and clock as the SDP has them.
    described: Option<Described>,
    /// What an earlier reading of the capture found out.
    learned: Option<LearnedStream>,
    selected: bool,
}

/// What a reading of the capture found out of a stream.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct LearnedStream {
    kind: Option<MediaKind>,
    evidence: KindEvidence,
    is_guess: bool,
}

/// What the SDP or a log says of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Described {
    media: SdpMedia,
    is_rtx: bool,
    /// The stream that it repeats, where that is said.
    rtx_of: Option<Ssrc>,
    by: KindShown,
}

impl Described {
    /// By the stream's SSRC, else its payload type.
    pub(super) fn find(sdp: &SessionDescription, packet: &RtpPacket<'_>) -> Option<Self> {
        let payload_type = packet.payload_type();
        let media = sdp.media_of(packet.ssrc(), payload_type)?;
        let is_rtx = sdp.payload(payload_type).is_some_and(|payload| payload.rtx_of.is_some());
        Some(Self { media, is_rtx, rtx_of: None, by: KindShown::Sdp })
    }

    /// By a log, if it says anything of it.
    pub(super) fn logged(log: &LogFacts, ssrc: Ssrc, direction: Option<Direction>) -> Option<Self> {
        let stream = log.stream(ssrc, direction)?;
        let (media, is_rtx, rtx_of) = match stream.kind {
            LogKind::Audio => (SdpMedia::Audio, false, None),
            LogKind::Video => (SdpMedia::Video, false, None),
            LogKind::Rtx(of) => (SdpMedia::Video, true, of.map(Ssrc)),
        };
        Some(Self { media, is_rtx, rtx_of, by: KindShown::Log(stream.by) })
    }
}

/// A set of header extension ids; those above 62 are taken as one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct ElementIds(u64);

impl ElementIds {
    fn insert(&mut self, id: u8) {
        self.0 |= 1 << id.min(63);
    }

    fn are_some_of(self, others: Self) -> bool {
        self.0 != 0 && self.0 & !others.0 == 0
    }

    fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// The header extensions of all streams that are RTP.
pub(super) fn element_ids_of_rtp<'a>(streams: impl Iterator<Item = &'a Stream>) -> ElementIds {
    streams
        .filter(|stream| stream.is_rtp())
        .fold(ElementIds::default(), |ids, stream| ids.union(stream.element_ids))
}

impl Stream {
    pub(super) fn new(
        ssrc: Ssrc,
        selected: bool,
        described: Option<Described>,
        learned: Option<LearnedStream>,
    ) -> Self {
        Self {
            ssrc,
            admission: Admission::Undecided,
            is_steady: false,
            is_rtx: false,
            finder: KindFinder::default(),
            guess: None,
            recent: RecentTimestamps::default(),
            stats: StreamStats::default(),
            seen: Seen::default(),
            abs_send_times: 0,
            transport_cc: 0,
            fed: Count::default(),
            left_out: Count::default(),
            has_module: None,
            singles: Singles::default(),
            evidence: StreamEvidence::default(),
            element_ids: ElementIds::default(),
            described,
            learned,
            selected,
        }
    }

    /// Whether it has shown itself to be RTP.
    pub(super) fn is_rtp(&self) -> bool {
        self.evidence.verdict() == StreamVerdict::Rtp
    }

    /// Whether such a packet is one of it, and no RTCP: it is known to be RTP and to have the payload type, or it has begun with
    /// that type and this is the next number.
    pub(super) fn has_like(&self, payload_type: PayloadType, number: SeqNum) -> bool {
        let has_type = self.evidence.has(payload_type) || self.stats.has_seen(payload_type);
        has_type && (self.is_rtp() || self.evidence.continues_with(number))
    }

    /// Whether its packets need not wait.
    #[inline]
    pub(super) fn is_decided(&self) -> bool {
        self.admission != Admission::Undecided
    }

    /// The payload type of its latest packet.
    pub(super) fn last_payload_type(&self) -> Option<PayloadType> {
        self.finder.last_payload_type()
    }

    /// Packets that came, also those that wait.
    pub(super) fn packets(&self) -> u64 {
        self.stats.packets().max(self.finder.packets().into())
    }

    /// Takes a packet's sequence number into account, until it is known to be RTP.
    pub(super) fn observe_sequence(&mut self, packet: &RtpPacket<'_>) {
        if !self.is_rtp() {
            self.evidence.observe(packet.payload_type(), packet.sequence_number());
            packet.elements().for_each(|element| self.element_ids.insert(element.id));
        }
    }

    /// Counts a packet. As a call of its own it costs inspect 7 % of its instructions.
    #[inline(always)]
    pub(super) fn observe(&mut self, packet: &RtpPacket<'_>, reception: Reception, has_transport_cc: bool) {
        self.abs_send_times += u64::from(reception.send_time.is_some());
        self.transport_cc += u64::from(has_transport_cc);
        self.stats.observe(packet, reception);
    }

    /// Why its packets are not fed, if none is.
    #[inline]
    pub(super) fn why_not_fed(&self) -> Option<Skip> {
        match self.admission {
            Admission::Skipped(skip) => Some(skip),
            Admission::Fed | Admission::Undecided => None,
        }
    }

    /// Decides if the evidence suffices. A stream that is no RTP stays undecided. `by_type`: what a stream with this
    /// payload type is for certain.
    pub(super) fn decide(&mut self, media: MediaFilter, by_type: Option<MediaKind>) {
        if self.kind().is_none()
            && let Some(kind) = by_type
        {
            self.guess = Some(self.finder.guess(Some(kind), None));
        }
        if self.is_rtp() && self.kind().is_some() {
            self.admit(media);
        }
    }

    /// Decides with what evidence there is. `of_rtp` are the header extensions of the flow's streams that are RTP: so are
    /// packets that carry some of these and no others, be they ever so few. What was once decided to be RTP stays it.
    pub(super) fn decide_at_last(
        &mut self,
        media: MediaFilter,
        of_rtp: ElementIds,
        by_type: Option<MediaKind>,
        beside: Option<Ssrc>,
    ) {
        if self.is_decided() || self.is_rtp() || self.element_ids.are_some_of(of_rtp) {
            if self.kind().is_none() {
                self.guess = Some(self.finder.guess(by_type, beside));
            }
            self.admit(media);
        }
    }

    fn admit(&mut self, media: MediaFilter) {
        self.is_rtx = matches!(self.kind(), Some(MediaKind::Rtx { .. }));
        self.admission = match (self.selected, media, self.is_audio()) {
            (false, ..) => Admission::Skipped(Skip::NotSelected),
            (true, MediaFilter::WithoutAudio, true) => Admission::Skipped(Skip::Audio),
            (true, ..) => Admission::Fed,
        };
        let is_told = self.described.is_some() || self.learned.is_some();
        let is_known = self.finder.is_final() || (is_told && self.finder.packets() >= MIN_PACKETS_TOLD);
        // Of padding alone it cannot be told whether its receiver has a module for it.
        let has_open_module = self.fed.count > 0 && self.has_module.is_none();
        self.is_steady = is_known && !has_open_module;
    }

    /// A payload type has come that was not there before: it has a clock of its own.
    pub(super) fn reopen(&mut self) {
        self.is_steady = false;
        self.finder.reopen();
    }

    /// Whether packets were fed before it showed itself to be audio.
    pub(super) fn turned_out_to_be_audio(&self) -> bool {
        self.admission == Admission::Skipped(Skip::Audio) && self.fed.count > 0
    }

    /// Whether packets were left out before it showed itself to be none.
    pub(super) fn turned_out_to_count(&self) -> bool {
        self.admission == Admission::Fed && self.left_out.count > 0
    }

    /// What becomes of its packets.
    pub(super) fn treatment(&self) -> Treatment {
        match (self.admission, self.kind()) {
            (Admission::Undecided, _) => Treatment::Undecided,
            (Admission::Skipped(Skip::NotSelected), _) => Treatment::NotSelected,
            _ if self.transport_cc > 0 && self.fed.count == 0 => Treatment::TransportCc,
            (Admission::Skipped(_), _) => Treatment::LeftOutAsAudio,
            (Admission::Fed, Some(MediaKind::Audio)) => Treatment::FedAsAudio,
            (Admission::Fed, _) => Treatment::Fed,
        }
    }
}

/// So many packets show a clock.
const MIN_PACKETS_TOLD: u32 = 12;

//! One RTP stream of a flow: whether it is RTP at all, what it is, and whether it is fed to the estimator.

use crate::report::summary::Inference;
use crate::rtp::infer::{ClockBasis, ClockEvidence, MediaClock, MediaKind, StreamEvidence, StreamVerdict};
use crate::rtp::sdp::{SdpMedia, SessionDescription};
use crate::rtp::{Reception, RtpPacket, StreamStats};
use crate::units::{Count, PayloadType, SeqNum, Ssrc};

use super::MediaFilter;
use super::ledger::Unfed;
use super::several::Singles;

/// What becomes of a stream's packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Admission {
    /// They wait.
    Undecided,
    /// They are fed.
    Fed,
    /// They are not fed.
    LeftOut(LeftOut),
}

/// Why a stream is not fed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LeftOut {
    /// By `--ssrc` or `--exclude-ssrc`.
    NotSelected,
    /// libwebrtc does not count audio.
    Audio,
}

/// A stream and what is known of it.
#[derive(Debug)]
pub(super) struct Stream {
    pub(super) ssrc: Ssrc,
    pub(super) admission: Admission,
    /// It is decided, and kind and clock are known: further packets tell nothing.
    pub(super) is_steady: bool,
    pub(super) clock: MediaClock,
    pub(super) stats: StreamStats,
    pub(super) abs_send_times: u64,
    /// Packets with a transport-wide sequence number.
    pub(super) transport_cc: u64,
    /// Packets that were fed.
    pub(super) fed: Count,
    pub(super) singles: Singles,
    evidence: StreamEvidence,
    /// Ids of header extension elements until it was known to be RTP.
    element_ids: ElementIds,
    /// Kind and clock as the SDP has them.
    described: Option<Described>,
    selected: bool,
}

/// What the SDP says of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Described {
    media: SdpMedia,
    clock_hz: Option<u32>,
}

impl Described {
    /// By the stream's SSRC, else its payload type.
    pub(super) fn find(sdp: &SessionDescription, packet: &RtpPacket<'_>) -> Option<Self> {
        let payload_type = packet.payload_type();
        let media = sdp.media_of(packet.ssrc(), payload_type)?;
        Some(Self { media, clock_hz: sdp.payload(payload_type).map(|payload| payload.clock_hz) })
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
    pub(super) fn new(ssrc: Ssrc, selected: bool, described: Option<Described>) -> Self {
        let mut stats = StreamStats::default();
        if let Some(hz) = described.and_then(|described| described.clock_hz) {
            stats.set_clock_hz(hz);
        }
        Self {
            ssrc,
            admission: Admission::Undecided,
            is_steady: false,
            clock: MediaClock::default(),
            stats,
            abs_send_times: 0,
            transport_cc: 0,
            fed: Count::default(),
            singles: Singles::default(),
            evidence: StreamEvidence::default(),
            element_ids: ElementIds::default(),
            described,
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
        let has_type = self.evidence.has(payload_type) || self.stats.has(payload_type);
        has_type && (self.is_rtp() || self.evidence.continues_with(number))
    }

    /// Whether its packets need not wait.
    #[inline]
    pub(super) fn is_decided(&self) -> bool {
        self.admission != Admission::Undecided
    }

    /// Takes a packet's sequence number into account, until it is known to be RTP.
    pub(super) fn observe_sequence(&mut self, packet: &RtpPacket<'_>) {
        if !self.is_rtp() {
            self.evidence.observe(packet.payload_type(), packet.sequence_number());
            packet.elements().for_each(|element| self.element_ids.insert(element.id));
        }
    }

    /// Counts a packet.
    #[inline]
    pub(super) fn observe(&mut self, packet: &RtpPacket<'_>, reception: Reception, has_transport_cc: bool) {
        self.abs_send_times += u64::from(reception.send_time.is_some());
        self.transport_cc += u64::from(has_transport_cc);
        self.stats.observe(packet, reception);
    }

    /// Why its packets are not fed, if none is.
    #[inline]
    pub(super) fn why_not_fed(&self) -> Option<Unfed> {
        match self.admission {
            Admission::LeftOut(LeftOut::NotSelected) => Some(Unfed::NotSelected),
            Admission::LeftOut(LeftOut::Audio) => Some(Unfed::Audio),
            Admission::Fed | Admission::Undecided => None,
        }
    }

    /// Whether kind and clock are both known, so that further packets tell nothing.
    pub(super) fn is_settled(&self) -> bool {
        self.kind().is_some() && self.clock_hz().is_some()
    }

    /// Whether it is known to be audio.
    pub(super) fn is_audio(&self) -> bool {
        self.kind() == Some(MediaKind::Audio)
    }

    /// Audio or not: by the SDP, else by the clock.
    pub(super) fn kind(&self) -> Option<MediaKind> {
        match self.described {
            Some(Described { media: SdpMedia::Audio, .. }) => Some(MediaKind::Audio),
            Some(_) => Some(MediaKind::NotAudio),
            None => self.clock.kind(),
        }
    }

    /// The RTP clock: by the SDP, else as fitted.
    pub(super) fn clock_hz(&self) -> Option<u32> {
        self.described.and_then(|described| described.clock_hz).or(self.clock.nominal_hz())
    }

    /// Decides if the evidence suffices. A stream that is no RTP stays undecided.
    pub(super) fn decide(&mut self, media: MediaFilter) {
        if self.is_rtp() {
            self.decide_as_rtp(media, false);
        }
    }

    /// Decides with what evidence there is; what is not known to be audio is fed. `of_rtp` are the header extensions of
    /// the flow's streams that are RTP: so are packets that carry some of these and no others, be they ever so few.
    /// What was once decided to be RTP stays it, and is decided anew.
    pub(super) fn decide_at_last(&mut self, media: MediaFilter, of_rtp: ElementIds) {
        if self.is_decided() || self.is_rtp() || self.element_ids.are_some_of(of_rtp) {
            self.decide_as_rtp(media, true);
        }
    }

    fn decide_as_rtp(&mut self, media: MediaFilter, at_last: bool) {
        if let Some(hz) = self.clock_hz() {
            self.stats.set_clock_hz(hz);
        }
        self.admission = match (self.selected, media, self.kind()) {
            (false, ..) => Admission::LeftOut(LeftOut::NotSelected),
            (true, MediaFilter::WithoutAudio, Some(MediaKind::Audio)) => Admission::LeftOut(LeftOut::Audio),
            (true, _, Some(_)) => Admission::Fed,
            (true, _, None) if at_last => Admission::Fed,
            (true, _, None) => self.admission,
        };
        self.is_steady = self.is_decided() && self.is_settled();
    }

    /// Whether it was fed before it showed itself to be audio.
    pub(super) fn turned_out_to_be_audio(&self) -> bool {
        self.admission == Admission::LeftOut(LeftOut::Audio) && self.fed.count > 0
    }

    /// For `streams.csv` and the summary.
    pub(super) fn kind_name(&self) -> &'static str {
        match (self.described.map(|described| described.media), self.kind()) {
            (Some(SdpMedia::Video), _) => "video",
            (_, Some(MediaKind::Audio)) => "audio",
            (_, Some(MediaKind::NotAudio)) => "not audio",
            (_, None) => "unknown",
        }
    }

    /// What it is and by what evidence.
    pub(super) fn inference(&self) -> Inference {
        let value = match self.kind() {
            None => "undecided, taken as not audio",
            Some(_) => self.kind_name(),
        };
        let what = format!("media kind of {}", self.ssrc);
        Inference { what, value: value.to_owned(), evidence: self.kind_evidence() }
    }

    /// Why it is fed or not, in a sentence.
    pub(super) fn why(&self) -> String {
        let evidence = self.kind_evidence();
        match (self.admission, self.kind()) {
            (Admission::Undecided, _) => "not decided before the capture's end".to_owned(),
            (Admission::LeftOut(LeftOut::NotSelected), _) => {
                "not selected by --ssrc or --exclude-ssrc".to_owned()
            }
            _ if self.transport_cc > 0 && self.fed.count == 0 => {
                "transport-wide sequence numbers: its sender estimates, not its receiver".to_owned()
            }
            (Admission::LeftOut(LeftOut::Audio), _) => format!("audio does not count: {evidence}"),
            (Admission::Fed, Some(MediaKind::Audio)) => format!("audio, by --media all: {evidence}"),
            (Admission::Fed, _) => evidence,
        }
    }

    fn kind_evidence(&self) -> String {
        if self.described.is_some() { "SDP".to_owned() } else { describe(&self.clock.evidence()) }
    }
}

/// The evidence of a stream's kind, in a sentence.
fn describe(evidence: &ClockEvidence) -> String {
    if let (Some(ClockBasis::PayloadType), Some(hz)) = (evidence.against, evidence.nominal_hz) {
        return format!("static payload type of RFC 3551, {hz} Hz");
    }
    let share = 100.0 * f64::from(evidence.timestamps) / f64::from(evidence.packets.max(1));
    let pace = format!("a new timestamp on {share:.0} % of {} packets", evidence.packets);
    let against =
        if evidence.against == Some(ClockBasis::AbsSendTime) { "abs-send-time" } else { "capture time" };
    match (evidence.fitted_hz, evidence.kind) {
        (Some(hz), Some(_)) => {
            format!("RTP clock {hz:.0} Hz against {against} over {:.1} s, {pace}", evidence.span_s)
        }
        (None, Some(_)) => pace,
        (_, None) => format!("undecided ({pace}); what is not known to be audio counts"),
    }
}

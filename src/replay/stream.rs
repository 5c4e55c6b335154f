//! One RTP stream of a flow: whether it is RTP at all, what it is, and whether it is fed to the estimator.

use crate::rtp::infer::{ClockBasis, ClockEvidence, MediaClock, MediaKind, StreamEvidence, StreamVerdict};
use crate::rtp::{RtpPacket, StreamStats};
use crate::units::Ssrc;

/// Which streams feed the estimator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MediaFilter {
    /// All but audio, as libwebrtc does.
    #[default]
    WithoutAudio,
    /// All.
    All,
}

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
    pub(super) clock: MediaClock,
    pub(super) stats: StreamStats,
    pub(super) abs_send_times: u64,
    pub(super) fed: u64,
    evidence: StreamEvidence,
    selected: bool,
}

impl Stream {
    pub(super) fn new(ssrc: Ssrc, selected: bool) -> Self {
        Self {
            ssrc,
            admission: Admission::Undecided,
            clock: MediaClock::default(),
            stats: StreamStats::default(),
            abs_send_times: 0,
            fed: 0,
            evidence: StreamEvidence::default(),
            selected,
        }
    }

    /// Whether it has shown itself to be RTP.
    pub(super) fn is_rtp(&self) -> bool {
        self.evidence.verdict() == StreamVerdict::Rtp
    }

    /// Takes a packet's sequence number into account, until it is known to be RTP.
    pub(super) fn observe_sequence(&mut self, packet: &RtpPacket<'_>) {
        if !self.is_rtp() {
            self.evidence.observe(packet.payload_type(), packet.sequence_number());
        }
    }

    /// Whether kind and clock are both known, so that further packets tell nothing.
    pub(super) fn is_settled(&self) -> bool {
        self.clock.kind().is_some() && self.clock.nominal_hz().is_some()
    }

    /// Decides if the evidence suffices; with `at_last` it must. A stream that is no RTP stays undecided.
    pub(super) fn decide(&mut self, media: MediaFilter, at_last: bool) {
        if !self.is_rtp() {
            return;
        }
        if let Some(hz) = self.clock.nominal_hz() {
            self.stats.set_clock_hz(hz);
        }
        self.admission = match (self.selected, media, self.clock.kind()) {
            (false, ..) => Admission::LeftOut(LeftOut::NotSelected),
            (true, MediaFilter::All, _) => Admission::Fed,
            (true, _, Some(MediaKind::Audio)) => Admission::LeftOut(LeftOut::Audio),
            (true, _, Some(MediaKind::NotAudio)) => Admission::Fed,
            (true, _, None) if at_last => Admission::Fed,
            (true, _, None) => self.admission,
        };
    }

    /// Whether it was fed before it showed itself to be audio.
    pub(super) fn turned_out_to_be_audio(&self) -> bool {
        self.admission == Admission::LeftOut(LeftOut::Audio) && self.fed > 0
    }

    /// For `streams.csv` and the summary.
    pub(super) fn kind_name(&self) -> &'static str {
        match self.clock.kind() {
            Some(MediaKind::Audio) => "audio",
            Some(MediaKind::NotAudio) => "not audio",
            None => "unknown",
        }
    }

    /// Why it is fed or not, in a sentence.
    pub(super) fn why(&self) -> String {
        let evidence = describe(&self.clock.evidence());
        match (self.admission, self.clock.kind()) {
            (Admission::Undecided, _) => "not decided before the capture's end".to_owned(),
            (Admission::LeftOut(LeftOut::NotSelected), _) => {
                "not selected by --ssrc or --exclude-ssrc".to_owned()
            }
            (Admission::LeftOut(LeftOut::Audio), _) => format!("audio does not count: {evidence}"),
            (Admission::Fed, Some(MediaKind::Audio)) => format!("audio, by --media all: {evidence}"),
            (Admission::Fed, _) => evidence,
        }
    }
}

/// The evidence of a stream's kind, in a sentence.
pub(super) fn describe(evidence: &ClockEvidence) -> String {
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

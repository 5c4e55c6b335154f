//! One RTP stream of a flow: whether it is RTP at all, what it is, and whether it is fed to the estimator.

use crate::rtp::infer::{ClockFit, MediaKind, StreamEvidence};
use crate::rtp::{RtpPacket, StreamStats};
use crate::units::{AbsSendTime, CaptureTime, Ssrc};

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
    /// What it was admitted as; it may still turn out to be audio.
    pub(super) kind: Option<MediaKind>,
    pub(super) clock: ClockFit,
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
            kind: None,
            clock: ClockFit::default(),
            stats: StreamStats::default(),
            abs_send_times: 0,
            fed: 0,
            evidence: StreamEvidence::default(),
            selected,
        }
    }

    /// Whether it has shown itself to be RTP.
    pub(super) fn is_rtp(&self) -> bool {
        self.evidence.is_rtp()
    }

    /// Takes a packet's sequence number into account, until it is known to be RTP.
    pub(super) fn observe_sequence(&mut self, packet: &RtpPacket<'_>) {
        if !self.is_rtp() {
            self.evidence.observe(packet.payload_type(), packet.sequence_number());
        }
    }

    /// Takes a packet's timestamp into account, until the kind is settled.
    pub(super) fn observe_clock(
        &mut self,
        at: CaptureTime,
        packet: &RtpPacket<'_>,
        sent: Option<AbsSendTime>,
    ) {
        if self.kind.is_none() || self.clock.clock_hz().is_none() {
            self.clock.observe(packet.payload_type(), packet.timestamp(), sent, at);
        }
    }

    /// Decides if the evidence suffices; with `at_last` it must. A stream that is no RTP stays undecided.
    pub(super) fn decide(&mut self, media: MediaFilter, at_last: bool) {
        if !self.is_rtp() {
            return;
        }
        self.kind = self.kind.or_else(|| self.clock.kind());
        self.admission = match (self.selected, media, self.kind) {
            (false, ..) => Admission::LeftOut(LeftOut::NotSelected),
            (true, MediaFilter::All, _) => Admission::Fed,
            (true, _, Some(MediaKind::Audio)) => Admission::LeftOut(LeftOut::Audio),
            (true, _, Some(MediaKind::NotAudio)) => Admission::Fed,
            (true, _, None) if at_last => Admission::Fed,
            (true, _, None) => self.admission,
        };
    }

    /// For `streams.csv` and the summary.
    pub(super) fn kind_name(&self) -> &'static str {
        match self.kind {
            Some(MediaKind::Audio) => "audio",
            Some(MediaKind::NotAudio) => "not audio",
            None => "unknown",
        }
    }

    /// Why it is fed or not, in a sentence.
    pub(super) fn why(&self) -> String {
        match (self.admission, self.kind) {
            (Admission::Undecided, _) => "not decided before the capture's end".to_owned(),
            (Admission::LeftOut(LeftOut::NotSelected), _) => {
                "not selected by --ssrc or --exclude-ssrc".to_owned()
            }
            (Admission::LeftOut(LeftOut::Audio), _) => {
                format!("audio does not count: {}", self.clock.evidence())
            }
            (Admission::Fed, Some(MediaKind::Audio)) => {
                format!("audio, by --media all: {}", self.clock.evidence())
            }
            (Admission::Fed, _) => self.clock.evidence(),
        }
    }
}

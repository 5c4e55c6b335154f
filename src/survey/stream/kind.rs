//! What a stream is: as the SDP says, as an earlier reading found out, as its packets show, or as it was taken for when time
//! was up.

use super::{Described, LearnedStream, Stream};
use crate::infer::{KindEvidence, MediaKind, StreamClock};
use crate::model::{Inference, StreamKind};
use crate::rtp::VIDEO_CLOCK_HZ;
use crate::rtp::sdp::{SdpMedia, SessionDescription};
use crate::units::PayloadType;

/// Over so long the capture's clock shows how fast timestamps run.
const LONG_NANOS: i64 = 1_000_000_000;

impl Stream {
    /// Whether it is known to be audio.
    pub(in crate::survey) fn is_audio(&self) -> bool {
        self.kind() == Some(MediaKind::Audio)
    }

    /// What it is: by the SDP, else as learned, as seen, or as taken for when time was up.
    pub(in crate::survey) fn kind(&self) -> Option<MediaKind> {
        let seen = || self.finder.kind().or(self.guess.map(|guess| guess.kind));
        let learned = || self.learned.as_ref().and_then(|learned| learned.kind);
        match (self.described, learned().or_else(seen)) {
            (None, kind) => kind,
            (Some(Described { media: SdpMedia::Audio, .. }), _) => Some(MediaKind::Audio),
            (Some(Described { rtx_of: Some(of), .. }), _) => Some(MediaKind::Rtx { of }),
            (Some(Described { is_rtx: true, .. }), Some(rtx @ MediaKind::Rtx { .. })) => Some(rtx),
            (Some(_), _) => Some(MediaKind::NotAudio),
        }
    }

    /// What the packets or the SDP say for certain, if further packets are not going to change it.
    pub(in crate::survey) fn final_kind(&self) -> Option<MediaKind> {
        self.kind().filter(|_| self.described.is_some() || self.finder.is_final())
    }

    /// Whether its kind was taken without proof, and none came.
    pub(in crate::survey) fn is_guess(&self) -> bool {
        match &self.learned {
            Some(learned) => learned.is_guess,
            None => {
                let is_doubtful = match self.finder.kind() {
                    None => self.guess.is_some_and(|guess| guess.is_doubtful),
                    Some(_) => self.finder.is_doubtful() || self.runs_as_video(),
                };
                self.described.is_none() && is_doubtful
            }
        }
    }

    /// Whether what passes for audio by its steps alone runs as frames of video do against the capture's clock: a queue
    /// makes that seem slower, and audio thus even less like video.
    pub(super) fn runs_as_video(&self) -> bool {
        let (ticks, nanos) = self.stats.media_and_capture();
        let is_long = nanos >= LONG_NANOS && ticks > 0;
        let off = |hz: u32| (ticks as f64 * 1e9 / nanos as f64 / f64::from(hz)).ln().abs();
        let by_audio = self.clock_hz().map_or(0.0, off);
        self.finder.may_be_video() && is_long && off(VIDEO_CLOCK_HZ) < by_audio
    }

    /// What the timestamps of a payload type may be held against.
    pub(in crate::survey) fn clock(&self, payload_type: PayloadType) -> StreamClock {
        let (kind, mut audio_hz) = (self.kind(), [0; 4]);
        if kind == Some(MediaKind::Audio) {
            let clocks = self.finder.audio_clocks_hz(payload_type);
            audio_hz.iter_mut().zip(clocks).for_each(|(place, hz)| *place = hz);
        }
        let may_be_video = self.described.is_none() && self.finder.may_be_video();
        StreamClock { kind, may_be_video, audio_hz }
    }

    /// The RTP clock of its main payload type.
    pub(in crate::survey) fn clock_hz(&self) -> Option<u32> {
        self.stats.clock_hz()
    }

    /// Names the clock of a payload type (RFC 7160: it is the payload type that has one): by the SDP, else as seen.
    pub(in crate::survey) fn note_clock(
        &mut self,
        payload_type: PayloadType,
        sdp: Option<&SessionDescription>,
    ) {
        let said = sdp.and_then(|sdp| sdp.payload(payload_type)).map(|payload| payload.clock_hz);
        let seen = || self.finder.clock_hz(self.kind()?, payload_type);
        if let Some(hz) = said.or_else(seen) {
            self.stats.set_clock_hz(payload_type, hz);
        }
    }

    /// The same for the latest packet's.
    pub(in crate::survey) fn note_last_clock(&mut self, sdp: Option<&SessionDescription>) {
        if let Some(payload_type) = self.last_payload_type() {
            self.note_clock(payload_type, sdp);
        }
    }

    /// Whether it is said to repeat another.
    pub(in crate::survey) fn is_said_to_repeat(&self) -> bool {
        self.described.is_some_and(|said| said.is_rtx)
    }

    /// What a second reading of the capture is told.
    pub(in crate::survey) fn learned(&self) -> LearnedStream {
        LearnedStream { kind: self.kind(), evidence: self.kind_evidence(), is_guess: self.is_guess() }
    }

    /// What it is, as far as that is told apart.
    pub(in crate::survey) fn stream_kind(&self) -> StreamKind {
        match (self.described, self.kind()) {
            (_, Some(MediaKind::Rtx { of })) => StreamKind::Rtx { of: Some(of) },
            (Some(Described { is_rtx: true, .. }), _) => StreamKind::Rtx { of: None },
            (Some(Described { media: SdpMedia::Video, .. }), _) => StreamKind::Video,
            (_, Some(MediaKind::Audio)) => StreamKind::Audio,
            (_, Some(MediaKind::NotAudio)) => StreamKind::NotAudio,
            (_, None) => StreamKind::Unknown,
        }
    }

    /// What it is and by what evidence.
    pub(in crate::survey) fn inference(&self) -> Inference {
        Inference::MediaKind { ssrc: self.ssrc, kind: self.stream_kind(), evidence: self.kind_evidence() }
    }

    pub(in crate::survey) fn kind_evidence(&self) -> KindEvidence {
        let guess = self.guess.filter(|_| self.finder.kind().is_none());
        match &self.learned {
            Some(learned) if self.described.is_none() => learned.evidence,
            _ if let Some(said) = self.described => KindEvidence { guessed: None, shown: said.by },
            _ => KindEvidence { guessed: guess.map(|guess| guess.by), shown: self.finder.shown() },
        }
    }
}

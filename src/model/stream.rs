//! One RTP stream.

use crate::infer::KindEvidence;
use crate::units::{Count, PayloadType, Seconds, SeqNum, Ssrc};

/// What a stream's packets add up to, and what was done with them.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Stream {
    /// Which.
    pub ssrc: Ssrc,
    /// All payload types, ascending.
    pub payload_types: Vec<PayloadType>,
    /// What it is.
    pub kind: StreamKind,
    /// By what that is known.
    pub kind_evidence: KindEvidence,
    /// RTP clock, Hz: the nominal rate where one fits.
    pub clock_hz: Option<u32>,
    /// Packets.
    pub packets: u64,
    /// Payload and padding.
    pub payload_bytes: u64,
    /// First packet, since the first frame.
    pub first: Seconds,
    /// Last packet, since the first frame.
    pub last: Seconds,
    /// The lowest and the highest sequence number of the last run without a restart.
    pub sequence_range: Option<(SeqNum, SeqNum)>,
    /// Packets missing in the sequence.
    pub lost: u64,
    /// Packets behind a later one.
    pub reordered: u64,
    /// Packets seen before.
    pub duplicates: u64,
    /// Interarrival jitter of RFC 3550, ms.
    pub jitter_ms: Option<f64>,
    /// The id of abs-send-time, if its packets carry it.
    pub abs_send_time_id: Option<u8>,
    /// Packets with a readable abs-send-time.
    pub abs_send_times: u64,
    /// How much faster the capture's clock runs than the sender's, ppm.
    pub drift_ppm: Option<f64>,
    /// RTP timestamps ahead of all before: of video, the pictures.
    pub frames: u64,
    /// What 99 % of the packets' delay stays below, above the least of the last 10 to 20 s, ms: a power of two. Of streams
    /// with abs-send-time and 200 packets.
    pub delay_spread_ms: Option<f64>,
    /// Packets cut by the snaplen.
    pub truncated: u64,
    /// Packets that were fed to the estimator.
    pub fed: Count,
    /// What becomes of its packets.
    pub treatment: Treatment,
}

/// A rate over less time says nothing.
const LEAST_SPAN_SECS: f64 = 1.0;

impl Stream {
    /// Payload and padding from the first packet to the last, bit/s; `None` of less than a second.
    pub fn bitrate_bps(&self) -> Option<f64> {
        self.span_secs().map(|span| self.payload_bytes as f64 * 8.0 / span)
    }

    /// Frames a second; `None` of audio, of retransmissions, and of less than a second.
    pub fn frames_per_second(&self) -> Option<f64> {
        let has_frames = !matches!(self.kind, StreamKind::Audio | StreamKind::Rtx { .. });
        self.span_secs().filter(|_| has_frames).map(|span| self.frames.saturating_sub(1) as f64 / span)
    }

    /// Packets that were sent, by the sequence numbers, and of these the ones that never came; `None` of retransmissions,
    /// whose losses are none of the call's.
    pub fn losses(&self) -> Option<Losses> {
        let came = self.packets.saturating_sub(self.duplicates);
        let is_rtx = matches!(self.kind, StreamKind::Rtx { .. });
        (!is_rtx).then_some(Losses { lost: self.lost, sent: came + self.lost })
    }

    fn span_secs(&self) -> Option<f64> {
        let span = (self.last.0 - self.first.0) as f64 / 1e9;
        (span >= LEAST_SPAN_SECS).then_some(span)
    }
}

/// Packets that never came, of those that were sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Losses {
    /// They never came.
    pub lost: u64,
    /// They were sent.
    pub sent: u64,
}

impl Losses {
    /// In percent; `None` where nothing was sent.
    pub fn percent(self) -> Option<f64> {
        (self.sent > 0).then(|| 100.0 * self.lost as f64 / self.sent as f64)
    }
}

/// What a stream is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum StreamKind {
    /// Audio.
    Audio,
    /// Video, by the SDP.
    Video,
    /// By its packets it is no audio.
    NotAudio,
    /// Retransmissions (RFC 4588) of a stream, where that is known.
    Rtx {
        /// The stream whose packets it sends once more.
        of: Option<Ssrc>,
    },
    /// Nothing told.
    Unknown,
}

impl StreamKind {
    /// As in `streams.csv` and the summary.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Audio => "audio",
            Self::Video => "video",
            Self::NotAudio => "not audio",
            Self::Rtx { .. } => "rtx",
            Self::Unknown => "unknown",
        }
    }
}

/// What becomes of a stream's packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Treatment {
    /// Not decided before the capture's end.
    Undecided,
    /// Left out by `--ssrc` or `--exclude-ssrc`.
    NotSelected,
    /// All have transport-wide sequence numbers: its sender estimates, not its receiver.
    TransportCc,
    /// Left out, for libwebrtc does not count audio.
    LeftOutAsAudio,
    /// Fed, by `--media all`.
    FedAsAudio,
    /// Fed.
    Fed,
}

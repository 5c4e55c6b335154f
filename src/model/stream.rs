//! One RTP stream.

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
    pub kind_evidence: String,
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
    /// Packets cut by the snaplen.
    pub truncated: u64,
    /// Packets that were fed to the estimator.
    pub fed: Count,
    /// What becomes of its packets.
    pub treatment: Treatment,
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

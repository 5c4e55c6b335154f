//! Header extensions that mean something here.

use crate::infer::IdEvidence;

/// A header extension that the estimator or its inputs depend on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Extension {
    /// abs-send-time.
    AbsSendTime,
    /// The transport-wide sequence number, in either version.
    TransportSequenceNumber,
    /// The transmission time offset (RFC 5450).
    TransmissionOffset,
    /// abs-capture-time.
    AbsCaptureTime,
    /// The client-to-mixer audio level (RFC 6464).
    AudioLevel,
    /// The coordination of video orientation.
    VideoOrientation,
}

impl Extension {
    /// Without article.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AbsSendTime => "abs-send-time",
            Self::TransportSequenceNumber => "transport-wide sequence number",
            Self::TransmissionOffset => "transmission time offset",
            Self::AbsCaptureTime => "abs-capture-time",
            Self::AudioLevel => "audio level",
            Self::VideoOrientation => "video orientation",
        }
    }
}

/// A header extension element of a flow's packets.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct ElementSeen {
    /// Its id.
    pub id: u8,
    /// Packets that carry it.
    pub packets: u64,
    /// The shortest value, bytes.
    pub shortest: usize,
    /// The longest value, bytes.
    pub longest: usize,
    /// What it is, where that is known, and by what evidence.
    pub meaning: Option<(Extension, IdEvidence)>,
}

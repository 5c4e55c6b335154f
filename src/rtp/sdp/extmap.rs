//! `a=extmap` (RFC 8285) and the extensions that matter here (specification 1.4).

use std::fmt;

use super::error::{ExtensionLine, SdpError};
use super::line::Line;

/// A header extension, known by its URI.
///
/// One that SDP lists as encrypted (RFC 6904) has another URI and is not found: its value could not be read anyway.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum HeaderExtension {
    /// When the packet was sent, 24 bits.
    AbsSendTime,
    /// How much later than its RTP timestamp the packet was sent (RFC 5450).
    TransmissionOffset,
    /// When the media was captured.
    AbsCaptureTime,
    /// Transport-wide sequence number, first version.
    TransportSequenceNumber,
    /// Transport-wide sequence number, second version, with feedback on request.
    TransportSequenceNumber02,
}

impl HeaderExtension {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::AbsSendTime,
        Self::TransmissionOffset,
        Self::AbsCaptureTime,
        Self::TransportSequenceNumber,
        Self::TransportSequenceNumber02,
    ];

    /// Its URI in `a=extmap`.
    pub const fn uri(self) -> &'static str {
        match self {
            Self::AbsSendTime => "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time",
            Self::TransmissionOffset => "urn:ietf:params:rtp-hdrext:toffset",
            Self::AbsCaptureTime => "http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time",
            Self::TransportSequenceNumber => {
                "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
            }
            Self::TransportSequenceNumber02 => {
                "http://www.webrtc.org/experiments/rtp-hdrext/transport-wide-cc-02"
            }
        }
    }
}

impl fmt::Display for HeaderExtension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AbsSendTime => "abs-send-time",
            Self::TransmissionOffset => "toffset",
            Self::AbsCaptureTime => "abs-capture-time",
            Self::TransportSequenceNumber => "transport-wide sequence number",
            Self::TransportSequenceNumber02 => "transport-wide sequence number v2",
        })
    }
}

/// An `a=extmap` line that gives one of the extensions an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Extmap {
    pub extension: HeaderExtension,
    pub at: ExtensionLine,
}

impl Extmap {
    /// `3/sendonly urn:…`. `None` for other extensions, for one that is off, and for one that an offer lists without
    /// an id of its own yet.
    pub(super) fn read(line: Line<'_>, value: &str) -> Result<Option<Self>, SdpError> {
        let mut words = value.split_whitespace();
        let (Some(number), Some(uri)) = (words.next(), words.next()) else {
            return Err(line.wrong("a=extmap needs an id and a URI"));
        };
        let Some(extension) = HeaderExtension::ALL.into_iter().find(|extension| extension.uri() == uri)
        else {
            return Ok(None);
        };
        let (number, direction) = number.split_once('/').unwrap_or((number, "sendrecv"));
        match direction {
            "sendrecv" | "sendonly" | "recvonly" => {}
            "inactive" => return Ok(None),
            _ => return Err(line.wrong("no such direction")),
        }
        match number.parse::<u16>().map(|number| (number, u8::try_from(number))) {
            Ok((1.., Ok(id))) => Ok(Some(Self { extension, at: ExtensionLine { id, line: line.number } })),
            Ok((UNASSIGNED_FIRST..=UNASSIGNED_LAST, _)) => Ok(None),
            _ => Err(line.wrong("an extension's id is a number from 1 to 255")),
        }
    }
}

/// In an offer with more extensions than ids: the answerer is to choose (RFC 8285, section 6).
const UNASSIGNED_FIRST: u16 = 4096;
const UNASSIGNED_LAST: u16 = 4351;

//! What can be wrong with an SDP text, and where.

use super::HeaderExtension;

/// The longest text that is read.
pub(super) const MAX_BYTES: usize = 1 << 20;
/// The most m-sections that are read.
pub(super) const MAX_SECTIONS: usize = 1024;

/// Why a text is not read as an SDP offer or answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SdpError {
    /// More text than any call needs.
    #[error("SDP of {0} bytes; the most that is read is {MAX_BYTES}")]
    TooLong(usize),
    /// It begins as JSON does and has no `sdp` that can be taken out.
    #[error("JSON without a readable `sdp`: {0}")]
    Json(String),
    /// No m= line, so nothing about RTP.
    #[error("no m= line, so this is not an SDP offer or answer")]
    NoMedia,
    /// More m= lines than any call needs.
    #[error("SDP line {line}: more than {MAX_SECTIONS} m= lines")]
    TooManySections {
        /// The first m= line too many.
        line: usize,
    },
    /// A line that matters and cannot be understood.
    #[error("SDP line {line}: {what}: {text:?}")]
    Line {
        /// The line's number; the first is 1.
        line: usize,
        /// What is wrong with it.
        what: &'static str,
        /// The line, or its beginning.
        text: String,
    },
}

/// Two sections of equal weight give an extension different ids: which one holds for a flow cannot be told from SDP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("SDP gives {extension} two ids: {} on line {}, {} on line {}", .first.id, .first.line, .second.id, .second.line)]
pub struct AmbiguousExtension {
    /// The extension.
    pub extension: HeaderExtension,
    /// The smaller id.
    pub first: ExtensionLine,
    /// Another.
    pub second: ExtensionLine,
}

/// An id and where it was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExtensionLine {
    /// The id, at least 1.
    pub id: u8,
    /// The number of the `a=extmap` line; the first line is 1.
    pub line: usize,
}

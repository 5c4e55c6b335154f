//! What was found out of a flow after packets had been fed without it.

use crate::decode::FiveTuple;
use crate::units::{Count, Ssrc};

use super::Extension;

/// Something that was found out after packets had been fed without it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct LateFinding {
    /// The flow.
    pub flow: FiveTuple,
    /// What.
    pub what: Late,
    /// Packets that were fed, or left out, without it.
    pub packets: Count,
}

/// What was found out late.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Late {
    /// Which element an extension is; with `None`, that it is not there.
    ExtensionId(Extension, Option<u8>),
    /// Header extensions were in doubt for a while.
    Extensions,
    /// Bytes of SRTP tag at the end of payloads, and how many were taken first.
    SrtpTagLen {
        /// As found.
        now: usize,
        /// As taken first.
        then: usize,
    },
    /// A stream that was fed is audio.
    Audio(Ssrc),
    /// A stream that was left out is no audio.
    NotAudio(Ssrc),
}

//! RTP as it is on the wire: a header view without copies, its extension elements, stream statistics, and what can be
//! inferred of a stream whose signalling was not captured.

mod extension;
pub mod infer;
mod packet;
mod stats;

pub use extension::{AbsSendTimeElement, Element, Elements};
pub use packet::{Malformed, RtpPacket};
pub use stats::StreamStats;

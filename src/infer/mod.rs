//! What a capture does not say and must be inferred, each with its evidence.
//!
//! What the network bends, the capture's times and the order of packets, decides nothing here: streams are looked at in
//! the order of their sequence numbers, and elements against the sender's other clocks.
//!
//! ```
//! use remb_replay::infer::{StreamEvidence, StreamVerdict};
//! use remb_replay::units::{PayloadType, SeqNum};
//!
//! let mut evidence = StreamEvidence::default();
//! (7..10).for_each(|number| evidence.observe(PayloadType(96), SeqNum(number)));
//! assert_eq!(evidence.verdict(), StreamVerdict::Rtp, "sequence numbers that go on");
//! ```

mod beside;
mod capture_time;
mod customary;
mod evidence;
mod kind;
mod recent;
mod send_time;
mod srtp;
mod static_payload;
mod stream;
mod toffset;
mod transport_cc;
mod type_evidence;
mod walk;

#[cfg(test)]
mod tests;

pub use beside::Neighbour;
pub use capture_time::AbsCaptureTimeFinder;
pub use evidence::{
    ClockSteps, GuessedBy, IdEvidence, KeysShown, KindEvidence, KindShown, PacketsShown, RunsWith, SaidBy,
    TimestampSteps,
};
pub use kind::{Guess, KindFinder, MediaKind};
pub use recent::{PlaceAmong, RecentTimestamps};
pub use send_time::{FoundId, SendTimeFinder, StreamClock};
pub use srtp::{SrtpDetector, SrtpVerdict};
pub use stream::{StreamEvidence, StreamVerdict};
pub use toffset::TransmissionOffsetFinder;
pub use transport_cc::TransportCcFinder;

//! What a capture does not say and must be inferred, each with its evidence ("What is inferred, and when").

mod clock;
mod clock_fit;
mod ext_map;
mod static_payload;
mod stream;

pub use clock::{ClockBasis, ClockEvidence, MediaClock, MediaKind};
pub use ext_map::{AbsSendTimeEvidence, AbsSendTimeFinder};
pub use stream::{StreamEvidence, StreamVerdict};

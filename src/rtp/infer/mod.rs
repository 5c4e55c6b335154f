//! What a capture does not say and must be inferred, each with its evidence ("What is inferred, and when").

mod capture_time;
mod clock;
mod clock_fit;
mod ext_map;
mod srtp;
mod static_payload;
mod stream;
mod toffset;
mod transport_cc;

pub use capture_time::AbsCaptureTimeFinder;
pub use clock::{ClockBasis, ClockEvidence, MediaClock, MediaKind};
pub use ext_map::{AbsSendTimeEvidence, AbsSendTimeFinder};
pub use srtp::{SrtpDetector, SrtpVerdict};
pub use stream::{StreamEvidence, StreamVerdict};
pub use toffset::{TransmissionOffsetEvidence, TransmissionOffsetFinder};
pub use transport_cc::{TransportCcEvidence, TransportCcFinder};

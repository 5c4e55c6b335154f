//! What can be found out about a stream whose signalling was not captured, each with its evidence.

mod clock;
mod ext_map;
mod stream;

pub use clock::{ClockFit, MediaKind};
pub use ext_map::{AbsSendTimeFit, InferredId};
pub use stream::StreamEvidence;

//! Quantities that carry their unit in their type: those of the estimator, and those of captures. Used by every room, uses
//! none.

mod count;
mod id;
mod seconds;
mod time;

pub use count::Count;
pub use id::{FrameNumber, PayloadType, SeqNum};
pub use remb::units::*;
pub use seconds::Seconds;
pub use time::CaptureTime;

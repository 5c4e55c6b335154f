//! Quantities that carry their unit in their type: those of the estimator, and those of captures. Used by every room, uses
//! none.
//!
//! ```
//! use remb_replay::units::{Bitrate, CaptureTime, TimeDelta};
//!
//! let (one, other) = (CaptureTime::from_unix(5, 250, 1000), CaptureTime::from_unix(5, 1, 1));
//! assert_eq!(one.nanos_since(other), 249_999);
//! assert_eq!("1.5s".parse(), Ok(TimeDelta::from_millis(1500)));
//! assert_eq!("2.5Mbps".parse(), Ok(Bitrate::from_bps(2_500_000)));
//! ```

mod count;
mod id;
mod seconds;
mod time;

pub use count::Count;
pub use id::{FrameNumber, PayloadType, SeqNum};
pub use remb::units::*;
pub use seconds::Seconds;
pub use time::CaptureTime;

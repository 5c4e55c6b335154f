//! Quantities that carry their unit in their type. Used by every room, uses none.

mod abs_send_time;
mod count;
mod id;
mod rate;
mod text;
mod time;

pub use abs_send_time::{AbsSendTime, AbsSendTimeElement};
pub use count::Count;
pub use id::{FrameNumber, PayloadType, SeqNum, Ssrc};
pub use rate::{Bitrate, DataSize};
pub use text::ParseQuantityError;
pub use time::{CaptureTime, TimeDelta, Timestamp};

//! Quantities that carry their unit in their type. Used by every module of this crate, uses none.

mod abs_send_time;
mod rate;
#[cfg(feature = "serde")]
mod serialized;
mod ssrc;
mod text;
mod time;

pub use abs_send_time::{AbsSendTime, AbsSendTimeElement};
pub use rate::{Bitrate, DataSize};
pub use ssrc::Ssrc;
pub use text::ParseQuantityError;
pub use time::{TimeDelta, Timestamp};

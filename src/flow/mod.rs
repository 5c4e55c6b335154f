//! Directed flows: who sends to whom, what a payload is by its first bytes, and packets held back until that is known.

mod aggregate;
mod classify;
mod five_tuple;
mod holdback;
mod muxed;

pub use aggregate::segment_len;
pub use classify::{PacketClass, classify};
pub use five_tuple::{FiveTuple, ParseFiveTupleError, Transport};
pub use holdback::{HeldPacket, HoldBack};

//! Directed flows: who sends to whom, what a payload is by its first bytes, and packets held back until that is known.

mod classify;
mod five_tuple;
mod holdback;

pub use classify::{PacketClass, classify};
pub use five_tuple::{FiveTuple, ParseFiveTupleError};
pub use holdback::{HeldPacket, HoldBack};

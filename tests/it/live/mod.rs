//! The interceptor of `remb-rtc` in its chain, in virtual time, held against what libwebrtc computed and against a replay
//! of the capture of the same packets.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and needs any instant to count from"
)]

mod call;
mod captured;
mod chain;
mod vectors;

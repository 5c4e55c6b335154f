//! The interceptor in a chain, in virtual time: every condition that a live call has, made here.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and needs any instant to count from"
)]

mod call;
mod feedback;
mod hostile;
mod round_trips;
mod streams;

//! Closed loops: a sender that follows the REMBs, a path in integer arithmetic, and the estimator at its end.
//!
//! `closed_loop` has the scenarios that libwebrtc's own tests run; `bottleneck` a path that can do more. Each fixture
//! first proves that it makes the condition that it is named for. `calls` draws whole calls, as captures with their SDP,
//! and holds a replay that is told nothing against one that is told everything.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod bottleneck;
mod call;
mod calls;
mod closed_loop;
pub(crate) mod path;

//! `remb-replay`: WebRTC's receive-side bandwidth estimator, re-run on captured RTP.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod bwe;
pub mod capture;
#[cfg(feature = "cli")]
pub mod cli;
pub mod config;
pub mod decode;
pub mod flow;
pub mod remb;
pub mod replay;
pub mod report;
pub mod rtp;
pub mod units;

//! WebRTC's receive-side bandwidth estimator (REMB, Google Congestion Control), re-run on captured RTP.
//!
//! ```text
//! capture ─▶ decode ─▶ flow ─▶ rtp ─▶ survey ─▶ replay ─▶ report
//!  frames    link/net   5-tuple  header  what is    virtual   pcap csv
//!            /udp                infer   in it      time      plot summary
//!                                          │          │
//!                                          ▼          ▼
//!                                       inspect   bwe ─▶ remb    analysis: what is made of replays
//!                                                 pure   when,   (compare, check, sweep)
//!                                                        writer
//! units: used by all, uses none.   config: parameters.   cli: the program.
//! ```
//!
//! Data flows from left to right; a room uses only rooms to its left. The core does no IO and is told the time. The same
//! capture and parameters give the same bytes. Missing is never zero, and nothing is skipped or inferred silently.
//!
//! The estimator itself is the crate [`remb`], for a live stack too; it is here by its rooms' names.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub use remb;
pub use remb::bwe;

pub mod analysis;
pub mod capture;
pub mod config;
pub mod decode;
pub mod infer;
pub mod model;
pub mod replay;
pub mod report;
pub mod rtp;
pub mod streams;
pub mod survey;
pub mod units;

//! WebRTC's receive-side bandwidth estimator (REMB, Google Congestion Control), re-run on captured RTP.
//!
//! From a path to REMBs and all that was found:
//!
//! ```no_run
//! use remb_replay::capture::Capture;
//!
//! let capture = Capture::open("call.pcap.gz")?;
//! let outcome = remb_replay::replay(capture, &Default::default())?
//!     .rembs(|flow, at, remb| println!("{} {} {}", flow.flow, at.as_nanos(), remb.bitrate))?;
//! for flow in &outcome.flows {
//!     println!("{}: {} packets, {}", flow.flow, flow.packets_fed, flow.verdict);
//! }
//! for warning in &outcome.warnings {
//!     println!("{}: {}", warning.code(), warning.message());
//! }
//! # Ok::<(), remb_replay::replay::ReplayError>(())
//! ```
//!
//! # Rooms
//!
//! ```text
//! capture ─▶ decode ─▶ rtp ─▶ streams ─▶ infer ─▶ survey ─▶ replay ─▶ report ─▶ analysis ─▶ cli
//!  bytes      frames    wire   what a     what     who is    virtual   text,     compare,    the
//!  to frames  to data-  format stream's   signal-  fed, and  time      CSV,      sweep,      pro-
//!             grams     SDP    packets    ling     when      │    │    JSON,     check       gram
//!                              add up to  would      │       ▼    │    pcap,
//!                                         have said  │    explain │    pictures
//!                                                    │     why    │
//!                                                    ▼       ▼    ▼
//!                                                   model: what came of it
//! units: quantities.   config: parameters.   crate remb: estimator (bwe), REMB message, schedule, interceptor.
//! ```
//!
//! Data flows from left to right; a room uses only rooms to its left; `model` stands
//! between `infer` and `survey`. The core does no IO and is told the time. The same
//! capture and parameters give the same bytes. Missing is never zero, and nothing is skipped or inferred silently.
//!
//! The estimator itself is the crate [`remb`], for a live stack too; it is here by its rooms' names.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub use remb;
pub use remb::bwe;
pub use replay::replay;

pub mod analysis;
pub mod beside;
pub mod capture;
pub mod config;
pub mod decode;
mod explain;
pub mod infer;
pub mod model;
pub mod replay;
pub mod report;
pub mod rtp;
pub mod streams;
pub mod survey;
pub mod units;

//! WebRTC's receive-side bandwidth estimator (REMB, Google Congestion Control), re-run on captured RTP.
//!
//! ```text
//! capture ─▶ decode ─▶ flow ─▶ rtp ─▶ survey ─▶ replay ─▶ report
//!  frames    link/net   5-tuple  header  what is    virtual   pcap csv
//!            /udp                infer   in it      time      plot summary
//!                                          │          │
//!                                          ▼          ▼
//!                                       inspect   bwe ─▶ remb    compare, check, sweep: what is built on replays
//!                                                 pure   when,
//!                                                        writer
//! units: used by all, uses none.   config: parameters.   cli: the program.
//! ```
//!
//! Data flows from left to right; a room uses only rooms to its left. The core does no IO and is told the time. The same
//! capture and parameters give the same bytes. Missing is never zero, and nothing is skipped or inferred silently.
//!
//! A live stack hands its packets to the interceptor and wakes it when a timer is due; it writes the REMBs:
//!
//! ```
//! use remb_replay::bwe::PacketArrival;
//! use remb_replay::remb::{RembInterceptor, RembReport, RtcpWriter, WriteError};
//! use remb_replay::units::{AbsSendTime, DataSize, Ssrc, Timestamp};
//!
//! struct Sent(Vec<i64>);
//! impl RtcpWriter for Sent {
//!     fn write(&mut self, remb: &RembReport<'_>, _now: Timestamp) -> Result<(), WriteError> {
//!         self.0.push(remb.bitrate.as_bps());
//!         Ok(())
//!     }
//! }
//!
//! let mut interceptor = RembInterceptor::new(Default::default())?;
//! interceptor.bind_remote_stream(Ssrc(7));
//! interceptor.bind_rtcp_writer(Sent(Vec::new()), Timestamp::from_millis(0));
//! for packet in 0..100 {
//!     let now = Timestamp::from_millis(10 * packet);
//!     while let Some(due) = interceptor.poll_timeout().filter(|due| *due <= now) {
//!         interceptor.handle_timeout(due, &mut ())?;
//!     }
//!     let send_time = AbsSendTime::from_raw((packet as u32 * 10 << 18) / 1000).into();
//!     let size = DataSize::from_bytes(1000);
//!     let arrival = PacketArrival { at: now, now, ssrc: Ssrc(7), send_time, size, ..PacketArrival::default() };
//!     interceptor.handle_rtp(&arrival, &mut ())?;
//! }
//! let sent = interceptor.close().map(|writer| writer.0).unwrap_or_default();
//! assert_eq!(sent.first(), Some(&801_000), "five equal gaps of 10 ms are a probe of about 800 kbit/s");
//! # Ok::<(), WriteError>(())
//! ```
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod bwe;
pub mod capture;
pub mod check;
#[cfg(feature = "cli")]
pub mod cli;
pub mod compare;
pub mod config;
pub mod decode;
pub mod flow;
pub mod remb;
pub mod replay;
pub mod report;
pub mod rtp;
pub mod survey;
pub mod sweep;
pub mod units;

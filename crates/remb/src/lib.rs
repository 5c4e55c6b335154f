//! WebRTC's receive-side bandwidth estimator (Google Congestion Control), the REMB message and its schedule.
//!
//! [`bwe`] takes packets and says what the link can carry; [`RembScheduler`] says when that is sent; [`Remb`] is the
//! message; [`RembInterceptor`] joins the three with a writer that may be bound late. Nothing here does IO or looks at a
//! clock: the owner hands over packets and says what time it is. [`rtt`] makes round trip times of RTCP; [`units`] are the
//! quantities that all of it is given.
//!
//! A live stack hands its packets to the interceptor and wakes it when a timer is due; it writes the REMBs:
//!
//! ```
//! use remb::bwe::PacketArrival;
//! use remb::{RembInterceptor, RembReport, RtcpWriter, WriteError};
//! use remb::units::{AbsSendTime, DataSize, Ssrc, Timestamp};
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
mod interceptor;
mod message;
pub mod rtt;
mod scheduler;
pub mod units;

pub use interceptor::{
    InterceptorConfig, RembInterceptor, RembReport, RtcpWriter, UnboundStream, WriteError,
};
pub use message::{
    CapturedRemb, MAX_SSRCS, ParseRembError, REMB_IDENTIFIER, Remb, TooManySsrcs, encoded_bitrate,
};
pub use scheduler::{InvalidInterval, Profile, Reason, RembConfig, RembScheduler};

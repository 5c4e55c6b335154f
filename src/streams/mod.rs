//! What a stream's packets add up to: sequence, loss, jitter, clocks, round trip times. In constant memory.
//!
//! ```
//! use remb_replay::rtp::RtpPacket;
//! use remb_replay::streams::{Reception, StreamStats};
//! use remb_replay::units::CaptureTime;
//!
//! let mut stats = StreamStats::default();
//! for (sequence_number, micros) in [(1_u8, 0), (2, 20_000), (5, 80_000)] {
//!     let header = [0x80, 96, 0, sequence_number, 0, 0, 0, 0, 0, 0, 0, 1];
//!     let packet = RtpPacket::parse(&header, 1200)?;
//!     let at = CaptureTime::from_unix(1_700_000_000, micros, 1000);
//!     let reception = Reception { at, size: packet.size(), send_time: None, is_truncated: true };
//!     stats.observe(&packet, reception);
//! }
//! assert_eq!((stats.packets(), stats.lost()), (3, 2));
//! # Ok::<(), remb_replay::rtp::Malformed>(())
//! ```

mod capture_time;
mod clock_step;
mod delay_spread;
mod drift;
mod rtt;
pub(crate) mod send_clock;
mod sequence;
mod stats;
mod turnaround;

pub use capture_time::CaptureTimeClock;
pub use delay_spread::DelaySpread;
pub use drift::{ClockDrift, ClockOffset, ClockStep};
pub use rtt::RttSampler;
pub use send_clock::SendClock;
pub(crate) use sequence::{Arrival, SequenceTracker};
pub use stats::{Reception, StreamStats};
pub use turnaround::{Answers, CapturePoint, Side, Turnaround};

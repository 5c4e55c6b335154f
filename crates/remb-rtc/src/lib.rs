//! REMB for [webrtc-rs](https://github.com/webrtc-rs): libwebrtc's receive-side bandwidth estimator as an interceptor of
//! `rtc` and `webrtc`.
//!
//! Chrome, and whoever else sends by libwebrtc, obeys the REMBs of its receiver where transport-wide congestion control is not
//! negotiated. One line sends them:
//!
//! ```
//! use remb_rtc::{RembBuilder, SLOT};
//! use rtc_interceptor::{ReceiverReportBuilder, Registry, Slot};
//!
//! let remb = RembBuilder::new().on_remb(|stats| eprintln!("{} bit/s, {}", stats.estimate, stats.usage.name()));
//! let handle = remb.handle();
//! let registry = Registry::new()
//!     .with(Slot::ReceiverReport, ReceiverReportBuilder::new().build())
//!     .with(SLOT, remb.build()?);
//! # let chain = registry.build();
//! assert_eq!(handle.stats(), None, "no REMB was sent yet");
//! # let _ = chain;
//! # Ok::<(), remb::InvalidInterval>(())
//! ```
//!
//! What counts: the packets of all bound video streams whose negotiated header extensions have abs-send-time and no
//! transport-wide sequence number, and of their RTX and FEC; they share one estimator. RTP passes unchanged. No timer runs before
//! the first packet, and none in silence. The interceptor is told the time by the stack and looks at no clock.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod builder;
mod clock;
mod interceptor;
mod outbox;
mod round_trips;
mod stats;
mod streams;
mod timeline;

pub use builder::RembBuilder;
pub use interceptor::RembInterceptor;
pub use remb;
pub use stats::{RembHandle, RembStats};

use std::time::Instant;

use rtc_interceptor::Slot;

/// Where it stands in a chain: behind what recovers packets and above the pacer, below the jitter buffer, which would show it
/// other times than those of arrival.
pub const SLOT: Slot = Slot::Custom(8_500);

/// When the datagram of a packet was received, as an attribute of it (`Attribute::Custom`), for a stack that knows better than
/// by [`TaggedPacket`](rtc_interceptor::TaggedPacket)'s `now`, which is when it came to handle it: from the kernel's time
/// stamps, say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReceivedAt(pub Instant);

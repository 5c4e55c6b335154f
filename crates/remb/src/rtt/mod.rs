//! Round trip times as libwebrtc makes them (specification 1.11): an answer in RTCP is a sample ([`RttClock`]); each RTP
//! module hands over its newest once a second ([`RttUpdates`]); what is handed over is smoothed ([`RttSmoother`]).
//! [`RttSource`] gives what [`crate::RembInterceptor::set_rtt`] is to be told, and when.

mod clock;
mod ntp;
mod samples;
mod smoother;
mod source;
mod updates;

pub use clock::{Echo, RttClock};
pub use ntp::{MiddleNtp, NtpTime};
pub use samples::{RttSample, RttSamples, SampleOf};
pub use smoother::RttSmoother;
pub use source::RttSource;
pub use updates::RttUpdates;

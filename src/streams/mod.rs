//! What a stream's packets add up to: sequence, loss, jitter, clocks, round trip times. In constant memory.

mod capture_time;
mod clock_step;
mod delay_spread;
mod drift;
mod rtt;
mod rtt_updates;
pub(crate) mod send_clock;
mod sequence;
mod stats;
mod turnaround;

pub use capture_time::CaptureTimeClock;
pub use delay_spread::DelaySpread;
pub use drift::{ClockDrift, ClockOffset, ClockStep};
pub use rtt::{RttSample, RttSampler, RttSmoother, SampleOf};
pub use rtt_updates::RttUpdates;
pub use send_clock::SendClock;
pub use stats::{Reception, StreamStats};
pub use turnaround::{Answers, CapturePoint, Side, Turnaround};

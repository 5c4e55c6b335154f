//! How far a replayed series of REMBs is from a recorded one, in numbers.
//!
//! Both are step functions: the last value holds. They are sampled every 100 ms, from the later of the first recorded
//! REMB and [`Window::from_ns`] to [`Window::end_ns`], that moment included; a sample counts where both have a value.
//! All phases of a [`Band`] are sampled at the same moments. Samples are never made one by one: between two changes they
//! are all alike, so that the work depends on the number of REMBs and not on the length of the call.
//!
//! The relative error is (replayed − recorded) / recorded. Where nothing above zero was recorded it is relative to the
//! replayed value instead: 1, or 0 for equal. A percentile is the nearest rank: the least error that at least so
//! many samples of a hundred do not exceed.

mod band;
mod falls;
mod grid;
mod metrics;
mod offset;
mod recordings;
mod runs;
mod series;

pub use band::{Band, BandRun, MeanFalls, MeanMetrics};
pub use falls::Falls;
pub use metrics::{Metrics, compare};
pub use offset::{Offset, constant_offset};
pub use recordings::{ListedSeries, Recordings};
pub use runs::{Run, runs};
pub use series::{Series, SeriesEvent};

/// The part of the capture that is compared, in nanoseconds since its first frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// What lies before is left out; the values that hold at this moment count.
    pub from_ns: i64,
    /// The capture's end.
    pub end_ns: i64,
}

/// Nanoseconds as seconds.
fn seconds(nanos: i64) -> f64 {
    nanos as f64 / 1e9
}

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

mod again;
mod assign;
mod band;
mod capture;
mod csv;
mod falls;
mod files;
mod flow;
mod grid;
mod metrics;
mod offset;
mod phases;
mod probe;
mod runs;
mod text;
mod timer;

pub use again::SecondReading;
pub use assign::named;
pub use band::{Band, BandRun, MeanFalls, MeanMetrics};
pub use capture::{Comparison, Settings};
pub use csv::write_csv;
pub use falls::{Falls, falls};
pub use flow::{Drawn, FlowComparison, Manner, Nearest};
pub use metrics::{Metrics, compare};
pub use offset::{Offset, constant_offset};
pub use phases::{ClockGrain, Collected, Collector, GRAIN, PhaseReplays, Replays, Spread, at_phase};
pub use runs::{Run, runs};
pub use timer::{TimerFigures, TimerFit};

/// The part of the capture that is compared, in nanoseconds since its first frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// What lies before is left out; the values that hold at this moment count.
    pub from_ns: i64,
    /// The capture's end.
    pub end_ns: i64,
}

/// Why nothing is compared.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CompareError {
    /// There is nothing to compare, and why.
    #[error("{0}")]
    Nothing(String),
    /// A file's series may be of several flows.
    #[error("which flow does it belong to{theirs}? --flow chooses one of {ours}")]
    WhichFlow {
        /// The names that it has, in words; empty where it has none.
        theirs: String,
        /// The capture's flows.
        ours: String,
    },
}

/// Nanoseconds as seconds.
fn seconds(nanos: i64) -> f64 {
    nanos as f64 / 1e9
}

//! Series of REMBs: step functions of bit rates, made of events or read from CSV.

mod cells;
mod columns;
mod error;
mod file;
mod names;
mod recordings;
mod steps;

pub use cells::ssrc;
pub use error::{CsvError, SeriesError};
pub use file::{SeriesFile, SeriesReader};
pub use names::ColumnNames;
pub use recordings::{ListedSeries, Recordings};
pub(super) use steps::Value;
pub use steps::{Series, SeriesEvent};

/// What times count from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TimeBasis {
    /// The capture's first frame.
    #[default]
    FirstFrame,
    /// The Unix epoch.
    Epoch,
}

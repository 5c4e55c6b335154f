//! What is made of replays: two series held against each other, a grid of parameters ranked, recorded cases checked.
//!
//! On outcomes, series and texts that somebody else read. Nothing here parses flags, opens a file or prints; what it says
//! names the program's flags.
//!
//! ```
//! use remb_replay::analysis::compare::{Window, compare};
//! use remb_replay::analysis::series::{Series, SeriesEvent};
//!
//! let series = |bps: i64| {
//!     let mut series = Series::default();
//!     (0..10).for_each(|at| series.push(SeriesEvent { at_ns: at * 1_000_000_000, bps, ssrcs: None }));
//!     series
//! };
//! let window = Window { from_ns: 0, end_ns: 10_000_000_000 };
//! let metrics = compare(&series(1_000_000), &series(1_020_000), window);
//! assert!(metrics.is_some_and(|metrics| (metrics.median - 0.02).abs() < 1e-9));
//! ```

pub mod batch;
pub mod check;
pub mod compare;
#[cfg(feature = "plot")]
pub mod drawings;
pub mod series;
pub mod sweep;
pub mod tables;
pub mod twice;

//! Samples that follow one another and are alike.

use super::grid::{Grid, join};
use super::{Window, seconds};
use crate::analysis::series::{Series, Value};

/// Samples over which neither series changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// The first sample's time, nanoseconds since the capture's first frame.
    pub from_ns: i64,
    /// The time of the sample after the last, but not after the end of the window.
    pub to_ns: i64,
    /// How many samples, at least one.
    pub samples: u64,
    /// What was recorded, bit/s.
    pub recorded_bps: i64,
    /// What was replayed, bit/s.
    pub replayed_bps: i64,
    /// Whether both name the same streams; `None` where one of the lists is not known.
    pub ssrcs_equal: Option<bool>,
}

impl Run {
    /// The relative error, signed, as a fraction.
    pub fn error(&self) -> f64 {
        let (recorded, replayed) = (self.recorded_bps as f64, self.replayed_bps as f64);
        if self.recorded_bps == self.replayed_bps {
            0.0
        } else if self.recorded_bps > 0 {
            (replayed - recorded) / recorded
        } else {
            (replayed - recorded).signum()
        }
    }

    /// The first sample's time, seconds.
    pub fn from_s(&self) -> f64 {
        seconds(self.from_ns)
    }

    /// The end's time, seconds.
    pub fn to_s(&self) -> f64 {
        seconds(self.to_ns)
    }
}

/// The samples of two series, where both have a value, in order of time.
pub fn runs(recorded: &Series, replayed: &Series, window: Window) -> Vec<Run> {
    let Some(grid) = grid(recorded, window) else { return Vec::new() };
    let joined = join(&grid.hold(by_time(recorded)), &grid.hold(by_time(replayed)));
    let run = |(from, to, values): (u64, u64, &(Option<&Value>, Option<&Value>))| {
        let (recorded, replayed) = (values.0?, values.1?);
        let known = recorded.ssrcs.as_ref().zip(replayed.ssrcs.as_ref());
        Some(Run {
            from_ns: grid.at(from),
            to_ns: grid.at(to).min(window.end_ns),
            samples: to - from,
            recorded_bps: recorded.bps,
            replayed_bps: replayed.bps,
            ssrcs_equal: known.map(|(recorded, replayed)| recorded == replayed),
        })
    };
    grid.spans(&joined).filter_map(run).collect()
}

/// The moments at which a recorded series is sampled.
pub(super) fn grid(recorded: &Series, window: Window) -> Option<Grid> {
    Grid::new(recorded.first_ns()?.max(window.from_ns), window.end_ns)
}

fn by_time(series: &Series) -> impl Iterator<Item = (i64, &Value)> {
    series.values().iter().map(|value| (value.at_ns, value))
}

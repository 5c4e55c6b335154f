//! One capture replayed at several phases of the receiver's clock: what the capture cannot decide.

use serde::Serialize;

use super::Window;
use super::grid::{Grid, Step, join};
use super::metrics::{Metrics, compare, key_figures};
use super::runs::grid;
use crate::analysis::series::Series;

/// Least and greatest of the phases at each sample, and the figures of each phase.
///
/// It starts where the first phase has a value and takes in the others where they have theirs.
#[derive(Debug, Clone)]
pub struct Band<'a> {
    recorded: &'a Series,
    window: Window,
    grid: Option<Grid>,
    steps: Vec<Step<(i64, i64)>>,
    phases: Vec<Option<Metrics>>,
}

/// Samples over which the band does not change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BandRun {
    /// The first sample's time, nanoseconds since the capture's first frame.
    pub from_ns: i64,
    /// The time of the sample after the last, but not after the end of the window.
    pub to_ns: i64,
    /// The least of the phases, bit/s.
    pub min_bps: i64,
    /// The greatest of the phases, bit/s.
    pub max_bps: i64,
}

/// [`Metrics`], each the mean over the phases that have a common stretch with the record.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[expect(missing_docs, reason = "the fields are those of `Metrics`")]
pub struct MeanMetrics {
    /// Over how many phases.
    pub phases: usize,
    /// How many phases have no common stretch with the record.
    pub phases_without: usize,
    pub median: f64,
    pub p90: f64,
    pub max: f64,
    pub mean_signed: f64,
    pub mean_absolute: f64,
    pub within_1: f64,
    pub within_5: f64,
    pub within_10: f64,
    pub samples: f64,
    pub falls: MeanFalls,
    pub first_recorded_s: f64,
    pub first_replayed_s: f64,
    /// Over the phases that know it.
    pub ssrcs_equal: Option<f64>,
}

/// [`super::Falls`], each the mean over the phases.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[expect(missing_docs, reason = "the fields are those of `Falls`")]
pub struct MeanFalls {
    pub recorded: f64,
    pub found: f64,
    pub tight: f64,
}

impl<'a> Band<'a> {
    /// An empty band around what was recorded.
    pub fn new(recorded: &'a Series, window: Window) -> Self {
        let grid = grid(recorded, window);
        Self { recorded, window, grid, steps: Vec::new(), phases: Vec::new() }
    }

    /// Takes in the replay at one phase. The series is not kept.
    pub fn add(&mut self, replayed: &Series) {
        self.phases.push(compare(self.recorded, replayed, self.window));
        let Some(grid) = self.grid else { return };
        let widened = join(&self.steps, &grid.hold(replayed.iter())).into_iter().filter_map(|step| {
            let value = match step.value {
                (Some((min, max)), Some(bps)) => (bps.min(min), bps.max(max)),
                (Some(band), None) => band,
                (None, bps) => (bps?, bps?),
            };
            Some(Step { from: step.from, value })
        });
        self.steps = widened.collect();
        self.steps.dedup_by_key(|step| step.value);
    }

    /// The band, in order of time.
    pub fn runs(&self) -> impl Iterator<Item = BandRun> {
        let spans = self.grid.iter().flat_map(|grid| grid.spans(&self.steps).map(move |span| (grid, span)));
        spans.map(|(grid, (from, to, (min_bps, max_bps)))| BandRun {
            from_ns: grid.at(from),
            to_ns: grid.at(to).min(self.window.end_ns),
            min_bps: *min_bps,
            max_bps: *max_bps,
        })
    }

    /// The figures of each phase, in the order of [`Self::add`].
    pub fn phases(&self) -> &[Option<Metrics>] {
        &self.phases
    }

    /// The phase that comes nearest to what was recorded: the one with the least mean of the absolute errors, of equals
    /// the first.
    pub fn nearest(&self) -> Option<usize> {
        let samples = self.grid?.samples;
        let far = |metrics: &Option<Metrics>| Some(metrics.as_ref()?.distance(samples));
        let known =
            self.phases.iter().enumerate().filter_map(|(phase, metrics)| Some((phase, far(metrics)?)));
        known.min_by(|a, b| a.1.total_cmp(&b.1)).map(|(phase, _)| phase)
    }

    /// How far the phases are from what was recorded, in the mean; `None` without a sample.
    pub fn distance(&self) -> Option<f64> {
        let samples = self.grid?.samples;
        mean(
            self.phases
                .iter()
                .map(|metrics| metrics.as_ref().map_or(1.0, |metrics| metrics.distance(samples))),
        )
    }

    /// The mean of every figure; `None` if no phase has a common stretch with the record.
    pub fn mean(&self) -> Option<MeanMetrics> {
        let phases: Vec<_> = self.phases.iter().flatten().collect();
        let mean = |of: fn(&Metrics) -> f64| mean(phases.iter().map(|phase| of(phase)));
        Some(MeanMetrics {
            phases: phases.len(),
            phases_without: self.phases.len() - phases.len(),
            median: mean(|of| of.median)?,
            p90: mean(|of| of.p90)?,
            max: mean(|of| of.max)?,
            mean_signed: mean(|of| of.mean_signed)?,
            mean_absolute: mean(|of| of.mean_absolute)?,
            within_1: mean(|of| of.within_1)?,
            within_5: mean(|of| of.within_5)?,
            within_10: mean(|of| of.within_10)?,
            samples: mean(|of| of.samples as f64)?,
            falls: MeanFalls {
                recorded: mean(|of| of.falls.recorded as f64)?,
                found: mean(|of| of.falls.found as f64)?,
                tight: mean(|of| of.falls.tight as f64)?,
            },
            first_recorded_s: mean(|of| of.first_recorded_s)?,
            first_replayed_s: mean(|of| of.first_replayed_s)?,
            ssrcs_equal: self::mean(phases.iter().filter_map(|phase| phase.ssrcs_equal)),
        })
    }
}

impl MeanMetrics {
    /// The figures that matter most, in a line.
    pub fn key_figures(&self) -> String {
        let MeanFalls { recorded, found, tight } = self.falls;
        let falls = format!("falls found {found:.1} of {recorded:.0} ({tight:.1} tight)");
        let of_phases =
            if self.phases > 1 { format!("; mean of {} clock phases", self.phases) } else { String::new() };
        key_figures(self.median, self.p90, self.within_5, &falls) + &of_phases
    }
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (count, sum) = values.fold((0_u32, 0.0), |(count, sum), value| (count + 1, sum + value));
    (count > 0).then(|| sum / f64::from(count))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::series::SeriesEvent;

    fn series(events: &[(i64, i64)]) -> Series {
        let event = |(ms, bps): &(i64, i64)| SeriesEvent { at_ns: ms * 1_000_000, bps: *bps, ssrcs: None };
        events.iter().map(event).collect()
    }

    #[test]
    fn the_band_is_the_least_and_the_greatest_of_the_phases_at_each_sample() {
        let recorded = series(&[(0, 1000)]);
        let mut band = Band::new(&recorded, Window { from_ns: 0, end_ns: 1_050_000_000 });
        band.add(&series(&[(200, 1000), (600, 500)]));
        band.add(&series(&[(0, 900), (200, 1000), (700, 500)]));
        band.add(&Series::default());
        let runs: Vec<_> = band
            .runs()
            .map(|run| (run.from_ns / 1_000_000, run.to_ns / 1_000_000, run.min_bps, run.max_bps))
            .collect();
        assert_eq!(
            runs,
            [(0, 200, 900, 900), (200, 600, 1000, 1000), (600, 700, 500, 1000), (700, 1050, 500, 500)]
        );
    }

    #[test]
    fn the_mean_is_over_the_phases_that_can_be_compared() {
        let recorded = series(&[(0, 1000)]);
        let mut band = Band::new(&recorded, Window { from_ns: 0, end_ns: 900_000_000 });
        assert_eq!(band.mean(), None);
        band.add(&series(&[(0, 1000)]));
        band.add(&series(&[(0, 1200), (500, 1000), (900, 100)]));
        band.add(&Series::default());
        let mean = band.mean().unwrap();
        assert_eq!((mean.phases, mean.phases_without, mean.samples), (2, 1, 10.0));
        assert!((mean.max - 0.45).abs() < 1e-12 && (mean.within_10 - 0.7).abs() < 1e-12, "{mean:?}");
        assert_eq!(mean.falls, MeanFalls { recorded: 0.0, found: 0.0, tight: 0.0 });
        assert_eq!(band.phases().iter().filter(|phase| phase.is_none()).count(), 1);
    }
}

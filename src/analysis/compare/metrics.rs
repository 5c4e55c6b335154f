//! The figures of one comparison.

use serde::Serialize;

use super::falls::{Falls, match_falls};
use super::runs::{Run, runs};
use super::{Window, seconds};
use crate::analysis::series::Series;

/// How close a replay came. Errors are fractions of what was recorded; shares are from 0 to 1.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Metrics {
    /// Half of the samples have no greater absolute error.
    pub median: f64,
    /// Nine tenths of the samples have no greater absolute error.
    pub p90: f64,
    /// The greatest absolute error.
    pub max: f64,
    /// The mean of the signed errors: above zero if the replay is too high.
    pub mean_signed: f64,
    /// The mean of the absolute errors.
    pub mean_absolute: f64,
    /// The share of samples within 1 %, which counts as within.
    pub within_1: f64,
    /// Within 5 %.
    pub within_5: f64,
    /// Within 10 %.
    pub within_10: f64,
    /// How many samples were compared.
    pub samples: u64,
    /// Falls recorded in the window, and how many of them the replay has.
    pub falls: Falls,
    /// The first REMB recorded, seconds since the capture's first frame.
    pub first_recorded_s: f64,
    /// The first REMB replayed.
    pub first_replayed_s: f64,
    /// The share of samples with equal SSRC lists, of those where both lists are known.
    pub ssrcs_equal: Option<f64>,
}

/// Holds a replayed series against a recorded one; `None` if there is no sample at which both have a value.
pub fn compare(recorded: &Series, replayed: &Series, window: Window) -> Option<Metrics> {
    let runs = runs(recorded, replayed, window);
    let count =
        |of: &dyn Fn(&Run) -> bool| -> u64 { runs.iter().filter(|run| of(run)).map(|run| run.samples).sum() };
    let samples = count(&|_| true);
    let share = |part: u64, of: u64| (of > 0).then(|| part as f64 / of as f64);
    let within = |limit: f64| share(count(&|run| run.error().abs() <= limit), samples);
    let mean = |of: fn(f64) -> f64| {
        runs.iter().map(|run| of(run.error()) * run.samples as f64).sum::<f64>() / samples as f64
    };
    let mut errors: Vec<_> = runs.iter().map(|run| (run.error().abs(), run.samples)).collect();
    errors.sort_by(|a, b| a.0.total_cmp(&b.0));
    Some(Metrics {
        median: nearest_rank(&errors, samples.div_ceil(2))?,
        p90: nearest_rank(&errors, samples - samples / 10)?,
        max: errors.last()?.0,
        mean_signed: mean(|error| error),
        mean_absolute: mean(f64::abs),
        within_1: within(0.01)?,
        within_5: within(0.05)?,
        within_10: within(0.1)?,
        samples,
        falls: match_falls(recorded, replayed, window),
        first_recorded_s: seconds(recorded.first_ns()?),
        first_replayed_s: seconds(replayed.first_ns()?),
        ssrcs_equal: share(
            count(&|run| run.ssrcs_equal == Some(true)),
            count(&|run| run.ssrcs_equal.is_some()),
        ),
    })
}

impl Metrics {
    /// How far the replay is from what was recorded, over so many samples; one at which it has no value counts as an
    /// error of 1.
    pub(super) fn distance(&self, samples: u64) -> f64 {
        let missing = samples.saturating_sub(self.samples) as f64;
        (self.mean_absolute * self.samples as f64 + missing) / samples.max(1) as f64
    }

    /// The figures that matter most, in a line.
    pub fn key_figures(&self) -> String {
        let Falls { recorded, found, tight } = self.falls;
        let falls = format!("falls found {found} of {recorded} ({tight} tight)");
        key_figures(self.median, self.p90, self.within_5, &falls)
    }
}

pub(super) fn key_figures(median: f64, p90: f64, within_5: f64, falls: &str) -> String {
    let percent = |fraction: f64| fraction * 100.0;
    format!(
        "error: median {:.2} %, p90 {:.1} %; within 5 % for {:.0} % of the time; {falls}",
        percent(median),
        percent(p90),
        percent(within_5)
    )
}

/// The error at a rank from 1, of errors in ascending order and how often each stands.
fn nearest_rank(errors: &[(f64, u64)], rank: u64) -> Option<f64> {
    let mut passed = 0;
    errors.iter().find_map(|(error, samples)| {
        passed += samples;
        (passed >= rank).then_some(*error)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::series::SeriesEvent;
    use crate::units::Ssrc;

    const MS: i64 = 1_000_000;

    fn series(events: &[(i64, i64)]) -> Series {
        let event = |(ms, bps): &(i64, i64)| SeriesEvent { at_ns: ms * MS, bps: *bps, ssrcs: None };
        events.iter().map(event).collect()
    }

    fn until(end_ms: i64) -> Window {
        Window { from_ns: 0, end_ns: end_ms * MS }
    }

    #[test]
    fn a_small_case_worked_by_hand() {
        // Samples at 100, 200 … 1000 ms. Ours begins at 300: 8 samples, of which 1 is 50 % low, 2 are 4 % high.
        let recorded = series(&[(100, 1000), (600, 2000)]);
        let replayed = series(&[(250, 1000), (590, 1000), (700, 2000), (850, 2080)]);
        let metrics = compare(&recorded, &replayed, until(1000)).unwrap();
        assert_eq!((metrics.samples, metrics.median, metrics.p90, metrics.max), (8, 0.0, 0.5, 0.5));
        assert_eq!(
            (metrics.within_1, metrics.within_5, metrics.within_10),
            (5.0 / 8.0, 7.0 / 8.0, 7.0 / 8.0)
        );
        assert!((metrics.mean_signed - (-0.5 + 2.0 * 0.04) / 8.0).abs() < 1e-12);
        assert_eq!((metrics.first_recorded_s, metrics.first_replayed_s), (0.1, 0.25));
        assert_eq!(metrics.ssrcs_equal, None);
    }

    #[test]
    fn a_percentile_is_the_nearest_rank() {
        let errors = [(0.1, 4), (0.2, 4), (0.3, 1), (0.4, 1)];
        let rank = |rank| nearest_rank(&errors, rank);
        assert_eq!(
            [rank(1), rank(5), rank(9), rank(10), rank(11)],
            [Some(0.1), Some(0.2), Some(0.3), Some(0.4), None]
        );
        // Nine samples of ten without error: the ninth rank is without error too.
        let recorded = series(&[(0, 100)]);
        let metrics = compare(&recorded, &series(&[(0, 100), (850, 200)]), until(900)).unwrap();
        assert_eq!((metrics.samples, metrics.p90, metrics.max), (10, 0.0, 1.0));
        let metrics = compare(&recorded, &series(&[(0, 100), (750, 200)]), until(900)).unwrap();
        assert_eq!((metrics.median, metrics.p90), (0.0, 1.0));
    }

    #[test]
    fn equal_series_have_no_error() {
        let same = series(&[(3, 500), (777, 1_000), (900, 400), (2_000, 450)]);
        let metrics = compare(&same, &same, until(5_000)).unwrap();
        assert_eq!((metrics.median, metrics.p90, metrics.max, metrics.mean_signed), (0.0, 0.0, 0.0, 0.0));
        assert_eq!((metrics.within_1, metrics.within_5, metrics.within_10), (1.0, 1.0, 1.0));
        assert_eq!((metrics.falls.recorded, metrics.falls.found, metrics.falls.tight), (1, 1, 1));
    }

    #[test]
    fn the_beginning_can_be_left_out_and_its_last_value_holds() {
        let recorded = series(&[(0, 1000)]);
        let replayed = series(&[(0, 3000), (900, 1000)]);
        let window = Window { from_ns: 850 * MS, end_ns: 1850 * MS };
        let metrics = compare(&recorded, &replayed, window).unwrap();
        assert_eq!((metrics.samples, metrics.max, metrics.median), (11, 2.0, 0.0));
        let window = Window { from_ns: 900 * MS, ..window };
        assert_eq!(compare(&recorded, &replayed, window).unwrap().max, 0.0);
    }

    #[test]
    fn without_a_common_stretch_there_is_nothing_to_say() {
        let some = series(&[(100, 1000)]);
        assert_eq!(compare(&Series::default(), &some, until(1000)), None);
        assert_eq!(compare(&some, &Series::default(), until(1000)), None);
        assert_eq!(compare(&some, &some, until(99)), None);
        assert_eq!(compare(&some, &series(&[(5000, 1000)]), until(1000)), None);
        assert_eq!(compare(&some, &some, until(100)).unwrap().samples, 1);
    }

    #[test]
    fn a_recorded_zero_is_not_divided_by() {
        let metrics = compare(&series(&[(0, 0)]), &series(&[(0, 0), (350, 7)]), until(900)).unwrap();
        assert_eq!(
            (metrics.median, metrics.max, metrics.mean_signed, metrics.within_10),
            (1.0, 1.0, 0.6, 0.4)
        );
    }

    #[test]
    fn lists_are_held_against_each_other_where_both_are_known() {
        let event = |ms: i64, bps, list: Option<&[u32]>| SeriesEvent {
            at_ns: ms * MS,
            bps,
            ssrcs: list.map(|list| list.iter().copied().map(Ssrc).collect()),
        };
        let recorded: Series = [event(0, 5, Some(&[1, 2])), event(400, 5, None), event(600, 5, Some(&[1]))]
            .into_iter()
            .collect();
        let replayed: Series = [event(0, 5, Some(&[2, 1])), event(800, 5, Some(&[3]))].into_iter().collect();
        let metrics = compare(&recorded, &replayed, until(900)).unwrap();
        assert_eq!(metrics.ssrcs_equal, Some(4.0 / 8.0));
    }
}

//! How well a point does on one flow, and on all.

use serde::{Deserialize, Serialize};

use crate::analysis::compare::{Window, compare, falls, runs};
use crate::analysis::series::Series;

/// What a series of REMBs is like; and, held against a reference, how far it is from it. Fractions, not percent.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Score {
    /// REMBs, repeats left out.
    pub rembs: f64,
    /// The mean of the rate over time, bit/s.
    pub mean_bps: f64,
    /// Falls of more than 3 %.
    pub falls: f64,
    /// The first of them, seconds since the first frame.
    pub first_fall_s: Option<f64>,
    /// Against a reference.
    pub distance: Option<Distance>,
}

/// How far a series is from a reference.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Distance {
    /// Half of the time the error is no greater.
    pub median: f64,
    /// Nine tenths of the time it is no greater.
    pub p90: f64,
    /// The share of the time within 5 %.
    pub within_5: f64,
    /// The mean of what is above the reference, over all of the time.
    pub over: f64,
    /// The mean of what is below it.
    pub under: f64,
}

impl Score {
    /// Of a series, and of its distance to a reference if there is one.
    pub fn new(series: &Series, reference: Option<&Series>, end_ns: i64) -> Self {
        let changes: Vec<_> = series.iter().collect();
        let window = Window { from_ns: 0, end_ns };
        Self {
            rembs: changes.len() as f64,
            mean_bps: mean_bps(&changes, end_ns),
            falls: falls(series).count() as f64,
            first_fall_s: falls(series).next().map(|(at_ns, _)| at_ns as f64 / 1e9),
            distance: reference.and_then(|reference| Distance::new(reference, series, window)),
        }
    }
}

impl Distance {
    fn new(reference: &Series, series: &Series, window: Window) -> Option<Self> {
        let metrics = compare(reference, series, window)?;
        let runs = runs(reference, series, window);
        let mean = |side: fn(f64) -> f64| {
            let sum: f64 = runs.iter().map(|run| side(run.error()) * run.samples as f64).sum();
            sum / metrics.samples as f64
        };
        Some(Self {
            median: metrics.median,
            p90: metrics.p90,
            within_5: metrics.within_5,
            over: mean(|error| error.max(0.0)),
            under: mean(|error| (-error).max(0.0)),
        })
    }
}

fn mean_bps(changes: &[(i64, i64)], end_ns: i64) -> f64 {
    let Some((start_ns, _)) = changes.first() else { return 0.0 };
    let ends = changes.iter().skip(1).map(|(at_ns, _)| *at_ns).chain([end_ns]);
    let area: f64 =
        changes.iter().zip(ends).map(|((at_ns, bps), end)| (end - at_ns).max(0) as f64 * *bps as f64).sum();
    area / ((end_ns - start_ns).max(1) as f64)
}

/// The mean of scores; of the first falls and distances, over those that have one. `None` without any.
pub fn mean<'a>(scores: impl Iterator<Item = &'a Score> + Clone) -> Option<Score> {
    let count = scores.clone().count();
    if count == 0 {
        return None;
    }
    let of = |value: fn(&Score) -> f64| scores.clone().map(value).sum::<f64>() / count as f64;
    let some =
        |values: Vec<f64>| (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64);
    let distances: Vec<_> = scores.clone().filter_map(|score| score.distance).collect();
    let far = |value: fn(&Distance) -> f64| some(distances.iter().map(value).collect()).unwrap_or(0.0);
    Some(Score {
        rembs: of(|score| score.rembs),
        mean_bps: of(|score| score.mean_bps),
        falls: of(|score| score.falls),
        first_fall_s: some(scores.clone().filter_map(|score| score.first_fall_s).collect()),
        distance: (!distances.is_empty()).then(|| Distance {
            median: far(|distance| distance.median),
            p90: far(|distance| distance.p90),
            within_5: far(|distance| distance.within_5),
            over: far(|distance| distance.over),
            under: far(|distance| distance.under),
        }),
    })
}

/// Places of the scores, the nearest to their references first; without references in their own order.
pub fn rank(scores: &[Score]) -> Vec<usize> {
    let mut places: Vec<_> = (0..scores.len()).collect();
    let key = |place: &usize| {
        let distance = scores.get(*place).and_then(|score| score.distance);
        distance.map_or((f64::INFINITY, 0.0), |distance| (distance.median, -distance.within_5))
    };
    places.sort_by(|a, b| {
        let (a, b) = (key(a), key(b));
        a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1))
    });
    places
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::series::SeriesEvent;

    const SECOND: i64 = 1_000_000_000;

    fn series(values: &[(i64, i64)]) -> Series {
        let mut series = Series::default();
        for (seconds, bps) in values {
            series.push(SeriesEvent { at_ns: seconds * SECOND, bps: *bps, ssrcs: None });
        }
        series
    }

    #[test]
    fn a_series_is_described_by_its_mean_and_its_falls() {
        let score = Score::new(&series(&[(0, 100), (5, 98), (8, 50), (9, 60)]), None, 10 * SECOND);
        assert_eq!((score.rembs, score.falls, score.first_fall_s), (4.0, 1.0, Some(8.0)));
        assert_eq!(score.mean_bps, (500.0 + 294.0 + 50.0 + 60.0) / 10.0);
        assert_eq!(score.distance, None);
    }

    #[test]
    fn what_is_above_and_what_is_below_are_told_apart() {
        let reference = series(&[(0, 100)]);
        let score = Score::new(&series(&[(0, 110), (5, 80)]), Some(&reference), 10 * SECOND);
        let distance = score.distance.unwrap();
        assert!((distance.over - 0.05).abs() < 0.001, "{distance:?}");
        assert!((distance.under - 0.1).abs() < 0.002, "{distance:?}");
    }

    #[test]
    fn the_nearest_comes_first_and_without_a_reference_nothing_moves() {
        let of =
            |median| Score { distance: Some(Distance { median, ..Distance::default() }), ..Score::default() };
        assert_eq!(rank(&[Score::default(), of(0.3), of(0.1), of(0.2)]), [2, 3, 1, 0]);
        assert_eq!(rank(&[Score::default(), Score::default()]), [0, 1]);
        let both = mean([of(0.3), of(0.1)].iter()).unwrap();
        assert!((both.distance.unwrap().median - 0.2).abs() < 1e-12);
    }
}

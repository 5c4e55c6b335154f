//! Whether two series are the same but for a constant offset of their clocks.

use serde::Serialize;

use super::Window;
use super::metrics::{Metrics, compare};
use super::runs::grid;
use crate::analysis::series::Series;
use crate::units::TimeDelta;

/// A step is a change by more than this from one REMB to the next, as a fraction.
const STEP: f64 = 0.03;
/// Of each series so many steps, the greatest, are matched.
const MAX_STEPS: usize = 400;
/// Two steps that lead to rates further apart, as a fraction, are not the same.
const ALIKE: f64 = 0.1;
/// Pairs of steps that agree on an offset are no further apart.
const AGREEMENT_NS: i64 = 100_000_000;
/// So many must agree.
const MIN_PAIRS: usize = 3;
/// So many offsets are tried, those with the most pairs first.
const MAX_TRIED: usize = 8;
/// A smaller offset is a difference of estimators, not of clocks.
const MIN_OFFSET_NS: i64 = 50_000_000;
/// With the offset the mean error must be no greater than this, and
const CLOSE: f64 = 0.1;
/// no greater than this part of what it is without.
const GAIN: f64 = 0.5;

/// What a recorded series has to be moved by, and what that comes to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Offset {
    /// Seconds that are to be added to the recorded times.
    pub offset_s: f64,
    /// Steps of both series that agree on it.
    pub steps: usize,
    /// The figures with it.
    pub metrics: Metrics,
}

impl Offset {
    /// The same where the recorded times were moved already.
    pub fn beyond(self, given: TimeDelta) -> Self {
        Self { offset_s: self.offset_s + given.to_secs_f64(), ..self }
    }
}

/// A constant offset that brings a recorded series and a replayed one together, where they are far apart without it.
///
/// It is where most steps of the one meet a step of the other.
pub fn constant_offset(recorded: &Series, replayed: &Series, window: Window) -> Option<Offset> {
    let (ours, theirs) = (steps(replayed), steps(recorded));
    let mut apart = Vec::new();
    for (at, to) in &theirs {
        let alike = |(_, other): &&(i64, f64)| (other / to - 1.0).abs() <= ALIKE;
        apart.extend(ours.iter().filter(alike).map(|(other, _)| other.saturating_sub(*at)));
    }
    apart.sort_unstable();
    let far = |metrics: &Metrics, series: &Series| {
        grid(series, window).map_or(f64::INFINITY, |grid| metrics.distance(grid.samples))
    };
    let now = compare(recorded, replayed, window).map_or(f64::INFINITY, |metrics| far(&metrics, recorded));
    let tried = agreements(&apart).into_iter().filter_map(|(by_ns, steps)| {
        let moved = recorded.clone().shifted(by_ns);
        let metrics = compare(&moved, replayed, window)?;
        let distance = far(&metrics, &moved);
        Some((distance, Offset { offset_s: super::seconds(by_ns), steps, metrics }))
    });
    let (distance, best) = tried.min_by(|a, b| a.0.total_cmp(&b.0))?;
    (distance <= CLOSE && distance <= GAIN * now).then_some(best)
}

/// When the greatest steps are, and the rate that each leads to, below zero for a fall.
fn steps(series: &Series) -> Vec<(i64, f64)> {
    let values: Vec<_> = series.iter().collect();
    let mut steps: Vec<_> = values
        .windows(2)
        .filter_map(|pair| match pair {
            [(_, before), (at, to)] if *before > 0 && *to > 0 => {
                let change = *to as f64 / *before as f64 - 1.0;
                (change.abs() > STEP).then_some((change.abs(), *at, *to as f64 * change.signum()))
            }
            _ => None,
        })
        .collect();
    steps.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    steps.into_iter().take(MAX_STEPS).map(|(_, at, to)| (at, to)).collect()
}

/// Offsets that many pairs agree on, and how many; the best first, of offsets in ascending order.
fn agreements(apart: &[i64]) -> Vec<(i64, usize)> {
    let mut found: Vec<(i64, usize)> = Vec::new();
    let mut end = 0;
    for (begin, least) in apart.iter().enumerate() {
        let within = |last: &i64| last.saturating_sub(*least) <= AGREEMENT_NS;
        while apart.get(end).is_some_and(within) {
            end += 1;
        }
        let pairs = end - begin;
        if pairs >= MIN_PAIRS
            && let Some(middle) = apart.get(begin + pairs / 2)
            && middle.abs() >= MIN_OFFSET_NS
        {
            found.push((*middle, pairs));
        }
    }
    found.sort_by_key(|(by, pairs)| (std::cmp::Reverse(*pairs), by.abs()));
    let mut best: Vec<(i64, usize)> = Vec::new();
    for (by, pairs) in found {
        if best.len() < MAX_TRIED
            && best.iter().all(|(other, _)| other.abs_diff(by) > AGREEMENT_NS.unsigned_abs())
        {
            best.push((by, pairs));
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::series::SeriesEvent;

    const SECOND: i64 = 1_000_000_000;
    const WINDOW: Window = Window { from_ns: 0, end_ns: 60 * SECOND };

    fn series(events: impl Iterator<Item = (i64, i64)>) -> Series {
        events.map(|(at_ns, bps)| SeriesEvent { at_ns, bps, ssrcs: None }).collect()
    }

    /// Falls at odd moments, and a rise after each.
    fn sawtooth() -> impl Iterator<Item = (i64, i64)> {
        (0..20).flat_map(|n| {
            let at = n * 3 * SECOND + (n * n * 37 % 17) * SECOND / 20;
            [(at, 1_000_000 + n * 31_000), (at + SECOND, 800_000 + n * 17_000)]
        })
    }

    #[test]
    fn a_series_whose_clock_is_off_is_found_and_told_by_how_much() {
        let replayed = series(sawtooth());
        for offset in [2_300_000_000, -7_150_000_000, 3_600 * SECOND] {
            let recorded = series(sawtooth().map(|(at, bps)| (at - offset, bps + bps / 500)));
            let found = constant_offset(&recorded, &replayed, WINDOW).unwrap();
            assert!((found.offset_s - offset as f64 / 1e9).abs() < 0.001, "{found:?}");
            assert!(found.steps >= 19 && found.metrics.median < 0.003, "{found:?}");
        }
    }

    #[test]
    fn series_that_agree_or_have_nothing_in_common_have_no_offset() {
        let replayed = series(sawtooth());
        assert_eq!(constant_offset(&replayed, &replayed, WINDOW), None);
        let other = series((0..200).map(|n| (n * SECOND / 3, 300_000 + n * n * 7_919 % 900_000)));
        assert_eq!(constant_offset(&other, &replayed, WINDOW), None);
        assert_eq!(constant_offset(&Series::default(), &replayed, WINDOW), None);
    }
}

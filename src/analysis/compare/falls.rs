//! Falls of a rate, and which of ours is which of the recorded ones.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use serde::Serialize;

use super::Window;
use crate::analysis::series::Series;

/// A fall is found if there is one of ours so near.
const FOUND_NS: u64 = 1_000_000_000;
/// It is tight if ours is so near, and
const TIGHT_NS: u64 = 20_000_000;
/// ends within so many parts of a hundred of the recorded value.
const TIGHT_PERCENT: i128 = 1;

/// How many [`falls`] there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Falls {
    /// Recorded in the window.
    pub recorded: u64,
    /// Of these, with a fall of ours within a second. Each of ours serves one of them at most, the nearest pairs first.
    pub found: u64,
    /// Of these, within 20 ms and ending within 1 % of the recorded value.
    pub tight: u64,
}

/// A fall in the chain of all that are not yet paired, in order of time.
#[derive(Debug, Clone, Copy)]
struct Link {
    at_ns: i64,
    bps: i64,
    recorded: bool,
    before: Option<usize>,
    after: Option<usize>,
    paired: bool,
}

/// Pairs the recorded falls of the window with the replayed ones. Those before its beginning can serve, too.
pub(super) fn match_falls(recorded: &Series, replayed: &Series, window: Window) -> Falls {
    let in_window = |(at_ns, _): &(i64, i64)| (window.from_ns..=window.end_ns).contains(at_ns);
    let of = |series, recorded| {
        falls(series).map(move |(at_ns, bps)| Link {
            at_ns,
            bps,
            recorded,
            before: None,
            after: None,
            paired: false,
        })
    };
    let wanted = of(recorded, true).filter(|link| in_window(&(link.at_ns, link.bps)));
    let mut chain = Chain::new(wanted.chain(of(replayed, false)).collect());
    let mut counted = Falls {
        recorded: chain.links.iter().filter(|link| link.recorded).count() as u64,
        ..Default::default()
    };
    while let Some((a, b)) = chain.take_nearest() {
        counted.found += 1;
        counted.tight += u64::from(is_tight(a, b));
    }
    counted
}

/// Time and new value of each fall: of more than 3 % from one REMB to the next.
pub fn falls(series: &Series) -> impl Iterator<Item = (i64, i64)> {
    let pairs = series.values().iter().zip(series.values().iter().skip(1));
    pairs
        .filter(|(before, value)| i128::from(value.bps) * 100 < i128::from(before.bps) * 97)
        .map(|(_, value)| (value.at_ns, value.bps))
}

fn is_tight(a: Link, b: Link) -> bool {
    let recorded = if a.recorded { a.bps } else { b.bps };
    let apart = i128::from(a.bps.abs_diff(b.bps));
    a.at_ns.abs_diff(b.at_ns) <= TIGHT_NS && apart * 100 <= i128::from(recorded) * TIGHT_PERCENT
}

/// The nearest pair of a recorded fall and one of ours are always neighbours in time, so only neighbours are looked at.
struct Chain {
    links: Vec<Link>,
    /// Distance of neighbours, and their places.
    nearest: BinaryHeap<Reverse<(u64, usize, usize)>>,
}

impl Chain {
    fn new(mut links: Vec<Link>) -> Self {
        links.sort_by_key(|link| (link.at_ns, !link.recorded));
        let len = links.len();
        for (place, link) in links.iter_mut().enumerate() {
            link.before = place.checked_sub(1);
            link.after = Some(place + 1).filter(|after| *after < len);
        }
        let mut chain = Self { links, nearest: BinaryHeap::new() };
        (1..len).for_each(|place| chain.consider(place - 1, place));
        chain
    }

    fn take_nearest(&mut self) -> Option<(Link, Link)> {
        while let Some(Reverse((_, first, second))) = self.nearest.pop() {
            let (a, b) = (*self.links.get(first)?, *self.links.get(second)?);
            if a.paired || b.paired {
                continue;
            }
            for place in [first, second] {
                self.links.get_mut(place)?.paired = true;
            }
            if let Some(link) = a.before.and_then(|before| self.links.get_mut(before)) {
                link.after = b.after;
            }
            if let Some(link) = b.after.and_then(|after| self.links.get_mut(after)) {
                link.before = a.before;
            }
            if let (Some(before), Some(after)) = (a.before, b.after) {
                self.consider(before, after);
            }
            return Some((a, b));
        }
        None
    }

    fn consider(&mut self, first: usize, second: usize) {
        let (Some(a), Some(b)) = (self.links.get(first), self.links.get(second)) else { return };
        let distance = a.at_ns.abs_diff(b.at_ns);
        if a.recorded != b.recorded && distance <= FOUND_NS {
            self.nearest.push(Reverse((distance, first, second)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::series::SeriesEvent;

    /// Falls to the given values at the given milliseconds, with a rise half a millisecond before each.
    fn falling(falls: &[(i64, i64)]) -> Series {
        let mut series = Series::default();
        for (ms, bps) in falls {
            let at_ns = ms * 1_000_000;
            series.push(SeriesEvent { at_ns: at_ns - 500_000, bps: 1_000_000, ssrcs: None });
            series.push(SeriesEvent { at_ns, bps: *bps, ssrcs: None });
        }
        series
    }

    fn matched(recorded: &[(i64, i64)], replayed: &[(i64, i64)]) -> (u64, u64, u64) {
        let window = Window { from_ns: 0, end_ns: 100_000_000_000 };
        let falls = match_falls(&falling(recorded), &falling(replayed), window);
        (falls.recorded, falls.found, falls.tight)
    }

    #[test]
    fn a_fall_is_more_than_three_percent() {
        let series: Series = [1000, 970, 940, 1000, 969]
            .into_iter()
            .enumerate()
            .map(|(at, bps)| SeriesEvent { at_ns: at as i64, bps, ssrcs: None })
            .collect();
        assert_eq!(falls(&series).collect::<Vec<_>>(), [(2, 940), (4, 969)]);
    }

    #[test]
    fn a_fall_is_found_within_a_second_and_tight_within_20_ms_and_one_percent() {
        assert_eq!(matched(&[(5000, 500_000)], &[(6000, 100_000)]), (1, 1, 0));
        assert_eq!(matched(&[(5000, 500_000)], &[(6001, 500_000)]), (1, 0, 0));
        assert_eq!(matched(&[(5000, 500_000)], &[(4980, 505_000)]), (1, 1, 1));
        assert_eq!(matched(&[(5000, 500_000)], &[(4980, 505_001)]), (1, 1, 0));
        assert_eq!(matched(&[(5000, 500_000)], &[(4979, 500_000)]), (1, 1, 0));
    }

    #[test]
    fn each_of_ours_serves_once_and_the_nearest_first() {
        assert_eq!(matched(&[(5000, 500_000), (5400, 500_000)], &[(5390, 500_000)]), (2, 1, 1));
        // The middle pair goes first and leaves the outer ones to each other, which are too far apart.
        assert_eq!(matched(&[(5000, 1), (5800, 1)], &[(5900, 1), (6700, 1)]), (2, 1, 0));
        assert_eq!(matched(&[(5000, 1), (5500, 1)], &[(5550, 1), (5900, 1)]), (2, 2, 0));
    }

    #[test]
    fn falls_outside_the_window_are_not_asked_for() {
        let window = Window { from_ns: 5_000_000_000, end_ns: 6_000_000_000 };
        let recorded = falling(&[(4999, 7), (5000, 7), (6001, 7)]);
        let falls = match_falls(&recorded, &falling(&[(4500, 7)]), window);
        assert_eq!(falls, Falls { recorded: 1, found: 1, tight: 0 });
    }

    #[test]
    fn many_falls_at_one_moment_are_paired_in_little_time() {
        let falls: Vec<_> = (0..100_000).map(|_| (5000, 500_000)).collect();
        assert_eq!(matched(&falls, &falls[..60_000]), (100_000, 60_000, 60_000));
    }
}

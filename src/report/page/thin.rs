//! Thinning: of the rows that fall into one pixel those stay that hold an extreme, so that the drawn line stays the same.

use super::row::COLUMNS;

/// A row as integers.
pub(super) type Integers = [Option<i64>; COLUMNS.len()];

/// A wide screen has fewer.
pub(super) const PIXELS: i64 = 4096;
/// What does not fit is drawn more coarsely, down to these.
pub(super) const MIN_PIXELS: i64 = 32;
/// With fewer pixels than these not every change of the state stays, but of a pixel's rows the first in each state.
const PIXELS_WITH_CHANGES: i64 = 1024;
/// Their extremes stay: incoming, estimate, gradient, queue, round trip time.
const OF_INTEREST: [usize; 5] = [1, 2, 3, 6, 7];
const USAGE: usize = 5;
const LOST: usize = 8;

/// Gives on the rows that stay, in order: first, last and extremes of every pixel of the span, changes of the state, and
/// all within `whole` (spans in microseconds, in order of their beginnings). What is left out adds its losses to the next row.
pub(super) fn thin(
    rows: impl Iterator<Item = Integers>,
    ((first, last), pixels): ((i64, i64), i64),
    whole: &[(i64, i64)],
    mut keep: impl FnMut(Integers),
) {
    let width = (last.saturating_sub(first) / pixels.max(1)).max(1);
    let whole = joined(whole);
    let every_change = pixels >= PIXELS_WITH_CHANGES;
    let mut lost = 0;
    let mut keep = |mut row: Integers, stays: bool| {
        lost += row[LOST].unwrap_or(0);
        if stays {
            row[LOST] = Some(std::mem::take(&mut lost));
            keep(row);
        }
    };
    let (mut pixel, mut of_pixel) = (0, Vec::new());
    for row in rows {
        let at = row[0].unwrap_or(first);
        let own = at.saturating_sub(first) / width;
        if own != pixel {
            give(&mut of_pixel, (&whole, every_change), &mut keep);
            pixel = own;
        }
        of_pixel.push(row);
    }
    give(&mut of_pixel, (&whole, every_change), &mut keep);
}

/// Gives on the rows of one pixel, and says which stay.
fn give(
    rows: &mut Vec<Integers>,
    (whole, every_change): (&[(i64, i64)], bool),
    keep: &mut impl FnMut(Integers, bool),
) {
    let mut stays = vec![false; rows.len()];
    let mut mark = |place: Option<usize>| {
        if let Some(stays) = place.and_then(|place| stays.get_mut(place)) {
            *stays = true;
        }
    };
    mark(Some(0));
    mark(rows.len().checked_sub(1));
    for column in OF_INTEREST {
        let (mut least, mut greatest) = (None, None);
        for (place, row) in rows.iter().enumerate() {
            let Some(value) = row[column] else { continue };
            if least.is_none_or(|(other, _)| value < other) {
                least = Some((value, place));
            }
            if greatest.is_none_or(|(other, _)| value >= other) {
                greatest = Some((value, place));
            }
        }
        mark(least.map(|(_, place)| place));
        mark(greatest.map(|(_, place)| place));
    }
    let mut states = States::default();
    for (place, row) in rows.iter().enumerate() {
        let is_new = row[USAGE].is_some_and(|state| states.is_new(state, every_change));
        mark(is_new.then_some(place));
        let at = row[0].unwrap_or(0);
        let next = whole.partition_point(|(from, _)| *from <= at);
        let is_within = next.checked_sub(1).and_then(|span| whole.get(span)).is_some_and(|(_, to)| at <= *to);
        mark(is_within.then_some(place));
    }
    rows.drain(..).zip(stays).for_each(|(row, stays)| keep(row, stays));
}

/// The states of a pixel's rows so far.
#[derive(Default)]
struct States {
    last: Option<i64>,
    /// By number, those that were there.
    seen: [bool; 3],
}

impl States {
    /// Takes the next: whether it changed; else, of all changes, whether it is the first to this state.
    fn is_new(&mut self, state: i64, every_change: bool) -> bool {
        let is_change = self.last.replace(state) != Some(state);
        let seen = usize::try_from(state).ok().and_then(|state| self.seen.get_mut(state));
        let was_seen = seen.is_some_and(|seen| std::mem::replace(seen, true));
        is_change && (every_change || !was_seen)
    }
}

/// Spans that overlap become one.
fn joined(spans: &[(i64, i64)]) -> Vec<(i64, i64)> {
    let mut spans = spans.to_vec();
    spans.sort_unstable();
    let mut joined: Vec<(i64, i64)> = Vec::new();
    for (from, to) in spans {
        match joined.last_mut() {
            Some((_, end)) if from <= *end => *end = to.max(*end),
            _ => joined.push((from, to)),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(at: i64, queue: i64, lost: i64) -> Integers {
        let mut row = [None; COLUMNS.len()];
        (row[0], row[6], row[LOST]) = (Some(at), Some(queue), Some(lost));
        row
    }

    fn thinned(rows: &[Integers], whole: &[(i64, i64)]) -> Vec<Integers> {
        let mut kept = Vec::new();
        thin(rows.iter().copied(), ((0, rows.len() as i64), PIXELS), whole, |row| kept.push(row));
        kept
    }

    #[test]
    fn a_spike_stays_and_so_does_the_sum_of_what_was_lost() {
        let rows: Vec<_> = (0..400_000)
            .map(|at| row(at, if at == 77_777 { 900 } else { at % 5 }, i64::from(at % 1000 == 3)))
            .collect();
        let kept = thinned(&rows, &[]);
        assert!(kept.len() < 20_000, "{}", kept.len());
        assert!(kept.iter().any(|row| row[0] == Some(77_777) && row[6] == Some(900)));
        assert_eq!(kept.iter().filter_map(|row| row[LOST]).sum::<i64>(), 400);
        assert!(kept.is_sorted_by_key(|row| row[0]));
    }

    #[test]
    fn a_state_that_changes_at_every_row_stays_whole_until_it_is_too_much() {
        let rows: Vec<_> = (0..400_000)
            .map(|at| {
                let mut row = row(at, at % 5, 0);
                row[USAGE] = Some(at % 2);
                row
            })
            .collect();
        let kept = |pixels| {
            let mut kept = Vec::new();
            thin(rows.iter().copied(), ((0, rows.len() as i64), pixels), &[], |row| kept.push(row));
            kept
        };
        assert_eq!(kept(PIXELS_WITH_CHANGES).len(), rows.len());
        let coarse = kept(PIXELS_WITH_CHANGES / 2);
        assert!(coarse.len() < 10 * 512, "{}", coarse.len());
        // Every pixel shows both.
        for pixel in coarse.chunk_by(|a, b| a[0].unwrap() / 781 == b[0].unwrap() / 781) {
            let shows = |state| pixel.iter().any(|row| row[USAGE] == Some(state));
            assert!(pixel.len() < 2 || (shows(0) && shows(1)), "{pixel:?}");
        }
    }

    #[test]
    fn around_an_event_every_row_stays() {
        let rows: Vec<_> = (0..400_000).map(|at| row(at, at % 5, 0)).collect();
        let kept = thinned(&rows, &[(200_500, 201_000), (200_000, 200_600)]);
        let within =
            kept.iter().filter(|row| row[0].is_some_and(|at| (200_000..=201_000).contains(&at))).count();
        assert_eq!(within, 1001);
    }
}

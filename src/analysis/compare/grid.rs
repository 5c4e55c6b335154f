//! The moments at which step functions are sampled, and step functions on them.

/// Ten samples a second.
const PERIOD_NS: i64 = 100_000_000;

/// Moments every 100 ms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Grid {
    start_ns: i64,
    /// How many moments there are, at least one.
    pub(super) samples: u64,
}

/// A value that holds from one sample on until the next step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Step<T> {
    pub(super) from: u64,
    pub(super) value: T,
}

impl Grid {
    /// From the first moment to the last possible; `None` if that lies before it.
    pub(super) fn new(start_ns: i64, end_ns: i64) -> Option<Self> {
        let span = u64::try_from(i128::from(end_ns) - i128::from(start_ns)).ok()?;
        Some(Self { start_ns, samples: span / PERIOD_NS.unsigned_abs() + 1 })
    }

    /// The time of a sample, nanoseconds.
    pub(super) fn at(&self, index: u64) -> i64 {
        let at = i128::from(self.start_ns) + i128::from(index) * i128::from(PERIOD_NS);
        i64::try_from(at).unwrap_or(i64::MAX)
    }

    /// The values that hold at the samples, from events in order of time.
    pub(super) fn hold<T>(&self, events: impl Iterator<Item = (i64, T)>) -> Vec<Step<T>> {
        let mut steps: Vec<Step<T>> = Vec::new();
        for (at_ns, value) in events {
            let from = self.first_at_or_after(at_ns);
            if from >= self.samples {
                break;
            }
            match steps.last_mut() {
                Some(last) if last.from == from => last.value = value,
                _ => steps.push(Step { from, value }),
            }
        }
        steps
    }

    /// The steps with the sample that each ends before.
    pub(super) fn spans<'a, T>(&self, steps: &'a [Step<T>]) -> impl Iterator<Item = (u64, u64, &'a T)> {
        let ends = steps.iter().skip(1).map(|step| step.from).chain([self.samples]);
        steps.iter().zip(ends).map(|(step, end)| (step.from, end, &step.value))
    }

    fn first_at_or_after(&self, at_ns: i64) -> u64 {
        let since = i128::from(at_ns) - i128::from(self.start_ns);
        u64::try_from(since).unwrap_or(0).div_ceil(PERIOD_NS.unsigned_abs())
    }
}

/// Two step functions as one; `None` before the first step of each.
pub(super) fn join<A: Copy, B: Copy>(a: &[Step<A>], b: &[Step<B>]) -> Vec<Step<(Option<A>, Option<B>)>> {
    let (mut a, mut b) = (a.iter().peekable(), b.iter().peekable());
    let mut joined = Vec::new();
    let (mut left, mut right) = (None, None);
    while let Some(from) =
        a.peek().map(|step| step.from).into_iter().chain(b.peek().map(|step| step.from)).min()
    {
        if let Some(step) = a.next_if(|step| step.from == from) {
            left = Some(step.value);
        }
        if let Some(step) = b.next_if(|step| step.from == from) {
            right = Some(step.value);
        }
        joined.push(Step { from, value: (left, right) });
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: i64 = 1_000_000;

    #[test]
    fn a_value_holds_from_the_first_sample_at_or_after_it() {
        let grid = Grid::new(50 * MS, 450 * MS).unwrap();
        assert_eq!((grid.samples, grid.at(4)), (5, 450 * MS));
        let events = [
            (-9 * MS, 'a'),
            (50 * MS, 'b'),
            (51 * MS, 'c'),
            (149 * MS, 'd'),
            (450 * MS, 'e'),
            (451 * MS, 'f'),
        ];
        let steps = grid.hold(events.into_iter());
        let steps: Vec<_> = grid.spans(&steps).map(|(from, to, value)| (from, to, *value)).collect();
        assert_eq!(steps, [(0, 1, 'b'), (1, 4, 'd'), (4, 5, 'e')]);
    }

    #[test]
    fn the_longest_span_there_is_costs_nothing() {
        let grid = Grid::new(i64::MIN, i64::MAX).unwrap();
        assert_eq!(grid.samples, u64::MAX / 100_000_000 + 1);
        assert_eq!(grid.hold([(i64::MIN, ()), (i64::MAX - 1, ())].into_iter()).len(), 1);
        assert_eq!(grid.at(u64::MAX), i64::MAX);
        assert_eq!(Grid::new(1, 0), None);
    }

    #[test]
    fn joined_steps_have_both_values() {
        let steps = |list: &[(u64, i64)]| {
            list.iter().map(|(from, value)| Step { from: *from, value: *value }).collect::<Vec<_>>()
        };
        let joined = join(&steps(&[(0, 1), (5, 2)]), &steps(&[(3, 7), (5, 8), (6, 9)]));
        let joined: Vec<_> = joined.into_iter().map(|step| (step.from, step.value.0, step.value.1)).collect();
        assert_eq!(
            joined,
            [(0, Some(1), None), (3, Some(1), Some(7)), (5, Some(2), Some(8)), (6, Some(2), Some(9))]
        );
    }
}

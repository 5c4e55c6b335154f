//! A step function of bit rates, from REMBs in order of time.

use std::sync::Arc;

use crate::units::Ssrc;

/// A REMB as it is compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeriesEvent {
    /// Nanoseconds since the capture's first frame.
    pub at_ns: i64,
    /// The bit rate, bit/s.
    pub bps: i64,
    /// The streams, in any order; `None` if the snaplen cut the list.
    pub ssrcs: Option<Vec<Ssrc>>,
}

/// REMBs in order of time, repeats left out.
#[derive(Debug, Clone, Default)]
pub struct Series {
    values: Vec<Value>,
    repeats: u64,
    steps_back: u64,
}

/// What holds from a moment on. Lists rarely change, so neighbours share theirs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::analysis) struct Value {
    pub(in crate::analysis) at_ns: i64,
    pub(in crate::analysis) bps: i64,
    pub(in crate::analysis) ssrcs: Option<Arc<[Ssrc]>>,
}

impl Series {
    /// Takes the next REMB.
    ///
    /// One with the value and the list of the one before is a repeat that rode on another report: it is counted and is
    /// no event. One that is earlier than the one before counts as of that one's time: captured time can step back.
    pub fn push(&mut self, event: SeriesEvent) {
        let before = self.values.last().and_then(|last| last.ssrcs.as_ref());
        let ssrcs = event.ssrcs.map(|mut list| {
            list.sort_unstable();
            list.dedup();
            match before {
                Some(before) if **before == *list => Arc::clone(before),
                _ => Arc::from(list),
            }
        });
        self.take(Value { at_ns: event.at_ns, bps: event.bps, ssrcs });
    }

    fn take(&mut self, value: Value) {
        let Value { at_ns, bps, ssrcs } = value;
        let last = self.values.last();
        if last.is_some_and(|last| last.bps == bps && last.ssrcs == ssrcs) {
            self.repeats += 1;
            return;
        }
        let earliest = last.map_or(i64::MIN, |last| last.at_ns);
        self.steps_back += u64::from(at_ns < earliest);
        self.values.push(Value { at_ns: at_ns.max(earliest), bps, ssrcs });
    }

    /// The same series so many nanoseconds later.
    pub fn shifted(mut self, by_ns: i64) -> Self {
        self.values.iter_mut().for_each(|value| value.at_ns = value.at_ns.saturating_add(by_ns));
        self
    }

    /// Time in nanoseconds and bit/s of each REMB that changed something.
    pub fn iter(&self) -> impl Iterator<Item = (i64, i64)> {
        self.values.iter().map(|value| (value.at_ns, value.bps))
    }

    /// How many there are, repeats not counted.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// How many repeats were left out.
    pub fn repeats(&self) -> u64 {
        self.repeats
    }

    /// How many came with a time before the one before them.
    pub fn steps_back(&self) -> u64 {
        self.steps_back
    }

    /// The time of the first, nanoseconds.
    pub fn first_ns(&self) -> Option<i64> {
        self.values.first().map(|value| value.at_ns)
    }

    pub(in crate::analysis) fn values(&self) -> &[Value] {
        &self.values
    }
}

impl FromIterator<SeriesEvent> for Series {
    fn from_iter<I: IntoIterator<Item = SeriesEvent>>(events: I) -> Self {
        let mut series = Self::default();
        events.into_iter().for_each(|event| series.push(event));
        series
    }
}

impl FromIterator<Value> for Series {
    fn from_iter<I: IntoIterator<Item = Value>>(values: I) -> Self {
        let mut series = Self::default();
        values.into_iter().for_each(|value| series.take(value));
        series
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(at_ns: i64, bps: i64, ssrcs: Option<&[u32]>) -> SeriesEvent {
        let ssrcs = ssrcs.map(|list| list.iter().copied().map(Ssrc).collect());
        SeriesEvent { at_ns, bps, ssrcs }
    }

    #[test]
    fn a_repeat_has_the_value_and_the_list_of_the_one_before() {
        let series: Series = [
            event(0, 100, Some(&[1, 2])),
            event(1, 100, Some(&[2, 1])),
            event(2, 100, Some(&[1])),
            event(3, 100, None),
            event(4, 100, None),
            event(5, 90, None),
        ]
        .into_iter()
        .collect();
        assert_eq!(series.iter().collect::<Vec<_>>(), [(0, 100), (2, 100), (3, 100), (5, 90)]);
        assert_eq!(series.repeats(), 2);
    }

    #[test]
    fn time_does_not_step_back() {
        let series: Series = [event(5, 1, None), event(3, 2, None), event(6, 3, None)].into_iter().collect();
        assert_eq!(series.iter().collect::<Vec<_>>(), [(5, 1), (5, 2), (6, 3)]);
        assert_eq!(series.steps_back(), 1);
    }
}

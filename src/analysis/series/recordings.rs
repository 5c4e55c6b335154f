//! Recorded REMBs by the streams that they list: two receivers behind one flow speak of streams of their own.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::units::Ssrc;

use super::steps::{Series, SeriesEvent, Value};

/// REMBs of one flow as they were recorded, in order of time.
///
/// Lists that share a stream are of one receiver, and so is a list that begins when another has ended. What is left are
/// lists that alternate and have nothing in common: each is a series of its own.
#[derive(Debug, Clone, Default)]
pub struct Recordings {
    values: Vec<Value>,
    lists: HashSet<Arc<[Ssrc]>>,
}

/// A series, and the streams that its REMBs list.
#[derive(Debug, Clone)]
pub struct ListedSeries {
    /// Ascending; empty where the lists are not known.
    pub ssrcs: Vec<Ssrc>,
    /// The REMBs.
    pub series: Series,
}

/// More are no receivers of one call.
const MAX_RECEIVERS: usize = 16;

/// REMBs of one receiver, by their places, and the streams that they list.
#[derive(Debug, Clone, Default)]
struct Group {
    ssrcs: Vec<Ssrc>,
    places: Vec<usize>,
}

impl Recordings {
    /// Takes the next REMB.
    pub fn push(&mut self, event: SeriesEvent) {
        let ssrcs = event.ssrcs.filter(|list| !list.is_empty()).map(|mut list| {
            list.sort_unstable();
            list.dedup();
            match self.lists.get(&list[..]) {
                Some(known) => Arc::clone(known),
                None => {
                    let list: Arc<[Ssrc]> = list.into();
                    self.lists.insert(Arc::clone(&list));
                    list
                }
            }
        });
        self.values.push(Value { at_ns: event.at_ns, bps: event.bps, ssrcs });
    }

    /// The time of the first, nanoseconds.
    pub fn first_ns(&self) -> Option<i64> {
        self.values.first().map(|value| value.at_ns)
    }

    /// The time of the last.
    pub fn last_ns(&self) -> Option<i64> {
        self.values.iter().map(|value| value.at_ns).max()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// All streams that are listed.
    pub fn ssrcs(&self) -> HashSet<Ssrc> {
        self.lists.iter().flat_map(|list| list.iter().copied()).collect()
    }

    /// The same so many nanoseconds later.
    pub fn shifted(mut self, by_ns: i64) -> Self {
        self.values.iter_mut().for_each(|value| value.at_ns = value.at_ns.saturating_add(by_ns));
        self
    }

    /// All of them as one series.
    pub fn as_one(&self) -> Series {
        self.values.iter().cloned().collect()
    }

    /// A series for each receiver; those whose list is not known are one more, if there are several.
    pub fn series(&self) -> Vec<ListedSeries> {
        let groups = one_after_another(self.groups());
        if groups.len() < 2 {
            let ssrcs = groups.into_iter().flat_map(|group| group.ssrcs).collect();
            let series = self.as_one();
            return if series.is_empty() { Vec::new() } else { vec![ListedSeries { ssrcs, series }] };
        }
        let of =
            |places: &[usize]| places.iter().filter_map(|place| self.values.get(*place)).cloned().collect();
        let listed =
            groups.into_iter().map(|Group { ssrcs, places }| ListedSeries { ssrcs, series: of(&places) });
        let unlisted: Series = self.values.iter().filter(|value| value.ssrcs.is_none()).cloned().collect();
        let unlisted = (!unlisted.is_empty()).then_some(ListedSeries { ssrcs: Vec::new(), series: unlisted });
        listed.chain(unlisted).collect()
    }

    /// REMBs whose lists share a stream, directly or by way of others, in the order of the first of each.
    fn groups(&self) -> Vec<Group> {
        let mut joined = Joined::default();
        for value in &self.values {
            joined.join(value.ssrcs.as_deref().unwrap_or_default());
        }
        let mut groups: Vec<Group> = Vec::new();
        let mut group_of: HashMap<usize, usize> = HashMap::new();
        for (place, value) in self.values.iter().enumerate() {
            let Some(root) = value.ssrcs.as_deref().and_then(|list| joined.root_of(list.first()?)) else {
                continue;
            };
            let group = *group_of.entry(root).or_insert_with(|| {
                groups.push(Group::default());
                groups.len() - 1
            });
            if let Some(group) = groups.get_mut(group) {
                group.places.push(place);
            }
        }
        for (ssrc, root) in joined.into_roots() {
            if let Some(group) = group_of.get(&root).and_then(|group| groups.get_mut(*group)) {
                group.ssrcs.push(ssrc);
            }
        }
        groups
    }
}

/// A receiver whose streams were replaced goes on with others. Beyond the limit all are taken for one.
fn one_after_another(groups: Vec<Group>) -> Vec<Group> {
    let mut receivers: Vec<Group> = Vec::new();
    for mut group in groups {
        let ends_before = |known: &Group| known.places.last() < group.places.first();
        let last = (receivers.len() == MAX_RECEIVERS).then_some(MAX_RECEIVERS - 1);
        match receivers.iter().position(ends_before).or(last).and_then(|place| receivers.get_mut(place)) {
            Some(known) => {
                known.places.append(&mut group.places);
                known.ssrcs.append(&mut group.ssrcs);
            }
            None => receivers.push(group),
        }
    }
    for receiver in &mut receivers {
        receiver.places.sort_unstable();
        receiver.ssrcs.sort_unstable();
    }
    receivers
}

/// Streams, joined to sets.
#[derive(Debug, Default)]
struct Joined {
    places: HashMap<Ssrc, usize>,
    /// A stream, and one of the same set that is nearer to the root, which is its own.
    streams: Vec<(Ssrc, usize)>,
}

impl Joined {
    fn join(&mut self, list: &[Ssrc]) {
        let mut whole = None;
        for ssrc in list {
            let place = *self.places.entry(*ssrc).or_insert_with(|| {
                self.streams.push((*ssrc, self.streams.len()));
                self.streams.len() - 1
            });
            let root = self.root(place);
            let whole = *whole.get_or_insert(root);
            if let Some((_, up)) = self.streams.get_mut(root) {
                *up = whole;
            }
        }
    }

    fn root(&mut self, mut place: usize) -> usize {
        while let Some((_, up)) = self.streams.get(place).copied().filter(|(_, up)| *up != place) {
            let above = self.streams.get(up).map_or(up, |(_, above)| *above);
            if let Some((_, up)) = self.streams.get_mut(place) {
                *up = above;
            }
            place = up;
        }
        place
    }

    fn root_of(&mut self, ssrc: &Ssrc) -> Option<usize> {
        let place = *self.places.get(ssrc)?;
        Some(self.root(place))
    }

    /// Each stream with its root.
    fn into_roots(mut self) -> Vec<(Ssrc, usize)> {
        let places = 0..self.streams.len();
        let roots: Vec<_> = places.map(|place| self.root(place)).collect();
        self.streams.into_iter().map(|(ssrc, _)| ssrc).zip(roots).collect()
    }
}

impl FromIterator<SeriesEvent> for Recordings {
    fn from_iter<I: IntoIterator<Item = SeriesEvent>>(events: I) -> Self {
        let mut recordings = Self::default();
        events.into_iter().for_each(|event| recordings.push(event));
        recordings
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The streams of a series, and its times and rates.
    type Plain = (Vec<u32>, Vec<(i64, i64)>);

    fn recorded(events: &[(i64, i64, &[u32])]) -> Vec<Plain> {
        let event = |(at_ns, bps, list): &(i64, i64, &[u32])| SeriesEvent {
            at_ns: *at_ns,
            bps: *bps,
            ssrcs: Some(list.iter().copied().map(Ssrc).collect()),
        };
        let series = events.iter().map(event).collect::<Recordings>().series();
        let plain = |listed: ListedSeries| {
            (listed.ssrcs.iter().map(|ssrc| ssrc.0).collect(), listed.series.iter().collect())
        };
        series.into_iter().map(plain).collect()
    }

    #[test]
    fn lists_that_alternate_and_have_nothing_in_common_are_series_of_their_own() {
        let alternating =
            recorded(&[(0, 100, &[1]), (1, 50, &[7, 2]), (2, 100, &[1]), (3, 60, &[2]), (4, 90, &[1])]);
        assert_eq!(
            alternating,
            [(vec![1], vec![(0, 100), (4, 90)]), (vec![2, 7], vec![(1, 50), (3, 60)])],
            "a REMB of the other is between, and the third is a repeat all the same"
        );
    }

    #[test]
    fn lists_that_share_a_stream_or_follow_one_another_are_of_one_receiver() {
        let growing = recorded(&[(0, 100, &[1]), (1, 90, &[1, 2]), (2, 80, &[2]), (3, 70, &[1])]);
        assert_eq!(growing, [(vec![1, 2], vec![(0, 100), (1, 90), (2, 80), (3, 70)])]);
        let replaced = recorded(&[(0, 100, &[1]), (1, 90, &[1]), (2, 80, &[2])]);
        assert_eq!(replaced, [(vec![1, 2], vec![(0, 100), (1, 90), (2, 80)])]);
        assert_eq!(recorded(&[]), []);
    }

    #[test]
    fn there_is_an_end_to_receivers() {
        let lists: Vec<[u32; 1]> = (0..50_000).map(|ssrc| [ssrc % 25_000]).collect();
        let events: Vec<_> = (0..).zip(&lists).map(|(at, list)| (at, 100 + at, &list[..])).collect();
        let series = recorded(&events);
        assert_eq!(series.len(), MAX_RECEIVERS);
        assert_eq!(series.iter().map(|(_, values)| values.len()).sum::<usize>(), 50_000);
        assert!(series[MAX_RECEIVERS - 1].1.is_sorted());
    }

    #[test]
    fn unknown_lists_are_one_more_where_there_are_several() {
        let some = recorded(&[(0, 100, &[1]), (1, 50, &[2]), (2, 70, &[]), (3, 90, &[1])]);
        assert_eq!(some.len(), 3);
        assert_eq!(some[2], (vec![], vec![(2, 70)]));
        assert_eq!(recorded(&[(0, 100, &[1]), (1, 70, &[])]).len(), 1);
    }
}

//! A file's series in the place of the REMBs that a capture has.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::flow::Manner;
use super::phases::Collector;
use super::text::offset_in_words;
use super::{CompareError, constant_offset};
use crate::analysis::series::{Recordings, SeriesFile};
use crate::model::Flow;
use crate::units::Ssrc;

/// A flow that was estimated, and its place.
pub(super) type Estimated<'a> = (usize, &'a Flow);

/// A series that begins so long before the capture, nanoseconds, may be another call's.
const LONG_BEFORE_NS: i64 = 10_000_000_000;
/// So many flows are named.
const MAX_NAMED: usize = 8;

/// Puts the series of a file, its times counting from the first frame, in the place of what the capture has. Gives back
/// what is to be said about it.
pub(super) fn take(
    collector: &mut Collector,
    file: SeriesFile,
    estimated: &[Estimated<'_>],
) -> Result<Vec<String>, CompareError> {
    let flows: Vec<&Flow> = estimated.iter().map(|(_, flow)| *flow).collect();
    let mut notes = file.notes;
    let mut left = file.flows;
    let mut assigned: Vec<_> = flows.iter().map(|flow| left.remove(&flow.flow.to_string())).collect();
    for (place, name) in by_streams(&flows, &left) {
        if let Some(open @ None) = assigned.get_mut(place) {
            *open = left.remove(&name);
        }
    }
    if let ([flow], [place @ None], 1) = (&flows[..], &mut assigned[..], left.len())
        && let Some((name, series)) = left.pop_first()
    {
        if !name.is_empty() {
            notes.push(format!(
                "{}: its flow {name} is taken for {}, the only one there is",
                file.shown, flow.flow
            ));
        }
        *place = Some(series);
    }
    if assigned.iter().all(Option::is_none) {
        let names: Vec<_> = flows.iter().map(|flow| flow.flow.to_string()).collect();
        let theirs = if left.keys().all(String::is_empty) {
            String::new()
        } else {
            format!(" (it names {})", named(left.keys()))
        };
        return Err(CompareError::WhichFlow { theirs, ours: named(names.iter()) });
    }
    if !left.is_empty() {
        notes.push(format!("{}: no estimated flow for what it has of {}", file.shown, named(left.keys())));
    }
    for ((place, flow), series) in estimated.iter().zip(assigned) {
        let recorded = series.unwrap_or_else(|| {
            notes.push(format!("{}: nothing of flow {}", file.shown, flow.flow));
            Recordings::default()
        });
        if let Some(first_ns) = recorded.first_ns().filter(|first_ns| *first_ns < -LONG_BEFORE_NS) {
            let before = -(first_ns as f64) / 1e9;
            notes.push(format!("{}: its series begins {before:.1} s before the capture", file.shown));
        }
        if let Some(collected) = collector.at_mut(*place) {
            collected.recorded = recorded;
        }
    }
    Ok(notes)
}

/// Series whose streams are all of one flow, where that flow has no other: its place, and the name of the series.
fn by_streams(flows: &[&Flow], left: &BTreeMap<String, Recordings>) -> BTreeMap<usize, String> {
    let streams = flows
        .iter()
        .enumerate()
        .flat_map(|(place, flow)| flow.streams.iter().map(move |stream| (stream.ssrc, place)));
    let mut flows_of: HashMap<Ssrc, BTreeSet<usize>> = HashMap::new();
    streams.for_each(|(ssrc, place)| {
        flows_of.entry(ssrc).or_default().insert(place);
    });
    let mut found: BTreeMap<usize, Vec<&String>> = BTreeMap::new();
    for (name, recorded) in left {
        let ssrcs = recorded.ssrcs();
        let places = ssrcs.iter().filter_map(|ssrc| flows_of.get(ssrc)).flatten();
        let places: BTreeSet<_> = places.collect();
        if let (Some(place), 1) = (places.first(), places.len()) {
            found.entry(**place).or_default().push(name);
        }
    }
    let single = |(place, names): (usize, Vec<&String>)| match &names[..] {
        [name] => Some((place, (*name).clone())),
        _ => None,
    };
    found.into_iter().filter_map(single).collect()
}

/// Some of the names, and how many more there are.
pub fn named<T: AsRef<str>>(names: impl ExactSizeIterator<Item = T>) -> String {
    let more = names.len().saturating_sub(MAX_NAMED);
    let shown: Vec<_> = names
        .take(MAX_NAMED)
        .map(|name| match name.as_ref() {
            "" => "no flow".to_owned(),
            name => name.to_owned(),
        })
        .collect();
    let shown = shown.join(", ");
    if more > 0 { format!("{shown} and {more} more") } else { shown }
}

/// Why a series from a file cannot be held against the capture: no REMB of it is within the capture's time.
pub(super) fn beside_the_capture(collector: &Collector, manner: Manner) -> Option<String> {
    let Manner { window, offset: given, .. } = manner;
    let flows = || collector.flows.iter().flatten().filter(|flow| !flow.recorded.is_empty());
    let spans: Vec<_> =
        flows().filter_map(|flow| Some((flow.recorded.first_ns()?, flow.recorded.last_ns()?))).collect();
    let is_beside = |(first, last): &(i64, i64)| *last < 0 || *first > window.end_ns;
    if spans.is_empty() || !spans.iter().all(is_beside) {
        return None;
    }
    let seconds = |nanos: i64| nanos as f64 / 1e9;
    let first = spans.iter().map(|(first, _)| *first).min().map_or(0.0, seconds);
    let last = spans.iter().map(|(_, last)| *last).max().map_or(0.0, seconds);
    let offsets = flows().filter_map(|flow| constant_offset(&flow.recorded.as_one(), &flow.replayed, window));
    let hint = offsets.max_by_key(|offset| offset.steps).map_or_else(
        || "--offset moves it, if it is the same call".to_owned(),
        |offset| offset_in_words(&offset.beyond(given)),
    );
    Some(format!(
        "the series of --recorded lies from {first:.1} s to {last:.1} s, and the capture from 0 to {:.1} s: no time in \
         common; {hint}",
        seconds(window.end_ns)
    ))
}

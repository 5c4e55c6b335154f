//! Two files of series, held against each other.

use super::capture::{Comparison, Settings};
use super::flow::{FlowComparison, Manner};
use super::phases::Spread;
use super::{CompareError, Window};
use crate::analysis::series::{ListedSeries, Recordings, SeriesFile, TimeBasis};

impl Comparison {
    /// Holds the flows of two files against each other: by the names that both give them, or the only one of each.
    ///
    /// # Errors
    /// If there is nothing to compare.
    pub fn of_files(
        first: SeriesFile,
        second: &SeriesFile,
        settings: Settings,
    ) -> Result<Self, CompareError> {
        let Settings { skip, offset, draws, finds_offset } = settings;
        let first = first.moved(offset.as_micros().saturating_mul(1000));
        let end_ns = first.end_ns.max(second.end_ns);
        let start_ns = match first.basis {
            TimeBasis::FirstFrame => 0,
            TimeBasis::Epoch => first.flows.values().filter_map(Recordings::first_ns).min().unwrap_or(0),
        };
        let from_ns = start_ns.saturating_add(skip.as_micros().saturating_mul(1000));
        let manner = Manner { window: Window { from_ns, end_ns }, spread: Spread::default(), offset, draws };
        let single = first.flows.len() == 1 && second.flows.len() == 1;
        let mut flows = Vec::new();
        for (flow, recorded) in &first.flows {
            let replayed = if single { second.flows.values().next() } else { second.flows.get(flow) };
            let (ours, theirs) = (recorded.series(), replayed.map(Recordings::series).unwrap_or_default());
            let is_single = ours.len() == 1 && theirs.len() == 1;
            let pairs = ours.iter().flat_map(|a| theirs.iter().map(move |b| (a, b)));
            for (a, b) in pairs.filter(|(a, b)| is_single || may_be_of_one(a, b)) {
                let replayed = std::slice::from_ref(&b.series);
                let Some(mut found) = FlowComparison::new(flow, &a.series, replayed, manner) else {
                    continue;
                };
                if finds_offset {
                    found.look_for_offset(&a.series, replayed, manner);
                }
                flows.push(if is_single { found } else { found.of_several(a) });
            }
        }
        match flows.is_empty() {
            true => Err(CompareError::Nothing(
                "no flow of the one has a time in common with the same flow of the other".to_owned(),
            )),
            false => Ok(Self { flows, notes: [&first.notes[..], &second.notes].concat() }),
        }
    }
}

/// Whether two series have a stream in common, or one of them does not say of which it is.
fn may_be_of_one(a: &ListedSeries, b: &ListedSeries) -> bool {
    a.ssrcs.is_empty() || b.ssrcs.is_empty() || a.ssrcs.iter().any(|ssrc| b.ssrcs.contains(ssrc))
}

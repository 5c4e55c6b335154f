//! Streams that are on several flows: a path that changed, both sides of a relay, an echo.

use std::collections::BTreeMap;

use crate::model::{Doubt, SeveralFlows, WhySeveralFlows as Reason};
use crate::units::{Count, Ssrc};

use super::SurveyState;
use super::doubts::Doubts;
use super::session::Session;
use super::stream::Stream;

type OnFlow<'a> = (&'a Session, &'a Stream);

fn reason(flows: &[OnFlow<'_>]) -> Reason {
    let pairs = flows.iter().enumerate().flat_map(|(place, one)| {
        flows.iter().take(MAX_FLOWS).skip(place + 1).map(move |other| reason_of_two(*one, *other))
    });
    pairs.max().unwrap_or(Reason::PathChange)
}

fn reason_of_two((session, stream): OnFlow<'_>, (other_session, other): OnFlow<'_>) -> Reason {
    let has_passed_both = stream.seen.shares_any(&other.seen);
    match has_passed_both {
        true if session.flow == other_session.flow.reversed() => Reason::Echo,
        true => Reason::BothSides,
        false if are_at_once(stream, other) => Reason::AtOnce,
        false => Reason::PathChange,
    }
}

/// Flows of one stream that are held against each other.
const MAX_FLOWS: usize = 8;

/// Whether both go on for more than a tenth of the shorter one's time: as a path changes packets overtake each other.
fn are_at_once(one: &Stream, other: &Stream) -> bool {
    let span = |stream: &Stream| {
        let stats = &stream.stats;
        Some((stats.first_at()?.as_nanos(), stats.last_at()?.as_nanos()))
    };
    let Some((one, other)) = span(one).zip(span(other)) else { return false };
    let both = one.1.min(other.1).saturating_sub(one.0.max(other.0));
    let shorter = one.1.saturating_sub(one.0).min(other.1.saturating_sub(other.0));
    both > shorter / 10
}

impl SurveyState {
    /// One for each reason.
    pub(super) fn of_streams_on_several_flows(&self, doubts: &mut Doubts) {
        let mut places: BTreeMap<Ssrc, Vec<OnFlow<'_>>> = BTreeMap::new();
        for session in self.sessions.iter() {
            for stream in session.rtp_streams().filter(|stream| stream.ssrc != Ssrc(0)) {
                places.entry(stream.ssrc).or_default().push((session, stream));
            }
        }
        let mut by_reason: BTreeMap<Reason, Vec<(Ssrc, Vec<OnFlow<'_>>)>> = BTreeMap::new();
        for (ssrc, flows) in places.into_iter().filter(|(_, flows)| flows.len() > 1) {
            by_reason.entry(reason(&flows)).or_default().push((ssrc, flows));
        }
        for (why, streams) in by_reason {
            let Some((ssrc, flows)) = streams.first() else { continue };
            let [(first, _), (second, _), ..] = flows.as_slice() else { continue };
            let several =
                SeveralFlows { ssrc: *ssrc, flows: flows.len(), pair: [first.flow, second.flow], why };
            let count = Count { count: streams.len() as u64, first_frame: second.first_frame.0 };
            doubts.add(Doubt::SeveralFlows(several), count);
        }
    }
}

//! Streams that are on several flows: a path that changed, both sides of a relay, an echo.

use std::collections::BTreeMap;

use crate::report::summary::{Count, Warning};
use crate::units::Ssrc;

use super::Line;
use super::session::Session;
use super::stream::Stream;

/// Why a stream is on several flows; what is further down rules out what is above.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Reason {
    /// One after the other.
    PathChange,
    /// At the same time, and no packet is known to be on both.
    AtOnce,
    /// The same packets.
    BothSides,
    /// The same packets, the one way and back.
    Echo,
}

type OnFlow<'a> = (&'a Session, &'a Stream);

impl Reason {
    const fn describe(self) -> &'static str {
        match self {
            Self::PathChange => {
                "one after the other: a path that changed; --merge-flows makes them one session"
            }
            Self::AtOnce => "at the same time, with other packets on each; each is taken for itself",
            Self::BothSides => {
                "the same packets at the same time: both sides of a relay or of an address translation; each is taken \
                 for itself, and --flow picks one"
            }
            Self::Echo => {
                "the same packets there and back: an echo; each is taken for itself, and --flow picks one"
            }
        }
    }

    fn of(flows: &[OnFlow<'_>]) -> Self {
        let pairs = flows.iter().enumerate().flat_map(|(place, one)| {
            flows.iter().take(MAX_FLOWS).skip(place + 1).map(move |other| Self::of_two(*one, *other))
        });
        pairs.max().unwrap_or(Self::PathChange)
    }

    fn of_two((session, stream): OnFlow<'_>, (other_session, other): OnFlow<'_>) -> Self {
        let has_passed_both = stream.seen.shares_any(&other.seen);
        match has_passed_both {
            true if session.flow == other_session.flow.reversed() => Self::Echo,
            true => Self::BothSides,
            false if are_at_once(stream, other) => Self::AtOnce,
            false => Self::PathChange,
        }
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

impl Line {
    /// One for each reason.
    pub(super) fn of_streams_on_several_flows(&self) -> Vec<Warning> {
        let mut places: BTreeMap<Ssrc, Vec<OnFlow<'_>>> = BTreeMap::new();
        for session in self.sessions.iter() {
            for stream in session.rtp_streams().filter(|stream| stream.ssrc != Ssrc(0)) {
                places.entry(stream.ssrc).or_default().push((session, stream));
            }
        }
        let mut by_reason: BTreeMap<Reason, Vec<(Ssrc, Vec<OnFlow<'_>>)>> = BTreeMap::new();
        for (ssrc, flows) in places.into_iter().filter(|(_, flows)| flows.len() > 1) {
            by_reason.entry(Reason::of(&flows)).or_default().push((ssrc, flows));
        }
        by_reason.iter().filter_map(|(reason, streams)| doubt(*reason, streams)).collect()
    }
}

fn doubt(reason: Reason, streams: &[(Ssrc, Vec<OnFlow<'_>>)]) -> Option<Warning> {
    let (ssrc, flows) = streams.first()?;
    let [(first, _), (second, _), ..] = flows.as_slice() else { return None };
    let more = match streams.len() {
        1 => String::new(),
        all => format!(", and {} more SSRCs", all - 1),
    };
    Some(Warning {
        code: "W-PATH-CHANGE",
        flow: None,
        message: format!(
            "{ssrc} is on {} flows, {} and {}{more}: {}",
            flows.len(),
            first.flow,
            second.flow,
            reason.describe()
        ),
        count: Some(Count { count: streams.len() as u64, first_frame: second.first_frame.0 }),
    })
}

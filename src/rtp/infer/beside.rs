//! How the timestamps of a stream lie among those of the streams beside it: a retransmission has some of theirs.

use super::recent::PlaceAmong;
use crate::units::Ssrc;

/// A timestamp that lies among those of a busier stream with another payload type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hit {
    /// The other stream.
    pub of: Ssrc,
    /// Where.
    pub place: PlaceAmong,
}

/// The streams that had some of a stream's timestamps before it.
#[derive(Debug, Clone, Default)]
pub(super) struct Beside(Vec<Other>);

#[derive(Debug, Clone, Copy)]
struct Other {
    ssrc: Ssrc,
    /// Timestamps that are its own, or lie between two of them.
    near: u32,
    exact: u32,
    /// Those that came while they, or the one before them, were its latest.
    at_head: u32,
    /// Those that follow on the last one without any between.
    in_step: u32,
    last: u64,
}

/// Streams that are remembered.
const MAX_OTHERS: usize = 8;
/// So many timestamps tell whether the frames are the same, one by one.
const FRAMES_IN_STEP: u32 = 4;

impl Beside {
    pub(super) fn note(&mut self, Hit { of, place }: Hit) {
        let has_room = self.0.len() < MAX_OTHERS;
        match self.0.iter_mut().find(|other| other.ssrc == of) {
            Some(other) => {
                other.near = other.near.saturating_add(1);
                other.exact = other.exact.saturating_add(u32::from(place.is_exact));
                other.at_head = other.at_head.saturating_add(u32::from(place.newer <= 1));
                let follows = place.number == other.last.saturating_add(1);
                other.in_step = other.in_step.saturating_add(u32::from(follows));
                other.last = place.number;
            }
            None if has_room => self.0.push(Other {
                ssrc: of,
                near: 1,
                exact: u32::from(place.is_exact),
                at_head: u32::from(place.newer <= 1),
                in_step: 0,
                last: place.number,
            }),
            None => {}
        }
    }

    /// The stream that had most of these, and how many.
    pub(super) fn most_exact(&self) -> Option<(Ssrc, u32)> {
        self.most(|other| other.exact)
    }

    /// The same of those that lie between two of its own as well: what was lost itself is sent again too.
    pub(super) fn most_near(&self) -> Option<(Ssrc, u32)> {
        self.most(|other| other.near)
    }

    /// Timestamps that some stream had.
    pub(super) fn exact(&self) -> u32 {
        self.0.iter().map(|other| other.exact).fold(0, u32::saturating_add)
    }

    /// How many of these were a stream's.
    pub(super) fn near_of(&self, ssrc: Ssrc) -> u32 {
        self.0.iter().find(|other| other.ssrc == ssrc).map_or(0, |other| other.near)
    }

    fn most(&self, count: impl Fn(&Other) -> u32) -> Option<(Ssrc, u32)> {
        let counts =
            self.0.iter().filter(|other| !other.is_in_step()).map(|other| (other.ssrc, count(other)));
        counts.filter(|(_, count)| *count > 0).max_by_key(|(_, count)| *count)
    }
}

impl Other {
    /// Frame by frame the same, as they come: another encoding of the same pictures.
    const fn is_in_step(&self) -> bool {
        self.near >= FRAMES_IN_STEP
            && self.at_head * 4 >= self.near * 3
            && self.in_step * 4 >= (self.near - 1) * 3
    }
}

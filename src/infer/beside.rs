//! How the timestamps of a stream lie among those of the streams beside it: a retransmission has some of theirs.

use super::recent::PlaceAmong;
use crate::units::Ssrc;

/// A timestamp that is near to those of a stream with another payload type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Neighbour {
    /// The other stream.
    pub of: Ssrc,
    /// Where.
    pub place: PlaceAmong,
    /// The packet is padding.
    pub is_padding: bool,
}

impl Neighbour {
    /// The other stream had it before: what is sent once more comes behind.
    const fn repeats(&self) -> bool {
        self.place.is_exact
    }

    /// The same, or the other stream had those around it: it was lost there. Padding goes on from the latest.
    const fn is_among(&self) -> bool {
        self.repeats() || (!self.place.is_exact && (self.place.newer > 0 || self.is_padding))
    }

    /// Of several, the one to go by.
    pub(crate) const fn rank(&self) -> (bool, bool) {
        (self.repeats(), self.is_among())
    }
}

/// The streams that had timestamps near to a stream's.
#[derive(Debug, Clone, Default)]
pub(super) struct Beside(Vec<Other>);

#[derive(Debug, Clone, Copy, Default)]
struct Other {
    ssrc: Ssrc,
    seen: u32,
    /// Timestamps that it had before, and those that lie among its own.
    exact: u32,
    among: u32,
    /// Those that came while they, or those before or behind them, were its latest.
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
    pub(super) fn note(&mut self, neighbour: Neighbour) {
        let of = neighbour.of;
        let has_room = self.0.len() < MAX_OTHERS;
        match self.0.iter_mut().find(|other| other.ssrc == of) {
            Some(other) => other.note(neighbour),
            None if has_room => {
                let mut other = Other { ssrc: of, ..Other::default() };
                other.note(neighbour);
                self.0.push(other);
            }
            None => {}
        }
    }

    /// The stream that had most of these before, and how many. `ends_frames`: its frames end with the marker bit, as
    /// those of a stream of its own do.
    pub(super) fn most_exact(&self, ends_frames: bool) -> Option<(Ssrc, u32)> {
        self.most(ends_frames, |other| other.exact)
    }

    /// The same of those that lie among its own: what was lost itself is sent again too.
    pub(super) fn most_among(&self, ends_frames: bool) -> Option<(Ssrc, u32)> {
        self.most(ends_frames, |other| other.among)
    }

    /// Timestamps that some stream had before.
    pub(super) fn exact(&self) -> u32 {
        self.0.iter().map(|other| other.exact).fold(0, u32::saturating_add)
    }

    /// How many of these lie among a stream's.
    pub(super) fn among(&self, ssrc: Ssrc) -> u32 {
        self.0.iter().find(|other| other.ssrc == ssrc).map_or(0, |other| other.among)
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    fn most(&self, ends_frames: bool, count: impl Fn(&Other) -> u32) -> Option<(Ssrc, u32)> {
        let others = self.0.iter().filter(|other| !(ends_frames && other.is_in_step()));
        let counts = others.map(|other| (other.ssrc, count(other))).filter(|(_, count)| *count > 0);
        // Of equals the first.
        counts.reduce(|most, other| if other.1 > most.1 { other } else { most })
    }
}

impl Other {
    fn note(&mut self, neighbour: Neighbour) {
        let Neighbour { place, is_padding, .. } = neighbour;
        let count = |holds: bool, counter: &mut u32| *counter = counter.saturating_add(u32::from(holds));
        let follows = self.seen > 0 && place.number == self.last.saturating_add(1);
        count(true, &mut self.seen);
        count(neighbour.repeats(), &mut self.exact);
        count(neighbour.is_among(), &mut self.among);
        count(place.newer <= 1, &mut self.at_head);
        count(follows && !is_padding, &mut self.in_step);
        self.last = place.number;
    }

    /// Frame by frame the same, as they come: another encoding of the same pictures.
    fn is_in_step(&self) -> bool {
        let [seen, at_head, in_step] = [self.seen, self.at_head, self.in_step].map(u64::from);
        self.seen >= FRAMES_IN_STEP && at_head * 4 >= seen * 3 && in_step * 4 >= (seen - 1) * 3
    }
}

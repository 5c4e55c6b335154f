//! Packets that are in the capture more than once: a mirror port, a bridge, all interfaces, the captures of both ends in
//! one. A receiver got each once, and one copy of each is fed.

use crate::capture::Direction;
use crate::model::{CopyPolicy, CopySpacing};
use crate::rtp::RtpPacket;
use crate::units::{CaptureTime, FrameNumber};

use super::release::without_tag;
use super::seen::{Identity, Seen, SpareSlots};
use super::session::Session;

/// Which copies are left out, and what copies there were.
#[derive(Debug, Default)]
pub(super) struct Copies {
    policy: CopyPolicy,
    spare: SpareSlots,
    /// The frame at hand was there again later, after so many nanoseconds: it is left out for that.
    pub(super) superseded: Option<i64>,
    spacings: Spacings,
}

impl Copies {
    pub(super) fn new(policy: CopyPolicy) -> Self {
        Self { policy, ..Self::default() }
    }

    /// Whether a packet is a copy that is left out. Each copy is counted. `is_new`: its stream shows that it is none.
    #[inline(always)]
    pub(super) fn leaves_out(
        &mut self,
        packet: &RtpPacket<'_>,
        flow: u32,
        seen: &mut Seen,
        (at, frame): (CaptureTime, FrameNumber),
        is_new: bool,
    ) -> bool {
        let identity = Identity::of(packet);
        if (!is_new || self.superseded.is_some())
            && let Some(is_left_out) = self.copy(identity, flow, seen, at, frame)
        {
            return is_left_out;
        }
        seen.remember(identity, flow, at, &mut self.spare);
        false
    }

    /// Whether a copy is left out; `None`: it is none.
    #[cold]
    fn copy(
        &mut self,
        identity: Identity,
        flow: u32,
        seen: &mut Seen,
        at: CaptureTime,
        frame: FrameNumber,
    ) -> Option<bool> {
        let (spacing, is_elsewhere) = match self.superseded {
            Some(spacing) => (spacing, true),
            None => {
                let original = seen.original_of(identity, at)?;
                (at.nanos_since(original.at), original.flow != flow)
            }
        };
        seen.copies.add(frame.0);
        self.spacings.add(spacing);
        // Flows are merged to have each packet once.
        Some(self.policy != CopyPolicy::Keep || is_elsewhere)
    }

    /// How far apart copies are.
    pub(super) fn spacing(&self) -> CopySpacing {
        self.spacings.range()
    }
}

impl Session {
    /// Counts a packet of the stream at `index` that is a copy of another and is left out.
    #[cold]
    pub(super) fn count_copy(
        &mut self,
        index: usize,
        at: CaptureTime,
        packet: &RtpPacket<'_>,
        direction: Option<Direction>,
    ) {
        let size = without_tag(packet.size(), self.srtp_tag_len.unwrap_or(0));
        if let Some(stream) = self.streams.get_mut(index) {
            stream.stats.count_copy(size, at);
        }
        match direction {
            None => {}
            Some(Direction::Inbound) => self.received += 1,
            Some(Direction::Outbound) => self.sent += 1,
        }
    }
}

/// How far apart copies are: of all, or of one in 2, 4, 8 … of them.
#[derive(Debug)]
struct Spacings {
    nanos: Vec<i64>,
    seen: u64,
    one_in: u64,
}

const MAX_SPACINGS: usize = 1024;

impl Default for Spacings {
    fn default() -> Self {
        Self { nanos: Vec::new(), seen: 0, one_in: 1 }
    }
}

impl Spacings {
    fn add(&mut self, nanos: i64) {
        if self.seen.is_multiple_of(self.one_in) {
            if self.nanos.len() == MAX_SPACINGS {
                self.one_in *= 2;
                let mut place = 0;
                self.nanos.retain(|_| {
                    place += 1;
                    place % 2 == 1
                });
            }
            self.nanos.push(nanos);
        }
        self.seen += 1;
    }

    /// What nine in ten lie between, and the middle one.
    fn range(&self) -> CopySpacing {
        let mut sorted = self.nanos.clone();
        sorted.sort_unstable();
        let at = |place: usize| sorted.get(place).copied().unwrap_or(0);
        let beyond = sorted.len() / 20;
        CopySpacing {
            least: at(beyond),
            middle: at(sorted.len() / 2),
            most: at(sorted.len().saturating_sub(beyond + 1)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(nanos: impl IntoIterator<Item = i64>) -> [i64; 3] {
        let mut spacings = Spacings::default();
        nanos.into_iter().for_each(|nanos| spacings.add(nanos));
        let CopySpacing { least, middle, most } = spacings.range();
        [least, middle, most]
    }

    #[test]
    fn spacings_are_what_nine_in_ten_lie_between() {
        let once_late = (0..1000).map(|n| if n == 500 { 900_000_000 } else { 60_000 });
        assert_eq!(range(once_late), [60_000; 3]);
        let network = (0..100_000).map(|n| 20_000_000 + n % 1000 * 100_000);
        assert_eq!(range(network), [24_800_000, 69_600_000, 114_400_000]);
    }

    #[test]
    fn spacings_take_bounded_memory_whatever_their_number() {
        let mut spacings = Spacings::default();
        (0..1_000_000).for_each(|nanos| spacings.add(nanos));
        assert!(spacings.nanos.len() <= MAX_SPACINGS);
        let CopySpacing { least, most, .. } = spacings.range();
        assert!((45_000..55_000).contains(&least) && (945_000..955_000).contains(&most), "{least} {most}");
    }
}

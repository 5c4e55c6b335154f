//! The latest timestamps of a stream: those of its retransmissions are among them.

/// A ring of different timestamps, the latest ones.
#[derive(Debug, Clone, Default)]
pub struct RecentTimestamps {
    last: Option<u32>,
    /// Filled from the front, then overwritten.
    ring: Vec<u32>,
    next: usize,
    all: u64,
}

/// Where a timestamp has its place among those of a stream beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlaceAmong {
    /// How many timestamps the other stream had before it.
    pub number: u64,
    /// How many newer ones came already.
    pub newer: u64,
    /// It is one of them, and not just near to them.
    pub is_exact: bool,
}

/// More than are sent in the time in which a packet is retransmitted: 8 s at 60 frames a second.
const KEPT: usize = 512;
/// What is retransmitted is at most so old, 6 s at 90 kHz; others are as near by chance once in eight thousand calls.
const NEAR_TICKS: i32 = 540_000;

impl RecentTimestamps {
    /// Takes the next packet's.
    #[inline]
    pub fn note(&mut self, timestamp: u32) {
        if self.last != Some(timestamp) {
            self.note_change(timestamp);
        }
    }

    /// The latest.
    pub const fn last(&self) -> Option<u32> {
        self.last
    }

    /// Its place among them, if it is one or comes not long after one.
    pub fn place(&self, timestamp: u32) -> Option<PlaceAmong> {
        let (mut newer, mut is_exact, mut follows) = (0, false, false);
        for known in &self.ring {
            match known.wrapping_sub(timestamp).cast_signed() {
                0 => is_exact = true,
                1..=NEAR_TICKS => newer += 1,
                ahead => follows |= (-NEAR_TICKS..0).contains(&ahead),
            }
        }
        let number = self.all.saturating_sub(newer + u64::from(is_exact));
        (is_exact || follows).then_some(PlaceAmong { number, newer, is_exact })
    }

    #[inline(never)]
    fn note_change(&mut self, timestamp: u32) {
        self.last = Some(timestamp);
        self.all += 1;
        match self.ring.get_mut(self.next) {
            Some(place) => *place = timestamp,
            None => self.ring.push(timestamp),
        }
        self.next = (self.next + 1) % KEPT;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_512_are_known_and_repeats_take_no_room() {
        let mut recent = RecentTimestamps::default();
        for frame in 0..600_u32 {
            (0..3).for_each(|_| recent.note(frame * 3000));
        }
        assert_eq!(recent.last(), Some(599 * 3000));
        let is_known = |timestamp| recent.place(timestamp).is_some_and(|place| place.is_exact);
        assert!(is_known(88 * 3000) && !is_known(87 * 3000));
    }

    #[test]
    fn a_timestamp_has_its_place_among_them_or_behind_the_last() {
        let mut recent = RecentTimestamps::default();
        (0..10_u32).for_each(|frame| recent.note((frame * 3000).wrapping_sub(9000)));
        let place = |timestamp| recent.place(timestamp).map(|at| (at.number, at.newer, at.is_exact));
        assert_eq!(place(0), Some((3, 6, true)));
        assert_eq!(place(1500), Some((4, 6, false)));
        assert_eq!(place(18_100), Some((10, 0, false)), "padding behind the last frame");
        assert_eq!(place(0_u32.wrapping_sub(9100)), None, "before the first");
        assert_eq!(place(2_000_000), None, "far off");
    }
}

//! The latest timestamps of a stream: those of its retransmissions are among them.

/// A ring of different timestamps, the latest ones.
#[derive(Debug, Clone, Default)]
pub struct RecentTimestamps {
    last: Option<u32>,
    /// Filled from the front, then overwritten.
    ring: Vec<u32>,
    next: usize,
}

/// More than are sent in the time in which a packet is retransmitted: 8 s at 60 frames a second.
const KEPT: usize = 512;

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

    /// Whether it is among them.
    pub fn contains(&self, timestamp: u32) -> bool {
        self.ring.contains(&timestamp)
    }

    #[inline(never)]
    fn note_change(&mut self, timestamp: u32) {
        self.last = Some(timestamp);
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
        assert!(recent.contains(88 * 3000) && !recent.contains(87 * 3000));
    }
}

//! Packets held back until what they are is decided. Only their headers are kept, one after the other in one buffer.

use std::collections::VecDeque;

use crate::units::{CaptureTime, TimeDelta};

/// A first-in-first-out queue of packet headers, bounded in time, number and bytes.
#[derive(Debug)]
pub(super) struct HoldBack<M> {
    entries: VecDeque<Entry<M>>,
    headers: Vec<u8>,
    /// Where the first packet's header begins.
    start: usize,
}

#[derive(Debug)]
struct Entry<M> {
    at: CaptureTime,
    header_end: usize,
    meta: M,
}

/// A packet that was held back.
#[derive(Debug)]
pub(super) struct HeldPacket<'a, M> {
    /// Its own time.
    pub(super) at: CaptureTime,
    /// Its header's bytes.
    pub(super) header: &'a [u8],
    /// What its holder noted.
    pub(super) meta: &'a M,
}

impl<M> Default for HoldBack<M> {
    fn default() -> Self {
        Self { entries: VecDeque::new(), headers: Vec::new(), start: 0 }
    }
}

impl<M> HoldBack<M> {
    /// The longest that a packet waits, in capture time.
    pub(super) const MAX_TIME: TimeDelta = TimeDelta::from_secs(2);
    /// The most packets that wait.
    pub(super) const MAX_PACKETS: usize = 8_192;
    /// The most header bytes that wait.
    pub(super) const MAX_BYTES: usize = 1 << 20;

    /// Appends a packet.
    pub(super) fn push(&mut self, at: CaptureTime, header: &[u8], meta: M) {
        self.headers.extend_from_slice(header);
        self.entries.push_back(Entry { at, header_end: self.headers.len(), meta });
    }

    /// Whether the first packet has waited long enough at `now`. Time that stepped back behind it counts as long enough
    /// once it is as far away.
    pub(super) fn first_is_due(&self, now: CaptureTime) -> bool {
        let waited = self.entries.front().map(|first| now.to_timestamp() - first.at.to_timestamp());
        waited.is_some_and(|waited| waited > Self::MAX_TIME || waited < TimeDelta::ZERO - Self::MAX_TIME)
    }

    /// Whether there are too many.
    pub(super) fn is_full(&self) -> bool {
        self.entries.len() >= Self::MAX_PACKETS || self.headers.len() - self.start >= Self::MAX_BYTES
    }

    /// Whether nothing waits.
    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How many wait.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Bytes of memory in use.
    pub(super) fn bytes(&self) -> usize {
        self.headers.capacity() + self.entries.capacity() * size_of::<Entry<M>>()
    }

    /// The first packet's note.
    pub(super) fn first(&self) -> Option<&M> {
        self.entries.front().map(|entry| &entry.meta)
    }

    /// The first packet.
    pub(super) fn front(&self) -> Option<HeldPacket<'_, M>> {
        let Entry { at, header_end, meta } = self.entries.front()?;
        let header = self.headers.get(self.start..*header_end).unwrap_or_default();
        Some(HeldPacket { at: *at, header, meta })
    }

    /// Forgets the first packet.
    pub(super) fn remove_first(&mut self) {
        if let Some(first) = self.entries.pop_front() {
            self.start = first.header_end;
        }
        // Half of the memory is behind: what is left moves to the front.
        if self.start * 2 > self.headers.len() {
            self.headers.drain(..self.start);
            self.entries.iter_mut().for_each(|entry| entry.header_end -= self.start);
            self.start = 0;
        }
    }

    /// All packets in order.
    #[cfg(test)]
    fn iter(&self) -> impl Iterator<Item = HeldPacket<'_, M>> {
        let mut start = self.start;
        self.entries.iter().map(move |entry| {
            let header = self.headers.get(start..entry.header_end).unwrap_or_default();
            start = entry.header_end;
            HeldPacket { at: entry.at, header, meta: &entry.meta }
        })
    }

    /// Forgets all packets; the memory is kept for the next ones.
    pub(super) fn clear(&mut self) {
        self.entries.clear();
        self.headers.clear();
        self.start = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> CaptureTime {
        CaptureTime::from_nanos(i128::from(millis) * 1_000_000).unwrap()
    }

    #[test]
    fn packets_come_back_in_order_with_their_headers() {
        let mut held = HoldBack::default();
        held.push(at(1), b"one", 1);
        held.push(at(2), b"", 2);
        held.push(at(3), b"three", 3);
        let back: Vec<_> = held.iter().map(|packet| (packet.at, packet.header, *packet.meta)).collect();
        assert_eq!(back, [(at(1), &b"one"[..], 1), (at(2), b"", 2), (at(3), b"three", 3)]);
        held.clear();
        assert_eq!((held.is_empty(), held.iter().count()), (true, 0));
    }

    #[test]
    fn two_seconds_of_capture_time_are_enough() {
        let mut held = HoldBack::default();
        assert!(!held.first_is_due(at(99_999)));
        held.push(at(1000), b"", ());
        assert!(!held.first_is_due(at(3000)));
        assert!(held.first_is_due(at(3001)));
        assert!(held.first_is_due(at(-1001)), "time stepped far back");
    }

    #[test]
    fn the_first_leaves_and_the_others_keep_their_headers() {
        let mut held = HoldBack::default();
        for n in 0..40_u8 {
            held.push(at(n.into()), &vec![n; usize::from(n % 5)], n);
            if n % 3 != 0 {
                held.remove_first();
            }
            assert!(
                held.iter().all(|packet| packet.header == vec![*packet.meta; usize::from(packet.meta % 5)])
            );
        }
        assert_eq!(held.first(), Some(&26));
        (0..50).for_each(|_| held.remove_first());
        assert!(held.is_empty() && held.iter().next().is_none());
    }

    #[test]
    fn packets_and_bytes_are_bounded() {
        let mut held = HoldBack::default();
        for _ in 0..HoldBack::<()>::MAX_PACKETS {
            assert!(!held.is_full());
            held.push(at(0), b"", ());
        }
        assert!(held.is_full());
        let mut held = HoldBack::default();
        held.push(at(0), &vec![0; HoldBack::<()>::MAX_BYTES], ());
        assert!(held.is_full());
    }
}

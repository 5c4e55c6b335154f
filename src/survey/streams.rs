//! The streams of one flow, found by their SSRC.

use std::collections::HashMap;

use crate::infer::{MediaKind, Neighbour, StreamClock};
use crate::rtp::RtpPacket;
use crate::units::{PayloadType, Ssrc};

use super::stream::{Admission, Stream};

/// Streams in order of appearance. Few are looked through, many are indexed; where each was found is remembered.
#[derive(Debug, Default)]
pub(super) struct Streams {
    list: Vec<Stream>,
    /// Theirs.
    ssrcs: Vec<Ssrc>,
    /// Places, by the lowest bits of the SSRC; to be looked at, not to be trusted.
    hints: [usize; HINTS],
    by_ssrc: HashMap<Ssrc, usize>,
}

/// More are indexed.
const FEW: usize = 16;
const HINTS: usize = 16;
/// A call has fewer.
const MAX_BESIDE: usize = 64;
/// Retransmissions come up to 3 s behind, and a repeated one up to 1 s ahead of what was last seen; at 90 kHz.
const NEAR_BEHIND_TICKS: i32 = 270_000;
const NEAR_AHEAD_TICKS: i32 = 90_000;

impl Streams {
    /// Where a stream is.
    #[inline]
    pub(super) fn place(&mut self, ssrc: Ssrc) -> Option<usize> {
        let hint = self.hints[ssrc.0 as usize % HINTS];
        if self.ssrcs.get(hint) == Some(&ssrc) {
            return Some(hint);
        }
        let place = self.search(ssrc)?;
        self.hints[ssrc.0 as usize % HINTS] = place;
        Some(place)
    }

    /// Where a stream is, and whether it is new; `None` where there is none and no new one.
    pub(super) fn place_or_add(
        &mut self,
        ssrc: Ssrc,
        new: impl FnOnce() -> Option<Stream>,
    ) -> Option<(usize, bool)> {
        if let Some(place) = self.place(ssrc) {
            return Some((place, false));
        }
        let stream = new()?;
        self.list.reserve_exact(1);
        self.list.push(stream);
        self.ssrcs.push(ssrc);
        let place = self.list.len() - 1;
        match self.list.len() {
            0..=FEW => {}
            len if len == FEW + 1 => self.index(),
            _ => {
                self.by_ssrc.insert(ssrc, place);
            }
        }
        Some((place, true))
    }

    #[inline]
    pub(super) fn get(&self, place: usize) -> Option<&Stream> {
        self.list.get(place)
    }

    #[inline]
    pub(super) fn get_mut(&mut self, place: usize) -> Option<&mut Stream> {
        self.list.get_mut(place)
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Stream> {
        self.list.iter_mut()
    }

    pub(super) fn knows(&self, ssrc: Ssrc) -> bool {
        self.search(ssrc).is_some()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Stream> {
        self.list.iter()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.list.len()
    }

    /// What an element of a stream may be held against.
    pub(super) fn clock_of(&self, ssrc: Ssrc, payload_type: PayloadType) -> StreamClock {
        let stream = self.search(ssrc).and_then(|place| self.list.get(place));
        stream.map_or_else(StreamClock::default, |stream| stream.clock(payload_type))
    }

    /// What streams with the payload type of this one are for certain.
    pub(super) fn kind_by_type(&self, index: usize) -> Option<MediaKind> {
        let payload_type = self.list.get(index)?.last_payload_type()?;
        let others = self.others(index).filter(|other| other.last_payload_type() == Some(payload_type));
        others.filter_map(Stream::final_kind).next()
    }

    /// The stream with another payload type that has timestamps near to that of this packet, if that is new to its own.
    pub(super) fn neighbour(&self, index: usize, packet: &RtpPacket<'_>) -> Option<Neighbour> {
        let (stream, timestamp) = (self.list.get(index)?, packet.timestamp());
        if stream.is_steady || !stream.finder.is_new_timestamp(timestamp) {
            return None;
        }
        let others = self.others(index).filter(|other| {
            other.last_payload_type().is_some_and(|payload_type| payload_type != packet.payload_type())
        });
        let neighbours = others.filter_map(|other| {
            let place = other.recent.place(timestamp)?;
            Some(Neighbour { of: other.ssrc, place, is_padding: packet.has_padding() })
        });
        // Of equals the first.
        neighbours.reduce(|best, other| if other.rank() > best.rank() { other } else { best })
    }

    /// A busier stream with another payload type that has timestamps near to those of this one.
    pub(super) fn beside(&self, index: usize) -> Option<Ssrc> {
        let own = self.list.get(index)?.recent.last()?;
        let is_near = |other: &&Stream| {
            let ahead = other.recent.last().map(|other| own.wrapping_sub(other).cast_signed());
            ahead.is_some_and(|ahead| (-NEAR_BEHIND_TICKS..=NEAR_AHEAD_TICKS).contains(&ahead))
        };
        self.busier_beside(index).find(is_near).map(|other| other.ssrc)
    }

    fn busier_beside(&self, index: usize) -> impl Iterator<Item = &Stream> {
        let own = self.list.get(index);
        let payload_type = own.and_then(Stream::last_payload_type);
        let packets = own.map_or(0, |own| own.finder.packets());
        self.others(index).filter(move |other| {
            other.last_payload_type() != payload_type && u64::from(packets) < other.packets()
        })
    }

    /// The streams beside this one, as far as they are looked through.
    fn others(&self, index: usize) -> impl Iterator<Item = &Stream> {
        let others = self.list.iter().take(MAX_BESIDE).enumerate();
        others.filter(move |(place, _)| *place != index).map(|(_, other)| other)
    }

    /// Takes the newest back.
    pub(super) fn remove_last(&mut self) {
        self.list.pop();
        if let Some(ssrc) = self.ssrcs.pop() {
            self.by_ssrc.remove(&ssrc);
        }
    }

    /// Forgets those that were no RTP so far; says how many.
    pub(super) fn forget_others_than_rtp(&mut self) -> usize {
        let before = self.list.len();
        self.list.retain(|stream| stream.admission != Admission::Undecided);
        self.list.shrink_to_fit();
        self.ssrcs = self.list.iter().map(|stream| stream.ssrc).collect();
        self.index();
        before - self.list.len()
    }

    fn search(&self, ssrc: Ssrc) -> Option<usize> {
        match self.list.len() {
            0..=FEW => self.ssrcs.iter().position(|known| *known == ssrc),
            _ => self.by_ssrc.get(&ssrc).copied(),
        }
    }

    fn index(&mut self) {
        self.by_ssrc.clear();
        if self.list.len() > FEW {
            let places = self.ssrcs.iter().enumerate().map(|(place, ssrc)| (*ssrc, place));
            self.by_ssrc.extend(places);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rtp::test_packet::TestPacket;

    fn add(streams: &mut Streams, ssrc: u32) -> (usize, bool) {
        streams.place_or_add(Ssrc(ssrc), || Some(Stream::new(Ssrc(ssrc), true, None, None))).unwrap()
    }

    #[test]
    fn few_and_many_are_found_where_they_are() {
        let mut streams = Streams::default();
        for count in 1..60_u32 {
            assert_eq!(add(&mut streams, 1000 + count), (count as usize - 1, true));
            for known in 1..=count {
                assert_eq!(add(&mut streams, 1000 + known), (known as usize - 1, false));
            }
            assert_eq!(streams.place(Ssrc(7)), None);
        }
    }

    #[test]
    fn those_that_are_rtp_stay_when_others_are_forgotten() {
        let mut streams = Streams::default();
        for ssrc in 0..50 {
            let (place, _) = add(&mut streams, ssrc);
            if ssrc % 2 == 1 {
                streams.get_mut(place).unwrap().admission = Admission::Fed;
            }
        }
        assert_eq!(streams.forget_others_than_rtp(), 25);
        assert_eq!((streams.place(Ssrc(2)), streams.place(Ssrc(7))), (None, Some(3)));
        add(&mut streams, 100);
        assert!(streams.knows(Ssrc(100)));
        streams.remove_last();
        assert!(!streams.knows(Ssrc(100)));
        streams.remove_last();
        assert!(!streams.knows(Ssrc(49)) && streams.knows(Ssrc(47)));
    }

    /// Packets of a stream, each with the next sequence number.
    fn observe(
        streams: &mut Streams,
        ssrc: u32,
        payload_type: u8,
        timestamps: impl IntoIterator<Item = u32>,
    ) {
        let (place, _) = add(streams, ssrc);
        for (seq, timestamp) in (0..).zip(timestamps) {
            let bytes = packet(ssrc, payload_type, seq, timestamp);
            let packet = RtpPacket::parse(&bytes, bytes.len()).unwrap();
            let stream = streams.get_mut(place).unwrap();
            stream.finder.observe(&packet);
            stream.recent.note(timestamp);
        }
    }

    fn packet(ssrc: u32, payload_type: u8, seq: u16, timestamp: u32) -> Vec<u8> {
        TestPacket { ssrc, payload_type, seq, timestamp, ..TestPacket::default() }.bytes()
    }

    fn neighbour(streams: &Streams, index: usize, payload_type: u8, timestamp: u32) -> Option<(u32, bool)> {
        let bytes = packet(0, payload_type, 0, timestamp);
        let packet = RtpPacket::parse(&bytes, bytes.len()).unwrap();
        streams.neighbour(index, &packet).map(|neighbour| (neighbour.of.0, neighbour.place.is_exact))
    }

    #[test]
    fn a_stream_is_what_another_with_its_payload_type_is_for_certain() {
        let mut streams = Streams::default();
        observe(&mut streams, 1, 111, (0..20).map(|n| n * 960));
        observe(&mut streams, 2, 111, [7]);
        observe(&mut streams, 3, 96, [7]);
        assert_eq!(streams.kind_by_type(1), None, "twenty packets are not final");
        observe(&mut streams, 1, 111, (0..200).map(|n| n * 960));
        assert_eq!((streams.kind_by_type(1), streams.kind_by_type(2)), (Some(MediaKind::Audio), None));
    }

    #[test]
    fn the_neighbour_is_the_stream_that_had_the_timestamp_or_one_that_is_near() {
        let mut streams = Streams::default();
        observe(&mut streams, 1, 96, (0..20).map(|n| 1_000_000 + n * 3000));
        observe(&mut streams, 2, 96, (0..20).map(|n| 1_000_500 + n * 3000));
        observe(&mut streams, 3, 97, [5]);
        assert_eq!(neighbour(&streams, 2, 97, 1_000_500 + 3000), Some((2, true)));
        assert_eq!(neighbour(&streams, 2, 97, 1_000_700 + 3000), Some((1, false)), "the first of two");
        assert_eq!(neighbour(&streams, 2, 97, 999_000), None, "before all that came");
        assert_eq!(neighbour(&streams, 2, 97, 5), None, "not new to its stream");
        assert_eq!(neighbour(&streams, 2, 96, 1_003_500), None, "the same payload type repeats nothing");
    }

    #[test]
    fn beside_is_a_busier_stream_with_timestamps_near_to_its_own() {
        let mut streams = Streams::default();
        observe(&mut streams, 1, 96, (0..20).map(|n| n * 3000));
        observe(&mut streams, 2, 97, [12_000]);
        observe(&mut streams, 3, 97, [57_000 + 600_000]);
        assert_eq!(streams.beside(1), Some(Ssrc(1)));
        assert_eq!((streams.beside(2), streams.beside(0)), (None, None));
    }
}

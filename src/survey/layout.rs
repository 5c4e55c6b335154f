//! Which header extensions a flow's packets have, whatever they mean.

use crate::rtp::{ONE_BYTE_HEADERS, RtpPacket};
use crate::units::{Count, FrameNumber};

use super::shapes::{Carried, KnownIds, Shape, Shapes};

/// Extension blocks and elements of one flow.
#[derive(Debug, Clone, Default)]
pub(super) struct Layout {
    ids: KnownIds,
    /// Sorted by id; without those of blocks whose shape was known.
    elements: Vec<ElementSeen>,
    shapes: Shapes,
    /// Blocks of Cryptex (RFC 9335): their elements are encrypted.
    pub(super) encrypted: Count,
    /// Blocks of a profile that RFC 8285 does not know, and the first such profile.
    pub(super) private: Count,
    pub(super) private_profile: Option<u16>,
    /// An element has come that was not there before.
    has_news: bool,
}

/// An element by its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ElementSeen {
    pub(super) id: u8,
    pub(super) packets: u64,
    /// Bytes of its value.
    pub(super) shortest: usize,
    pub(super) longest: usize,
}

/// Ids that are told apart. Random bytes have all of them.
const MAX_ELEMENTS: usize = 32;
/// The lowest four bits may be anything.
const TWO_BYTE_HEADERS: u16 = 0x1000;
const CRYPTEX: [u16; 2] = [0xc0de, 0xc2de];

/// Counts an element of so many packets; whether it is the first of its kind.
fn count(elements: &mut Vec<ElementSeen>, id: u8, len: usize, packets: u64) -> bool {
    if let Some(seen) = elements.iter_mut().find(|seen| seen.id == id) {
        seen.packets += packets;
        seen.shortest = seen.shortest.min(len);
        seen.longest = seen.longest.max(len);
        return false;
    }
    let has_room = elements.len() < MAX_ELEMENTS;
    if has_room {
        let place = elements.partition_point(|seen| seen.id < id);
        elements.insert(place, ElementSeen { id, packets, shortest: len, longest: len });
    }
    has_room
}

impl Shape {
    /// Counts what its blocks had, but for the one that it was learned from.
    fn count(&self, elements: &mut Vec<ElementSeen>) {
        for (id, len) in self.elements() {
            count(elements, id, len, self.blocks());
        }
    }
}

impl Layout {
    fn profile(&mut self, profile: u16, frame: FrameNumber) {
        if CRYPTEX.contains(&profile) {
            self.encrypted.add(frame.0);
        } else if profile != ONE_BYTE_HEADERS && profile & 0xfff0 != TWO_BYTE_HEADERS {
            self.private_profile.get_or_insert(profile);
            self.private.add(frame.0);
        }
    }

    /// Whether an element has come that was not there before.
    pub(super) const fn has_news(&self) -> bool {
        self.has_news
    }

    /// The same, and that it is known from now on.
    pub(super) fn take_news(&mut self) -> bool {
        std::mem::take(&mut self.has_news)
    }

    /// Takes the ids that are known by now.
    pub(super) fn set_ids(&mut self, ids: KnownIds) {
        if self.ids != ids {
            self.elements = self.elements();
            (self.ids, self.shapes) = (ids, Shapes::default());
        }
    }

    /// Takes a packet's header extensions; says what they carry.
    #[inline(always)]
    pub(super) fn observe(&mut self, packet: &RtpPacket<'_>, frame: FrameNumber) -> Carried {
        let block = packet.one_byte_block();
        match block.and_then(|block| self.shapes.read(block)) {
            Some(carried) => carried,
            None => self.take_apart(packet, block, frame),
        }
    }

    #[inline(never)]
    fn take_apart(&mut self, packet: &RtpPacket<'_>, block: Option<&[u8]>, frame: FrameNumber) -> Carried {
        if let Some(profile) = packet.extension_profile() {
            self.profile(profile, frame);
        }
        let Self { elements, has_news, .. } = self;
        let carried = Carried::of(packet, self.ids, |id, len| *has_news |= count(elements, id, len, 1));
        if let Some(forgotten) = block.and_then(|block| self.shapes.learn(block, self.ids)) {
            forgotten.count(&mut self.elements);
        }
        carried
    }

    /// The elements, by ascending id.
    pub(super) fn elements(&self) -> Vec<ElementSeen> {
        let mut elements = self.elements.clone();
        self.shapes.iter().for_each(|shape| shape.count(&mut elements));
        elements
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::rtp::Elements;

    fn observe(layout: &mut Layout, profile: u16, block: &[u8]) {
        let mut bytes = vec![0x90, 96, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1];
        bytes.extend(profile.to_be_bytes());
        bytes.extend([0, (block.len() / 4) as u8]);
        bytes.extend(block);
        let packet = RtpPacket::parse(&bytes, bytes.len()).unwrap();
        assert_eq!(layout.observe(&packet, FrameNumber(7)), Carried::of(&packet, layout.ids, |_, _| {}));
    }

    #[test]
    fn elements_are_counted_by_id_with_the_range_of_their_lengths() {
        let mut layout = Layout::default();
        observe(&mut layout, 0xbede, &[0x52, 1, 2, 3, 0x20, 1, 0, 0]);
        observe(&mut layout, 0x1000, &[5, 1, 9, 0]);
        let seen = |id, packets, shortest, longest| ElementSeen { id, packets, shortest, longest };
        assert_eq!(layout.elements(), [seen(2, 1, 1, 1), seen(5, 2, 1, 3)]);
    }

    #[test]
    fn encrypted_and_private_profiles_have_no_elements() {
        let mut layout = Layout::default();
        observe(&mut layout, 0xc0de, &[0x52, 1, 2, 3]);
        observe(&mut layout, 0xc2de, &[0x52, 1, 2, 3]);
        observe(&mut layout, 0xdebe, &[0x52, 1, 2, 3]);
        assert_eq!((layout.encrypted.count, layout.private.count), (2, 1));
        assert_eq!((layout.private_profile, layout.elements().len()), (Some(0xdebe), 0));
    }

    /// Elements behind each other, filled up with zeros.
    fn block(elements: &[(u8, u8, u8)]) -> Vec<u8> {
        let mut block = Vec::new();
        for &(id, len, value) in elements {
            block.push(id << 4 | (len - 1));
            block.resize(block.len() + usize::from(len), value);
        }
        block.resize(block.len().next_multiple_of(4), 0);
        block
    }

    proptest! {
        #[test]
        fn blocks_of_a_known_shape_say_what_they_would_say_taken_apart(
            shapes in prop::collection::vec(prop::collection::vec((0_u8..16, 1_u8..6), 0..6), 1..6),
            packets in prop::collection::vec((0_usize..6, any::<u8>(), any::<usize>(), 0_u8..40), 1..80),
            ids: [u8; 3],
        ) {
            let (mut layout, mut elements) = (Layout::default(), Vec::new());
            for (shape, value, at, what) in packets {
                let shape = &shapes[shape % shapes.len()];
                let mut bytes = block(&shape.iter().map(|&(id, len)| (id, len, value)).collect::<Vec<_>>());
                if what == 0 && !bytes.is_empty() {
                    let at = at % bytes.len();
                    bytes[at] = value;
                }
                if what == 1 {
                    let [send_time, transmission_offset, transport_cc] = ids.map(|id| (id ^ value) % 15);
                    layout.set_ids(KnownIds { send_time, transmission_offset, transport_cc });
                }
                observe(&mut layout, 0xbede, &bytes);
                for element in Elements::one_byte(&bytes) {
                    count(&mut elements, element.id, element.value.len(), 1);
                }
                prop_assert_eq!(&layout.elements(), &elements);
            }
        }
    }
}

//! Which header extensions a flow's packets have, whatever they mean.

use crate::report::summary::Count;
use crate::rtp::RtpPacket;
use crate::units::FrameNumber;

/// Extension blocks and elements of one flow.
#[derive(Debug, Clone, Default)]
pub(super) struct Layout {
    /// Sorted by id.
    elements: Vec<ElementSeen>,
    /// Blocks of Cryptex (RFC 9335): their elements are encrypted.
    pub(super) encrypted: Count,
    /// Blocks of a profile that RFC 8285 does not know, and the first such profile.
    pub(super) private: Count,
    pub(super) private_profile: Option<u16>,
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
const ONE_BYTE_HEADERS: u16 = 0xbede;
/// The lowest four bits may be anything.
const TWO_BYTE_HEADERS: u16 = 0x1000;
const CRYPTEX: [u16; 2] = [0xc0de, 0xc2de];

impl Layout {
    /// Takes the next packet's profile.
    #[inline]
    pub(super) fn profile(&mut self, packet: &RtpPacket<'_>, frame: FrameNumber) {
        if let Some(profile) = packet.extension_profile().filter(|profile| *profile != ONE_BYTE_HEADERS) {
            self.other_profile(profile, frame);
        }
    }

    fn other_profile(&mut self, profile: u16, frame: FrameNumber) {
        if CRYPTEX.contains(&profile) {
            self.encrypted.add(frame.0);
        } else if profile & 0xfff0 != TWO_BYTE_HEADERS {
            self.private_profile.get_or_insert(profile);
            self.private.add(frame.0);
        }
    }

    /// Takes an element of a packet.
    #[inline]
    pub(super) fn element(&mut self, id: u8, len: usize) {
        if let Some(seen) = self.elements.iter_mut().find(|seen| seen.id == id) {
            seen.packets += 1;
            seen.shortest = seen.shortest.min(len);
            seen.longest = seen.longest.max(len);
        } else if self.elements.len() < MAX_ELEMENTS {
            let place = self.elements.partition_point(|seen| seen.id < id);
            self.elements.insert(place, ElementSeen { id, packets: 1, shortest: len, longest: len });
        }
    }

    /// The elements, by ascending id.
    pub(super) fn elements(&self) -> &[ElementSeen] {
        &self.elements
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn observe(layout: &mut Layout, profile: u16, block: &[u8]) {
        let mut bytes = vec![0x90, 96, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1];
        bytes.extend(profile.to_be_bytes());
        bytes.extend([0, (block.len() / 4) as u8]);
        bytes.extend(block);
        let packet = RtpPacket::parse(&bytes, bytes.len()).unwrap();
        layout.profile(&packet, FrameNumber(7));
        packet.elements().for_each(|element| layout.element(element.id, element.value.len()));
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
}

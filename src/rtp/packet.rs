//! A view of one RTP packet: validated once, then infallible (RFC 3550; specification 1.2, 1.9).

use super::extension::{Element, Elements, ONE_BYTE_HEADERS};
use crate::units::{AbsSendTimeElement, DataSize, PayloadType, SeqNum, Ssrc};

/// An RTP packet in a buffer that may be cut by the snaplen, or be just the packet's header.
///
/// The length on the wire decides whether the packet is valid; the captured bytes decide what can be read. The padding
/// count is never looked at: a cut packet does not have it, SRTP hides it, and padding counts in the size anyway.
#[derive(Debug, Clone, Copy)]
pub struct RtpPacket<'a> {
    fixed: &'a [u8; FIXED_LEN],
    captured: &'a [u8],
    extension: Option<ExtensionBlock<'a>>,
    header_len: usize,
    len_on_wire: usize,
}

#[derive(Debug, Clone, Copy)]
struct ExtensionBlock<'a> {
    profile: u16,
    captured: &'a [u8],
    declared: usize,
}

/// Why bytes are not an RTP packet, or not enough of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, thiserror::Error)]
#[non_exhaustive]
pub enum Malformed {
    /// The two top bits are not 2.
    #[error("RTP version is {0}, not 2")]
    Version(u8),
    /// The header needs more bytes than the packet had on the wire.
    #[error("RTP header of {needed} bytes in a packet of {len_on_wire}")]
    HeaderTooLong {
        /// Bytes that the header needs.
        needed: usize,
        /// Bytes that the packet had.
        len_on_wire: usize,
    },
    /// The snaplen cut the header before its length could be read.
    #[error("RTP header cut after {captured} bytes; its length stands in the first {needed}")]
    HeaderCut {
        /// Bytes needed to know the header's length.
        needed: usize,
        /// Bytes captured.
        captured: usize,
    },
}

const FIXED_LEN: usize = 12;
const CSRC_LEN: usize = 4;
const EXTENSION_HEADER_LEN: usize = 4;
/// In the first byte.
const HAS_EXTENSION: u8 = 0x10;

impl Malformed {
    /// Why these bytes of a packet are none.
    #[cold]
    fn of(captured: &[u8], len_on_wire: usize) -> Self {
        let first = captured.first().copied().unwrap_or(0x80);
        if first >> 6 != 2 {
            return Self::Version(first >> 6);
        }
        let csrcs_end = FIXED_LEN + CSRC_LEN * usize::from(first & 0x0f);
        let block_at = csrcs_end + EXTENSION_HEADER_LEN;
        let has_extension = captured.len() >= FIXED_LEN && first & HAS_EXTENSION != 0;
        let tells_length = if has_extension { block_at } else { FIXED_LEN };
        if tells_length > len_on_wire {
            return Self::HeaderTooLong { needed: tells_length, len_on_wire };
        }
        if tells_length > captured.len() {
            return Self::HeaderCut { needed: tells_length, captured: captured.len() };
        }
        let declared = captured.get(csrcs_end + 2..block_at).and_then(|len| len.first_chunk());
        let block_len = declared.map_or(0, |len| 4 * usize::from(u16::from_be_bytes(*len)));
        let needed = if has_extension { block_at + block_len } else { csrcs_end };
        Self::HeaderTooLong { needed, len_on_wire }
    }
}

impl<'a> RtpPacket<'a> {
    /// Validates the header of a packet of `len_on_wire` bytes, of which `captured` are at hand.
    #[inline]
    pub fn parse(captured: &'a [u8], len_on_wire: usize) -> Result<Self, Malformed> {
        let captured = captured.get(..len_on_wire).unwrap_or(captured);
        Self::parse_well_formed(captured, len_on_wire).ok_or_else(|| Malformed::of(captured, len_on_wire))
    }

    #[inline]
    fn parse_well_formed(captured: &'a [u8], len_on_wire: usize) -> Option<Self> {
        let fixed = captured.first_chunk::<FIXED_LEN>()?;
        let mut header_len = FIXED_LEN + CSRC_LEN * usize::from(fixed[0] & 0x0f);
        let mut extension = None;
        if fixed[0] & HAS_EXTENSION != 0 {
            let (&[p0, p1, l0, l1], after) = captured.get(header_len..)?.split_first_chunk()?;
            let declared = 4 * usize::from(u16::from_be_bytes([l0, l1]));
            header_len += EXTENSION_HEADER_LEN + declared;
            let captured = after.get(..declared).unwrap_or(after);
            extension = Some(ExtensionBlock { profile: u16::from_be_bytes([p0, p1]), captured, declared });
        }
        let is_valid = fixed[0] >> 6 == 2 && header_len <= len_on_wire;
        is_valid.then_some(Self { fixed, captured, extension, header_len, len_on_wire })
    }

    /// The synchronisation source.
    pub const fn ssrc(&self) -> Ssrc {
        let &[.., a, b, c, d] = self.fixed;
        Ssrc(u32::from_be_bytes([a, b, c, d]))
    }

    /// The sequence number.
    pub const fn sequence_number(&self) -> SeqNum {
        SeqNum(u16::from_be_bytes([self.fixed[2], self.fixed[3]]))
    }

    /// The media timestamp, in ticks of the stream's clock.
    pub const fn timestamp(&self) -> u32 {
        let &[_, _, _, _, a, b, c, d, ..] = self.fixed;
        u32::from_be_bytes([a, b, c, d])
    }

    /// Sequence number and timestamp in one, by which packets are compared: as they are on the wire, the first byte the
    /// third lowest; the lowest 16 bits are zero.
    #[inline]
    pub(crate) const fn number_and_timestamp(&self) -> u64 {
        let &[_, _, a, b, c, d, e, f, ..] = self.fixed;
        u64::from_le_bytes([0, 0, a, b, c, d, e, f])
    }

    /// The payload type.
    pub const fn payload_type(&self) -> PayloadType {
        PayloadType(self.fixed[1] & 0x7f)
    }

    /// The marker bit.
    pub const fn marker(&self) -> bool {
        self.fixed[1] & 0x80 != 0
    }

    /// Whether the packet says that it ends in padding.
    pub const fn has_padding(&self) -> bool {
        self.fixed[0] & 0x20 != 0
    }

    /// Whether the packet says that it ends in padding, and the count there is zero or more than there is. In SRTP it is
    /// ciphertext. A packet that the snaplen cut shows no count.
    #[inline]
    pub fn has_absurd_padding(&self) -> bool {
        if !self.has_padding() || self.is_truncated() {
            return false;
        }
        let most = self.len_on_wire - self.header_len;
        let count = self.captured.last().filter(|_| most > 0);
        count.is_some_and(|count| *count == 0 || usize::from(*count) > most)
    }

    /// The first contributing source, if there is one and it was captured.
    pub fn first_csrc(&self) -> Option<u32> {
        let has_csrc = self.header_bytes().first().is_some_and(|first| first & 0x0f > 0);
        let bytes = self.header_bytes().get(FIXED_LEN..)?.first_chunk()?;
        has_csrc.then(|| u32::from_be_bytes(*bytes))
    }

    /// Length of fixed header, CSRCs and extension block, in bytes.
    pub const fn header_len(&self) -> usize {
        self.header_len
    }

    /// The header as far as it was captured: parsing it with the same length on the wire gives the same packet.
    pub fn header_bytes(&self) -> &'a [u8] {
        self.captured.get(..self.header_len).unwrap_or(self.captured)
    }

    /// Payload and padding as far as they were captured.
    pub fn payload_bytes(&self) -> &'a [u8] {
        self.captured.get(self.header_len..).unwrap_or_default()
    }

    /// Length of the whole packet on the wire, in bytes.
    pub const fn len_on_wire(&self) -> usize {
        self.len_on_wire
    }

    /// Whether the snaplen cut the packet. True for a packet that is stored as its header alone, unless it is no more.
    pub const fn is_truncated(&self) -> bool {
        self.captured.len() < self.len_on_wire
    }

    /// What the packet counts for in the estimator: payload and padding, on the wire (specification 1.9).
    pub fn size(&self) -> DataSize {
        DataSize::from_bytes((self.len_on_wire - self.header_len) as i64)
    }

    /// The profile of the extension block, if there is one.
    pub fn extension_profile(&self) -> Option<u16> {
        self.extension.map(|block| block.profile)
    }

    /// The extension block, if it has one-byte headers and all of it was captured.
    #[inline]
    pub(crate) fn one_byte_block(&self) -> Option<&'a [u8]> {
        let block = self.extension?;
        let is_whole = block.captured.len() == block.declared;
        (block.profile == ONE_BYTE_HEADERS && is_whole).then_some(block.captured)
    }

    /// The extension block, if there is one and all of it was captured.
    #[inline]
    pub(crate) fn whole_block(&self) -> Option<&'a [u8]> {
        let block = self.extension?;
        (block.captured.len() == block.declared).then_some(block.captured)
    }

    /// The header extension elements, in order.
    pub fn elements(&self) -> Elements<'a> {
        self.extension
            .map_or(Elements::NONE, |block| Elements::new(block.profile, block.captured, block.declared))
    }

    /// The value of the element with this id; of several, the last. An id of 0 is "not negotiated" and finds nothing.
    pub fn extension(&self, id: u8) -> Option<&'a [u8]> {
        self.last_element(id).map(|element| element.value)
    }

    fn last_element(&self, id: u8) -> Option<Element<'a>> {
        self.elements().filter(|element| element.id == id && id != 0).last()
    }

    /// The abs-send-time under this id (specification 1.5).
    pub fn abs_send_time(&self, id: u8) -> AbsSendTimeElement {
        AbsSendTimeElement::from_element(self.extension(id))
    }

    /// The transmission time offset under this id in RTP ticks, if readable (specification 1.7).
    pub fn transmission_offset(&self, id: u8) -> Option<i32> {
        self.last_element(id)?.transmission_offset()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rtc_shared::marshal::Unmarshal;

    use super::*;

    /// Two CSRCs, a one-byte block with ids 2 and 5, three bytes of payload.
    fn sample() -> Vec<u8> {
        let mut bytes = vec![0xb2, 0xe0, 0x12, 0x34, 1, 2, 3, 4, 5, 6, 7, 8];
        bytes.extend([0xaa; 8]);
        bytes.extend([0xbe, 0xde, 0, 2, 0x22, 9, 8, 7, 0x50, 1, 0, 0]);
        bytes.extend([0xcc, 0xcc, 0x00]);
        bytes
    }

    #[test]
    fn every_field_is_where_the_rfc_has_it() {
        let bytes = sample();
        let packet = RtpPacket::parse(&bytes, bytes.len()).unwrap();
        assert_eq!(packet.ssrc(), Ssrc(0x0506_0708));
        assert_eq!(packet.sequence_number(), SeqNum(0x1234));
        assert_eq!(packet.timestamp(), 0x0102_0304);
        assert_eq!((packet.payload_type(), packet.marker()), (PayloadType(96), true));
        assert!(packet.has_padding() && !packet.is_truncated());
        assert_eq!(packet.header_len(), 32);
        assert_eq!(packet.header_bytes(), &bytes[..32]);
        assert_eq!(packet.payload_bytes(), &bytes[32..]);
        assert_eq!(packet.size(), DataSize::from_bytes(3), "a padding count of zero does not matter");
        assert_eq!(packet.abs_send_time(2).value().map(|t| t.raw()), Some(0x09_0807));
        assert_eq!(packet.abs_send_time(5), AbsSendTimeElement::Unreadable);
        assert_eq!(packet.abs_send_time(3), AbsSendTimeElement::Absent);
        assert_eq!(packet.transmission_offset(2), Some(0x09_0807));
    }

    #[test]
    fn the_last_of_several_elements_wins_and_id_zero_finds_nothing() {
        let mut bytes = sample();
        bytes[24..32].copy_from_slice(&[0x20, 1, 0x20, 2, 0x00, 0x00, 0x20, 3]);
        let packet = RtpPacket::parse(&bytes, bytes.len()).unwrap();
        assert_eq!(packet.extension(2), Some(&[3][..]));
        assert_eq!(packet.extension(0), None);
    }

    #[test]
    fn the_header_alone_is_the_same_packet() {
        let bytes = sample();
        let whole = RtpPacket::parse(&bytes, 1200).unwrap();
        let stored = RtpPacket::parse(whole.header_bytes(), 1200).unwrap();
        assert_eq!(stored.size(), whole.size());
        assert_eq!(stored.size(), DataSize::from_bytes(1168));
        assert!(stored.elements().eq(whole.elements()));
        assert!(stored.payload_bytes().is_empty());
    }

    #[test]
    fn a_cut_inside_the_extension_block_keeps_the_packet_and_its_whole_elements() {
        let bytes = sample();
        for (captured, ids) in [(24, &[][..]), (27, &[]), (28, &[2]), (29, &[2]), (30, &[2, 5])] {
            let packet = RtpPacket::parse(&bytes[..captured], bytes.len()).unwrap();
            assert!(packet.elements().map(|e| e.id).eq(ids.iter().copied()), "{captured} bytes captured");
            assert_eq!((packet.size(), packet.header_bytes().len()), (DataSize::from_bytes(3), captured));
        }
    }

    #[test]
    fn a_cut_before_the_header_length_is_known_is_named() {
        let bytes = sample();
        let cut = |captured: usize| RtpPacket::parse(&bytes[..captured], bytes.len()).unwrap_err();
        assert_eq!(cut(23), Malformed::HeaderCut { needed: 24, captured: 23 });
        assert_eq!(cut(11), Malformed::HeaderCut { needed: 12, captured: 11 });
        assert_eq!(cut(0), Malformed::HeaderCut { needed: 12, captured: 0 });
    }

    #[test]
    fn a_header_longer_than_the_packet_is_malformed() {
        let bytes = sample();
        for (len, needed) in [(0, 12), (11, 12), (12, 24), (23, 24), (24, 32), (31, 32)] {
            let error = RtpPacket::parse(&bytes, len).unwrap_err();
            assert_eq!(error, Malformed::HeaderTooLong { needed, len_on_wire: len });
        }
        assert!(RtpPacket::parse(&bytes, 32).is_ok());
    }

    #[test]
    fn without_an_extension_csrcs_must_still_fit() {
        let bytes = [&[0x8f], &[0; 71][..]].concat();
        assert!(RtpPacket::parse(&bytes, 72).is_ok());
        assert!(RtpPacket::parse(&bytes[..12], 72).is_ok(), "cut inside the CSRCs");
        assert!(RtpPacket::parse(&bytes, 71).is_err());
    }

    #[test]
    fn other_versions_are_refused() {
        for version in [0, 1, 3] {
            let bytes = [[version << 6].as_slice(), &[0; 20]].concat();
            assert_eq!(RtpPacket::parse(&bytes, 21).unwrap_err(), Malformed::Version(version));
        }
    }

    #[derive(Debug, Clone)]
    struct Description {
        two_byte: bool,
        csrcs: Vec<u32>,
        elements: Option<Vec<(u8, Vec<u8>, usize)>>,
        fixed: (bool, u8, u16, u32, u32),
        payload: Vec<u8>,
    }

    fn well_formed() -> impl Strategy<Value = Description> {
        let value = prop::collection::vec(any::<u8>(), 1..=16);
        let elements = prop::collection::vec((1u8..=14, value, 0usize..3), 1..8);
        (
            any::<bool>(),
            prop::collection::vec(any::<u32>(), 0..=15),
            prop::option::of(elements),
            (any::<bool>(), 0u8..128, any::<u16>(), any::<u32>(), any::<u32>()),
            prop::collection::vec(any::<u8>(), 0..40),
        )
            .prop_map(|(two_byte, csrcs, elements, fixed, payload)| Description {
                two_byte,
                csrcs,
                elements,
                fixed,
                payload,
            })
    }

    fn write(d: &Description) -> Vec<u8> {
        let (marker, payload_type, seq, timestamp, ssrc) = d.fixed;
        let mut out = vec![0x80 | u8::from(d.elements.is_some()) << 4 | d.csrcs.len() as u8];
        out.push(u8::from(marker) << 7 | payload_type);
        out.extend(seq.to_be_bytes());
        out.extend(timestamp.to_be_bytes());
        out.extend(ssrc.to_be_bytes());
        d.csrcs.iter().for_each(|csrc| out.extend(csrc.to_be_bytes()));
        if let Some(elements) = &d.elements {
            let mut block = Vec::new();
            for (id, value, padding) in elements {
                block.resize(block.len() + padding, 0);
                match d.two_byte {
                    true => block.extend([*id, value.len() as u8]),
                    false => block.push(id << 4 | (value.len() as u8 - 1)),
                }
                block.extend(value);
            }
            block.resize(block.len().next_multiple_of(4), 0);
            out.extend(if d.two_byte { [0x10, 0x00] } else { [0xbe, 0xde] });
            out.extend((block.len() as u16 / 4).to_be_bytes());
            out.extend(block);
        }
        out.extend(&d.payload);
        out
    }

    proptest! {
        #[test]
        fn well_formed_packets_read_as_the_rtp_crate_reads_them(description in well_formed()) {
            let bytes = write(&description);
            let ours = RtpPacket::parse(&bytes, bytes.len()).unwrap();
            let theirs = rtp::Packet::unmarshal(&mut &bytes[..]).unwrap();
            let header = &theirs.header;
            prop_assert_eq!(ours.ssrc().0, header.ssrc);
            prop_assert_eq!(ours.sequence_number().0, header.sequence_number);
            prop_assert_eq!(ours.timestamp(), header.timestamp);
            prop_assert_eq!(ours.payload_type().0, header.payload_type);
            prop_assert_eq!(ours.marker(), header.marker);
            prop_assert_eq!(ours.extension_profile().is_some(), header.extension);
            prop_assert_eq!(ours.payload_bytes(), &theirs.payload[..]);
            let elements: Vec<_> = ours.elements().map(|e| (e.id, e.value)).collect();
            let expected: Vec<_> = header.extensions.iter().map(|e| (e.id, &e.payload[..])).collect();
            prop_assert_eq!(elements, expected);
        }

        #[test]
        fn mutated_packets_never_panic_and_their_parts_lie_inside(
            description in well_formed(),
            edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
            cut in any::<prop::sample::Index>(),
            len_on_wire in 0usize..2000,
        ) {
            let mut bytes = write(&description);
            for (at, value) in edits {
                let at = at.index(bytes.len());
                bytes[at] = value;
            }
            let captured = &bytes[..cut.index(bytes.len() + 1)];
            if let Ok(packet) = RtpPacket::parse(captured, len_on_wire) {
                prop_assert!(packet.header_len() <= len_on_wire);
                prop_assert!(packet.size().as_bytes() >= 0);
                prop_assert!(packet.elements().count() <= packet.header_len());
                let stored = RtpPacket::parse(packet.header_bytes(), len_on_wire).unwrap();
                prop_assert!(stored.elements().eq(packet.elements()));
                (0..=255).for_each(|id| { packet.abs_send_time(id); });
            }
        }

        #[test]
        fn any_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..80), len in 0usize..100) {
            let _ = RtpPacket::parse(&bytes, len).map(|packet| packet.elements().count());
        }
    }
}

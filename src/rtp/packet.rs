//! The RTP header: checked once, then read without copies and without failing (specification 1.2, RFC 3550).
//!
//! Lenient where a capture is: a cut by the snaplen hides elements but keeps the packet, and a padding count is never
//! needed, because padding counts as size (1.9) and under SRTP is ciphertext.

use crate::units::{DataSize, PayloadType, SeqNum, Ssrc};

use super::extension::Elements;

const FIXED_LEN: usize = 12;
const EXTENSION_HEADER_LEN: usize = 4;
const VERSION: u8 = 2;

/// A view of an RTP packet's header.
#[derive(Debug, Clone, Copy)]
pub struct RtpPacket<'a> {
    fixed: &'a [u8; FIXED_LEN],
    captured: &'a [u8],
    extension: Option<(u16, &'a [u8])>,
    header_len: usize,
    len_on_wire: usize,
}

/// Why a packet is no RTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// Another version than 2, or fewer than 12 bytes.
    #[error("no RTP header")]
    NoHeader,
    /// CSRCs or the extension block do not fit into the packet.
    #[error("RTP header longer than its packet")]
    HeaderTooLong,
}

impl<'a> RtpPacket<'a> {
    /// Checks the header. `captured` is what the capture has of the packet, `len_on_wire` its true length.
    pub fn parse(captured: &'a [u8], len_on_wire: usize) -> Result<Self, Malformed> {
        let (fixed, rest) = captured.split_first_chunk::<FIXED_LEN>().ok_or(Malformed::NoHeader)?;
        if fixed[0] >> 6 != VERSION {
            return Err(Malformed::NoHeader);
        }
        let csrc_len = 4 * usize::from(fixed[0] & 0x0f);
        let mut header_len = FIXED_LEN + csrc_len;
        let mut extension = None;
        if fixed[0] & 0x10 != 0 {
            header_len += EXTENSION_HEADER_LEN;
            let block =
                rest.get(csrc_len..).and_then(|rest| rest.split_first_chunk::<EXTENSION_HEADER_LEN>());
            if let Some((header, block)) = block {
                let [p0, p1, l0, l1] = *header;
                let block_len = 4 * usize::from(u16::from_be_bytes([l0, l1]));
                header_len += block_len;
                extension = Some((u16::from_be_bytes([p0, p1]), block.get(..block_len).unwrap_or(block)));
            }
        }
        if header_len > len_on_wire {
            return Err(Malformed::HeaderTooLong);
        }
        Ok(Self { fixed, captured, extension, header_len, len_on_wire })
    }

    /// The stream.
    pub fn ssrc(&self) -> Ssrc {
        let [.., s0, s1, s2, s3] = *self.fixed;
        Ssrc(u32::from_be_bytes([s0, s1, s2, s3]))
    }

    /// Sequence number.
    pub fn sequence_number(&self) -> SeqNum {
        SeqNum(u16::from_be_bytes([self.fixed[2], self.fixed[3]]))
    }

    /// RTP timestamp, in the stream's own clock.
    pub fn timestamp(&self) -> u32 {
        u32::from_be_bytes([self.fixed[4], self.fixed[5], self.fixed[6], self.fixed[7]])
    }

    /// Payload type.
    pub fn payload_type(&self) -> PayloadType {
        PayloadType(self.fixed[1] & 0x7f)
    }

    /// Marker bit.
    pub fn marker(&self) -> bool {
        self.fixed[1] & 0x80 != 0
    }

    /// Fixed header, CSRCs and extension block, bytes.
    pub fn header_len(&self) -> usize {
        self.header_len
    }

    /// What was captured of the header.
    pub fn header_bytes(&self) -> &'a [u8] {
        self.captured.get(..self.header_len).unwrap_or(self.captured)
    }

    /// Whether the capture lacks a part of the header.
    pub fn header_is_cut(&self) -> bool {
        self.captured.len() < self.header_len
    }

    /// Payload and padding (specification 1.9).
    pub fn size(&self) -> DataSize {
        DataSize::from_bytes(i64::try_from(self.len_on_wire - self.header_len).unwrap_or(i64::MAX))
    }

    /// The packet's length on the wire, bytes.
    pub fn len_on_wire(&self) -> usize {
        self.len_on_wire
    }

    /// The header extension's elements (RFC 8285), as far as they were captured.
    pub fn elements(&self) -> Elements<'a> {
        self.extension.map_or_else(Elements::none, |(profile, block)| Elements::new(profile, block))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rtc_shared::marshal::Unmarshal;
    use rtp::packet::Packet;

    const HEADER: [u8; 12] = [0x80, 0xe0, 0x12, 0x34, 0, 0, 0, 9, 0xde, 0xad, 0xbe, 0xef];

    fn with_extension(profile: u16, block: &[u8]) -> Vec<u8> {
        let mut packet = HEADER.to_vec();
        packet[0] |= 0x10;
        packet.extend(profile.to_be_bytes());
        packet.extend((block.len() as u16 / 4).to_be_bytes());
        packet.extend(block);
        packet
    }

    #[test]
    fn the_fixed_header_is_read() {
        let packet = RtpPacket::parse(&HEADER, 100).unwrap();
        assert_eq!(
            (packet.ssrc(), packet.sequence_number().0, packet.timestamp()),
            (Ssrc(0xdead_beef), 0x1234, 9)
        );
        assert_eq!((packet.payload_type(), packet.marker()), (PayloadType(96), true));
        assert_eq!((packet.header_len(), packet.size()), (12, DataSize::from_bytes(88)));
    }

    #[test]
    fn sizes_are_those_on_the_wire_whatever_was_captured() {
        let whole = with_extension(0xbede, &[0x32, 1, 2, 3]);
        for captured in 16..whole.len() {
            let packet = RtpPacket::parse(&whole[..captured], 1000).unwrap();
            assert_eq!(packet.size(), DataSize::from_bytes(1000 - 20), "{captured} bytes captured");
            assert_eq!(packet.header_is_cut(), captured < 20);
        }
    }

    #[test]
    fn a_header_that_does_not_fit_is_refused() {
        assert_eq!(RtpPacket::parse(&HEADER[..11], 11).err(), Some(Malformed::NoHeader));
        let mut csrcs = HEADER;
        csrcs[0] |= 0x0f;
        assert_eq!(RtpPacket::parse(&csrcs, 71).err(), Some(Malformed::HeaderTooLong));
        assert!(RtpPacket::parse(&csrcs, 72).is_ok());
        let extended = with_extension(0xbede, &[0; 8]);
        assert_eq!(RtpPacket::parse(&extended, 23).err(), Some(Malformed::HeaderTooLong));
        let version_1 = [0x40, 96, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        assert_eq!(RtpPacket::parse(&version_1, 12).err(), Some(Malformed::NoHeader));
    }

    #[test]
    fn a_padding_count_that_is_ciphertext_keeps_the_packet() {
        let mut padded = HEADER.to_vec();
        padded[0] |= 0x20;
        padded.extend([0xff; 8]);
        assert_eq!(RtpPacket::parse(&padded, 20).unwrap().size(), DataSize::from_bytes(8));
    }

    proptest! {
        #[test]
        fn equals_the_rtp_crate_on_what_it_accepts(
            first in 0x80..0xc0u8, rest in prop::collection::vec(any::<u8>(), 11..120), words in 0..6u16,
        ) {
            let mut data = vec![first];
            data.extend(rest);
            let extension_at = 12 + 4 * usize::from(first & 0x0f);
            if let Some(length) = data.get_mut(extension_at + 2..extension_at + 4) {
                length.copy_from_slice(&words.to_be_bytes());
            }
            if let Ok(theirs) = Packet::unmarshal(&mut &data[..]) {
                let ours = RtpPacket::parse(&data, data.len()).unwrap();
                prop_assert_eq!(ours.ssrc().0, theirs.header.ssrc);
                prop_assert_eq!(ours.timestamp(), theirs.header.timestamp);
                prop_assert_eq!(ours.sequence_number().0, theirs.header.sequence_number);
                prop_assert_eq!(ours.payload_type().0, theirs.header.payload_type);
                prop_assert_eq!(ours.marker(), theirs.header.marker);
                if first & 0x20 == 0 {
                    prop_assert_eq!(ours.size().as_bytes(), theirs.payload.len() as i64);
                }
            }
        }

        #[test]
        fn no_bytes_make_it_panic(data in prop::collection::vec(any::<u8>(), 0..80), len_on_wire in 0..200usize) {
            if let Ok(packet) = RtpPacket::parse(&data, len_on_wire) {
                prop_assert!(packet.elements().count() <= data.len());
                prop_assert!(packet.size().as_bytes() >= 0);
            }
        }
    }
}

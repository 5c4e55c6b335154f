//! Walking an RTCP compound, block by block (RFC 3550 section 6.1). What a block says is decoded elsewhere.

/// The blocks of one datagram, in order; [`Blocks::end`] then tells how the walk ended.
///
/// The compound rules of RFC 3550 are not enforced: with RFC 5506 a datagram may start with any block.
#[derive(Debug, Clone)]
pub struct Blocks<'a> {
    rest: &'a [u8],
    offset: usize,
    captured: usize,
    len_on_wire: usize,
    end: Option<CompoundEnd>,
}

/// One RTCP packet of a compound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block<'a> {
    /// Packet type: 200 sender report, 201 receiver report, 205 and 206 feedback, 207 extended report …
    pub packet_type: u8,
    /// The five bits after the padding flag: a report count or a feedback message type.
    pub count: u8,
    /// The padding flag.
    pub has_padding: bool,
    /// Everything after the four header bytes, padding included, as far as it was captured.
    pub body: &'a [u8],
    /// Length of the body on the wire, in bytes.
    pub body_len_on_wire: usize,
    /// Where the block starts, in bytes from the start of the datagram's payload.
    pub offset: usize,
}

/// How the walk over a compound ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CompoundEnd {
    /// The last block ends where the datagram ends.
    Complete,
    /// The snaplen cut the datagram in or after a block.
    Truncated,
    /// The bytes at this offset are no RTCP header, or its length runs past the datagram. SRTCP looks so from the
    /// second block on, or behind a short first one.
    NotRtcp {
        /// Bytes from the start of the datagram's payload.
        offset: usize,
    },
}

const HEADER_LEN: usize = 4;

/// The type of an RTCP packet in letters; empty for one without a name (RFC 3550, 4585, 3611, 5760, 5761).
pub const fn packet_type_name(packet_type: u8) -> &'static str {
    match packet_type {
        192 => "FIR",
        193 => "NACK (RFC 2032)",
        195 => "IJ",
        200 => "SR",
        201 => "RR",
        202 => "SDES",
        203 => "BYE",
        204 => "APP",
        205 => "RTPFB",
        206 => "PSFB",
        207 => "XR",
        208 => "AVB",
        209 => "RSI",
        210 => "TOKEN",
        _ => "",
    }
}

impl<'a> Blocks<'a> {
    /// Walks a datagram of `len_on_wire` payload bytes, of which `captured` are at hand.
    pub fn new(captured: &'a [u8], len_on_wire: usize) -> Self {
        let rest = captured.get(..len_on_wire).unwrap_or(captured);
        Self { rest, offset: 0, captured: rest.len(), len_on_wire, end: None }
    }

    /// How the walk ended; `None` before the last block was taken.
    pub const fn end(&self) -> Option<CompoundEnd> {
        self.end
    }

    fn split_block(&mut self) -> Result<Block<'a>, CompoundEnd> {
        let offset = self.offset;
        if offset > self.captured {
            return Err(CompoundEnd::Truncated);
        }
        let left_on_wire = self.len_on_wire.saturating_sub(offset);
        if left_on_wire == 0 && offset > 0 {
            return Err(CompoundEnd::Complete);
        }
        if left_on_wire < HEADER_LEN {
            return Err(CompoundEnd::NotRtcp { offset });
        }
        let (&[head, packet_type, l0, l1], after) =
            self.rest.split_first_chunk::<HEADER_LEN>().ok_or(CompoundEnd::Truncated)?;
        let body_len_on_wire = 4 * usize::from(u16::from_be_bytes([l0, l1]));
        let is_rtcp = head >> 6 == 2 && (192..=223).contains(&packet_type);
        if !is_rtcp || HEADER_LEN + body_len_on_wire > left_on_wire {
            return Err(CompoundEnd::NotRtcp { offset });
        }
        let (body, rest) = after.split_at_checked(body_len_on_wire).unwrap_or((after, &[]));
        self.rest = rest;
        self.offset += HEADER_LEN + body_len_on_wire;
        let count = head & 0x1f;
        Ok(Block { packet_type, count, has_padding: head & 0x20 != 0, body, body_len_on_wire, offset })
    }
}

impl Block<'_> {
    /// Whether the snaplen cut the block.
    pub const fn is_truncated(&self) -> bool {
        self.body.len() < self.body_len_on_wire
    }
}

impl<'a> Iterator for Blocks<'a> {
    type Item = Block<'a>;

    fn next(&mut self) -> Option<Block<'a>> {
        if self.end.is_some() {
            return None;
        }
        match self.split_block() {
            Ok(block) => Some(block),
            Err(end) => {
                self.end = Some(end);
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Receiver report without blocks, then a REMB-sized feedback of 20 bytes.
    const COMPOUND: [u8; 28] = [
        0x80, 201, 0, 1, 0, 0, 0, 1, //
        0x8f, 206, 0, 4, 0, 0, 0, 1, 0, 0, 0, 0, b'R', b'E', b'M', b'B', 1, 2, 3, 4,
    ];

    fn walk(captured: &[u8], len_on_wire: usize) -> (Vec<(u8, u8, usize, bool)>, CompoundEnd) {
        let mut blocks = Blocks::new(captured, len_on_wire);
        let seen =
            blocks.by_ref().map(|b| (b.packet_type, b.count, b.body.len(), b.is_truncated())).collect();
        (seen, blocks.end().unwrap())
    }

    #[test]
    fn a_compound_is_its_blocks() {
        let both = vec![(201, 0, 4, false), (206, 15, 16, false)];
        assert_eq!(walk(&COMPOUND, 28), (both, CompoundEnd::Complete));
        assert_eq!(Blocks::new(&COMPOUND, 28).nth(1).unwrap().offset, 8);
    }

    #[test]
    fn a_cut_block_is_seen_and_flagged() {
        let cut = vec![(201, 0, 4, false), (206, 15, 6, true)];
        assert_eq!(walk(&COMPOUND[..18], 28), (cut, CompoundEnd::Truncated));
        assert_eq!(walk(&COMPOUND[..11], 28), (vec![(201, 0, 4, false)], CompoundEnd::Truncated));
    }

    #[test]
    fn what_is_no_header_ends_the_walk_and_is_placed() {
        let mut bytes = COMPOUND;
        bytes[8] = 0x3f;
        let first = vec![(201, 0, 4, false)];
        assert_eq!(walk(&bytes, 28), (first.clone(), CompoundEnd::NotRtcp { offset: 8 }), "version");
        bytes = COMPOUND;
        bytes[9] = 96;
        assert_eq!(walk(&bytes, 28), (first.clone(), CompoundEnd::NotRtcp { offset: 8 }), "type");
        assert_eq!(walk(&COMPOUND, 27), (first.clone(), CompoundEnd::NotRtcp { offset: 8 }), "length");
        assert_eq!(walk(&COMPOUND[..10], 10), (first, CompoundEnd::NotRtcp { offset: 8 }), "too short");
        assert_eq!(walk(&[], 0), (vec![], CompoundEnd::NotRtcp { offset: 0 }));
    }

    #[test]
    fn the_flags_of_the_first_byte_are_told_apart() {
        let block = Blocks::new(&[0xa3, 203, 0, 0], 4).next().unwrap();
        assert_eq!((block.has_padding, block.count), (true, 3));
    }

    proptest! {
        #[test]
        fn any_bytes_end(bytes in prop::collection::vec(any::<u8>(), 0..200), len in 0usize..300) {
            let mut blocks = Blocks::new(&bytes, len);
            prop_assert!(blocks.by_ref().count() <= len / 4);
            prop_assert!(blocks.end().is_some());
        }
    }
}

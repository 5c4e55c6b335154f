//! Header extension blocks like an earlier one: as long, with the same elements at the same places. Most blocks of a
//! stream are, and what they say is read without taking them apart.

use crate::rtp::{Element, Elements, RtpPacket};
use crate::units::{AbsSendTime, AbsSendTimeElement};

/// Longer blocks are taken apart each time.
const MAX_LEN: usize = 16;
/// Shapes that are remembered; a power of two.
const SLOTS: usize = 16;

/// The ids that are known; 0, which no element has, where one is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct KnownIds {
    pub(super) send_time: u8,
    pub(super) transmission_offset: u8,
    pub(super) transport_cc: u8,
}

/// What a packet's header extensions say, by the ids that are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Carried {
    pub(super) send_time: AbsSendTimeElement,
    pub(super) transmission_offset: Option<i32>,
    pub(super) transport_cc: bool,
}

impl Carried {
    /// Looks through a packet's elements, and gives each one's id and length to `count`. Of an id that comes more than
    /// once the last one holds.
    pub(super) fn of(packet: &RtpPacket<'_>, ids: KnownIds, mut count: impl FnMut(u8, usize)) -> Self {
        let mut carried = Self::default();
        for element in packet.elements() {
            count(element.id, element.value.len());
            if element.id == ids.send_time {
                carried.send_time = element.abs_send_time();
            }
            if element.id == ids.transmission_offset {
                carried.transmission_offset = element.transmission_offset();
            }
            carried.transport_cc |= element.id == ids.transport_cc;
        }
        carried
    }
}

/// The shapes of a flow's blocks with one-byte headers, each at the place that its length and first byte say.
#[derive(Debug, Clone, Default)]
pub(super) struct Shapes([Option<Shape>; SLOTS]);

/// What blocks have in common that are alike; a block is taken as one number here, its first byte the highest.
#[derive(Debug, Clone)]
pub(super) struct Shape {
    len: usize,
    /// The bytes that are in no element's value: all that says where which element is.
    mask: u128,
    heads: u128,
    /// How far right the values are to be shifted.
    send_time: Option<u32>,
    transmission_offset: Option<u32>,
    has_transport_cc: bool,
    blocks: u64,
}

impl Shapes {
    /// What a block says that is like an earlier one. It is counted there.
    #[inline(always)]
    pub(super) fn read(&mut self, block: &[u8]) -> Option<Carried> {
        let shape = self.0[slot(block)?].as_mut()?;
        let number = number_of(block);
        if shape.len != block.len() || number & shape.mask != shape.heads {
            return None;
        }
        shape.blocks += 1;
        Some(shape.carried(number))
    }

    /// Remembers the shape of a block; gives back the one whose place it takes.
    pub(super) fn learn(&mut self, block: &[u8], ids: KnownIds) -> Option<Shape> {
        let slot = self.0.get_mut(slot(block)?)?;
        Shape::of(block, ids).and_then(|shape| slot.replace(shape))
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Shape> {
        self.0.iter().flatten()
    }
}

/// The place of a block's shape, if one is kept.
#[inline(always)]
fn slot(block: &[u8]) -> Option<usize> {
    let first = usize::from(*block.first()?);
    (block.len() <= MAX_LEN).then_some((first ^ block.len()) % SLOTS)
}

#[inline(always)]
fn number_of(block: &[u8]) -> u128 {
    let words = block.as_chunks().0.iter();
    words.fold(0, |number, word| number << 32 | u128::from(u32::from_be_bytes(*word)))
}

impl Shape {
    /// `None` where a time has another length than it should.
    fn of(block: &[u8], ids: KnownIds) -> Option<Self> {
        let (mut mask, mut send_time, mut transmission_offset) = (u128::MAX, None, None);
        let mut has_transport_cc = false;
        let mut elements = Elements::one_byte(block);
        while let Some(Element { id, value }) = elements.next() {
            let shift = 8 * elements.rest().len() as u32;
            let bits = 8 * value.len() as u32;
            mask &= !((u128::MAX >> (u128::BITS - bits)) << shift);
            if id == ids.send_time {
                send_time = Some((bits == 24).then_some(shift)?);
            }
            if id == ids.transmission_offset {
                transmission_offset = Some((bits == 24).then_some(shift)?);
            }
            has_transport_cc |= id == ids.transport_cc;
        }
        let heads = number_of(block) & mask;
        let len = block.len();
        Some(Self { len, mask, heads, send_time, transmission_offset, has_transport_cc, blocks: 0 })
    }

    #[inline(always)]
    fn carried(&self, number: u128) -> Carried {
        let bits_24 = |shift: u32| (number >> shift) as u32 & 0x00ff_ffff;
        let send_time = self.send_time.map(|shift| AbsSendTime::from_raw(bits_24(shift)));
        Carried {
            send_time: send_time.map_or(AbsSendTimeElement::Absent, AbsSendTimeElement::Value),
            transmission_offset: self
                .transmission_offset
                .map(|shift| (bits_24(shift) << 8).cast_signed() >> 8),
            transport_cc: self.has_transport_cc,
        }
    }

    /// Ids and lengths of its elements.
    pub(super) fn elements(&self) -> Vec<(u8, usize)> {
        let bytes = self.heads.to_be_bytes();
        let block = bytes.get(MAX_LEN - self.len..).unwrap_or_default();
        Elements::one_byte(block).map(|element| (element.id, element.value.len())).collect()
    }

    /// Blocks that had it, but for the one that it was learned from.
    pub(super) fn blocks(&self) -> u64 {
        self.blocks
    }
}

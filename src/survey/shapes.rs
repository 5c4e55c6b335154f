//! Header extension blocks like an earlier one: as long, with the same elements at the same places. Most blocks of a
//! stream are, and what they say is read without taking them apart.

use crate::rtp::{Element, Elements, RtpPacket};
use crate::units::{AbsSendTime, AbsSendTimeElement};

/// Longer blocks are taken apart each time.
const MAX_LEN: usize = 16;
/// Of the value of abs-send-time and of the transmission time offset.
const TIME_LEN: usize = 3;
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

/// What blocks have in common that are alike.
#[derive(Debug, Clone)]
pub(super) struct Shape {
    len: usize,
    /// The bytes that are in no element's value: all that says where which element is.
    mask: Halves,
    heads: Halves,
    /// Where the elements begin, each a byte before its value.
    send_time: Option<usize>,
    transmission_offset: Option<usize>,
    has_transport_cc: bool,
    blocks: u64,
    /// The block that it was learned from.
    first: [u8; MAX_LEN],
}

impl Shapes {
    /// What a block says that is like an earlier one. It is counted there.
    #[inline(always)]
    pub(super) fn read(&mut self, block: &[u8]) -> Option<Carried> {
        let shape = self.0[slot(block)?].as_mut()?;
        if shape.len != block.len() || Halves::of(block).masked(shape.mask) != shape.heads {
            return None;
        }
        shape.blocks += 1;
        Some(shape.carried(block))
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

/// A block's first and last eight bytes, which are all of it; of four bytes, these.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Halves(u64, u64);

impl Halves {
    #[inline(always)]
    fn of(block: &[u8]) -> Self {
        match (block.first_chunk(), block.last_chunk()) {
            (Some(first), Some(last)) => Self(u64::from_ne_bytes(*first), u64::from_ne_bytes(*last)),
            _ => Self(block.first_chunk().map_or(0, |word| u32::from_ne_bytes(*word).into()), 0),
        }
    }

    #[inline(always)]
    const fn masked(self, mask: Self) -> Self {
        Self(self.0 & mask.0, self.1 & mask.1)
    }
}

impl Shape {
    /// `None` where a time has another length than it should.
    fn of(block: &[u8], ids: KnownIds) -> Option<Self> {
        let (mut first, mut mask) = ([0; MAX_LEN], [u8::MAX; MAX_LEN]);
        first.get_mut(..block.len())?.copy_from_slice(block);
        let (mut send_time, mut transmission_offset, mut has_transport_cc) = (None, None, false);
        let mut elements = Elements::one_byte(block);
        while let Some(Element { id, value }) = elements.next() {
            let end = block.len() - elements.rest().len();
            let begin = end - value.len();
            mask.get_mut(begin..end)?.fill(0);
            let at = begin.checked_sub(1).filter(|_| value.len() == TIME_LEN);
            if id == ids.send_time {
                send_time = Some(at?);
            }
            if id == ids.transmission_offset {
                transmission_offset = Some(at?);
            }
            has_transport_cc |= id == ids.transport_cc;
        }
        let mask = Halves::of(mask.get(..block.len())?);
        let (len, heads) = (block.len(), Halves::of(block).masked(mask));
        Some(Self { len, mask, heads, send_time, transmission_offset, has_transport_cc, blocks: 0, first })
    }

    #[inline(always)]
    fn carried(&self, block: &[u8]) -> Carried {
        let word_at = |at: usize| {
            let word = block.get(at..).and_then(|rest| rest.first_chunk());
            word.map_or(0, |word| u32::from_be_bytes(*word))
        };
        let send_time = self.send_time.map(|at| AbsSendTime::from_raw(word_at(at)));
        Carried {
            send_time: send_time.map_or(AbsSendTimeElement::Absent, AbsSendTimeElement::Value),
            transmission_offset: self.transmission_offset.map(|at| (word_at(at) << 8).cast_signed() >> 8),
            transport_cc: self.has_transport_cc,
        }
    }

    /// Ids and lengths of its elements.
    pub(super) fn elements(&self) -> impl Iterator<Item = (u8, usize)> {
        let block = self.first.get(..self.len).unwrap_or_default();
        Elements::one_byte(block).map(|element| (element.id, element.value.len()))
    }

    /// Blocks that had it, but for the one that it was learned from.
    pub(super) fn blocks(&self) -> u64 {
        self.blocks
    }
}

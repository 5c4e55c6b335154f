//! The latest packets of a stream, so that copies of them can be told.

use crate::rtp::RtpPacket;
use crate::units::{CaptureTime, Count};

/// What makes a packet the same packet: sequence number, RTP timestamp, length and header extensions, the send time among
/// them. A retransmission is stamped anew, and is another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Identity {
    /// RTP timestamp and sequence number as they are on the wire, and length in the lowest 16 bits.
    number: u64,
    /// A hash of the header extensions; zero where they are cut off or there are none.
    extensions: u32,
}

impl Identity {
    #[inline(always)]
    pub(super) fn of(packet: &RtpPacket<'_>) -> Self {
        let length = packet.len_on_wire() as u64 & 0xffff;
        let number = packet.number_and_timestamp() | length;
        Self { number, extensions: packet.whole_block().map_or(0, hash) }
    }

    /// Where one of the two is cut, the rest decides.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        let either_is_cut = self.extensions == 0 || other.extensions == 0;
        self.number == other.number && (either_is_cut || self.extensions == other.extensions)
    }

    /// The same but for the header extensions.
    pub(super) const fn number(&self) -> u64 {
        self.number
    }

    fn slot(&self, slots: usize) -> usize {
        // The sequence number.
        let number = ((self.number >> 16) as u16).swap_bytes();
        usize::from(number) & slots.wrapping_sub(1)
    }
}

/// Most blocks are up to 16 bytes long: their first and their last half are all of them.
#[inline(always)]
fn hash(block: &[u8]) -> u32 {
    const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
    let both = match block.len() {
        8..=16 => {
            let halves = block.first_chunk().zip(block.last_chunk());
            halves.map_or(0, |(first, last)| {
                u64::from_le_bytes(*first).rotate_left(29) ^ u64::from_le_bytes(*last)
            })
        }
        4 => block.first_chunk().map_or(0, |word| u32::from_le_bytes(*word).into()),
        _ => return hash_of_words(block),
    };
    // The high half is meant.
    ((both.wrapping_mul(ODD) >> 32) as u32).max(1)
}

#[cold]
fn hash_of_words(block: &[u8]) -> u32 {
    let words = block.as_chunks().0.iter();
    words.fold(0, |hash: u32, word| hash.rotate_left(7) ^ u32::from_le_bytes(*word)).max(1)
}

/// A packet that was seen first.
#[derive(Debug, Clone, Copy)]
pub(super) struct Original {
    identity: Identity,
    /// The number of its flow.
    pub(super) flow: u32,
    pub(super) at: CaptureTime,
}

impl Original {
    const NONE: Self =
        Self { identity: Identity { number: 0, extensions: 0 }, flow: u32::MAX, at: CaptureTime::NEVER };

    const fn is_any(&self) -> bool {
        self.flow != Self::NONE.flow
    }
}

/// The latest packets by their sequence numbers: as many as come in [`MAX_SPACING_NANOS`], as far as there is room.
#[derive(Debug)]
pub(super) struct Seen {
    /// As many as a power of two, or none.
    slots: Vec<Original>,
    may_grow: bool,
    /// Copies of them.
    pub(super) copies: Count,
}

/// Copies come within this time.
const MAX_SPACING_NANOS: u64 = 5_000_000_000;
const FIRST_SLOTS: usize = 16;
const MAX_SLOTS: usize = 4096;

/// Slots that are left to all streams together; beyond, their memory grows no more.
#[derive(Debug)]
pub(super) struct SpareSlots(usize);

impl Default for SpareSlots {
    fn default() -> Self {
        Self(1 << 18)
    }
}

impl Default for Seen {
    fn default() -> Self {
        Self { slots: Vec::new(), may_grow: true, copies: Count::default() }
    }
}

impl Seen {
    /// What a packet is a copy of, if of any.
    pub(super) fn original_of(&self, identity: Identity, at: CaptureTime) -> Option<&Original> {
        let known = self.slots.get(identity.slot(self.slots.len()))?;
        (known.is_any() && known.identity.is_same(&identity) && is_near(known.at, at)).then_some(known)
    }

    /// Takes in a packet that is no copy.
    #[inline(always)]
    pub(super) fn remember(
        &mut self,
        identity: Identity,
        flow: u32,
        at: CaptureTime,
        spare: &mut SpareSlots,
    ) {
        let slot = identity.slot(self.slots.len());
        match self.slots.get_mut(slot) {
            // Whether there are enough places shows once a round.
            Some(old) if slot > 0 || !self.may_grow || !is_near(old.at, at) => {
                // Part by part: put together first, it waits for its parts to be written (6 % of inspect's time).
                old.identity.number = identity.number;
                old.identity.extensions = identity.extensions;
                old.flow = flow;
                old.at = at;
            }
            _ => self.grow(Original { identity, flow, at }, spare),
        }
    }

    /// The packet whose place is needed is a late one: there are to be twice as many places.
    #[cold]
    fn grow(&mut self, new: Original, SpareSlots(spare): &mut SpareSlots) {
        // The first ones are few, and every stream has them.
        let more = self.slots.len();
        self.may_grow = more == 0 || (more < MAX_SLOTS && more <= *spare);
        if self.may_grow {
            *spare -= more;
            let slots = (2 * more).max(FIRST_SLOTS);
            let known = std::mem::replace(&mut self.slots, vec![Original::NONE; slots]);
            known.into_iter().filter(Original::is_any).for_each(|known| self.put(known));
        }
        self.put(new);
    }

    fn put(&mut self, original: Original) {
        let slot = original.identity.slot(self.slots.len());
        if let Some(place) = self.slots.get_mut(slot) {
            *place = original;
        }
    }

    /// Whether two streams, as flows have them, have a packet in common.
    pub(super) fn shares_any(&self, other: &Self) -> bool {
        let mut known = self.slots.iter().filter(|original| original.is_any());
        known.any(|original| other.original_of(original.identity, original.at).is_some())
    }
}

#[inline]
fn is_near(then: CaptureTime, at: CaptureTime) -> bool {
    at.nanos_since(then).unsigned_abs() <= MAX_SPACING_NANOS
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(sequence_number: u16, timestamp: u8, send_time: u8, len: usize) -> Identity {
        let [high, low] = sequence_number.to_be_bytes();
        let bytes =
            [0x90, 96, high, low, 0, 0, 0, timestamp, 0, 0, 0, 1, 0xbe, 0xde, 0, 1, 0x32, 0, 0, send_time];
        Identity::of(&RtpPacket::parse(&bytes, len).unwrap())
    }

    fn at(millis: i64) -> CaptureTime {
        CaptureTime::from_nanos(i128::from(millis) * 1_000_000).unwrap()
    }

    fn of_five() -> Seen {
        let mut seen = Seen::default();
        seen.remember(identity(5, 1, 1, 100), 3, at(1000), &mut SpareSlots::default());
        seen
    }

    #[test]
    fn a_copy_has_the_same_number_timestamp_length_and_send_time() {
        let seen = of_five();
        let original = |identity| seen.original_of(identity, at(1000)).map(|original| original.flow);
        assert_eq!(original(identity(5, 1, 1, 100)), Some(3));
        assert_eq!(original(identity(6, 1, 1, 100)), None);
        assert_eq!(original(identity(21, 1, 1, 100)), None, "the same place");
        assert_eq!(original(identity(5, 2, 1, 100)), None);
        assert_eq!(original(identity(5, 1, 2, 100)), None, "sent again");
        assert_eq!(original(identity(5, 1, 1, 101)), None);
    }

    #[test]
    fn a_copy_whose_extensions_are_cut_off_is_one() {
        let bytes = [0x90, 96, 0, 5, 0, 0, 0, 1, 0, 0, 0, 1, 0xbe, 0xde, 0, 1];
        let cut = Identity::of(&RtpPacket::parse(&bytes, 100).unwrap());
        assert!(of_five().original_of(cut, at(1000)).is_some());
    }

    #[test]
    fn copies_come_within_five_seconds_before_or_after() {
        let of = |millis| of_five().original_of(identity(5, 1, 1, 100), at(millis)).is_some();
        assert_eq!([-4001, -4000, 6000, 6001].map(of), [false, true, true, false]);
    }

    #[test]
    fn as_many_are_known_as_come_in_five_seconds_and_memory_is_bounded() {
        let (mut seen, mut spare) = (Seen::default(), SpareSlots::default());
        for number in 0..60_000_u16 {
            seen.remember(identity(number, 1, 1, 100), 0, at(i64::from(number) * 2), &mut spare);
        }
        let now = at(120_000);
        assert!(seen.original_of(identity(57_600, 1, 1, 100), now).is_some(), "4.8 s ago");
        assert_eq!(seen.slots.len(), MAX_SLOTS);
        for number in 0..60_000_u16 {
            seen.remember(identity(number, 1, 1, 100), 0, now, &mut spare);
        }
        assert_eq!(seen.slots.len(), MAX_SLOTS);
        let mut none_left = SpareSlots(0);
        let mut poor = Seen::default();
        (0..100).for_each(|number| poor.remember(identity(number, 1, 1, 100), 0, now, &mut none_left));
        assert_eq!((poor.slots.len(), none_left.0), (FIRST_SLOTS, 0));
        assert!(poor.original_of(identity(99, 1, 1, 100), now).is_some());
    }
}

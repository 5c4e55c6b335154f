//! A column of a batch: its base, and what the further values differ by, a few bits each (event log section 4). Values are
//! read one at a time, so that a batch costs the same whatever number of values it claims to have.

use std::ops::Range;

use super::wire::{Broken, MAX_VARINT};

/// A column that is being read. Where its bits are is given with each call.
#[derive(Debug, Clone, Default)]
pub(super) struct Column {
    previous: Option<u64>,
    /// Bits of the block that are still to be read; `None` where all values equal the base.
    deltas: Option<Deltas>,
}

#[derive(Debug, Clone)]
struct Deltas {
    /// Place of the next presence bit, if values may be absent.
    presence: Option<usize>,
    next: usize,
    end: usize,
    width: u32,
    value_width: u32,
    is_signed: bool,
}

const SHORT: Broken = Broken("a block of deltas has too few bits");

impl Column {
    /// The base, and where in `store` the block of the `further` values is; an empty one is none.
    pub(super) fn new(
        base: Option<u64>,
        block: Range<usize>,
        further: usize,
        store: &[u8],
    ) -> Result<Self, Broken> {
        let deltas = match block.is_empty() || further == 0 {
            true => None,
            false => Some(Deltas::read_header(block, further, store)?),
        };
        Ok(Self { previous: base, deltas })
    }

    /// The first value.
    pub(super) fn base(&self) -> Option<u64> {
        self.previous
    }

    /// The next value, if it has one.
    pub(super) fn next(&mut self, store: &[u8]) -> Result<Option<u64>, Broken> {
        let Some(deltas) = &mut self.deltas else { return Ok(self.previous) };
        if let Some(presence) = &mut deltas.presence {
            let is_present = bits(store, *presence, 1)?;
            *presence += 1;
            if is_present == 0 {
                return Ok(None);
            }
        }
        self.previous = Some(match self.previous {
            None => deltas.first(store)?,
            Some(previous) => deltas.after(previous, store)?,
        });
        Ok(self.previous)
    }
}

impl Deltas {
    fn read_header(block: Range<usize>, further: usize, store: &[u8]) -> Result<Self, Broken> {
        let end = block.end * 8;
        let mut next = block.start * 8;
        let mut take = |count: u32| {
            let taken = if next + count as usize > end { Err(SHORT) } else { bits(store, next, count) };
            next += count as usize;
            taken
        };
        let (kind, width) = (take(2)?, take(6)? as u32 + 1);
        let (is_signed, is_optional, value_width) = match kind {
            0 => (false, false, 64),
            1 => (take(1)? == 1, take(1)? == 1, take(6)? as u32 + 1),
            _ => return Err(Broken("a block of deltas of an unknown kind")),
        };
        if width > value_width {
            return Err(Broken("a block of deltas that are wider than their values"));
        }
        let presence = is_optional.then_some(next);
        next += if is_optional { further } else { 0 };
        if next > end {
            return Err(SHORT);
        }
        Ok(Self { presence, next, end, width, value_width, is_signed })
    }

    fn take(&mut self, count: u32, store: &[u8]) -> Result<u64, Broken> {
        let place = self.next;
        self.next += count as usize;
        if self.next > self.end { Err(SHORT) } else { bits(store, place, count) }
    }

    /// Without a value before it: a number in groups of seven bits, at whatever bit it begins.
    fn first(&mut self, store: &[u8]) -> Result<u64, Broken> {
        let mut value = 0;
        for place in 0..MAX_VARINT as u32 {
            let byte = self.take(8, store)?;
            value |= (byte & 0x7f).checked_shl(7 * place).unwrap_or(0);
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(Broken("a number of more than ten bytes"))
    }

    fn after(&mut self, previous: u64, store: &[u8]) -> Result<u64, Broken> {
        let width = self.width;
        let mut delta = self.take(width, store)?;
        if self.is_signed && delta >> (width - 1) == 1 {
            delta = delta.wrapping_sub(1_u64.checked_shl(width).unwrap_or(0));
        }
        Ok(previous.wrapping_add(delta) & (u64::MAX >> (64 - self.value_width)))
    }
}

/// So many bits, at most 64, from a place that counts from the highest bit of the first byte.
fn bits(store: &[u8], place: usize, count: u32) -> Result<u64, Broken> {
    let (first, skipped) = (place / 8, place as u32 % 8);
    let bytes = store.get(first..).unwrap_or_default();
    if let Some(word) = bytes.first_chunk::<8>().filter(|_| skipped + count <= 64 && count > 0) {
        return Ok((u64::from_be_bytes(*word) << skipped) >> (64 - count));
    }
    let len = (skipped + count).div_ceil(8) as usize;
    let bytes = bytes.get(..len).ok_or(SHORT)?;
    let value = bytes.iter().fold(0_u128, |value, byte| value << 8 | u128::from(*byte));
    let value = value >> (8 * len as u32 - skipped - count);
    Ok((value & ((1_u128 << count) - 1)) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(base: Option<u64>, block: &[u8], further: usize) -> Result<Vec<Option<u64>>, Broken> {
        let mut column = Column::new(base, 0..block.len(), further, block)?;
        (0..further).map(|_| column.next(block)).collect()
    }

    fn all(base: u64, block: &[u8], further: usize) -> Vec<u64> {
        values(Some(base), block, further).unwrap().into_iter().map(Option::unwrap).collect()
    }

    /// The worked examples of section 11.
    #[test]
    fn the_worked_examples_are_read() {
        let times = [0x06, 0x08, 0x12, 0x2c, 0x0a, 0x50, 0x20, 0xc5];
        let expected =
            [1_426_609, 1_426_613, 1_426_682, 1_426_746, 1_426_828, 1_426_892, 1_426_957, 1_427_026];
        assert_eq!(all(1_426_605, &times, 8), expected, "11.3, times");
        assert_eq!(all(2066, &[0x00, 0xff], 8), [2067, 2068, 2069, 2070, 2071, 2072, 2073, 2074]);
        assert_eq!(all(1140, &[0x00, 0x20], 8), [1140, 1140, 1141, 1141, 1141, 1141, 1141, 1141]);
        let sent = [0x0a, 0x89, 0x50, 0xfe, 0x1a, 0x33, 0xf8, 0xe3, 0x13, 0x5a, 0xdc, 0x64];
        assert_eq!(all(15_387_391, &sent, 8)[7], 15_395_704);
        assert_eq!(all(1, &[0x40, 0x00, 0x80], 2), [0, 0], "11.4, an early wrap");
        let signed = [
            0x48, 0x89, 0xfd, 0x80, 0x2f, 0x9f, 0x01, 0x70, 0x00, 0x00, 0x19, 0x00, 0x7c, 0x40, 0x3e, 0xf1,
            0x10, 0x07, 0xb8,
        ];
        let expected = [1019, 1019, 887, 871, 917, 917, 917, 942, 942, 927, 928, 911, 945, 946, 910];
        assert_eq!(all(0, &signed, 15), expected, "11.5");
        let toffset = [
            0x51, 0x92, 0xfd, 0x03, 0x01, 0x13, 0xaf, 0xd1, 0x98, 0x0d, 0xb6, 0xfd, 0x19, 0xa6, 0x56, 0x00,
            0x54, 0x60, 0x00, 0x00,
        ];
        let expected = [304_920, 309_330, 306_360, 309_870, 306_900, 201_780, 207_180, 207_180];
        assert_eq!(all(307_980, &toffset, 8), expected, "11.8");
    }

    #[test]
    fn without_a_base_the_first_value_is_whole_and_others_may_be_absent() {
        let numbers = [0x42, 0x7f, 0xff, 0xff, 0x7e, 0x20, 0x51, 0x24, 0xa2, 0x4b, 0x4a, 0x80];
        let read = values(None, &numbers, 15).unwrap();
        assert_eq!((read[0], read[1], read[2], read[14]), (Some(2111), Some(2112), Some(2114), Some(2135)));
        let rotation = [0x40, 0x7f, 0x00, 0x20, 0, 0, 0, 0, 0, 0, 0];
        let read = values(None, &rotation, 58).unwrap();
        let present: Vec<_> = read.iter().enumerate().filter(|(_, value)| value.is_some()).collect();
        assert_eq!(present, [(10, &Some(0))], "11.7");
        assert_eq!(values(None, &[], 3), Ok(vec![None; 3]), "no block: all as the base");
        assert_eq!(all(7, &[], 3), [7, 7, 7]);
    }

    #[test]
    fn what_is_no_block_is_an_error() {
        for (block, why) in [
            (&[0x80_u8, 0][..], "kind 2"),
            (&[0xc0, 0], "kind 3"),
            (&[0x7f, 0x01], "wider than its values"),
            (&[0x40], "a cut header"),
            (&[0x06, 0x08], "too few bits"),
            (&[0x40, 0x40], "no room for the presence bits"),
        ] {
            assert!(values(Some(1), block, 40).is_err(), "{why}");
        }
        let full = [0x3f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
        assert_eq!(all(5, &full, 1), [4], "64 bits wide");
    }
}

//! Columns of integers as small bytes: what most rows have differs little from the row before.

/// Integers, some of them absent. Each is one more than the zigzag of its difference from the last that was there, seven
/// bits a byte, the least first; 0 is none. Differences wrap, as those of the farthest values have to.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Packed {
    bytes: Vec<u8>,
    last: i64,
}

/// One more than the greatest of 64 bits.
const FARTHEST: [u8; 10] = [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 2];

impl Packed {
    #[inline]
    pub(super) fn push(&mut self, value: Option<i64>) {
        let Some(value) = value else { return self.bytes.push(0) };
        let difference = value.wrapping_sub(self.last);
        self.last = value;
        let zigzag = ((difference << 1) ^ (difference >> 63)).cast_unsigned();
        match zigzag.checked_add(1) {
            Some(few @ ..0x80) => self.bytes.push(few as u8),
            Some(many) => self.push_bytes(many),
            None => self.bytes.extend(FARTHEST),
        }
    }

    fn push_bytes(&mut self, mut rest: u64) {
        while rest >= 0x80 {
            self.bytes.push(rest as u8 | 0x80);
            rest >>= 7;
        }
        self.bytes.push(rest as u8);
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The values as they were pushed.
    pub(super) fn iter(&self) -> impl Iterator<Item = Option<i64>> {
        let (mut rest, mut last) = (self.bytes.iter(), 0_i64);
        std::iter::from_fn(move || {
            let mut byte = *rest.next()?;
            if byte == 0 {
                return Some(None);
            }
            let (mut value, mut shift) = (u64::from(byte & 0x7f), 0);
            while byte & 0x80 != 0 {
                byte = *rest.next()?;
                shift += 7;
                value |= u64::from(byte & 0x7f) << shift;
            }
            // One more than the greatest has become 0, and is the greatest again.
            let zigzag = value.wrapping_sub(1);
            last = last.wrapping_add((zigzag >> 1).cast_signed() ^ -(zigzag & 1).cast_signed());
            Some(Some(last))
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn gives_back_what_was_pushed(values: Vec<Option<i64>>) {
            let mut packed = Packed::default();
            values.iter().for_each(|value| packed.push(*value));
            prop_assert_eq!(packed.iter().collect::<Vec<_>>(), values);
        }
    }

    #[test]
    fn the_farthest_values_are_given_back() {
        let values = [i64::MIN, i64::MAX, 0, i64::MIN, -1, i64::MAX, i64::MIN].map(Some);
        let mut packed = Packed::default();
        values.iter().for_each(|value| packed.push(*value));
        assert_eq!(packed.iter().collect::<Vec<_>>(), values);
    }

    #[test]
    fn what_stays_the_same_takes_a_byte() {
        let mut packed = Packed::default();
        (0..100).for_each(|_| packed.push(Some(1_000_000)));
        assert_eq!(packed.bytes().len(), 99 + 3);
    }
}

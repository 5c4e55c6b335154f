//! Columns of integers as small bytes: what most rows have differs little from the row before.

/// Integers, some of them absent. Each is one more than the zigzag of its difference from the last that was there, seven
/// bits a byte, the least first; 0 is none.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Packed {
    bytes: Vec<u8>,
    last: i64,
}

impl Packed {
    #[inline]
    pub(super) fn push(&mut self, value: Option<i64>) {
        let Some(value) = value else { return self.bytes.push(0) };
        let difference = i128::from(value) - i128::from(self.last);
        self.last = value;
        let mut rest = ((difference << 1) ^ (difference >> 127)) as u128 + 1;
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
        let (mut rest, mut last) = (self.bytes.iter(), 0);
        std::iter::from_fn(move || {
            let (mut value, mut shift) = (0_u128, 0);
            for byte in rest.by_ref() {
                value |= u128::from(byte & 0x7f) << shift;
                shift += 7;
                if byte & 0x80 == 0 {
                    return Some((value > 0).then(|| {
                        let zigzag = value - 1;
                        last += (zigzag >> 1) as i128 ^ -((zigzag & 1) as i128);
                        last as i64
                    }));
                }
            }
            None
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
    fn what_stays_the_same_takes_a_byte() {
        let mut packed = Packed::default();
        (0..100).for_each(|_| packed.push(Some(1_000_000)));
        assert_eq!(packed.bytes().len(), 99 + 3);
    }
}

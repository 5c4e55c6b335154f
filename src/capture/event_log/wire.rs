//! Protobuf on the wire: fields one after the other, each with its number and one of four forms (event log 1.2). Ten messages
//! are all that a log has, and a reader that wants a whole message in memory first would be of no use for a file of 60 MB.

/// Bytes that are no protobuf message, or one without what it must have; in words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(super) struct Broken(pub(super) &'static str);

/// A field's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Value<'a> {
    Varint(u64),
    Fixed32(u32),
    Fixed64,
    Bytes(&'a [u8]),
}

/// A number in groups of seven bits, the lowest first, and its length; `None` where the bytes end before it does.
pub(super) fn varint(bytes: &[u8]) -> Result<Option<(u64, usize)>, Broken> {
    let mut value = 0;
    for (place, byte) in bytes.iter().enumerate() {
        if place == MAX_VARINT {
            return Err(Broken("a number of more than ten bytes"));
        }
        value |= u64::from(byte & 0x7f).checked_shl(7 * place as u32).unwrap_or(0);
        if byte & 0x80 == 0 {
            return Ok(Some((value, place + 1)));
        }
    }
    if bytes.len() < MAX_VARINT { Ok(None) } else { Err(Broken("a number of more than ten bytes")) }
}

/// The longest number, bytes.
pub(super) const MAX_VARINT: usize = 10;

/// The fields of a message, in order.
#[derive(Debug, Clone)]
pub(super) struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    pub(super) fn new(message: &'a [u8]) -> Self {
        Self { rest: message }
    }

    fn varint(&mut self) -> Result<u64, Broken> {
        let (value, len) = varint(self.rest)?.ok_or(CUT)?;
        self.take(len)?;
        Ok(value)
    }

    fn take(&mut self, len: usize) -> Result<&'a [u8], Broken> {
        let (taken, rest) = self.rest.split_at_checked(len).ok_or(CUT)?;
        self.rest = rest;
        Ok(taken)
    }

    fn field(&mut self) -> Result<(u64, Value<'a>), Broken> {
        let tag = self.varint()?;
        let value = match tag & 7 {
            0 => Value::Varint(self.varint()?),
            1 => self.take(8).map(|_| Value::Fixed64)?,
            2 => {
                let len = usize::try_from(self.varint()?).map_err(|_| CUT)?;
                Value::Bytes(self.take(len)?)
            }
            5 => {
                let bytes = self.take(4)?.first_chunk().ok_or(CUT)?;
                Value::Fixed32(u32::from_le_bytes(*bytes))
            }
            _ => return Err(Broken("a field of an unknown wire type")),
        };
        if tag >> 3 == 0 { Err(Broken("a field with the number 0")) } else { Ok((tag >> 3, value)) }
    }
}

const CUT: Broken = Broken("a field runs past the end of its message");

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u64, Value<'a>), Broken>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_err() {
            self.rest = &[];
        }
        Some(field)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_read_from_its_lowest_seven_bits_on() {
        assert_eq!(varint(&[0xfc, 0x8c, 0x57, 9]), Ok(Some((1_427_068, 3))));
        assert_eq!(varint(&[0x80, 0x80]), Ok(None));
        let negative = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
        assert_eq!(varint(&negative), Ok(Some((u64::MAX, 10))));
        assert!(varint(&[0x80; 11]).is_err() && varint(&[0x80; 10]).is_err());
    }

    #[test]
    fn fields_of_all_forms_are_read_and_others_end_the_message() {
        let message = [0x08, 0x05, 0x2d, 1, 0, 0, 0, 0x12, 2, 7, 8, 0x19, 0, 0, 0, 0, 0, 0, 0, 0];
        let fields: Result<Vec<_>, _> = Fields::new(&message).collect();
        let expected =
            [(1, Value::Varint(5)), (5, Value::Fixed32(1)), (2, Value::Bytes(&[7, 8])), (3, Value::Fixed64)];
        assert_eq!(fields, Ok(expected.to_vec()));
        for broken in [&[0x0b_u8][..], &[0x00, 1], &[0x12, 3, 0], &[0x2d, 0, 0], &[0x08]] {
            assert!(Fields::new(broken).any(|field| field.is_err()), "{broken:?}");
        }
    }
}

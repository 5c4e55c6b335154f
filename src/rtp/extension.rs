//! Header extension elements (RFC 8285; specification 1.3, 1.4).

use crate::units::AbsSendTimeElement;

/// The profile of blocks whose elements have one byte of header.
pub(crate) const ONE_BYTE_HEADERS: u16 = 0xbede;

/// One element of a header extension block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Element<'a> {
    /// 1–14 in the one-byte form, 1–255 in the two-byte form.
    pub id: u8,
    /// The value, 0–255 bytes.
    pub value: &'a [u8],
}

impl Element<'_> {
    /// Its value as an abs-send-time.
    pub fn abs_send_time(&self) -> AbsSendTimeElement {
        AbsSendTimeElement::from_element(Some(self.value))
    }

    /// Its value as a transmission time offset: 24 bits with a sign, RTP ticks (RFC 5450, specification 1.7).
    pub fn transmission_offset(&self) -> Option<i32> {
        let &[high, middle, low] = self.value else { return None };
        Some(i32::from_be_bytes([high, middle, low, 0]) >> 8)
    }
}

/// The elements of a block, in order; those that the snaplen cut are left out.
#[derive(Debug, Clone)]
pub struct Elements<'a> {
    form: Form,
    /// What was captured of the block and is not yet looked at.
    rest: &'a [u8],
    /// Whether the block goes on behind it.
    is_cut: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    OneByte,
    TwoByte,
}

impl<'a> Elements<'a> {
    pub(super) const NONE: Self = Self { form: Form::OneByte, rest: &[], is_cut: false };

    /// The elements of a block of `declared` bytes, of which `captured` are at hand. Unknown profiles have none.
    #[inline]
    pub(super) fn new(profile: u16, captured: &'a [u8], declared: usize) -> Self {
        let form = match profile {
            ONE_BYTE_HEADERS => Form::OneByte,
            _ if profile & 0xfff0 == 0x1000 => Form::TwoByte,
            _ => return Self::NONE,
        };
        let rest = captured.get(..declared).unwrap_or(captured);
        Self { form, rest, is_cut: rest.len() < declared }
    }

    /// The elements of a whole block with one-byte headers.
    pub(crate) fn one_byte(block: &'a [u8]) -> Self {
        Self { form: Form::OneByte, rest: block, is_cut: false }
    }

    /// What is not yet looked at.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Id and length of the element that begins with `head`, and what follows; `None` ends the block.
    #[inline]
    fn header(&self, head: u8, body: &'a [u8]) -> Option<(u8, usize, &'a [u8])> {
        match self.form {
            // Id 15 ends the block, and so does id 0 unless it is padding.
            Form::OneByte if matches!(head >> 4, 0 | 15) => None,
            Form::OneByte => Some((head >> 4, usize::from(head & 0x0f) + 1, body)),
            Form::TwoByte => {
                let (len, body) = body.split_first()?;
                // A header at the very end is not examined, even one whose value would be empty.
                let is_examined = !body.is_empty() || self.is_cut;
                is_examined.then_some((head, usize::from(*len), body))
            }
        }
    }
}

impl<'a> Iterator for Elements<'a> {
    type Item = Element<'a>;

    #[inline]
    fn next(&mut self) -> Option<Element<'a>> {
        loop {
            let (&head, body) = self.rest.split_first()?;
            if head == 0 {
                self.rest = body;
                continue;
            }
            let element = self.header(head, body).and_then(|(id, len, body)| {
                let (value, rest) = body.split_at_checked(len)?;
                Some((Element { id, value }, rest))
            });
            let Some((element, rest)) = element else {
                self.rest = &[];
                return None;
            };
            self.rest = rest;
            return Some(element);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(digits: &str) -> Vec<u8> {
        (0..digits.len()).step_by(2).map(|i| u8::from_str_radix(&digits[i..i + 2], 16).unwrap()).collect()
    }

    fn elements(profile: u16, block: &[u8], declared: usize) -> Vec<(u8, &[u8])> {
        Elements::new(profile, block, declared).map(|e| (e.id, e.value)).collect()
    }

    /// Specification C4; where an id occurs twice, both are given and the last counts.
    #[test]
    fn blocks_are_parsed_as_in_the_table() {
        for (profile, block, expected) in [
            (0xbede, "32123456", &[(3, "123456")][..]),
            (0xbede, "0032123456000000", &[(3, "123456")]),
            (0xbede, "10AA003212345600", &[(1, "AA"), (3, "123456")]),
            (0xbede, "10AAF03212345600", &[(1, "AA")]),
            (0xbede, "10AA023212345600", &[(1, "AA")]),
            (0xbede, "3212345631ABCDEF", &[(3, "123456"), (3, "ABCD")]),
            (0xbede, "10AA003312345600", &[(1, "AA"), (3, "12345600")]),
            (0x1000, "0303123456000000", &[(3, "123456")]),
            (0x100f, "0003031234560000", &[(3, "123456")]),
            (0x1000, "0300050212340000", &[(3, ""), (5, "1234")]),
            (0x1000, "0F03123456000000", &[(15, "123456")]),
            (0x1000, "0307123456780000", &[]),
            (0x2000, "32123456", &[]),
        ] {
            let block = hex(block);
            let expected: Vec<_> = expected.iter().map(|&(id, value)| (id, hex(value))).collect();
            let found = elements(profile, &block, block.len());
            assert!(found.iter().copied().eq(expected.iter().map(|(id, v)| (*id, &v[..]))), "{found:02x?}");
        }
    }

    #[test]
    fn a_lone_header_at_the_very_end_is_not_examined() {
        assert_eq!(elements(0x1000, &[0, 0, 3, 0], 4), []);
        assert_eq!(elements(0x1000, &[0, 3, 0, 0], 4), [(3, &[][..])]);
    }

    #[test]
    fn a_cut_block_shows_its_whole_elements() {
        let block = [0x10, 0xaa, 0x32, 1, 2, 3, 0, 0];
        for (captured, seen) in [(8, 2), (6, 2), (5, 1), (3, 1), (2, 1), (1, 0), (0, 0)] {
            assert_eq!(elements(0xbede, &block[..captured], 8).len(), seen, "{captured} bytes captured");
        }
        assert_eq!(elements(0x1000, &[3, 0], 4), [(3, &[][..])], "an empty element that ends at the cut");
    }

    #[test]
    fn bytes_beyond_the_block_are_not_elements() {
        assert_eq!(elements(0xbede, &[0x10, 0xaa, 0, 0, 0x20, 0xbb], 4), [(1, &[0xaa][..])]);
    }

    /// Specification C3.
    #[test]
    fn transmission_offsets_are_signed() {
        for (bytes, ticks) in [
            ([0, 0, 0], 0),
            ([0, 0, 1], 1),
            ([0x7f, 0xff, 0xff], 8_388_607),
            ([0x80, 0, 0], -8_388_608),
            ([0xff, 0xff, 0xff], -1),
            ([0xff, 0xff, 0x4c], -180),
        ] {
            assert_eq!(Element { id: 1, value: &bytes }.transmission_offset(), Some(ticks));
        }
        assert_eq!(Element { id: 1, value: &[1, 2] }.transmission_offset(), None);
    }
}

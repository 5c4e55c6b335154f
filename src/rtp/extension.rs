//! Header extension elements in both forms of RFC 8285 (specification 1.3).

use crate::units::AbsSendTime;

use super::RtpPacket;

const ONE_BYTE_PROFILE: u16 = 0xbede;
const TWO_BYTE_PROFILE: u16 = 0x1000;
const TWO_BYTE_PROFILE_MASK: u16 = 0xfff0;
const RESERVED_ONE_BYTE_ID: u8 = 15;

/// One element: its id and its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Element<'a> {
    /// 1–14 in the one-byte form, 1–255 in the two-byte form.
    pub id: u8,
    /// The value, perhaps empty.
    pub value: &'a [u8],
}

/// What a packet has of abs-send-time. Present and readable differ (specification 1.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AbsSendTimeElement {
    /// No element with the id.
    Absent,
    /// An element of another length than 3.
    Unreadable,
    /// The send time.
    Value(AbsSendTime),
}

/// The elements of an extension block in order. Parsing stops at the first that makes no sense.
#[derive(Debug, Clone)]
pub struct Elements<'a> {
    block: &'a [u8],
    header_len: usize,
}

impl<'a> Elements<'a> {
    /// The elements of a block with its profile; none for an unknown profile.
    pub fn new(profile: u16, block: &'a [u8]) -> Self {
        match profile {
            ONE_BYTE_PROFILE => Self { block, header_len: 1 },
            _ if profile & TWO_BYTE_PROFILE_MASK == TWO_BYTE_PROFILE => Self { block, header_len: 2 },
            _ => Self::none(),
        }
    }

    /// No elements.
    pub const fn none() -> Self {
        Self { block: &[], header_len: 1 }
    }

    /// The next element, if its header makes sense.
    fn parse(&mut self) -> Option<Element<'a>> {
        // A lone element header at the very end is not examined.
        while self.block.len() > self.header_len {
            let (first, rest) = self.block.split_first()?;
            if *first == 0 {
                self.block = rest;
                continue;
            }
            let (id, len, rest) = match self.header_len {
                1 => (first >> 4, usize::from(first & 0x0f) + 1, rest),
                _ => {
                    let (len, rest) = rest.split_first()?;
                    (*first, usize::from(*len), rest)
                }
            };
            if self.header_len == 1 && (id == 0 || id == RESERVED_ONE_BYTE_ID) {
                return None;
            }
            let (value, rest) = rest.split_at_checked(len)?;
            self.block = rest;
            return Some(Element { id, value });
        }
        None
    }
}

impl<'a> Iterator for Elements<'a> {
    type Item = Element<'a>;

    fn next(&mut self) -> Option<Element<'a>> {
        let element = self.parse();
        if element.is_none() {
            self.block = &[];
        }
        element
    }
}

impl RtpPacket<'_> {
    /// The abs-send-time element with this id; of several the last counts.
    pub fn abs_send_time(&self, id: u8) -> AbsSendTimeElement {
        match self.elements().filter(|element| element.id == id).last() {
            None => AbsSendTimeElement::Absent,
            Some(element) => match element.value.try_into() {
                Ok(bytes) => AbsSendTimeElement::Value(AbsSendTime::from_be_bytes(bytes)),
                Err(_) => AbsSendTimeElement::Unreadable,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Specification C4.
    #[test]
    fn blocks_are_read_as_in_the_table() {
        for (profile, block, expected) in [
            (0xBEDE, "32123456", "3:123456"),
            (0xBEDE, "0032123456000000", "3:123456"),
            (0xBEDE, "10AA003212345600", "1:aa 3:123456"),
            (0xBEDE, "10AAF03212345600", "1:aa"),
            (0xBEDE, "10AA023212345600", "1:aa"),
            (0xBEDE, "3212345631ABCDEF", "3:123456 3:abcd"),
            (0xBEDE, "10AA003312345600", "1:aa 3:12345600"),
            (0x1000, "0303123456000000", "3:123456"),
            (0x100F, "0003031234560000", "3:123456"),
            (0x1000, "0300050212340000", "3: 5:1234"),
            (0x1000, "0F03123456000000", "15:123456"),
            (0x1000, "0307123456780000", ""),
            (0x2000, "32123456", ""),
        ] {
            let bytes: Vec<_> = (0..block.len())
                .step_by(2)
                .map(|at| u8::from_str_radix(&block[at..at + 2], 16).unwrap())
                .collect();
            let elements: Vec<_> = Elements::new(profile, &bytes)
                .map(|Element { id, value }| {
                    let value: String = value.iter().map(|byte| format!("{byte:02x}")).collect();
                    format!("{id}:{value}")
                })
                .collect();
            assert_eq!(elements.join(" "), expected, "{profile:04x} {block}");
        }
    }

    #[test]
    fn of_a_repeated_element_the_last_counts_even_if_unreadable() {
        let packet =
            |block: &[u8]| [&[0x90, 96, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xbe, 0xde, 0, 2][..], block].concat();
        let read = |block: &[u8], id| {
            let bytes = packet(block);
            RtpPacket::parse(&bytes, 1000).unwrap().abs_send_time(id)
        };
        let twice = [0x32, 0x12, 0x34, 0x56, 0x31, 0xab, 0xcd, 0xef];
        assert_eq!(read(&twice, 3), AbsSendTimeElement::Unreadable);
        assert_eq!(read(&twice, 4), AbsSendTimeElement::Absent);
        let zero = [0x32, 0, 0, 0, 0, 0, 0, 0];
        assert_eq!(read(&zero, 3), AbsSendTimeElement::Value(AbsSendTime::from_raw(0)), "zero is a time");
    }
}

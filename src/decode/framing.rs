//! Where messages begin and end in a TCP stream: RFC 4571 (ICE-TCP), or TURN over TCP.

use super::{stun, turn};

/// How a stream is divided into messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// Each message behind its length in two bytes.
    Rfc4571,
    /// STUN messages, and channel data padded to four bytes.
    Turn,
}

/// One message as it lies in the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Extent {
    /// Bytes before the message's own.
    pub(super) prefix: usize,
    pub(super) len: usize,
    /// Bytes behind it.
    pub(super) padding: usize,
}

impl Extent {
    pub(super) const fn total(self) -> usize {
        self.prefix + self.len + self.padding
    }
}

const LENGTH_PREFIX: usize = 2;
/// Bytes from which any message can be told.
pub(super) const ENOUGH: usize = LENGTH_PREFIX + 8;
const SMALLEST_RTCP: usize = 8;
/// The kinds of message by their first byte (RFC 7983), but for STUN's.
const DTLS: std::ops::RangeInclusive<u8> = 20..=63;
const RTP_AND_RTCP: std::ops::RangeInclusive<u8> = 128..=191;
const DTLS_MAJOR_VERSION: u8 = 0xfe;

impl Framing {
    /// How a stream is divided of which a segment of `len` bytes starts so; `None` if nothing shows it.
    ///
    /// One byte that may be RTP's proves nothing: the message has to be STUN, to end where the segment ends, or to be
    /// followed by another one.
    pub(super) fn recognise(start: &[u8], len: usize) -> Option<Self> {
        [Self::Turn, Self::Rfc4571].into_iter().find(|framing| {
            framing.extent(start).is_some_and(|extent| {
                let after = start.get(extent.total()..);
                let is_stun = start.get(extent.prefix..).and_then(stun::message_len).is_some();
                is_stun || extent.total() == len || after.is_some_and(|after| framing.extent(after).is_some())
            })
        })
    }

    /// The message that starts here, if its first bytes are those of one.
    pub(super) fn extent(self, start: &[u8]) -> Option<Extent> {
        match self {
            Self::Rfc4571 => rfc4571(start),
            Self::Turn => turn(start),
        }
    }
}

fn rfc4571(start: &[u8]) -> Option<Extent> {
    let (prefix, content) = start.split_first_chunk::<LENGTH_PREFIX>()?;
    let len = usize::from(u16::from_be_bytes(*prefix));
    let known = match content {
        [first, second, ..] if DTLS.contains(first) => *second == DTLS_MAJOR_VERSION,
        [first, ..] if RTP_AND_RTCP.contains(first) => true,
        [0..=3, _, _, _, cookie @ ..] => cookie.starts_with(&stun::COOKIE),
        _ => false,
    };
    (known && len >= SMALLEST_RTCP).then_some(Extent { prefix: LENGTH_PREFIX, len, padding: 0 })
}

fn turn(start: &[u8]) -> Option<Extent> {
    if let Some(len) = stun::message_len(start) {
        return Some(Extent { prefix: 0, len, padding: 0 });
    }
    let (_, len) = turn::channel_header(start)?;
    let content = *start.get(turn::CHANNEL_HEADER_LEN)?;
    let known = content <= 3 || DTLS.contains(&content) || RTP_AND_RTCP.contains(&content);
    let len = turn::CHANNEL_HEADER_LEN + len;
    (known && len >= turn::CHANNEL_HEADER_LEN + SMALLEST_RTCP).then_some(Extent {
        prefix: 0,
        len,
        padding: len.next_multiple_of(4) - len,
    })
}

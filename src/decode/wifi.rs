//! IEEE 802.11, bare or behind a radiotap header: data frames that are neither encrypted nor put together nor in pieces.

use super::Skip;
use super::layer::{Layer, tail};

const RADIOTAP_HEADER_LEN: usize = 8;
/// In the last byte of a word of present fields: another word follows.
const MORE_FIELDS: u8 = 0x80;
const HAS_TIME: u8 = 1;
const HAS_FLAGS: u8 = 2;
const TIME_LEN: usize = 8;
const FLAG_PADDED: u8 = 0x20;
const FLAG_BAD_CHECKSUM: u8 = 0x40;

/// Frame control, duration, three addresses, sequence control.
const HEADER_LEN: usize = 24;
const ADDRESS_LEN: usize = 6;
const QOS_LEN: usize = 2;
const HT_CONTROL_LEN: usize = 4;
/// Version and type, of the first byte.
const KIND: u8 = 0x0f;
const DATA: u8 = 0x08;
/// Of data frames: one without data, and one with a QoS field.
const WITHOUT_DATA: u8 = 0x40;
const QOS: u8 = 0x80;
/// Of the second byte.
const BETWEEN_STATIONS: u8 = 3;
const MORE_FRAGMENTS: u8 = 4;
const PROTECTED: u8 = 0x40;
const ORDER: u8 = 0x80;
/// Of the sequence control's first byte, and of the QoS field's.
const FRAGMENT_NUMBER: u8 = 0x0f;
const AGGREGATED: u8 = 0x80;

/// Behind a radiotap header.
pub(super) fn radiotap(data: &[u8]) -> Result<Layer<'_>, Skip> {
    let &[version, _, l0, l1, ..] = data.first_chunk::<RADIOTAP_HEADER_LEN>().ok_or(Skip::CutShort)?;
    let len = usize::from(u16::from_le_bytes([l0, l1]));
    if version != 0 || len < RADIOTAP_HEADER_LEN {
        return Err(Skip::Malformed);
    }
    let flags = flags(data.get(..len).ok_or(Skip::CutShort)?);
    match flags & FLAG_BAD_CHECKSUM {
        0 => data_frame(tail(data, len)?, flags & FLAG_PADDED != 0),
        _ => Err(Skip::Malformed),
    }
}

/// The flags, if there are any; fields follow the words that say which are present, each aligned to its size.
fn flags(header: &[u8]) -> u8 {
    let words = || header.get(RADIOTAP_HEADER_LEN - 4..).unwrap_or_default().chunks_exact(4);
    let more = words().take_while(|word| word.last().is_some_and(|last| last & MORE_FIELDS != 0)).count();
    let fields_at = RADIOTAP_HEADER_LEN + 4 * more;
    let present = words().next().and_then(|word| word.first()).copied().unwrap_or_default();
    let at = match present & HAS_TIME {
        0 => fields_at,
        _ => fields_at.next_multiple_of(TIME_LEN) + TIME_LEN,
    };
    header.get(at).copied().filter(|_| present & HAS_FLAGS != 0).unwrap_or_default()
}

/// A frame, its header padded to four bytes or not.
pub(super) fn data_frame(data: &[u8], is_padded: bool) -> Result<Layer<'_>, Skip> {
    let &[first, second] = data.first_chunk().ok_or(Skip::CutShort)?;
    if first & KIND != DATA || first & WITHOUT_DATA != 0 {
        return Err(Skip::NotIp);
    }
    if second & PROTECTED != 0 {
        return Err(Skip::WifiProtected);
    }
    let sequence = *data.get(HEADER_LEN - 2).ok_or(Skip::CutShort)?;
    if second & MORE_FRAGMENTS != 0 || sequence & FRAGMENT_NUMBER != 0 {
        return Err(Skip::WifiFragment);
    }
    let mut len = HEADER_LEN;
    if second & BETWEEN_STATIONS == BETWEEN_STATIONS {
        len += ADDRESS_LEN;
    }
    if first & QOS != 0 {
        if data.get(len).ok_or(Skip::CutShort)? & AGGREGATED != 0 {
            return Err(Skip::WifiAggregate);
        }
        len += QOS_LEN;
        if second & ORDER != 0 {
            len += HT_CONTROL_LEN;
        }
    }
    let len = if is_padded { len.next_multiple_of(4) } else { len };
    Ok(Layer::Llc(tail(data, len)?))
}

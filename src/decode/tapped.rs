//! What macOS and Linux put before a packet that they hand out: PKTAP and the netfilter log.

use super::Skip;
use super::layer::Layer;
use super::layers::ip_or;
use crate::capture::{Direction, LinkType};

const PKTAP_DIRECTION_AT: usize = 36;
const PKTAP_MIN_LEN: usize = PKTAP_DIRECTION_AT + 4;
const PKTAP_INBOUND: u32 = 1;
const PKTAP_OUTBOUND: u32 = 2;

const NFLOG_HEADER_LEN: usize = 4;
const NFLOG_PAYLOAD: u16 = 9;
const ATTRIBUTE_HEADER_LEN: usize = 4;

/// A frame behind its PKTAP header.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tapped<'a> {
    pub(super) link_type: LinkType,
    pub(super) direction: Option<Direction>,
    pub(super) data: &'a [u8],
}

/// Takes off a PKTAP header, which is in the byte order of the machine that captured.
pub(super) fn pktap(data: &[u8]) -> Result<Tapped<'_>, Skip> {
    let words = |at: usize| data.get(at..).and_then(|rest| rest.first_chunk()).ok_or(Skip::CutShort);
    let fits = |len: u32| usize::try_from(len).is_ok_and(|len| (PKTAP_MIN_LEN..=data.len()).contains(&len));
    let word = match *words(0)? {
        len if fits(u32::from_le_bytes(len)) => u32::from_le_bytes,
        len if fits(u32::from_be_bytes(len)) => u32::from_be_bytes,
        _ => return Err(Skip::CutShort),
    };
    let number = |at| words(at).map(|bytes| word(*bytes));
    let flags = number(PKTAP_DIRECTION_AT)?;
    Ok(Tapped {
        link_type: LinkType(u16::try_from(number(8)?).unwrap_or(u16::MAX)),
        direction: match flags & (PKTAP_INBOUND | PKTAP_OUTBOUND) {
            PKTAP_INBOUND => Some(Direction::Inbound),
            PKTAP_OUTBOUND => Some(Direction::Outbound),
            _ => None,
        },
        data: data.get(usize::try_from(number(0)?).unwrap_or(usize::MAX)..).ok_or(Skip::CutShort)?,
    })
}

/// The packet among the attributes of a netfilter log's record, in the byte order of the machine that captured.
pub(super) fn nflog(data: &[u8]) -> Result<Layer<'_>, Skip> {
    let attributes = data.get(NFLOG_HEADER_LEN..).ok_or(Skip::CutShort)?;
    let payload = payload_of(attributes, u16::from_le_bytes);
    let payload = payload.or_else(|| payload_of(attributes, u16::from_be_bytes));
    ip_or(payload.ok_or(Skip::CutShort)?, Skip::NotIp)
}

fn payload_of(mut attributes: &[u8], number: fn([u8; 2]) -> u16) -> Option<&[u8]> {
    loop {
        let (&[l0, l1, t0, t1], rest) = attributes.split_first_chunk::<ATTRIBUTE_HEADER_LEN>()?;
        let len = usize::from(number([l0, l1])).checked_sub(ATTRIBUTE_HEADER_LEN)?;
        if number([t0, t1]) == NFLOG_PAYLOAD {
            return Some(rest.get(..len).unwrap_or(rest));
        }
        attributes = rest.get(len.next_multiple_of(4)..)?;
    }
}

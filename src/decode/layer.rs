//! What stands behind a header between the link layer and IP.

use super::Skip;

/// What stands behind a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layer<'a> {
    /// An IP packet.
    Ip(&'a [u8]),
    /// What the EtherType says.
    Ether(u16, &'a [u8]),
    /// An Ethernet frame.
    Ethernet(&'a [u8]),
    /// LLC, as behind 802.3 and 802.11.
    Llc(&'a [u8]),
    /// PPP, with or without its address and control bytes.
    Ppp(&'a [u8]),
    /// A stack of MPLS labels.
    Mpls(&'a [u8]),
}

pub(super) fn tail(data: &[u8], at: usize) -> Result<&[u8], Skip> {
    data.get(at..).ok_or(Skip::CutShort)
}

pub(super) fn u16_at(data: &[u8], at: usize) -> Result<u16, Skip> {
    tail(data, at)?.first_chunk().map(|bytes| u16::from_be_bytes(*bytes)).ok_or(Skip::CutShort)
}

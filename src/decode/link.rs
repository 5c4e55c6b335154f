//! The link layers, down to the IP packet.

use crate::capture::{Direction, Frame, LinkType};

use super::Skip;

/// An IP packet and what carried it.
#[derive(Debug)]
pub(super) struct IpPacket<'a> {
    pub(super) data: &'a [u8],
    pub(super) ethernet: Option<[[u8; 6]; 2]>,
    pub(super) direction: Option<Direction>,
}

const NULL: LinkType = LinkType(0);
const ETHERNET: LinkType = LinkType(1);
const RAW_BSD: LinkType = LinkType(12);
const RAW_OPENBSD: LinkType = LinkType(14);
const RAW: LinkType = LinkType(101);
const LOOP: LinkType = LinkType(108);
const LINUX_COOKED: LinkType = LinkType(113);
const IPV4: LinkType = LinkType(228);
const IPV6: LinkType = LinkType(229);
const LINUX_COOKED_V2: LinkType = LinkType(276);

const ETHER_IPV4: u16 = 0x0800;
const ETHER_IPV6: u16 = 0x86dd;
const ETHER_MPLS: [u16; 2] = [0x8847, 0x8848];
const ETHER_PPPOE: [u16; 2] = [0x8863, 0x8864];
/// 802.1Q, 802.1ad, and the tag type that came before the latter.
const ETHER_VLAN: [u16; 3] = [0x8100, 0x88a8, 0x9100];

const ADDRESSES_LEN: usize = 12;
const LOOPBACK_FAMILY_LEN: usize = 4;
const COOKED_TYPE_AT: usize = 14;
const COOKED_V2_LEN: usize = 20;
/// The packet type of Linux cooked headers: its low byte, and what it says of packets that the host sent itself.
const COOKED_KIND_AT: usize = 1;
const COOKED_V2_KIND_AT: usize = 10;
const KIND_TO_HOST: u8 = 0;
const KIND_SENT: u8 = 4;
/// AF_INET everywhere; AF_INET6 of Linux and Windows, NetBSD, FreeBSD, Darwin.
const FAMILY_IPV4: u32 = 2;
const FAMILIES_IPV6: [u32; 5] = [10, 23, 24, 28, 30];

pub(super) fn ip_packet<'a>(frame: &Frame<'a>) -> Result<IpPacket<'a>, Skip> {
    let plain = |data| Ok(IpPacket { data, ethernet: None, direction: frame.direction });
    let cooked = |data, kind_at| {
        let direction = frame.direction.or_else(|| cooked_direction(frame.data, kind_at));
        Ok(IpPacket { data, ethernet: None, direction })
    };
    match frame.link_type {
        ETHERNET => Ok(IpPacket { direction: frame.direction, ..ethernet(frame.data)? }),
        RAW | RAW_BSD | RAW_OPENBSD | IPV4 | IPV6 => plain(frame.data),
        NULL | LOOP => plain(loopback(frame.data)?),
        LINUX_COOKED => cooked(after_ether_type(tail(frame.data, COOKED_TYPE_AT)?)?, COOKED_KIND_AT),
        LINUX_COOKED_V2 => {
            let (ether_type, payload) = (u16_at(frame.data, 0)?, tail(frame.data, COOKED_V2_LEN)?);
            cooked(ether_payload(ether_type, payload)?, COOKED_V2_KIND_AT)
        }
        _ => Err(Skip::LinkType),
    }
}

/// The IP packet of an Ethernet frame.
pub(super) fn ethernet(data: &[u8]) -> Result<IpPacket<'_>, Skip> {
    let (addresses, rest) = data.split_first_chunk::<ADDRESSES_LEN>().ok_or(Skip::CutShort)?;
    let (mut source, mut destination) = ([0; 6], [0; 6]);
    destination.copy_from_slice(&addresses[..6]);
    source.copy_from_slice(&addresses[6..]);
    Ok(IpPacket { data: after_ether_type(rest)?, ethernet: Some([source, destination]), direction: None })
}

fn cooked_direction(data: &[u8], kind_at: usize) -> Option<Direction> {
    match *data.get(kind_at)? {
        KIND_TO_HOST => Some(Direction::Inbound),
        KIND_SENT => Some(Direction::Outbound),
        _ => None,
    }
}

/// From an EtherType on.
fn after_ether_type(data: &[u8]) -> Result<&[u8], Skip> {
    ether_payload(u16_at(data, 0)?, tail(data, 2)?)
}

/// The IP packet behind any number of VLAN tags.
fn ether_payload(mut ether_type: u16, mut payload: &[u8]) -> Result<&[u8], Skip> {
    while ETHER_VLAN.contains(&ether_type) {
        ether_type = u16_at(payload, 2)?;
        payload = tail(payload, 4)?;
    }
    match ether_type {
        ETHER_IPV4 | ETHER_IPV6 => Ok(payload),
        _ if ETHER_MPLS.contains(&ether_type) => Err(Skip::Mpls),
        _ if ETHER_PPPOE.contains(&ether_type) => Err(Skip::Pppoe),
        _ => Err(Skip::NotIp),
    }
}

/// An address family in the byte order of the machine that captured, whichever that was.
fn loopback(data: &[u8]) -> Result<&[u8], Skip> {
    let (family, packet) = data.split_first_chunk::<LOOPBACK_FAMILY_LEN>().ok_or(Skip::CutShort)?;
    let is_ip = |family: u32| family == FAMILY_IPV4 || FAMILIES_IPV6.contains(&family);
    if is_ip(u32::from_le_bytes(*family)) || is_ip(u32::from_be_bytes(*family)) {
        Ok(packet)
    } else {
        Err(Skip::NotIp)
    }
}

fn tail(data: &[u8], at: usize) -> Result<&[u8], Skip> {
    data.get(at..).ok_or(Skip::CutShort)
}

fn u16_at(data: &[u8], at: usize) -> Result<u16, Skip> {
    tail(data, at)?.first_chunk().map(|bytes| u16::from_be_bytes(*bytes)).ok_or(Skip::CutShort)
}

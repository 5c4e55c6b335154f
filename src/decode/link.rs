//! The link layers, down to the IP packet.

use crate::capture::{Direction, Frame, LinkType};

use super::layer::{Layer, tail, u16_at};
use super::layers::{ETHER_IPV4, ETHER_IPV6, ETHERNET_ADDRESSES_LEN, ip_behind, untagged};
use super::tapped::{self, Tapped};
use super::{Skip, ppp, wifi};

/// An IP packet and what carried it.
#[derive(Debug)]
pub(super) struct IpPacket<'a> {
    pub(super) data: &'a [u8],
    pub(super) ethernet: Option<[[u8; 6]; 2]>,
    pub(super) direction: Option<Direction>,
}

const NULL: LinkType = LinkType(0);
const PPP: LinkType = LinkType(9);
const RAW_BSD: LinkType = LinkType(12);
const RAW_OPENBSD: LinkType = LinkType(14);
const PPP_HDLC: LinkType = LinkType(50);
const PPPOE: LinkType = LinkType(51);
const RAW: LinkType = LinkType(101);
const CISCO_HDLC: LinkType = LinkType(104);
const WIFI: LinkType = LinkType(105);
const LOOP: LinkType = LinkType(108);
const LINUX_COOKED: LinkType = LinkType(113);
const RADIOTAP: LinkType = LinkType(127);
const PPP_WITH_DIRECTION: LinkType = LinkType(204);
const IPV4: LinkType = LinkType(228);
const IPV6: LinkType = LinkType(229);
const NFLOG: LinkType = LinkType(239);
const PKTAP: LinkType = LinkType(258);
const LINUX_COOKED_V2: LinkType = LinkType(276);

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
        LinkType::ETHERNET => Ok(IpPacket { direction: frame.direction, ..ethernet(frame.data)? }),
        RAW | RAW_BSD | RAW_OPENBSD | IPV4 | IPV6 => plain(frame.data),
        NULL | LOOP => plain(loopback(frame.data)?),
        LINUX_COOKED => cooked(after_ether_type(tail(frame.data, COOKED_TYPE_AT)?)?.0, COOKED_KIND_AT),
        LINUX_COOKED_V2 => {
            let (ether_type, payload) = (u16_at(frame.data, 0)?, tail(frame.data, COOKED_V2_LEN)?);
            cooked(ether_payload(ether_type, payload)?.0, COOKED_V2_KIND_AT)
        }
        _ => rare(frame),
    }
}

/// The link type of a frame that is not read: what PKTAP wraps is what it is.
pub fn unread_link_type(frame: &Frame<'_>) -> LinkType {
    let tapped = (frame.link_type == PKTAP).then(|| tapped::pktap(frame.data).ok()).flatten();
    tapped.map_or(frame.link_type, |tapped| tapped.link_type)
}

#[cold]
fn rare<'a>(frame: &Frame<'a>) -> Result<IpPacket<'a>, Skip> {
    let mut direction = frame.direction;
    let layer = match frame.link_type {
        PPP => Layer::Ppp(frame.data),
        PPP_HDLC | CISCO_HDLC => ppp::hdlc(frame.data)?,
        PPPOE => ppp::session(frame.data)?,
        PPP_WITH_DIRECTION => {
            let (sent, packet) = frame.data.split_first().ok_or(Skip::CutShort)?;
            direction = direction.or(Some(if *sent == 0 { Direction::Inbound } else { Direction::Outbound }));
            Layer::Ppp(packet)
        }
        WIFI => wifi::data_frame(frame.data, false)?,
        RADIOTAP => wifi::radiotap(frame.data)?,
        NFLOG => tapped::nflog(frame.data)?,
        PKTAP => {
            let Tapped { link_type, direction, data } = tapped::pktap(frame.data)?;
            return match link_type {
                PKTAP => Err(Skip::TooDeep),
                _ => {
                    ip_packet(&Frame { link_type, data, direction: frame.direction.or(direction), ..*frame })
                }
            };
        }
        _ => return Err(Skip::LinkType),
    };
    Ok(IpPacket { data: ip_behind(layer)?, ethernet: None, direction })
}

/// The IP packet of an Ethernet frame.
fn ethernet(data: &[u8]) -> Result<IpPacket<'_>, Skip> {
    let (addresses, rest) = data.split_first_chunk::<ETHERNET_ADDRESSES_LEN>().ok_or(Skip::CutShort)?;
    let (mut source, mut destination) = ([0; 6], [0; 6]);
    destination.copy_from_slice(&addresses[..6]);
    source.copy_from_slice(&addresses[6..]);
    let (data, is_plain) = after_ether_type(rest)?;
    Ok(IpPacket { data, ethernet: is_plain.then_some([source, destination]), direction: None })
}

fn cooked_direction(data: &[u8], kind_at: usize) -> Option<Direction> {
    match *data.get(kind_at)? {
        KIND_TO_HOST => Some(Direction::Inbound),
        KIND_SENT => Some(Direction::Outbound),
        _ => None,
    }
}

/// From an EtherType on.
fn after_ether_type(data: &[u8]) -> Result<(&[u8], bool), Skip> {
    ether_payload(u16_at(data, 0)?, tail(data, 2)?)
}

/// The IP packet, and whether nothing but VLAN tags lies before it.
fn ether_payload(ether_type: u16, payload: &[u8]) -> Result<(&[u8], bool), Skip> {
    match untagged(ether_type, payload)? {
        (ETHER_IPV4 | ETHER_IPV6, packet) => Ok((packet, true)),
        (ether_type, payload) => Ok((ip_behind(Layer::Ether(ether_type, payload))?, false)),
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

//! Tunnels in which clouds, data centres and mobile networks carry traffic: VXLAN (RFC 7348), Geneve (RFC 8926), GTP-U
//! (3GPP TS 29.281), GRE (RFC 2784, 2890) with IP, MPLS, Ethernet or ERSPAN. Others are recognised by name and not read.

use super::Skip;
use super::layer::Layer;
use super::layers::{ETHER_IPV4, ETHER_IPV6, ETHER_MPLS, MIN_ETHER_TYPE, ip_or};

/// IANA's port, and the one that Linux had before.
const VXLAN_PORTS: [u16; 2] = [4789, 8472];
const VXLAN_HEADER_LEN: usize = 8;
const GTP_U_PORT: u16 = 2152;
/// A message that carries a user's packet.
const GTP_PACKET: u8 = 0xff;
const GTP_HEADER_LEN: usize = 8;
const GTP_FURTHER_FIELDS: u8 = 7;
const GTP_EXTENDED: u8 = 4;
const GENEVE_PORT: u16 = 6081;
const GENEVE_HEADER_LEN: usize = 8;
const GENEVE_OPTIONS: u8 = 0x3f;
const TRANSPARENT_ETHERNET: u16 = 0x6558;

const GRE_CHECKSUM: u16 = 0x8000;
const GRE_ROUTING: u16 = 0x4000;
const GRE_KEY: u16 = 0x2000;
const GRE_SEQUENCE: u16 = 0x1000;
const GRE_VERSION: u16 = 0x0007;
const ETHER_ERSPAN: u16 = 0x88be;
const ERSPAN_HEADER_LEN: usize = 8;
const ETHER_ERSPAN_3: u16 = 0x22eb;
const ERSPAN_3_HEADER_LEN: usize = 12;
/// Of the header's last two bytes: what kind of frame follows, Ethernet's being zero, and whether another header does first.
const ERSPAN_3_KIND: u16 = 0x7c00;
const ERSPAN_3_FURTHER: u16 = 1;
const ERSPAN_3_FURTHER_LEN: usize = 8;

/// What a datagram to this port carries; `None` if it is no tunnel.
///
/// A port alone says little: RTP may use any of them. What is in the datagram has to look like the tunnel too.
pub(super) fn udp(port: u16, payload: &[u8]) -> Result<Option<Layer<'_>>, Skip> {
    match (port, payload) {
        (port, &[0x08, 0, 0, 0, _, _, _, 0, ..]) if VXLAN_PORTS.contains(&port) => {
            Ok(payload.get(VXLAN_HEADER_LEN..).map(Layer::Ethernet))
        }
        // Version 1, protocol type GTP.
        (GTP_U_PORT, &[flags, GTP_PACKET, ..]) if flags >> 4 == 3 => gtp_u(flags, payload).map(Some),
        (GENEVE_PORT, &[options, flags, p0, p1, _, _, _, 0, ..])
            if options >> 6 == 0 && flags & 0x3f == 0 =>
        {
            geneve(options, u16::from_be_bytes([p0, p1]), payload)
        }
        _ => Ok(None),
    }
}

/// A user's packet behind sequence number and extension headers, each of which tells its length and what is next.
fn gtp_u(flags: u8, message: &[u8]) -> Result<Layer<'_>, Skip> {
    let mut rest = message.get(GTP_HEADER_LEN..).ok_or(Skip::CutShort)?;
    if flags & GTP_FURTHER_FIELDS != 0 {
        let (&[_, _, _, first], after) = rest.split_first_chunk().ok_or(Skip::CutShort)?;
        let mut next = if flags & GTP_EXTENDED != 0 { first } else { 0 };
        rest = after;
        while next != 0 {
            let len = 4 * usize::from(*rest.first().ok_or(Skip::CutShort)?);
            let (header, after) = rest.split_at_checked(len).ok_or(Skip::CutShort)?;
            next = *header.last().ok_or(Skip::Malformed)?;
            rest = after;
        }
    }
    ip_or(rest, Skip::GtpU)
}

fn geneve(options: u8, protocol: u16, packet: &[u8]) -> Result<Option<Layer<'_>>, Skip> {
    let header_len = GENEVE_HEADER_LEN + 4 * usize::from(options & GENEVE_OPTIONS);
    let rest = || packet.get(header_len..).ok_or(Skip::CutShort);
    match protocol {
        TRANSPARENT_ETHERNET => Ok(Some(Layer::Ethernet(rest()?))),
        _ if is_network_layer(protocol) => Ok(Some(Layer::Ether(protocol, rest()?))),
        MIN_ETHER_TYPE.. => Err(Skip::Geneve),
        _ => Ok(None),
    }
}

/// ERSPAN of type III.
fn erspan_3(packet: &[u8]) -> Result<Layer<'_>, Skip> {
    let (header, rest) = packet.split_first_chunk::<ERSPAN_3_HEADER_LEN>().ok_or(Skip::CutShort)?;
    let &[.., high, low] = header;
    let fields = u16::from_be_bytes([high, low]);
    match (fields & ERSPAN_3_KIND, fields & ERSPAN_3_FURTHER) {
        (0, 0) => Ok(Layer::Ethernet(rest)),
        (0, _) => Ok(Layer::Ethernet(rest.get(ERSPAN_3_FURTHER_LEN..).ok_or(Skip::CutShort)?)),
        _ => Err(Skip::Gre),
    }
}

fn is_network_layer(ether_type: u16) -> bool {
    [ETHER_IPV4, ETHER_IPV6].contains(&ether_type) || ETHER_MPLS.contains(&ether_type)
}

/// What a GRE packet carries.
pub(super) fn gre(packet: &[u8]) -> Result<Layer<'_>, Skip> {
    let (&[f0, f1, p0, p1], mut rest) = packet.split_first_chunk().ok_or(Skip::CutShort)?;
    let (flags, protocol) = (u16::from_be_bytes([f0, f1]), u16::from_be_bytes([p0, p1]));
    if flags & (GRE_ROUTING | GRE_VERSION) != 0 {
        return Err(Skip::Gre);
    }
    for field in [GRE_CHECKSUM, GRE_KEY, GRE_SEQUENCE] {
        if flags & field != 0 {
            rest = rest.get(4..).ok_or(Skip::CutShort)?;
        }
    }
    match protocol {
        _ if is_network_layer(protocol) => Ok(Layer::Ether(protocol, rest)),
        TRANSPARENT_ETHERNET => Ok(Layer::Ethernet(rest)),
        ETHER_ERSPAN_3 => erspan_3(rest),
        // Type II has a sequence number and a header of its own, type I neither.
        ETHER_ERSPAN if flags & GRE_SEQUENCE == 0 => Ok(Layer::Ethernet(rest)),
        ETHER_ERSPAN => Ok(Layer::Ethernet(rest.get(ERSPAN_HEADER_LEN..).ok_or(Skip::CutShort)?)),
        _ => Err(Skip::Gre),
    }
}

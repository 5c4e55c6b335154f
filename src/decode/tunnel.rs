//! Tunnels in which clouds and data centres mirror traffic: VXLAN (RFC 7348), GRE (RFC 2784, 2890) with IP, Ethernet or
//! ERSPAN. Others are recognised by name and not read.

use super::Skip;

/// What a tunnel carries.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Inner<'a> {
    Ip(&'a [u8]),
    Ethernet(&'a [u8]),
}

/// IANA's port, and the one that Linux had before.
const VXLAN_PORTS: [u16; 2] = [4789, 8472];
const VXLAN_HEADER_LEN: usize = 8;
const GTP_U_PORT: u16 = 2152;
const GENEVE_PORT: u16 = 6081;
const TRANSPARENT_ETHERNET: u16 = 0x6558;

const GRE_CHECKSUM: u16 = 0x8000;
const GRE_ROUTING: u16 = 0x4000;
const GRE_KEY: u16 = 0x2000;
const GRE_SEQUENCE: u16 = 0x1000;
const GRE_VERSION: u16 = 0x0007;
const ETHER_IPV4: u16 = 0x0800;
const ETHER_IPV6: u16 = 0x86dd;
const ETHER_ERSPAN: u16 = 0x88be;
const ERSPAN_HEADER_LEN: usize = 8;

/// The Ethernet frame in a VXLAN datagram to this port; `None` if it is no tunnel.
///
/// A port alone says little: RTP may use any of them. What is in the datagram has to look like the tunnel too.
pub(super) fn udp(port: u16, payload: &[u8]) -> Result<Option<&[u8]>, Skip> {
    match (port, payload) {
        (port, &[0x08, 0, 0, 0, _, _, _, 0, ..]) if VXLAN_PORTS.contains(&port) => {
            Ok(payload.get(VXLAN_HEADER_LEN..))
        }
        // Version 1, protocol type GTP, a G-PDU.
        (GTP_U_PORT, &[flags, 0xff, ..]) if flags >> 4 == 3 => Err(Skip::GtpU),
        (GENEVE_PORT, &[options, _, p0, p1, ..])
            if options >> 6 == 0 && u16::from_be_bytes([p0, p1]) == TRANSPARENT_ETHERNET =>
        {
            Err(Skip::Geneve)
        }
        _ => Ok(None),
    }
}

/// What a GRE packet carries.
pub(super) fn gre(packet: &[u8]) -> Result<Inner<'_>, Skip> {
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
        ETHER_IPV4 | ETHER_IPV6 => Ok(Inner::Ip(rest)),
        TRANSPARENT_ETHERNET => Ok(Inner::Ethernet(rest)),
        // Type II has a sequence number and a header of its own, type I neither.
        ETHER_ERSPAN if flags & GRE_SEQUENCE == 0 => Ok(Inner::Ethernet(rest)),
        ETHER_ERSPAN => Ok(Inner::Ethernet(rest.get(ERSPAN_HEADER_LEN..).ok_or(Skip::CutShort)?)),
        _ => Err(Skip::Gre),
    }
}

//! PPP (RFC 1661), by itself, in HDLC-like framing (RFC 1662) or over Ethernet (RFC 2516), and what Cisco has in its place.

use super::Skip;
use super::layer::{Layer, tail, u16_at};

const ADDRESS_AND_CONTROL: [u8; 2] = [0xff, 3];
/// Unicast and broadcast, of Cisco's framing: an EtherType follows.
const CISCO_ADDRESSES: [u8; 2] = [0x0f, 0x8f];
const CISCO_HEADER_LEN: usize = 2;
const IPV4: u16 = 0x0021;
const IPV6: u16 = 0x0057;
const MPLS: [u16; 2] = [0x0281, 0x0283];
/// From here on protocols configure the link and carry nothing.
const CONTROL_PROTOCOLS: u16 = 0x4000;
const PPPOE_HEADER_LEN: usize = 6;
const PPPOE_VERSION_AND_TYPE: u8 = 0x11;

/// A packet from its protocol field on, which may be compressed to one byte, and with which it may begin.
pub(super) fn packet(packet: &[u8]) -> Result<Layer<'_>, Skip> {
    let packet = packet.strip_prefix(&ADDRESS_AND_CONTROL).unwrap_or(packet);
    let first = *packet.first().ok_or(Skip::CutShort)?;
    let (protocol, payload) = match first & 1 {
        1 => (u16::from(first), tail(packet, 1)?),
        _ => (u16_at(packet, 0)?, tail(packet, 2)?),
    };
    match protocol {
        IPV4 | IPV6 => Ok(Layer::Ip(payload)),
        _ if MPLS.contains(&protocol) => Ok(Layer::Mpls(payload)),
        CONTROL_PROTOCOLS.. => Err(Skip::NotIp),
        _ => Err(Skip::Ppp),
    }
}

/// What is framed as HDLC does it: PPP, or Cisco's.
pub(super) fn hdlc(frame: &[u8]) -> Result<Layer<'_>, Skip> {
    match frame.first().ok_or(Skip::CutShort)? {
        address if CISCO_ADDRESSES.contains(address) => {
            let rest = tail(frame, CISCO_HEADER_LEN)?;
            Ok(Layer::Ether(u16_at(rest, 0)?, tail(rest, 2)?))
        }
        _ => Ok(Layer::Ppp(frame)),
    }
}

/// The session stage of PPPoE.
pub(super) fn session(payload: &[u8]) -> Result<Layer<'_>, Skip> {
    let (&[version, code, ..], packet) =
        payload.split_first_chunk::<PPPOE_HEADER_LEN>().ok_or(Skip::CutShort)?;
    match (version, code) {
        (PPPOE_VERSION_AND_TYPE, 0) => Ok(Layer::Ppp(packet)),
        _ => Err(Skip::Pppoe),
    }
}

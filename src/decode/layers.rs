//! What lies between a link layer and IP: EtherTypes, PPP, PPPoE, MPLS, LLC, one behind the other.

use super::layer::{Layer, tail, u16_at};
use super::{Skip, ppp};

pub(super) const ETHER_IPV4: u16 = 0x0800;
pub(super) const ETHER_IPV6: u16 = 0x86dd;
pub(super) const ETHER_MPLS: [u16; 2] = [0x8847, 0x8848];
/// 802.1Q, 802.1ad, and the tag type that came before the latter.
const ETHER_VLAN: [u16; 3] = [0x8100, 0x88a8, 0x9100];
const ETHER_PPPOE_SESSION: u16 = 0x8864;
/// What is below this is no type but a length, and LLC follows.
pub(super) const MIN_ETHER_TYPE: u16 = 0x0600;
pub(super) const ETHERNET_ADDRESSES_LEN: usize = 12;
/// LLC for SNAP, and the two organisations in whose name EtherTypes follow (RFC 1042, 802.1H).
const SNAP: [[u8; 6]; 2] = [[0xaa, 0xaa, 3, 0, 0, 0], [0xaa, 0xaa, 3, 0, 0, 0xf8]];
const IPV4_NIBBLE: u8 = 4;
const IPV6_NIBBLE: u8 = 6;
/// Of the control word of a pseudowire (RFC 4385).
const CONTROL_NIBBLE: u8 = 0;
const LABEL_LEN: usize = 4;
/// So many are followed, VLAN tags and labels of one stack taken as one.
const MAX_LAYERS: usize = 16;

/// The IP packet at the end of it.
pub(super) fn ip_behind(mut layer: Layer<'_>) -> Result<&[u8], Skip> {
    for _ in 0..MAX_LAYERS {
        layer = match layer {
            Layer::Ip(packet) => return Ok(packet),
            Layer::Ether(ether_type, payload) => ether(ether_type, payload)?,
            Layer::Ethernet(frame) => {
                let rest = tail(frame, ETHERNET_ADDRESSES_LEN)?;
                Layer::Ether(u16_at(rest, 0)?, tail(rest, 2)?)
            }
            Layer::Llc(llc) => snap(llc)?,
            Layer::Ppp(packet) => ppp::packet(packet)?,
            Layer::Mpls(labels) => mpls(labels)?,
        };
    }
    Err(Skip::TooDeep)
}

/// An IP packet by its first half byte, the version; else the reason to skip it.
pub(super) fn ip_or(packet: &[u8], skip: Skip) -> Result<Layer<'_>, Skip> {
    match packet.first().ok_or(Skip::CutShort)? >> 4 {
        IPV4_NIBBLE | IPV6_NIBBLE => Ok(Layer::Ip(packet)),
        _ => Err(skip),
    }
}

/// EtherType and payload behind any number of VLAN tags.
pub(super) fn untagged(mut ether_type: u16, mut payload: &[u8]) -> Result<(u16, &[u8]), Skip> {
    while ETHER_VLAN.contains(&ether_type) {
        ether_type = u16_at(payload, 2)?;
        payload = tail(payload, 4)?;
    }
    Ok((ether_type, payload))
}

fn ether(ether_type: u16, payload: &[u8]) -> Result<Layer<'_>, Skip> {
    let (ether_type, payload) = untagged(ether_type, payload)?;
    match ether_type {
        ETHER_IPV4 | ETHER_IPV6 => Ok(Layer::Ip(payload)),
        ETHER_PPPOE_SESSION => ppp::session(payload),
        _ if ETHER_MPLS.contains(&ether_type) => Ok(Layer::Mpls(payload)),
        _ if ether_type < MIN_ETHER_TYPE => Ok(Layer::Llc(payload)),
        _ => Err(Skip::NotIp),
    }
}

fn snap(llc: &[u8]) -> Result<Layer<'_>, Skip> {
    let (header, rest) = llc.split_first_chunk().ok_or(Skip::NotIp)?;
    if !SNAP.contains(header) {
        return Err(Skip::NotIp);
    }
    Ok(Layer::Ether(u16_at(rest, 0)?, tail(rest, 2)?))
}

/// What the last label's payload is no label says: routers look at its first half byte (RFC 4928). Not that of IP, it is an
/// Ethernet frame, with a control word before it or without.
fn mpls(mut labels: &[u8]) -> Result<Layer<'_>, Skip> {
    loop {
        let (&[_, _, bottom, _], rest) = labels.split_first_chunk::<LABEL_LEN>().ok_or(Skip::CutShort)?;
        labels = rest;
        if bottom & 1 == 1 {
            break;
        }
    }
    if let Ok(packet) = ip_or(labels, Skip::Mpls) {
        return Ok(packet);
    }
    let is_readable = |frame: &[u8]| {
        let ether_type = u16_at(frame, ETHERNET_ADDRESSES_LEN).unwrap_or(0);
        let kinds = [ETHER_IPV4, ETHER_IPV6, ETHER_PPPOE_SESSION];
        [&kinds[..], &ETHER_VLAN, &ETHER_MPLS].iter().any(|kinds| kinds.contains(&ether_type))
    };
    let has_control = labels.first().is_some_and(|first| first >> 4 == CONTROL_NIBBLE);
    let behind_control = labels.get(LABEL_LEN..).filter(|_| has_control);
    let frame = behind_control.into_iter().chain([labels]).find(|frame| is_readable(frame));
    frame.map(Layer::Ethernet).ok_or(Skip::Mpls)
}

//! Frames made of packets that came without any: logs have no addresses. What was received goes from `remote` to `local`, what
//! was sent the other way; both addresses are of those that no network has (RFC 5737), and the ports those of RTP.

use std::net::{Ipv4Addr, SocketAddrV4};

use super::{Direction, LinkType};

/// The peer of whoever wrote the log.
pub const REMOTE: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(192, 0, 2, 82), 5004);
/// Whoever wrote the log.
pub const LOCAL: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(192, 0, 2, 76), 5004);

/// IP without a link layer.
pub(super) const LINK_TYPE: LinkType = LinkType(101);
const IP_LEN: u16 = 20;
const UDP_LEN: u16 = 8;
/// In front of every packet, bytes.
pub(super) const HEADERS_LEN: usize = (IP_LEN + UDP_LEN) as usize;
/// The largest packet that IP and UDP have room for, bytes.
pub(super) const MAX_PACKET: usize = u16::MAX as usize - HEADERS_LEN;
const UDP: u8 = 17;
const TIME_TO_LIVE: u8 = 64;

/// Puts IP and UDP headers for a packet of `len` bytes into an empty `frame`. The UDP checksum is none: of the packet not all may
/// be known.
pub(super) fn begin(frame: &mut Vec<u8>, direction: Direction, len: usize) {
    begin_unknown(frame, direction);
    set_len(frame, len);
}

/// The same for a packet whose length is put there later.
pub(super) fn begin_unknown(frame: &mut Vec<u8>, direction: Direction) {
    let (from, to) = match direction {
        Direction::Inbound => (REMOTE, LOCAL),
        Direction::Outbound => (LOCAL, REMOTE),
    };
    frame.clear();
    frame.extend_from_slice(&[0x45, 0, 0, 0, 0, 0, 0x40, 0, TIME_TO_LIVE, UDP, 0, 0]);
    frame.extend_from_slice(&from.ip().octets());
    frame.extend_from_slice(&to.ip().octets());
    for half in [from.port(), to.port(), 0, 0] {
        frame.extend_from_slice(&half.to_be_bytes());
    }
}

/// Puts the packet's length into its headers.
pub(super) fn set_len(frame: &mut [u8], len: usize) {
    let len = u16::try_from(len.min(MAX_PACKET)).unwrap_or(u16::MAX);
    let mut put = |place: usize, half: u16| {
        if let Some(bytes) = frame.get_mut(place..place + 2) {
            bytes.copy_from_slice(&half.to_be_bytes());
        }
    };
    put(2, len + IP_LEN + UDP_LEN);
    put(24, len + UDP_LEN);
    put(10, 0);
    let checksum = ip_checksum(frame.get(..IP_LEN.into()).unwrap_or_default());
    if let Some(bytes) = frame.get_mut(10..12) {
        bytes.copy_from_slice(&checksum.to_be_bytes());
    }
}

/// RFC 1071.
fn ip_checksum(header: &[u8]) -> u16 {
    let mut sum = 0;
    for half in header.as_chunks().0 {
        sum += u32::from(u16::from_be_bytes(*half));
    }
    let folded = (sum & 0xffff) + (sum >> 16);
    !((folded & 0xffff) + (folded >> 16)) as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_made_frame_is_read_by_etherparse() {
        let mut frame = Vec::new();
        begin(&mut frame, Direction::Inbound, 3);
        frame.extend_from_slice(&[1, 2, 3]);
        let packet = etherparse::SlicedPacket::from_ip(&frame).unwrap();
        let Some(etherparse::NetSlice::Ipv4(ip)) = packet.net else { panic!() };
        let header = ip.header();
        assert_eq!(header.header_checksum(), header.to_header().calc_header_checksum());
        assert_eq!(header.source_addr(), *REMOTE.ip());
        let Some(etherparse::TransportSlice::Udp(udp)) = packet.transport else { panic!() };
        assert_eq!((udp.destination_port(), udp.payload()), (LOCAL.port(), &[1, 2, 3][..]));
    }
}

//! IP and UDP.

use std::net::SocketAddr;

use etherparse::{IpNumber, LaxIpSlice, UdpSlice};

use super::{Datagram, Skip};

const UDP_HEADER_LEN: usize = 8;

/// The datagram of an IP packet.
pub(super) fn datagram(packet: &[u8], ethernet: Option<[[u8; 6]; 2]>) -> Result<Datagram<'_>, Skip> {
    if packet.is_empty() {
        return Err(Skip::CutShort);
    }
    let (ip, stopped) = LaxIpSlice::from_slice(packet).map_err(|_| Skip::Malformed)?;
    let payload = ip.payload();
    if payload.fragmented {
        return Err(Skip::Fragment);
    }
    match payload.ip_number {
        IpNumber::UDP => {}
        IpNumber::TCP => return Err(Skip::Tcp),
        IpNumber::ICMP | IpNumber::IPV6_ICMP => return Err(Skip::Icmp),
        _ if stopped.is_some() => return Err(Skip::CutShort),
        _ => return Err(Skip::OtherTransport),
    }
    let udp = UdpSlice::from_slice_lax(payload.payload).map_err(|_| Skip::CutShort)?;
    let payload_len = match usize::from(udp.length()).checked_sub(UDP_HEADER_LEN) {
        Some(len) => len,
        // A jumbogram, or offload at the sender: IP knows.
        None if udp.length() == 0 => ip_payload_len(&ip, payload.payload).saturating_sub(UDP_HEADER_LEN),
        None => return Err(Skip::Malformed),
    };
    let captured = udp.payload();
    Ok(Datagram {
        source: SocketAddr::new(ip.source_addr(), udp.source_port()),
        destination: SocketAddr::new(ip.destination_addr(), udp.destination_port()),
        ethernet,
        payload: captured.get(..payload_len).unwrap_or(captured),
        payload_len,
    })
}

/// The transport's length by the IP header, where that says it.
fn ip_payload_len(ip: &LaxIpSlice<'_>, captured: &[u8]) -> usize {
    let declared = match ip {
        LaxIpSlice::Ipv4(ip) => {
            usize::from(ip.header().total_len()).saturating_sub(usize::from(ip.header().ihl()) * 4)
        }
        LaxIpSlice::Ipv6(ip) => usize::from(ip.header().payload_length()),
    };
    declared.max(captured.len())
}

#[cfg(test)]
mod tests {
    use super::super::decode;
    use super::*;
    use crate::capture::{Frame, LinkType};
    use crate::units::{CaptureTime, FrameNumber};
    use etherparse::PacketBuilder;

    fn frame(link_type: u16, data: &[u8]) -> Frame<'_> {
        let original_len = data.len() as u32;
        Frame {
            number: FrameNumber(1),
            at: CaptureTime::default(),
            link_type: LinkType(link_type),
            data,
            original_len,
        }
    }

    fn ipv4(payload: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        PacketBuilder::ipv4([10, 0, 0, 1], [10, 0, 0, 2], 64)
            .udp(5004, 6004)
            .write(&mut out, payload)
            .unwrap();
        out
    }

    fn ipv6(payload: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        PacketBuilder::ipv6([1; 16], [2; 16], 64).udp(5004, 6004).write(&mut out, payload).unwrap();
        out
    }

    fn behind(header: &[u8], packet: &[u8]) -> Vec<u8> {
        [header, packet].concat()
    }

    #[test]
    fn every_link_type_leads_to_the_datagram() {
        let (four, six) = (ipv4(b"hello"), ipv6(b"hello"));
        let macs = [1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2];
        let cooked: Vec<_> = [&[0; 14][..], &[8, 0]].concat();
        let mut cooked_v2 = vec![0; 20];
        cooked_v2[..2].copy_from_slice(&[0x86, 0xdd]);
        let tag = |kind: [u8; 2]| [kind[0], kind[1], 0, 7];
        let five_tags: Vec<u8> = [
            &macs[..],
            &[tag([0x88, 0xa8]), tag([0x91, 0]), tag([0x81, 0]), tag([0x81, 0]), tag([0x81, 0])].concat(),
            &[8, 0],
        ]
        .concat();
        for (link_type, data) in [
            (1, behind(&[&macs[..], &[8, 0]].concat(), &four)),
            (1, behind(&[&macs[..], &[0x86, 0xdd]].concat(), &six)),
            (1, behind(&five_tags, &four)),
            (113, behind(&cooked, &four)),
            (276, behind(&cooked_v2, &six)),
            (0, behind(&[2, 0, 0, 0], &four)),
            (0, behind(&[0, 0, 0, 30], &six)),
            (108, behind(&[0, 0, 0, 2], &four)),
            (101, four.clone()),
            (12, six.clone()),
            (14, four.clone()),
            (228, four.clone()),
            (229, six.clone()),
        ] {
            let datagram =
                decode(&frame(link_type, &data)).unwrap_or_else(|skip| panic!("{link_type}: {skip:?}"));
            assert_eq!((datagram.payload, datagram.payload_len), (&b"hello"[..], 5), "{link_type}");
            assert_eq!((datagram.source.port(), datagram.destination.port()), (5004, 6004));
            assert_eq!(datagram.ethernet, (link_type == 1).then_some([[2; 6], [1; 6]]));
        }
    }

    #[test]
    fn ethernet_padding_is_not_payload() {
        let mut data = ipv4(b"hi");
        data.extend([0xee; 20]);
        assert_eq!(decode(&frame(101, &data)).unwrap().payload, b"hi");
    }

    #[test]
    fn a_cut_by_the_snaplen_changes_no_size() {
        let whole = ipv4(&[7; 1000]);
        for captured in 28..whole.len() {
            let datagram = decode(&frame(101, &whole[..captured])).unwrap();
            assert_eq!((datagram.payload_len, datagram.payload.len()), (1000, captured - 28));
        }
        assert_eq!(decode(&frame(101, &whole[..27])).err(), Some(Skip::CutShort));
    }

    #[test]
    fn extension_headers_of_ipv6_are_passed() {
        let mut packet = ipv6(b"hello");
        let udp = packet.split_off(40);
        packet[6] = 0;
        packet[5] += 16;
        packet.extend([60, 0, 1, 4, 0, 0, 0, 0, 17, 0, 1, 4, 0, 0, 0, 0]);
        packet.extend(udp);
        assert_eq!(decode(&frame(101, &packet)).unwrap().payload, b"hello");
    }

    #[test]
    fn what_is_no_datagram_has_a_reason() {
        let mut fragment = ipv4(b"hello");
        fragment[6] = 0x20;
        let mut tcp = ipv4(b"hello");
        tcp[9] = 6;
        let mut short_udp = ipv4(b"hello");
        short_udp[25] = 3;
        let arp = [&[0; 12][..], &[8, 6], &[0; 28]].concat();
        let mpls = [&[0; 12][..], &[0x88, 0x47], &[0; 28]].concat();
        for (link_type, data, skip) in [
            (101, &fragment[..], Skip::Fragment),
            (101, &tcp, Skip::Tcp),
            (101, &short_udp, Skip::Malformed),
            (101, &[], Skip::CutShort),
            (101, &[0x15; 40], Skip::Malformed),
            (1, &arp, Skip::NotIp),
            (1, &mpls, Skip::Mpls),
            (1, &arp[..9], Skip::CutShort),
            (147, &arp, Skip::LinkType),
        ] {
            assert_eq!(decode(&frame(link_type, data)).err(), Some(skip), "{link_type}");
        }
    }
}

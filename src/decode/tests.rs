//! Tests of the room.

mod fragmented;
mod links;
mod relayed;
mod tcp_streams;
mod tunnels;

use std::net::SocketAddr;

use etherparse::PacketBuilder;

use super::*;
use crate::capture::LinkType;

/// A datagram that owns its payload.
#[derive(Debug, PartialEq, Eq)]
struct Owned {
    from_to: String,
    payload: Vec<u8>,
    payload_len: usize,
    carrier: Carrier,
    ethernet: Option<[[u8; 6]; 2]>,
    direction: Option<Direction>,
}

fn frame(link_type: u16, data: &[u8]) -> Frame<'_> {
    Frame {
        number: FrameNumber(1),
        at: CaptureTime::default(),
        nanoseconds: false,
        link_type: LinkType(link_type),
        data,
        original_len: data.len() as u32,
        direction: None,
        log: None,
    }
}

fn decode_with(decoder: &mut Decoder, frame: &Frame<'_>) -> Result<Vec<Owned>, Skip> {
    let mut found = Vec::new();
    decoder.decode(frame, &mut |datagram| {
        found.push(Owned {
            from_to: format!("{}-{}", datagram.ends.source, datagram.ends.destination),
            payload: datagram.payload.to_vec(),
            payload_len: datagram.payload_len,
            carrier: datagram.carrier,
            ethernet: datagram.ends.ethernet,
            direction: datagram.direction,
        });
    })?;
    Ok(found)
}

fn decode(link_type: u16, data: &[u8]) -> Result<Owned, Skip> {
    decode_with(&mut Decoder::default(), &frame(link_type, data)).map(|mut found| found.remove(0))
}

fn ipv4_between(ports: (u16, u16), payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    PacketBuilder::ipv4([10, 0, 0, 1], [10, 0, 0, 2], 64)
        .udp(ports.0, ports.1)
        .write(&mut out, payload)
        .unwrap();
    out
}

fn ipv4(payload: &[u8]) -> Vec<u8> {
    ipv4_between((5004, 6004), payload)
}

fn ipv6(payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    PacketBuilder::ipv6([1; 16], [2; 16], 64).udp(5004, 6004).write(&mut out, payload).unwrap();
    out
}

fn behind(header: &[u8], packet: &[u8]) -> Vec<u8> {
    [header, packet].concat()
}

const MACS: [u8; 12] = [1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2];

fn ethernet(packet: &[u8]) -> Vec<u8> {
    [&MACS[..], &[8, 0], packet].concat()
}

#[test]
fn every_link_type_leads_to_the_datagram() {
    let (four, six) = (ipv4(b"hello"), ipv6(b"hello"));
    let cooked: Vec<_> = [&[0; 14][..], &[8, 0]].concat();
    let mut cooked_v2 = vec![0; 20];
    cooked_v2[..2].copy_from_slice(&[0x86, 0xdd]);
    let tag = |kind: [u8; 2]| [kind[0], kind[1], 0, 7];
    let five_tags: Vec<u8> = [
        &MACS[..],
        &[tag([0x88, 0xa8]), tag([0x91, 0]), tag([0x81, 0]), tag([0x81, 0]), tag([0x81, 0])].concat(),
        &[8, 0],
    ]
    .concat();
    for (link_type, data) in [
        (1, ethernet(&four)),
        (1, behind(&[&MACS[..], &[0x86, 0xdd]].concat(), &six)),
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
        let datagram = decode(link_type, &data).unwrap_or_else(|skip| panic!("{link_type}: {skip:?}"));
        assert_eq!((&datagram.payload[..], datagram.payload_len), (&b"hello"[..], 5), "{link_type}");
        assert!(datagram.from_to.contains(":5004-") && datagram.from_to.ends_with(":6004"));
        assert_eq!(datagram.ethernet, (link_type == 1).then_some([[2; 6], [1; 6]]));
    }
}

#[test]
fn two_hundred_vlan_tags_are_passed() {
    let tags = [0x81, 0, 0, 7].repeat(200);
    let data = [&MACS[..], &tags, &[8, 0], &ipv4(b"hello")].concat();
    assert_eq!(decode(1, &data).unwrap().payload, b"hello");
}

#[test]
fn ethernet_padding_is_not_payload() {
    let mut data = ipv4(b"hi");
    data.extend([0xee; 20]);
    assert_eq!(decode(101, &data).unwrap().payload, b"hi");
}

#[test]
fn a_cut_by_the_snaplen_changes_no_size() {
    let whole = ipv4(&[7; 1000]);
    for captured in 28..whole.len() {
        let datagram = decode(101, &whole[..captured]).unwrap();
        assert_eq!((datagram.payload_len, datagram.payload.len()), (1000, captured - 28));
    }
    assert_eq!(decode(101, &whole[..27]).err(), Some(Skip::CutShort));
}

#[test]
fn extension_headers_of_ipv6_are_passed() {
    let mut packet = ipv6(b"hello");
    let udp = packet.split_off(40);
    packet[6] = 0;
    packet[5] += 16;
    packet.extend([60, 0, 1, 4, 0, 0, 0, 0, 17, 0, 1, 4, 0, 0, 0, 0]);
    packet.extend(udp);
    assert_eq!(decode(101, &packet).unwrap().payload, b"hello");
}

#[test]
fn a_udp_length_of_zero_is_that_of_ip() {
    let mut packet = ipv4(&[7; 100]);
    packet[24..26].copy_from_slice(&[0, 0]);
    assert_eq!(decode(101, &packet[..60]).unwrap().payload_len, 100);
}

#[test]
fn what_is_no_datagram_has_a_reason() {
    let protocol = |number| {
        let mut packet = ipv4(b"hello");
        packet[9] = number;
        packet
    };
    let mut short_udp = ipv4(b"hello");
    short_udp[25] = 3;
    let arp = [&[0; 12][..], &[8, 6], &[0; 28]].concat();
    let other_ether = |kind: [u8; 2]| [&[0; 12][..], &kind, &[0; 28]].concat();
    let gtp = ipv4_between((2152, 2152), &[0x30, 0xff, 0, 4, 0, 0, 0, 1, 0x15, 0, 0, 0]);
    let geneve = ipv4_between((40_000, 6081), &[0, 0, 0x89, 0x4f, 0, 0, 7, 0]);
    for (link_type, data, skip) in [
        (101, &protocol(1)[..], Skip::Icmp),
        (101, &protocol(4), Skip::Malformed),
        (101, &protocol(41), Skip::Malformed),
        (101, &protocol(50), Skip::Esp),
        (101, &protocol(132), Skip::OtherTransport),
        (101, &short_udp, Skip::Malformed),
        (101, &[], Skip::CutShort),
        (101, &[0x15; 40], Skip::Malformed),
        (101, &gtp, Skip::GtpU),
        (101, &geneve, Skip::Geneve),
        (1, &arp, Skip::NotIp),
        (1, &[&[0; 12][..], &[0x88, 0x47, 0, 0, 1, 64], &[0x10; 28]].concat(), Skip::Mpls),
        (1, &other_ether([0x88, 0x63]), Skip::NotIp),
        (1, &other_ether([0x88, 0x64]), Skip::Pppoe),
        (1, &arp[..9], Skip::CutShort),
        (147, &arp, Skip::LinkType),
    ] {
        assert_eq!(decode(link_type, data).err(), Some(skip), "{link_type}");
    }
}

#[test]
fn rtp_on_the_ports_of_tunnels_is_rtp() {
    let rtp = [0x80, 96, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1];
    for port in [4789, 8472, 2152, 6081] {
        let datagram = decode(101, &ipv4_between((40_000, port), &rtp)).unwrap();
        assert_eq!((&datagram.payload[..], datagram.carrier), (&rtp[..], Carrier::Udp));
    }
}

#[test]
fn cooked_headers_tell_the_direction() {
    for (kind, direction) in [(0, Some(Direction::Inbound)), (4, Some(Direction::Outbound)), (3, None)] {
        let mut cooked: Vec<_> = [&[0; 14][..], &[8, 0]].concat();
        cooked[1] = kind;
        assert_eq!(decode(113, &behind(&cooked, &ipv4(b"hello"))).unwrap().direction, direction);
        let mut cooked_v2 = vec![0; 20];
        cooked_v2[..2].copy_from_slice(&[8, 0]);
        cooked_v2[10] = kind;
        assert_eq!(decode(276, &behind(&cooked_v2, &ipv4(b"hello"))).unwrap().direction, direction);
    }
}

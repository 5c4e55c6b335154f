//! Link layers that are rare, what lies between Ethernet and IP, and lengths that disagree.

use proptest::prelude::*;

use super::*;

/// An Ethernet frame of another type than IP's.
fn ether(ether_type: u16, payload: &[u8]) -> Vec<u8> {
    [&MACS[..], &ether_type.to_be_bytes(), payload].concat()
}

fn pktap(link_type: u32, flags: u32, big_endian: bool, data: &[u8]) -> Vec<u8> {
    let word = |word: u32| if big_endian { word.to_be_bytes() } else { word.to_le_bytes() };
    let header = [word(108), word(1), word(link_type)].concat();
    [&header[..], &[0; 24], &word(flags), &[0; 68], data].concat()
}

fn nflog(big_endian: bool, packet: &[u8]) -> Vec<u8> {
    let half = |half: u16| if big_endian { half.to_be_bytes() } else { half.to_le_bytes() };
    let prefix = [&half(9)[..], &half(10), b"rtp: ", &[0; 3]].concat();
    let head = [half(packet.len() as u16 + 4), half(9)].concat();
    [&[2, 0, 0, 7][..], &prefix, &head, packet].concat()
}

const SNAP: [u8; 6] = [0xaa, 0xaa, 3, 0, 0, 0];

/// A data frame of 802.11: its first two bytes, and what lies between the sequence control and LLC.
fn wifi(control: [u8; 2], between: &[u8], packet: &[u8]) -> Vec<u8> {
    [&control[..], &[0; 22], between, &SNAP, &[8, 0], packet].concat()
}

fn radiotap(header: &[u8], frame: &[u8]) -> Vec<u8> {
    let len = (header.len() + 4) as u16;
    [&[0, 0][..], &len.to_le_bytes(), header, frame].concat()
}

/// Frames with `packet`, which is IPv4, by what they are.
fn frames_of(packet: &[u8]) -> Vec<(&'static str, u16, Vec<u8>)> {
    let pppoe = behind(&[0x11, 0, 0, 1, 0, 9, 0, 0x21], packet);
    let labels = |packet: &[u8]| behind(&[0, 1, 0, 64, 0, 2, 0x01, 64], packet);
    let tagged = behind(&[0, 5, 0x88, 0x64], &pppoe);
    let flags = [0x02, 0, 0, 0, 0x20];
    let time_and_flags = [&[0x03, 0, 0, 0x80, 0, 0, 0, 0, 0, 0, 0, 0][..], &[7; 8], &[0x10]].concat();
    vec![
        ("PPP", 9, behind(&[0, 0x21], packet)),
        ("PPP, protocol in a byte", 9, behind(&[0x21], packet)),
        ("PPP as in HDLC", 9, behind(&[0xff, 3, 0, 0x21], packet)),
        ("HDLC", 50, behind(&[0xff, 3, 0, 0x21], packet)),
        ("HDLC of Cisco", 50, behind(&[0x0f, 0, 8, 0], packet)),
        ("Cisco HDLC", 104, behind(&[0x8f, 0, 8, 0], packet)),
        ("PPP with direction", 204, behind(&[1, 0xff, 3, 0, 0x21], packet)),
        ("PPPoE", 51, pppoe.clone()),
        ("PPPoE on Ethernet", 1, ether(0x8864, &pppoe)),
        ("PPPoE behind a tag", 1, ether(0x8100, &tagged)),
        ("PPPoE, cooked", 113, [&[0; 14][..], &[0x88, 0x64], &pppoe].concat()),
        ("MPLS", 1, ether(0x8847, &labels(packet))),
        ("MPLS in PPP", 9, behind(&[2, 0x81], &labels(packet))),
        ("MPLS, cooked v2", 276, [&[0x88, 0x48][..], &[0; 18], &labels(packet)].concat()),
        ("Ethernet in MPLS", 1, ether(0x8847, &labels(&ethernet(packet)))),
        ("Ethernet behind a control word", 1, ether(0x8847, &labels(&behind(&[0; 4], &ethernet(packet))))),
        ("SNAP", 1, ether(100, &[&SNAP[..], &[8, 0], packet].concat())),
        ("PKTAP, Ethernet", 258, pktap(1, 0, false, &ethernet(packet))),
        ("PKTAP, raw", 258, pktap(12, 0, true, packet)),
        ("PKTAP, PPP", 258, pktap(9, 0, false, &behind(&[0xff, 3, 0, 0x21], packet))),
        ("NFLOG", 239, nflog(false, packet)),
        ("NFLOG of a big-endian machine", 239, nflog(true, packet)),
        ("802.11", 105, wifi([8, 1], &[], packet)),
        ("802.11 with QoS", 105, wifi([0x88, 2], &[0, 0], packet)),
        ("802.11 with QoS and HT control", 105, wifi([0x88, 0x82], &[0, 0, 1, 2, 3, 4], packet)),
        ("802.11 between stations", 105, wifi([0x88, 3], &[1, 2, 3, 4, 5, 6, 0, 0], packet)),
        ("radiotap", 127, radiotap(&[0; 4], &wifi([8, 1], &[], packet))),
        ("radiotap, padded", 127, radiotap(&flags, &wifi([0x88, 2], &[0, 0, 0, 0], packet))),
        ("radiotap with a time", 127, radiotap(&time_and_flags, &wifi([0x88, 2], &[0, 0], packet))),
    ]
}

/// The quick way and the long one.
fn both_ways(link_type: u16, data: &[u8]) -> Result<Owned, Skip> {
    let quick = decode(link_type, data);
    let mut long = None;
    let decoded = Decoder::default().decode_in_full(&frame(link_type, data), &mut |datagram| {
        long = Some((datagram.payload.to_vec(), datagram.payload_len, datagram.ends.ethernet));
    });
    assert_eq!(
        quick.as_ref().ok().map(|found| (found.payload.clone(), found.payload_len, found.ethernet)),
        long
    );
    assert_eq!(quick.as_ref().err().copied(), decoded.err());
    quick
}

#[test]
fn rare_links_lead_to_the_datagram_too() {
    for first in [b'h', 0x80] {
        let payload = [first, 96, 0, 1, 0, 0, 0, 0, 0, 0, 0, 7, 9];
        for (name, link_type, data) in frames_of(&ipv4(&payload)) {
            let found = both_ways(link_type, &data).unwrap_or_else(|skip| panic!("{name}: {skip:?}"));
            assert_eq!((&found.payload[..], found.payload_len), (&payload[..], 13), "{name}");
            let is_ethernet = ["SNAP", "PKTAP, Ethernet"].contains(&name) && found.ethernet.is_some();
            assert!(found.ethernet.is_none() || is_ethernet, "{name}");
            assert_eq!(found.carrier, Carrier::Udp, "{name}");
        }
    }
}

#[test]
fn no_cut_and_no_flipped_bit_of_a_rare_link_makes_it_panic() {
    for (_, link_type, data) in frames_of(&ipv4(&[0x80; 20])) {
        for len in 0..data.len() {
            let _ = both_ways(link_type, &data[..len]);
        }
        for bit in 0..data.len() * 8 {
            let mut damaged = data.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            let _ = both_ways(link_type, &damaged);
        }
    }
}

proptest! {
    #[test]
    fn any_bytes_on_any_link_are_survived_and_read_the_same_both_ways(
        link_type in prop::sample::select(vec![1_u16, 9, 50, 51, 101, 104, 105, 113, 127, 204, 239, 258, 276]),
        ether_type in prop::sample::select(vec![0x8847_u16, 0x8864, 0x8100, 100]),
        mut data in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        if link_type == 1 && data.len() > 14 {
            data[12..14].copy_from_slice(&ether_type.to_be_bytes());
        }
        let _ = both_ways(link_type, &data);
    }
}

#[test]
fn directions_are_those_that_the_link_tells() {
    let sent = |link_type, data: &[u8]| decode(link_type, data).unwrap().direction;
    let packet = ipv4(b"hello");
    for (flag, direction) in [(0, None), (1, Some(Direction::Inbound)), (2, Some(Direction::Outbound))] {
        assert_eq!(sent(258, &pktap(12, flag, false, &packet)), direction);
    }
    assert_eq!(sent(204, &behind(&[0, 0, 0x21], &packet)), Some(Direction::Inbound));
    assert_eq!(sent(204, &behind(&[1, 0, 0x21], &packet)), Some(Direction::Outbound));
}

#[test]
fn what_is_not_read_of_them_has_a_name() {
    let packet = ipv4(b"hello");
    for (link_type, data, skip) in [
        (9, behind(&[0xc0, 0x21], &packet), Skip::NotIp),
        (9, behind(&[0, 0x3d], &packet), Skip::Ppp),
        (9, behind(&[0, 0xfd], &packet), Skip::Ppp),
        (9, vec![], Skip::CutShort),
        (51, behind(&[0x12, 0, 0, 1, 0, 9, 0, 0x21], &packet), Skip::Pppoe),
        (105, wifi([8, 0x41], &[], &packet), Skip::WifiProtected),
        (105, wifi([8, 5], &[], &packet), Skip::WifiFragment),
        (105, wifi([0x88, 1], &[0x80, 0], &packet), Skip::WifiAggregate),
        (105, wifi([0x48, 1], &[], &packet), Skip::NotIp),
        (105, wifi([0x80, 0], &[], &packet), Skip::NotIp),
        (127, radiotap(&[2, 0, 0, 0, 0x40], &wifi([8, 1], &[], &packet)), Skip::Malformed),
        (239, vec![2, 0, 0, 7, 3, 0, 9, 0], Skip::CutShort),
        (258, pktap(147, 0, false, &packet), Skip::LinkType),
        (258, pktap(258, 0, false, &pktap(12, 0, false, &packet)), Skip::TooDeep),
    ] {
        assert_eq!(both_ways(link_type, &data).err(), Some(skip), "{link_type}: {data:02x?}");
    }
    assert_eq!(unread_link_type(&frame(258, &pktap(147, 0, false, &packet))), LinkType(147));
}

/// A hundred bytes in UDP, which claims to have so many.
fn claiming(udp_len: u16, is_ipv6: bool) -> Vec<u8> {
    let payload = [0x80; 100];
    let (mut packet, at) = if is_ipv6 { (ipv6(&payload), 44) } else { (ipv4(&payload), 24) };
    packet[at..at + 2].copy_from_slice(&udp_len.to_be_bytes());
    packet
}

#[test]
fn what_udp_claims_beyond_its_ip_packet_is_not_there() {
    for is_ipv6 in [false, true] {
        for (udp_len, payload_len, overlong) in
            [(4000, 100, 1), (109, 100, 1), (108, 100, 0), (60, 52, 0), (0, 100, 0)]
        {
            let packet = claiming(udp_len, is_ipv6);
            for captured in [packet.len(), 80] {
                let mut decoder = Decoder::default();
                let data = Frame { original_len: packet.len() as u32, ..frame(101, &packet[..captured]) };
                let found = decode_with(&mut decoder, &data).unwrap();
                assert_eq!(found[0].payload_len, payload_len, "{udp_len}, {captured}");
                assert_eq!(decoder.overlong_datagrams().count, overlong, "{udp_len}, {captured}");
            }
        }
        assert_eq!(both_ways(101, &claiming(7, is_ipv6)).err(), Some(Skip::Malformed));
    }
}

/// Offload leaves IP's length empty: the frame's counts, which the snaplen does not change.
#[test]
fn where_ip_states_no_length_the_frame_does() {
    for udp_len in [108, 0] {
        let mut packet = claiming(udp_len, false);
        packet[2..4].copy_from_slice(&[0, 0]);
        let data = Frame { original_len: packet.len() as u32, ..frame(101, &packet[..60]) };
        let mut decoder = Decoder::default();
        let found = decode_with(&mut decoder, &data).unwrap();
        assert_eq!((found[0].payload_len, decoder.overlong_datagrams().count), (100, 0), "{udp_len}");
    }
}

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
    let gtp = ipv4_between((2152, 2152), &[0x30, 0xff, 0, 4, 0, 0, 0, 1, 0x45, 0, 0, 0]);
    let geneve = ipv4_between((40_000, 6081), &[0, 0, 0x65, 0x58, 0, 0, 7, 0]);
    for (link_type, data, skip) in [
        (101, &protocol(1)[..], Skip::Icmp),
        (101, &protocol(4), Skip::IpInIp),
        (101, &protocol(41), Skip::IpInIp),
        (101, &protocol(50), Skip::OtherTransport),
        (101, &short_udp, Skip::Malformed),
        (101, &[], Skip::CutShort),
        (101, &[0x15; 40], Skip::Malformed),
        (101, &gtp, Skip::GtpU),
        (101, &geneve, Skip::Geneve),
        (1, &arp, Skip::NotIp),
        (1, &other_ether([0x88, 0x47]), Skip::Mpls),
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

mod tunnels {
    use super::*;

    fn vxlan(frame: &[u8]) -> Vec<u8> {
        ipv4_between((33_333, 4789), &[&[8, 0, 0, 0, 0, 0, 42, 0][..], frame].concat())
    }

    fn gre(header: &[u8], inner: &[u8]) -> Vec<u8> {
        let mut packet = ipv4(b"");
        packet.truncate(20);
        packet[9] = 47;
        let len = (20 + header.len() + inner.len()) as u16;
        packet[2..4].copy_from_slice(&len.to_be_bytes());
        [&packet[..], header, inner].concat()
    }

    #[test]
    fn the_inner_flow_is_the_flow() {
        let inner = ipv6(b"hello");
        let inner_frame = [&MACS[..], &[0x86, 0xdd], &inner].concat();
        let with_key_and_sequence = [0x30, 0, 0x65, 0x58, 0, 0, 0, 7, 0, 0, 0, 9];
        let erspan_2 = [&[0x10, 0, 0x88, 0xbe, 0, 0, 0, 1][..], &[0x10, 7, 0, 0, 0, 0, 0, 0]].concat();
        for packet in [
            vxlan(&inner_frame),
            gre(&[0, 0, 0x86, 0xdd], &inner),
            gre(&[0x80, 0, 0x86, 0xdd, 1, 2, 0, 0], &inner),
            gre(&with_key_and_sequence, &inner_frame),
            gre(&[0, 0, 0x88, 0xbe], &inner_frame),
            gre(&erspan_2, &inner_frame),
        ] {
            let datagram = decode(1, &ethernet(&packet)).unwrap();
            assert!(datagram.from_to.starts_with("[101:101:"), "{}", datagram.from_to);
            assert_eq!((&datagram.payload[..], datagram.carrier), (&b"hello"[..], Carrier::Tunnel));
            assert_eq!(datagram.ethernet, None, "these are the tunnel's");
        }
    }

    #[test]
    fn a_cut_in_a_tunnel_changes_no_size() {
        let packet = vxlan(&ethernet(&ipv4(&[7; 1000])));
        let datagram = decode(101, &packet[..128]).unwrap();
        assert_eq!(datagram.payload_len, 1000);
    }

    #[test]
    fn tunnels_in_tunnels_end() {
        let mut packet = ipv4(b"hello");
        for depth in 0..100 {
            assert_eq!(decode(101, &packet).is_ok(), depth <= 4, "{depth}");
            packet = gre(&[0, 0, 8, 0], &packet);
        }
        assert_eq!(decode(101, &packet).err(), Some(Skip::TooDeep));
    }

    #[test]
    fn other_gre_is_named() {
        for header in [[0x40, 0, 8, 0], [0, 1, 0x88, 0x0b], [0, 0, 0x88, 0x0b], [0, 0, 0x22, 0xeb]] {
            assert_eq!(decode(101, &gre(&header, &[0; 40])).err(), Some(Skip::Gre), "{header:02x?}");
        }
    }
}

mod fragmented {
    use super::*;

    /// An IPv4 packet in pieces of 8 × `units` bytes.
    fn pieces(identification: u16, payload: &[u8], units: usize) -> Vec<Vec<u8>> {
        let whole = ipv4(payload);
        let (header, body) = whole.split_at(20);
        let chunks: Vec<_> = body.chunks(units * 8).collect();
        let last = chunks.len() - 1;
        let piece = |(n, chunk): (usize, &&[u8])| {
            let mut header = header.to_vec();
            header[2..4].copy_from_slice(&(20 + chunk.len() as u16).to_be_bytes());
            header[4..6].copy_from_slice(&identification.to_be_bytes());
            let place = (n * units) as u16 | if n < last { 0x2000 } else { 0 };
            header[6..8].copy_from_slice(&place.to_be_bytes());
            [&header[..], chunk].concat()
        };
        chunks.iter().enumerate().map(piece).collect()
    }

    fn at(number: u64, seconds: i64, data: &[u8]) -> Frame<'_> {
        let at = CaptureTime::from_nanos(i128::from(seconds) * 1_000_000_000).unwrap();
        Frame { number: FrameNumber(number), at, ..frame(101, data) }
    }

    #[test]
    fn the_last_missing_fragment_gives_the_datagram_in_any_order() {
        let payload: Vec<_> = (0..100).collect();
        let pieces = pieces(7, &payload, 4);
        for order in [[0, 1, 2, 3], [3, 2, 1, 0], [1, 3, 0, 2]] {
            let mut decoder = Decoder::default();
            for place in &order[..3] {
                let result = decode_with(&mut decoder, &frame(101, &pieces[*place]));
                assert_eq!(result.err(), Some(Skip::Fragment));
            }
            let whole = decode_with(&mut decoder, &frame(101, &pieces[order[3]])).unwrap().remove(0);
            assert_eq!(
                (whole.payload, whole.payload_len, whole.carrier),
                (payload.clone(), 100, Carrier::Fragments)
            );
            assert_eq!(decoder.fragment_counts().datagrams, 1);
            assert_eq!(decoder.fragment_counts().incomplete.count, 0);
        }
    }

    #[test]
    fn ipv6_fragments_are_put_together() {
        let whole = ipv6(&[9; 40]);
        let (header, body) = whole.split_at(40);
        let piece = |place: u16, chunk: &[u8]| {
            let mut header = header.to_vec();
            header[4..6].copy_from_slice(&(8 + chunk.len() as u16).to_be_bytes());
            header[6] = 44;
            let [p0, p1] = place.to_be_bytes();
            [&header[..], &[17, 0, p0, p1, 0, 0, 0, 7], chunk].concat()
        };
        let mut decoder = Decoder::default();
        assert!(decode_with(&mut decoder, &frame(101, &piece(1, &body[..24]))).is_err());
        let whole = decode_with(&mut decoder, &frame(101, &piece(3 << 3, &body[24..]))).unwrap().remove(0);
        assert_eq!(whole.payload, [9; 40]);
    }

    #[test]
    fn what_the_snaplen_cut_of_the_fragments_changes_no_size() {
        let pieces = pieces(7, &[5; 100], 8);
        let mut decoder = Decoder::default();
        assert!(decode_with(&mut decoder, &frame(101, &pieces[0][..50])).is_err());
        let whole = decode_with(&mut decoder, &frame(101, &pieces[1][..30])).unwrap().remove(0);
        assert_eq!((whole.payload.len(), whole.payload_len), (22, 100));
    }

    #[test]
    fn what_never_becomes_whole_is_counted_with_its_frame() {
        let mut decoder = Decoder::default();
        let first = &pieces(7, &[5; 100], 4)[0];
        assert!(decode_with(&mut decoder, &at(3, 0, first)).is_err());
        assert!(decode_with(&mut decoder, &at(4, 31, &pieces(8, &[5; 100], 4)[0])).is_err());
        let counts = decoder.fragment_counts();
        assert_eq!((counts.fragments, counts.incomplete.count, counts.incomplete.first_frame), (2, 2, 3));
    }

    #[test]
    fn fragments_that_contradict_each_other_are_given_up() {
        let mut decoder = Decoder::default();
        let (long, short) = (pieces(7, &[5; 100], 4), pieces(7, &[5; 30], 3));
        assert!(decode_with(&mut decoder, &frame(101, &long[3])).is_err());
        assert!(decode_with(&mut decoder, &frame(101, &short[1])).is_err());
        assert_eq!(decoder.fragment_counts().incomplete.count, 1);
    }

    #[test]
    fn memory_is_bounded() {
        let mut decoder = Decoder::default();
        for identification in 0..10_000 {
            let first = &pieces(identification, &[5; 100], 4)[0];
            assert!(decode_with(&mut decoder, &frame(101, first)).is_err());
        }
        assert_eq!(decoder.fragment_counts().incomplete.count, 10_000);
        assert!(format!("{:?}", decoder.fragments).matches("Waiting {").count() <= 64);
    }
}

mod relayed {
    use super::*;

    const CLIENT: &str = "10.0.0.1:5004";
    const SERVER: &str = "10.0.0.2:6004";
    const PEER: &str = "192.0.2.7:9999";

    fn udp(from: &str, to: &str, payload: &[u8]) -> Vec<u8> {
        let (from, to): (SocketAddr, SocketAddr) = (from.parse().unwrap(), to.parse().unwrap());
        let octets = |address: SocketAddr| match address.ip() {
            std::net::IpAddr::V4(ip) => ip.octets(),
            std::net::IpAddr::V6(_) => panic!("IPv4 only"),
        };
        let mut out = Vec::new();
        PacketBuilder::ipv4(octets(from), octets(to), 64)
            .udp(from.port(), to.port())
            .write(&mut out, payload)
            .unwrap();
        out
    }

    fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
        let mut out = [&kind.to_be_bytes()[..], &(value.len() as u16).to_be_bytes(), value].concat();
        out.resize(out.len().next_multiple_of(4), 0);
        out
    }

    fn xor_peer(family: u8, port: u16, ip: &[u8]) -> Vec<u8> {
        let mask = [0x21, 0x12, 0xa4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];
        let [p0, p1] = port.to_be_bytes();
        let ip: Vec<_> = ip.iter().zip(mask).map(|(octet, mask)| octet ^ mask).collect();
        attribute(0x0012, &[&[0, family, p0 ^ 0x21, p1 ^ 0x12][..], &ip].concat())
    }

    fn stun(kind: u16, attributes: &[Vec<u8>]) -> Vec<u8> {
        let body = attributes.concat();
        let header = [&kind.to_be_bytes()[..], &(body.len() as u16).to_be_bytes(), &stun::COOKIE];
        [&header.concat()[..], &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], &body].concat()
    }

    fn peer() -> Vec<u8> {
        xor_peer(1, 9999, &[192, 0, 2, 7])
    }

    fn bind(channel: u16) -> Vec<u8> {
        stun(0x0009, &[attribute(0x000c, &[&channel.to_be_bytes()[..], &[0, 0]].concat()), peer()])
    }

    fn channel_data(channel: u16, data: &[u8]) -> Vec<u8> {
        [&channel.to_be_bytes()[..], &(data.len() as u16).to_be_bytes(), data].concat()
    }

    fn one(decoder: &mut Decoder, from: &str, to: &str, payload: &[u8]) -> Owned {
        let data = ethernet(&udp(from, to, payload));
        decode_with(decoder, &frame(1, &data)).unwrap().remove(0)
    }

    #[test]
    fn a_bound_channel_is_a_flow_between_client_and_peer() {
        let mut decoder = Decoder::default();
        assert_eq!(one(&mut decoder, CLIENT, SERVER, &bind(0x4001)).carrier, Carrier::Udp);
        let out = one(&mut decoder, CLIENT, SERVER, &channel_data(0x4001, b"to the peer"));
        assert_eq!((out.from_to, out.payload), (format!("{CLIENT}-{PEER}"), b"to the peer".to_vec()));
        assert_eq!((out.carrier, out.ethernet), (Carrier::Turn, None));
        let back = one(&mut decoder, SERVER, CLIENT, &channel_data(0x4001, b"back"));
        assert_eq!((back.from_to, back.payload), (format!("{PEER}-{CLIENT}"), b"back".to_vec()));
    }

    #[test]
    fn a_channel_whose_binding_came_too_late_keeps_the_relays_address() {
        let mut decoder = Decoder::default();
        let outer = format!("{SERVER}-{CLIENT}");
        assert_eq!(one(&mut decoder, SERVER, CLIENT, &channel_data(0x4001, b"x")).from_to, outer);
        one(&mut decoder, CLIENT, SERVER, &bind(0x4001));
        assert_eq!(one(&mut decoder, SERVER, CLIENT, &channel_data(0x4001, b"x")).from_to, outer);
    }

    #[test]
    fn indications_name_their_peer() {
        let mut decoder = Decoder::default();
        let send = stun(0x0016, &[peer(), attribute(0x0013, b"hello")]);
        let out = one(&mut decoder, CLIENT, SERVER, &send);
        assert_eq!((out.from_to, out.payload), (format!("{CLIENT}-{PEER}"), b"hello".to_vec()));
        let data = stun(0x0017, &[attribute(0x0013, b"hello"), peer()]);
        let back = one(&mut decoder, SERVER, CLIENT, &data);
        assert_eq!((back.from_to, back.carrier), (format!("{PEER}-{CLIENT}"), Carrier::Turn));
    }

    #[test]
    fn a_peer_of_the_other_family_leaves_the_relays_address() {
        let six = xor_peer(2, 9, &[0x20; 16]);
        let send = stun(0x0016, &[six, attribute(0x0013, b"hello")]);
        let out = one(&mut Decoder::default(), CLIENT, SERVER, &send);
        assert_eq!((out.from_to, out.payload_len), (format!("{CLIENT}-{SERVER}"), 5));
    }

    #[test]
    fn a_cut_by_the_snaplen_changes_no_size() {
        let long = vec![0x80; 600];
        for payload in [channel_data(0x4001, &long), stun(0x0017, &[peer(), attribute(0x0013, &long)])] {
            let data = udp(SERVER, CLIENT, &payload);
            let cut = decode_with(&mut Decoder::default(), &frame(101, &data[..100])).unwrap().remove(0);
            assert_eq!(cut.payload_len, 600);
            assert!(cut.payload.len() < 72);
        }
    }

    #[test]
    fn what_only_looks_like_channel_data_is_left_as_it_is() {
        for payload in
            [&channel_data(0x4001, b"12345678")[..11], &[channel_data(0x4001, b"1"), vec![0; 9]].concat()]
        {
            assert_eq!(one(&mut Decoder::default(), CLIENT, SERVER, payload).carrier, Carrier::Udp);
        }
    }

    #[test]
    fn a_length_beyond_the_message_is_not_believed() {
        let mut send = stun(0x0016, &[peer(), attribute(0x0013, b"hello")]);
        let at = send.len() - 10;
        send[at..at + 2].copy_from_slice(&[0xff, 0xff]);
        assert_eq!(one(&mut Decoder::default(), CLIENT, SERVER, &send).carrier, Carrier::Udp);
    }
}

mod tcp_streams {
    use super::*;

    fn segment(sequence: u32, payload: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        PacketBuilder::ipv4([10, 0, 0, 1], [10, 0, 0, 2], 64)
            .tcp(5004, 6004, sequence, 1000)
            .write(&mut out, payload)
            .unwrap();
        out
    }

    fn rtp(number: u8, len: usize) -> Vec<u8> {
        let mut packet = vec![0x80, 96, 0, number, 0, 0, 0, 0, 0, 0, 0, 1];
        packet.resize(len, number);
        packet
    }

    fn framed(message: &[u8]) -> Vec<u8> {
        [&(message.len() as u16).to_be_bytes()[..], message].concat()
    }

    fn numbers(decoder: &mut Decoder, data: &[u8]) -> Vec<u8> {
        decode_with(decoder, &frame(101, data)).map_or(Vec::new(), |found| {
            assert!(found.iter().all(|datagram| datagram.carrier == Carrier::Rfc4571));
            found.iter().map(|datagram| datagram.payload[3]).collect()
        })
    }

    #[test]
    fn each_message_is_a_datagram_however_segments_divide_them() {
        let stream: Vec<u8> = (0..20).flat_map(|n| framed(&rtp(n, 30 + usize::from(n)))).collect();
        for len in [1_usize, 7, 41, 100, stream.len()] {
            let mut decoder = Decoder::default();
            let mut found = numbers(&mut decoder, &segment(100, &framed(&rtp(99, 40))));
            let mut sequence = 142;
            for chunk in stream.chunks(len) {
                found.extend(numbers(&mut decoder, &segment(sequence, chunk)));
                sequence += chunk.len() as u32;
            }
            assert_eq!(found, [&[99][..], &(0..20).collect::<Vec<_>>()].concat(), "{len}");
            assert_eq!((decoder.tcp_counts().messages, decoder.tcp_counts().gaps.count), (21, 0));
        }
    }

    #[test]
    fn segments_out_of_order_and_twice_are_put_in_order() {
        let messages: Vec<_> = (0..4).map(|n| framed(&rtp(n, 40))).collect();
        let at = |n: usize| segment(n as u32 * 42, &messages[n]);
        let mut decoder = Decoder::default();
        assert_eq!(numbers(&mut decoder, &at(0)), [0]);
        assert_eq!(numbers(&mut decoder, &at(2)), [0_u8; 0]);
        assert_eq!(numbers(&mut decoder, &at(0)), [0_u8; 0]);
        assert_eq!(numbers(&mut decoder, &at(3)), [0_u8; 0]);
        assert_eq!(numbers(&mut decoder, &at(1)), [1, 2, 3]);
        assert_eq!(decoder.tcp_counts().gaps.count, 0);
    }

    #[test]
    fn sequence_numbers_wrap() {
        let mut decoder = Decoder::default();
        assert_eq!(numbers(&mut decoder, &segment(u32::MAX - 20, &framed(&rtp(0, 40)))), [0]);
        assert_eq!(numbers(&mut decoder, &segment(21, &framed(&rtp(1, 40)))), [1]);
    }

    #[test]
    fn a_gap_is_counted_and_reading_goes_on_behind_it() {
        let mut decoder = Decoder::default();
        assert_eq!(numbers(&mut decoder, &segment(0, &framed(&rtp(0, 40)))), [0]);
        let mut found = Vec::new();
        for n in 2..40_u8 {
            found.extend(numbers(&mut decoder, &segment(u32::from(n) * 42, &framed(&rtp(n, 40)))));
        }
        assert_eq!(found, (2..40).collect::<Vec<_>>());
        assert_eq!(decoder.tcp_counts().gaps.count, 1);
    }

    #[test]
    fn what_the_snaplen_cut_is_skipped_by_its_length() {
        let mut decoder = Decoder::default();
        let mut found = Vec::new();
        for n in 0..5_u8 {
            let data = segment(u32::from(n) * 1002, &framed(&rtp(n, 1000)));
            found.extend(decode_with(&mut decoder, &frame(101, &data[..100])).unwrap());
        }
        assert_eq!(found.len(), 5);
        assert!(found.iter().all(|datagram| datagram.payload_len == 1000 && datagram.payload.len() == 58));
    }

    #[test]
    fn turn_over_tcp_is_unwrapped() {
        let channel = |n: u8| {
            let message = rtp(n, 41);
            [&[0x40, 1, 0, 41][..], &message, &[0; 3]].concat()
        };
        let mut decoder = Decoder::default();
        let stream: Vec<u8> = (0..5).flat_map(channel).collect();
        let found = decode_with(&mut decoder, &frame(101, &segment(0, &stream))).unwrap();
        let numbers: Vec<_> = found.iter().map(|datagram| datagram.payload[3]).collect();
        assert_eq!(numbers, [0, 1, 2, 3, 4]);
        assert!(
            found
                .iter()
                .all(|datagram| datagram.carrier == Carrier::TurnOverTcp && datagram.payload_len == 41)
        );
    }

    #[test]
    fn other_streams_are_tcp_and_no_gaps() {
        let mut random = 7_u32;
        let mut next = || {
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (random >> 24) as u8
        };
        let mut decoder = Decoder::default();
        for n in 0..500_u32 {
            let payload: Vec<_> = match n {
                0 => b"GET / HTTP/1.1\r\n\r\n".repeat(3),
                _ => (0..100).map(|_| next()).collect(),
            };
            assert_eq!(
                decode_with(&mut decoder, &frame(101, &segment(n * 150, &payload))).err(),
                Some(Skip::Tcp)
            );
        }
        assert_eq!(decoder.tcp_counts(), TcpCounts::default());
    }

    #[test]
    fn streams_and_what_waits_are_bounded() {
        let mut decoder = Decoder::default();
        for port in 0..5000_u16 {
            let mut data = segment(0, &framed(&rtp(0, 40)));
            data[20..22].copy_from_slice(&port.to_be_bytes());
            let _ = decode_with(&mut decoder, &frame(101, &data));
        }
        assert_eq!(decoder.tcp_counts().streams, 1024);
        assert_eq!(decoder.tcp_counts().over_limit.count, 5000 - 1024);
    }
}

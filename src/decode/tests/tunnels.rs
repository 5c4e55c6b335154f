//! VXLAN, Geneve, GTP-U, GRE, ERSPAN, IP in IP, and tunnels within tunnels.

use super::*;

fn vxlan(frame: &[u8]) -> Vec<u8> {
    ipv4_between((33_333, 4789), &[&[8, 0, 0, 0, 0, 0, 42, 0][..], frame].concat())
}

fn gre(header: &[u8], inner: &[u8]) -> Vec<u8> {
    carried(47, header, inner)
}

/// What IP carries under another protocol number than UDP's.
fn carried(protocol: u8, header: &[u8], inner: &[u8]) -> Vec<u8> {
    let mut packet = ipv4(b"");
    packet.truncate(20);
    packet[9] = protocol;
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
    let erspan_3 = |last: &[u8]| {
        [&[0x10, 0, 0x22, 0xeb, 0, 0, 0, 1][..], &[0x20, 7, 0, 0, 1, 2, 3, 4, 0, 0], last].concat()
    };
    let with = |port, header: &[u8], inner: &[u8]| ipv4_between((port, port), &[header, inner].concat());
    let options = [0x02, 0x40, 0x65, 0x58, 0, 0, 7, 0, 1, 3, 0x80, 0, 1, 1, 0, 0];
    let extended = [0x34, 0xff, 0, 80, 0, 0, 0, 1, 0, 0, 0, 0x85, 1, 0x10, 9, 0x40, 2, 0, 1, 0, 0, 0, 0, 0];
    for packet in [
        carried(41, &[], &inner),
        carried(137, &[0, 1, 0x11, 64], &inner),
        gre(&[0, 0, 0x88, 0x47, 0, 1, 0x11, 64], &inner),
        with(6081, &[0, 0, 0x65, 0x58, 0, 0, 7, 0], &inner_frame),
        with(6081, &options, &inner_frame),
        with(6081, &[0, 0, 0x86, 0xdd, 0, 0, 7, 0], &inner),
        with(2152, &[0x30, 0xff, 0, 80, 0, 0, 0, 1], &inner),
        with(2152, &[0x32, 0xff, 0, 80, 0, 0, 0, 1, 0, 9, 0, 0], &inner),
        with(2152, &extended, &inner),
        vxlan(&inner_frame),
        gre(&[0, 0, 0x86, 0xdd], &inner),
        gre(&[0x80, 0, 0x86, 0xdd, 1, 2, 0, 0], &inner),
        gre(&with_key_and_sequence, &inner_frame),
        gre(&[0, 0, 0x88, 0xbe], &inner_frame),
        gre(&erspan_2, &inner_frame),
        gre(&erspan_3(&[0x00, 0x10]), &inner_frame),
        gre(&[&erspan_3(&[0x00, 0x11])[..], &[0x0c; 8]].concat(), &inner_frame),
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
    for header in [[0x40, 0, 8, 0], [0, 1, 0x88, 0x0b], [0, 0, 0x88, 0x0b], [0, 0, 0x89, 0x4f]] {
        assert_eq!(decode(101, &gre(&header, &[0; 40])).err(), Some(Skip::Gre), "{header:02x?}");
    }
}

#[test]
fn ip_in_ip_and_gtp_in_tunnels_end_too() {
    let gtp =
        |inner: &[u8]| ipv4_between((2152, 2152), &[&[0x30, 0xff, 0, 80, 0, 0, 0, 1][..], inner].concat());
    let (mut in_ip, mut in_gtp) = (ipv4(b"hello"), ipv4(b"hello"));
    for depth in 0..20 {
        assert_eq!(decode(101, &in_ip).is_ok(), depth <= 4, "{depth}");
        assert_eq!(decode(101, &in_gtp).is_ok(), depth <= 4, "{depth}");
        (in_ip, in_gtp) = (carried(4, &[], &in_ip), gtp(&in_gtp));
    }
    assert_eq!(decode(101, &in_ip).err(), Some(Skip::TooDeep));
}

#[test]
fn gtp_extensions_without_a_length_or_an_end_are_no_loop() {
    let message = |extension: &[u8]| {
        let header = [0x34, 0xff, 0, 80, 0, 0, 0, 1, 0, 0, 0, 0x85];
        ipv4_between((2152, 2152), &[&header[..], extension].concat())
    };
    assert_eq!(decode(101, &message(&[0; 40])).err(), Some(Skip::Malformed));
    assert_eq!(decode(101, &message(&[1; 40])).err(), Some(Skip::CutShort));
    assert_eq!(decode(101, &message(&[200; 40])).err(), Some(Skip::CutShort));
}

//! TURN over UDP.

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

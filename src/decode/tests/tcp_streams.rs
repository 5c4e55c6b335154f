//! RTP and TURN over TCP.

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
        found.iter().all(|datagram| datagram.carrier == Carrier::TurnOverTcp && datagram.payload_len == 41)
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

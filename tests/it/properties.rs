//! What must not matter does not: how the capture is stored, cut or carried. And what is damaged is no panic.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::io::{Cursor, Write};

use etherparse::PacketBuilder;
use proptest::prelude::*;
use remb_replay::capture::{CaptureReader, Frame};
use remb_replay::decode::Decoder;
use remb_replay::replay::{Event, Outcome, Replay, ReplayConfig, Sink};
use remb_replay::survey::{FlowInfo, SurveyConfig};
use remb_replay::units::{CaptureTime, TimeDelta};

use crate::common;

/// A frame that owns its bytes.
#[derive(Clone)]
struct Owned {
    nanos: i64,
    data: Vec<u8>,
    original_len: usize,
}

/// Time, bit rate and SSRCs of each REMB of the first flow.
type Rembs = Vec<(i64, i64, String)>;

#[derive(Default)]
struct Collect(Rembs);

impl Sink for Collect {
    type Error = std::convert::Infallible;

    fn event(&mut self, info: &FlowInfo, at: CaptureTime, event: &Event) -> Result<(), Self::Error> {
        if let (0, Event::Remb(remb)) = (info.index, event) {
            self.0.push((at.as_nanos(), remb.bitrate.as_bps(), format!("{:?}", remb.ssrcs)));
        }
        Ok(())
    }
}

/// The round trip time is fixed: RTCP may be cut off.
fn rembs(file: Vec<u8>) -> Rembs {
    replayed(file, false).0
}

/// REMBs, and what the replay came to.
fn replayed(file: Vec<u8>, merge_flows: bool) -> (Rembs, Outcome) {
    let rtt = Some(TimeDelta::from_millis(20));
    let survey = SurveyConfig { merge_flows, ..SurveyConfig::default() };
    let mut replay = Replay::new(ReplayConfig { rtt, survey, ..ReplayConfig::default() }).unwrap();
    let mut reader = CaptureReader::new(Box::new(Cursor::new(file))).unwrap();
    let mut collect = Collect::default();
    while let Some(frame) = reader.next_frame().unwrap() {
        let Ok(()) = replay.handle_frame(&frame, &mut collect);
    }
    let Ok(()) = replay.finish(&mut collect);
    (collect.0, replay.outcome())
}

/// The beginning of a call whose packets were captured whole.
fn call() -> Vec<Owned> {
    let file = common::read(&common::testdata("captures").join("s08-full-ipv6.pcap.gz"));
    let mut reader = CaptureReader::new(Box::new(Cursor::new(file))).unwrap();
    let mut frames = Vec::new();
    while let Some(Frame { at, data, original_len, .. }) = reader.next_frame().unwrap() {
        let original_len = original_len as usize;
        frames.push(Owned { nanos: at.as_nanos(), data: data.to_vec(), original_len });
    }
    frames
}

#[derive(Clone, Copy)]
struct Order(bool);

impl Order {
    fn u32(self, value: u32) -> [u8; 4] {
        if self.0 { value.to_be_bytes() } else { value.to_le_bytes() }
    }

    fn u16(self, value: u16) -> [u8; 2] {
        if self.0 { value.to_be_bytes() } else { value.to_le_bytes() }
    }
}

const LITTLE: Order = Order(false);
const BIG: Order = Order(true);

fn pcap(frames: &[Owned], order: Order, link_type: u32) -> Vec<u8> {
    let mut file = order.u32(0xa1b2_3c4d).to_vec();
    file.extend(order.u16(2).into_iter().chain(order.u16(4)));
    for word in [0, 0, 262_144, link_type] {
        file.extend(order.u32(word));
    }
    for frame in frames {
        let seconds = (frame.nanos / 1_000_000_000) as u32;
        let words = [
            seconds,
            (frame.nanos % 1_000_000_000) as u32,
            frame.data.len() as u32,
            frame.original_len as u32,
        ];
        words.iter().for_each(|word| file.extend(order.u32(*word)));
        file.extend(&frame.data);
    }
    file
}

fn block(order: Order, kind: u32, body: &[&[u8]]) -> Vec<u8> {
    let mut body = body.concat();
    body.resize(body.len().next_multiple_of(4), 0);
    let len = order.u32(12 + body.len() as u32);
    [&order.u32(kind)[..], &len, &body, &len].concat()
}

fn pcapng(frames: &[Owned], order: Order) -> Vec<u8> {
    let section = [&order.u32(0x1a2b_3c4d)[..], &order.u16(1), &order.u16(0), &[0xff; 8]];
    let mut file = block(order, 0x0a0d_0d0a, &section);
    let resolution = [&order.u16(9)[..], &order.u16(1), &[9, 0, 0, 0]].concat();
    file.extend(block(order, 1, &[&order.u16(1), &order.u16(0), &order.u32(0), &resolution]));
    for frame in frames {
        let stamp = frame.nanos as u64;
        let words =
            [0, (stamp >> 32) as u32, stamp as u32, frame.data.len() as u32, frame.original_len as u32];
        let header: Vec<_> = words.iter().flat_map(|word| order.u32(*word)).collect();
        file.extend(block(order, 6, &[&header, &frame.data]));
    }
    file
}

/// Every frame's data made anew from the one before.
fn changed(frames: &[Owned], mut change: impl FnMut(&[u8]) -> Vec<u8>) -> Vec<Owned> {
    let change = |frame: &Owned| {
        let data = change(&frame.data);
        Owned { nanos: frame.nanos, original_len: data.len(), data }
    };
    frames.iter().map(change).collect()
}

/// Source and destination port, and the payload, of a frame's datagram.
fn datagram(frame: &Owned) -> Option<(u16, u16, Vec<u8>)> {
    let mut reader =
        CaptureReader::new(Box::new(Cursor::new(pcap(std::slice::from_ref(frame), LITTLE, 1)))).unwrap();
    let frame = reader.next_frame().unwrap().unwrap();
    let mut found = None;
    let _ = Decoder::default().decode(&frame, &mut |datagram| {
        let ports = (datagram.ends.source.port(), datagram.ends.destination.port());
        found = Some((ports.0, ports.1, datagram.payload.to_vec()));
    });
    found
}

/// The call carried anew: `carry` is given whether the media's sender sent, and the payload, and gives an IPv4 packet.
fn carried(frames: &[Owned], mut carry: impl FnMut(bool, &[u8]) -> Vec<u8>) -> Vec<u8> {
    let (sender, ..) = datagram(&frames[frames.len() / 2]).unwrap();
    let packets: Vec<_> = frames
        .iter()
        .filter_map(|frame| {
            let (source, _, payload) = datagram(frame)?;
            let data = carry(source == sender, &payload);
            Some(Owned { nanos: frame.nanos, original_len: data.len(), data })
        })
        .collect();
    pcap(&packets, LITTLE, 101)
}

const SENDER: [u8; 4] = [10, 0, 0, 1];
const RECEIVER: [u8; 4] = [10, 0, 0, 2];

fn udp(from_sender: bool, payload: &[u8]) -> Vec<u8> {
    let (source, destination) = if from_sender { (SENDER, RECEIVER) } else { (RECEIVER, SENDER) };
    let mut out = Vec::new();
    let builder = PacketBuilder::ipv4(source, destination, 64).udp(5004, 5004);
    builder.write(&mut out, payload).unwrap();
    out
}

#[test]
fn how_the_capture_is_stored_does_not_matter() {
    let frames = call();
    let plain = pcap(&frames, LITTLE, 1);
    let expected = rembs(plain.clone());
    assert!(expected.len() > 10);
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&plain).unwrap();
    let zstd = ruzstd::encoding::compress_to_vec(&plain[..], ruzstd::encoding::CompressionLevel::Fastest);
    for (name, file) in [
        ("big-endian pcap", pcap(&frames, BIG, 1)),
        ("pcapng", pcapng(&frames, LITTLE)),
        ("big-endian pcapng", pcapng(&frames, BIG)),
        ("gzip", gzip.finish().unwrap()),
        ("zstd", zstd),
        ("the same again", plain),
    ] {
        assert_eq!(rembs(file), expected, "{name}");
    }
}

#[test]
fn a_snaplen_does_not_matter() {
    let frames = call();
    let expected = rembs(pcap(&frames, LITTLE, 1));
    for snaplen in [128, 100, 96] {
        let cut: Vec<_> = frames
            .iter()
            .map(|frame| {
                let data = frame.data[..frame.data.len().min(snaplen)].to_vec();
                Owned { data, ..frame.clone() }
            })
            .collect();
        assert_eq!(rembs(pcap(&cut, LITTLE, 1)), expected, "{snaplen}");
    }
}

#[test]
fn vlan_tags_and_vxlan_do_not_matter() {
    let frames = call();
    let expected = rembs(pcap(&frames, LITTLE, 1));
    let tagged = changed(&frames, |data| [&data[..12], &[0x81, 0, 0, 7], &data[12..]].concat());
    assert_eq!(rembs(pcap(&tagged, LITTLE, 1)), expected);
    let vxlan = changed(&frames, |data| {
        let mut out = Vec::new();
        let builder = PacketBuilder::ipv4([192, 0, 2, 1], [192, 0, 2, 2], 64).udp(40_000, 4789);
        builder.write(&mut out, &[&[8, 0, 0, 0, 0, 0, 1, 0][..], data].concat()).unwrap();
        out
    });
    assert_eq!(rembs(pcap(&vxlan, LITTLE, 101)), expected);
}

#[test]
fn a_shift_by_a_multiple_of_64_seconds_does_not_matter() {
    let frames = call();
    let expected = rembs(pcap(&frames, LITTLE, 1));
    for shift in [1, 1000] {
        let nanos = shift * 64_000_000_000;
        let shifted: Vec<_> =
            frames.iter().map(|frame| Owned { nanos: frame.nanos + nanos, ..frame.clone() }).collect();
        let back: Rembs = rembs(pcap(&shifted, LITTLE, 1))
            .into_iter()
            .map(|(at, bps, ssrcs)| (at - nanos, bps, ssrcs))
            .collect();
        assert_eq!(back, expected);
    }
}

#[test]
fn fragments_arrive_with_their_last_piece() {
    let frames = call();
    let expected = rembs(carried(&frames, udp));
    let mut identification = 0_u16;
    let mut packets = Vec::new();
    for frame in &frames {
        let Some((source, _, payload)) = datagram(frame) else { continue };
        let sender = datagram(&frames[frames.len() / 2]).unwrap().0;
        let whole = udp(source == sender, &payload);
        identification = identification.wrapping_add(1);
        let (header, body) = whole.split_at(20);
        let pieces: Vec<_> = body.chunks(560).collect();
        for (n, piece) in pieces.iter().enumerate() {
            let mut header = header.to_vec();
            header[2..4].copy_from_slice(&(20 + piece.len() as u16).to_be_bytes());
            header[4..6].copy_from_slice(&identification.to_be_bytes());
            let more = if n + 1 < pieces.len() { 0x2000 } else { 0 };
            header[6..8].copy_from_slice(&((n * 70) as u16 | more).to_be_bytes());
            let data = [&header[..], piece].concat();
            packets.push(Owned { nanos: frame.nanos, original_len: data.len(), data });
        }
    }
    assert!(packets.len() > frames.len() * 3 / 2);
    assert_eq!(rembs(pcap(&packets, LITTLE, 101)), expected);
}

#[test]
fn what_carries_the_packets_does_not_matter() {
    let frames = call();
    let expected = rembs(carried(&frames, udp));
    assert!(expected.len() > 10);

    let channel = carried(&frames, |from_sender, payload| {
        udp(from_sender, &[&[0x40, 1][..], &(payload.len() as u16).to_be_bytes(), payload].concat())
    });
    assert_eq!(rembs(channel), expected, "TURN");

    let gre = carried(&frames, |from_sender, payload| {
        let inner = udp(from_sender, payload);
        let mut outer = udp(true, b"")[..20].to_vec();
        outer[2..4].copy_from_slice(&(24 + inner.len() as u16).to_be_bytes());
        outer[9] = 47;
        [&outer[..], &[0, 0, 8, 0], &inner].concat()
    });
    assert_eq!(rembs(gre), expected, "GRE");

    let mut next = [1000_u32, 9000];
    let tcp = carried(&frames, |from_sender, payload| {
        let (source, destination) = if from_sender { (SENDER, RECEIVER) } else { (RECEIVER, SENDER) };
        let sequence = &mut next[usize::from(from_sender)];
        let message = [&(payload.len() as u16).to_be_bytes()[..], payload].concat();
        let mut out = Vec::new();
        let builder = PacketBuilder::ipv4(source, destination, 64).tcp(5004, 5004, *sequence, 0xffff);
        builder.write(&mut out, &message).unwrap();
        *sequence += message.len() as u32;
        out
    });
    assert_eq!(rembs(tcp), expected, "RFC 4571");
}

#[test]
fn a_path_that_changes_in_mid_call_is_reported_and_can_be_merged() {
    let frames = call();
    let moved = |from: usize| {
        let mut count = 0;
        carried(&frames, |from_sender, payload| {
            count += 1;
            let mut packet = udp(from_sender, payload);
            if count > from {
                let port_at = if from_sender { 20 } else { 22 };
                packet[port_at..port_at + 2].copy_from_slice(&[0x99, 0x99]);
            }
            packet
        })
    };
    let (expected, outcome) = replayed(moved(usize::MAX), true);
    assert_eq!((outcome.flows.len(), outcome.flows[0].also_on.len()), (1, 0));
    let (_, outcome) = replayed(moved(700), false);
    assert_eq!(outcome.flows.len(), 2);
    let doubt = outcome.warnings.iter().find(|warning| warning.code() == "W-PATH-CHANGE").unwrap();
    assert!(doubt.message().contains("--merge-flows"), "{}", doubt.message());
    let (rembs, outcome) = replayed(moved(700), true);
    assert_eq!((outcome.flows.len(), outcome.flows[0].also_on.len()), (1, 1));
    assert_eq!(rembs, expected);
    assert!(outcome.warnings.iter().all(|warning| warning.code() != "W-PATH-CHANGE"));
}

#[test]
fn what_only_looks_like_rtp_makes_room_for_what_is() {
    let frames = call();
    let (sender, ..) = datagram(&frames[frames.len() / 2]).unwrap();
    let mut packets = Vec::new();
    let first = frames[0].nanos;
    for n in 0..30_000_u32 {
        let lookalike = [&[0x80, 96, 0, 0, 0, 0, 0, 0][..], &n.to_be_bytes(), &[0; 20]].concat();
        let data = udp(true, &lookalike);
        let nanos = first - 40_000_000_000 + i64::from(n) * 1_000_000;
        packets.push(Owned { nanos, original_len: data.len(), data });
    }
    for frame in &frames {
        let Some((source, _, payload)) = datagram(frame) else { continue };
        let mut data = udp(source == sender, &payload);
        data[23] ^= 1;
        packets.push(Owned { nanos: frame.nanos, original_len: data.len(), data });
    }
    let (_, outcome) = replayed(pcap(&packets, LITTLE, 101), false);
    let flow = outcome.flows.iter().find(|flow| flow.packets_fed > 1000).unwrap();
    assert_eq!(flow.streams.len(), 2);
}

/// Reads and replays whatever there is; nothing may panic.
fn survive(file: Vec<u8>) {
    let Ok(mut reader) = CaptureReader::new(Box::new(Cursor::new(file))) else { return };
    let mut replay = Replay::new(ReplayConfig::default()).unwrap();
    let mut collect = Collect::default();
    while let Ok(Some(frame)) = reader.next_frame() {
        let Ok(()) = replay.handle_frame(&frame, &mut collect);
    }
    let Ok(()) = replay.finish(&mut collect);
    replay.outcome();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn damage_is_no_panic(
        in_pcapng in any::<bool>(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..200),
        cut in any::<prop::sample::Index>(),
        swap in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 0..20),
    ) {
        let mut frames = call();
        frames.truncate(600);
        for (a, b) in swap {
            let (a, b) = (a.index(frames.len()), b.index(frames.len()));
            frames.swap(a, b);
        }
        let mut file = if in_pcapng { pcapng(&frames, BIG) } else { pcap(&frames, LITTLE, 1) };
        for (place, byte) in damage {
            let place = 24 + place.index(file.len() - 24);
            file[place] = byte;
        }
        file.truncate(24 + cut.index(file.len() - 24));
        survive(file);
    }
}

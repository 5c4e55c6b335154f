//! What is fuzzed. `cargo fuzz run TARGET` looks for new inputs; `cargo test --test it corpus` replays the known ones on
//! stable. Each takes any bytes, must not panic, and checks what must hold for all of them.
#![allow(dead_code, reason = "each fuzz target uses one of them")]

use std::io::Cursor;

use etherparse::PacketBuilder;
use remb_replay::capture::{CaptureReader, Frame, LinkType};
use remb_replay::decode::Decoder;
use remb_replay::remb::Remb;
use remb_replay::replay::{Event, Replay, ReplayConfig, Sink};
use remb_replay::rtp::sdp::{HeaderExtension, SessionDescription};
use remb_replay::rtp::{Blocks, RtpPacket};
use remb_replay::rtp::{classify, segment_len};
use remb_replay::survey::{FlowInfo, NoFeed, Survey, SurveyConfig};
use remb_replay::units::{CaptureTime, FrameNumber, PayloadType, Ssrc};

/// Records behind a file header that the first byte chooses.
pub(crate) fn pcap(data: &[u8]) {
    let Some((choice, records)) = data.split_first() else { return };
    let magic: u32 = match choice & 3 {
        0 => 0xa1b2_c3d4,
        1 => 0xa1b2_3c4d,
        _ => 0xa1b2_cd34,
    };
    let words = [magic, 0x0004_0002, 0, 0, 65_535, 1];
    let header: Vec<u8> = match choice & 4 {
        0 => words.iter().flat_map(|word| word.to_le_bytes()).collect(),
        _ => words.iter().flat_map(|word| word.to_be_bytes()).collect(),
    };
    read([&header, records].concat());
}

/// A whole file.
pub(crate) fn pcapng(data: &[u8]) {
    read(data.to_vec());
}

/// A WebRTC event log behind its begin record, and what the pipeline makes of it. A packet costs a bit at least.
pub(crate) fn event_log(data: &[u8]) {
    let begin =
        [0x82, 0x01, 0x0d, 0x08, 0xfc, 0x8c, 0x57, 0x10, 0x02, 0x18, 0x9a, 0xda, 0x84, 0xe2, 0xa1, 0x34];
    let file = [&begin[..], data].concat();
    let most = file.len() as u64 * 8;
    let Ok(mut reader) = CaptureReader::new(Box::new(Cursor::new(file))) else { return };
    let mut survey = Survey::new(SurveyConfig { max_flows: 4, max_ssrcs: 16, ..SurveyConfig::default() });
    while let Ok(Some(frame)) = reader.next_frame() {
        assert!(frame.number.0 <= most && frame.data.len() <= frame.original_len as usize);
        survey.handle_frame(&frame, &mut NoFeed);
    }
    survey.finish(&mut NoFeed);
    survey.findings();
}

/// A text packet log behind a line that tells it.
pub(crate) fn text_log(data: &[u8]) {
    let line = b"I 00:00:18.042 0000 80 60 00 01 00 00 00 00 00 00 00 07 # RTP_DUMP\n";
    read_log([&line[..], data].concat());
}

/// An rtpdump file behind its header.
pub(crate) fn rtpdump(data: &[u8]) {
    read_log([&b"#!rtpplay1.0 10.0.0.1/5004\n"[..], &[0; 16], data].concat());
}

/// A packet has eight bytes at least.
fn read_log(file: Vec<u8>) {
    let most = file.len() as u64 / 8 + 1;
    let Ok(mut reader) = CaptureReader::new(Box::new(Cursor::new(file))) else { return };
    while let Ok(Some(frame)) = reader.next_frame() {
        assert!(frame.number.0 <= most && frame.data.len() <= frame.original_len as usize);
    }
}

/// A packet record has at least twelve bytes: so many frames at most.
fn read(file: Vec<u8>) {
    let most = file.len() as u64 / 12 + 1;
    let is_compressed = file.starts_with(&[0x1f, 0x8b]) || file.starts_with(&[0x28, 0xb5]);
    let Ok(mut reader) = CaptureReader::new(Box::new(Cursor::new(file))) else { return };
    while let Ok(Some(frame)) = reader.next_frame() {
        assert!(is_compressed || frame.number.0 <= most);
    }
}

fn frame(number: u64, link_type: u16, data: &[u8]) -> Frame<'_> {
    Frame {
        number: FrameNumber(number),
        at: CaptureTime::from_nanos(i128::from(number) * 1_000_000).unwrap_or_default(),
        nanoseconds: false,
        link_type: LinkType(link_type),
        data,
        original_len: data.len() as u32,
        direction: None,
        log: None,
    }
}

fn check_decoded(decoder: &mut Decoder, frame: &Frame<'_>) {
    let _ = decoder.decode(frame, &mut |datagram| {
        assert!(datagram.payload.len() <= datagram.payload_len);
        assert_eq!(datagram.ends.source.is_ipv4(), datagram.ends.destination.is_ipv4());
    });
}

/// Frames of one link type, which the first byte chooses; each behind its length.
pub(crate) fn decode(data: &[u8]) {
    const LINK_TYPES: [u16; 21] =
        [1, 101, 0, 108, 113, 276, 12, 14, 228, 229, 147, 1, 9, 50, 51, 104, 105, 127, 204, 239, 258];
    let Some((choice, mut rest)) = data.split_first() else { return };
    let link_type = LINK_TYPES[usize::from(*choice) % LINK_TYPES.len()];
    let mut decoder = Decoder::default();
    for number in 1.. {
        let Some((&[l0, l1], after)) = rest.split_first_chunk() else { return };
        let len = usize::from(u16::from_be_bytes([l0, l1])).min(after.len());
        check_decoded(&mut decoder, &frame(number, link_type, &after[..len]));
        rest = &after[len..];
    }
}

/// Segments of a TCP stream, and datagrams of a TURN client: each behind a kind, a step of the sequence number, what the
/// snaplen leaves, and a length.
pub(crate) fn framing(data: &[u8]) {
    let mut decoder = Decoder::default();
    let (mut rest, mut sequence) = (data, 1000_u32);
    for number in 1.. {
        let Some((&[kind, step, snaplen, len], after)) = rest.split_first_chunk() else { return };
        let len = (usize::from(len) * 4).min(after.len());
        let payload = &after[..len];
        let (source, destination) = if kind & 1 == 0 { (1, 2) } else { (2, 1) };
        let ip = PacketBuilder::ipv4([10, 0, 0, source], [10, 0, 0, destination], 64);
        let mut packet = Vec::new();
        let written = if kind & 2 == 0 {
            sequence = sequence.wrapping_add_signed(i32::from(step as i8));
            let written = ip.tcp(5004, 5004, sequence, 1000).write(&mut packet, payload);
            sequence = sequence.wrapping_add(len as u32);
            written
        } else {
            ip.udp(5004, 3478).write(&mut packet, payload)
        };
        assert!(written.is_ok());
        let keep = packet.len().min(28 + usize::from(snaplen) * 4);
        let captured = Frame { original_len: packet.len() as u32, ..frame(number, 101, &packet[..keep]) };
        check_decoded(&mut decoder, &captured);
        rest = &after[len..];
    }
}

/// A payload behind its length on the wire: what it is, and what it is divided into.
fn check_class(captured: &[u8], len_on_wire: usize) {
    let captured = &captured[..captured.len().min(len_on_wire)];
    classify(captured, len_on_wire);
    if let Some(len) = segment_len(captured, len_on_wire) {
        assert!((12..=captured.len() - 12).contains(&len));
    }
}

/// A packet behind its length on the wire.
pub(crate) fn rtp(data: &[u8]) {
    let Some((&[l0, l1], captured)) = data.split_first_chunk() else { return };
    let len_on_wire = usize::from(u16::from_be_bytes([l0, l1]));
    check_class(captured, len_on_wire);
    let Ok(packet) = RtpPacket::parse(captured, len_on_wire) else { return };
    assert!(packet.header_len() <= len_on_wire);
    assert_eq!(packet.size().as_bytes() as usize + packet.header_len(), len_on_wire);
    assert!(packet.elements().all(|element| element.value.len() <= 255));
    for id in 0..=255 {
        assert!(id != 0 || packet.extension(id).is_none());
        packet.abs_send_time(id);
        packet.transmission_offset(id);
    }
    packet.first_csrc();
    packet.has_absurd_padding();
    let again = RtpPacket::parse(packet.header_bytes(), len_on_wire);
    assert!(
        again.is_ok_and(|again| again.header_len() == packet.header_len() && again.ssrc() == packet.ssrc())
    );
}

/// A compound behind its length on the wire.
pub(crate) fn rtcp(data: &[u8]) {
    let Some((&[l0, l1], captured)) = data.split_first_chunk() else { return };
    let len_on_wire = usize::from(u16::from_be_bytes([l0, l1]));
    check_class(captured, len_on_wire);
    let mut blocks = Blocks::new(captured, len_on_wire);
    for block in blocks.by_ref() {
        let _ = block.sender_ssrc();
        if let Some(report) = block.report() {
            assert!(report.requests().count() + report.echoes().count() <= captured.len());
        }
        if let Ok(remb) = block.remb() {
            assert!(remb.bitrate.as_bps() >= 0);
        }
    }
    assert!(blocks.end().is_some());
    if let Ok(remb) = Remb::parse(captured) {
        let mut written = Vec::new();
        if Remb::encode(remb.sender_ssrc, remb.bitrate, &remb.ssrcs, &mut written).is_ok() {
            let again = Remb::parse(&written).map(|again| (again.bitrate, again.ssrcs));
            assert_eq!(again.ok(), Some((remb.bitrate, remb.ssrcs)));
        }
    }
}

/// A session description.
pub(crate) fn sdp(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match SessionDescription::parse(text) {
        Ok(sdp) => {
            for extension in HeaderExtension::ALL {
                let _ = sdp.extension_id(extension);
            }
            for payload_type in 0..128 {
                let _ = sdp.payload(PayloadType(payload_type));
                let _ = sdp.media_of(Ssrc(1), PayloadType(payload_type));
            }
        }
        Err(error) => assert!(error.to_string().len() < 1200, "{error}"),
    }
}

/// Nobody looks at the events.
struct Blind;

impl Sink for Blind {
    type Error = std::convert::Infallible;

    fn event(&mut self, _: &FlowInfo, _: CaptureTime, _: &Event) -> Result<(), Self::Error> {
        Ok(())
    }
}

/// A whole capture, surveyed and replayed with tiny limits.
pub(crate) fn replay(data: &[u8]) {
    let survey = SurveyConfig { max_flows: 3, max_ssrcs: 3, merge_flows: true, ..SurveyConfig::default() };
    let mut looked_at = Survey::new(survey.clone());
    let mut replay = Replay::new(ReplayConfig { survey, ..ReplayConfig::default() }).unwrap();
    let Ok(mut reader) = CaptureReader::new(Box::new(Cursor::new(data.to_vec()))) else { return };
    while let Ok(Some(frame)) = reader.next_frame() {
        let Ok(()) = replay.handle_frame(&frame, &mut Blind);
        looked_at.handle_frame(&frame, &mut NoFeed);
    }
    let Ok(()) = replay.finish(&mut Blind);
    looked_at.finish(&mut NoFeed);
    let (outcome, findings) = (replay.outcome(), looked_at.findings());
    assert_eq!(outcome.frames.total, findings.frames.total);
    assert_eq!(outcome.flows.len(), findings.flows.len());
    assert!(outcome.flows.iter().map(|flow| flow.streams.len()).sum::<usize>() <= 3);
}

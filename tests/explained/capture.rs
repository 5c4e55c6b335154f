//! A call as a capture at its receiver, and what a replay says of it.

use std::io::Cursor;

use remb_replay::capture::Capture;
use remb_replay::model::Event;
use remb_replay::replay::{ReplayConfig, replay};

use super::call::{Call, EPOCH, Fate, Packet, Role, raw};
use super::plan::{Plan, SECOND};

const ETHERNET: [u8; 14] = [2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0];

/// What a replay of the capture says, and when the first frame was.
pub(crate) struct Explained {
    pub(crate) events: Vec<Event>,
    /// Since the call's beginning, µs.
    pub(crate) first: i64,
}

/// All frames in order of arrival.
pub(crate) fn arrivals(call: &Call) -> Vec<(i64, Packet)> {
    let arrived = call.packets.iter().filter_map(|packet| match packet.fate {
        Fate::Arrived(at) => Some((at, *packet)),
        _ => None,
    });
    let mut arrived: Vec<_> = arrived.collect();
    arrived.sort_by_key(|(at, _)| *at);
    arrived
}

/// The header of a pcap file.
pub(crate) fn header() -> Vec<u8> {
    [0xa1b2_c3d4_u32, 2 | 4 << 16, 0, 0, 66, 1].iter().flat_map(|word| word.to_le_bytes()).collect()
}

pub(crate) fn pcap(plan: &Plan, call: &Call) -> Vec<u8> {
    pcap_with(plan, call, &[])
}

/// With REMBs of its receiver.
pub(crate) fn pcap_with(plan: &Plan, call: &Call, rembs: &[(i64, i64)]) -> Vec<u8> {
    let mut bytes = header();
    let mut rembs = rembs.iter().peekable();
    for (at, packet) in arrivals(call) {
        while let Some((sent, bps)) = rembs.next_if(|(sent, _)| *sent < at) {
            remb(
                *sent,
                *bps,
                &[Role::Video.ssrc(), Role::SecondVideo.ssrc(), Role::Padding.ssrc()],
                &mut bytes,
            );
        }
        write(plan, at, &packet, &mut bytes);
    }
    bytes
}

pub(crate) fn explain(plan: &Plan, call: &Call) -> Explained {
    let capture = Capture::from_reader(Cursor::new(pcap(plan, call)));
    let config = ReplayConfig { steps: false, ..ReplayConfig::default() };
    let outcome = replay(capture, &config).unwrap().rembs(|_, _, _| {}).unwrap();
    let first = arrivals(call).first().map_or(0, |(at, _)| *at);
    Explained { events: outcome.flows.into_iter().next().map_or(Vec::new(), |flow| flow.events), first }
}

fn write(plan: &Plan, at: i64, packet: &Packet, to: &mut Vec<u8>) {
    let mut extension = vec![0xbe, 0xde, 0, 1, 0x32];
    extension.extend(&raw(plan, packet.sent).to_be_bytes()[1..]);
    if plan.has_transport_cc {
        extension = vec![0xbe, 0xde, 0, 2, 0x32];
        extension.extend(&raw(plan, packet.sent).to_be_bytes()[1..]);
        extension.push(0x51);
        extension.extend_from_slice(&packet.number.to_be_bytes());
        extension.push(0);
    }
    let payload_type = match packet.role {
        Role::Audio => 111,
        Role::Padding => 97,
        Role::Video | Role::SecondVideo => 96,
    };
    let is_padding = packet.role == Role::Padding;
    let mut rtp = vec![0x90 | u8::from(is_padding) << 5, payload_type];
    rtp.extend_from_slice(&packet.number.to_be_bytes());
    rtp.extend_from_slice(&packet.timestamp.to_be_bytes());
    rtp.extend(packet.role.ssrc().to_be_bytes());
    rtp.extend_from_slice(&extension);
    datagram(at, Side::Sender, &rtp, packet.bytes as usize, to);
}

/// Who sent a datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Sender,
    Receiver,
}

/// A frame with a datagram at so many µs, of which the last bytes are cut off.
pub(crate) fn datagram(at: i64, from: Side, payload: &[u8], cut: usize, to: &mut Vec<u8>) {
    let udp = 8 + payload.len() as u16 + cut as u16;
    let mut frame = ETHERNET.to_vec();
    frame.extend_from_slice(&[0x45, 0]);
    frame.extend_from_slice(&(20 + udp).to_be_bytes());
    frame.extend_from_slice(&[0, 0, 0x40, 0, 64, 17, 0, 0]);
    let (mut addresses, mut ports) = ([[10, 9, 0, 1], [10, 9, 0, 2]], [[0x13, 0x8c], [0x13, 0x8e]]);
    if from == Side::Receiver {
        addresses.reverse();
        ports.reverse();
    }
    frame.extend([addresses.concat(), ports.concat()].concat());
    frame.extend_from_slice(&udp.to_be_bytes());
    frame.extend_from_slice(&[0, 0]);
    frame.extend_from_slice(payload);
    let micros = (EPOCH + at) as u64;
    let second = SECOND as u64;
    let whole = 34 + u32::from(udp);
    for word in [(micros / second) as u32, (micros % second) as u32, frame.len() as u32, whole] {
        to.extend_from_slice(&word.to_le_bytes());
    }
    to.extend_from_slice(&frame);
}

/// A receiver report that says nothing, and a REMB.
pub(crate) fn remb(at: i64, bps: i64, ssrcs: &[u32], to: &mut Vec<u8>) {
    let exponent = (64 - (bps as u64).leading_zeros()).saturating_sub(18);
    let mantissa = (bps >> exponent) as u32;
    let mut rtcp =
        vec![0x80, 201, 0, 1, 0, 0, 0, 1, 0x8f, 206, 0, 4 + ssrcs.len() as u8, 0, 0, 0, 1, 0, 0, 0, 0];
    rtcp.extend(b"REMB");
    rtcp.extend((((ssrcs.len() as u32) << 24) | (exponent << 18) | mantissa).to_be_bytes());
    rtcp.extend(ssrcs.iter().flat_map(|ssrc| ssrc.to_be_bytes()));
    datagram(at, Side::Receiver, &rtcp, 0, to);
}

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

pub(crate) fn pcap(plan: &Plan, call: &Call) -> Vec<u8> {
    let mut bytes = Vec::new();
    for word in [0xa1b2_c3d4_u32, 2 | 4 << 16, 0, 0, 66, 1] {
        bytes.extend(word.to_le_bytes());
    }
    for (at, packet) in arrivals(call) {
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
        extension.extend(packet.number.to_be_bytes());
        extension.push(0);
    }
    let payload_type = match packet.role {
        Role::Audio => 111,
        Role::Padding => 97,
        Role::Video | Role::SecondVideo => 96,
    };
    let is_padding = packet.role == Role::Padding;
    let mut rtp = vec![0x90 | u8::from(is_padding) << 5, payload_type];
    rtp.extend(packet.number.to_be_bytes());
    rtp.extend(packet.timestamp.to_be_bytes());
    rtp.extend(packet.role.ssrc().to_be_bytes());
    rtp.extend(extension);
    let udp = 8 + rtp.len() as u16 + packet.bytes as u16;
    let mut frame = ETHERNET.to_vec();
    frame.extend([0x45, 0]);
    frame.extend((20 + udp).to_be_bytes());
    frame.extend([0, 0, 0x40, 0, 64, 17, 0, 0, 10, 9, 0, 1, 10, 9, 0, 2, 0x13, 0x8c, 0x13, 0x8e]);
    frame.extend(udp.to_be_bytes());
    frame.extend([0, 0]);
    frame.extend(rtp);
    let micros = (EPOCH + at) as u64;
    let second = SECOND as u64;
    let whole = 34 + u32::from(udp);
    for word in [(micros / second) as u32, (micros % second) as u32, frame.len() as u32, whole] {
        to.extend(word.to_le_bytes());
    }
    to.extend(frame);
}

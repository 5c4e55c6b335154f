//! From the encoders through the pacer and over the path, with what losses and probing add.

use std::collections::BTreeMap;

use super::packet::{Packet, Role};
use super::plan::{Plan, Probes};
use super::random::Random;
use super::sources::{Product, products};
use crate::path_simulation::path::{Packet as OnPath, Path};

/// A packet that arrived, and when.
pub(super) struct Arrival {
    pub(super) at: i64,
    pub(super) packet: Packet,
}

/// What came of sending.
pub(super) struct Sent {
    pub(super) arrivals: Vec<Arrival>,
    pub(super) path: Path,
    /// Payload bytes of video without retransmissions, all that were offered.
    pub(super) video_bytes: i64,
    /// All that left the pacer, in that order.
    pub(super) offered: Vec<Packet>,
}

enum Step {
    /// Packets come to the pacer.
    Produced(Vec<Packet>),
    /// A packet is missed, so it is sent again.
    Missed(usize),
    Probe(usize),
    /// A packet leaves the pacer.
    Leaves(Packet),
}

struct Sender<'a> {
    plan: &'a Plan,
    random: Random,
    steps: BTreeMap<(i64, usize), Step>,
    order: usize,
    order_of_packets: [usize; 2],
    paced_until: i64,
    path: Path,
    offered: Vec<Packet>,
    sequence_numbers: Vec<u16>,
    rtx_sequence_numbers: Vec<u16>,
    rtx_bytes: i64,
    video_bytes: i64,
    /// The last packet of each video that came to the pacer.
    last_of_video: Vec<Option<Packet>>,
}

/// Sends a whole call.
pub(super) fn send(plan: &Plan) -> Sent {
    let mut random = Random::new(plan.seed ^ 0x5eed);
    let until = plan.ends();
    let products = products(plan, until, &mut random);
    let mut sender = Sender {
        plan,
        sequence_numbers: plan.videos.iter().map(|_| random.next() as u16).collect(),
        rtx_sequence_numbers: plan.videos.iter().map(|_| random.next() as u16).collect(),
        random,
        steps: BTreeMap::new(),
        order: 0,
        order_of_packets: [0; 2],
        paced_until: 0,
        path: Path::new(plan.path.clone()),
        offered: Vec::new(),
        rtx_bytes: 0,
        video_bytes: 0,
        last_of_video: vec![None; plan.videos.len()],
    };
    for Product { at, packets } in products {
        sender.at(at, Step::Produced(packets));
    }
    sender.plan_probes();
    while let Some(((at, _), step)) = sender.steps.pop_first() {
        sender.step(at, step);
    }
    let (mut arrivals, mut path) = (Vec::new(), sender.path);
    while let Some(on_path) = path.receive(i64::MAX) {
        let packet = sender.offered[on_path.number as usize].clone();
        arrivals.push(Arrival { at: on_path.arrives, packet });
    }
    Sent { arrivals, path, video_bytes: sender.video_bytes, offered: sender.offered }
}

impl Sender<'_> {
    fn at(&mut self, at: i64, step: Step) {
        self.order += 1;
        self.steps.insert((at, self.order), step);
    }

    fn plan_probes(&mut self) {
        if self.plan.probes == Probes::Without {
            return;
        }
        for video in 0..self.plan.videos.len() {
            let mut at = self.plan.before + self.plan.videos[video].starts;
            for _ in 0..self.random.range(1, 3) {
                at += self.random.range(50_000, 900_000);
                for _ in 0..self.random.range(5, 16) {
                    at += self.random.range(500, 3_000);
                    self.at(at, Step::Probe(video));
                }
            }
        }
    }

    fn step(&mut self, at: i64, step: Step) {
        match step {
            Step::Produced(packets) => packets.into_iter().for_each(|packet| self.enqueue(at, packet)),
            Step::Missed(number) => self.repeat(at, number),
            Step::Probe(video) => self.probe(at, video),
            Step::Leaves(packet) => self.leave(at, packet),
        }
    }

    /// To the pacer, which audio and reports pass by.
    fn enqueue(&mut self, at: i64, mut packet: Packet) {
        if let Role::Video(video) = packet.role {
            packet.sequence_number = next(&mut self.sequence_numbers[video]);
            if packet.padding == 0 {
                self.last_of_video[video] = Some(packet.clone());
            }
        }
        if matches!(packet.role, Role::Audio | Role::Report) {
            self.at(at, Step::Leaves(packet));
            return;
        }
        let (plan, bytes) = (self.plan, packet.bytes());
        let leaves = self.paced_until.max(at);
        self.paced_until = leaves
            + match plan.paced {
                true => bytes * 8_000_000 * 2 / 5 / plan.video_bps(),
                false => 15,
            };
        let leaves = match (plan.paced, plan.pacer_tick) {
            (true, tick @ 1..) => (leaves + tick - 1) / tick * tick,
            _ => leaves,
        };
        self.at(leaves, Step::Leaves(packet));
    }

    fn leave(&mut self, at: i64, mut packet: Packet) {
        packet.sent = at;
        let (queue, lost) = (self.path.queue(at), self.path.lost);
        let number = self.offered.len();
        packet.order = self.order_of_packets;
        if packet.role != Role::Report {
            self.order_of_packets[0] += 1;
            self.order_of_packets[1] += usize::from(packet.role != Role::Audio);
        }
        self.path.send(OnPath {
            arrives: 0,
            number: number as u64,
            sent: at,
            ssrc: packet.ssrc,
            bytes: packet.bytes(),
            rtp_timestamp: packet.timestamp,
        });
        let is_video = matches!(packet.role, Role::Video(_)) && packet.padding == 0;
        if is_video {
            self.video_bytes += packet.payload as i64;
        }
        let is_lost = self.path.lost > lost || self.random.range(0, 299) == 0;
        let is_missed = is_lost && (is_video || self.random.percent(50)) && packet.padding == 0;
        self.offered.push(packet);
        if is_missed && self.plan.rtx_payload_type.is_some() {
            let delay = 2 * self.plan.path.delay + queue + self.random.range(5_000, 120_000);
            self.at(at + delay, Step::Missed(number));
        }
    }

    /// Sends what was missed again; half of the rate is what may be spent on it.
    fn repeat(&mut self, at: i64, number: usize) {
        let packet = self.offered[number].clone();
        let (Role::Video(video) | Role::Rtx(video)) = packet.role else { return };
        if at > self.plan.ends() || self.rtx_bytes * 2 > self.video_bytes {
            return;
        }
        let repeats = packet.repeats.or(Some(packet.sequence_number));
        let original = packet.payload + if packet.repeats.is_none() { 2 } else { 0 };
        self.rtx_bytes += original as i64;
        let again = Packet { payload: original, repeats, ..packet };
        let again = self.on_rtx(video, again);
        self.enqueue(at, again);
    }

    fn on_rtx(&mut self, video: usize, packet: Packet) -> Packet {
        Packet {
            role: Role::Rtx(video),
            ssrc: self.plan.videos[video].rtx_ssrc,
            payload_type: self.plan.rtx_payload_type.unwrap_or(0),
            sequence_number: next(&mut self.rtx_sequence_numbers[video]),
            ..packet
        }
    }

    fn probe(&mut self, at: i64, video: usize) {
        let Some(last) = self.last_of_video[video].clone() else { return };
        let has_rtx = self.plan.rtx_payload_type.is_some();
        let padding = Packet {
            padding: self.random.range(100, 255) as u8,
            payload: 0,
            repeats: None,
            marker: false,
            noise: self.random.next(),
            ..last.clone()
        };
        match self.plan.probes {
            Probes::Repeats if has_rtx => {
                let sent = self.offered.iter().rposition(|packet| packet.role == Role::Video(video));
                if let Some(number) = sent {
                    self.repeat(at, number);
                }
            }
            Probes::OnRtx | Probes::Repeats if has_rtx => {
                // As libwebrtc does it: as much later as the time that went by since the last frame.
                let since = (at - last.captured).max(0) / 1_000;
                let timestamp = last.timestamp.wrapping_add(since as u32 * 90);
                let padding = Packet { timestamp, captured: last.captured + since * 1_000, ..padding };
                let padding = self.on_rtx(video, padding);
                self.enqueue(at, padding);
            }
            _ => self.enqueue(at, padding),
        }
    }
}

fn next(sequence_number: &mut u16) -> u16 {
    *sequence_number = sequence_number.wrapping_add(1);
    *sequence_number
}

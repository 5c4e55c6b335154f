//! A call over a bottleneck: a sender that follows REMBs, a queue, and the estimator that sends them.

use remb_replay::bwe::{Observer, PacketArrival, Step};
use remb_replay::remb::{
    InterceptorConfig, Profile, RembConfig, RembInterceptor, RembReport, RtcpWriter, WriteError,
};
use remb_replay::units::{AbsSendTime, AbsSendTimeElement, DataSize, Ssrc, Timestamp};

use super::plan::{Plan, Random, SECOND};

/// Well away from zero, as clocks are.
pub(crate) const EPOCH: i64 = 1_700_000_000 * SECOND;
const DELAY: i64 = 20_000;
const FEEDBACK: i64 = 20_000;
/// It follows a REMB that falls so much later.
const FOLLOWS_DOWN: i64 = SECOND;
const START_BPS: i64 = 300_000;
const MIN_BPS: i64 = 50_000;
const MAX_PAYLOAD: i64 = 1100;
const AUDIO_INTERVAL: i64 = 20_000;
const CROSS_BYTES: i64 = 1200;

/// Which stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Audio,
    Video,
    SecondVideo,
    Padding,
}

impl Role {
    pub(crate) const fn ssrc(self) -> u32 {
        match self {
            Self::Audio => 0x0a,
            Self::Video => 0x1000,
            Self::SecondVideo => 0x2000,
            Self::Padding => 0x1001,
        }
    }
}

/// What became of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Arrived(i64),
    QueueFull,
    LostAtRandom,
    Outage,
}

/// A packet and what the queue did to it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Packet {
    pub(crate) role: Role,
    pub(crate) sent: i64,
    pub(crate) bytes: i64,
    pub(crate) number: u16,
    pub(crate) timestamp: u32,
    /// Bytes of its frame in all.
    pub(crate) frame_bytes: i64,
    pub(crate) waited: i64,
    pub(crate) fate: Fate,
}

/// What came of a call.
pub(crate) struct Call {
    pub(crate) packets: Vec<Packet>,
    /// Estimates as they became, of the receiver.
    pub(crate) estimates: Vec<(i64, i64)>,
    /// REMBs as it sent them.
    pub(crate) rembs: Vec<(i64, i64)>,
}

#[derive(Default)]
struct Rembs(Vec<(i64, i64)>);

impl RtcpWriter for Rembs {
    fn write(&mut self, remb: &RembReport<'_>, now: Timestamp) -> Result<(), WriteError> {
        self.0.push((now.as_micros() - EPOCH, remb.bitrate.as_bps()));
        Ok(())
    }
}

#[derive(Default)]
struct Estimates(Vec<(i64, i64)>);

impl Observer for Estimates {
    fn step(&mut self, step: &Step) {
        if let Some(estimate) = step.estimate {
            self.0.push((step.now.as_micros() - EPOCH, estimate.as_bps()));
        }
    }
}

struct Path<'a> {
    plan: &'a Plan,
    free_at: i64,
    next_cross: i64,
    last_arrival: i64,
    random: Random,
}

impl Path<'_> {
    /// How long a packet waits, and what becomes of it.
    fn carry(&mut self, sent: i64, bytes: i64) -> (i64, Fate) {
        let plan = self.plan;
        if let Some((_, to, bps)) = plan.cross {
            while self.next_cross <= sent && self.next_cross < to {
                let start = self.free_at.max(self.next_cross);
                if start - self.next_cross <= plan.max_queue {
                    self.free_at = start + transmission(CROSS_BYTES, plan.capacity_at(start));
                }
                self.next_cross += CROSS_BYTES * 8 * SECOND / bps;
            }
        }
        if plan.outage.is_some_and(|(from, to)| (from..to).contains(&sent)) {
            return (0, Fate::Outage);
        }
        let start = self.free_at.max(sent);
        let waited = start - sent;
        if waited > plan.max_queue {
            return (waited, Fate::QueueFull);
        }
        self.free_at = start + transmission(bytes, plan.capacity_at(start));
        if self.random.range(0, 999) < plan.loss_per_mille {
            return (waited, Fate::LostAtRandom);
        }
        let extra = plan.path_step.filter(|(from, _)| *from <= sent).map_or(0, |(_, by)| by);
        let arrives = self.free_at + DELAY + extra + self.random.range(0, plan.jitter);
        self.last_arrival = self.last_arrival.max(arrives);
        (waited, Fate::Arrived(self.last_arrival))
    }
}

/// With the headers of Ethernet, IP, UDP and RTP.
fn transmission(bytes: i64, bps: i64) -> i64 {
    (bytes + 60) * 8 * SECOND / bps
}

/// What the sender's clock shows.
pub(crate) fn sender_clock(plan: &Plan, sent: i64) -> i64 {
    let behind = plan.clock_step.filter(|(from, _)| *from <= sent).map_or(0, |(_, by)| by);
    sent + sent / 1_000_000 * plan.drift_ppm + sent % 1_000_000 * plan.drift_ppm / 1_000_000 - behind
}

/// What is to be sent, in order of time.
fn frame(
    plan: &Plan,
    at: i64,
    index: i64,
    target: i64,
    random: &mut Random,
    paced: &mut i64,
) -> Vec<(Role, i64, i64, i64)> {
    let mut packets = Vec::new();
    if plan.pause.is_some_and(|(from, to)| (from..to).contains(&at)) {
        return packets;
    }
    let padding = plan.padding.filter(|(from, to, _)| (*from..*to).contains(&at));
    let role = match plan.switch {
        _ if padding.is_some() => Role::Padding,
        Some(switch) if at >= switch => Role::SecondVideo,
        _ => Role::Video,
    };
    let rate = padding.map_or(target, |(.., bps)| bps);
    let mut bytes = rate / 8 * plan.frame_interval / SECOND * random.range(85, 115) / 100;
    if let Some((every, percent)) = plan.key_frames {
        let is_key = index % every == every - 1;
        bytes = if is_key { bytes * percent / 100 } else { bytes };
    }
    let count = (bytes / MAX_PAYLOAD + 1).max(1);
    for _ in 0..count {
        *paced = (*paced).max(at);
        packets.push((role, *paced, bytes / count, bytes));
        if plan.is_paced {
            *paced += bytes / count * 8 * SECOND * 2 / 5 / rate.max(1);
        }
    }
    packets
}

/// Runs a call.
pub(crate) fn run(plan: &Plan) -> Call {
    let remb = RembConfig { scheduler: Profile::Libwebrtc, ..RembConfig::default() };
    let config = InterceptorConfig { remb, sender_ssrc: Ssrc(1), ..InterceptorConfig::default() };
    let mut receiver = RembInterceptor::new(config).unwrap();
    receiver.bind_rtcp_writer(Rembs::default(), Timestamp::from_micros(EPOCH));
    let mut path = Path {
        plan,
        free_at: 0,
        next_cross: plan.cross.map_or(i64::MAX, |(from, ..)| from),
        last_arrival: 0,
        random: Random::new(plan.seed ^ 0x5eed),
    };
    let mut random = Random::new(plan.seed ^ 0xf00d);
    let (mut packets, mut rembs, mut estimates) = (Vec::<Packet>::new(), Vec::new(), Estimates::default());
    let (mut paced, mut given, mut numbers) = (0, 0, [0_u16; 4]);
    let mut next_audio = 0;
    for index in 0..plan.duration / plan.frame_interval {
        let at = index * plan.frame_interval;
        let target = match plan.is_deaf {
            true => plan.max_bps,
            false => followed(&rembs, at).clamp(MIN_BPS, plan.max_bps),
        };
        let mut sends = match plan.has_video {
            true => frame(plan, at, index, target, &mut random, &mut paced),
            false => Vec::new(),
        };
        while plan.has_audio && next_audio < at + plan.frame_interval {
            sends.push((Role::Audio, next_audio, 80, 80));
            next_audio += AUDIO_INTERVAL;
        }
        sends.sort_by_key(|(_, sent, ..)| *sent);
        for (role, sent, bytes, frame_bytes) in sends {
            // What is paced beyond the next frame goes in order all the same.
            let sent = packets.last().map_or(sent, |last| last.sent.max(sent));
            let place = role as usize;
            let number = numbers[place];
            numbers[place] = number.wrapping_add(1);
            let (waited, fate) = path.carry(sent, bytes);
            let timestamp = match role {
                Role::Audio => (sent / AUDIO_INTERVAL * 960) as u32,
                _ => (at * 9 / 100) as u32,
            };
            packets.push(Packet { role, sent, bytes, number, timestamp, frame_bytes, waited, fate });
        }
        // The receiver has what arrived until now.
        let until = at + plan.frame_interval;
        let mut arrived: Vec<_> = packets[given..]
            .iter()
            .filter_map(|packet| match packet.fate {
                Fate::Arrived(arrives) if arrives <= until => Some((arrives, *packet)),
                _ => None,
            })
            .collect();
        given = packets
            .iter()
            .rposition(|packet| matches!(packet.fate, Fate::Arrived(at) if at <= until))
            .map_or(given, |last| last + 1);
        arrived.sort_by_key(|(arrives, _)| *arrives);
        for (arrives, packet) in
            arrived.into_iter().filter(|(_, packet)| packet.role != Role::Audio && !plan.has_transport_cc)
        {
            let now = Timestamp::from_micros(EPOCH + arrives);
            while let Some(due) = receiver.poll_timeout().filter(|due| *due <= now) {
                receiver.handle_timeout(due, &mut estimates).unwrap();
            }
            let arrival = PacketArrival {
                at: now,
                now,
                ssrc: Ssrc(packet.role.ssrc()),
                send_time: AbsSendTimeElement::from(AbsSendTime::from_raw(raw(plan, packet.sent))),
                rtp_timestamp: packet.timestamp,
                transmission_offset: 0,
                size: DataSize::from_bytes(packet.bytes),
            };
            receiver.bind_remote_stream(Ssrc(packet.role.ssrc()));
            receiver.handle_rtp(&arrival, &mut estimates).unwrap();
        }
        rembs.append(&mut receiver.writer_mut().unwrap().0);
    }
    Call { packets, estimates: estimates.0, rembs }
}

/// 24 bits of the sender's clock.
pub(crate) fn raw(plan: &Plan, sent: i64) -> u32 {
    let clock = 1000 * SECOND + sender_clock(plan, sent);
    ((clock << 18) / SECOND) as u32 & 0xff_ffff
}

/// It follows up at once, and down a second later.
fn followed(rembs: &[(i64, i64)], at: i64) -> i64 {
    let known = rembs.partition_point(|(sent, _)| sent + FEEDBACK <= at);
    let old = rembs.partition_point(|(sent, _)| sent + FOLLOWS_DOWN <= at).saturating_sub(1);
    rembs[old.min(known)..known].iter().map(|(_, bps)| *bps).max().unwrap_or(START_BPS)
}

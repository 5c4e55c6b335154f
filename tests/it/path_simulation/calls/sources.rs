//! What is to be sent and when: frames, audio packets, reports, each as it leaves its encoder.

use super::audio::audio_packets;
use super::packet::{Packet, Role};
use super::plan::{FrameClock, Plan, Video};
use super::random::Random;

/// Packets that leave an encoder together.
pub(super) struct Product {
    pub(super) at: i64,
    pub(super) packets: Vec<Packet>,
}

/// All of them but what depends on losses, in no order.
pub(super) fn products(plan: &Plan, until: i64, random: &mut Random) -> Vec<Product> {
    let mut products = Vec::new();
    let mut origins: Vec<u32> = plan.videos.iter().map(|_| random.next() as u32).collect();
    if plan.is_simulcast {
        let common = origins[0];
        origins.fill(common);
    }
    for (index, video) in plan.videos.iter().enumerate() {
        let frames = frames(plan, index, video, origins[index], until, random);
        let until = until.min(video.ends);
        reports(plan, video.ssrc, origins[index], 90_000, video.starts, until, &mut products);
        products.extend(frames);
    }
    if let Some(audio) = &plan.audio {
        let origin = random.next() as u32;
        products.extend(audio_packets(audio, origin, until, random));
        if audio.changes.is_none() && audio.renewed.is_none() {
            reports(plan, audio.ssrc, origin, audio.codec.clock_hz, audio.starts, until, &mut products);
        }
    }
    products
}

fn frames(
    plan: &Plan,
    index: usize,
    video: &Video,
    origin: u32,
    until: i64,
    random: &mut Random,
) -> Vec<Product> {
    let mut products: Vec<Product> = Vec::new();
    let mean = video.bps * 1_000 / plan.milli_fps / 8;
    let mut next_key = video.starts;
    let mut fec = Protection::new(plan, random);
    for number in 0.. {
        let nominal = video.starts + number * 1_000_000_000 / plan.milli_fps;
        if nominal > until.min(video.ends) {
            break;
        }
        if number > 0 && random.range(0, 999) < plan.drops_per_mille {
            continue;
        }
        if plan.pauses.iter().any(|(from, to)| (*from..*to).contains(&nominal)) {
            continue;
        }
        let (captured, ticks) = frame_time(plan, video, number, random);
        let is_key = nominal >= next_key;
        let bytes = if is_key {
            next_key = nominal + plan.key_every;
            mean * plan.key_times
        } else {
            mean * random.range(60, 140) / 100
        };
        let most = if plan.has_small_frames { plan.max_payload } else { i64::MAX };
        let bytes = bytes.clamp(40, most);
        let count = (bytes - 1) / plan.max_payload + 1;
        let packets = (0..count).map(|place| Packet {
            role: Role::Video(index),
            ssrc: video.ssrc,
            payload_type: video.payload_type,
            timestamp: origin.wrapping_add(ticks as u32),
            marker: place == count - 1 && plan.marks_frames,
            payload: (bytes * (place + 1) / count - bytes * place / count) as usize,
            captured,
            frame: number as usize,
            begins_frame: place == 0,
            is_key,
            noise: random.next(),
            ..Packet::default()
        });
        let mut packets: Vec<_> = packets.collect();
        if index == 0 {
            packets.extend(fec.after(plan, &packets, random));
        }
        let encoded = captured.max(nominal) + random.range(1_000, 15_000);
        let at = products.last().map_or(encoded, |last| last.at.max(encoded));
        products.push(Product { at, packets });
    }
    products
}

/// A frame's capture time and its RTP ticks since the call's begin.
fn frame_time(plan: &Plan, video: &Video, number: i64, random: &mut Random) -> (i64, i64) {
    let nominal = video.starts + number * 1_000_000_000 / plan.milli_fps;
    match plan.frame_clock {
        FrameClock::Exact => (nominal, video.starts * 9 / 100 + number * 90_000_000 / plan.milli_fps),
        FrameClock::Milliseconds => (nominal, nominal / 1_000 * 90),
        FrameClock::Hundredths => (nominal, nominal / 10_000 * 900),
        FrameClock::Jittered => {
            let most = (100_000_000 / plan.milli_fps).min(8_000);
            let captured = (nominal + random.range(-most, most)).max(0);
            (captured, captured / 1_000 * 90)
        }
    }
}

/// Forward error correction: a packet for every few frames.
struct Protection {
    sequence_number: u16,
    origin: u32,
}

impl Protection {
    fn new(plan: &Plan, random: &mut Random) -> Self {
        let own_origin = plan.fec.as_ref().is_some_and(|fec| fec.own_origin);
        let origin = if own_origin { random.next() as u32 } else { 0 };
        Self { sequence_number: random.range(0, 65_535) as u16, origin }
    }

    fn after(&mut self, plan: &Plan, frame: &[Packet], random: &mut Random) -> Option<Packet> {
        let (fec, last) = (plan.fec.as_ref()?, frame.last()?);
        if last.frame % fec.frames != 0 {
            return None;
        }
        self.sequence_number = self.sequence_number.wrapping_add(1);
        Some(Packet {
            role: Role::Fec,
            ssrc: fec.ssrc,
            payload_type: fec.payload_type,
            sequence_number: self.sequence_number,
            timestamp: last.timestamp.wrapping_add(self.origin),
            marker: false,
            payload: last.payload + 20,
            noise: random.next(),
            ..last.clone()
        })
    }
}

fn reports(
    plan: &Plan,
    ssrc: u32,
    origin: u32,
    clock_hz: i64,
    from: i64,
    until: i64,
    products: &mut Vec<Product>,
) {
    if plan.reports_every == 0 {
        return;
    }
    for at in (from + plan.reports_every..until).step_by(plan.reports_every as usize) {
        // Timestamps count from the stream's own begin for audio, from the call's for video: see their origins.
        let since = if clock_hz == 90_000 { at } else { at - from };
        let packet = Packet {
            role: Role::Report,
            ssrc,
            timestamp: origin.wrapping_add((since * clock_hz / 1_000_000) as u32),
            captured: at,
            ..Packet::default()
        };
        products.push(Product { at, packets: vec![packet] });
    }
}

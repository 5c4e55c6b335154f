//! What is sent of audio: packets of one length, silence, keys that are pressed, codecs that change.

use super::packet::{Packet, Role};
use super::plan::Audio;
use super::random::Random;
use super::sources::Product;
use crate::path_simulation::call::SECOND;

/// How long a key is pressed.
const EVENT: i64 = 160_000;
/// Its last packet is sent so many times.
const LAST_OF_EVENT: usize = 3;

/// Where the stream is.
struct Stream<'a> {
    audio: &'a Audio,
    random: &'a mut Random,
    ssrc: u32,
    sequence_number: u16,
    /// The timestamp at the begin of the codec that is in use, and when that was.
    origin: (u32, i64),
    clock_hz: i64,
    products: Vec<Product>,
}

/// All packets until then.
pub(super) fn audio_packets(audio: &Audio, origin: u32, until: i64, random: &mut Random) -> Vec<Product> {
    let sequence_number = random.range(0, 65_535) as u16;
    let (mut talks, mut changes, mut last_sid) = (true, SECOND + random.range(0, 3 * SECOND), 0);
    let mut after_silence = audio.marks_first;
    let bytes = audio.codec.bps * audio.packet_ticks / audio.codec.clock_hz / 8;
    let length = |number: i64| number * audio.packet_ticks * SECOND / audio.codec.clock_hz;
    let mut event_until = 0;
    let mut stream = Stream {
        audio,
        random,
        ssrc: audio.ssrc,
        sequence_number,
        origin: (origin, audio.starts),
        clock_hz: audio.codec.clock_hz,
        products: Vec::new(),
    };
    for number in 0.. {
        let begins = length(number);
        let captured = audio.starts + begins;
        if captured > until {
            break;
        }
        if captured < event_until {
            continue;
        }
        stream.change(captured);
        let keys = audio
            .events
            .iter()
            .flat_map(|(keys, payload_type)| keys.iter().map(move |key| (*key, payload_type)));
        let next = captured + length(1);
        for (_, payload_type) in keys.filter(|(key, _)| (captured..next).contains(&(audio.starts + key))) {
            stream.press(captured, *payload_type);
            event_until = captured + EVENT;
        }
        if captured < event_until {
            continue;
        }
        if audio.dtx && begins >= changes {
            talks = !talks;
            changes = begins + stream.random.range(SECOND / 2, 4 * SECOND);
            last_sid = begins - 400_000;
            after_silence = talks && audio.marks_talk;
        }
        if !talks && begins < last_sid + 400_000 {
            continue;
        }
        last_sid = begins;
        let payload = match (talks, audio.codec.static_payload_type) {
            (false, _) => stream.random.range(1, 8),
            (true, Some(_)) => bytes,
            (true, None) => bytes * stream.random.range(70, 130) / 100,
        };
        let is_noise = !talks && audio.comfort_noise;
        let payload_type = if is_noise { 13 } else { audio.payload_type_at(captured) };
        let marker = std::mem::take(&mut after_silence);
        let timestamp = stream.timestamp(captured);
        stream.send(captured + length(1), captured, (payload_type, timestamp, marker, payload));
    }
    stream.products
}

impl Audio {
    fn payload_type_at(&self, at: i64) -> u8 {
        let changed = self.changes.filter(|(from, ..)| at >= *from).map(|(_, _, number)| number);
        let redundant = self.redundant.filter(|(from, _)| at >= *from).map(|(_, number)| number);
        changed.or(redundant).unwrap_or(self.payload_type)
    }
}

impl Stream<'_> {
    /// The timestamp goes on from where it was, at the clock of the codec (RFC 7160).
    fn timestamp(&self, at: i64) -> u32 {
        let (origin, from) = self.origin;
        // Captured times are whole microseconds.
        let ticks = ((at - from) * self.clock_hz + SECOND / 2) / SECOND;
        origin.wrapping_add(ticks as u32)
    }

    fn change(&mut self, at: i64) {
        if let Some((from, codec, _)) = self.audio.changes
            && at >= from
            && self.clock_hz != codec.clock_hz
        {
            self.origin = (self.timestamp(at), at);
            self.clock_hz = codec.clock_hz;
        }
        if let Some((from, ssrc)) = self.audio.renewed
            && at >= from
            && self.ssrc != ssrc
        {
            self.ssrc = ssrc;
            self.sequence_number = self.random.next() as u16;
            self.origin = (self.random.next() as u32, at);
        }
    }

    /// A key: packets under one timestamp, the first with the marker.
    fn press(&mut self, from: i64, payload_type: u8) {
        let timestamp = self.timestamp(from);
        let interval = 20_000;
        let times = (0..EVENT / interval).map(|number| from + number * interval);
        let last = [from + EVENT; LAST_OF_EVENT];
        for (place, at) in times.chain(last).enumerate() {
            self.send(at, from, (payload_type, timestamp, place == 0, 4));
        }
    }

    fn send(&mut self, at: i64, captured: i64, packet: (u8, u32, bool, i64)) {
        let (payload_type, timestamp, marker, payload) = packet;
        self.sequence_number = self.sequence_number.wrapping_add(1);
        let packet = Packet {
            role: Role::Audio,
            ssrc: self.ssrc,
            payload_type,
            sequence_number: self.sequence_number,
            timestamp,
            marker,
            payload: payload as usize,
            captured,
            frame: self.products.len(),
            noise: self.random.next(),
            ..Packet::default()
        };
        let late = self.random.range(0, 3_000);
        let at = self.products.last().map_or(at + late, |last| last.at.max(at + late));
        self.products.push(Product { at, packets: vec![packet] });
    }
}

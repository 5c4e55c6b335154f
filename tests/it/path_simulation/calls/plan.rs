//! What a call is like, drawn from its seed.

use std::ops::Range;

use super::elements::{Element, draw_elements};
use super::random::Random;
use super::twists::Twist;
use crate::path_simulation::call::SECOND;
use crate::path_simulation::path::PathConfig;

/// How audio is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct AudioCodec {
    pub(super) name: &'static str,
    pub(super) clock_hz: i64,
    /// Where the number says what it is.
    pub(super) static_payload_type: Option<u8>,
    pub(super) bps: i64,
}

pub(super) const fn dynamic(name: &'static str, clock_hz: i64, bps: i64) -> AudioCodec {
    AudioCodec { name, clock_hz, static_payload_type: None, bps }
}

pub(super) const OPUS: AudioCodec = dynamic("opus", 48_000, 32_000);
pub(super) const PCMU: AudioCodec =
    AudioCodec { static_payload_type: Some(0), ..dynamic("PCMU", 8_000, 64_000) };
const ILBC: AudioCodec = dynamic("iLBC", 8_000, 15_200);
const SPEEX: AudioCodec = dynamic("speex", 16_000, 28_000);

#[derive(Debug, Clone)]
pub(super) struct Audio {
    pub(super) codec: AudioCodec,
    /// A packet's, by the codec's clock.
    pub(super) packet_ticks: i64,
    /// In silence a packet every 400 ms.
    pub(super) dtx: bool,
    /// Then with the payload type of comfort noise.
    pub(super) comfort_noise: bool,
    /// Whether the first packet has the marker, and those after silence.
    pub(super) marks_first: bool,
    pub(super) marks_talk: bool,
    pub(super) ssrc: u32,
    pub(super) payload_type: u8,
    pub(super) starts: i64,
    /// From then on another codec, under another payload type.
    pub(super) changes: Option<(i64, AudioCodec, u8)>,
    /// From then on under another SSRC.
    pub(super) renewed: Option<(i64, u32)>,
    /// Redundant audio (RFC 2198) from then on, under another payload type.
    pub(super) redundant: Option<(i64, u8)>,
    /// When keys are pressed (RFC 4733), under another payload type.
    pub(super) events: Option<(Vec<i64>, u8)>,
}

/// What a frame's RTP timestamp is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FrameClock {
    /// Always the same step.
    Exact,
    /// Whole milliseconds: 2970 and 3060 in turn.
    Milliseconds,
    /// Whole hundredths of a second: 2700 and 3600.
    Hundredths,
    /// A camera that is never on time.
    Jittered,
}

/// Packets that only probe the link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Probes {
    Without,
    /// Padding after a frame, under the frame's timestamp.
    OnVideo,
    /// Padding on the RTX stream.
    OnRtx,
    /// Packets that have arrived, once more.
    Repeats,
}

#[derive(Debug, Clone)]
pub(super) struct Video {
    pub(super) ssrc: u32,
    pub(super) rtx_ssrc: u32,
    pub(super) payload_type: u8,
    pub(super) bps: i64,
    pub(super) starts: i64,
    pub(super) ends: i64,
}

#[derive(Debug, Clone)]
pub(super) struct Fec {
    pub(super) ssrc: u32,
    pub(super) payload_type: u8,
    /// A packet for so many frames.
    pub(super) frames: usize,
    /// Timestamps from an origin of its own.
    pub(super) own_origin: bool,
}

/// Everything that is decided before the first packet.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub(super) seed: u64,
    /// Of the capture.
    pub(super) duration: i64,
    /// How long the call has been going on when the capture begins.
    pub(super) before: i64,
    pub(super) snaplen: usize,
    pub(super) milli_fps: i64,
    pub(super) frame_clock: FrameClock,
    /// Frames that the encoder leaves out.
    pub(super) drops_per_mille: i64,
    /// From key frame to key frame; the first frame is one.
    pub(super) key_every: i64,
    pub(super) key_times: i64,
    pub(super) max_payload: i64,
    pub(super) paced: bool,
    /// The pacer's timer; 0 for one that is exact.
    pub(super) pacer_tick: i64,
    pub(super) videos: Vec<Video>,
    pub(super) rtx_payload_type: Option<u8>,
    pub(super) probes: Probes,
    pub(super) fec: Option<Fec>,
    pub(super) audio: Option<Audio>,
    pub(super) elements: Vec<Element>,
    /// Whether elements have heads of two bytes.
    pub(super) two_byte: bool,
    /// Sender reports, so often; 0 for never.
    pub(super) reports_every: i64,
    /// What the sender's clock shows at the call's begin.
    pub(super) sender_epoch: i64,
    pub(super) path: PathConfig,
    /// The link against what is sent, per mille.
    pub(super) link_per_mille: i64,
    /// What is out of the ordinary.
    pub(super) twists: Vec<Twist>,
    /// All videos have one origin of timestamps and the same frames.
    pub(super) is_simulcast: bool,
    /// Whether the last packet of a frame has the marker.
    pub(super) marks_frames: bool,
    /// Every frame is one packet.
    pub(super) has_small_frames: bool,
    /// No frame from and to when.
    pub(super) pauses: Vec<(i64, i64)>,
    /// Packets that leave the sender then have abs-send-time.
    pub(super) send_times: Range<i64>,
    pub(super) is_ipv6: bool,
    /// Every packet is captured twice.
    pub(super) is_copied: bool,
}

const MILLI_FPS: [i64; 13] =
    [5_000, 7_500, 10_000, 12_000, 15_000, 20_000, 24_000, 25_000, 29_970, 30_000, 48_000, 50_000, 60_000];

impl Plan {
    pub(super) fn draw(seed: u64) -> Self {
        let mut plan = Self::draw_ordinary(seed);
        plan.twist(&mut Random::new(seed ^ 0x7157));
        plan
    }

    fn draw_ordinary(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let random = &mut random;
        let duration = random.range(8 * SECOND, 20 * SECOND);
        let before = if random.percent(25) { random.range(SECOND, 6 * SECOND) } else { 0 };
        let mut payload_types = random.shuffled((96..=127).collect::<Vec<u8>>()).into_iter();
        let mut payload_type = || payload_types.next().unwrap();
        let (audio_starts, video_starts) = starts(random);
        let audio = random.percent(80).then(|| audio(random, payload_type(), audio_starts));
        let video_payload_type = payload_type();
        let rtx_payload_type = random.percent(70).then(&mut payload_type);
        let fec = random.percent(12).then(|| Fec {
            ssrc: random.next() as u32,
            payload_type: payload_type(),
            frames: random.range(1, 5) as usize,
            own_origin: random.percent(50),
        });
        let bps = random.octaves(40_000, 6_000_000);
        let milli_fps = random.pick(&MILLI_FPS);
        let max_payload = random.range(900, 1_180);
        let videos = videos(random, video_payload_type, bps, video_starts);
        let link_per_mille = random.octaves(250, 5_000);
        let gross = gross_bps(&videos, milli_fps, max_payload, audio.as_ref());
        let two_byte = random.percent(25);
        let media_first = if rtx_payload_type.is_none() { Probes::OnVideo } else { Probes::OnRtx };
        Self {
            seed,
            duration,
            before,
            snaplen: random.pick(&[96, 96, 100, 112, 128, 128, 160, 256, 1_514, 65_535]),
            milli_fps,
            frame_clock: random.pick(&[
                FrameClock::Exact,
                FrameClock::Exact,
                FrameClock::Milliseconds,
                FrameClock::Milliseconds,
                FrameClock::Hundredths,
                FrameClock::Jittered,
            ]),
            drops_per_mille: random.pick(&[0, 0, 0, 20, 150]),
            key_every: random.pick(&[1_000, 1_000, 3, 8]) * SECOND,
            key_times: random.range(5, 10),
            max_payload,
            paced: random.percent(70),
            pacer_tick: random.pick(&[0, 1_000, 5_000]),
            videos,
            rtx_payload_type,
            probes: random.pick(&[Probes::Without, Probes::OnVideo, media_first, Probes::Repeats]),
            fec,
            audio,
            elements: draw_elements(random, two_byte),
            two_byte,
            reports_every: if random.percent(25) { random.range(SECOND / 2, 5 * SECOND) } else { 0 },
            sender_epoch: random.range(0, 1_000_000 * SECOND),
            path: PathConfig {
                max_queue: random.octaves(200_000, 4 * SECOND),
                loss_per_mille: draw_loss(random),
                delay: random.range(2_000, 150_000),
                jitter: draw_jitter(random),
                reorders: random.percent(50),
                seed: random.next() | 1,
                ..PathConfig::constant((gross * link_per_mille / 1_000).max(8_000))
            },
            link_per_mille,
            twists: Vec::new(),
            is_simulcast: false,
            marks_frames: true,
            has_small_frames: false,
            pauses: Vec::new(),
            send_times: 0..i64::MAX,
            is_ipv6: false,
            is_copied: false,
        }
    }

    /// Of all video.
    pub(super) fn video_bps(&self) -> i64 {
        self.videos.iter().map(|video| video.bps).sum()
    }

    /// When the capture ends, in the call's time at the receiver.
    pub(super) fn ends(&self) -> i64 {
        self.before + self.duration
    }
}

/// When audio and when video begin.
fn starts(random: &mut Random) -> (i64, i64) {
    match random.range(0, 3) {
        0 => (0, 0),
        1 | 2 => (0, random.range(0, 3 * SECOND)),
        _ => (random.range(0, 6 * SECOND), 0),
    }
}

fn audio(random: &mut Random, payload_type: u8, starts: i64) -> Audio {
    let codec = random.pick(&[OPUS, OPUS, OPUS, OPUS, OPUS, PCMU, PCMU, ILBC, SPEEX]);
    let is_opus = codec == OPUS;
    Audio {
        codec,
        packet_ticks: codec.clock_hz / 1_000
            * if is_opus { random.pick(&[20, 20, 20, 20, 10, 40, 60]) } else { random.pick(&[20, 20, 30]) },
        dtx: is_opus && random.percent(40),
        comfort_noise: false,
        marks_first: random.percent(50),
        marks_talk: random.percent(80),
        ssrc: random.next() as u32,
        payload_type: codec.static_payload_type.unwrap_or(payload_type),
        starts,
        changes: None,
        renewed: None,
        redundant: None,
        events: None,
    }
}

fn videos(random: &mut Random, payload_type: u8, bps: i64, starts: i64) -> Vec<Video> {
    let two = random.percent(25);
    let share = if two { random.range(15, 50) } else { 100 };
    let shares = if two { vec![share, 100 - share] } else { vec![share] };
    let of_share = |share: i64| Video {
        ssrc: random.next() as u32,
        rtx_ssrc: random.next() as u32,
        payload_type,
        bps: bps * share / 100,
        starts,
        ends: i64::MAX,
    };
    shares.into_iter().map(of_share).collect()
}

/// What is sent with all headers, bit/s.
fn gross_bps(videos: &[Video], milli_fps: i64, max_payload: i64, audio: Option<&Audio>) -> i64 {
    let headers = 60 * 8;
    let of_video = |video: &Video| {
        let packets = (video.bps * 1_000 / milli_fps / 8 / max_payload + 1) * milli_fps / 1_000;
        video.bps + packets * headers
    };
    let of_audio = |audio: &Audio| audio.codec.bps + audio.codec.clock_hz / audio.packet_ticks * headers;
    videos.iter().map(of_video).sum::<i64>() + audio.map_or(0, of_audio)
}

fn draw_loss(random: &mut Random) -> u64 {
    match random.range(0, 9) {
        0..=4 => 0,
        5..=7 => random.range(1, 40) as u64,
        _ => random.range(40, 200) as u64,
    }
}

fn draw_jitter(random: &mut Random) -> i64 {
    match random.range(0, 9) {
        0..=4 => 0,
        5..=7 => random.range(500, 10_000),
        _ => random.range(10_000, 60_000),
    }
}

//! What is out of the ordinary in a call, and what looks like something else.

use super::elements::{Element, Like, Meaning};
use super::plan::{Audio, AudioCodec, FrameClock, OPUS, Plan, Probes, Video, dynamic};
use super::random::Random;
use crate::path_simulation::call::SECOND;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Twist {
    /// An element of three bytes that is much like abs-send-time: beside it, or in its stead.
    LookalikeBeside,
    LookalikeInstead,
    /// Audio changes its codec, and with it the payload type and the clock.
    CodecChange,
    TelephoneEvents,
    ComfortNoise,
    OtherAudioClock,
    Redundancy,
    /// A stream goes on under another SSRC.
    AudioRenewed,
    VideoRenewed,
    SendTimeLate,
    SendTimeEnds,
    Simulcast,
    NoMarkers,
    SmallFrames,
    SlowVideo,
    Pauses,
    Short,
    Copies,
    /// abs-send-time wraps in the first seconds.
    Wrap,
    ZeroSsrc,
    Ipv6,
    TransportSequence,
    TransportSequenceOnVideo,
    CutExtensions,
}

use Twist::*;

const ALL: [Twist; 24] = [
    LookalikeBeside,
    LookalikeInstead,
    CodecChange,
    TelephoneEvents,
    ComfortNoise,
    OtherAudioClock,
    Redundancy,
    AudioRenewed,
    VideoRenewed,
    SendTimeLate,
    SendTimeEnds,
    Simulcast,
    NoMarkers,
    SmallFrames,
    SlowVideo,
    Pauses,
    Short,
    Copies,
    Wrap,
    ZeroSsrc,
    Ipv6,
    TransportSequence,
    TransportSequenceOnVideo,
    CutExtensions,
];

const PCMA: AudioCodec = AudioCodec { static_payload_type: Some(8), ..dynamic("PCMA", 8_000, 64_000) };
/// Codecs with the ticks of a packet.
const OTHERS: [(AudioCodec, i64); 7] = [
    (dynamic("L16", 44_100, 96_000), 882),
    (dynamic("L16", 44_100, 96_000), 441),
    (dynamic("SILK", 24_000, 25_000), 480),
    (dynamic("G7221", 32_000, 32_000), 640),
    (dynamic("MPEG4-GENERIC", 48_000, 64_000), 1_024),
    (dynamic("MPEG4-GENERIC", 44_100, 64_000), 1_024),
    (dynamic("opus", 48_000, 32_000), 480),
];
/// After so many units of abs-send-time it begins anew.
const WRAP: i64 = 64 * SECOND;

impl Plan {
    /// In three calls of five one or two things are out of the ordinary.
    pub(super) fn twist(&mut self, random: &mut Random) {
        let count = random.pick(&[0, 0, 1, 1, 2]);
        for _ in 0..count {
            let twist = random.pick(&ALL);
            if !self.twists.contains(&twist) && self.apply(twist, random) {
                self.twists.push(twist);
            }
        }
    }

    /// No where the call is not of the kind.
    fn apply(&mut self, twist: Twist, random: &mut Random) -> bool {
        match twist {
            LookalikeBeside => return self.add_lookalike(random),
            LookalikeInstead => {
                self.elements.retain(|element| !matches!(element.meaning, Meaning::AbsSendTime { .. }));
                return self.add_lookalike(random);
            }
            CodecChange | TelephoneEvents | ComfortNoise | OtherAudioClock | Redundancy | AudioRenewed => {
                let free = self.free_payload_type(random);
                return self
                    .audio
                    .as_mut()
                    .is_some_and(|audio| audio.apply(twist, free, self.before, random));
            }
            VideoRenewed => return self.renew_video(random),
            SendTimeLate => self.send_times = self.before + random.range(3 * SECOND, 7 * SECOND)..i64::MAX,
            SendTimeEnds => self.send_times = 0..self.before + random.range(SECOND / 2, 6 * SECOND),
            Simulcast => return self.add_simulcast(random),
            NoMarkers => self.marks_frames = false,
            SmallFrames => {
                self.has_small_frames = true;
                self.frame_clock = FrameClock::Exact;
                self.drops_per_mille = 0;
                self.milli_fps =
                    random.pick(&[30_000, 60_000, 31_250, 31_250, 93_750, 46_875, 15_000, 25_000]);
                self.set_rate(random.range(40_000, self.max_payload * 8 * self.milli_fps / 2_000), random);
            }
            SlowVideo => self.milli_fps = random.pick(&[1_000, 2_000, 3_000]),
            Pauses => {
                let mut at = self.videos[0].starts + random.range(100_000, 4 * SECOND);
                while at < self.ends() {
                    let ends = at + random.range(2 * SECOND, 8 * SECOND);
                    self.pauses.push((at, ends));
                    at = ends + random.range(50_000, 3 * SECOND);
                }
            }
            Short => self.duration = random.range(1_500_000, 3_500_000),
            Copies => self.is_copied = true,
            Wrap => {
                let after = self.before + random.range(0, 3 * SECOND);
                self.sender_epoch = random.range(1, 10_000) * WRAP - after;
            }
            ZeroSsrc => match self.audio.as_mut().filter(|_| random.percent(30)) {
                Some(audio) => audio.ssrc = 0,
                None => self.videos[0].ssrc = 0,
            },
            Ipv6 => self.is_ipv6 = true,
            TransportSequence | TransportSequenceOnVideo => {
                if self
                    .elements
                    .iter()
                    .any(|element| matches!(element.meaning, Meaning::TransportSequence { .. }))
                {
                    return false;
                }
                self.add(Meaning::TransportSequence { on_audio: twist == TransportSequence }, random);
            }
            CutExtensions => self.snaplen = random.range(54, 90) as usize,
        }
        true
    }

    fn add(&mut self, meaning: Meaning, random: &mut Random) {
        let free = (1..=14).filter(|id| self.elements.iter().all(|element| element.id != *id));
        let id = random.pick(&free.collect::<Vec<u8>>());
        let place = random.range(0, self.elements.len() as i64) as usize;
        self.elements.insert(place, Element { meaning, id });
    }

    fn add_lookalike(&mut self, random: &mut Random) -> bool {
        let like = random.pick(&[
            Like::Counter(1_000),
            Like::OwnCounter(1_000),
            Like::Counter(1),
            Like::Clock(1_000),
            Like::Clock(90_000),
            Like::Clock(48_000),
            Like::Clock(1_000_000),
            Like::Clock(65_536),
            Like::CoarseMilliseconds,
            Like::Constant,
        ]);
        self.add(Meaning::Lookalike { like, on_audio: random.percent(60) }, random);
        true
    }

    fn add_simulcast(&mut self, random: &mut Random) -> bool {
        let bps = self.video_bps();
        let starts = self.videos[0].starts;
        self.frame_clock = random.pick(&[FrameClock::Exact, FrameClock::Milliseconds]);
        self.drops_per_mille = 0;
        self.is_simulcast = true;
        self.videos.clear();
        for share in [8, 25, 67] {
            let video = self.video(bps * share / 100, starts, random);
            self.videos.push(video);
        }
        true
    }

    fn renew_video(&mut self, random: &mut Random) -> bool {
        if self.is_simulcast || self.videos.len() > 1 {
            return false;
        }
        let first = &mut self.videos[0];
        first.ends = self.before + first.starts + random.range(2 * SECOND, 6 * SECOND);
        let (bps, payload_type) = (first.bps, first.payload_type);
        let starts = first.ends + random.pick(&[0, 50_000, 1_000_000, 3_000_000]);
        let again = self.video(bps, starts, random);
        self.videos.push(Video { payload_type, ..again });
        true
    }

    fn video(&mut self, bps: i64, starts: i64, random: &mut Random) -> Video {
        let payload_type = self.free_payload_type(random);
        let (ssrc, rtx_ssrc) = (random.next() as u32, random.next() as u32);
        Video { ssrc, rtx_ssrc, payload_type, bps, starts, ends: i64::MAX }
    }

    /// Sets the rate of all video, and the link to what it was against it.
    fn set_rate(&mut self, bps: i64, random: &mut Random) {
        let before = self.video_bps();
        self.videos.iter_mut().for_each(|video| video.bps = video.bps * bps / before + 8_000);
        let link = (bps + 60_000) * self.link_per_mille / 1_000;
        self.path.capacity[0].1 = link.max(8_000) + random.range(0, 1_000);
        if self.probes == Probes::OnVideo {
            self.probes = Probes::Without;
        }
    }

    fn free_payload_type(&self, random: &mut Random) -> u8 {
        let videos = self.videos.iter().map(|video| video.payload_type);
        let others = self.rtx_payload_type.into_iter().chain(self.fec.as_ref().map(|fec| fec.payload_type));
        let audio = self.audio.iter().flat_map(Audio::payload_types);
        let taken: Vec<_> = videos.chain(others).chain(audio).collect();
        random.pick(&(96..=127).filter(|number| !taken.contains(number)).collect::<Vec<u8>>())
    }
}

impl Audio {
    fn payload_types(&self) -> Vec<u8> {
        let changed = self.changes.map(|(_, _, number)| number);
        let redundant = self.redundant.map(|(_, number)| number);
        let events = self.events.as_ref().map(|(_, number)| *number);
        [Some(self.payload_type), changed, redundant, events].into_iter().flatten().collect()
    }

    /// `free` is a payload type that nothing has; `before` when the capture begins.
    fn apply(&mut self, twist: Twist, free: u8, before: i64, random: &mut Random) -> bool {
        let from = self.starts.max(before);
        match twist {
            CodecChange if self.changes.is_none() && self.redundant.is_none() => {
                let at = from + random.range(SECOND / 2, 6 * SECOND);
                if self.codec.static_payload_type.is_some() || random.percent(60) {
                    self.set_codec(PCMA, 160, 8);
                    self.changes = Some((at, OPUS, free));
                } else {
                    self.set_codec(OPUS, 960, self.payload_type);
                    self.changes = Some((at, PCMA, 8));
                }
            }
            TelephoneEvents => {
                let mut at = if random.percent(40) { 0 } else { random.range(0, 3 * SECOND) };
                at += from - self.starts;
                let mut keys = Vec::new();
                for _ in 0..random.range(1, 12) {
                    keys.push(at);
                    at += random.range(200_000, 900_000);
                }
                self.events = Some((keys, free));
            }
            ComfortNoise => {
                (self.dtx, self.comfort_noise) = (true, true);
                if self.codec.clock_hz != 8_000 {
                    self.changes = None;
                    self.set_codec(PCMA, 160, 8);
                }
            }
            OtherAudioClock if self.changes.is_none() && !self.comfort_noise => {
                let (codec, ticks) = random.pick(&OTHERS);
                let payload_type =
                    if self.codec.static_payload_type.is_some() { free } else { self.payload_type };
                self.dtx = false;
                self.set_codec(codec, ticks, payload_type);
            }
            Redundancy if self.changes.is_none() && self.codec.static_payload_type.is_none() => {
                let at = if random.percent(50) { 0 } else { from + random.range(SECOND / 2, 5 * SECOND) };
                self.redundant = Some((at, free));
            }
            AudioRenewed => {
                self.renewed = Some((from + random.range(SECOND, 7 * SECOND), random.next() as u32));
            }
            _ => return false,
        }
        true
    }

    fn set_codec(&mut self, codec: AudioCodec, ticks: i64, payload_type: u8) {
        (self.codec, self.packet_ticks, self.payload_type) = (codec, ticks, payload_type);
    }
}

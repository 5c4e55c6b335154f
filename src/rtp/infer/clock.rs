//! A stream's RTP clock, by least squares over its timestamps, and with it whether it is audio.
//!
//! Only the first packet of each timestamp counts: the packets of a video frame are spread in time, but share their
//! timestamp. Audio has one of few clocks and a new timestamp on nearly every packet.

use crate::units::{AbsSendTime, CaptureTime, PayloadType};

const AUDIO_CLOCKS_HZ: [u32; 7] = [8_000, 12_000, 16_000, 24_000, 32_000, 44_100, 48_000];
const VIDEO_CLOCK_HZ: u32 = 90_000;
const CLOCK_TOLERANCE: f64 = 0.03;
const MIN_SECONDS: f64 = 1.0;
const MIN_DISTINCT_TIMESTAMPS: u32 = 20;
const MIN_NEW_TIMESTAMP_SHARE: f64 = 0.9;
/// A step of more than this is a new beginning, ticks.
const MAX_STEP_TICKS: i32 = 30 * 90_000;

/// Whether a stream is audio.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MediaKind {
    /// Audio; libwebrtc leaves it out.
    Audio,
    /// Video, RTX, FEC: all else.
    NotAudio,
}

/// A point of the fit: a stream's first packet with a timestamp.
#[derive(Debug, Clone, Copy)]
struct Point {
    timestamp: u32,
    send_time: Option<AbsSendTime>,
    at: CaptureTime,
}

/// The fit of one stream.
#[derive(Debug, Clone, Default)]
pub struct ClockFit {
    static_type: Option<(MediaKind, u32)>,
    packets: u32,
    distinct: u32,
    last: Option<Point>,
    /// Since the first point: seconds of the send clock, else of the capture, and ticks.
    seconds: f64,
    ticks: f64,
    by_send_time: bool,
    sums: Sums,
}

#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    n: f64,
    x: f64,
    y: f64,
    xx: f64,
    xy: f64,
}

impl ClockFit {
    /// Takes a packet into account. `send_time` is its abs-send-time, if it has one.
    pub fn observe(
        &mut self,
        payload_type: PayloadType,
        timestamp: u32,
        send_time: Option<AbsSendTime>,
        at: CaptureTime,
    ) {
        self.static_type = static_payload_type(payload_type);
        self.packets = self.packets.saturating_add(1);
        let point = Point { timestamp, send_time, at };
        let Some(last) = self.last else { return self.restart(point) };
        let ticks = timestamp.wrapping_sub(last.timestamp).cast_signed();
        if ticks.unsigned_abs() > MAX_STEP_TICKS.unsigned_abs() {
            return self.restart(point);
        }
        if ticks <= 0 {
            return;
        }
        let (seconds, by_send_time) = seconds_between(&last, &point);
        self.by_send_time = by_send_time;
        self.seconds += seconds;
        self.ticks += f64::from(ticks);
        self.distinct = self.distinct.saturating_add(1);
        self.sums.add(self.seconds, self.ticks);
        self.last = Some(point);
    }

    /// What it is, once that is known.
    pub fn kind(&self) -> Option<MediaKind> {
        if let Some((kind, _)) = self.static_type {
            return Some(kind);
        }
        let hz = self.fitted_hz()?;
        let mostly_new = f64::from(self.distinct) >= MIN_NEW_TIMESTAMP_SHARE * f64::from(self.packets);
        match nominal_clock(hz) {
            _ if !mostly_new => Some(MediaKind::NotAudio),
            Some(VIDEO_CLOCK_HZ) => Some(MediaKind::NotAudio),
            Some(_) => Some(MediaKind::Audio),
            None => None,
        }
    }

    /// The nominal clock that it runs at.
    pub fn clock_hz(&self) -> Option<u32> {
        match self.static_type {
            Some((_, hz)) => Some(hz),
            None => nominal_clock(self.fitted_hz()?),
        }
    }

    /// In a sentence.
    pub fn evidence(&self) -> String {
        if let Some((_, hz)) = self.static_type {
            return format!("static payload type of RFC 3551, {hz} Hz");
        }
        let against = if self.by_send_time { "abs-send-time" } else { "capture time" };
        let share = 100.0 * f64::from(self.distinct) / f64::from(self.packets.max(1));
        match self.fitted_hz() {
            Some(hz) => format!(
                "RTP clock {hz:.0} Hz against {against} over {:.1} s, a new timestamp on {share:.0} % of {} packets",
                self.seconds, self.packets
            ),
            None => format!(
                "clock undecided after {} timestamps in {:.1} s; what is not known to be audio counts",
                self.distinct, self.seconds
            ),
        }
    }

    fn fitted_hz(&self) -> Option<f64> {
        let enough = self.distinct >= MIN_DISTINCT_TIMESTAMPS && self.seconds >= MIN_SECONDS;
        if enough { self.sums.slope() } else { None }
    }

    fn restart(&mut self, point: Point) {
        *self = Self {
            static_type: self.static_type,
            packets: 1,
            distinct: 1,
            last: Some(point),
            by_send_time: point.send_time.is_some(),
            ..Self::default()
        };
        self.sums.add(0.0, 0.0);
    }
}

impl Sums {
    fn add(&mut self, x: f64, y: f64) {
        self.n += 1.0;
        self.x += x;
        self.y += y;
        self.xx += x * x;
        self.xy += x * y;
    }

    fn slope(&self) -> Option<f64> {
        let denominator = self.n * self.xx - self.x * self.x;
        (denominator > 0.0).then(|| (self.n * self.xy - self.x * self.y) / denominator)
    }
}

/// By the send clock where both have one.
fn seconds_between(earlier: &Point, later: &Point) -> (f64, bool) {
    match (earlier.send_time, later.send_time) {
        (Some(earlier), Some(later)) => {
            let units = (later.units_since(earlier) << 8).cast_signed() >> 8;
            (f64::from(units) / f64::from(AbsSendTime::UNITS_PER_SECOND), true)
        }
        _ => ((later.at.as_nanos() - earlier.at.as_nanos()) as f64 / 1e9, false),
    }
}

/// The known clock within 3 %.
fn nominal_clock(hz: f64) -> Option<u32> {
    let distance = |nominal: u32| (hz / f64::from(nominal) - 1.0).abs();
    let clocks = AUDIO_CLOCKS_HZ.into_iter().chain([VIDEO_CLOCK_HZ]);
    clocks
        .min_by(|a, b| distance(*a).total_cmp(&distance(*b)))
        .filter(|nominal| distance(*nominal) <= CLOCK_TOLERANCE)
}

/// RFC 3551, tables 4 and 5. G.722 has an RTP clock of 8 kHz.
fn static_payload_type(payload_type: PayloadType) -> Option<(MediaKind, u32)> {
    match payload_type.0 {
        0 | 3..=5 | 7..=9 | 12 | 13 | 15 | 18 => Some((MediaKind::Audio, 8_000)),
        6 => Some((MediaKind::Audio, 16_000)),
        10 | 11 => Some((MediaKind::Audio, 44_100)),
        16 => Some((MediaKind::Audio, 11_025)),
        17 => Some((MediaKind::Audio, 22_050)),
        14 => Some((MediaKind::Audio, 90_000)),
        25 | 26 | 28 | 31..=34 => Some((MediaKind::NotAudio, 90_000)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DYNAMIC: PayloadType = PayloadType(111);

    fn at(seconds: f64) -> CaptureTime {
        CaptureTime::from_nanos((seconds * 1e9) as i128).unwrap()
    }

    fn sent(seconds: f64) -> Option<AbsSendTime> {
        Some(AbsSendTime::from_raw((seconds * f64::from(AbsSendTime::UNITS_PER_SECOND)) as u32))
    }

    #[test]
    fn opus_is_audio_even_where_the_network_stretches_its_arrival() {
        let mut fit = ClockFit::default();
        for k in 0..60_u32 {
            let seconds = 63.5 + f64::from(k) * 0.02;
            fit.observe(DYNAMIC, 0xffff_ff00_u32.wrapping_add(960 * k), sent(seconds), at(seconds * 1.4));
        }
        assert_eq!((fit.kind(), fit.clock_hz()), (Some(MediaKind::Audio), Some(48_000)));
        assert!(fit.evidence().contains("48000 Hz against abs-send-time"), "{}", fit.evidence());
    }

    #[test]
    fn it_takes_a_second_and_twenty_timestamps() {
        let mut fit = ClockFit::default();
        for k in 0..51_u32 {
            assert_eq!(fit.kind(), None, "after {k}");
            fit.observe(DYNAMIC, 960 * k, None, at(f64::from(k) * 0.02));
        }
        assert_eq!(fit.kind(), Some(MediaKind::Audio));
    }

    #[test]
    fn video_is_not_audio_even_while_its_key_frame_is_paced() {
        let mut fit = ClockFit::default();
        for packet in 0..30 {
            let seconds = f64::from(packet) * 0.01;
            fit.observe(DYNAMIC, 0, sent(seconds), at(seconds));
        }
        for frame in 1..40_u32 {
            let seconds = 0.3_f64.max(f64::from(frame) / 30.0);
            for packet in 0..3 {
                let seconds = seconds + f64::from(packet) * 0.005;
                fit.observe(DYNAMIC, 3_000 * frame, sent(seconds), at(seconds));
            }
        }
        assert_eq!(fit.kind(), Some(MediaKind::NotAudio));
    }

    #[test]
    fn video_of_one_packet_a_frame_is_told_by_its_clock() {
        let mut fit = ClockFit::default();
        for frame in 0..60_u32 {
            fit.observe(DYNAMIC, 3_000 * frame, None, at(f64::from(frame) / 30.0));
        }
        assert_eq!((fit.kind(), fit.clock_hz()), (Some(MediaKind::NotAudio), Some(90_000)));
    }

    #[test]
    fn a_timestamp_that_jumps_begins_anew() {
        let mut fit = ClockFit::default();
        for k in 0..200_u32 {
            let jump = if k < 100 { 0 } else { 0x4000_0000 };
            fit.observe(DYNAMIC, jump + 960 * k, None, at(f64::from(k) * 0.02));
        }
        assert_eq!((fit.clock_hz(), fit.packets), (Some(48_000), 100));
    }

    #[test]
    fn a_static_payload_type_says_it_outright() {
        let mut fit = ClockFit::default();
        fit.observe(PayloadType(0), 0, None, at(0.0));
        assert_eq!((fit.kind(), fit.clock_hz()), (Some(MediaKind::Audio), Some(8_000)));
    }
}

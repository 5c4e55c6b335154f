//! Audio or not, and the RTP clock, from the pace of a stream's timestamps.

use serde::Serialize;

use super::clock_fit::{ClockFit, FittedClock};
use super::static_payload::static_payload;
use crate::rtp::packet::RtpPacket;
use crate::rtp::send_clock::SendClock;
use crate::rtp::sequence::{Arrival, SequenceTracker};
use crate::units::{AbsSendTime, CaptureTime, PayloadType};

/// Infers the media kind and the RTP clock of one SSRC.
///
/// Audio are the static audio payload types, and streams whose clock is an audio clock within 3 % and that have a new
/// timestamp on at least 90 % of their packets. The clock is the slope of timestamp over send time (abs-send-time, else
/// capture time), from the first packet of each timestamp, over at least 1 s and 20 timestamps. The share is what a
/// queueing video start cannot imitate: its frames have several packets. Padding that repeats a timestamp does not
/// count: bandwidth probes are sent on audio SSRCs too.
#[derive(Debug, Clone, Default)]
pub struct MediaClock {
    payload_type: Option<PayloadType>,
    /// Packets of other types minus those of this one since it became the main one: above 0 the main type has changed.
    other_types: i32,
    sequence: SequenceTracker,
    recent_timestamps: [Option<u32>; RECENT_TIMESTAMPS],
    packets: u32,
    timestamps: u32,
    basis: Option<ClockBasis>,
    send_clock: SendClock,
    fit: ClockFit,
    kind: Option<MediaKind>,
    nominal_hz: Option<u32>,
}

/// What a stream carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MediaKind {
    /// It does not feed the estimator unless told so.
    Audio,
    /// Video, RTX, FEC, padding.
    NotAudio,
}

/// What told the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ClockBasis {
    /// RFC 3551 fixes it for the payload type.
    PayloadType,
    /// Fitted over abs-send-time.
    AbsSendTime,
    /// Fitted over capture time.
    CaptureTime,
}

/// What kind and clock were inferred from.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ClockEvidence {
    /// The kind; `None` while undecided, which counts as not audio.
    pub kind: Option<MediaKind>,
    /// The clock it stands for, in Hz, if it is within 3 % of one in use.
    pub nominal_hz: Option<u32>,
    /// The fitted clock, in Hz.
    pub fitted_hz: Option<f64>,
    /// What told the clock.
    pub against: Option<ClockBasis>,
    /// Packets of the main payload type, without repeats and padding.
    pub packets: u32,
    /// Different timestamps among them.
    pub timestamps: u32,
    /// Time that the fit covers, in seconds.
    pub span_s: f64,
}

const AUDIO_CLOCKS_HZ: [u32; 7] = [8_000, 12_000, 16_000, 24_000, 32_000, 44_100, 48_000];
const VIDEO_CLOCK_HZ: u32 = 90_000;
const TOLERANCE: f64 = 0.03;
const MIN_SPAN_SECS: f64 = 1.0;
const MIN_TIMESTAMPS: u32 = 20;
/// How far off an audio clock may look: over send time for the sender's pauses, for this long; over capture time for a
/// queue that builds up or drains. A clock so near to audio is not denied, but left undecided.
const SEND_TIME_BEND: f64 = 0.1;
const MIN_SPAN_TO_DENY_SECS: f64 = 2.0;
const CAPTURE_TIME_BEND: f64 = 0.5;
/// So many packets with so few timestamps are not audio, whatever the clock.
const MIN_PACKETS_TO_DENY: u32 = 32;
/// A fit over so much that still settles nothing starts anew: what bent it may be over.
const MAX_UNSETTLED_SECS: f64 = 4.0;
const MAX_UNSETTLED_TIMESTAMPS: u32 = 40;
/// A packet that is late by more frames than this passes for a new timestamp.
const RECENT_TIMESTAMPS: usize = 8;

impl MediaClock {
    /// Takes the stream's next packet in capture order.
    pub fn observe(&mut self, packet: &RtpPacket<'_>, send_time: Option<AbsSendTime>, at: CaptureTime) {
        if self.kind.is_some() && self.nominal_hz.is_some() {
            return;
        }
        if !self.is_main_payload_type(packet.payload_type())
            || self.sequence.observe(packet.sequence_number()) == Arrival::Duplicate
        {
            return;
        }
        if let Some(known) = static_payload(packet.payload_type()) {
            self.kind.get_or_insert(if known.is_audio { MediaKind::Audio } else { MediaKind::NotAudio });
            self.nominal_hz = Some(known.clock_hz);
            self.basis = Some(ClockBasis::PayloadType);
        }
        if self.is_new(packet.timestamp()) {
            self.packets = self.packets.saturating_add(1);
            self.timestamps = self.timestamps.saturating_add(1);
            self.add_point(packet.timestamp(), send_time, at);
        } else if !packet.has_padding() {
            self.packets = self.packets.saturating_add(1);
        }
        self.decide();
    }

    /// Audio or not; final once given. Undecided counts as not audio.
    pub const fn kind(&self) -> Option<MediaKind> {
        self.kind
    }

    /// The RTP clock in Hz; final once given. It may become known after the kind.
    pub const fn nominal_hz(&self) -> Option<u32> {
        self.nominal_hz
    }

    /// The evidence so far.
    pub fn evidence(&self) -> ClockEvidence {
        ClockEvidence {
            kind: self.kind,
            nominal_hz: self.nominal_hz,
            fitted_hz: self.fit.fitted().map(|fitted| fitted.hz),
            against: self.basis,
            packets: self.packets,
            timestamps: self.timestamps,
            span_s: self.fit.span_secs(),
        }
    }

    /// Follows the type that most packets have; telephone events and comfort noise share an SSRC with speech.
    fn is_main_payload_type(&mut self, payload_type: PayloadType) -> bool {
        let main = *self.payload_type.get_or_insert(payload_type);
        if main == payload_type {
            self.other_types = self.other_types.saturating_sub(1);
            return true;
        }
        self.other_types = self.other_types.saturating_add(1);
        if self.other_types > 0 {
            let kind = self.kind;
            *self = Self { payload_type: Some(payload_type), kind, ..Self::default() };
            return true;
        }
        false
    }

    fn is_new(&mut self, timestamp: u32) -> bool {
        if self.recent_timestamps.contains(&Some(timestamp)) {
            return false;
        }
        self.recent_timestamps.rotate_right(1);
        self.recent_timestamps[0] = Some(timestamp);
        true
    }

    fn add_point(&mut self, timestamp: u32, send_time: Option<AbsSendTime>, at: CaptureTime) {
        let first = if send_time.is_some() { ClockBasis::AbsSendTime } else { ClockBasis::CaptureTime };
        let nanos = match (*self.basis.get_or_insert(first), send_time) {
            (ClockBasis::AbsSendTime, Some(send_time)) => self.send_clock.observe(send_time, at),
            (ClockBasis::CaptureTime, _) => at.as_nanos(),
            _ => return,
        };
        if !self.fit.add(timestamp, nanos) {
            (self.packets, self.timestamps) = (1, 1);
        }
    }

    fn decide(&mut self) {
        let repeats = self.packets - self.timestamps.min(self.packets);
        let new_on_most = repeats * 10 <= self.packets;
        if self.kind.is_none() && self.packets >= MIN_PACKETS_TO_DENY && repeats * 2 > self.packets {
            self.kind = Some(MediaKind::NotAudio);
        }
        if self.fit.points() < MIN_TIMESTAMPS || self.fit.span_secs() < MIN_SPAN_SECS {
            return;
        }
        let Some(fitted) = self.fit.fitted() else { return };
        let audio_hz = AUDIO_CLOCKS_HZ.into_iter().find(|&hz| fitted.is_within(TOLERANCE, hz));
        if self.kind.is_none() {
            self.kind = match audio_hz {
                _ if !new_on_most => Some(MediaKind::NotAudio),
                Some(_) if fitted.is_known_to(TOLERANCE) => Some(MediaKind::Audio),
                None if fitted.is_known_to(TOLERANCE / 3.0) && self.may_deny(fitted) => {
                    Some(MediaKind::NotAudio)
                }
                _ => None,
            };
        }
        let video_hz = fitted.is_within(TOLERANCE, VIDEO_CLOCK_HZ).then_some(VIDEO_CLOCK_HZ);
        self.nominal_hz = match self.kind {
            _ if self.nominal_hz.is_some() => self.nominal_hz,
            Some(MediaKind::Audio) => audio_hz,
            Some(MediaKind::NotAudio) if fitted.is_known_to(TOLERANCE / 3.0) => video_hz,
            _ => None,
        };
        let unsettled = self.kind.is_none() || self.nominal_hz.is_none();
        if unsettled
            && self.fit.points() >= MAX_UNSETTLED_TIMESTAMPS
            && self.fit.span_secs() > MAX_UNSETTLED_SECS
        {
            self.fit = ClockFit::default();
        }
    }

    fn may_deny(&self, fitted: FittedClock) -> bool {
        let over_send_time = self.basis == Some(ClockBasis::AbsSendTime);
        let bend = if over_send_time { SEND_TIME_BEND } else { CAPTURE_TIME_BEND };
        let is_far = !AUDIO_CLOCKS_HZ.iter().any(|&hz| fitted.is_within(bend, hz));
        is_far || (over_send_time && self.fit.span_secs() >= MIN_SPAN_TO_DENY_SECS)
    }
}

impl FittedClock {
    fn is_within(&self, tolerance: f64, hz: u32) -> bool {
        (self.hz - f64::from(hz)).abs() <= tolerance * f64::from(hz)
    }

    fn is_known_to(&self, share: f64) -> bool {
        self.error_hz <= self.hz.abs() * share
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rtp::test_packet::TestPacket;

    #[derive(Clone)]
    struct Sample {
        packet: TestPacket,
        sent_secs: Option<f64>,
        captured_secs: f64,
    }

    fn run(samples: impl IntoIterator<Item = Sample>) -> MediaClock {
        let mut clock = MediaClock::default();
        for sample in samples {
            let bytes = sample.packet.bytes();
            let send_time = sample.sent_secs.map(|secs| {
                AbsSendTime::from_raw(
                    (secs.rem_euclid(64.0) * f64::from(AbsSendTime::UNITS_PER_SECOND)) as u32,
                )
            });
            let at = CaptureTime::from_nanos((sample.captured_secs * 1e9) as i128).unwrap();
            clock.observe(&RtpPacket::parse(&bytes, bytes.len()).unwrap(), send_time, at);
        }
        clock
    }

    /// One packet every 20 ms.
    fn audio(hz: u32, secs: f64) -> Vec<Sample> {
        (0..(secs * 50.0) as u32)
            .map(|n| Sample {
                packet: TestPacket {
                    payload_type: 111,
                    seq: 65_500_u32.wrapping_add(n) as u16,
                    timestamp: (n * (hz / 50)).wrapping_sub(3000),
                    ..TestPacket::default()
                },
                sent_secs: Some(63.0 + f64::from(n) * 0.02),
                captured_secs: 10.0 + f64::from(n) * 0.02,
            })
            .collect()
    }

    /// 30 frames/s; the key frame's packets are paced over 300 ms and what follows waits behind them.
    fn video(packets_per_frame: u32, secs: f64) -> Vec<Sample> {
        let mut samples = Vec::new();
        let mut free_at = 0.0_f64;
        for frame in 0..(secs * 30.0) as u32 {
            for _ in 0..if frame == 0 { 60 } else { packets_per_frame } {
                free_at = free_at.max(f64::from(frame) / 30.0) + 0.005;
                samples.push(Sample {
                    packet: TestPacket {
                        seq: samples.len() as u16,
                        timestamp: frame * 3000,
                        ..TestPacket::default()
                    },
                    sent_secs: Some(free_at),
                    captured_secs: free_at + 0.02,
                });
            }
        }
        samples
    }

    fn over_capture_time(samples: Vec<Sample>) -> impl Iterator<Item = Sample> {
        samples.into_iter().map(|sample| Sample { sent_secs: None, ..sample })
    }

    #[test]
    fn every_audio_clock_is_audio_against_either_time_just_after_a_second() {
        for hz in [8_000, 12_000, 16_000, 24_000, 32_000, 44_100, 48_000] {
            let sent = run(audio(hz, 1.1));
            assert_eq!((sent.kind(), sent.nominal_hz()), (Some(MediaKind::Audio), Some(hz)));
            assert_eq!(sent.evidence().against, Some(ClockBasis::AbsSendTime));
            let captured = run(over_capture_time(audio(hz, 1.1)));
            assert_eq!((captured.kind(), captured.nominal_hz()), (Some(MediaKind::Audio), Some(hz)));
            assert_eq!(captured.evidence().against, Some(ClockBasis::CaptureTime));
        }
    }

    #[test]
    fn less_than_a_second_or_twenty_timestamps_decides_nothing() {
        assert_eq!(run(audio(48_000, 0.98)).kind(), None);
        let sparse = audio(48_000, 3.0).into_iter().step_by(10);
        assert_eq!(run(sparse).kind(), None);
    }

    #[test]
    fn other_clocks_are_not_audio() {
        for hz in [10_000, 30_000, 50_000, 90_000] {
            assert_eq!(run(audio(hz, 2.1)).kind(), Some(MediaKind::NotAudio), "{hz} Hz");
        }
        assert_eq!(run(audio(90_000, 1.1)).nominal_hz(), Some(90_000));
    }

    #[test]
    fn audio_behind_a_queue_that_builds_up_is_left_undecided_until_the_queue_stands() {
        let mut samples = audio(48_000, 9.0);
        for sample in &mut samples {
            let secs = sample.captured_secs - 10.0;
            sample.captured_secs += (secs * 0.2).min(0.5);
        }
        assert_eq!(run(over_capture_time(samples[..120].to_vec())).kind(), None);
        assert_eq!(run(samples[..120].to_vec()).kind(), Some(MediaKind::Audio), "send time does not bend");
        assert_eq!(run(over_capture_time(samples)).kind(), Some(MediaKind::Audio));
    }

    #[test]
    fn three_percent_is_the_tolerance() {
        assert_eq!(run(audio(49_400, 1.1)).kind(), Some(MediaKind::Audio));
        assert_eq!(run(audio(49_500, 1.1)).kind(), None);
        assert_eq!(run(audio(49_500, 2.1)).kind(), Some(MediaKind::NotAudio));
    }

    #[test]
    fn video_is_not_audio_at_its_start_nor_later() {
        for packets_per_frame in 1..6 {
            for secs in [0.5, 1.1, 2.0, 4.0] {
                let clock = run(video(packets_per_frame, secs));
                assert_ne!(
                    clock.kind(),
                    Some(MediaKind::Audio),
                    "{packets_per_frame} packets a frame, {secs} s"
                );
                let clock = run(over_capture_time(video(packets_per_frame, secs)));
                assert_ne!(
                    clock.kind(),
                    Some(MediaKind::Audio),
                    "{packets_per_frame} packets a frame, {secs} s"
                );
            }
            let clock = run(video(packets_per_frame, 6.0));
            assert_eq!((clock.kind(), clock.nominal_hz()), (Some(MediaKind::NotAudio), Some(90_000)));
        }
    }

    #[test]
    fn an_audio_clock_with_several_packets_a_timestamp_is_not_audio() {
        let twice = audio(48_000, 2.0).into_iter().enumerate().map(|(n, mut sample)| {
            sample.packet.timestamp -= (n as u32 % 2) * 960;
            sample
        });
        assert_eq!(run(twice).kind(), Some(MediaKind::NotAudio));
    }

    #[test]
    fn a_capture_with_every_packet_twice_is_still_audio() {
        let twice = audio(48_000, 1.1).into_iter().flat_map(|sample| [sample.clone(), sample]);
        assert_eq!(run(twice).kind(), Some(MediaKind::Audio));
    }

    #[test]
    fn padding_probes_on_an_audio_ssrc_do_not_hide_it() {
        let mut samples = audio(48_000, 1.5);
        let probe = samples[5].clone();
        samples.splice(6..6, (0..40).map(|_| probe.clone()));
        for (n, sample) in samples.iter_mut().enumerate() {
            sample.packet.seq = n as u16;
            sample.packet.has_padding = (6..46).contains(&n);
        }
        let clock = run(samples);
        assert_eq!(clock.kind(), Some(MediaKind::Audio), "{:?}", clock.evidence());
    }

    #[test]
    fn loss_and_a_telephone_event_do_not_hide_audio() {
        let mut samples: Vec<_> =
            audio(48_000, 1.5).into_iter().enumerate().filter(|(n, _)| n % 7 != 3).collect();
        for (n, sample) in samples.iter_mut().filter(|(n, _)| (20..40).contains(n)) {
            sample.packet.payload_type = 126;
            sample.packet.timestamp -= (*n as u32 - 20) * 960;
        }
        assert_eq!(run(samples.into_iter().map(|(_, s)| s)).kind(), Some(MediaKind::Audio));
    }

    #[test]
    fn a_stream_that_begins_with_another_payload_type_is_judged_by_its_main_one() {
        let mut samples = audio(48_000, 1.5);
        for sample in &mut samples[..5] {
            (sample.packet.payload_type, sample.packet.timestamp) = (126, 7);
        }
        assert_eq!(run(samples).kind(), Some(MediaKind::Audio));
    }

    #[test]
    fn a_new_timestamp_base_starts_the_fit_anew() {
        let mut samples = audio(48_000, 2.5);
        samples[60..].iter_mut().for_each(|s| s.packet.timestamp = s.packet.timestamp.wrapping_add(1 << 30));
        let clock = run(samples);
        assert_eq!((clock.kind(), clock.nominal_hz()), (Some(MediaKind::Audio), Some(48_000)));
    }

    #[test]
    fn static_payload_types_need_no_clock() {
        let mut one = audio(8_000, 0.02);
        one[0].packet.payload_type = 0;
        let clock = run(one.clone());
        assert_eq!((clock.kind(), clock.nominal_hz()), (Some(MediaKind::Audio), Some(8_000)));
        one[0].packet.payload_type = 34;
        assert_eq!(run(one).kind(), Some(MediaKind::NotAudio));
    }
}

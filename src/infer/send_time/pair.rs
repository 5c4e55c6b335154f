//! One element of one SSRC, held against that SSRC's RTP timestamps.

use super::StreamClock;
use crate::infer::MediaKind;
use crate::infer::evidence::RunsWith;
use crate::infer::walk::Progress;
use crate::rtp::VIDEO_CLOCK_HZ;
use crate::streams::send_clock::signed_step_nanos;
use crate::units::{AbsSendTime, CaptureTime, PayloadType, SeqNum, Ssrc};

/// What a packet has.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reading {
    pub(super) payload_type: PayloadType,
    pub(super) number: SeqNum,
    pub(super) timestamp: u32,
    pub(super) value: AbsSendTime,
    pub(super) at: CaptureTime,
}

/// From a packet of an SSRC to one with a higher sequence number.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    /// By how much the element moved, as an abs-send-time.
    pub(super) nanos: i64,
    /// The RTP timestamp changed.
    pub(super) is_new_frame: bool,
    /// By how much capture time did.
    pub(super) captured_nanos: i64,
    /// The same in units, whichever way.
    pub(super) units: u32,
    /// The low 16 bits of the move.
    pub(super) low: u16,
}

/// An element of an SSRC.
#[derive(Debug, Clone)]
pub(super) struct Pair {
    pub(super) ssrc: Ssrc,
    pub(super) id: u8,
    highest: Reading,
    /// Of the payload type that came twice in a row, for it has the clock (RFC 7160).
    sums: Sums,
}

#[derive(Debug, Clone)]
struct Sums {
    payload_type: PayloadType,
    /// The first packet of the frame that the highest belongs to.
    frame: (u32, AbsSendTime),
    steps: u32,
    moves: u32,
    nanos: i64,
    ticks: i64,
    captured_nanos: i64,
    /// Of the latest frame intervals, the speed of the element by the RTP timestamps at 90 kHz.
    speeds: [f32; SPEEDS],
    frames: u32,
}

/// Frame intervals of which the median is taken.
const SPEEDS: usize = 15;
const VIDEO_TICKS_PER_NANO: f64 = VIDEO_CLOCK_HZ as f64 / 1e9;
/// A pause says more of the pacer than of the clock, and the element may have wrapped in it.
const MAX_FRAME_NANOS: f64 = 20e9;
const MAX_PAUSE_NANOS: i64 = 20_000_000_000;

/// Proof by audio: so many steps and moves over so long, off by no more than this and a hundredth.
const AUDIO_STEPS: u32 = 4;
const AUDIO_NANOS: i64 = 60_000_000;
const AUDIO_OFF_NANOS: i64 = 5_000_000;
const LONG_NANOS: i64 = 1_000_000_000;
/// Disproof: after so many steps, off by more than this and a 66th.
const AUDIO_STEPS_TO_DENY: u32 = 10;
const AUDIO_FAR_NANOS: i64 = 30_000_000;
/// Whole milliseconds as 256 units are off by a 43rd, a third of a clock for 0.343 of it by a 33rd.
const AUDIO_FAR_SHARE: i64 = 66;
/// Proof by video: the median of so many frame intervals, and moves.
const FRAMES: u32 = 5;
/// Fewer say nothing: the pacer may still be sending the first one.
const FRAMES_TO_DOUBT: u32 = 4;
const FRAMES_TO_DENY: u32 = 8;
/// A key frame takes so many frames' time.
const FRAMES_PACED: f64 = 4.0;

impl Pair {
    pub(super) fn new(ssrc: Ssrc, id: u8, first: Reading) -> Self {
        Self { ssrc, id, highest: first, sums: Sums::new(first) }
    }

    /// Takes the next packet; late ones and copies are no step.
    pub(super) fn take(&mut self, now: Reading) -> Option<Step> {
        let before = self.highest;
        let progress = Progress::between(before.number, now.number);
        if progress == Progress::None {
            return None;
        }
        self.highest = now;
        let captured_nanos = now.at.nanos_since(before.at);
        if progress == Progress::Restart || captured_nanos > MAX_PAUSE_NANOS {
            self.sums.frame = (now.timestamp, now.value);
            return None;
        }
        let ticks = now.timestamp.wrapping_sub(before.timestamp).cast_signed();
        let nanos = signed_step_nanos(now.value, before.value);
        if now.payload_type == before.payload_type {
            if now.payload_type != self.sums.payload_type {
                self.sums = Sums::new(before);
            }
            self.sums.take(nanos, ticks, now);
            self.sums.captured_nanos = self.sums.captured_nanos.saturating_add(captured_nanos);
        }
        let forward = now.value.units_since(before.value);
        Some(Step {
            nanos,
            is_new_frame: ticks != 0,
            captured_nanos,
            units: forward.min(before.value.units_since(now.value)),
            // The low bits are meant.
            low: forward as u16,
        })
    }

    pub(super) const fn payload_type(&self) -> PayloadType {
        self.sums.payload_type
    }

    pub(super) const fn steps(&self) -> u32 {
        self.sums.steps
    }

    pub(super) const fn sent_nanos(&self) -> i64 {
        self.sums.nanos
    }

    /// Send time and ticks that went by.
    pub(super) const fn speed(&self) -> (i64, i64) {
        (self.sums.nanos, self.sums.ticks)
    }

    /// Whether it tells clocks apart that differ by two hundredths: the pacer bends video by more.
    pub(super) fn tells_coarse(&self, clock: StreamClock) -> bool {
        clock.kind == Some(MediaKind::Audio) && self.sums.nanos >= LONG_NANOS
    }

    /// Why it is beyond doubt, if it is.
    pub(super) fn proof(&self, clock: StreamClock) -> Option<RunsWith> {
        let sums = &self.sums;
        match clock.kind? {
            MediaKind::Audio => {
                let as_video = || sums.proof_by_clocks(self.ssrc, [VIDEO_CLOCK_HZ, 0, 0, 0]);
                let [usual, further @ ..] = clock.audio_hz;
                let [a, b, c] = further.map(|hz| if sums.tells_further_clocks() { hz } else { 0 });
                let by_audio = sums.proof_by_clocks(self.ssrc, [usual, a, b, c]);
                by_audio.or_else(|| as_video().filter(|_| clock.may_be_video))
            }
            MediaKind::NotAudio => sums.video_proof(self.ssrc),
            MediaKind::Rtx { .. } => None,
        }
    }

    /// Whether it is too far off the timestamps of audio.
    pub(super) fn disagrees_with_audio(&self, clock: StreamClock) -> bool {
        let sums = &self.sums;
        let far = |off: i64| off > AUDIO_FAR_NANOS + sums.nanos.saturating_abs() / AUDIO_FAR_SHARE;
        let disagrees = clock.kind == Some(MediaKind::Audio)
            && sums.steps >= AUDIO_STEPS_TO_DENY
            && sums.off_nanos(clock.audio_hz).is_some_and(|(off, _)| far(off));
        let runs_as_video = || clock.may_be_video && sums.runs_as_video();
        disagrees && !runs_as_video()
    }

    /// Whether it runs at another speed than the frames of video.
    pub(super) fn disagrees_with_video(&self, clock: StreamClock) -> bool {
        clock.kind == Some(MediaKind::NotAudio) && self.sums.disagrees_with_video()
    }

    /// Whether it may be it, by its frames.
    pub(super) fn is_plausible(&self, clock: StreamClock) -> bool {
        clock.kind != Some(MediaKind::NotAudio)
            || self.sums.frames < FRAMES_TO_DOUBT
            || (0.4..=2.5).contains(&self.sums.median_speed())
            || !self.sums.is_far_in_all()
    }
}

impl Sums {
    const fn new(first: Reading) -> Self {
        Self {
            payload_type: first.payload_type,
            frame: (first.timestamp, first.value),
            steps: 0,
            moves: 0,
            nanos: 0,
            ticks: 0,
            captured_nanos: 0,
            speeds: [0.0; SPEEDS],
            frames: 0,
        }
    }

    fn take(&mut self, nanos: i64, ticks: i32, now: Reading) {
        self.steps = self.steps.saturating_add(1);
        self.moves = self.moves.saturating_add(u32::from(nanos != 0));
        self.nanos = self.nanos.saturating_add(nanos);
        self.ticks = self.ticks.saturating_add(i64::from(ticks));
        if ticks != 0 {
            self.take_frame(now);
        }
    }

    fn take_frame(&mut self, now: Reading) {
        let (timestamp, value) = std::mem::replace(&mut self.frame, (now.timestamp, now.value));
        let media = f64::from(now.timestamp.wrapping_sub(timestamp).cast_signed()) / VIDEO_TICKS_PER_NANO;
        if media > 0.0 && media < MAX_FRAME_NANOS {
            let speed = signed_step_nanos(now.value, value) as f64 / media;
            if let Some(place) = self.speeds.get_mut(self.frames as usize % SPEEDS) {
                *place = speed as f32;
            }
            self.frames = self.frames.saturating_add(1);
        }
    }

    /// Whether readings by other clocks than the usual one may be right: elements of another speed are so by one of them.
    const fn tells_further_clocks(&self) -> bool {
        self.nanos >= LONG_NANOS && self.nanos / 7 >= self.captured_nanos / 10
    }

    fn disagrees_with_video(&self) -> bool {
        self.frames >= FRAMES_TO_DENY && !(0.5..=2.0).contains(&self.median_speed()) && self.is_far_in_all()
    }

    /// The same in all: where the pacer takes several frames' time for a key frame, most frames' intervals are bent.
    fn is_far_in_all(&self) -> bool {
        let media = self.ticks as f64 / VIDEO_TICKS_PER_NANO;
        let paced = media / f64::from(self.frames.max(1)) * FRAMES_PACED;
        !(media * 0.5 - paced..=media * 2.0 + paced).contains(&(self.nanos as f64))
    }

    fn proof_by_clocks(&self, ssrc: Ssrc, clocks_hz: [u32; 4]) -> Option<RunsWith> {
        let (off, hz) = self.off_nanos(clocks_hz)?;
        let is_near = off <= AUDIO_OFF_NANOS + self.nanos / 100;
        let is_enough = self.steps >= AUDIO_STEPS && self.moves >= AUDIO_STEPS && self.nanos >= AUDIO_NANOS;
        let (sent_nanos, ticks) = (self.nanos, self.ticks);
        (is_near && is_enough).then_some(RunsWith::Timestamps { ssrc, sent_nanos, ticks, hz })
    }

    /// By how much the element is off the timestamps of audio, and by which clock.
    fn off_nanos(&self, clocks_hz: [u32; 4]) -> Option<(i64, u32)> {
        let clocks = clocks_hz.into_iter().filter(|hz| *hz > 0);
        let media = |hz: u32| (self.ticks as f64 * 1e9 / f64::from(hz)) as i64;
        let off = |hz: u32| self.nanos.saturating_sub(media(hz)).saturating_abs();
        clocks.map(|hz| (off(hz), hz)).min_by_key(|(off, _)| *off)
    }

    fn video_proof(&self, ssrc: Ssrc) -> Option<RunsWith> {
        let (median_speed, frames) = (self.median_speed(), self.frames);
        self.runs_as_video().then_some(RunsWith::Frames { ssrc, median_speed, frames })
    }

    fn runs_as_video(&self) -> bool {
        self.frames >= FRAMES && self.moves >= FRAMES && (0.7..=1.4).contains(&self.median_speed())
    }

    fn median_speed(&self) -> f32 {
        let known = (self.frames as usize).min(SPEEDS);
        let mut speeds = self.speeds;
        let Some(speeds) = speeds.get_mut(..known) else { return 0.0 };
        speeds.sort_by(f32::total_cmp);
        speeds.get(known / 2).copied().unwrap_or(0.0)
    }
}

//! One element of one SSRC, held against that SSRC's RTP timestamps.

use super::StreamClock;
use crate::rtp::infer::MediaKind;
use crate::rtp::send_clock::signed_step_nanos;
use crate::units::{AbsSendTime, CaptureTime, SeqNum, Ssrc};

/// What a packet has.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reading {
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
    /// The low 16 bits of the move.
    pub(super) low: u16,
}

/// An element of an SSRC.
#[derive(Debug, Clone)]
pub(super) struct Pair {
    pub(super) ssrc: Ssrc,
    pub(super) id: u8,
    highest: Reading,
    /// The first packet of the frame that the highest belongs to.
    frame: (u32, AbsSendTime),
    steps: u32,
    moves: u32,
    nanos: i64,
    ticks: i64,
    /// Of the latest frame intervals, the speed of the element by the RTP timestamps at 90 kHz.
    speeds: [f32; SPEEDS],
    frames: u32,
}

/// Frame intervals of which the median is taken.
const SPEEDS: usize = 15;
/// A larger step is a restart.
const MAX_STEP: i16 = 1000;
const VIDEO_TICKS_PER_NANO: f64 = 90_000.0 / 1e9;
/// A pause says more of the pacer than of the clock, and the element may have wrapped in it.
const MAX_FRAME_NANOS: f64 = 20e9;

/// Proof by audio: so many steps and moves over so long, off by no more than this and a hundredth.
const AUDIO_STEPS: u32 = 4;
const AUDIO_NANOS: i64 = 60_000_000;
const AUDIO_OFF_NANOS: i64 = 5_000_000;
/// Disproof: after so many steps, off by more than this and three hundredths.
const AUDIO_STEPS_TO_DENY: u32 = 10;
const AUDIO_FAR_NANOS: i64 = 30_000_000;
/// Proof by video: the median of so many frame intervals, and moves.
const FRAMES: u32 = 5;
const FRAMES_TO_DENY: u32 = 8;

impl Pair {
    pub(super) fn new(ssrc: Ssrc, id: u8, first: Reading) -> Self {
        Self {
            ssrc,
            id,
            highest: first,
            frame: (first.timestamp, first.value),
            steps: 0,
            moves: 0,
            nanos: 0,
            ticks: 0,
            speeds: [0.0; SPEEDS],
            frames: 0,
        }
    }

    /// Takes the next packet; late ones and copies are no step.
    pub(super) fn take(&mut self, now: Reading) -> Option<Step> {
        let before = self.highest;
        let numbers = now.number.steps_since(before.number);
        if (-MAX_STEP..=0).contains(&numbers) {
            return None;
        }
        self.highest = now;
        if numbers < 0 || numbers > MAX_STEP {
            self.frame = (now.timestamp, now.value);
            return None;
        }
        let ticks = now.timestamp.wrapping_sub(before.timestamp).cast_signed();
        let nanos = signed_step_nanos(now.value, before.value);
        self.steps = self.steps.saturating_add(1);
        self.moves = self.moves.saturating_add(u32::from(nanos != 0));
        self.nanos = self.nanos.saturating_add(nanos);
        self.ticks = self.ticks.saturating_add(i64::from(ticks));
        if ticks != 0 {
            self.take_frame(now);
        }
        Some(Step {
            nanos,
            is_new_frame: ticks != 0,
            captured_nanos: now.at.nanos_since(before.at),
            // The low bits are meant.
            low: now.value.units_since(before.value) as u16,
        })
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

    pub(super) const fn sent_nanos(&self) -> i64 {
        self.nanos
    }

    /// Why it is beyond doubt, if it is.
    pub(super) fn proof(&self, clock: StreamClock) -> Option<String> {
        match clock.kind? {
            MediaKind::Audio => self.audio_proof(clock.audio_hz),
            MediaKind::NotAudio => self.video_proof(),
            MediaKind::Rtx { .. } => None,
        }
    }

    /// Whether it is too far off the timestamps of audio.
    pub(super) fn disagrees_with_audio(&self, clock: StreamClock) -> bool {
        let far = |off: i64| off > AUDIO_FAR_NANOS + self.nanos.saturating_abs() / 100 * 3;
        clock.kind == Some(MediaKind::Audio)
            && self.steps >= AUDIO_STEPS_TO_DENY
            && self.off_nanos(clock.audio_hz).is_some_and(|(off, _)| far(off))
    }

    /// Whether it runs at another speed than the frames of video, frame by frame and in all: behind a large frame the
    /// pacer lets several pass faster than they were taken.
    pub(super) fn disagrees_with_video(&self, clock: StreamClock) -> bool {
        let media = self.ticks as f64 / VIDEO_TICKS_PER_NANO;
        let in_all = self.nanos as f64 / media.max(1.0);
        let speeds = [f64::from(self.median_speed()), in_all];
        let is_enough = clock.kind == Some(MediaKind::NotAudio) && self.frames >= FRAMES_TO_DENY;
        is_enough && (speeds.iter().all(|speed| *speed < 0.5) || speeds.iter().all(|speed| *speed > 2.0))
    }

    /// Whether it may be it, by its frames.
    pub(super) fn is_plausible(&self, clock: StreamClock) -> bool {
        clock.kind != Some(MediaKind::NotAudio)
            || self.frames < 2
            || (0.4..=2.5).contains(&self.median_speed())
    }

    fn audio_proof(&self, clocks_hz: [u32; 4]) -> Option<String> {
        let (off, hz) = self.off_nanos(clocks_hz)?;
        let is_near = off <= AUDIO_OFF_NANOS + self.nanos / 100;
        let is_enough = self.steps >= AUDIO_STEPS && self.moves >= AUDIO_STEPS && self.nanos >= AUDIO_NANOS;
        (is_near && is_enough).then(|| {
            let (sent, media) = (self.nanos as f64 / 1e9, self.ticks as f64 / f64::from(hz));
            format!(
                "advances by {sent:.3} s while the timestamps of {} do by {media:.3} s at {hz} Hz",
                self.ssrc
            )
        })
    }

    /// By how much the element is off the timestamps of audio, and by which clock.
    fn off_nanos(&self, clocks_hz: [u32; 4]) -> Option<(i64, u32)> {
        let clocks = clocks_hz.into_iter().filter(|hz| *hz > 0);
        let off = |hz: u32| (self.nanos - (self.ticks as f64 * 1e9 / f64::from(hz)) as i64).saturating_abs();
        clocks.map(|hz| (off(hz), hz)).min_by_key(|(off, _)| *off)
    }

    fn video_proof(&self) -> Option<String> {
        let speed = self.median_speed();
        let is_enough = self.frames >= FRAMES && self.moves >= FRAMES;
        (is_enough && (0.7..=1.4).contains(&speed)).then(|| {
            let (frames, ssrc) = (self.frames, self.ssrc);
            format!("advances at {speed:.2} times the speed of the timestamps of {ssrc}, median of {frames} frames")
        })
    }

    fn median_speed(&self) -> f32 {
        let known = (self.frames as usize).min(SPEEDS);
        let mut speeds = self.speeds;
        let Some(speeds) = speeds.get_mut(..known) else { return 0.0 };
        speeds.sort_by(f32::total_cmp);
        speeds.get(known / 2).copied().unwrap_or(0.0)
    }
}

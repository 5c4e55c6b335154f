//! What the packets of one payload type of a stream show: where frames end, and by how much timestamps step.

use super::customary::{gcd, is_customary, is_customary_with_silence, readings_with_silence};
use super::evidence::{KeysShown, PacketsShown, TimestampSteps};
use super::walk::Step;
use crate::rtp::RtpPacket;
use crate::rtp::VIDEO_CLOCK_HZ;
use crate::units::PayloadType;

/// Counts over the packets of one payload type, in the order of their sequence numbers.
#[derive(Debug, Clone, Default)]
pub(super) struct TypeEvidence {
    pub(super) payload_type: PayloadType,
    pub(super) packets: u32,
    markers: u32,
    /// Timestamps that changed behind a packet with the marker bit, and behind one without.
    marked: u32,
    unmarked: u32,
    /// Packets that repeat the timestamp before them, one after the other: now, and at most.
    repeating: u32,
    most_repeating: u32,
    /// Any that repeat a timestamp, padding too.
    repeats: u32,
    /// The latest timestamp began with a packet that has the marker bit; `None` if that one is missing.
    began_marked: Option<bool>,
    /// Timestamps of several packets that began with the marker bit, and without.
    keys: u32,
    frames: u32,
    /// Steps of the timestamp between consecutive packets, and what they have in common.
    steps: u32,
    common: u32,
    /// All steps are one.
    only_step: Option<u32>,
    steps_differ: bool,
    /// Steps over whatever is missing, by sequence number: those that are customary for audio, and those that are not.
    customary: u32,
    other: u32,
    /// What all of them have in common, and how many step back.
    common_of_all: u32,
    steps_back: u32,
    /// Send time and timestamps that went by.
    sent_nanos: i64,
    sent_ticks: i64,
}

/// Frames of video end with the marker bit: so many ends, and none without, tell it.
const MARKED_ENDS: u32 = 2;
/// At most this step may be that of audio with the marker bit on every packet: it is audio after so many.
const MAX_MARKED_AUDIO_STEP: u32 = 960;
const MARKED_AUDIO_STEPS: u32 = 10;
/// So many packets of one timestamp behind its first are no audio.
const REPEATS: u32 = 3;
/// So many ends tell video where half of them are marked.
const MIXED_ENDS: u32 = 6;
const UNMARKED_ENDS: u32 = 5;
const COMMON_STEPS: u32 = 4;
const STEPS_TO_DENY: u32 = 8;
/// Where most packets are lost: so many, of which all have timestamps of their own.
const SPARSE_PACKETS: u32 = 6;
const SPARSE_STEPS: u32 = 5;
const SPARSE_STEPS_WITH_SILENCE: u32 = 8;
/// So many steps of no packet time of audio, and hardly any other, are retransmissions.
const DISORDERED_STEPS: u32 = 12;
/// The longest frame of Opus.
const MAX_FRAME_STEP: u32 = 2880;
/// Frames of video are at least so far apart: 1/94 s at its clock.
const MIN_VIDEO_STEP: u32 = 960;
/// From here on send time tells clocks apart.
const MIN_SENT_NANOS: i64 = 80_000_000;

/// How far a speed is from a clock's, either way.
fn apart(sent_hz: f64, clock_hz: u32) -> f64 {
    (sent_hz / f64::from(clock_hz)).ln().abs()
}

impl TypeEvidence {
    pub(super) fn new(payload_type: PayloadType) -> Self {
        Self { payload_type, ..Self::default() }
    }

    /// Takes a packet, and the step to it.
    pub(super) fn observe(&mut self, packet: &RtpPacket<'_>, step: Option<Step>) {
        self.packets = self.packets.saturating_add(1);
        self.markers = self.markers.saturating_add(u32::from(packet.marker()));
        if self.packets == 1 {
            self.began_marked = Some(packet.marker());
        }
        let Some(step) = step else { return };
        if !packet.has_padding() && !step.after_padding {
            self.observe_sparse(step);
        }
        if step.ticks != 0 || !step.is_consecutive {
            self.began_marked = (step.numbers == 1).then_some(packet.marker());
        }
        if !step.is_consecutive {
            self.repeating = 0;
            return;
        }
        if step.ticks == 0 {
            self.observe_beginning();
            self.repeats = self.repeats.saturating_add(1);
            if !packet.has_padding() {
                self.repeating += 1;
                self.most_repeating = self.most_repeating.max(self.repeating);
            }
            return;
        }
        self.repeating = 0;
        match (step.after_other || packet.has_padding(), step.after_marker) {
            (true, _) => {}
            (_, true) => self.marked = self.marked.saturating_add(1),
            (_, false) => self.unmarked = self.unmarked.saturating_add(1),
        }
        if let Ok(ticks @ 1..) = u32::try_from(step.ticks)
            && !packet.has_padding()
            && !step.after_padding
        {
            self.steps = self.steps.saturating_add(1);
            self.common = gcd(self.common, ticks);
            self.steps_differ |= self.only_step.is_some_and(|only| only != ticks);
            self.only_step = Some(ticks);
        }
    }

    /// Of the second packet of a timestamp: how did the first one begin?
    fn observe_beginning(&mut self) {
        match self.began_marked.take() {
            Some(true) => self.keys = self.keys.saturating_add(1),
            Some(false) => self.frames = self.frames.saturating_add(1),
            None => {}
        }
    }

    fn observe_sparse(&mut self, step: Step) {
        let (ticks, numbers) = (step.ticks.unsigned_abs(), u32::from(step.numbers));
        let is_customary = step.ticks > 0 && ticks.is_multiple_of(numbers) && is_customary(ticks / numbers);
        match u32::try_from(step.ticks) {
            Ok(0) => {}
            Ok(ticks) => self.common_of_all = gcd(self.common_of_all, ticks),
            Err(_) => self.steps_back = self.steps_back.saturating_add(1),
        }
        match is_customary {
            true => self.customary = self.customary.saturating_add(1),
            false => self.other = self.other.saturating_add(1),
        }
    }

    /// Audio or not, as far as it can be told. `alone`: its timestamps are not another stream's.
    pub(super) fn is_audio(&self, alone: bool) -> Option<bool> {
        let ends = self.marked + self.unmarked;
        let runs_as_video = self.runs_as_video();
        if self.is_marked() {
            return match (self.may_be_marked_audio(), runs_as_video) {
                (true, Some(true)) | (false, _) => Some(false),
                (true, Some(false)) => Some(true),
                (true, None) => (self.steps >= MARKED_AUDIO_STEPS).then_some(true),
            };
        }
        if self.are_keys() {
            return None;
        }
        if self.most_repeating >= REPEATS || (ends >= MIXED_ENDS && self.marked * 2 >= ends) {
            return Some(false);
        }
        if self.unmarked >= UNMARKED_ENDS && self.ends_are_unmarked() && self.repeats == 0 && alone {
            let customary = is_customary_with_silence(self.common);
            match (self.steps, customary) {
                (COMMON_STEPS.., true) => return Some(runs_as_video != Some(true)),
                (STEPS_TO_DENY.., false) => return Some(false),
                _ => {}
            }
        }
        let all_customary = self.customary >= SPARSE_STEPS && self.other == 0 && self.markers <= 1;
        let is_sparse =
            self.packets >= SPARSE_PACKETS && (all_customary || (alone && self.is_sparse_with_silence()));
        let is_disordered = self.other >= DISORDERED_STEPS && self.customary * 4 < self.other;
        match is_sparse {
            true => Some(runs_as_video != Some(true)),
            false => is_disordered.then_some(false),
        }
    }

    /// Whether all steps, over whatever is missing, are multiples of a packet time of audio: in silence packets are left
    /// out as well.
    fn is_sparse_with_silence(&self) -> bool {
        let steps = self.customary.saturating_add(self.other);
        let is_ordered = self.steps_back == 0 && self.repeats == 0 && self.markers * 4 <= self.packets;
        is_ordered && steps >= SPARSE_STEPS_WITH_SILENCE && is_customary(self.common_of_all)
    }

    /// Whether what there is of it, be it ever so little, is as with audio.
    pub(super) fn looks_like_audio(&self) -> bool {
        self.unmarked > self.marked && self.repeats == 0 && is_customary_with_silence(self.common)
    }

    /// Whether packets share a timestamp.
    pub(super) const fn repeats(&self) -> bool {
        self.repeats > 0
    }

    /// What all steps of the timestamp are multiples of, ticks.
    pub(super) const fn step(&self) -> u32 {
        self.common
    }

    /// The clock, if it is audio: the usual one, or the one that send time is nearest to.
    pub(super) fn audio_clock_hz(&self) -> Option<u32> {
        let mut readings = readings_with_silence(self.common);
        let Some(sent_hz) = self.sent_hz() else { return readings.next() };
        readings.min_by(|a, b| apart(sent_hz, *a).total_cmp(&apart(sent_hz, *b)))
    }

    /// Takes how much send time went by in all while its timestamps did.
    pub(super) const fn note_send_time(&mut self, nanos: i64, ticks: i64) {
        self.sent_nanos = nanos;
        self.sent_ticks = ticks;
    }

    /// Whether it is telephone events: each timestamp begins with the marker bit, where one of video ends with it.
    pub(super) const fn are_keys(&self) -> bool {
        self.most_repeating >= REPEATS && self.keys > 0 && self.frames == 0 && self.marked == 0
    }

    /// Whether it has steps of audio that frames of video have too, or ends as these do, and no send time tells which it is.
    pub(super) fn may_be_video(&self) -> bool {
        (self.common >= MIN_VIDEO_STEP || self.is_marked()) && self.runs_as_video().is_none()
    }

    /// Whether most timestamps end with the marker bit.
    pub(super) const fn ends_frames(&self) -> bool {
        self.marked > self.unmarked
    }

    /// Whether its packets are longer than any codec makes them: several frames at 48 kHz, or frames of video.
    pub(super) const fn is_long(&self) -> bool {
        self.common > MAX_FRAME_STEP
    }

    /// Whether it has the marker bit on every packet.
    pub(super) const fn is_marked(&self) -> bool {
        self.marked >= MARKED_ENDS && self.unmarked == 0
    }

    /// Whether send time says that the timestamps count at 90 kHz, and not at a clock of audio.
    fn runs_as_video(&self) -> Option<bool> {
        let off = |hz| Some(apart(self.sent_hz()?, hz));
        let of_audio = readings_with_silence(self.common).filter_map(off).min_by(f64::total_cmp)?;
        Some(off(VIDEO_CLOCK_HZ)? < of_audio)
    }

    /// By send time, ticks in a second, once it tells clocks apart.
    fn sent_hz(&self) -> Option<f64> {
        let tells = self.sent_nanos >= MIN_SENT_NANOS && self.sent_ticks > 0;
        tells.then(|| self.sent_ticks as f64 * 1e9 / self.sent_nanos as f64)
    }

    /// By what it is telephone events.
    pub(super) const fn keys_shown(&self) -> KeysShown {
        let Self { payload_type, keys, most_repeating, .. } = *self;
        KeysShown { payload_type, keys, most_packets: most_repeating + 1 }
    }

    /// What was seen.
    pub(super) const fn shown(&self) -> PacketsShown {
        let Self { packets, marked, unmarked, repeats, .. } = *self;
        let steps = match (self.only_step, self.steps_differ) {
            (None, _) => TimestampSteps::None,
            (Some(step), false) => TimestampSteps::Same(step),
            (Some(_), true) => TimestampSteps::MultiplesOf(self.common),
        };
        PacketsShown { packets, steps, ends: marked + unmarked, marked, repeats }
    }

    fn may_be_marked_audio(&self) -> bool {
        !self.steps_differ && self.common <= MAX_MARKED_AUDIO_STEP && is_customary(self.common)
    }

    fn ends_are_unmarked(&self) -> bool {
        self.marked * 5 <= self.marked + self.unmarked
    }
}

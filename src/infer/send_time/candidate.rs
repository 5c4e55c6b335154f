//! One element of a flow, over all SSRCs that carry it.

use super::pair::{Reading, Step};
use crate::infer::customary::gcd;
use crate::infer::evidence::{ClockSteps, IdEvidence, RunsWith};
use crate::streams::send_clock::signed_step_nanos;
use crate::units::{AbsSendTime, Ssrc};

/// How an element behaves.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    pub(super) id: u8,
    pub(super) ssrcs: u32,
    pub(super) steps: u32,
    pub(super) moves: u32,
    back: u32,
    new_frames: u32,
    moves_at_new_frames: u32,
    /// Moves at new frames as small as those of a frame counter, whatever stands in the upper byte.
    by_little: u32,
    /// Values at the begin of frames, and those that are near to zero.
    begins: u32,
    low_begins: u32,
    /// What all moves are multiples of, units.
    grain: u32,
    /// Packets behind one of another SSRC, and those whose value is far from that one's.
    neighbours: u32,
    far_neighbours: u32,
    last: Option<(Ssrc, Reading)>,
    nanos: i64,
    captured_nanos: i64,
}

/// One step back in so many frames is no clock.
const FRAMES_A_STEP_BACK: u32 = 50;
const MIN_NEW_FRAMES: u32 = 4;
const MIN_STEPS: u32 = 8;
const MIN_MOVES: u32 = 4;
/// Units of the low 16 bits.
const LITTLE: u16 = 8;
/// A quarter of a millisecond.
const COARSE: u32 = 64;
const MOVES_TO_COUNT: u32 = 24;
/// 1/128 s.
const BINARY_TICK: u32 = 11;
/// Of a transmission time offset, 0.1 s.
const LOW: u32 = 9_000;
const MIN_NEIGHBOURS: u32 = 6;
const NEIGHBOUR_NANOS: i64 = 1_000_000_000;
const MAX_QUEUE_NANOS: i64 = 5_000_000_000;

impl Candidate {
    pub(super) fn new(id: u8) -> Self {
        Self {
            id,
            ssrcs: 0,
            steps: 0,
            moves: 0,
            back: 0,
            new_frames: 0,
            moves_at_new_frames: 0,
            by_little: 0,
            begins: 0,
            low_begins: 0,
            grain: 0,
            neighbours: 0,
            far_neighbours: 0,
            last: None,
            nanos: 0,
            captured_nanos: 0,
        }
    }

    pub(super) fn take(&mut self, step: Step) {
        let moved = step.nanos != 0;
        self.steps = self.steps.saturating_add(1);
        self.moves = self.moves.saturating_add(u32::from(moved));
        self.back = self.back.saturating_add(u32::from(step.nanos < 0));
        self.new_frames = self.new_frames.saturating_add(u32::from(step.is_new_frame));
        self.moves_at_new_frames =
            self.moves_at_new_frames.saturating_add(u32::from(step.is_new_frame && moved));
        self.by_little =
            self.by_little.saturating_add(u32::from(moved && step.is_new_frame && step.low <= LITTLE));
        self.grain = gcd(self.grain, step.units);
        self.nanos = self.nanos.saturating_add(step.nanos);
        self.captured_nanos = self.captured_nanos.saturating_add(step.captured_nanos);
    }

    /// Takes the value at a frame's begin.
    pub(super) fn take_begin(&mut self, value: AbsSendTime) {
        self.begins = self.begins.saturating_add(1);
        self.low_begins = self.low_begins.saturating_add(u32::from(value.raw() < LOW));
    }

    /// Takes a packet in capture order: what another SSRC sent just before has nearly the same send time.
    pub(super) fn take_neighbour(&mut self, ssrc: Ssrc, now: Reading) {
        if let Some((other, before)) = self.last.replace((ssrc, now))
            && other != ssrc
        {
            let apart = signed_step_nanos(now.value, before.value);
            let most = now.at.nanos_since(before.at).saturating_abs().saturating_mul(3) / 2 + NEIGHBOUR_NANOS;
            self.neighbours = self.neighbours.saturating_add(1);
            let is_far = !(-NEIGHBOUR_NANOS..=most).contains(&apart);
            self.far_neighbours = self.far_neighbours.saturating_add(u32::from(is_far));
        }
    }

    /// Whether more time went by than the capture took, whatever a queue had held back; where capture times are not
    /// squashed.
    fn runs_ahead(&self) -> bool {
        let (sent, captured) = (self.nanos, self.captured_nanos);
        let held_back = MAX_QUEUE_NANOS.saturating_mul(self.ssrcs.into());
        let most = captured.saturating_add(captured / 10).saturating_add(held_back);
        sent > most && captured > sent / 10
    }

    /// Whether it cannot be a clock at all.
    pub(super) fn is_out(&self) -> bool {
        let steps_back = self.back > self.new_frames / FRAMES_A_STEP_BACK;
        let stands = self.new_frames >= MIN_NEW_FRAMES
            && self.steps >= MIN_STEPS
            && self.moves_at_new_frames * 4 < self.new_frames;
        let counts = self.moves_at_new_frames >= MIN_MOVES && self.by_little == self.moves_at_new_frames;
        steps_back || stands || counts || self.runs_ahead()
    }

    /// Whether all moves are multiples of a unit that is far coarser than those of abs-send-time: few clocks tick so.
    pub(super) const fn is_coarse(&self) -> bool {
        self.moves_at_new_frames >= MIN_MOVES && self.grain >= COARSE
    }

    /// Whether it moves by multiples of what no tick of a clock is: that would be rounded to the units, now up, now down.
    /// (A pacer's ticks may come out even within a frame; frames are not as regular.) Binary fractions of a second alone are whole numbers of them.
    pub(super) const fn counts(&self) -> bool {
        let is_binary = self.grain.is_power_of_two() || self.grain.trailing_zeros() >= BINARY_TICK;
        self.is_coarse() && self.moves >= MOVES_TO_COUNT && !is_binary
    }

    /// Whether its values are another's on each SSRC.
    pub(super) const fn disagrees_between_streams(&self) -> bool {
        self.neighbours >= MIN_NEIGHBOURS && self.far_neighbours * 3 > self.neighbours
    }

    /// Whether frames begin near to zero, as a transmission time offset does, and a clock once in a minute.
    pub(super) const fn is_like_offset(&self) -> bool {
        self.low_begins * 2 >= self.begins
    }

    /// Whether what little there is may be it: it runs no faster than the capture's clock, apart from what a queue
    /// loses, and not far slower than the longest queue makes it seem.
    pub(super) fn is_plausible(&self) -> bool {
        let (sent, captured) = (self.nanos as f64, self.captured_nanos as f64);
        let moves = self.back == 0 && self.moves > 0 && !self.is_like_offset();
        moves && sent >= 0.02 * captured && sent <= 1.3 * captured + 0.5e9
    }

    /// What shows it; `runs_with` is what proves it.
    pub(super) const fn evidence(&self, runs_with: Option<RunsWith>) -> IdEvidence {
        let Self { steps, back, ssrcs, nanos, captured_nanos, .. } = *self;
        let steps = ClockSteps { steps, back, sent_nanos: nanos, captured_nanos, ssrcs };
        IdEvidence::Clock { runs_with, steps }
    }
}

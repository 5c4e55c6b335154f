//! Losses that belong together, and whether the queue was full.

use std::collections::VecDeque;

use crate::model::{Happening, Loss, LossCause};
use crate::streams::Arrival;
use crate::survey::FedPacket;
use crate::units::{CaptureTime, FrameNumber, SeqNum};

use super::gaps::Gaps;
use super::log::{Found, Log};
use super::quantities::Seen;
use super::samples::Samples;
use super::{MS, SECOND, nanos_to_ms};

/// Then what is missing is lost, and what the queue was after it is known.
const CERTAIN_NANOS: i64 = 2 * SECOND;
/// Losses further apart are different ones.
const APART_NANOS: i64 = 5 * SECOND;
const MIN_LOST: u64 = 3;
const MIN_SHARE: f64 = 0.015;
/// A full queue: the rank of the queue at the losses among those around them, and its length.
const HIGH_RANK: (f64, f64) = (0.8, 40.0);
const LONG_QUEUE: (f64, f64) = (0.6, 100.0);
/// Time stepped back where what waits is so far ahead.
const AHEAD_NANOS: i64 = SECOND;
/// Runs of missing packets that wait to be certain; where there are more, the oldest are taken as they are.
const MAX_PENDING: usize = 1024;

/// Finds losses.
#[derive(Debug, Clone, Default)]
pub(super) struct Losses {
    pending: VecDeque<Missing>,
    open: Option<Open>,
}

/// Packets that are missing in a row.
#[derive(Debug, Clone)]
struct Missing {
    at: CaptureTime,
    frame: FrameNumber,
    stream: usize,
    /// The one that came in their place.
    next: SeqNum,
    count: i64,
    left: i64,
    queue: Option<i64>,
    /// Media packets received before that one.
    media: u64,
    /// First of its stream after a gap.
    after_gap: bool,
}

#[derive(Debug, Clone)]
struct Open {
    at: CaptureTime,
    until: CaptureTime,
    frame: FrameNumber,
    lost: u64,
    longest: u64,
    /// Media packets received before the first that came in the place of lost ones, and before the last.
    received: (u64, u64),
    ranks: f64,
    queues_ms: f64,
    ranked: f64,
}

impl Losses {
    /// Takes a packet behind which some are missing, or which was missing itself.
    #[inline]
    pub(super) fn packet(
        &mut self,
        packet: &FedPacket,
        seen: &Seen,
        after_gap: bool,
        (samples, gaps, log): (&Samples, &Gaps, &mut Log),
    ) {
        if seen.missing != 0 {
            self.note(packet, *seen, after_gap, samples.sums().media());
            if self.pending.len() > MAX_PENDING {
                self.settle_oldest(samples, gaps, log);
            }
        }
    }

    #[inline(never)]
    fn note(&mut self, packet: &FedPacket, seen: Seen, after_gap: bool, media: u64) {
        let Some(stream) = seen.stream else { return };
        if seen.arrival == Arrival::Late && seen.missing < 0 {
            let number = packet.sequence_number;
            let of = self.pending.iter_mut().rev().find(|missing| {
                let behind = i64::from(missing.next.steps_since(number));
                missing.stream == stream && (1..=missing.count).contains(&behind)
            });
            if let Some(missing) = of {
                missing.left -= 1;
            }
        } else if seen.missing > 0 {
            self.pending.push_back(Missing {
                at: packet.at,
                frame: packet.frame,
                stream,
                next: packet.sequence_number,
                count: seen.missing,
                left: seen.missing,
                // A full queue is at its fullest in front of what it loses.
                queue: seen.queue_nanos.max(seen.queue_before),
                media,
                after_gap,
            });
        }
    }

    /// Takes what has become certain, or at the end all.
    pub(super) fn settle(&mut self, now: Option<CaptureTime>, samples: &Samples, gaps: &Gaps, log: &mut Log) {
        let is_past = |at: CaptureTime, nanos: i64| now.is_none_or(|now| is_past(now, at, nanos));
        while self.pending.front().is_some_and(|missing| is_past(missing.at, CERTAIN_NANOS)) {
            self.settle_oldest(samples, gaps, log);
        }
        let is_over = |open: &mut Open| is_past(open.until, 2 * APART_NANOS);
        if let Some(open) = self.open.take_if(is_over) {
            open.close(log);
        }
    }

    fn settle_oldest(&mut self, samples: &Samples, gaps: &Gaps, log: &mut Log) {
        let Some(missing) = self.pending.pop_front() else { return };
        if missing.left <= 0 || (missing.after_gap && gaps.is_of_outage(missing.at)) {
            return;
        }
        let apart = |open: &mut Open| is_past(missing.at, open.until, APART_NANOS);
        if let Some(open) = self.open.take_if(apart) {
            open.close(log);
        }
        let open = self.open.get_or_insert_with(|| Open::at(&missing));
        open.add(&missing, rank(&missing, samples));
    }
}

/// Whether so much time has passed since `at`, or time stepped back.
fn is_past(now: CaptureTime, at: CaptureTime, nanos: i64) -> bool {
    !(-AHEAD_NANOS..nanos).contains(&now.nanos_since(at))
}

/// How the queue was among those around it: 1 at its longest.
fn rank(missing: &Missing, samples: &Samples) -> Option<f64> {
    let queue = missing.queue?;
    let high = queue + queue / 10 + 2 * MS;
    let from = missing.at.saturating_add_nanos(-CERTAIN_NANOS);
    let (mut slots, mut below) = (0.0, 0.0);
    for most in samples
        .within(from, missing.at.saturating_add_nanos(CERTAIN_NANOS))
        .filter_map(|slot| slot.waits.most())
    {
        slots += 1.0;
        below += f64::from(u8::from(most <= high));
    }
    (slots > 0.0).then_some(below / slots)
}

impl Open {
    const fn at(missing: &Missing) -> Self {
        Self {
            at: missing.at,
            until: missing.at,
            frame: missing.frame,
            lost: 0,
            longest: 0,
            received: (missing.media, missing.media),
            ranks: 0.0,
            queues_ms: 0.0,
            ranked: 0.0,
        }
    }

    fn add(&mut self, missing: &Missing, rank: Option<f64>) {
        let left = missing.left.max(0).unsigned_abs();
        self.until = self.until.max(missing.at);
        self.lost += left;
        self.longest = self.longest.max(left);
        self.received.1 = missing.media;
        if let (Some(rank), Some(queue)) = (rank, missing.queue) {
            self.ranks += rank * left as f64;
            self.queues_ms += nanos_to_ms(queue) * left as f64;
            self.ranked += left as f64;
        }
    }

    fn close(self, log: &mut Log) {
        let (rank, queue_ms) = (self.ranks / self.ranked, self.queues_ms / self.ranked);
        let is_full = [HIGH_RANK, LONG_QUEUE].iter().any(|(least, ms)| rank >= *least && queue_ms >= *ms);
        let loss = Loss {
            lost: self.lost,
            expected: self.received.1.saturating_sub(self.received.0) + 1 + self.lost,
            cause: if is_full { LossCause::QueueFull } else { LossCause::Random },
            queue_ms: Some(queue_ms).filter(|ms| ms.is_finite()),
            longest: self.longest,
        };
        if self.lost >= MIN_LOST && loss.share() >= MIN_SHARE {
            log.push(Found {
                at: self.at,
                until: Some(self.until),
                frame: Some(self.frame),
                is_detail: false,
                what: Happening::Loss(loss),
            });
        }
    }
}

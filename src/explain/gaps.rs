//! Gaps in which nothing came: the sender paused, or the network let nothing through.

use std::collections::VecDeque;

use crate::model::{self, Happening};
use crate::survey::FedPacket;
use crate::units::{CaptureTime, FrameNumber, TimeDelta};

use super::log::{Found, Log};
use super::quantities::{Quantities, Seen};
use super::samples::Samples;
use super::{MS, SECOND, TIME_OUT_NANOS};

/// A gap is no shorter.
pub(super) const SHORTEST_NANOS: i64 = SECOND / 2;
/// And so many times, in tenths, what nine in ten intervals between frames stay within.
const TENTHS_OF_INTERVAL: i64 = 25;
/// So long after it every stream has shown what it lost.
const SETTLES_NANOS: i64 = SECOND / 2;
/// An outage loses so much of what would have come.
const OUTAGE_SHARE: f64 = 0.4;
/// Behind a queue it is the queue that loses them.
const FULL_QUEUE_NANOS: i64 = 100 * MS;
/// So many packets that are not fed in a gap: the network let them through.
const ASIDES: u32 = 3;
/// The window of the incoming rate.
const RATE_WINDOW_NANOS: i64 = SECOND;
/// A packet rate is measured over so long.
const RATE_NANOS: i64 = 3 * SECOND;
/// Outages that are remembered.
const MAX_OUTAGES: usize = 16;

/// Finds gaps.
#[derive(Debug, Clone, Default)]
pub(super) struct Gaps {
    /// Packets since the last that is fed, that are not fed.
    asides: u32,
    open: Option<Gap>,
    /// The last one's end.
    last_end: Option<CaptureTime>,
    /// Outages whose losses may not be certain yet.
    outages: VecDeque<(CaptureTime, CaptureTime)>,
}

#[derive(Debug, Clone)]
struct Gap {
    from: CaptureTime,
    to: CaptureTime,
    frame: FrameNumber,
    /// Packets that would have come, at least; `None` where nothing tells.
    expected: Option<f64>,
    queue_before: i64,
    has_aside: bool,
    lost: i64,
    /// Streams that sent something since.
    told: u64,
}

/// A pause that was found.
#[derive(Debug, Clone, Copy)]
pub(super) struct Paused {
    pub(super) from: CaptureTime,
    pub(super) nanos: i64,
}

impl Gaps {
    /// A packet that is not fed.
    pub(super) fn aside(&mut self) {
        self.asides = self.asides.saturating_add(1);
    }

    /// Takes a packet that is neither behind a gap nor soon after one.
    #[inline]
    pub(super) fn goes_on(&mut self) {
        self.asides = 0;
    }

    /// Whether the streams are yet to tell what they lost in a gap.
    #[inline]
    pub(super) const fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// Takes a packet behind a gap or soon after one, so long after the packet before; whether what is missing before it is
    /// the gap's.
    pub(super) fn packet(
        &mut self,
        packet: &FedPacket,
        seen: &Seen,
        nanos: i64,
        samples: &Samples,
        quantities: &Quantities,
    ) -> bool {
        let at = packet.at;
        let asides = std::mem::take(&mut self.asides);
        if nanos >= SHORTEST_NANOS {
            let from = at.saturating_add_nanos(-nanos);
            let interval = quantities.long_frame_interval().unwrap_or(0);
            if nanos >= interval.saturating_mul(TENTHS_OF_INTERVAL) / 10 {
                self.open = Some(Gap {
                    from,
                    to: at,
                    frame: packet.frame,
                    expected: expected((from, at), samples, quantities),
                    queue_before: samples.standing().unwrap_or(0),
                    has_aside: asides >= ASIDES,
                    lost: 0,
                    told: 0,
                });
                self.last_end = Some(at);
            }
        }
        let Some(gap) = &mut self.open else { return false };
        let bit = seen.stream.map_or(0, |place| 1_u64 << (place & 63));
        let is_first = gap.told & bit == 0 && bit != 0;
        gap.told |= bit;
        if is_first {
            gap.lost += seen.missing.max(0);
        }
        is_first
    }

    /// Decides what a gap was once it is certain, or at once.
    pub(super) fn settle(&mut self, now: Option<CaptureTime>, log: &mut Log) -> Option<Paused> {
        let gap = self.open.take_if(|gap| now.is_none_or(|now| now.nanos_since(gap.to) >= SETTLES_NANOS))?;
        let nanos = gap.to.nanos_since(gap.from);
        let is_lossy = match gap.expected {
            _ if gap.lost <= 0 => false,
            Some(expected) => gap.lost as f64 >= OUTAGE_SHARE * expected,
            // Some are lost, of nobody knows how many.
            None => return None,
        };
        let what = model::Gap {
            gap: TimeDelta::from_micros(nanos / 1000),
            lost: gap.lost.max(0).unsigned_abs(),
            empties_rate_window: nanos > RATE_WINDOW_NANOS,
            times_out: nanos > TIME_OUT_NANOS,
        };
        let (what, paused) = match is_lossy {
            // With sound in it, or behind a full queue, it is neither.
            true if gap.has_aside || gap.queue_before >= FULL_QUEUE_NANOS => return None,
            true => {
                if self.outages.len() == MAX_OUTAGES {
                    self.outages.pop_front();
                }
                self.outages.push_back((gap.from, gap.to));
                (Happening::Outage(what), None)
            }
            false => (Happening::Pause(what), Some(Paused { from: gap.from, nanos })),
        };
        log.push(Found { at: gap.from, until: Some(gap.to), frame: Some(gap.frame), is_detail: false, what });
        paused
    }

    /// When the last gap ended.
    pub(super) const fn last_end(&self) -> Option<CaptureTime> {
        self.last_end
    }

    /// Whether a loss that showed at `at`, first of its stream after a gap, is an outage's.
    pub(super) fn is_of_outage(&self, at: CaptureTime) -> bool {
        let mut outages = self.outages.iter();
        outages.any(|(from, to)| at >= *from && at.nanos_since(*to) <= SETTLES_NANOS)
    }
}

/// Packets that would have come in a gap, at least: at the rate before it, and one a frame.
fn expected(
    (from, to): (CaptureTime, CaptureTime),
    samples: &Samples,
    quantities: &Quantities,
) -> Option<f64> {
    let nanos = to.nanos_since(from) as f64;
    let came = samples.came(from, RATE_NANOS);
    let came = came.map(|came| (came.last.packets - came.first.packets) as f64 * nanos / came.nanos as f64);
    let interval = quantities.long_frame_interval().filter(|interval| *interval > 0);
    let frames = interval.map(|interval| nanos / interval as f64);
    came.into_iter().chain(frames).reduce(f64::max)
}

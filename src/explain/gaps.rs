//! Gaps in which nothing came: the sender paused, or the network let nothing through.

use crate::model::{Happening, Outage, Pause};
use crate::survey::FedPacket;
use crate::units::{CaptureTime, FrameNumber, TimeDelta};

use super::log::{Found, Log};
use super::quantities::{Quantities, Seen};
use super::samples::Samples;
use super::{MS, SECOND};

/// A gap is no shorter.
const SHORTEST_NANOS: i64 = SECOND / 2;
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
/// Windows of the rate and of streams that time out.
const RATE_WINDOW_NANOS: i64 = SECOND;
const TIME_OUT_NANOS: i64 = 2 * SECOND;
/// A packet rate is measured over so long.
const RATE_NANOS: i64 = 3 * SECOND;

/// Finds gaps.
#[derive(Debug, Clone, Default)]
pub(super) struct Gaps {
    last: Option<CaptureTime>,
    /// Packets since then that are not fed.
    asides: u32,
    open: Option<Gap>,
    /// The last one's end.
    last_end: Option<CaptureTime>,
    /// The last outage, or what may yet be one.
    last_outage: Option<(CaptureTime, CaptureTime)>,
}

#[derive(Debug, Clone)]
struct Gap {
    from: CaptureTime,
    to: CaptureTime,
    frame: FrameNumber,
    /// Packets a second before it.
    rate: f64,
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

    /// Takes a packet; whether what is missing before it is the gap's.
    pub(super) fn packet(
        &mut self,
        packet: &FedPacket,
        seen: &Seen,
        samples: &Samples,
        quantities: &Quantities,
    ) -> bool {
        let at = packet.at;
        let last = self.last.replace(at);
        let asides = std::mem::take(&mut self.asides);
        if let Some(from) = last
            && at.nanos_since(from) >= SHORTEST_NANOS
        {
            let interval = quantities.long_frame_interval().unwrap_or(0);
            if at.nanos_since(from) >= interval.saturating_mul(TENTHS_OF_INTERVAL) / 10 {
                let came = samples.came(from, RATE_NANOS);
                let rate = came
                    .map(|came| (came.last.packets - came.first.packets) as f64 * 1e9 / came.nanos as f64);
                let queue_before = samples.latest().and_then(|slot| slot.standing).unwrap_or(0);
                self.open = Some(Gap {
                    from,
                    to: at,
                    frame: packet.frame,
                    rate: rate.unwrap_or(0.0),
                    queue_before,
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

    /// Decides what a gap was once it is certain, or at the end.
    pub(super) fn settle(&mut self, now: Option<CaptureTime>, log: &mut Log) -> Option<Paused> {
        let gap = self.open.take_if(|gap| now.is_none_or(|now| now.nanos_since(gap.to) >= SETTLES_NANOS))?;
        let nanos = gap.to.nanos_since(gap.from);
        let expected = gap.rate * nanos as f64 / 1e9;
        let lost = gap.lost.max(0).unsigned_abs();
        let is_lossy = gap.lost as f64 >= OUTAGE_SHARE * expected && gap.lost > 0;
        let (span, empties, times_out) =
            (TimeDelta::from_micros(nanos / 1000), nanos > RATE_WINDOW_NANOS, nanos > TIME_OUT_NANOS);
        let (what, paused) = match is_lossy {
            // With sound in it, or behind a full queue, it is neither.
            true if gap.has_aside || gap.queue_before >= FULL_QUEUE_NANOS => return None,
            true => {
                self.last_outage = Some((gap.from, gap.to));
                let outage = Outage { gap: span, lost, empties_rate_window: empties, times_out };
                (Happening::Outage(outage), None)
            }
            false => {
                let pause = Pause { gap: span, lost, empties_rate_window: empties, times_out };
                (Happening::Pause(pause), Some(Paused { from: gap.from, nanos }))
            }
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
        self.last_outage.is_some_and(|(from, to)| at >= from && at.nanos_since(to) <= SETTLES_NANOS)
    }
}

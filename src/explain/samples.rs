//! The last half minute of a flow in slots of 50 ms: sums that only grow, so that any span is a difference.

use std::collections::VecDeque;

use crate::streams::Arrival;
use crate::survey::FedPacket;
use crate::units::{Bitrate, CaptureTime, FrameNumber};

use super::quantities::Seen;
use super::{MS, SECOND};

/// Slots that are kept.
const MAX_SLOTS: usize = 600;
const SLOT_NANOS: i64 = 50 * MS;
/// Packets of two interfaces are so far out of order.
const BACK_NANOS: i64 = SECOND;
/// A packet that waited no longer says nothing of the link.
const WAITED_NANOS: i64 = 8 * MS;
/// Fewer packets that waited are too few to tell what the link carries.
const MIN_WAITED: u64 = 10;

/// What has come so far.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sums {
    pub(super) bytes: u64,
    pub(super) packets: u64,
    /// Packets that are no retransmissions.
    pub(super) media: u64,
    /// Packets behind a later one.
    pub(super) late: u64,
    pub(super) missing: i64,
    pub(super) frames: u64,
    pub(super) frame_bytes: u64,
    /// Packets that waited at the bottleneck.
    waited: Waited,
    /// Those of them that came while a queue stood.
    waited_standing: Waited,
}

/// Packets one behind the other through a bottleneck that was never idle.
#[derive(Debug, Clone, Copy, Default)]
struct Waited {
    packets: u64,
    bytes: u64,
    nanos: i64,
}

/// A slot: what had come before it, and its queue.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slot {
    pub(super) at: CaptureTime,
    pub(super) frame: FrameNumber,
    pub(super) before: Sums,
    /// The standing queue as it began, ns.
    pub(super) standing: Option<i64>,
    /// The least and the most that a packet of it waited, ns.
    pub(super) least: Option<i64>,
    pub(super) most: Option<i64>,
    /// The largest frame that ended in it, bytes.
    pub(super) largest_frame: u64,
}

/// The slots of a flow.
#[derive(Debug, Clone, Default)]
pub(super) struct Samples {
    slots: VecDeque<Slot>,
    sums: Sums,
    last_at: CaptureTime,
}

impl Samples {
    /// Takes a packet; whether a slot began with it.
    #[inline]
    pub(super) fn observe(
        &mut self,
        packet: &FedPacket,
        seen: &Seen,
        standing: impl FnOnce() -> Option<i64>,
    ) -> bool {
        let at = packet.at;
        if self.slots.back().is_some_and(|slot| slot.at.nanos_since(at) > BACK_NANOS) {
            // Time stepped back: what was before is no past.
            self.slots.clear();
        }
        let begins = self.slots.back().is_none_or(|slot| at.nanos_since(slot.at) >= SLOT_NANOS);
        if begins {
            self.begin(packet, standing());
        }
        let gap = at.nanos_since(self.last_at);
        self.last_at = at;
        let bytes = packet.size.as_bytes().max(0).unsigned_abs();
        let sums = &mut self.sums;
        if let Some(slot) = self.slots.back_mut() {
            slot.largest_frame = slot.largest_frame.max(seen.frame_ended.unwrap_or(0));
            if let Some(queue) = seen.queue_nanos {
                slot.least = Some(slot.least.map_or(queue, |least| least.min(queue)));
                slot.most = Some(slot.most.map_or(queue, |most| most.max(queue)));
                // The bottleneck was busy since the packet before, with this one and with what was in front of it.
                if queue >= WAITED_NANOS && (0..=queue).contains(&gap) {
                    sums.waited.add(bytes, gap);
                    if slot.standing.is_some_and(|standing| standing >= WAITED_NANOS) {
                        sums.waited_standing.add(bytes, gap);
                    }
                }
            }
        }
        sums.bytes += bytes;
        sums.packets += 1;
        sums.media += u64::from(!packet.is_rtx);
        sums.late += u64::from(seen.arrival == Arrival::Late);
        sums.missing += seen.missing;
        if let Some(frame_bytes) = seen.frame_ended {
            sums.frames += 1;
            sums.frame_bytes += frame_bytes;
        }
        begins
    }

    fn begin(&mut self, packet: &FedPacket, standing: Option<i64>) {
        if self.slots.len() == MAX_SLOTS {
            self.slots.pop_front();
        }
        self.slots.push_back(Slot {
            at: packet.at,
            frame: packet.frame,
            before: self.sums,
            standing,
            least: None,
            most: None,
            largest_frame: 0,
        });
    }

    /// All that has come.
    pub(super) const fn sums(&self) -> Sums {
        self.sums
    }

    /// The slots that began in a span.
    pub(super) fn within(
        &self,
        from: CaptureTime,
        to: CaptureTime,
    ) -> impl DoubleEndedIterator<Item = &Slot> {
        let first = self.slots.partition_point(|slot| slot.at < from);
        let behind = self.slots.partition_point(|slot| slot.at <= to);
        self.slots.range(first..behind.max(first))
    }

    /// The slot before the latest: the last one that is complete.
    pub(super) fn complete(&self) -> Option<&Slot> {
        self.slots.iter().nth_back(1)
    }

    /// The latest slot.
    pub(super) fn latest(&self) -> Option<&Slot> {
        self.slots.back()
    }

    /// What had come at a time, as far back as there are slots.
    pub(super) fn sums_at(&self, at: CaptureTime) -> Sums {
        let place = self.slots.partition_point(|slot| slot.at < at);
        self.slots.get(place).map_or(self.sums, |slot| slot.before)
    }

    /// What came in the span before `until`, at most so long, and how long that was; `None` for less than half a second.
    pub(super) fn came(&self, until: CaptureTime, nanos: i64) -> Option<Came> {
        let from = until.saturating_add_nanos(-nanos);
        let first = self.slots.get(self.slots.partition_point(|slot| slot.at < from))?;
        let span = until.nanos_since(first.at);
        (span >= SECOND / 2).then(|| Came { first: first.before, last: self.sums_at(until), nanos: span })
    }

    /// What was queue so far is none.
    pub(super) fn forget_queues(&mut self) {
        for slot in &mut self.slots {
            (slot.standing, slot.least, slot.most) = (None, None, None);
        }
        (self.sums.waited, self.sums.waited_standing) = Default::default();
        for slot in &mut self.slots {
            (slot.before.waited, slot.before.waited_standing) = Default::default();
        }
    }

    /// What was queue since `from` is delay.
    pub(super) fn lower(&mut self, from: CaptureTime, nanos: i64) {
        let first = self.slots.partition_point(|slot| slot.at < from);
        for slot in self.slots.range_mut(first..) {
            for queue in [&mut slot.standing, &mut slot.least, &mut slot.most].into_iter().flatten() {
                *queue = (*queue - nanos).max(0);
            }
        }
    }
}

/// What came in a span.
#[derive(Debug, Clone, Copy)]
pub(super) struct Came {
    pub(super) first: Sums,
    pub(super) last: Sums,
    pub(super) nanos: i64,
}

impl Came {
    /// Bit/s.
    pub(super) fn rate(&self) -> Bitrate {
        rate(self.last.bytes - self.first.bytes, self.nanos).unwrap_or_default()
    }
}

impl Waited {
    fn add(&mut self, bytes: u64, nanos: i64) {
        self.packets += 1;
        self.bytes += bytes;
        self.nanos = self.nanos.saturating_add(nanos);
    }

    fn since(&self, before: &Self) -> Option<Bitrate> {
        let enough = self.packets.saturating_sub(before.packets) >= MIN_WAITED;
        enough
            .then(|| rate(self.bytes.saturating_sub(before.bytes), self.nanos.saturating_sub(before.nanos)))
            .flatten()
    }
}

impl Sums {
    /// What the bottleneck carried since `before`: while a queue stood, else within frames.
    pub(super) fn link_since(&self, before: &Self) -> Option<Bitrate> {
        let standing = self.waited_standing.since(&before.waited_standing);
        standing.or_else(|| self.waited.since(&before.waited))
    }
}

/// Bit/s; `None` for no time at all.
fn rate(bytes: u64, nanos: i64) -> Option<Bitrate> {
    let bps = bytes as f64 * 8e9 / nanos as f64;
    #[allow(clippy::cast_possible_truncation, reason = "whole bit/s are meant")]
    (nanos > 0).then(|| Bitrate::from_bps(bps.round() as i64))
}

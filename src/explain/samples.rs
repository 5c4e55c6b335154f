//! The last half minute of a flow in slots of 50 ms.

use std::collections::VecDeque;

use crate::survey::FedPacket;
use crate::units::{Bitrate, CaptureTime, FrameNumber};

use super::quantities::Seen;
use super::sums::{Sums, Waits, rate};
use super::{MS, SECOND};

/// Slots that are kept.
const MAX_SLOTS: usize = 600;
const SLOT_NANOS: i64 = 50 * MS;
/// Packets of two interfaces are so far out of order.
const BACK_NANOS: i64 = SECOND;

/// A slot: what had come before it, and its queue.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slot {
    pub(super) at: CaptureTime,
    pub(super) frame: FrameNumber,
    pub(super) before: Sums,
    /// The standing queue as it began, ns.
    pub(super) standing: Option<i64>,
    /// What its packets waited.
    pub(super) waits: Waits,
    /// The largest frame that ended in it, bytes.
    pub(super) largest_frame: u64,
}

/// The slots of a flow.
#[derive(Debug, Clone, Default)]
pub(super) struct Samples {
    complete: VecDeque<Slot>,
    current: Option<Slot>,
    sums: Sums,
}

impl Samples {
    /// Takes a packet, so long after the one before; whether a slot began with it.
    #[inline]
    pub(super) fn observe(
        &mut self,
        packet: &FedPacket,
        seen: &Seen,
        gap_nanos: i64,
        standing: impl FnOnce() -> Option<i64>,
    ) -> bool {
        let slot = self.current.as_ref();
        let goes_on = slot.is_some_and(|slot| (0..SLOT_NANOS).contains(&packet.at.nanos_since(slot.at)));
        let begins = !goes_on && self.ends_slot(packet.at);
        if begins {
            self.begin(packet, standing());
        }
        self.add(packet, seen, gap_nanos);
        begins
    }

    /// The same of a packet that is known to be in the latest slot.
    #[inline]
    pub(super) fn add(&mut self, packet: &FedPacket, seen: &Seen, gap_nanos: i64) {
        let Self { current: Some(slot), sums, .. } = self else { return };
        sums.add(packet, seen, gap_nanos, slot.standing);
        if let Some(queue) = seen.queue_nanos {
            slot.waits.add(queue);
        }
        if let Some(frame_bytes) = seen.frame_ended {
            slot.largest_frame = slot.largest_frame.max(frame_bytes);
        }
    }

    /// When the latest slot ends, if the time is in it, ns.
    pub(super) fn slot_ends(&self, at: CaptureTime) -> Option<i64> {
        // Time that stepped back a little is before it: up to its end there may be a gap.
        let slot = self.current.as_ref().filter(|slot| slot.at <= at)?;
        Some(slot.at.as_nanos().saturating_add(SLOT_NANOS))
    }

    /// Whether the latest slot is over, if there is one.
    #[inline(never)]
    fn ends_slot(&mut self, at: CaptureTime) -> bool {
        let Some(slot) = &self.current else { return true };
        let since = at.nanos_since(slot.at);
        if since < -BACK_NANOS {
            // Time stepped back: what was before is no past.
            self.complete.clear();
            self.current = None;
        }
        self.current.is_none() || since >= SLOT_NANOS
    }

    #[inline(never)]
    fn begin(&mut self, packet: &FedPacket, standing: Option<i64>) {
        let slot = Slot {
            at: packet.at,
            frame: packet.frame,
            before: self.sums,
            standing,
            waits: Waits::NONE,
            largest_frame: 0,
        };
        if let Some(before) = self.current.replace(slot) {
            if self.complete.len() == MAX_SLOTS - 1 {
                self.complete.pop_front();
            }
            self.complete.push_back(before);
        }
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
        let first = self.complete.partition_point(|slot| slot.at < from);
        let behind = self.complete.partition_point(|slot| slot.at <= to);
        let current = self.current.iter().filter(move |slot| (from..=to).contains(&slot.at));
        self.complete.range(first..behind.max(first)).chain(current)
    }

    /// The slot before the latest: the last one that is complete.
    pub(super) fn complete(&self) -> Option<&Slot> {
        self.complete.back()
    }

    /// The standing queue of the latest slot, ns.
    pub(super) fn standing(&self) -> Option<i64> {
        self.current.as_ref()?.standing
    }

    /// The first slot that began then or later.
    fn first_since(&self, at: CaptureTime) -> Option<&Slot> {
        let place = self.complete.partition_point(|slot| slot.at < at);
        self.complete.get(place).or(self.current.as_ref().filter(|slot| slot.at >= at))
    }

    /// What had come at a time, as far back as there are slots.
    pub(super) fn sums_at(&self, at: CaptureTime) -> Sums {
        self.first_since(at).map_or(self.sums, |slot| slot.before)
    }

    /// What came in the span before `until`, at most so long, and how long that was; `None` for less than half a second.
    pub(super) fn came(&self, until: CaptureTime, nanos: i64) -> Option<Came> {
        let first = self.first_since(until.saturating_add_nanos(-nanos))?;
        let span = until.nanos_since(first.at);
        (span >= SECOND / 2).then(|| Came { first: first.before, last: self.sums_at(until), nanos: span })
    }

    fn slots_mut(&mut self) -> impl Iterator<Item = &mut Slot> {
        self.complete.iter_mut().chain(&mut self.current)
    }

    /// What was queue so far is none.
    pub(super) fn forget_queues(&mut self) {
        for slot in self.slots_mut() {
            (slot.standing, slot.waits) = (None, Waits::NONE);
            slot.before.forget_waited();
        }
        self.sums.forget_waited();
    }

    /// What was queue since `from` is delay.
    pub(super) fn lower(&mut self, from: CaptureTime, nanos: i64) {
        for slot in self.slots_mut().skip_while(|slot| slot.at < from) {
            if let Some(standing) = &mut slot.standing {
                *standing = (*standing - nanos).max(0);
            }
            slot.waits.lower(nanos);
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

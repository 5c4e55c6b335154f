//! What had come by a time: sums that only grow, so that any span is a difference.

use crate::streams::Arrival;
use crate::survey::FedPacket;
use crate::units::Bitrate;

use super::MS;
use super::quantities::Seen;

/// A packet that waited no longer says nothing of the link.
const WAITED_NANOS: i64 = 8 * MS;
/// Fewer packets that waited are too few to tell what the link carries.
const MIN_WAITED: u64 = 10;

/// What has come so far.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sums {
    pub(super) bytes: u64,
    pub(super) packets: u64,
    /// Those of them that are retransmissions.
    rtx: u64,
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

/// The least and the most that packets waited, ns.
#[derive(Debug, Clone, Copy)]
pub(super) struct Waits {
    least: i64,
    most: i64,
}

impl Waits {
    /// Of no packet.
    pub(super) const NONE: Self = Self { least: i64::MAX, most: i64::MIN };

    /// Takes a packet's.
    #[inline]
    pub(super) fn add(&mut self, nanos: i64) {
        self.least = self.least.min(nanos);
        self.most = self.most.max(nanos);
    }

    /// The least, if there was a packet.
    pub(super) fn least(&self) -> Option<i64> {
        (self.least <= self.most).then_some(self.least)
    }

    /// The most, if there was a packet.
    pub(super) fn most(&self) -> Option<i64> {
        (self.least <= self.most).then_some(self.most)
    }

    /// A floor that rose: so much of it is none.
    pub(super) fn lower(&mut self, nanos: i64) {
        if self.least <= self.most {
            self.least = (self.least - nanos).max(0);
            self.most = (self.most - nanos).max(0);
        }
    }
}

impl Waited {
    #[inline]
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
    /// Packets that are no retransmissions.
    pub(super) const fn media(&self) -> u64 {
        self.packets - self.rtx
    }

    /// Takes a packet of a slot that began with a standing queue, so long after the one before.
    #[inline]
    pub(super) fn add(&mut self, packet: &FedPacket, seen: &Seen, gap_nanos: i64, standing: Option<i64>) {
        let bytes = packet.size.as_bytes().max(0).unsigned_abs();
        // The bottleneck was busy since the packet before, with this one and with what was in front of it.
        if let Some(queue) = seen.queue_nanos
            && queue >= WAITED_NANOS
            && (0..=queue).contains(&gap_nanos)
        {
            self.waited.add(bytes, gap_nanos);
            if standing.is_some_and(|standing| standing >= WAITED_NANOS) {
                self.waited_standing.add(bytes, gap_nanos);
            }
        }
        self.bytes += bytes;
        self.packets += 1;
        self.rtx += u64::from(packet.is_rtx);
        if seen.missing != 0 || seen.arrival != Arrival::New {
            self.missing += seen.missing;
            self.late += u64::from(seen.arrival == Arrival::Late);
        }
        if let Some(frame_bytes) = seen.frame_ended {
            self.frames += 1;
            self.frame_bytes += frame_bytes;
        }
    }

    /// What was queue so far is none.
    pub(super) fn forget_waited(&mut self) {
        (self.waited, self.waited_standing) = Default::default();
    }

    /// What the bottleneck carried since `before`: while a queue stood, else within frames.
    pub(super) fn link_since(&self, before: &Self) -> Option<Bitrate> {
        let standing = self.waited_standing.since(&before.waited_standing);
        standing.or_else(|| self.waited.since(&before.waited))
    }
}

/// Bit/s; `None` for no time at all.
pub(super) fn rate(bytes: u64, nanos: i64) -> Option<Bitrate> {
    let bps = bytes as f64 * 8e9 / nanos as f64;
    #[allow(clippy::cast_possible_truncation, reason = "whole bit/s are meant")]
    (nanos > 0).then(|| Bitrate::from_bps(bps.round() as i64))
}

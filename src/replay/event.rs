//! What a replay tells its owner, and the queue that puts the flows' events in order of time.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use crate::bwe::Step;
use crate::remb::{CapturedRemb, Reason};
use crate::units::{Bitrate, CaptureTime, Ssrc};

/// Something that happened in a flow.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// The estimator did something at a packet or timer.
    Step(Step),
    /// A REMB was sent.
    Remb(SentRemb),
    /// The capture has a REMB that the flow's real receiver sent, other than the one before.
    Recorded(CapturedRemb),
}

/// A REMB that was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentRemb {
    /// The estimate as decided, before the message rounds it.
    pub bitrate: Bitrate,
    /// Why then.
    pub reason: Reason,
    /// The streams, ascending.
    pub ssrcs: Vec<Ssrc>,
}

/// An event, when and where.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Stamped {
    /// Capture time: the frame's own, or the timer's.
    pub(super) at: CaptureTime,
    /// The flow's index in order of appearance.
    pub(super) flow: usize,
    pub(super) event: Event,
}

/// Events of all flows, given out by time, then by the flow's order of appearance.
///
/// A flow that holds packets back is behind; events of the others wait for it, up to [`Self::MAX_WAITING`].
#[derive(Debug, Default)]
pub(super) struct EventQueue {
    waiting: BinaryHeap<Reverse<Queued>>,
    sequence: u64,
}

#[derive(Debug)]
struct Queued {
    /// Like the event's time, but never decreasing within a flow.
    order: CaptureTime,
    sequence: u64,
    stamped: Stamped,
}

impl EventQueue {
    /// More would cost memory that a stranger's capture decides; then the oldest are given out early.
    const MAX_WAITING: usize = 16_384;

    /// Takes an event in. `order` is its place in time; within a flow it never decreases.
    pub(super) fn push(&mut self, order: CaptureTime, stamped: Stamped) {
        self.waiting.push(Reverse(Queued { order, sequence: self.sequence, stamped }));
        self.sequence += 1;
    }

    /// The next event before `watermark`, which no flow's future events precede.
    pub(super) fn pop_before(&mut self, watermark: CaptureTime) -> Option<Stamped> {
        let Reverse(first) = self.waiting.peek()?;
        if first.order >= watermark && self.waiting.len() <= Self::MAX_WAITING {
            return None;
        }
        self.pop()
    }

    /// Whether nothing waits.
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// The next event.
    pub(super) fn pop(&mut self) -> Option<Stamped> {
        self.waiting.pop().map(|Reverse(queued)| queued.stamped)
    }
}

impl Ord for Queued {
    fn cmp(&self, other: &Self) -> Ordering {
        let key = |queued: &Self| (queued.order, queued.stamped.flow, queued.sequence);
        key(self).cmp(&key(other))
    }
}

impl PartialOrd for Queued {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Queued {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Queued {}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(nanos: i64) -> CaptureTime {
        CaptureTime::from_nanos(nanos.into()).unwrap()
    }

    fn remb(flow: usize, nanos: i64) -> Stamped {
        let remb = SentRemb { bitrate: Bitrate::from_bps(1), reason: Reason::First, ssrcs: Vec::new() };
        Stamped { at: at(nanos), flow, event: Event::Remb(remb) }
    }

    #[test]
    fn events_come_out_by_time_then_by_flow() {
        let mut queue = EventQueue::default();
        for (flow, nanos) in [(1, 10), (0, 30), (1, 20), (0, 20), (1, 40)] {
            queue.push(at(nanos), remb(flow, nanos));
        }
        let mut order = Vec::new();
        while let Some(stamped) = queue.pop_before(at(40)) {
            order.push((stamped.at.as_nanos(), stamped.flow));
        }
        assert_eq!(order, [(10, 1), (20, 0), (20, 1), (30, 0)]);
        assert_eq!(queue.pop().map(|stamped| stamped.at), Some(at(40)));
    }

    #[test]
    fn the_queue_is_bounded() {
        let mut queue = EventQueue::default();
        for nanos in 0..20_000 {
            queue.push(at(nanos), remb(0, nanos));
            while queue.pop_before(at(0)).is_some() {}
        }
        assert_eq!(queue.waiting.len(), EventQueue::MAX_WAITING);
    }
}

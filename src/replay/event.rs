//! What a replay tells its owner, and the queue that puts the flows' events in order of time.

use std::cmp::{Ordering, Reverse};
use std::collections::{BinaryHeap, VecDeque};

use crate::model::Conditions;
use crate::units::{Bitrate, CaptureTime, Ssrc};
use remb::bwe::Step;
use remb::{CapturedRemb, Reason};

/// Something that happened in a flow.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
#[expect(clippy::large_enum_variant, reason = "most events are steps, and a box would be an allocation each")]
pub enum Event {
    /// The estimator did something at a packet or timer, and what the path was like.
    Step(Step, Conditions),
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
    /// The streams, ascending; none where they are more than a message holds.
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
/// A flow that holds packets back is behind; events of the others wait for it, up to [`Self::MAX_WAITING`]. Most events
/// come in order and are lined up; those that come late are sorted in.
#[derive(Debug, Default)]
pub(super) struct EventQueue {
    in_order: VecDeque<Queued>,
    late: BinaryHeap<Reverse<Queued>>,
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
    #[inline(always)]
    pub(super) fn push(&mut self, order: CaptureTime, stamped: Stamped) {
        let sequence = self.sequence;
        self.sequence += 1;
        let is_late = self.in_order.back().is_some_and(|last| last.key() > (order, stamped.flow, sequence));
        let queued = Queued { order, sequence, stamped };
        match is_late {
            true => self.late.push(Reverse(queued)),
            false => self.in_order.push_back(queued),
        }
    }

    /// Gives out the events before `watermark`, which no flow's future events precede.
    pub(super) fn give_before<E>(
        &mut self,
        watermark: CaptureTime,
        each: &mut impl FnMut(&Stamped) -> Result<(), E>,
    ) -> Result<(), E> {
        while let Some(first) = self.first() {
            if first.order >= watermark && self.len() <= Self::MAX_WAITING {
                break;
            }
            each(&first.stamped)?;
            self.remove_first();
        }
        Ok(())
    }

    /// Gives out all events.
    pub(super) fn give_all<E>(&mut self, each: &mut impl FnMut(&Stamped) -> Result<(), E>) -> Result<(), E> {
        while let Some(first) = self.first() {
            each(&first.stamped)?;
            self.remove_first();
        }
        Ok(())
    }

    /// Whether nothing waits.
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.in_order.is_empty() && self.late.is_empty()
    }

    fn len(&self) -> usize {
        self.in_order.len() + self.late.len()
    }

    fn late_is_first(&self) -> bool {
        match (self.in_order.front(), self.late.peek()) {
            (Some(next), Some(Reverse(late))) => late < next,
            (next, _) => next.is_none(),
        }
    }

    #[inline]
    fn first(&self) -> Option<&Queued> {
        match self.late_is_first() {
            true => self.late.peek().map(|Reverse(queued)| queued),
            false => self.in_order.front(),
        }
    }

    #[inline]
    fn remove_first(&mut self) {
        match self.late_is_first() {
            true => drop(self.late.pop()),
            false => drop(self.in_order.pop_front()),
        }
    }
}

impl Queued {
    #[inline]
    fn key(&self) -> (CaptureTime, usize, u64) {
        (self.order, self.stamped.flow, self.sequence)
    }
}

impl Ord for Queued {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
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
    use std::convert::Infallible;

    use super::*;

    fn at(nanos: i64) -> CaptureTime {
        CaptureTime::from_nanos(nanos.into()).unwrap()
    }

    fn remb(flow: usize, nanos: i64) -> Stamped {
        let remb = SentRemb { bitrate: Bitrate::from_bps(1), reason: Reason::First, ssrcs: Vec::new() };
        Stamped { at: at(nanos), flow, event: Event::Remb(remb) }
    }

    fn given_before(queue: &mut EventQueue, nanos: i64) -> Vec<(i64, usize)> {
        let mut given = Vec::new();
        let Ok::<_, Infallible>(()) = queue.give_before(at(nanos), &mut |stamped| {
            given.push((stamped.at.as_nanos(), stamped.flow));
            Ok(())
        });
        given
    }

    #[test]
    fn events_come_out_by_time_then_by_flow() {
        let mut queue = EventQueue::default();
        for (flow, nanos) in [(1, 10), (0, 30), (1, 20), (0, 20), (1, 40)] {
            queue.push(at(nanos), remb(flow, nanos));
        }
        assert_eq!(given_before(&mut queue, 40), [(10, 1), (20, 0), (20, 1), (30, 0)]);
        assert_eq!(given_before(&mut queue, 41), [(40, 1)]);
        assert!(queue.is_empty());
    }

    #[test]
    fn the_queue_is_bounded() {
        let mut queue = EventQueue::default();
        for nanos in 0..20_000 {
            queue.push(at(nanos), remb(0, nanos));
            given_before(&mut queue, 0);
        }
        assert_eq!(queue.len(), EventQueue::MAX_WAITING);
    }
}

//! A session's packets in order of time. Batches are ordered in themselves and overlap each other; what is of the same
//! millisecond goes by kind, and RTP that was received by its send time (event log 6.4, 6.5).

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ops::Range;

use super::rtcp_batch::RtcpBatch;
use super::rtp_batch::{RtpBatch, RtpEvent};
use super::session::{Batch, Kind, Session};
use crate::capture::Direction;

/// A packet of the session.
#[derive(Debug, Clone)]
pub(super) enum Event {
    Rtp(Direction, RtpEvent),
    /// Its time, and where its bytes are in the store.
    Rtcp(Direction, i64, Range<usize>),
}

impl Event {
    fn time_ms(&self) -> i64 {
        match self {
            Self::Rtp(_, event) => event.time_ms,
            Self::Rtcp(_, time_ms, _) => *time_ms,
        }
    }

    fn abs_send_time(&self) -> Option<u32> {
        match self {
            Self::Rtp(_, event) => event.abs_send_time,
            Self::Rtcp(..) => None,
        }
    }
}

#[derive(Debug)]
enum Open {
    Rtp(Direction, Box<RtpBatch>),
    Rtcp(Direction, RtcpBatch),
}

/// A batch that is being read, and its next packet.
#[derive(Debug)]
struct Cursor {
    time_ms: i64,
    rank: u8,
    /// Its place in the file.
    position: usize,
    event: Event,
    batch: Open,
}

impl Cursor {
    fn key(&self) -> (i64, u8, usize) {
        (self.time_ms, self.rank, self.position)
    }
}

impl PartialEq for Cursor {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Cursor {}

impl PartialOrd for Cursor {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Cursor {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key().cmp(&other.key())
    }
}

/// Streams whose next packets are of the same millisecond and are put in order among each other; of more the rest goes as it is in
/// the file.
const MAX_TIED: usize = 64;

/// Gives a session's packets. Only the batches whose time it is are being read.
#[derive(Debug)]
pub(super) struct InOrder {
    /// The latest first.
    waiting: Vec<(usize, Batch)>,
    open: BinaryHeap<Reverse<Cursor>>,
    /// Of the same time and kind as the packet given last.
    tied: Vec<Cursor>,
}

impl InOrder {
    pub(super) fn new(session: &mut Session) -> Self {
        let batches = std::mem::take(&mut session.batches);
        let mut waiting: Vec<_> = batches.into_iter().enumerate().collect();
        waiting.sort_by_key(|(position, batch)| Reverse((batch.time_ms, *position)));
        Self { waiting, open: BinaryHeap::new(), tied: Vec::new() }
    }

    /// The next packet.
    pub(super) fn next(&mut self, store: &[u8]) -> Option<Event> {
        self.open_due(store);
        let mut cursor = match self.tied.is_empty() {
            true => self.open.pop()?.0,
            false => self.first_of_tied(),
        };
        let (time_ms, rank) = (cursor.time_ms, cursor.rank);
        if rank == Kind::Rtp(Direction::Inbound).rank() && self.tied.is_empty() {
            self.tie(time_ms, rank);
            if !self.tied.is_empty() {
                self.tied.insert(0, cursor);
                cursor = self.first_of_tied();
            }
        }
        let next = next_of(&mut cursor.batch, store);
        let Some(next) = next else { return Some(cursor.event) };
        let event = std::mem::replace(&mut cursor.event, next);
        cursor.time_ms = cursor.event.time_ms();
        match !self.tied.is_empty() && cursor.time_ms == time_ms {
            true => self.tied.push(cursor),
            false => self.open.push(Reverse(cursor)),
        }
        Some(event)
    }

    /// Opens the batches that begin before or at what comes next.
    fn open_due(&mut self, store: &[u8]) {
        while let Some((_, batch)) = self.waiting.last() {
            let tied = self.tied.first().map(|cursor| cursor.time_ms);
            let next = tied.or(self.open.peek().map(|Reverse(cursor)| cursor.time_ms));
            if next.is_some_and(|next| batch.time_ms > next) {
                return;
            }
            let Some((position, Batch { kind, place, .. })) = self.waiting.pop() else { return };
            // All of it was read once already.
            let batch = match kind {
                Kind::Rtp(direction) => {
                    RtpBatch::new(store, place).map(|batch| Open::Rtp(direction, Box::new(batch)))
                }
                Kind::Rtcp(direction) => {
                    RtcpBatch::new(store, place).map(|batch| Open::Rtcp(direction, batch))
                }
            };
            if let Ok(mut batch) = batch
                && let Some(event) = next_of(&mut batch, store)
            {
                let time_ms = event.time_ms();
                self.open.push(Reverse(Cursor { time_ms, rank: kind.rank(), position, event, batch }));
            }
        }
    }

    /// Takes what is of the same time and kind.
    fn tie(&mut self, time_ms: i64, rank: u8) {
        while self.tied.len() < MAX_TIED
            && self.open.peek().is_some_and(|Reverse(next)| (next.time_ms, next.rank) == (time_ms, rank))
        {
            self.tied.extend(self.open.pop().map(|Reverse(cursor)| cursor));
        }
    }

    /// The one that was sent first, as far as that is known; else the first in the file.
    fn first_of_tied(&mut self) -> Cursor {
        self.tied.sort_by_key(|cursor| cursor.position);
        let mut first = 0;
        for (place, cursor) in self.tied.iter().enumerate().skip(1) {
            let so_far = self.tied.get(first).and_then(|first| first.event.abs_send_time());
            if let (Some(sent), Some(so_far)) = (cursor.event.abs_send_time(), so_far)
                && is_before(sent, so_far)
            {
                first = place;
            }
        }
        self.tied.remove(first)
    }
}

fn next_of(batch: &mut Open, store: &[u8]) -> Option<Event> {
    match batch {
        Open::Rtp(direction, batch) => Some(Event::Rtp(*direction, batch.next(store).ok()??)),
        Open::Rtcp(direction, batch) => {
            let (time, place) = batch.next(store).ok()??;
            Some(Event::Rtcp(*direction, time, place))
        }
    }
}

/// Of 24 bits that wrap, the shorter way round.
fn is_before(sent: u32, other: u32) -> bool {
    let apart = sent.wrapping_sub(other) & 0xff_ffff;
    apart >= 1 << 23
}

//! IP fragments: a datagram is given with the fragment that completes it. The ranges are etherparse's business; how much
//! is remembered, and what the snaplen cut, is ours.

use std::net::IpAddr;

use etherparse::defrag::IpDefragBuf;

use super::ip::{Fragment, IpPacket};
use crate::units::{CaptureTime, Count, FrameNumber, TimeDelta};

/// Datagrams that may wait for fragments at once; with 64 KiB each the memory is bounded.
const MAX_WAITING: usize = 64;
/// A datagram in more pieces than any link makes of it.
const MAX_PIECES: usize = 128;
/// Hosts give up after 30 s (RFC 1122); the identification comes round again sooner.
const MAX_AGE: TimeDelta = TimeDelta::from_secs(30);
const MAX_FRAGMENT_LEN: usize = 65_535;

/// What became of fragments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FragmentCounts {
    /// Fragments.
    pub fragments: u64,
    /// Datagrams that were put together.
    pub datagrams: u64,
    /// Datagrams that never were, or contradicted themselves.
    pub incomplete: Count,
}

/// Datagrams of which some fragments have come.
#[derive(Debug, Default)]
pub(super) struct FragmentPool {
    /// The oldest first.
    waiting: Vec<Waiting>,
    counts: FragmentCounts,
    padded: Vec<u8>,
}

#[derive(Debug)]
struct Waiting {
    key: Key,
    since: CaptureTime,
    frame: FrameNumber,
    pieces: usize,
    buffer: IpDefragBuf,
    /// Where the first byte lies that the snaplen cut off.
    cut_at: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Key {
    source: IpAddr,
    destination: IpAddr,
    protocol: super::ip::Protocol,
    identification: u32,
}

/// A datagram that is whole, but for what the snaplen cut.
pub(super) struct Whole {
    data: Vec<u8>,
    cut_at: usize,
}

impl Whole {
    /// What was captured from its start on.
    pub(super) fn captured(&self) -> &[u8] {
        self.data.get(..self.cut_at).unwrap_or(&self.data)
    }

    pub(super) fn len_on_wire(&self) -> usize {
        self.data.len()
    }
}

impl FragmentPool {
    /// Takes a fragment; gives the datagram if that was the last one missing.
    pub(super) fn add(
        &mut self,
        packet: &IpPacket<'_>,
        fragment: Fragment,
        at: CaptureTime,
        frame: FrameNumber,
    ) -> Option<Whole> {
        self.counts.fragments += 1;
        self.forget_old(at);
        let key = Key {
            source: packet.transport.source,
            destination: packet.transport.destination,
            protocol: packet.protocol,
            identification: fragment.identification,
        };
        let place = self.waiting.iter().position(|waiting| waiting.key == key).unwrap_or_else(|| {
            if self.waiting.len() >= MAX_WAITING {
                self.give_up(0);
            }
            let buffer = IpDefragBuf::new(etherparse::IpNumber::UDP, Vec::new(), Vec::new());
            self.waiting.push(Waiting { key, since: at, frame, pieces: 0, buffer, cut_at: usize::MAX });
            self.waiting.len() - 1
        });
        let len = packet.transport.len_on_wire.min(MAX_FRAGMENT_LEN);
        let captured = packet.transport.data;
        self.padded.clear();
        self.padded.extend_from_slice(captured.get(..len).unwrap_or(captured));
        self.padded.resize(len, 0);
        let waiting = self.waiting.get_mut(place)?;
        waiting.pieces += 1;
        if captured.len() < len {
            let cut_at = usize::from(fragment.offset.byte_offset()) + captured.len();
            waiting.cut_at = waiting.cut_at.min(cut_at);
        }
        let added = waiting.buffer.add(fragment.offset, fragment.more, &self.padded);
        if added.is_err() || waiting.pieces > MAX_PIECES {
            self.give_up(place);
            return None;
        }
        if !waiting.buffer.is_complete() {
            return None;
        }
        let done = self.waiting.remove(place);
        self.counts.datagrams += 1;
        Some(Whole { data: done.buffer.take_bufs().0, cut_at: done.cut_at })
    }

    /// What became of all of them; what still waits counts as incomplete.
    pub(super) fn counts(&self) -> FragmentCounts {
        let mut counts = self.counts;
        self.waiting.iter().for_each(|waiting| counts.incomplete.add(waiting.frame.0));
        counts
    }

    fn forget_old(&mut self, now: CaptureTime) {
        let is_old = |waiting: &Waiting| {
            let age = now.to_timestamp() - waiting.since.to_timestamp();
            age > MAX_AGE || age < TimeDelta::ZERO - MAX_AGE
        };
        while self.waiting.first().is_some_and(is_old) {
            self.give_up(0);
        }
    }

    fn give_up(&mut self, place: usize) {
        let given_up = self.waiting.remove(place);
        self.counts.incomplete.add(given_up.frame.0);
    }
}

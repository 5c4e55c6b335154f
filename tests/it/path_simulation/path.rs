//! A bottleneck in integers: a queue in front of a link whose capacity changes, then loss, delay and jitter.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// A packet on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Packet {
    /// First, so that packets are in order of arrival.
    pub(crate) arrives: i64,
    pub(crate) number: u64,
    pub(crate) sent: i64,
    pub(crate) ssrc: u32,
    pub(crate) bytes: i64,
    pub(crate) rtp_timestamp: u32,
}

/// What the path does. Times are microseconds.
#[derive(Debug, Clone)]
pub(crate) struct PathConfig {
    /// From when on, and how many bit/s; in order.
    pub(crate) capacity: Vec<(i64, i64)>,
    /// A packet that would wait longer is dropped.
    pub(crate) max_queue: i64,
    pub(crate) loss_per_mille: u64,
    pub(crate) delay: i64,
    /// Up to so much more, at random.
    pub(crate) jitter: i64,
    /// Whether jitter may change the order.
    pub(crate) reorders: bool,
    /// Packets of somebody else, from and to when.
    pub(crate) cross_traffic: Option<(i64, i64)>,
    /// What loss and jitter are drawn from; not 0.
    pub(crate) seed: u64,
}

impl PathConfig {
    pub(crate) fn constant(bps: i64) -> Self {
        Self {
            capacity: vec![(0, bps)],
            max_queue: 500_000,
            loss_per_mille: 0,
            delay: 20_000,
            jitter: 0,
            reorders: false,
            cross_traffic: None,
            seed: 0x9e37_79b9_7f4a_7c15,
        }
    }
}

/// The path and what is on it.
pub(crate) struct Path {
    config: PathConfig,
    free_at: i64,
    next_cross: i64,
    last_arrival: i64,
    random: u64,
    on_the_way: BinaryHeap<Reverse<Packet>>,
    pub(crate) offered: u64,
    pub(crate) lost: u64,
    pub(crate) longest_queue: i64,
}

const CROSS_BYTES: i64 = 1200;
/// 1 Mbit/s.
const CROSS_INTERVAL: i64 = 9_600;

impl Path {
    pub(crate) fn new(config: PathConfig) -> Self {
        let next_cross = config.cross_traffic.map_or(i64::MAX, |(from, _)| from);
        Self {
            random: config.seed,
            config,
            free_at: 0,
            next_cross,
            last_arrival: 0,
            on_the_way: BinaryHeap::new(),
            offered: 0,
            lost: 0,
            longest_queue: 0,
        }
    }

    /// Takes a packet in at `packet.sent`; these never decrease.
    pub(crate) fn send(&mut self, mut packet: Packet) {
        while self.next_cross <= packet.sent
            && self.config.cross_traffic.is_some_and(|(_, to)| self.next_cross < to)
        {
            self.free_at =
                self.free_at.max(self.next_cross) + self.transmission(CROSS_BYTES, self.next_cross);
            self.next_cross += CROSS_INTERVAL;
        }
        self.offered += 1;
        let start = self.free_at.max(packet.sent);
        if start - packet.sent > self.config.max_queue || self.below(1000) < self.config.loss_per_mille {
            self.lost += 1;
            return;
        }
        self.longest_queue = self.longest_queue.max(start - packet.sent);
        self.free_at = start + self.transmission(packet.bytes, start);
        let jitter = self.below(self.config.jitter as u64 + 1) as i64;
        packet.arrives = self.free_at + self.config.delay + jitter;
        if !self.config.reorders {
            packet.arrives = packet.arrives.max(self.last_arrival);
        }
        self.last_arrival = self.last_arrival.max(packet.arrives);
        self.on_the_way.push(Reverse(packet));
    }

    /// How long a packet would wait that is sent at `at`.
    pub(crate) fn queue(&self, at: i64) -> i64 {
        (self.free_at - at).max(0)
    }

    /// The next packet that arrives at or before `until`.
    pub(crate) fn receive(&mut self, until: i64) -> Option<Packet> {
        let Reverse(next) = self.on_the_way.peek()?;
        if next.arrives > until {
            return None;
        }
        self.on_the_way.pop().map(|Reverse(packet)| packet)
    }

    /// Time on the link, with the headers of Ethernet, IP, UDP and RTP.
    fn transmission(&self, bytes: i64, at: i64) -> i64 {
        let bps = self.config.capacity.iter().rev().find(|(from, _)| *from <= at).map_or(1, |(_, bps)| *bps);
        (bytes + 60) * 8_000_000 / bps
    }

    /// Below `bound`, by xorshift.
    fn below(&mut self, bound: u64) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random % bound
    }
}

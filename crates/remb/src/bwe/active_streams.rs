//! Which streams sent something in the last two seconds (specification 9.5).

#[cfg(feature = "serde")]
use serde::{Deserialize, Serialize};

use super::ssrc_set::SsrcSet;
use crate::units::{Ssrc, TimeDelta, Timestamp};

/// When a stream is over.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(Serialize, Deserialize), serde(deny_unknown_fields, default))]
pub struct StreamsConfig {
    /// A stream without a packet for longer than this is over.
    pub timeout: TimeDelta,
}

impl Default for StreamsConfig {
    fn default() -> Self {
        Self { timeout: TimeDelta::from_secs(2) }
    }
}

/// Streams and the time of their last packet, ascending by SSRC.
#[derive(Debug, Clone)]
pub(crate) struct ActiveStreams {
    timeout: TimeDelta,
    ssrcs: SsrcSet,
    last_packets: Vec<Timestamp>,
    /// No stream's last packet is older; spares the scan.
    oldest_bound: Timestamp,
}

impl ActiveStreams {
    pub(crate) fn new(config: &StreamsConfig) -> Self {
        Self {
            timeout: config.timeout,
            ssrcs: SsrcSet::default(),
            last_packets: Vec::new(),
            oldest_bound: Timestamp::default(),
        }
    }

    /// Removes the streams that are over at `now`.
    #[inline]
    pub(crate) fn remove_idle(&mut self, now: Timestamp) {
        if now - self.oldest_bound > self.timeout && !self.is_empty() {
            self.look_for_idle(now);
        }
    }

    #[cold]
    fn look_for_idle(&mut self, now: Timestamp) {
        let Self { timeout, ssrcs, last_packets, .. } = self;
        let is_active = |last: &Timestamp| now - *last <= *timeout;
        ssrcs.retain_places(|place| last_packets.get(place).is_some_and(is_active));
        last_packets.retain(is_active);
        self.oldest_bound = last_packets.iter().min().copied().unwrap_or(now);
    }

    /// Notes a packet.
    #[inline]
    pub(crate) fn touch(&mut self, ssrc: Ssrc, now: Timestamp) {
        match self.ssrcs.place(ssrc) {
            Ok(place) => {
                if let Some(last) = self.last_packets.get_mut(place) {
                    *last = now;
                }
            }
            Err(place) => self.add(place, ssrc, now),
        }
    }

    #[cold]
    fn add(&mut self, place: usize, ssrc: Ssrc, now: Timestamp) {
        self.oldest_bound = if self.is_empty() { now } else { self.oldest_bound.min(now) };
        self.ssrcs.insert(place, ssrc);
        self.last_packets.insert(place, now);
    }

    /// Forgets a stream.
    pub(crate) fn remove(&mut self, ssrc: Ssrc) {
        if let Ok(place) = self.ssrcs.place(ssrc) {
            self.ssrcs.remove(place);
            self.last_packets.remove(place);
        }
    }

    /// The streams that are not over at `now`, ascending.
    pub(crate) fn active_at(&self, now: Timestamp) -> impl Iterator<Item = Ssrc> {
        let timeout = self.timeout;
        let pairs = self.ssrcs.as_slice().iter().zip(&self.last_packets);
        pairs.filter(move |(_, last)| now - **last <= timeout).map(|(ssrc, _)| *ssrc)
    }

    /// All streams, ascending.
    pub(crate) fn ssrcs(&self) -> &[Ssrc] {
        self.ssrcs.as_slice()
    }

    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.last_packets.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_over_after_more_than_two_seconds() {
        let mut streams = ActiveStreams::new(&StreamsConfig::default());
        streams.touch(Ssrc(7), Timestamp::from_micros(0));
        streams.touch(Ssrc(3), Timestamp::from_micros(1));
        streams.remove_idle(Timestamp::from_micros(2_000_000));
        assert_eq!(streams.ssrcs(), [Ssrc(3), Ssrc(7)]);
        streams.remove_idle(Timestamp::from_micros(2_000_001));
        assert_eq!(streams.ssrcs(), [Ssrc(3)]);
        streams.remove_idle(Timestamp::from_micros(2_000_002));
        assert!(streams.is_empty());
    }

    #[test]
    fn a_packet_keeps_its_stream() {
        let mut streams = ActiveStreams::new(&StreamsConfig::default());
        for second in 0..10 {
            let now = Timestamp::from_micros(second * 1_500_000);
            streams.remove_idle(now);
            streams.touch(Ssrc(1), now);
            assert_eq!(streams.ssrcs(), [Ssrc(1)]);
        }
    }
}

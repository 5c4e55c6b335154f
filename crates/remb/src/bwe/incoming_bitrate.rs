//! The incoming bit rate: payload bytes of the last second.
//!
//! Bytes are kept in one bucket per millisecond that had packets. The rate is computed in single precision, as
//! libwebrtc does. Specification section 7.

#[cfg(feature = "serde")]
use serde::{Deserialize, Serialize};

use crate::units::{Bitrate, DataSize, TimeDelta};

/// The window (specification 7.1).
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(Serialize, Deserialize), serde(deny_unknown_fields, default))]
pub struct IncomingBitrateConfig {
    /// Packets older than this do not count; whole milliseconds.
    pub window: TimeDelta,
}

impl Default for IncomingBitrateConfig {
    fn default() -> Self {
        Self { window: TimeDelta::from_millis(1000) }
    }
}

/// bit/s for one byte a millisecond.
const SCALE: f32 = 8000.0;

#[derive(Debug, Clone, Copy, Default)]
struct Bucket {
    stamp_ms: i64,
    bytes: i64,
    samples: u32,
}

/// Buckets by time, at most one a millisecond. Room for a window of them; the outdated ones go when it is needed.
#[derive(Debug, Clone)]
struct Ring {
    /// As many as a power of two.
    slots: Vec<Bucket>,
    first: usize,
    end: usize,
}

impl Ring {
    fn new(capacity: usize) -> Self {
        Self { slots: vec![Bucket::default(); (capacity + 1).next_power_of_two()], first: 0, end: 0 }
    }

    #[inline]
    fn front(&self) -> Option<&Bucket> {
        let slot = self.slots.get(self.first & (self.slots.len() - 1))?;
        (self.first != self.end).then_some(slot)
    }

    /// Takes a bucket; there is room for it.
    #[inline]
    fn push(&mut self, bucket: Bucket) {
        let place = self.end & (self.slots.len() - 1);
        if let Some(slot) = self.slots.get_mut(place) {
            *slot = bucket;
        }
        self.end += 1;
    }

    #[inline]
    fn is_full(&self) -> bool {
        self.end - self.first == self.slots.len()
    }

    fn clear(&mut self) {
        self.first = self.end;
    }
}

/// The window and its totals. What is outdated is taken out only when the totals are asked for.
#[derive(Debug, Clone)]
pub struct IncomingBitrate {
    window_ms: i64,
    /// All but the newest.
    older: Ring,
    /// One of them while there are samples.
    newest: Bucket,
    /// The stamp of the oldest bucket.
    oldest_ms: i64,
    bytes: i64,
    samples: u32,
    /// Buckets before are outdated.
    outdated_before_ms: i64,
    /// The stamp of the bucket that holds the last sample but one.
    last_but_one_ms: i64,
    first_stamp_ms: Option<i64>,
    measured: bool,
}

impl IncomingBitrate {
    /// An empty window.
    pub fn new(config: &IncomingBitrateConfig) -> Self {
        let window_ms = config.window.to_millis();
        Self {
            window_ms,
            older: Ring::new(usize::try_from(window_ms).unwrap_or(0)),
            newest: Bucket::default(),
            oldest_ms: i64::MAX,
            bytes: 0,
            samples: 0,
            outdated_before_ms: i64::MIN,
            last_but_one_ms: i64::MIN,
            first_stamp_ms: None,
            measured: false,
        }
    }

    /// Takes a packet in; after an idle period the measurement starts anew (specification 7.6).
    #[inline(always)]
    pub fn handle_packet(&mut self, size: DataSize, now_ms: i64) {
        match self.surely_has_rate(now_ms) {
            true => {
                self.measured = true;
                self.count_another(size, now_ms);
            }
            false => self.begin_or_count(size, now_ms),
        }
    }

    #[inline(never)]
    fn begin_or_count(&mut self, size: DataSize, now_ms: i64) {
        let had_rate = self.measured;
        self.measured = self.active_window(now_ms).is_some();
        if had_rate && !self.measured {
            self.reset();
        }
        // What is left is recent.
        if self.samples == 0 {
            self.first_stamp_ms = Some(now_ms);
        }
        self.count(size, now_ms);
    }

    /// The rate over the window that ends at `now_ms`; `None` if too little is known (specification 7.4).
    #[inline]
    pub fn rate(&mut self, now_ms: i64) -> Option<Bitrate> {
        let active_window_ms = self.active_window(now_ms)?;
        let factor = SCALE / active_window_ms as f32;
        Some(Bitrate::from_bps((self.bytes as f32 * factor + 0.5) as i64))
    }

    /// The same rate for one who only watches: nothing is taken out, whatever time is asked for.
    pub fn peek(&self, now_ms: i64) -> Option<Bitrate> {
        self.clone().rate(now_ms)
    }

    /// Forgets everything (specification 7.5).
    pub(super) fn reset(&mut self) {
        self.older.clear();
        self.oldest_ms = i64::MAX;
        self.bytes = 0;
        self.samples = 0;
        self.outdated_before_ms = i64::MIN;
        self.last_but_one_ms = i64::MIN;
        self.first_stamp_ms = None;
    }

    /// Takes a packet in, without the rule of 7.6 (specification 7.3).
    pub(super) fn add(&mut self, size: DataSize, now_ms: i64) {
        self.erase_outdated();
        let recently = self.samples > 0 && self.newest.stamp_ms > now_ms - self.window_ms * 3 / 2;
        self.erase_old(now_ms);
        if self.first_stamp_ms.is_none() || (self.samples == 0 && !recently) {
            self.first_stamp_ms = Some(now_ms);
        }
        self.count(size, now_ms);
    }

    fn count(&mut self, size: DataSize, now_ms: i64) {
        if self.samples > 0 {
            return self.count_another(size, now_ms);
        }
        self.newest = Bucket { stamp_ms: now_ms, bytes: size.as_bytes(), samples: 1 };
        (self.oldest_ms, self.bytes, self.samples) = (now_ms, size.as_bytes(), 1);
    }

    /// The same beside others.
    #[inline(always)]
    fn count_another(&mut self, size: DataSize, now_ms: i64) {
        self.last_but_one_ms = self.newest.stamp_ms;
        if now_ms > self.newest.stamp_ms {
            if self.older.is_full() {
                self.erase_outdated();
            }
            self.older.push(self.newest);
            self.newest = Bucket { stamp_ms: now_ms, bytes: size.as_bytes(), samples: 1 };
        } else {
            self.newest.bytes += size.as_bytes();
            self.newest.samples += 1;
        }
        self.bytes += size.as_bytes();
        self.samples += 1;
    }

    /// Whether there is a rate at `now_ms` beyond doubt: two samples are in the window, and not of one millisecond only.
    #[inline(always)]
    fn surely_has_rate(&mut self, now_ms: i64) -> bool {
        self.outdated_before_ms = self.outdated_before_ms.max(now_ms - self.window_ms + 1);
        let since_first_ms = self.first_stamp_ms.map_or(0, |first_ms| now_ms - first_ms);
        self.last_but_one_ms >= self.outdated_before_ms && since_first_ms.min(self.window_ms - 1) > 0
    }

    #[inline]
    fn erase_old(&mut self, now_ms: i64) {
        self.outdated_before_ms = self.outdated_before_ms.max(now_ms - self.window_ms + 1);
        self.erase_outdated();
    }

    #[inline]
    fn erase_outdated(&mut self) {
        if self.oldest_ms < self.outdated_before_ms {
            self.erase_before(self.outdated_before_ms);
        }
        // Time may step back, and then later buckets are older.
        self.outdated_before_ms = i64::MIN;
    }

    fn erase_before(&mut self, keep_from_ms: i64) {
        while let Some(bucket) = self.older.front().filter(|bucket| bucket.stamp_ms < keep_from_ms) {
            self.bytes -= bucket.bytes;
            self.samples -= bucket.samples;
            self.older.first += 1;
        }
        if self.last_but_one_ms < keep_from_ms {
            self.last_but_one_ms = i64::MIN;
        }
        self.oldest_ms = self.older.front().unwrap_or(&self.newest).stamp_ms;
        if self.oldest_ms < keep_from_ms {
            self.oldest_ms = i64::MAX;
            self.bytes = 0;
            self.samples = 0;
        }
    }

    /// The milliseconds that the totals stand for; `None` if that is too little for a rate.
    #[inline]
    fn active_window(&mut self, now_ms: i64) -> Option<i64> {
        self.erase_old(now_ms);
        let first_stamp_ms = self.first_stamp_ms?;
        // libwebrtc keeps it in 32 bits.
        let active_ms = i64::from((now_ms - first_stamp_ms + 1).min(self.window_ms) as i32);
        let too_few = self.samples == 0 || (self.samples == 1 && active_ms < self.window_ms);
        (active_ms > 1 && !too_few).then_some(active_ms)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use proptest::prelude::*;

    use super::*;

    /// The window as the specification has it: what is outdated is taken out at once.
    #[derive(Clone)]
    struct Model {
        window_ms: i64,
        buckets: VecDeque<Bucket>,
        first_stamp_ms: Option<i64>,
        measured: bool,
    }

    impl Model {
        fn erase_old(&mut self, now_ms: i64) {
            while self.buckets.front().is_some_and(|oldest| oldest.stamp_ms <= now_ms - self.window_ms) {
                self.buckets.pop_front();
            }
        }

        fn bps(&mut self, now_ms: i64) -> Option<i64> {
            self.erase_old(now_ms);
            let samples: u32 = self.buckets.iter().map(|bucket| bucket.samples).sum();
            let bytes: i64 = self.buckets.iter().map(|bucket| bucket.bytes).sum();
            let active_ms = i64::from((now_ms - self.first_stamp_ms? + 1).min(self.window_ms) as i32);
            if samples == 0 || active_ms <= 1 || (samples == 1 && active_ms < self.window_ms) {
                return None;
            }
            Some((bytes as f32 * (SCALE / active_ms as f32) + 0.5) as i64)
        }

        fn add(&mut self, size: i64, now_ms: i64) {
            let newest_ms = self.buckets.back().map(|newest| newest.stamp_ms);
            self.erase_old(now_ms);
            let recently = newest_ms.is_some_and(|newest| newest > now_ms - self.window_ms * 3 / 2);
            if self.first_stamp_ms.is_none() || (self.buckets.is_empty() && !recently) {
                self.first_stamp_ms = Some(now_ms);
            }
            match self.buckets.back_mut().filter(|newest| now_ms <= newest.stamp_ms) {
                Some(newest) => (newest.bytes, newest.samples) = (newest.bytes + size, newest.samples + 1),
                None => self.buckets.push_back(Bucket { stamp_ms: now_ms, bytes: size, samples: 1 }),
            }
        }

        fn handle_packet(&mut self, size: i64, now_ms: i64) {
            if self.bps(now_ms).is_some() {
                self.measured = true;
            } else if std::mem::take(&mut self.measured) {
                self.buckets.clear();
                self.first_stamp_ms = None;
            }
            self.add(size, now_ms);
        }
    }

    proptest! {
        #[test]
        fn rates_are_those_of_a_window_without_delay(
            window_ms in prop_oneof![Just(1_i64), Just(2), Just(20), Just(1000)],
            steps in prop::collection::vec((prop_oneof![
                20 => 0_i64..3, 4 => 0_i64..30, 2 => -40_i64..0, 1 => -2000_i64..3000,
                1 => -5_000_000_000_i64..-2_000_000_000,
            ], 0_i64..1500, 0_u8..12), 0..1500),
        ) {
            let config = IncomingBitrateConfig { window: TimeDelta::from_millis(window_ms) };
            let mut window = IncomingBitrate::new(&config);
            let mut model =
                Model { window_ms, buckets: VecDeque::new(), first_stamp_ms: None, measured: false };
            let mut now_ms = 0;
            for (step_ms, size, what) in steps {
                now_ms += step_ms;
                match what {
                    0 => prop_assert_eq!(bps(&mut window, now_ms), model.bps(now_ms)),
                    2 => {
                        let seen = window.peek(now_ms + 700).map(Bitrate::as_bps);
                        prop_assert_eq!(seen, model.clone().bps(now_ms + 700));
                    }
                    1 => {
                        window.add(DataSize::from_bytes(size), now_ms);
                        model.add(size, now_ms);
                    }
                    _ => {
                        window.handle_packet(DataSize::from_bytes(size), now_ms);
                        model.handle_packet(size, now_ms);
                    }
                }
                prop_assert_eq!(window.measured, model.measured);
            }
            prop_assert_eq!(bps(&mut window, now_ms), model.bps(now_ms));
        }
    }

    fn window() -> IncomingBitrate {
        IncomingBitrate::new(&IncomingBitrateConfig::default())
    }

    fn bps(window: &mut IncomingBitrate, now_ms: i64) -> Option<i64> {
        window.rate(now_ms).map(Bitrate::as_bps)
    }

    /// Specification C9, first table.
    #[test]
    fn a_rate_needs_two_packets_or_a_full_window() {
        let mut w = window();
        let kilobyte = DataSize::from_bytes(1000);
        assert_eq!(bps(&mut w, 0), None);
        w.add(kilobyte, 1000);
        assert_eq!((bps(&mut w, 1000), bps(&mut w, 1001)), (None, None));
        w.add(kilobyte, 1020);
        for (now_ms, expected) in [
            (1020, Some(761_905)),
            (1500, Some(31_936)),
            (1999, Some(16_000)),
            (2000, Some(8_000)),
            (2019, Some(8_000)),
            (2020, None),
        ] {
            assert_eq!(bps(&mut w, now_ms), expected, "at {now_ms}");
        }
        w.add(kilobyte, 2100);
        assert_eq!((bps(&mut w, 2101), w.first_stamp_ms), (None, Some(2100)));
        w.add(kilobyte, 4000);
        assert_eq!((bps(&mut w, 4000), bps(&mut w, 4010)), (None, None));
        w.add(DataSize::from_bytes(500), 4010);
        assert_eq!(bps(&mut w, 4010), Some(1_090_909));
    }

    /// Specification C9, second table.
    #[test]
    fn a_time_that_goes_back_counts_for_the_last_bucket() {
        let mut w = window();
        let size = DataSize::from_bytes(1250);
        w.add(size, 5000);
        w.add(size, 5000);
        assert_eq!((bps(&mut w, 5000), bps(&mut w, 5001)), (None, Some(10_000_000)));
        w.add(size, 4990);
        assert_eq!(bps(&mut w, 5001), Some(15_000_000));
        w.add(size, 6400);
        assert_eq!((bps(&mut w, 6400), bps(&mut w, 6401)), (Some(10_000), Some(10_000)));
    }

    #[test]
    fn a_full_window_is_one_thousand_buckets() {
        let mut w = window();
        for now_ms in 0..1000 {
            w.add(DataSize::from_bytes(3000), now_ms);
        }
        assert_eq!((bps(&mut w, 999), bps(&mut w, 1000)), (Some(24_000_000), Some(23_976_000)));
    }

    #[test]
    fn after_an_idle_period_the_measurement_starts_anew() {
        let mut w = window();
        let size = DataSize::from_bytes(1000);
        w.handle_packet(size, 0);
        w.handle_packet(size, 10);
        w.handle_packet(size, 20);
        assert!(w.measured);
        w.handle_packet(size, 1_400);
        assert_eq!((w.measured, w.first_stamp_ms), (false, Some(1_400)));
    }
}

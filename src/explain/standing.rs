//! The queue that stays when a frame is through: the least delay of the last frames.

use crate::units::CaptureTime;

use super::stretches::{KEPT, Stretches, place};

/// The least value in each of the last buckets of 8 ms.
#[derive(Debug, Clone)]
pub(super) struct StandingQueue {
    buckets: [(i64, i64); KEPT],
    numbers: Stretches<BUCKET_NANOS>,
    known: Known,
}

/// The least in the buckets of a window, but for its last one, to which packets still come.
#[derive(Debug, Clone, Copy)]
struct Known {
    first: i64,
    last: i64,
    least: Option<i64>,
}

impl Known {
    const NOTHING: Self = Self { first: i64::MIN, last: i64::MIN, least: None };
}

const BUCKET_NANOS: i64 = 8_000_000;
/// A window is no shorter, and no longer.
const SHORTEST_NANOS: i64 = 100_000_000;
const LONGEST_NANOS: i64 = 500_000_000;
const FRAMES: i64 = 2;

impl Default for StandingQueue {
    fn default() -> Self {
        Self { buckets: [(i64::MIN, 0); KEPT], numbers: Stretches::default(), known: Known::NOTHING }
    }
}

impl StandingQueue {
    /// Takes a packet's queue.
    #[inline(always)]
    pub(super) fn observe(&mut self, queue_nanos: i64, at: CaptureTime) {
        let number = self.numbers.number(at.as_nanos());
        if self.known.last != number {
            self.known.last = i64::MIN;
        }
        if let Some(bucket) = self.buckets.get_mut(place(number)) {
            match bucket.0 == number {
                true => bucket.1 = bucket.1.min(queue_nanos),
                false => *bucket = (number, queue_nanos),
            }
        }
    }

    /// The least of the last two frames, of 100 to 500 ms; `None` where nothing came.
    pub(super) fn least(&mut self, at: CaptureTime, frame_interval_nanos: Option<i64>) -> Option<i64> {
        let frames = frame_interval_nanos.unwrap_or(0).saturating_mul(FRAMES);
        let window = frames.clamp(SHORTEST_NANOS, LONGEST_NANOS);
        let last = Stretches::<BUCKET_NANOS>::number_of(at.as_nanos());
        let first = last - (window + BUCKET_NANOS - 1) / BUCKET_NANOS + 1;
        let least_of = |number: i64| {
            let bucket = self.buckets.get(place(number))?;
            (bucket.0 == number).then_some(bucket.1)
        };
        if (self.known.first, self.known.last) != (first, last) {
            self.known = Known { first, last, least: (first..last).filter_map(least_of).min() };
        }
        self.known.least.into_iter().chain(least_of(last)).min()
    }

    /// A floor that rose: what was queue is none.
    pub(super) fn lower(&mut self, nanos: i64) {
        self.known = Known::NOTHING;
        for (_, queue) in &mut self.buckets {
            *queue = queue.saturating_sub(nanos).max(0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> CaptureTime {
        CaptureTime::from_nanos(i128::from(ms) * 1_000_000).unwrap()
    }

    #[test]
    fn it_is_the_least_of_the_window_and_nothing_where_nothing_came() {
        let mut queue = StandingQueue::default();
        assert_eq!(queue.least(at(0), None), None);
        for (ms, value) in [(0, 5), (30, 30), (60, 40), (95, 50), (140, 60)] {
            queue.observe(value, at(ms));
        }
        assert_eq!(queue.least(at(95), None), Some(5));
        assert_eq!(queue.least(at(140), None), Some(40));
        assert_eq!(queue.least(at(140), Some(100_000_000)), Some(5), "two frames of 100 ms");
        assert_eq!(queue.least(at(700), Some(5_000_000_000)), None, "no longer than half a second");
    }
}

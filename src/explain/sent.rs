//! What was sent in 200 ms, by the sender's clock: a queue does not hide it.

use crate::units::CaptureTime;

use super::MS;
use super::stretches::{KEPT, Stretches, place};

/// Bytes by the 50 ms in which they were sent, of the last seconds.
#[derive(Debug, Clone)]
pub(super) struct Sent {
    buckets: [(i64, u64); KEPT],
    numbers: Stretches<BUCKET_NANOS>,
}

const BUCKET_NANOS: i64 = 50 * MS;
/// 200 ms.
const TOGETHER: i64 = 4;

impl Default for Sent {
    fn default() -> Self {
        Self { buckets: [(i64::MIN, 0); KEPT], numbers: Stretches::default() }
    }
}

impl Sent {
    /// Takes a packet that waited so long.
    #[inline]
    pub(super) fn observe(&mut self, at: CaptureTime, queue_nanos: i64, bytes: u64) {
        let number = self.numbers.number(at.as_nanos().wrapping_sub(queue_nanos));
        if let Some(bucket) = self.buckets.get_mut(place(number)) {
            match bucket.0 == number {
                true => bucket.1 += bytes,
                false if bucket.0 < number => *bucket = (number, bytes),
                false => {}
            }
        }
    }

    /// The most that was sent in 200 ms, of the span before `until`, at most two seconds.
    pub(super) fn most(&self, until: CaptureTime, nanos: i64) -> u64 {
        let last = Stretches::<BUCKET_NANOS>::number_of(until.as_nanos());
        let span = (nanos / BUCKET_NANOS).clamp(TOGETHER, KEPT as i64 - TOGETHER);
        let of = |number: i64| match self.buckets.get(place(number)) {
            Some((known, bytes)) if *known == number => *bytes,
            _ => 0,
        };
        (last - span..=last).map(|first| (first..first + TOGETHER).map(of).sum()).max().unwrap_or(0)
    }
}

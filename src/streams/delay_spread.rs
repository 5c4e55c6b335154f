//! How much the delay between sending and capture varies: queues show, the propagation time does not.

use crate::units::CaptureTime;

/// Counts the packets of one stream by how far their delay is above the least of the last ten to twenty seconds, which
/// follows the clocks' drift. Constant memory and time a packet.
#[derive(Debug, Clone, Default)]
pub struct DelaySpread {
    /// Packets above the least delay by less than 2^n quarters of a millisecond, and not by less than half of that.
    counts: [u64; BUCKETS],
    window: Option<Window>,
}

/// Ten seconds, and the ten before.
#[derive(Debug, Clone, Copy)]
struct Window {
    start: CaptureTime,
    least_now: i64,
    /// Of both.
    least: i64,
}

const BUCKETS: usize = 20;
const WINDOW_NANOS: u64 = 10_000_000_000;
const FIRST_BUCKET_NANOS: u64 = 250_000;
const MIN_PACKETS: u64 = 200;

impl DelaySpread {
    /// Takes a packet captured `at`, `delay_nanos` after it was sent, give or take a constant.
    #[inline(always)]
    pub fn observe(&mut self, delay_nanos: i64, at: CaptureTime) {
        let first = Window { start: at, least_now: delay_nanos, least: delay_nanos };
        let window = self.window.get_or_insert(first);
        if at.nanos_since(window.start).unsigned_abs() > WINDOW_NANOS {
            *window = Window { start: at, least_now: delay_nanos, least: window.least_now };
        }
        window.least_now = window.least_now.min(delay_nanos);
        window.least = window.least.min(delay_nanos);
        let above = delay_nanos.wrapping_sub(window.least).cast_unsigned() / FIRST_BUCKET_NANOS;
        let bucket = (u64::BITS - above.leading_zeros()) as usize;
        if let Some(count) = self.counts.get_mut(bucket.min(BUCKETS - 1)) {
            *count += 1;
        }
    }

    /// A bound that 99 % of the packets stay below, ms: the next power of two above the percentile. `None` with fewer
    /// than 200 packets.
    pub fn p99_ms(&self) -> Option<f64> {
        let total: u64 = self.counts.iter().sum();
        let mut passed = 0;
        let bucket = self.counts.iter().position(|count| {
            passed += count;
            passed * 100 >= total * 99
        })?;
        (total >= MIN_PACKETS).then(|| 0.25 * f64::from(1_u32 << bucket))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spread(delays_ms: impl Iterator<Item = f64>) -> Option<f64> {
        let mut spread = DelaySpread::default();
        for (n, ms) in delays_ms.enumerate() {
            let at = CaptureTime::from_nanos(n as i128 * 20_000_000).unwrap();
            spread.observe((ms * 1e6) as i64, at);
        }
        spread.p99_ms()
    }

    #[test]
    fn a_queue_shows_and_a_constant_delay_does_not() {
        assert_eq!(spread((0..1000).map(|n| 500.0 + f64::from(n % 3) * 0.1)), Some(0.25));
        assert_eq!(spread((0..1000).map(|n| 500.0 + f64::from(n % 100))), Some(128.0));
        assert_eq!(spread((0..1000).map(|n| if n % 200 == 7 { 900.0 } else { 1.0 })), Some(0.25), "1 in 200");
    }

    #[test]
    fn drift_does_not_look_like_a_queue() {
        let ppm = 100e-6;
        assert!(spread((0..50_000).map(|n| f64::from(n) * 20.0 * ppm)) <= Some(4.0));
    }

    #[test]
    fn few_packets_tell_nothing() {
        assert_eq!(spread((0..199).map(f64::from)), None);
    }
}

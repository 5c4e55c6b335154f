//! How fast the capture's clock runs against the sender's.

use super::send_clock::SendClock;
use crate::units::{AbsSendTime, CaptureTime};

/// Measures the drift between send clock and capture clock of one stream.
///
/// Queues only ever add delay, so the slope is taken below the points: the least delay of each of up to 64 stretches
/// of time, and of the lines under all of these the one nearest to them (the edge of the lower convex hull at their
/// mean time). Stretches double when they run out, so memory and work per packet are constant.
#[derive(Debug, Clone)]
pub struct ClockDrift {
    clock: SendClock,
    origin: Option<CaptureTime>,
    stretch_nanos: i64,
    lowest: Vec<Point>,
    current: Stretch,
}

/// The stretch of the last packet.
#[derive(Debug, Clone, Copy)]
struct Stretch {
    starts_at: i64,
    least_delay_nanos: i64,
}

impl Stretch {
    /// No packet is in it.
    const NONE: Self = Self { starts_at: i64::MAX, least_delay_nanos: 0 };
}

/// Seconds since the first packet on the sender's clock; capture time minus send time, less that of the first packet.
#[derive(Debug, Clone, Copy)]
struct Point {
    sent_nanos: i64,
    delay_nanos: i64,
}

const MAX_STRETCHES: usize = 64;
const FIRST_STRETCH_NANOS: i64 = 250_000_000;
/// Over less time a millisecond of jitter would show as a hundred ppm and more.
const MIN_SPAN_NANOS: i64 = 10_000_000_000;

impl ClockDrift {
    /// No packet seen.
    pub const fn new() -> Self {
        Self {
            clock: SendClock::new(),
            origin: None,
            stretch_nanos: FIRST_STRETCH_NANOS,
            lowest: Vec::new(),
            current: Stretch::NONE,
        }
    }

    /// Takes a packet sent at `send_time` and captured `at`; gives its delay in nanoseconds, less the first packet's.
    #[inline(always)]
    pub fn observe(&mut self, send_time: AbsSendTime, at: CaptureTime) -> i64 {
        let sent_nanos = self.clock.observe(send_time, at);
        let origin = *self.origin.get_or_insert(at);
        let captured_nanos = at.nanos_since(origin);
        let delay_nanos = captured_nanos.wrapping_sub(sent_nanos);
        let is_current = (0..self.stretch_nanos).contains(&sent_nanos.wrapping_sub(self.current.starts_at));
        if !is_current || delay_nanos < self.current.least_delay_nanos {
            self.lower(Point { sent_nanos, delay_nanos });
        }
        delay_nanos
    }

    /// Takes a packet of another stretch, or of the least delay.
    fn lower(&mut self, point: Point) {
        let sent_nanos = point.sent_nanos;
        if sent_nanos < 0 {
            return;
        }
        let mut stretch = sent_nanos / self.stretch_nanos;
        while stretch >= MAX_STRETCHES as i64 {
            self.double_stretches();
            stretch = sent_nanos / self.stretch_nanos;
        }
        let starts_at = stretch * self.stretch_nanos;
        let place = self.lowest.partition_point(|lowest| lowest.sent_nanos < starts_at);
        let stretch_nanos = self.stretch_nanos;
        let least = match self.lowest.get_mut(place) {
            Some(lowest) if lowest.sent_nanos - starts_at < stretch_nanos => {
                if point.delay_nanos < lowest.delay_nanos {
                    *lowest = point;
                }
                *lowest
            }
            _ => {
                self.insert(place, point);
                point
            }
        };
        self.current = Stretch { starts_at, least_delay_nanos: least.delay_nanos };
    }

    /// Parts per million by which the capture's clock is faster than the sender's; `None` before 10 s, and for a stream that is
    /// silent for more than half of its time.
    pub fn ppm(&self) -> Option<f64> {
        let (first, last) = (self.lowest.first()?, self.lowest.last()?);
        let span_nanos = last.sent_nanos - first.sent_nanos;
        let covered_nanos = self.stretch_nanos.saturating_mul(self.lowest.len() as i64);
        if span_nanos < MIN_SPAN_NANOS || covered_nanos < span_nanos / 2 {
            return None;
        }
        let mean = self.lowest.iter().map(|p| p.sent_nanos as f64).sum::<f64>() / self.lowest.len() as f64;
        let hull = lower_hull(&self.lowest);
        let slope = hull.windows(2).find_map(|edge| match edge {
            [left, right] if right.sent_nanos as f64 >= mean => Some(slope(left, right)),
            _ => None,
        });
        slope.map(|slope| slope * 1e6)
    }

    fn insert(&mut self, place: usize, point: Point) {
        if self.lowest.is_empty() {
            self.lowest.reserve_exact(MAX_STRETCHES);
        }
        self.lowest.insert(place, point);
    }

    fn double_stretches(&mut self) {
        self.stretch_nanos = self.stretch_nanos.saturating_mul(2);
        let stretch_nanos = self.stretch_nanos;
        self.lowest.dedup_by(|later, kept| {
            let same = later.sent_nanos / stretch_nanos == kept.sent_nanos / stretch_nanos;
            if same && later.delay_nanos < kept.delay_nanos {
                *kept = *later;
            }
            same
        });
    }
}

impl Default for ClockDrift {
    fn default() -> Self {
        Self::new()
    }
}

/// Andrew's monotone chain, lower half; the points are in order of time.
fn lower_hull(points: &[Point]) -> Vec<Point> {
    let mut hull: Vec<Point> = Vec::with_capacity(points.len());
    for point in points {
        while let [.., before, last] = hull.as_slice()
            && slope(before, last) >= slope(last, point)
        {
            hull.pop();
        }
        hull.push(*point);
    }
    hull
}

fn slope(left: &Point, right: &Point) -> f64 {
    (right.delay_nanos as f64 - left.delay_nanos as f64) / (right.sent_nanos as f64 - left.sent_nanos as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Packets every 20 ms for `secs`, with a capture clock that is `ppm` fast and a queueing delay.
    fn drift(secs: f64, ppm: f64, queue: impl Fn(f64) -> f64) -> Option<f64> {
        let mut drift = ClockDrift::new();
        for n in 0..(secs / 0.02) as i32 {
            let sent = 1e6 + f64::from(n) * 0.02;
            let raw = AbsSendTime::from_raw((sent.rem_euclid(64.0) * f64::from(1 << 18)) as u32);
            let captured = 1e9 + sent + f64::from(n) * 0.02 * ppm * 1e-6 + queue(f64::from(n) * 0.02);
            drift.observe(raw, CaptureTime::from_nanos((captured * 1e9) as i128).unwrap());
        }
        drift.ppm()
    }

    #[test]
    fn a_fast_and_a_slow_clock_are_measured() {
        for ppm in [-150.0, 0.0, 40.0] {
            let found = drift(300.0, ppm, |_| 0.0).unwrap();
            assert!((found - ppm).abs() < 0.5, "{ppm}: {found}");
        }
    }

    #[test]
    fn queues_that_drain_now_and_then_do_not_look_like_drift() {
        let sawtooth = |t: f64| 0.1 * (t % 5.0);
        let found = drift(120.0, 20.0, |t| sawtooth(t) + if t > 60.0 { 0.001 } else { 0.0 }).unwrap();
        assert!((found - 20.0).abs() < 20.0, "{found}");
    }

    #[test]
    fn a_short_stream_has_no_drift() {
        assert_eq!(drift(9.9, 0.0, |_| 0.0), None);
        assert!(drift(11.0, 0.0, |_| 0.0).is_some());
    }

    #[test]
    fn a_few_packets_far_apart_have_no_drift() {
        let mut drift = ClockDrift::new();
        for n in 0..12_u32 {
            let at = CaptureTime::from_nanos(i128::from(n) * 2_000_000_000).unwrap();
            drift.observe(AbsSendTime::from_raw(n << 19), at);
        }
        assert_eq!(drift.ppm(), None);
    }

    #[test]
    fn memory_is_bounded_whatever_the_times() {
        let mut drift = ClockDrift::new();
        for n in 0..1000_i128 {
            let at = CaptureTime::from_nanos(n * n * n * 4_000_000_000).unwrap();
            drift.observe(AbsSendTime::from_raw(0), at);
            assert!(drift.lowest.len() <= MAX_STRETCHES);
        }
    }
}

//! How fast the capture's clock runs against the sender's.

use super::clock_step::{Break, LowerLine, Point};
use super::send_clock::{SendClock, signed_step_nanos};
use crate::units::{AbsSendTime, CaptureTime};

/// Measures the drift between send clock and capture clock of one stream.
///
/// Queues only ever add delay, so the slope is taken below the points: the least delay of each of up to 64 stretches
/// of time, and of the lines under all of these the one nearest to them (the edge of the lower convex hull at their
/// mean time). Stretches double when they run out, so memory and work per packet are constant.
#[derive(Debug, Clone)]
pub struct ClockDrift {
    clock: SendClock,
    /// The first packet.
    origin: Option<(CaptureTime, AbsSendTime)>,
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

/// What a sender's clock is behind the capture's, give or take the way between them, at a time; modulo 64 s.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClockOffset {
    /// When.
    pub at: CaptureTime,
    /// By so much.
    pub nanos: i64,
}

/// A clock that was set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClockStep {
    /// By how much capture times then are later against send times.
    pub nanos: i64,
    /// When, since the first packet, on the sender's clock.
    pub sent_nanos: i64,
}

const MAX_STRETCHES: usize = 64;
const MAX_BREAKS: usize = 8;
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
        let (origin, _) = *self.origin.get_or_insert((at, send_time));
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
    /// silent for more than half of its time. Where a clock was set, or a queue came to stand, the longer part counts.
    pub fn ppm(&self) -> Option<f64> {
        let points = self.unbroken();
        let (first, last) = (points.first()?, points.last()?);
        let span_nanos = last.sent_nanos - first.sent_nanos;
        let covered_nanos = self.stretch_nanos.saturating_mul(points.len() as i64);
        if span_nanos < MIN_SPAN_NANOS || covered_nanos < span_nanos / 2 {
            return None;
        }
        LowerLine::under(points).map(|line| line.slope * 1e6)
    }

    /// How long the drift was measured, nanoseconds.
    pub fn span_nanos(&self) -> i64 {
        let points = self.unbroken();
        let ends = points.first().zip(points.last());
        ends.map_or(0, |(first, last)| last.sent_nanos - first.sent_nanos)
    }

    /// The first step of a clock, as far as it is one beyond doubt: at once, and more than delays vary by.
    pub fn step(&self) -> Option<ClockStep> {
        let found = Break::find(&self.lowest).filter(|found| found.is_sharp)?;
        let sent_nanos = self.lowest.get(found.place)?.sent_nanos;
        Some(ClockStep { nanos: found.nanos as i64, sent_nanos })
    }

    /// The sender's clock against the capture's over time.
    pub fn offsets(&self) -> Vec<ClockOffset> {
        let Some((at, send_time)) = self.origin else { return Vec::new() };
        let sent_nanos = signed_step_nanos(send_time, AbsSendTime::from_raw(0));
        let first_nanos = at.as_nanos().wrapping_sub(sent_nanos);
        let offset = |point: &Point| ClockOffset {
            at: at.saturating_add_nanos(point.sent_nanos.saturating_add(point.delay_nanos)),
            nanos: first_nanos.wrapping_add(point.delay_nanos).rem_euclid(AbsSendTime::WRAP_NANOS),
        };
        self.lowest.iter().map(offset).collect()
    }

    /// The longest part without a break, as far as it is sought.
    fn unbroken(&self) -> &[Point] {
        let mut points = &self.lowest[..];
        for _ in 0..MAX_BREAKS {
            let Some(Break { place, .. }) = Break::find(points) else { break };
            let (before, behind) = points.split_at(place);
            points = if before.len() > behind.len() { before } else { behind };
        }
        points
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Packets every 20 ms for `secs`, with a capture clock that is `ppm` fast and a queueing delay.
    fn drift(secs: f64, ppm: f64, queue: impl Fn(f64) -> f64) -> Option<f64> {
        observed(secs, ppm, queue).ppm()
    }

    fn observed(secs: f64, ppm: f64, queue: impl Fn(f64) -> f64) -> ClockDrift {
        let mut drift = ClockDrift::new();
        for n in 0..(secs / 0.02) as i32 {
            let sent = 1e6 + f64::from(n) * 0.02;
            let raw = AbsSendTime::from_raw((sent.rem_euclid(64.0) * f64::from(1 << 18)) as u32);
            let captured = 1e9 + sent + f64::from(n) * 0.02 * ppm * 1e-6 + queue(f64::from(n) * 0.02);
            drift.observe(raw, CaptureTime::from_nanos((captured * 1e9) as i128).unwrap());
        }
        drift
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

    fn step_ms(secs: f64, queue: impl Fn(f64) -> f64) -> Option<i64> {
        observed(secs, 20.0, queue).step().map(|step| (step.nanos + 500_000) / 1_000_000)
    }

    #[test]
    fn a_clock_that_is_set_in_a_short_call_is_a_step_and_no_drift() {
        for (set, secs) in [(0.2, 10.0), (3.0, 10.0), (-3.0, 7.0), (-0.2, 14.0), (3.0, 3.0)] {
            let of = |t: f64| if t >= secs { set } else { 0.0 };
            let found = drift(20.0, 20.0, of).unwrap_or(0.0);
            assert!(found.abs() < 100.0, "{set} at {secs}: {found}");
            match step_ms(20.0, of) {
                Some(step) => assert!((step as f64 - set * 1e3).abs() < 2.0, "{set} at {secs}: {step}"),
                None => assert!(set == -0.2, "{set} at {secs}: a queue may drain by so much"),
            }
            let busy = |t: f64| of(t) + (t * 7.0).sin().abs() * 0.03;
            let found = drift(20.0, 20.0, busy).unwrap_or(0.0);
            assert!(found.abs() < 500.0, "{set} at {secs}, busy: {found}");
        }
    }

    #[test]
    fn queues_are_neither_step_nor_drift() {
        let fills = |t: f64| (t * 0.1).min(0.3);
        let drains = |t: f64| if t < 8.0 { 0.3 } else { (0.3 - (t - 8.0) * 0.2).max(0.0) };
        let saws = |t: f64| 0.1 * (t % 5.0);
        let drained = |t: f64| if t < 8.0 { 0.3 } else { 0.0 };
        let stands = |t: f64| if (5.0..12.0).contains(&t) { 0.25 } else { 0.0 };
        for (name, queue) in [
            ("fills", &fills as &dyn Fn(f64) -> f64),
            ("drains", &drains),
            ("drained", &drained),
            ("saws", &saws),
            ("stands", &stands),
        ] {
            assert_eq!(step_ms(40.0, queue), None, "{name}");
            assert!(drift(40.0, 20.0, queue).is_none_or(|ppm| ppm.abs() < 500.0), "{name}");
        }
    }

    #[test]
    fn a_clock_of_another_rate_is_no_step() {
        for ppm in [300.0, 20_000.0, -500_000.0] {
            let found = drift(60.0, ppm, |_| 0.0).unwrap();
            assert!((found / ppm - 1.0).abs() < 0.05, "{ppm}: {found}");
            assert_eq!(observed(60.0, ppm, |_| 0.0).step(), None);
        }
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

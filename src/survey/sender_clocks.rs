//! Whether the streams of a flow were stamped by one sender's clock.

use std::cmp::Reverse;

use crate::model::{ClocksApart as Apart, Doubt};
use crate::streams::ClockOffset;
use crate::units::{AbsSendTime, CaptureTime, Count, TimeDelta};

use super::session::Session;
use super::stream::Stream;

/// Queues are shorter.
const APART_NANOS: i64 = 1_000_000_000;
/// Fewer send times tell nothing.
const MIN_SEND_TIMES: u64 = 20;
const MIN_SPAN_NANOS: i64 = 10_000_000_000;
const MIN_POINTS: usize = 8;
/// By this much two clocks must have come apart, and by so many times of what their distance varies by.
const LEAST_RUN_NANOS: f64 = 10e6;
const LEAST_RATIO: f64 = 4.0;

impl Session {
    /// Streams whose send times are of another clock than those of the flow's main stream.
    pub(super) fn sender_clocks(&self, grain: Option<TimeDelta>) -> Option<(Doubt, Count)> {
        let streams = || self.rtp_streams().filter(|stream| stream.abs_send_times >= MIN_SEND_TIMES);
        let main = streams().min_by_key(|stream| Reverse(stream.abs_send_times))?;
        let of_main = main.stats.clock_offsets();
        let grain_nanos = grain.map_or(0, |grain| grain.as_micros().saturating_mul(1000));
        let others: Vec<(&Stream, Apart)> = streams()
            .filter(|stream| stream.ssrc != main.ssrc)
            .filter_map(|stream| Some((stream, apart(&of_main, &stream.stats.clock_offsets(), grain_nanos)?)))
            .collect();
        let (first, how) = others.first()?;
        let count = others.iter().map(|(stream, _)| stream.abs_send_times).sum();
        let doubt = Doubt::SenderClocks(main.ssrc, first.ssrc, *how, others.len() - 1);
        Some((doubt, Count { count, first_frame: self.first_frame.0 }))
    }
}

/// Holds the clocks of two streams against each other, at times that are near.
fn apart(one: &[ClockOffset], other: &[ClockOffset], grain_nanos: i64) -> Option<Apart> {
    let mut pairs: Vec<(CaptureTime, i64)> = other
        .iter()
        .filter_map(|offset| {
            let later = one.partition_point(|known| known.at < offset.at);
            let around = one.iter().skip(later.saturating_sub(1)).take(2);
            let near = around.min_by_key(|known| known.at.nanos_since(offset.at).unsigned_abs())?;
            Some((offset.at, shorter_way(offset.nanos.wrapping_sub(near.nanos))))
        })
        .collect();
    let by = median(pairs.iter().map(|(_, nanos)| *nanos).collect())?;
    if by.saturating_abs() > APART_NANOS.saturating_add(grain_nanos) {
        return Some(Apart::By(by as f64 / 1e9));
    }
    pairs.iter_mut().for_each(|(_, nanos)| *nanos = shorter_way(nanos.wrapping_sub(by)));
    let (first, last) = (pairs.first()?.0, pairs.last()?.0);
    let span_nanos = last.nanos_since(first);
    if span_nanos < MIN_SPAN_NANOS || pairs.len() < MIN_POINTS || !overlap(one, first, last) {
        return None;
    }
    let halves = pairs.split_at(pairs.len() / 2);
    let slopes = halves.0.iter().zip(halves.1).filter_map(|((at, nanos), (later, then))| {
        let passed = later.nanos_since(*at);
        // In parts of 10⁻⁹.
        (passed > 0).then(|| ((then - nanos) as f64 * 1e9 / passed as f64) as i64)
    });
    let slope = median(slopes.collect())? as f64 / 1e9;
    let straight = |(at, nanos): &(CaptureTime, i64)| *nanos as f64 - slope * at.nanos_since(first) as f64;
    let middle = median(pairs.iter().map(|pair| straight(pair) as i64).collect())? as f64;
    let varies = median(pairs.iter().map(|pair| (straight(pair) - middle).abs() as i64).collect())? as f64;
    let run = (slope * span_nanos as f64).abs();
    let is_clear = run >= LEAST_RUN_NANOS + 2.0 * grain_nanos as f64 && run >= LEAST_RATIO * varies;
    is_clear.then_some(Apart::Running(slope * 1e6))
}

/// Whether the points are about as long as a stretch of time.
fn overlap(one: &[ClockOffset], first: CaptureTime, last: CaptureTime) -> bool {
    let half = last.nanos_since(first) / 2;
    let (begin, end) = (one.first(), one.last());
    begin.is_some_and(|begin| begin.at.nanos_since(first) < half)
        && end.is_some_and(|end| last.nanos_since(end.at) < half)
}

/// Of times modulo 64 s: −32 s to 32 s.
fn shorter_way(nanos: i64) -> i64 {
    let forward = nanos.rem_euclid(AbsSendTime::WRAP_NANOS);
    if forward >= AbsSendTime::WRAP_NANOS / 2 { forward - AbsSendTime::WRAP_NANOS } else { forward }
}

fn median(mut of: Vec<i64>) -> Option<i64> {
    let middle = of.len() / 2;
    (!of.is_empty()).then(|| *of.select_nth_unstable(middle).1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A point a second, with a queue that both streams go through and jitter of their own.
    fn offsets(seconds: std::ops::Range<i64>, ms: i64, ppm: i64, jitter: i64) -> Vec<ClockOffset> {
        let offset = |second: i64| {
            let queue_ms = second * 37 % 300;
            let micros = (ms + queue_ms) * 1000 + second * ppm + second * jitter % 7000;
            ClockOffset {
                at: CaptureTime::from_nanos(i128::from(second) * 1_000_000_000).unwrap(),
                nanos: (micros * 1000).rem_euclid(AbsSendTime::WRAP_NANOS),
            }
        };
        seconds.map(offset).collect()
    }

    fn held(other: &[ClockOffset]) -> Option<Apart> {
        apart(&offsets(0..60, 63_900, 40, 0), other, 0)
    }

    #[test]
    fn the_streams_of_one_clock_are_not_apart_whatever_the_queue() {
        assert_eq!(held(&offsets(0..60, 63_900, 40, 1717)), None);
        assert_eq!(held(&offsets(10..60, 64_700, 40, 0)), None, "0.8 s may be a queue");
        assert_eq!(held(&offsets(70..90, 64_100, 40, 0)), None, "one after the other");
        assert_eq!(held(&[]), None);
    }

    #[test]
    fn clocks_that_are_apart_or_run_apart_are_two() {
        assert_eq!(held(&offsets(0..60, 65_400, 40, 0)), Some(Apart::By(1.5)), "over the wrap");
        assert!(matches!(held(&offsets(0..60, 40_000, 40, 1717)), Some(Apart::By(by)) if by < -23.0));
        let running = held(&offsets(0..60, 63_900, 340, 1717));
        assert!(matches!(running, Some(Apart::Running(ppm)) if (ppm - 300.0).abs() < 100.0), "{running:?}");
    }
}

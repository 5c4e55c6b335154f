//! How often frames come.

use crate::units::CaptureTime;

/// The intervals between frames as they come, in quarters of an octave; older ones count less.
#[derive(Debug, Clone)]
pub(super) struct FrameIntervals {
    counts: [u16; BUCKETS],
    total: u32,
    /// As of the last time it was asked how long they are.
    median_nanos: Option<i64>,
    since_median: u32,
}

const BUCKETS: usize = 96;
/// Then all are halved.
const MOST: u32 = 512;
/// The median is looked for so often.
const MEDIAN_EVERY: u32 = 16;
/// Longer ones are pauses.
const LONGEST_MICROS: u64 = 3_000_000;

impl Default for FrameIntervals {
    fn default() -> Self {
        Self { counts: [0; BUCKETS], total: 0, median_nanos: None, since_median: 0 }
    }
}

impl FrameIntervals {
    /// A frame of a stream began at `at`, the one before at `before`.
    pub(super) fn observe(&mut self, before: CaptureTime, at: CaptureTime) {
        let micros = at.nanos_since(before).max(0).unsigned_abs() / 1000;
        if micros > LONGEST_MICROS {
            return;
        }
        if let Some(count) = self.counts.get_mut(bucket(micros)) {
            *count += 1;
            self.total += 1;
        }
        if self.total >= MOST {
            self.counts.iter_mut().for_each(|count| *count /= 2);
            self.total = self.counts.iter().map(|count| u32::from(*count)).sum();
        }
        self.since_median += 1;
        if self.since_median >= MEDIAN_EVERY || self.median_nanos.is_none() {
            self.since_median = 0;
            self.median_nanos = self.percentile_nanos(50);
        }
    }

    /// The middle one, ns.
    pub(super) const fn median_nanos(&self) -> Option<i64> {
        self.median_nanos
    }

    /// A bound that so many of a hundred stay within, ns, to a fifth.
    pub(super) fn percentile_nanos(&self, percent: u32) -> Option<i64> {
        let mut passed = 0;
        let place = self.counts.iter().position(|count| {
            passed += u32::from(*count);
            passed > 0 && passed * 100 >= self.total * percent
        })?;
        Some(bound_micros(place).saturating_mul(1000))
    }
}

/// 1 to 2 µs in four steps, 2 to 4 in four, and so on.
fn bucket(micros: u64) -> usize {
    let micros = micros.max(4);
    let octave = micros.ilog2();
    let quarter = micros >> (octave - 2) & 3;
    ((octave as usize - 2) * 4 + quarter as usize).min(BUCKETS - 1)
}

/// Where the next one begins.
fn bound_micros(place: usize) -> i64 {
    let (octave, quarter) = (place / 4, place as i64 % 4);
    (4 + quarter + 1) << octave
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_right_to_a_fifth() {
        let mut intervals = FrameIntervals::default();
        let mut at = CaptureTime::default();
        for n in 0..1000 {
            let nanos = if n % 5 == 0 { 66_000_000 } else { 33_000_000 };
            let next = at.saturating_add_nanos(nanos);
            intervals.observe(at, next);
            at = next;
        }
        let near = |nanos: Option<i64>, ms: f64| (nanos.unwrap() as f64 / 1e6 / ms - 1.0).abs() < 0.25;
        assert!(near(intervals.median_nanos(), 33.0), "{:?}", intervals.median_nanos());
        assert!(near(intervals.percentile_nanos(90), 66.0), "{:?}", intervals.percentile_nanos(90));
    }
}

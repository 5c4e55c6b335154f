//! Delays over time, from below: a line under them is the drift of two clocks; where it breaks, a clock was set.

/// Seconds since the first packet on the sender's clock; capture time minus send time, less that of the first packet.
#[derive(Debug, Clone, Copy)]
pub(super) struct Point {
    pub(super) sent_nanos: i64,
    pub(super) delay_nanos: i64,
}

/// A line under points, the nearest one.
#[derive(Debug, Clone, Copy)]
pub(super) struct LowerLine {
    pub(super) slope: f64,
    at: Point,
    /// How far the points are above it, in all.
    above: f64,
}

/// A break between two points.
#[derive(Debug, Clone, Copy)]
pub(super) struct Break {
    /// The first point behind it.
    pub(super) place: usize,
    pub(super) nanos: f64,
    /// The delays before and behind it vary by much less, and it is over from one point to the next.
    pub(super) is_sharp: bool,
}

/// Fewer on either side are no line of their own.
const MIN_POINTS: usize = 4;
/// Two lines are so many times as near to the points as one.
const LEAST_GAIN: f64 = 4.0;
/// Queues and jitter vary by as much.
const LEAST_BREAK_NANOS: f64 = 20e6;
/// A clock that was set stands out from what varies by so many times as much.
const SHARP: f64 = 10.0;

impl LowerLine {
    /// The edge of the lower convex hull at the points' mean time; `None` for less than two points.
    pub(super) fn under(points: &[Point]) -> Option<Self> {
        let mean = points.iter().map(|p| p.sent_nanos as f64).sum::<f64>() / points.len() as f64;
        let hull = lower_hull(points);
        let edge = hull.windows(2).find_map(|edge| match edge {
            [left, right] if right.sent_nanos as f64 >= mean => Some((*left, slope(left, right))),
            _ => None,
        });
        let (at, slope) = edge?;
        let line = Self { slope, at, above: 0.0 };
        let above = points.iter().map(|point| point.delay_nanos as f64 - line.height(point)).sum();
        Some(Self { above, ..line })
    }

    fn height(&self, point: &Point) -> f64 {
        self.at.delay_nanos as f64 + self.slope * (point.sent_nanos - self.at.sent_nanos) as f64
    }
}

impl Break {
    /// Where two lines are much nearer to the points than one.
    pub(super) fn find(points: &[Point]) -> Option<Self> {
        let whole = LowerLine::under(points)?;
        if whole.above < 2.0 * LEAST_BREAK_NANOS {
            return None;
        }
        let last = points.len().checked_sub(MIN_POINTS)?;
        let is_apart = |place: &usize| match (points.get(place.saturating_sub(2)), points.get(place + 1)) {
            (Some(before), Some(behind)) => {
                behind.delay_nanos.abs_diff(before.delay_nanos) as f64 * 4.0 >= LEAST_BREAK_NANOS
            }
            _ => false,
        };
        let breaks = (MIN_POINTS..=last).filter(is_apart).filter_map(|place| {
            let (before, behind) = points.split_at(place);
            let (left, right) = (LowerLine::under(before)?, LowerLine::under(behind)?);
            Some((place, left, right, left.above + right.above))
        });
        let (place, left, right, above) = breaks.min_by(|a, b| a.3.total_cmp(&b.3))?;
        let (before, behind) = (points.get(place - 1)?, points.get(place)?);
        let nanos = right.height(behind) - left.height(behind);
        let is_break = nanos.abs() >= LEAST_BREAK_NANOS && LEAST_GAIN * above <= whole.above;
        let at_once = (behind.delay_nanos - before.delay_nanos) as f64 / nanos;
        // A queue drains no faster than time passes.
        let may_drain = nanos < 0.0 && -nanos <= (behind.sent_nanos - before.sent_nanos) as f64;
        let varies = above / points.len() as f64;
        let is_sharp = varies * SHARP <= nanos.abs() && (0.8..1.25).contains(&at_once) && !may_drain;
        is_break.then_some(Self { place, nanos, is_sharp })
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

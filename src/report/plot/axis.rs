//! Axes: ranges that one outlier does not spoil, round ticks, units that a person would use.

/// A range of values, where ticks stand, and how they are written.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Axis {
    pub(super) low: f64,
    pub(super) high: f64,
    pub(super) step: f64,
    /// A tick's number is its value divided by this.
    pub(super) unit: f64,
    pub(super) title: String,
}

/// An outlier is beyond so many times what 98 % of the values keep to.
const OUTLIER: f64 = 2.5;
/// The incoming rate has a spike at the start of many calls, when its window is short.
const INCOMING_OUTLIER: f64 = 1.25;
/// With outliers beyond it, the range ends at so many times the usual.
const MAX_CLIPPED: f64 = 1.5;
const HEADROOM: f64 = 1.08;
/// A round trip time of so many times the longest queue is still in the range.
const MAX_RTT: f64 = 2.0;
/// The share of the time before anything is there, as under `--from`, that is still drawn.
const MOST_EMPTY: f64 = 0.25;
/// The range of errors, in percent, ends between these.
const LEAST_ERROR: f64 = 12.0;
const GREATEST_ERROR: f64 = 100.0;

impl Axis {
    /// Time in seconds: from zero, unless nothing is there for too large a part of it.
    pub(super) fn time(begin: f64, end: f64) -> Self {
        let end = if end > 0.0 { end } else { 1.0 };
        let begin = if begin > end * MOST_EMPTY && begin < end { begin } else { 0.0 };
        let axis = Self::view(begin, end);
        Self { low: (axis.low / axis.step).floor() * axis.step, ..axis }
    }

    /// Time in seconds, from one to another.
    pub(super) fn view(begin: f64, end: f64) -> Self {
        let (unit, name) = match end {
            _ if end <= 600.0 => (1.0, "s"),
            _ if end <= 3.0 * 3600.0 => (60.0, "min"),
            _ => (3600.0, "h"),
        };
        let step = unit * nice_step((end - begin).max(1e-3) / unit / 10.0);
        Self { low: begin, high: end, step, unit, title: format!("time [{name}]") }
    }

    /// Bit rates from zero.
    pub(super) fn bitrate(estimates: Vec<f64>, incoming: Vec<f64>) -> Self {
        let usual = without_outliers(incoming, INCOMING_OUTLIER);
        let high = without_outliers(estimates, OUTLIER).max(usual).max(1000.0) * HEADROOM;
        let (unit, name) = if high >= 1.5e6 { (1e6, "Mbit/s") } else { (1e3, "kbit/s") };
        Self {
            low: 0.0,
            high,
            step: unit * nice_step(high / unit / 6.0),
            unit,
            title: format!("bit rate [{name}]"),
        }
    }

    /// Milliseconds around zero.
    pub(super) fn offset(above: Vec<f64>, below: Vec<f64>) -> Self {
        let high = without_outliers(above, OUTLIER).max(10.0) * HEADROOM;
        let low = -without_outliers(below, OUTLIER).max(10.0) * HEADROOM;
        Self {
            low,
            high,
            step: nice_step((high - low) / 6.0),
            unit: 1.0,
            title: "delay gradient [ms]".to_owned(),
        }
    }

    /// Delays from zero: queues are shown whole; a round trip time that is much longer leaves the range.
    pub(super) fn delay(queues: Vec<f64>, round_trips: Vec<f64>) -> Self {
        let most = |values: Vec<f64>| values.into_iter().fold(0.0, f64::max);
        let queue = most(queues).max(20.0);
        let high = most(round_trips).min(queue * MAX_RTT).max(queue) * HEADROOM;
        Self { low: 0.0, high, step: nice_step(high / 3.5), unit: 1.0, title: "delay [ms]".to_owned() }
    }

    /// Errors in percent around zero; `below` are their magnitudes there.
    pub(super) fn relative_error(above: Vec<f64>, below: Vec<f64>) -> Self {
        let [high, low] = [above, below]
            .map(|side| side.into_iter().fold(0.0, f64::max).clamp(LEAST_ERROR, GREATEST_ERROR) * HEADROOM);
        Self {
            low: -low,
            high,
            step: nice_step((high + low) / 8.0),
            unit: 1.0,
            title: "relative error [%]".to_owned(),
        }
    }

    /// The ticks inside the range.
    pub(super) fn ticks(&self) -> impl Iterator<Item = (f64, String)> {
        let (first, last) = ((self.low / self.step).ceil() as i64, (self.high / self.step).floor() as i64);
        let per_tick = self.step / self.unit;
        let decimals = (-per_tick.log10().floor()).clamp(0.0, 6.0) as usize;
        (first..=last).take(100).map(move |number| {
            let value = number as f64 * self.step;
            (value, format!("{:.decimals$}", number as f64 * per_tick))
        })
    }

    /// Where a value lies, from 0 at the low end to 1.
    pub(super) fn share(&self, value: f64) -> f64 {
        (value - self.low) / (self.high - self.low)
    }
}

/// The greatest value, unless it stands far above 98 % of the others.
fn without_outliers(mut values: Vec<f64>, outlier: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let Some(greatest) = values.last().copied() else { return 0.0 };
    let usual = values.get(values.len() * 98 / 100).copied().unwrap_or(greatest);
    if greatest > outlier * usual && usual > 0.0 { usual * outlier.min(MAX_CLIPPED) } else { greatest }
}

/// 1, 2 or 5 times a power of ten, at least `least`.
fn nice_step(least: f64) -> f64 {
    let power = 10_f64.powi(least.log10().floor() as i32);
    [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .map(|factor| factor * power)
        .find(|step| *step >= least)
        .unwrap_or(10.0 * power)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_round() {
        for (least, step) in [(0.7, 1.0), (1.1, 2.0), (23.0, 50.0), (51.0, 100.0), (0.013, 0.02)] {
            assert!((nice_step(least) - step).abs() < 1e-9, "{least}");
        }
    }

    #[test]
    fn ticks_have_the_decimals_that_they_need() {
        let labels = |axis: &Axis| axis.ticks().map(|(_, label)| label).collect::<Vec<_>>();
        assert_eq!(labels(&Axis::bitrate(vec![2e6; 3], Vec::new())), ["0.0", "0.5", "1.0", "1.5", "2.0"]);
        assert_eq!(labels(&Axis::time(0.0, 110.0)).last().map(String::as_str), Some("100"));
        assert_eq!(Axis::time(0.0, 7200.0).title, "time [min]");
    }

    #[test]
    fn time_begins_where_something_is_if_that_is_late() {
        for (begin, end, low) in
            [(0.0, 100.0, 0.0), (20.0, 100.0, 0.0), (601.2, 664.0, 600.0), (7.0, 7.0, 0.0)]
        {
            assert_eq!(Axis::time(begin, end).low, low, "{begin} {end}");
        }
    }

    #[test]
    fn the_range_of_errors_shows_five_percent_and_stops_before_it_is_flat() {
        let axis = Axis::relative_error(vec![0.1, 900.0], vec![0.3]);
        assert!(axis.high > 100.0 && axis.high < 110.0 && axis.low < -10.0 && axis.low > -20.0, "{axis:?}");
        assert!(axis.ticks().any(|(_, label)| label == "0"));
    }

    #[test]
    fn one_spike_does_not_flatten_the_rest() {
        let mut values = vec![1e6; 200];
        values.push(3e7);
        assert!(Axis::bitrate(values, Vec::new()).high < 2e6);
    }
}

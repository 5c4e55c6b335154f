//! One flow's picture as data.

use serde::Serialize;

use super::columns::{Column, Columns, Range, append, extend};

/// REMBs that are kept as points; beyond this, neighbours are thinned out, extremes kept.
const MAX_REMBS: usize = 4096;

/// The link's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Usage {
    /// Neither of the others.
    Normal,
    /// Shaded red.
    Overuse,
    /// Shaded blue.
    Underuse,
}

/// What is drawn of one flow. Times are seconds since the capture's first frame.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figure {
    pub(super) title: [String; 2],
    pub(super) samples: Columns<Sample>,
    /// Time and rate in bit/s.
    pub(super) rembs: Vec<(f64, f64)>,
    /// REMBs that the capture itself has: time and rate in bit/s.
    pub(super) recorded: Columns<Recorded>,
    last_usage: Option<(usize, f64, Usage)>,
}

/// All series in one column of time.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(super) struct Sample {
    pub(super) incoming: Option<Range>,
    pub(super) estimate: Option<Range>,
    pub(super) gradient: Option<Range>,
    pub(super) threshold: Option<Range>,
    pub(super) overuse: bool,
    pub(super) underuse: bool,
}

impl Column for Sample {
    fn append(&mut self, next: &Self) {
        append(&mut self.incoming, &next.incoming);
        append(&mut self.estimate, &next.estimate);
        append(&mut self.gradient, &next.gradient);
        append(&mut self.threshold, &next.threshold);
        self.overuse |= next.overuse;
        self.underuse |= next.underuse;
    }
}

/// Recorded rates in one column of time.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(super) struct Recorded(pub(super) Option<Range>);

impl Column for Recorded {
    fn append(&mut self, next: &Self) {
        append(&mut self.0, &next.0);
    }
}

impl Default for Figure {
    fn default() -> Self {
        Self::new()
    }
}

impl Figure {
    /// An empty figure.
    pub fn new() -> Self {
        Self {
            title: Default::default(),
            samples: Columns::default(),
            rembs: Vec::new(),
            recorded: Columns::default(),
            last_usage: None,
        }
    }

    /// Title and subtitle.
    pub fn set_title(&mut self, title: &[String; 2]) {
        self.title.clone_from(title);
    }

    /// Incoming bit rate and estimate at a time, bit/s.
    pub fn rates(&mut self, seconds: f64, incoming: Option<f64>, estimate: Option<f64>) {
        let index = self.samples.index(seconds);
        let Some(sample) = self.samples.at(index) else { return };
        if let Some(bps) = incoming {
            extend(&mut sample.incoming, bps);
        }
        if let Some(bps) = estimate {
            extend(&mut sample.estimate, bps);
        }
    }

    /// The modified offset and the threshold it is compared with, ms, and the state that came of it.
    pub fn gradient(&mut self, seconds: f64, modified_offset_ms: f64, threshold_ms: f64, usage: Usage) {
        let index = self.samples.index(seconds);
        if let Some((_, since, last)) = self.last_usage {
            let since = self.samples.index(since);
            self.shade(since, index, last);
        }
        self.shade(index, index + 1, usage);
        self.last_usage = Some((index, seconds, usage));
        if let Some(sample) = self.samples.at(index) {
            extend(&mut sample.gradient, modified_offset_ms);
            extend(&mut sample.threshold, threshold_ms);
        }
    }

    /// A REMB that was sent, bit/s.
    pub fn remb(&mut self, seconds: f64, bps: f64) {
        self.rembs.push((seconds, bps));
        if self.rembs.len() >= MAX_REMBS {
            self.thin_rembs();
        }
    }

    /// A REMB that the capture has, bit/s.
    pub fn recorded(&mut self, seconds: f64, bps: f64) {
        let index = self.recorded.index(seconds);
        if let Some(column) = self.recorded.at(index) {
            extend(&mut column.0, bps);
        }
    }

    /// The last time that is drawn, seconds.
    pub(super) fn end(&self) -> f64 {
        let samples = self.samples.columns.len() as f64 * self.samples.width;
        self.rembs.iter().map(|(seconds, _)| *seconds).fold(samples, f64::max)
    }

    /// When the first thing is there to be seen, seconds.
    pub(super) fn begin(&self) -> f64 {
        let is_seen = |sample: &Sample| sample.incoming.is_some() || sample.estimate.is_some();
        let sample = self.samples.iter().find(|(_, sample)| is_seen(sample)).map(|(seconds, _)| seconds);
        let recorded =
            self.recorded.iter().find(|(_, column)| column.0.is_some()).map(|(seconds, _)| seconds);
        let remb = self.rembs.first().map(|(seconds, _)| *seconds);
        [sample, recorded, remb].into_iter().flatten().reduce(f64::min).unwrap_or(0.0)
    }

    /// A state lasts from its group to the next one.
    fn shade(&mut self, from: usize, to: usize, usage: Usage) {
        if usage == Usage::Normal {
            return;
        }
        for index in from..to {
            if let Some(sample) = self.samples.at(index) {
                sample.overuse |= usage == Usage::Overuse;
                sample.underuse |= usage == Usage::Underuse;
            }
        }
    }

    fn thin_rembs(&mut self) {
        let kept = self.rembs.chunks(4).flat_map(|group| {
            let by_rate = |a: &&(f64, f64), b: &&(f64, f64)| a.1.total_cmp(&b.1);
            let (least, greatest) = (group.iter().min_by(by_rate), group.iter().max_by(by_rate));
            let mut pair: Vec<_> = least.into_iter().chain(greatest).copied().collect();
            pair.sort_by(|a, b| a.0.total_cmp(&b.0));
            pair
        });
        self.rembs = kept.collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_over_use_is_shaded_until_the_next_group() {
        let mut figure = Figure::new();
        figure.gradient(1.0, 20.0, 6.0, Usage::Overuse);
        figure.gradient(1.5, 0.0, 6.0, Usage::Normal);
        figure.gradient(2.0, 0.0, 6.0, Usage::Normal);
        let shaded: Vec<_> =
            figure.samples.iter().filter(|(_, sample)| sample.overuse).map(|(seconds, _)| seconds).collect();
        assert!(
            (shaded[0] - 1.0).abs() < 0.02 && (shaded[shaded.len() - 1] - 1.5).abs() < 0.02,
            "{shaded:?}"
        );
    }

    #[test]
    fn rembs_are_bounded_and_their_extremes_stay() {
        let mut figure = Figure::new();
        for second in 0..100_000 {
            figure.remb(f64::from(second), if second == 777 { 9e6 } else { 1e6 });
        }
        assert!(figure.rembs.len() < MAX_REMBS);
        assert!(figure.rembs.contains(&(777.0, 9e6)));
        assert!(figure.rembs.is_sorted_by(|a, b| a.0 <= b.0));
    }
}

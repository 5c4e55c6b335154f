//! One flow's picture as data.

use serde::Serialize;

use super::columns::{Column, Columns, Range, append, extend};
use crate::report::halved::halve;
use crate::report::receivers::Receivers;
use crate::units::Ssrc;
use remb::bwe::BandwidthUsage;

/// REMBs that are kept as points; beyond this, neighbours are thinned out, extremes kept.
const MAX_REMBS: usize = 4096;

/// A time in which no packet came.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Silence {
    /// From the last packet before it, seconds.
    pub from: f64,
    /// To the first after it.
    pub to: f64,
    /// The network let nothing through; else the sender paused.
    pub is_outage: bool,
}

/// What is drawn of one flow. Times are seconds since the capture's first frame.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figure {
    pub(super) title: [String; 2],
    /// What is shown, if not all.
    pub(super) view: Option<(f64, f64)>,
    pub(super) samples: Columns<Sample>,
    /// Time and rate in bit/s.
    pub(super) rembs: Vec<(f64, f64)>,
    #[serde(skip)]
    pub(super) receivers: Receivers,
    /// REMBs that the capture itself has, by receiver: time and rate in bit/s.
    pub(super) recorded: Vec<Columns<Recorded>>,
    pub(super) silences: Vec<Silence>,
    /// Whether the round trip time is one that was measured or given.
    pub(super) has_rtt: bool,
    #[serde(skip)]
    last_usage: Option<(f64, BandwidthUsage)>,
    /// The estimate before what is shown.
    estimate_before: Option<f64>,
}

/// All series in one column of time.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(super) struct Sample {
    pub(super) incoming: Option<Range>,
    pub(super) estimate: Option<Range>,
    pub(super) gradient: Option<Range>,
    pub(super) threshold: Option<Range>,
    pub(super) queue: Option<Range>,
    pub(super) rtt: Option<Range>,
    pub(super) lost: i64,
    pub(super) overuse: bool,
    pub(super) underuse: bool,
}

impl Column for Sample {
    fn append(&mut self, next: &Self) {
        append(&mut self.incoming, &next.incoming);
        append(&mut self.estimate, &next.estimate);
        append(&mut self.gradient, &next.gradient);
        append(&mut self.threshold, &next.threshold);
        append(&mut self.queue, &next.queue);
        append(&mut self.rtt, &next.rtt);
        self.lost += next.lost;
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
            view: None,
            samples: Columns::default(),
            rembs: Vec::new(),
            receivers: Receivers::default(),
            recorded: Vec::new(),
            silences: Vec::new(),
            has_rtt: true,
            last_usage: None,
            estimate_before: None,
        }
    }

    /// One that shows what lies from one time to another, and takes nothing else. An infinite time is the end.
    pub fn of_view(from: f64, to: f64) -> Self {
        Self { view: Some((from, to)), samples: Columns::from(from), ..Self::new() }
    }

    /// Title and subtitle.
    pub fn set_title(&mut self, title: &[String; 2]) {
        self.title.clone_from(title);
    }

    /// Times in which no packet came: nothing is drawn across them.
    pub fn set_silences(&mut self, silences: Vec<Silence>) {
        self.silences = silences;
    }

    /// Leaves the round trip time out: it is only what is taken where none is known.
    pub fn without_rtt(&mut self) {
        self.has_rtt = false;
    }

    /// Incoming bit rate and estimate at a time, bit/s.
    pub fn rates(&mut self, seconds: f64, incoming: Option<f64>, estimate: Option<f64>) {
        if !self.shows(seconds) {
            self.estimate_before = estimate.filter(|_| self.is_before(seconds)).or(self.estimate_before);
            return;
        }
        if let (Some(bps), Some((from, _))) = (self.estimate_before.take(), self.view)
            && let Some(sample) = self.sample(from)
        {
            extend(&mut sample.estimate, bps);
        }
        let Some(sample) = self.sample(seconds) else { return };
        if let Some(bps) = incoming {
            extend(&mut sample.incoming, bps);
        }
        if let Some(bps) = estimate {
            extend(&mut sample.estimate, bps);
        }
    }

    /// The modified offset and the threshold it is compared with, ms, and the state that came of it.
    pub fn gradient(
        &mut self,
        seconds: f64,
        modified_offset_ms: f64,
        threshold_ms: f64,
        usage: BandwidthUsage,
    ) {
        if let Some((since, last)) = self.last_usage {
            self.shade(since, seconds, last);
        }
        self.last_usage = Some((seconds, usage));
        if !self.shows(seconds) {
            return;
        }
        self.shade(seconds, seconds, usage);
        if let Some(sample) = self.sample(seconds) {
            extend(&mut sample.gradient, modified_offset_ms);
            extend(&mut sample.threshold, threshold_ms);
        }
    }

    /// Queue delay and round trip time at a time, ms, and how many packets are missing since the last.
    pub fn path(&mut self, seconds: f64, queue_ms: Option<f64>, rtt_ms: f64, lost: i64) {
        if !self.shows(seconds) {
            return;
        }
        let Some(sample) = self.sample(seconds) else { return };
        if let Some(ms) = queue_ms {
            extend(&mut sample.queue, ms);
        }
        extend(&mut sample.rtt, rtt_ms);
        sample.lost += lost;
    }

    /// A REMB that was replayed, bit/s.
    pub fn remb(&mut self, seconds: f64, bps: f64) {
        if !self.shows(seconds) {
            return;
        }
        self.rembs.push((seconds, bps));
        if self.rembs.len() >= MAX_REMBS {
            halve(&mut self.rembs, f64::total_cmp);
        }
    }

    /// A REMB that the capture has, bit/s, with the streams that it lists; none where they are not known.
    pub fn recorded(&mut self, seconds: f64, bps: f64, ssrcs: &[Ssrc]) {
        let place = self.receivers.place(seconds, ssrcs);
        if self.view.is_some_and(|(_, to)| seconds > to) {
            return;
        }
        let begin = self.samples.begin;
        if self.recorded.len() <= place {
            self.recorded.resize_with(place + 1, || Columns::from(begin));
        }
        let is_before = self.is_before(seconds);
        let Some(columns) = self.recorded.get_mut(place) else { return };
        let index = columns.index(seconds);
        if let Some(column) = columns.at(index) {
            if is_before {
                column.0 = None;
            }
            extend(&mut column.0, bps);
        }
    }

    /// The last time that is drawn, seconds.
    pub(super) fn end(&self) -> f64 {
        self.rembs.iter().map(|(seconds, _)| *seconds).fold(self.samples.end(), f64::max)
    }

    /// When the first thing is there to be seen, seconds.
    pub(super) fn begin(&self) -> f64 {
        let is_seen = |sample: &Sample| sample.incoming.is_some() || sample.estimate.is_some();
        let sample = self.samples.iter().find(|(_, sample)| is_seen(sample)).map(|(seconds, _)| seconds);
        let first_of = |columns: &Columns<Recorded>| {
            columns.iter().find(|(_, column)| column.0.is_some()).map(|(seconds, _)| seconds)
        };
        let recorded = self.recorded.iter().filter_map(first_of).reduce(f64::min);
        let remb = self.rembs.first().map(|(seconds, _)| *seconds);
        [sample, recorded, remb].into_iter().flatten().reduce(f64::min).unwrap_or(0.0)
    }

    fn sample(&mut self, seconds: f64) -> Option<&mut Sample> {
        let index = self.samples.index(seconds);
        self.samples.at(index)
    }

    fn shows(&self, seconds: f64) -> bool {
        self.view.is_none_or(|(from, to)| (from..=to).contains(&seconds))
    }

    fn is_before(&self, seconds: f64) -> bool {
        self.view.is_some_and(|(from, _)| seconds < from)
    }

    /// A state lasts from its group to the next one.
    fn shade(&mut self, from: f64, to: f64, usage: BandwidthUsage) {
        let (first, last) = self.view.unwrap_or((f64::NEG_INFINITY, f64::INFINITY));
        if usage == BandwidthUsage::Normal || from > last || to < first {
            return;
        }
        let (from, to) = (self.samples.index(from.max(first)), to.min(last));
        let to = self.samples.index(to);
        // Widened in the meantime, the columns are fewer.
        let from = from.min(to);
        for index in from..to.max(from + 1) {
            if let Some(sample) = self.samples.at(index) {
                sample.overuse |= usage == BandwidthUsage::Overusing;
                sample.underuse |= usage == BandwidthUsage::Underusing;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_over_use_is_shaded_until_the_next_group() {
        let mut figure = Figure::new();
        figure.gradient(1.0, 20.0, 6.0, BandwidthUsage::Overusing);
        figure.gradient(1.5, 0.0, 6.0, BandwidthUsage::Normal);
        figure.gradient(2.0, 0.0, 6.0, BandwidthUsage::Normal);
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

//! The picture of a comparison as data: a recorded series, a replayed one, and how far they are apart.

use serde::Serialize;

use super::columns::{Column, Columns, Range, append, extend};

/// What counts as close, as a fraction.
pub(super) const CLOSE: f64 = 0.05;

/// What is drawn of a comparison. Times are seconds since the capture's first frame, rates bit/s.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CompareFigure {
    pub(super) title: [String; 2],
    pub(super) end: f64,
    pub(super) columns: Columns<Both>,
    /// What the series are called, where they are not recorded and replayed.
    pub(super) names: Option<[String; 2]>,
}

/// All series in one column of time.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(super) struct Both {
    pub(super) recorded: Option<Range>,
    pub(super) replayed: Option<Range>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) nearest: Option<Range>,
    pub(super) band: Option<Range>,
    pub(super) error: Option<Range>,
    /// Seconds for which there is an error.
    compared: f32,
    /// Seconds of these for which it is not close.
    apart: f32,
}

impl Column for Both {
    fn append(&mut self, next: &Self) {
        append(&mut self.recorded, &next.recorded);
        append(&mut self.replayed, &next.replayed);
        append(&mut self.nearest, &next.nearest);
        append(&mut self.band, &next.band);
        append(&mut self.error, &next.error);
        self.compared += next.compared;
        self.apart += next.apart;
    }
}

impl Both {
    /// Whether the series are apart for most of the column.
    pub(super) fn is_apart(&self) -> bool {
        self.apart * 2.0 > self.compared
    }
}

impl CompareFigure {
    /// An empty figure of a capture that ends so many seconds after its first frame.
    pub fn new(end: f64) -> Self {
        let end = if end.is_finite() { end.max(0.0) } else { 0.0 };
        Self { title: Default::default(), end, columns: Columns::default(), names: None }
    }

    /// Title, and a line with the key figures.
    pub fn set_title(&mut self, title: &[String; 2]) {
        self.title.clone_from(title);
    }

    /// What the two series are called, where they are not one that was recorded and one that was replayed.
    pub fn set_names(&mut self, names: Option<&[String; 2]>) {
        self.names = names.map(|names| names.each_ref().map(|name| in_short(name)));
    }

    /// A recorded REMB; it holds until the next, the last until the end.
    pub fn recorded(&mut self, seconds: f64, bps: f64) {
        if let Some(column) = self.column(seconds) {
            extend(&mut column.recorded, bps);
        }
    }

    /// A replayed REMB.
    pub fn replayed(&mut self, seconds: f64, bps: f64) {
        if let Some(column) = self.column(seconds) {
            extend(&mut column.replayed, bps);
        }
    }

    /// A REMB replayed at the clock phase that comes nearest to the record.
    pub fn nearest(&mut self, seconds: f64, bps: f64) {
        if let Some(column) = self.column(seconds) {
            extend(&mut column.nearest, bps);
        }
    }

    /// Least and greatest of the replays at all clock phases, from one time up to another.
    pub fn band(&mut self, (from, to): (f64, f64), min: f64, max: f64) {
        self.span(from, to, |column, _| {
            extend(&mut column.band, min);
            extend(&mut column.band, max);
        });
    }

    /// The signed relative error, a fraction, from one time up to another.
    pub fn error(&mut self, (from, to): (f64, f64), error: f64) {
        let is_apart = error.abs() > CLOSE;
        self.span(from, to, |column, seconds| {
            extend(&mut column.error, error);
            column.compared += seconds as f32;
            column.apart += if is_apart { seconds as f32 } else { 0.0 };
        });
    }

    /// Something of the columns that have it, with their middles.
    pub(super) fn some<T>(&self, of: fn(&Both) -> Option<T>) -> impl Iterator<Item = (f64, T)> {
        self.columns.iter().filter_map(move |(seconds, column)| Some((seconds, of(column)?)))
    }

    fn column(&mut self, seconds: f64) -> Option<&mut Both> {
        let seconds = Some(seconds).filter(|seconds| seconds.is_finite())?;
        let index = self.columns.index(seconds);
        self.columns.at(index)
    }

    /// When the first thing is there to be seen, seconds.
    pub(super) fn begin(&self) -> f64 {
        let is_seen = |both: &Both| both.recorded.is_some() || both.replayed.is_some();
        self.columns.iter().find(|(_, both)| is_seen(both)).map_or(0.0, |(seconds, _)| seconds)
    }

    /// Each column that a span of time touches, with the seconds that lie in it.
    fn span(&mut self, from: f64, to: f64, mut take: impl FnMut(&mut Both, f64)) {
        if !(from.is_finite() && to.is_finite()) {
            return;
        }
        let (from, to) = (from.max(0.0), to.max(from).max(0.0));
        // The later time first: it may widen the columns.
        let last = self.columns.index(to);
        let first = self.columns.index(from);
        let width = self.columns.width;
        for index in first..=last {
            let start = index as f64 * width;
            let inside = to.min(start + width) - from.max(start);
            if let Some(column) = self.columns.at(index).filter(|_| inside > 0.0 || index == first) {
                take(column, inside.max(0.0));
            }
        }
    }
}

/// A legend has room for so many letters of a name.
const MAX_NAME: usize = 40;

fn in_short(name: &str) -> String {
    match name.chars().count() {
        0..=MAX_NAME => name.to_owned(),
        len => format!("…{}", name.chars().skip(len - MAX_NAME).collect::<String>()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::plot::columns::MAX_COLUMNS;

    #[test]
    fn half_a_million_events_become_few_columns_and_keep_their_extremes() {
        let mut figure = CompareFigure::new(100_000.0);
        for event in 0..500_000 {
            let seconds = f64::from(event) * 0.2;
            let bps = if event == 77_777 { 9e6 } else { 1e6 };
            figure.recorded(seconds, bps);
            figure.replayed(seconds, 1e6);
            figure.band((seconds, seconds + 0.2), 1e6, bps);
            figure.error((seconds, seconds + 0.2), 1e6 / bps - 1.0);
        }
        assert!(figure.columns.columns.len() <= MAX_COLUMNS);
        let greatest =
            |of: fn(&Both) -> Option<Range>| figure.some(of).map(|(_, range)| range.max).fold(0.0, f32::max);
        assert_eq!(greatest(|column| column.recorded), 9e6);
        assert_eq!(greatest(|column| column.replayed), 1e6);
        assert_eq!(greatest(|column| column.band), 9e6);
        assert!(figure.columns.columns.iter().all(|column| !column.is_apart()), "0.2 s of a column of 2 min");
    }

    #[test]
    fn a_span_fills_all_its_columns_and_no_other() {
        let mut figure = CompareFigure::new(10.0);
        figure.recorded(10.0, 1.0);
        figure.error((0.0, 2.0), 0.2);
        figure.error((2.0, 4.0), -0.01);
        let apart: Vec<_> = figure
            .columns
            .iter()
            .filter(|(_, column)| column.is_apart())
            .map(|(seconds, _)| seconds)
            .collect();
        assert!(apart[0] < 0.02 && (apart[apart.len() - 1] - 2.0).abs() < 0.02, "{apart:?}");
        assert_eq!(apart.len(), (2.0 / figure.columns.width) as usize);
        let last = figure.some(|column| column.error).last().unwrap().0;
        assert!((last - 4.0).abs() < 0.02, "{last}");
    }

    #[test]
    fn times_that_are_no_times_are_left_out() {
        let mut figure = CompareFigure::new(f64::NAN);
        figure.recorded(f64::INFINITY, 1.0);
        figure.error((0.0, f64::INFINITY), 1.0);
        figure.band((f64::NAN, 1.0), 1.0, 1.0);
        assert_eq!(figure, CompareFigure::new(0.0));
    }
}

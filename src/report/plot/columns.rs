//! A time series in a fixed number of columns, which become wider as the series grows.

use serde::Serialize;

/// The most columns there are.
pub(super) const MAX_COLUMNS: usize = 1600;
/// How wide a column is at first, seconds.
const FIRST_WIDTH: f64 = 1.0 / 128.0;

/// What fell into a column.
pub(super) trait Column: Clone + Default {
    /// Takes in the column that follows.
    fn append(&mut self, next: &Self);
}

/// Columns over time.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Columns<C> {
    /// Where the first begins, seconds.
    pub(super) begin: f64,
    /// Seconds a column.
    pub(super) width: f64,
    pub(super) columns: Vec<C>,
}

impl<C: Column> Default for Columns<C> {
    fn default() -> Self {
        Self { begin: 0.0, width: FIRST_WIDTH, columns: Vec::new() }
    }
}

impl<C: Column> Columns<C> {
    /// The same from a time on.
    pub(super) fn from(begin: f64) -> Self {
        Self { begin, ..Self::default() }
    }

    /// The index of a time's column. Times before the beginning belong to the first.
    pub(super) fn index(&mut self, seconds: f64) -> usize {
        let seconds = (seconds - self.begin).max(0.0);
        while seconds >= self.width * MAX_COLUMNS as f64 {
            self.widen();
        }
        (seconds / self.width) as usize
    }

    /// The column at an index of [`Self::index`].
    pub(super) fn at(&mut self, index: usize) -> Option<&mut C> {
        if self.columns.len() <= index {
            self.columns.resize(index + 1, C::default());
        }
        self.columns.get_mut(index)
    }

    /// Middles of the columns, in seconds, and the columns.
    pub(super) fn iter(&self) -> impl Iterator<Item = (f64, &C)> {
        let middle = |index: usize| self.begin + (index as f64 + 0.5) * self.width;
        self.columns.iter().enumerate().map(move |(index, column)| (middle(index), column))
    }

    /// Where the last ends, seconds.
    pub(super) fn end(&self) -> f64 {
        self.begin + self.columns.len() as f64 * self.width
    }

    fn widen(&mut self) {
        self.width *= 2.0;
        let merged = self.columns.chunks(2).map(|pair| {
            let mut column = pair.first().cloned().unwrap_or_default();
            pair.iter().skip(1).for_each(|next| column.append(next));
            column
        });
        self.columns = merged.collect();
    }
}

/// First, least, greatest and last of the values in a column.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(super) struct Range {
    pub(super) first: f32,
    pub(super) min: f32,
    pub(super) max: f32,
    pub(super) last: f32,
}

/// Takes a value into a range that may still be empty.
pub(super) fn extend(range: &mut Option<Range>, value: f64) {
    let value = value as f32;
    append(range, &Some(Range { first: value, min: value, max: value, last: value }));
}

/// Takes a range into an earlier one.
pub(super) fn append(range: &mut Option<Range>, next: &Option<Range>) {
    *range = match (*range, *next) {
        (Some(a), Some(b)) => {
            Some(Range { first: a.first, min: a.min.min(b.min), max: a.max.max(b.max), last: b.last })
        }
        (a, b) => a.or(b),
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Clone, Default, PartialEq)]
    struct Values(Option<Range>);

    impl Column for Values {
        fn append(&mut self, next: &Self) {
            append(&mut self.0, &next.0);
        }
    }

    #[test]
    fn a_day_fits_into_the_columns_and_keeps_its_extremes() {
        let mut columns = Columns::<Values>::default();
        for second in 0..86_400 {
            let index = columns.index(f64::from(second));
            let value = if second == 40_010 { 1e6 } else { 1.0 };
            extend(&mut columns.at(index).unwrap().0, value);
        }
        assert!((MAX_COLUMNS / 2..=MAX_COLUMNS).contains(&columns.columns.len()));
        let (at, peak) =
            columns.iter().find(|(_, column)| column.0.is_some_and(|range| range.max > 1.0)).unwrap();
        assert!((at - 40_010.0).abs() <= columns.width);
        assert_eq!(peak.0, Some(Range { first: 1.0, min: 1.0, max: 1e6, last: 1.0 }));
    }

    #[test]
    fn a_time_before_the_first_frame_is_in_the_first_column() {
        assert_eq!(Columns::<Values>::default().index(-5.0), 0);
    }
}

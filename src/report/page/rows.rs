//! The rows of one flow, column by column.

use super::packed::Packed;
use super::row::{COLUMNS, Row};
use super::thin::{Integers, thin};

/// Rows in order of the replay.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Rows {
    pub(super) columns: [Packed; COLUMNS.len()],
    pub(super) count: usize,
    /// Rows that were left out.
    pub(super) left_out: usize,
}

impl Rows {
    #[inline]
    pub(super) fn push(&mut self, row: &Row) {
        self.push_integers(&row.integers());
    }

    #[inline]
    fn push_integers(&mut self, integers: &Integers) {
        self.columns.iter_mut().zip(integers).for_each(|(column, value)| column.push(*value));
        self.count += 1;
    }

    pub(super) fn bytes(&self) -> usize {
        self.columns.iter().map(|column| column.bytes().len()).sum()
    }

    /// Leaves of the rows only the extremes of so many pixels, but for those within `whole`, spans of microseconds.
    pub(super) fn thin(&mut self, whole: &[(i64, i64)], pixels: i64) {
        let mut kept = Self { left_out: self.left_out, ..Self::default() };
        thin(self.iter(), (self.span(), pixels), whole, |row| kept.push_integers(&row));
        kept.left_out += self.count - kept.count;
        *self = kept;
    }

    fn span(&self) -> (i64, i64) {
        let times = self.columns.first().into_iter().flat_map(Packed::iter).flatten();
        times.fold((i64::MAX, i64::MIN), |(first, last), at| (first.min(at), last.max(at)))
    }

    fn iter(&self) -> impl Iterator<Item = Integers> {
        let mut columns = self.columns.each_ref().map(Packed::iter);
        (0..self.count).map(move |_| columns.each_mut().map(|column| column.next().flatten()))
    }
}

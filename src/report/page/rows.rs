//! The rows of one flow, column by column.

use super::packed::Packed;
use super::row::{COLUMNS, Row};
use super::thin::{Integers, MIN_PIXELS, PIXELS, thin};

/// Rows in order of the replay.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Rows {
    pub(super) columns: [Packed; COLUMNS.len()],
    pub(super) count: usize,
    /// Rows that were left out.
    pub(super) left_out: usize,
    /// Some of them were near an event.
    pub(super) lacks_near_events: bool,
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

    /// Leaves of the rows only the extremes of so many pixels, but for those within `spared`, spans of microseconds around
    /// all events; without it what is near them goes as well.
    pub(super) fn thin(&mut self, spared: Option<&[(i64, i64)]>, pixels: i64) {
        let mut kept = Self { left_out: self.left_out, ..Self::default() };
        let whole = spared.unwrap_or_default();
        thin(self.iter(), (self.span(), pixels), whole, |row| kept.push_integers(&row));
        let left_out = self.count - kept.count;
        kept.left_out += left_out;
        kept.lacks_near_events = self.lacks_near_events || (spared.is_none() && left_out > 0);
        *self = kept;
    }

    /// Leaves no more than half of the bytes, by as many pixels as that needs; whether it could.
    pub(super) fn halve(&mut self) -> bool {
        let half = self.bytes() / 2;
        let mut pixels = PIXELS;
        while self.bytes() > half && pixels >= MIN_PIXELS {
            self.thin(None, pixels);
            pixels /= 2;
        }
        self.bytes() <= half
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

//! Tables, row by row: who has rows puts down their cells, each as what it is; who takes them makes CSV, columns or Parquet of them.

use std::io;

use super::kind::Kind;
use crate::units::{Bitrate, Ssrc};

/// A table that takes rows.
pub trait Rows {
    /// Begins it with its columns and what their cells are; once, before the first row.
    ///
    /// # Errors
    /// If it cannot be written.
    fn begin(&mut self, columns: &[(&str, Kind)]) -> io::Result<()>;

    /// Takes a row.
    ///
    /// # Errors
    /// If it cannot be written, or where cells have kinds if one is of another, or if there are more or fewer than columns.
    fn row(&mut self, row: &impl Row) -> io::Result<()>;

    /// Begins it with columns whose names say their kinds; one that is not known has words.
    ///
    /// # Errors
    /// As [`Self::begin`].
    fn header(&mut self, names: &[&str]) -> io::Result<()> {
        let columns = names.iter().map(|name| (*name, Kind::of(name).unwrap_or(Kind::Text)));
        self.begin(&columns.collect::<Vec<_>>())
    }

    /// Takes rows that are CSV already, without a header.
    ///
    /// # Errors
    /// As [`Self::row`].
    fn csv(&mut self, rows: &[u8]) -> io::Result<()> {
        let mut reader = ::csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(rows);
        let mut row = ::csv::StringRecord::new();
        while reader.read_record(&mut row)? {
            self.row(&row)?;
        }
        Ok(())
    }
}

/// What a row has.
pub trait Row {
    /// Puts down its cells, from left to right.
    fn cells(&self, cells: &mut impl Cells);
}

/// Takes the cells of a row, from left to right. Columns of numbers take integers too; else a cell is of its column's kind.
pub trait Cells {
    /// Text; an empty one is no cell.
    fn text(&mut self, text: &str);

    /// Text without commas, quotes and ends of lines.
    fn word(&mut self, word: &str);

    /// Whatever its column has, as somebody wrote it: a flag is 1 or 0, yes or no.
    fn written(&mut self, cell: &str);

    /// Nothing.
    fn empty(&mut self);

    /// An integer of either sign.
    fn integer(&mut self, value: i64);

    /// A count.
    fn count(&mut self, value: u64);

    /// The number `scaled` / 10^`digits`, exactly.
    fn scaled(&mut self, scaled: i64, digits: u32);

    /// A number, rounded to so many decimals; nothing if it is not finite.
    fn fixed(&mut self, value: f64, digits: u32);

    /// Yes or no.
    fn flag(&mut self, yes: bool);

    /// SSRCs in one cell, as text with blanks between.
    fn ssrcs(&mut self, ssrcs: &[Ssrc]);

    /// A cell that may be empty.
    #[inline]
    fn optional<T>(&mut self, value: Option<T>, write: impl FnOnce(&mut Self, T)) {
        match value {
            Some(value) => write(self, value),
            None => self.empty(),
        }
    }

    /// Bit/s.
    #[inline]
    fn bitrate(&mut self, rate: Option<Bitrate>) {
        self.optional(rate, |cells, rate| cells.integer(rate.as_bps()));
    }
}

impl Row for ::csv::StringRecord {
    fn cells(&self, cells: &mut impl Cells) {
        self.iter().for_each(|cell| cells.written(cell));
    }
}

/// The column of tables over several captures that names each.
pub const CAPTURE_COLUMN: &str = "capture";

/// Puts the capture in front of every row.
#[derive(Debug)]
pub struct Fronted<R> {
    capture: String,
    rows: R,
}

impl<R: Rows> Fronted<R> {
    /// Before the table is begun.
    pub fn new(capture: &str, rows: R) -> Self {
        Self { capture: capture.to_owned(), rows }
    }

    /// Where the rows went.
    pub fn into_inner(self) -> R {
        self.rows
    }
}

impl<R: Rows> Rows for Fronted<R> {
    fn begin(&mut self, columns: &[(&str, Kind)]) -> io::Result<()> {
        self.rows.begin(&[&[(CAPTURE_COLUMN, Kind::Text)], columns].concat())
    }

    fn row(&mut self, row: &impl Row) -> io::Result<()> {
        self.rows.row(&Behind(&self.capture, row))
    }
}

struct Behind<'a, R>(&'a str, &'a R);

impl<R: Row> Row for Behind<'_, R> {
    fn cells(&self, cells: &mut impl Cells) {
        cells.text(self.0);
        self.1.cells(cells);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::csv::CsvTable;

    struct Of(&'static str);

    impl Row for Of {
        fn cells(&self, cells: &mut impl Cells) {
            cells.text(self.0);
        }
    }

    #[test]
    fn the_capture_stands_in_front_of_each_row() {
        let through = |table: fn(Vec<u8>) -> CsvTable<Vec<u8>>| {
            let mut rows = Fronted::new("a,b", table(Vec::new()));
            rows.header(&["flow"]).unwrap();
            ["x", "y"].into_iter().for_each(|flow| rows.row(&Of(flow)).unwrap());
            String::from_utf8(rows.into_inner().into_inner()).unwrap()
        };
        assert_eq!(through(CsvTable::new), "capture,flow\n\"a,b\",x\n\"a,b\",y\n");
        assert_eq!(through(CsvTable::without_header), "\"a,b\",x\n\"a,b\",y\n");
    }
}

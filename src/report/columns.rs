//! Tables by column, typed: what Parquet and other programs take.
//!
//! A value is what reading the table's CSV would give, to the last digit: a number that is rounded there is rounded here. A row of
//! estimates takes some 1,360 instructions; by way of its CSV it took Python 5,860 more (callgrind, 16,305 rows).

use std::fmt::Display;
use std::io;
use std::ops::Range;
use std::slice::IterMut;

use super::csv::write_ssrcs;
use super::decimal::{quotient, rounded, write_fixed, write_scaled};
use super::kind::Kind;
use super::rows::{Cells, Row, Rows};
use crate::units::Ssrc;

/// A table by column, which grows row by row.
#[derive(Debug, Default)]
pub struct Columns {
    columns: Vec<Column>,
    rows: usize,
    /// Digits that a number is read of.
    digits: Vec<u8>,
}

/// A column.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its cells, by row.
    pub values: Values,
}

/// A column's cells; those that are empty are `None`.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs, reason = "each is of the kind of its name")]
pub enum Values {
    Text(Texts),
    Integer(Vec<Option<i64>>),
    Real(Vec<Option<f64>>),
    Flag(Vec<Option<bool>>),
}

/// Texts one behind the other; an empty one is none.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Texts {
    text: String,
    ends: Vec<usize>,
}

impl Columns {
    /// None before the table was begun.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// Rows so far.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Forgets the rows.
    pub fn clear(&mut self) {
        self.cut(0);
    }

    /// Forgets those behind the first so many, and what there is of one that is not whole.
    fn cut(&mut self, rows: usize) {
        self.rows = rows;
        for column in &mut self.columns {
            match &mut column.values {
                Values::Text(texts) => texts.cut(rows),
                Values::Integer(cells) => cells.truncate(rows),
                Values::Real(cells) => cells.truncate(rows),
                Values::Flag(cells) => cells.truncate(rows),
            }
        }
    }
}

impl Rows for Columns {
    fn begin(&mut self, columns: &[(&str, Kind)]) -> io::Result<()> {
        let columns =
            columns.iter().map(|(name, kind)| Column { name: (*name).to_owned(), values: kind.into() });
        *self = Self { columns: columns.collect(), ..Self::default() };
        Ok(())
    }

    #[inline]
    fn row(&mut self, row: &impl Row) -> io::Result<()> {
        let mut cells =
            Pushed { rest: self.columns.iter_mut(), digits: &mut self.digits, over: 0, wrong: None };
        row.cells(&mut cells);
        let Pushed { rest, over, wrong, .. } = cells;
        let missing = rest.len();
        if wrong.is_none() && (missing, over) == (0, 0) {
            self.rows += 1;
            return Ok(());
        }
        self.cut(self.rows);
        let columns = self.columns.len();
        let count = || format!("a row of {} cells in a table of {columns} columns", columns - missing + over);
        Err(io::Error::other(wrong.unwrap_or_else(count)))
    }
}

impl From<&Kind> for Values {
    fn from(kind: &Kind) -> Self {
        match kind {
            Kind::Text => Self::Text(Texts::default()),
            Kind::Integer => Self::Integer(Vec::new()),
            Kind::Real => Self::Real(Vec::new()),
            Kind::Flag => Self::Flag(Vec::new()),
        }
    }
}

impl Texts {
    /// All of them.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Where in [`Self::as_str`] each is, by row.
    pub fn ranges(&self) -> impl Iterator<Item = Range<usize>> {
        [0].into_iter().chain(self.ends.iter().copied()).zip(&self.ends).map(|(start, end)| start..*end)
    }

    fn push(&mut self, text: &str) {
        self.text.push_str(text);
        self.ends.push(self.text.len());
    }

    fn cut(&mut self, rows: usize) {
        self.ends.truncate(rows);
        self.text.truncate(self.ends.last().copied().unwrap_or(0));
    }
}

/// The cells of a row on their way to the columns.
struct Pushed<'a> {
    /// Columns without a cell yet.
    rest: IterMut<'a, Column>,
    digits: &'a mut Vec<u8>,
    /// Cells that no column is left for.
    over: usize,
    /// What is wrong with the first cell that is of another kind.
    wrong: Option<String>,
}

impl<'a> Pushed<'a> {
    #[inline]
    fn next(&mut self) -> Option<&'a mut Column> {
        let next = self.rest.next();
        self.over += usize::from(next.is_none());
        next
    }

    #[cold]
    fn refuse(&mut self, column: &Column, cell: impl Display) {
        self.wrong.get_or_insert_with(|| format!("column {}: '{cell}' is of another kind", column.name));
    }

    /// A number of these digits: of a nanosecond capture every time since the epoch, which is beyond what a double has exactly.
    fn read(&mut self, column: &mut Column, write: impl FnOnce(&mut Vec<u8>)) {
        self.digits.clear();
        write(self.digits);
        let cell = std::str::from_utf8(self.digits).unwrap_or_default();
        match &mut column.values {
            Values::Real(cells) => cells.push(cell.parse().ok()),
            _ => {
                let cell = cell.to_owned();
                self.refuse(column, cell);
            }
        }
    }
}

impl Cells for Pushed<'_> {
    #[inline]
    fn text(&mut self, text: &str) {
        let Some(column) = self.next() else { return };
        match &mut column.values {
            Values::Text(texts) => texts.push(text),
            _ => self.refuse(column, text),
        }
    }

    #[inline]
    fn word(&mut self, word: &str) {
        self.text(word);
    }

    fn written(&mut self, cell: &str) {
        fn parsed<T: std::str::FromStr>(cell: &str) -> Option<Option<T>> {
            if cell.is_empty() { Some(None) } else { cell.parse().map(Some).ok() }
        }
        let Some(column) = self.next() else { return };
        let pushed = match &mut column.values {
            Values::Text(texts) => {
                texts.push(cell);
                Some(())
            }
            Values::Integer(cells) => parsed(cell).map(|value| cells.push(value)),
            Values::Real(cells) => parsed(cell).map(|value| cells.push(value)),
            Values::Flag(cells) => match cell {
                "" => Some(None),
                "1" | "yes" => Some(Some(true)),
                "0" | "no" => Some(Some(false)),
                _ => None,
            }
            .map(|value| cells.push(value)),
        };
        if pushed.is_none() {
            self.refuse(column, cell);
        }
    }

    #[inline]
    fn empty(&mut self) {
        let Some(column) = self.next() else { return };
        match &mut column.values {
            Values::Text(texts) => texts.push(""),
            Values::Integer(cells) => cells.push(None),
            Values::Real(cells) => cells.push(None),
            Values::Flag(cells) => cells.push(None),
        }
    }

    #[inline]
    fn integer(&mut self, value: i64) {
        let Some(column) = self.next() else { return };
        match &mut column.values {
            Values::Integer(cells) => cells.push(Some(value)),
            Values::Real(cells) => cells.push(Some(value as f64)),
            _ => self.refuse(column, value),
        }
    }

    #[inline]
    fn count(&mut self, value: u64) {
        match i64::try_from(value) {
            Ok(value) => self.integer(value),
            Err(_) => self.written(&value.to_string()),
        }
    }

    #[inline]
    fn scaled(&mut self, scaled: i64, digits: u32) {
        if digits == 0 {
            return self.integer(scaled);
        }
        let Some(column) = self.next() else { return };
        match (&mut column.values, quotient(scaled, digits)) {
            (Values::Real(cells), Some(value)) => cells.push(Some(value)),
            _ => self.read(column, |out| write_scaled(out, scaled, digits)),
        }
    }

    #[inline]
    fn fixed(&mut self, value: f64, digits: u32) {
        match rounded(value, digits) {
            Some(scaled) => self.scaled(scaled, digits),
            None if !value.is_finite() => self.empty(),
            None => {
                let Some(column) = self.next() else { return };
                self.read(column, |out| write_fixed(out, value, digits));
            }
        }
    }

    #[inline]
    fn flag(&mut self, yes: bool) {
        let Some(column) = self.next() else { return };
        match &mut column.values {
            Values::Flag(cells) => cells.push(Some(yes)),
            _ => self.refuse(column, u8::from(yes)),
        }
    }

    #[inline]
    fn ssrcs(&mut self, ssrcs: &[Ssrc]) {
        let mut words = std::mem::take(self.digits);
        words.clear();
        write_ssrcs(&mut words, ssrcs);
        self.text(std::str::from_utf8(&words).unwrap_or_default());
        *self.digits = words;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NAMES: [&str; 4] = ["flow", "packets", "rtt_ms", "fit"];

    fn begun(names: &[&str]) -> Columns {
        let mut columns = Columns::default();
        columns.header(names).unwrap();
        columns
    }

    fn values(columns: &Columns) -> Vec<Values> {
        columns.columns().iter().map(|column| column.values.clone()).collect()
    }

    /// A row of cells of every way to write them.
    struct Any(f64, i64, u64, &'static str);

    impl Row for Any {
        fn cells(&self, cells: &mut impl Cells) {
            cells.text(self.3);
            cells.ssrcs(&[Ssrc(1), Ssrc(0xffff_ffff)]);
            cells.fixed(self.0, 4);
            cells.fixed(self.0 * 1e-6, 9);
            cells.scaled(self.1, 9);
            cells.scaled(self.1 / 1000, 6);
            cells.integer(self.1);
            cells.integer(self.1);
            cells.count(self.2 >> 1);
            cells.flag(self.1 > 0);
            cells.empty();
        }
    }

    const OF_ANY: [&str; 11] =
        ["flow", "ssrcs", "a_ms", "b_ms", "a_s", "b_s", "a_bps", "c_s", "packets", "fit", "rtt_ms"];

    proptest! {
        #[test]
        fn a_row_is_what_its_csv_says(real in prop_oneof![-1e3..1e3f64, any::<f64>()], integer: i64, count: u64) {
            let mut csv = super::super::csv::CsvTable::new(Vec::new());
            let (mut typed, mut read) = (begun(&OF_ANY), begun(&OF_ANY));
            for row in [Any(real, integer, count, "a,\"b\"\n"), Any(f64::NAN, 0, 0, ""), Any(-0.0, -1, 1, "x")] {
                csv.row(&row).unwrap();
                typed.row(&row).unwrap();
            }
            read.csv(&csv.into_inner()).unwrap();
            prop_assert_eq!(values(&typed), values(&read));
            // Of a zero the sign, too.
            let bits = |columns: &Columns| match &columns.columns()[2].values {
                Values::Real(cells) => cells.iter().map(|cell| cell.map(f64::to_bits)).collect::<Vec<_>>(),
                _ => Vec::new(),
            };
            prop_assert_eq!(bits(&typed), bits(&read));
        }
    }

    #[test]
    fn cells_are_of_their_kind_and_empty_ones_are_none() {
        let mut columns = begun(&NAMES);
        columns.csv(b"\"a,\"\"b\"\"\n\",12,1.5,1\n,,,\n").unwrap();
        let expected = [
            Values::Text(Texts { text: "a,\"b\"\n".to_owned(), ends: vec![6, 6] }),
            Values::Integer(vec![Some(12), None]),
            Values::Real(vec![Some(1.5), None]),
            Values::Flag(vec![Some(true), None]),
        ];
        assert_eq!((values(&columns), columns.rows()), (expected.to_vec(), 2));
        columns.clear();
        assert_eq!((values(&columns), columns.rows()), (values(&begun(&NAMES)), 0));
    }

    #[test]
    fn what_is_not_of_its_kind_is_refused_and_leaves_whole_rows() {
        #[derive(Clone, Copy)]
        enum Cell {
            Text,
            Ssrc,
            Integer,
            Count,
            Scaled,
            Fixed,
            Large,
            Flag,
        }
        impl Row for &[Cell] {
            fn cells(&self, cells: &mut impl Cells) {
                for cell in *self {
                    match cell {
                        Cell::Text => cells.text("a"),
                        Cell::Ssrc => cells.ssrcs(&[Ssrc(7)]),
                        Cell::Integer => cells.integer(3),
                        Cell::Count => cells.count(u64::MAX),
                        Cell::Scaled => cells.scaled(15, 1),
                        Cell::Fixed => cells.fixed(1.5, 1),
                        Cell::Large => cells.fixed(1e300, 1),
                        Cell::Flag => cells.flag(true),
                    }
                }
            }
        }
        let refused = |names: &[&str], row: &[Cell]| {
            let mut columns = begun(names);
            let error = columns.row(&row).unwrap_err().to_string();
            assert_eq!((values(&columns), columns.rows()), (values(&begun(names)), 0));
            error
        };
        for (column, cell, shown) in [
            ("packets", Cell::Text, "a"),
            ("packets", Cell::Ssrc, "0x00000007"),
            ("packets", Cell::Fixed, "1.5"),
            ("packets", Cell::Scaled, "1.5"),
            ("packets", Cell::Count, "18446744073709551615"),
            ("packets", Cell::Flag, "1"),
            ("fit", Cell::Integer, "3"),
            ("flow", Cell::Fixed, "1.5"),
            ("flow", Cell::Flag, "1"),
            ("rtt_ms", Cell::Text, "a"),
        ] {
            let expected = format!("column {column}: '{shown}' is of another kind");
            assert_eq!(refused(&["lost", column], &[Cell::Integer, cell]), expected);
        }
        assert!(refused(&["packets"], &[Cell::Large]).starts_with("column packets: '1000"));
        let few = refused(&["flow", "lost"], &[Cell::Text]);
        assert_eq!(few, "a row of 1 cells in a table of 2 columns");
        let many = refused(&["flow"], &[Cell::Text, Cell::Text, Cell::Integer]);
        assert_eq!(many, "a row of 3 cells in a table of 1 columns");
        let read = |name: &str, csv: &str| begun(&[name]).csv(csv.as_bytes()).unwrap_err().to_string();
        assert_eq!(read("packets", "1\n1.5\n"), "column packets: '1.5' is of another kind");
        assert_eq!(read("fit", "2\n"), "column fit: '2' is of another kind");
        assert_eq!(read("fit", "1,2\n"), "a row of 2 cells in a table of 1 columns");
    }
}

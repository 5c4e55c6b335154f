//! CSV (RFC 4180): a header, unless it stands elsewhere; empty for absent. Numbers are put down digit by digit, for there are hundreds of thousands: a row of
//! `estimate.csv` takes some 3,080 instructions so (callgrind, 16,305 rows), or 1 µs; by the `csv` crate and the standard library's
//! decimals 5 to 7 µs (3,544 rows, one run).

use std::io::{self, Write};

use super::decimal::{write_fixed, write_integer, write_scaled};
use super::kind::Kind;
use super::rows::{Cells, Row, Rows};
use crate::units::Ssrc;

/// A table as CSV, row by row into a writer.
#[derive(Debug)]
pub struct CsvTable<W> {
    writer: W,
    row: Bytes,
    has_header: bool,
}

impl<W: Write> CsvTable<W> {
    /// With a header.
    pub fn new(writer: W) -> Self {
        Self { writer, row: Bytes(Vec::with_capacity(512)), has_header: true }
    }

    /// That has its header elsewhere.
    pub fn without_header(writer: W) -> Self {
        Self { has_header: false, ..Self::new(writer) }
    }

    /// Where the rows went.
    pub fn into_inner(self) -> W {
        self.writer
    }

    #[inline]
    fn end(&mut self) -> io::Result<()> {
        let Bytes(row) = &mut self.row;
        if let Some(last) = row.last_mut() {
            *last = b'\n';
        }
        let result = self.writer.write_all(row);
        row.clear();
        result
    }
}

impl<W: Write> Rows for CsvTable<W> {
    fn begin(&mut self, columns: &[(&str, Kind)]) -> io::Result<()> {
        if !self.has_header {
            return Ok(());
        }
        columns.iter().for_each(|(name, _)| self.row.text(name));
        self.end()
    }

    #[inline]
    fn row(&mut self, row: &impl Row) -> io::Result<()> {
        row.cells(&mut self.row);
        self.end()
    }

    fn csv(&mut self, rows: &[u8]) -> io::Result<()> {
        self.writer.write_all(rows)
    }
}

/// The bytes of a row, a comma behind each cell.
#[derive(Debug)]
struct Bytes(Vec<u8>);

impl Bytes {
    #[cold]
    fn quoted(&mut self, text: &str) {
        self.0.push(b'"');
        for byte in text.bytes() {
            if byte == b'"' {
                self.0.push(b'"');
            }
            self.0.push(byte);
        }
        self.0.extend(b"\",");
    }
}

impl Cells for Bytes {
    /// In quotes if it needs them.
    #[inline]
    fn text(&mut self, text: &str) {
        match text.bytes().any(|byte| matches!(byte, b',' | b'"' | b'\r' | b'\n')) {
            true => self.quoted(text),
            false => self.word(text),
        }
    }

    #[inline]
    fn word(&mut self, word: &str) {
        self.0.extend_from_slice(word.as_bytes());
        self.0.push(b',');
    }

    fn written(&mut self, cell: &str) {
        self.text(cell);
    }

    #[inline]
    fn empty(&mut self) {
        self.0.push(b',');
    }

    #[inline]
    fn integer(&mut self, value: i64) {
        self.scaled(value, 0);
    }

    #[inline]
    fn count(&mut self, value: u64) {
        write_integer(&mut self.0, value, 1);
        self.0.push(b',');
    }

    #[inline]
    fn scaled(&mut self, scaled: i64, digits: u32) {
        write_scaled(&mut self.0, scaled, digits);
        self.0.push(b',');
    }

    #[inline]
    fn fixed(&mut self, value: f64, digits: u32) {
        write_fixed(&mut self.0, value, digits);
        self.0.push(b',');
    }

    #[inline]
    fn flag(&mut self, yes: bool) {
        self.word(if yes { "1" } else { "0" });
    }

    #[inline]
    fn ssrcs(&mut self, ssrcs: &[Ssrc]) {
        write_ssrcs(&mut self.0, ssrcs);
        self.0.push(b',');
    }
}

/// Appends SSRCs in hexadecimal, with blanks between.
#[inline]
pub(super) fn write_ssrcs(out: &mut Vec<u8>, ssrcs: &[Ssrc]) {
    for (index, ssrc) in ssrcs.iter().enumerate() {
        if index > 0 {
            out.push(b' ');
        }
        out.extend(b"0x");
        let halves = ssrc.0.to_be_bytes().map(|byte| [byte >> 4, byte & 15]);
        out.extend(halves.as_flattened().iter().map(|digit| b"0123456789abcdef"[usize::from(*digit)]));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(bytes: &[u8]) -> Vec<String> {
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(bytes);
        let records: Vec<_> = reader.records().map(Result::unwrap).collect();
        assert_eq!(records.len(), 2, "a header and a row");
        records[1].iter().map(str::to_owned).collect()
    }

    struct Any<'a> {
        text: &'a str,
        integer: i64,
        count: u64,
        scaled: i64,
        real: f64,
        ssrcs: &'a [Ssrc],
    }

    impl Row for Any<'_> {
        fn cells(&self, cells: &mut impl Cells) {
            cells.text(self.text);
            cells.integer(self.integer);
            cells.count(self.count);
            cells.scaled(self.scaled, 6);
            cells.fixed(self.real, 4);
            cells.empty();
            cells.ssrcs(self.ssrcs);
        }
    }

    proptest! {
        #[test]
        fn the_csv_crate_reads_back_what_was_written(
            text in "[a-z0-9:., \"\r\n-]{0,12}", integer: i64, count: u64, scaled: i64, real in -1e12..1e12f64,
            ssrcs in prop::collection::vec(any::<u32>(), 1..4),
        ) {
            let ssrcs: Vec<_> = ssrcs.into_iter().map(Ssrc).collect();
            let mut rows = CsvTable::new(Vec::new());
            rows.header(&["a", "b", "c", "d", "e", "f", "g"]).unwrap();
            rows.row(&Any { text: &text, integer, count, scaled, real, ssrcs: &ssrcs }).unwrap();
            let cells = read(&rows.into_inner());
            prop_assert_eq!(&cells[0], &text);
            prop_assert_eq!(&cells[1], &integer.to_string());
            prop_assert_eq!(&cells[2], &count.to_string());
            let (sign, micros) = (if scaled < 0 { "-" } else { "" }, scaled.unsigned_abs());
            prop_assert_eq!(&cells[3], &format!("{sign}{}.{:06}", micros / 1_000_000, micros % 1_000_000));
            prop_assert!((cells[4].parse::<f64>().unwrap() - real).abs() <= 0.5001e-4 + real.abs() * 1e-15);
            prop_assert_eq!(&cells[5], "");
            prop_assert_eq!(&cells[6], &ssrcs.iter().map(Ssrc::to_string).collect::<Vec<_>>().join(" "));
        }
    }
}

//! Rows of CSV as bytes (RFC 4180): numbers are put down digit by digit, for there are hundreds of thousands. A row of `estimate.csv`
//! takes some 1 µs so; by the `csv` crate and the standard library's decimals 5 to 7 µs (3,544 rows, one run).

use std::io::{self, Write};

use super::decimal::{write_fixed, write_integer, write_scaled};
use crate::units::{Bitrate, Ssrc};

/// Writes rows, cell by cell.
#[derive(Debug)]
pub(super) struct RowWriter<W> {
    writer: W,
    row: Vec<u8>,
}

impl<W: Write> RowWriter<W> {
    /// Writes the header.
    pub(super) fn new(writer: W, columns: &[&str]) -> io::Result<Self> {
        let mut rows = Self { writer, row: Vec::with_capacity(512) };
        columns.iter().for_each(|column| rows.text(column));
        rows.end()?;
        Ok(rows)
    }

    /// Goes on with a table that has its header.
    pub(super) fn without_header(writer: W) -> Self {
        Self { writer, row: Vec::with_capacity(512) }
    }

    /// The cells of a row that was not ended.
    pub(super) fn into_row(self) -> Vec<u8> {
        self.row
    }

    /// Ends the row.
    #[inline]
    pub(super) fn end(&mut self) -> io::Result<()> {
        if let Some(last) = self.row.last_mut() {
            *last = b'\n';
        }
        let result = self.writer.write_all(&self.row);
        self.row.clear();
        result
    }

    /// Where the rows went.
    pub(super) fn into_inner(self) -> W {
        self.writer
    }

    /// Text, in quotes if it needs them.
    #[inline]
    pub(super) fn text(&mut self, text: &str) {
        match text.bytes().any(|byte| matches!(byte, b',' | b'"' | b'\r' | b'\n')) {
            true => self.quoted(text),
            false => self.word(text),
        }
    }

    /// Text that needs no quotes.
    #[inline]
    pub(super) fn word(&mut self, word: &str) {
        self.row.extend_from_slice(word.as_bytes());
        self.row.push(b',');
    }

    #[cold]
    fn quoted(&mut self, text: &str) {
        self.row.push(b'"');
        for byte in text.bytes() {
            if byte == b'"' {
                self.row.push(b'"');
            }
            self.row.push(byte);
        }
        self.row.extend(b"\",");
    }

    /// Nothing.
    #[inline]
    pub(super) fn empty(&mut self) {
        self.row.push(b',');
    }

    /// A cell that may be empty.
    #[inline]
    pub(super) fn optional<T>(&mut self, value: Option<T>, write: impl FnOnce(&mut Self, T)) {
        match value {
            Some(value) => write(self, value),
            None => self.empty(),
        }
    }

    /// An integer of either sign.
    #[inline]
    pub(super) fn integer(&mut self, value: i64) {
        self.scaled(value, 0);
    }

    /// Yes or no.
    #[inline]
    pub(super) fn flag(&mut self, yes: bool) {
        self.word(if yes { "1" } else { "0" });
    }

    /// A count.
    #[inline]
    pub(super) fn count(&mut self, value: u64) {
        write_integer(&mut self.row, value, 1);
        self.row.push(b',');
    }

    /// `scaled` / 10^`digits`, with so many decimals.
    #[inline]
    pub(super) fn scaled(&mut self, scaled: i64, digits: u32) {
        write_scaled(&mut self.row, scaled, digits);
        self.row.push(b',');
    }

    /// A real number with so many decimals; nothing if it is not finite.
    #[inline]
    pub(super) fn fixed(&mut self, value: f64, digits: u32) {
        write_fixed(&mut self.row, value, digits);
        self.row.push(b',');
    }

    /// Bit/s.
    #[inline]
    pub(super) fn bitrate(&mut self, rate: Option<Bitrate>) {
        self.optional(rate, |row, rate| row.integer(rate.as_bps()));
    }

    /// SSRCs in one cell, with blanks between.
    #[inline]
    pub(super) fn ssrcs(&mut self, ssrcs: &[Ssrc]) {
        for (index, ssrc) in ssrcs.iter().enumerate() {
            if index > 0 {
                self.row.push(b' ');
            }
            self.row.extend(b"0x");
            let halves = ssrc.0.to_be_bytes().map(|byte| [byte >> 4, byte & 15]);
            self.row
                .extend(halves.as_flattened().iter().map(|digit| b"0123456789abcdef"[usize::from(*digit)]));
        }
        self.row.push(b',');
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

    proptest! {
        #[test]
        fn the_csv_crate_reads_back_what_was_written(
            text in "[a-z0-9:., \"\r\n-]{0,12}", integer: i64, count: u64, scaled: i64, real in -1e12..1e12f64,
            ssrcs in prop::collection::vec(any::<u32>(), 1..4),
        ) {
            let mut rows = RowWriter::new(Vec::new(), &["a", "b", "c", "d", "e", "f", "g"]).unwrap();
            rows.text(&text);
            rows.integer(integer);
            rows.count(count);
            rows.scaled(scaled, 6);
            rows.fixed(real, 4);
            rows.empty();
            let ssrcs: Vec<_> = ssrcs.into_iter().map(Ssrc).collect();
            rows.ssrcs(&ssrcs);
            rows.end().unwrap();
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

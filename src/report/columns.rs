//! Tables by column: rows of CSV, as they are written, with the type that each column's name says.
//!
//! Every table has one writer, which makes CSV. What other programs take by column is made from its rows, so that a value
//! is the same wherever it is read, to the last digit.

use std::io;

use csv_core::ReadRecordResult;

/// What the cells of a column are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Words.
    Text,
    /// Whole numbers.
    Integer,
    /// Numbers.
    Real,
    /// Yes or no.
    Flag,
}

/// Columns that are words.
const TEXTS: [&str; 28] = [
    "bound",
    "capture",
    "captured_at",
    "carrier",
    "cause",
    "error",
    "estimator",
    "flow",
    "format",
    "held_against",
    "kind",
    "payload_types",
    "profile",
    "rate_state",
    "reason",
    "retransmits",
    "rtt_source",
    "rtx_of",
    "sender_ssrc",
    "sha256",
    "ssrc",
    "ssrcs",
    "text",
    "type",
    "usage",
    "verdict",
    "warnings",
    "why",
];
/// Columns that are counts or other whole numbers, beside those in bytes and bit/s.
const INTEGERS: [&str; 22] = [
    "abs_send_time_id",
    "clock_hz",
    "decreases",
    "duplicates",
    "exit_code",
    "expected",
    "first_frame",
    "flows",
    "frames",
    "longest",
    "lost",
    "num_deltas",
    "packets",
    "packets_fed",
    "rank",
    "recorded_rembs",
    "remb_falls",
    "rembs",
    "reordered",
    "sender_pauses",
    "streams",
    "truncated",
];
/// Columns that are yes or no.
const FLAGS: [&str; 8] = [
    "base",
    "encrypted",
    "fed_to_estimator",
    "fit",
    "probe",
    "rate_window_emptied",
    "recorded",
    "streams_timed_out",
];
/// Columns that are numbers, beside those with a unit.
const REALS: [&str; 3] = ["falls", "share", "var_noise"];
/// Units, as the names of columns end.
const UNITS: [(&str, Kind); 9] = [
    ("_bps", Kind::Integer),
    ("_bytes", Kind::Integer),
    ("_kbps", Kind::Real),
    ("_ms", Kind::Real),
    ("_pct", Kind::Real),
    ("_percent", Kind::Real),
    ("_ppm", Kind::Real),
    ("_s", Kind::Real),
    ("_ratio", Kind::Real),
];

impl Kind {
    /// By a column's name; `None` of one that is not known.
    pub fn of(column: &str) -> Option<Self> {
        let lists = [
            (&TEXTS[..], Self::Text),
            (&INTEGERS, Self::Integer),
            (&FLAGS, Self::Flag),
            (&REALS, Self::Real),
        ];
        let listed = lists.into_iter().find(|(names, _)| names.contains(&column)).map(|(_, kind)| kind);
        listed.or_else(|| UNITS.iter().find(|(unit, _)| column.ends_with(unit)).map(|(_, kind)| *kind))
    }
}

/// A column's cells; those that are empty are `None`.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs, reason = "each is of the kind of its name")]
pub enum Cells {
    Text(Vec<Option<String>>),
    Integer(Vec<Option<i64>>),
    Real(Vec<Option<f64>>),
    Flag(Vec<Option<bool>>),
}

/// A column.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// By row.
    pub cells: Cells,
}

impl Column {
    /// Without rows. A name that is not known has words.
    pub fn new(name: &str) -> Self {
        let cells = match Kind::of(name).unwrap_or(Kind::Text) {
            Kind::Text => Cells::Text(Vec::new()),
            Kind::Integer => Cells::Integer(Vec::new()),
            Kind::Real => Cells::Real(Vec::new()),
            Kind::Flag => Cells::Flag(Vec::new()),
        };
        Self { name: name.to_owned(), cells }
    }

    fn push(&mut self, cell: &str) -> io::Result<()> {
        fn parsed<T: std::str::FromStr>(cell: &str) -> Result<Option<T>, ()> {
            if cell.is_empty() { Ok(None) } else { cell.parse().map(Some).map_err(|_| ()) }
        }
        let pushed = match &mut self.cells {
            Cells::Text(cells) => {
                cells.push((!cell.is_empty()).then(|| cell.to_owned()));
                Ok(())
            }
            Cells::Integer(cells) => parsed(cell).map(|value| cells.push(value)),
            Cells::Real(cells) => parsed(cell).map(|value| cells.push(value)),
            Cells::Flag(cells) => match cell {
                "" => Ok(None),
                "1" | "yes" => Ok(Some(true)),
                "0" | "no" => Ok(Some(false)),
                _ => Err(()),
            }
            .map(|value| cells.push(value)),
        };
        let other = || io::Error::other(format!("column {}: '{cell}' is of another kind", self.name));
        pushed.map_err(|()| other())
    }

    /// Empties it.
    pub fn clear(&mut self) {
        match &mut self.cells {
            Cells::Text(cells) => cells.clear(),
            Cells::Integer(cells) => cells.clear(),
            Cells::Real(cells) => cells.clear(),
            Cells::Flag(cells) => cells.clear(),
        }
    }
}

/// A table by column, which grows by the bytes of its CSV, cut anywhere.
pub struct Columns {
    /// The columns; none before the header has come.
    pub columns: Vec<Column>,
    rows: usize,
    reader: csv_core::Reader,
    /// The cells of the row that is being read, one behind the other, and their ends.
    row: Vec<u8>,
    ends: Vec<usize>,
    /// How much of both is filled.
    filled: (usize, usize),
}

impl Default for Columns {
    fn default() -> Self {
        let reader = csv_core::Reader::new();
        Self { columns: Vec::new(), rows: 0, reader, row: vec![0; 1024], ends: vec![0; 64], filled: (0, 0) }
    }
}

impl Columns {
    /// Of a whole table, with its header.
    ///
    /// # Errors
    /// If a cell is not of its column's kind.
    pub fn of(csv: &[u8]) -> io::Result<Self> {
        let mut columns = Self::default();
        columns.read(csv, |_| Ok(()))?;
        Ok(columns)
    }

    /// Rows so far.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Forgets the rows.
    pub fn clear(&mut self) {
        self.rows = 0;
        self.columns.iter_mut().for_each(Column::clear);
    }

    /// Takes bytes of CSV; `after_row` may look at the table after each row, and clear it.
    ///
    /// # Errors
    /// If a cell is not of its column's kind, and those of `after_row`.
    pub fn read(
        &mut self,
        mut csv: &[u8],
        mut after_row: impl FnMut(&mut Self) -> io::Result<()>,
    ) -> io::Result<()> {
        while !csv.is_empty() {
            let (bytes, cells) = self.filled;
            let row = self.row.get_mut(bytes..).unwrap_or_default();
            let ends = self.ends.get_mut(cells..).unwrap_or_default();
            let (result, read, written, ended) = self.reader.read_record(csv, row, ends);
            csv = csv.get(read..).unwrap_or_default();
            self.filled = (bytes + written, cells + ended);
            match result {
                ReadRecordResult::OutputFull => self.row.resize(self.row.len() * 2, 0),
                ReadRecordResult::OutputEndsFull => self.ends.resize(self.ends.len() * 2, 0),
                ReadRecordResult::Record => {
                    let is_header = self.columns.is_empty();
                    self.end_row()?;
                    if !is_header {
                        after_row(self)?;
                    }
                }
                ReadRecordResult::InputEmpty | ReadRecordResult::End => break,
            }
        }
        Ok(())
    }

    fn end_row(&mut self) -> io::Result<()> {
        let (_, cells) = std::mem::take(&mut self.filled);
        let ends = self.ends.get(..cells).unwrap_or_default();
        let starts = [0].into_iter().chain(ends.iter().copied());
        let cells = starts.zip(ends).map(|(start, end)| {
            std::str::from_utf8(self.row.get(start..*end).unwrap_or_default()).map_err(io::Error::other)
        });
        if self.columns.is_empty() {
            self.columns = cells.map(|name| name.map(Column::new)).collect::<io::Result<_>>()?;
            return Ok(());
        }
        if ends.len() != self.columns.len() {
            let (cells, columns) = (ends.len(), self.columns.len());
            return Err(io::Error::other(format!("a row of {cells} cells in a table of {columns} columns")));
        }
        self.rows += 1;
        self.columns.iter_mut().zip(cells).try_for_each(|(column, cell)| column.push(cell?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::csv::{ESTIMATE_COLUMNS, REMB_COLUMNS, STREAM_COLUMNS};
    use crate::report::events::EVENT_COLUMNS;
    use crate::report::fleet::{CAPTURE_COLUMNS, FLOW_COLUMNS};

    #[test]
    fn the_kind_of_every_column_is_known() {
        let tables = [
            &ESTIMATE_COLUMNS[..],
            &REMB_COLUMNS,
            &STREAM_COLUMNS,
            &EVENT_COLUMNS,
            &CAPTURE_COLUMNS,
            &FLOW_COLUMNS,
        ];
        let unknown: Vec<_> = tables.into_iter().flatten().filter(|name| Kind::of(name).is_none()).collect();
        assert!(unknown.is_empty(), "what are {unknown:?}?");
    }

    #[test]
    fn cells_are_of_their_kind_and_empty_ones_are_none_wherever_the_bytes_are_cut() {
        let csv = "flow,packets,rtt_ms,fit\n\"a,\"\"b\"\"\n\",12,1.5,1\n,,,\n";
        for cut in 0..csv.len() {
            let mut columns = Columns::default();
            for part in [&csv[..cut], &csv[cut..]] {
                columns.read(part.as_bytes(), |_| Ok(())).unwrap();
            }
            let cells: Vec<_> = columns.columns.iter().map(|column| column.cells.clone()).collect();
            let expected = [
                Cells::Text(vec![Some("a,\"b\"\n".to_owned()), None]),
                Cells::Integer(vec![Some(12), None]),
                Cells::Real(vec![Some(1.5), None]),
                Cells::Flag(vec![Some(true), None]),
            ];
            assert_eq!(cells, expected, "cut at {cut}");
            assert_eq!(columns.rows(), 2);
        }
    }

    #[test]
    fn what_is_not_of_its_kind_is_refused() {
        let refused = |csv: &str| Columns::of(csv.as_bytes()).err().unwrap().to_string();
        assert_eq!(refused("packets\n1.5\n"), "column packets: '1.5' is of another kind");
        assert_eq!(refused("fit\n2\n"), "column fit: '2' is of another kind");
        assert_eq!(refused("flow,fit\na\n"), "a row of 1 cells in a table of 2 columns");
    }
}

//! The tables over many captures.

use crate::report::csv::CsvTable;
use crate::report::events::EVENT_COLUMNS;
use crate::report::fleet::{CAPTURE_COLUMNS, FLOW_COLUMNS};
use crate::report::rows::CAPTURE_COLUMN;
use crate::report::tables::{ESTIMATE_COLUMNS, REMB_COLUMNS, STREAM_COLUMNS};

/// A table over many captures. The first column of each is the capture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Table {
    /// A row for each capture.
    Captures,
    /// A row for each flow.
    Flows,
    /// A row for each REMB.
    Rembs,
    /// A row for each RTP stream.
    Streams,
    /// A row for each thing that happened to an estimate.
    Events,
}

impl Table {
    /// All.
    pub const ALL: [Self; 5] = [Self::Captures, Self::Flows, Self::Rembs, Self::Streams, Self::Events];

    /// Its file's name, without the ending.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Captures => "captures",
            Self::Flows => "flows",
            Self::Rembs => "remb",
            Self::Streams => "streams",
            Self::Events => "events",
        }
    }

    /// Its columns.
    pub fn columns(self) -> Vec<&'static str> {
        match self {
            Self::Captures => CAPTURE_COLUMNS.to_vec(),
            Self::Flows => FLOW_COLUMNS.to_vec(),
            Self::Rembs => with_capture(&REMB_COLUMNS),
            Self::Streams => with_capture(&STREAM_COLUMNS),
            Self::Events => with_capture(&EVENT_COLUMNS),
        }
    }

    /// The columns of the table of estimates, which is in parts of its own.
    pub fn estimate_columns() -> Vec<&'static str> {
        with_capture(&ESTIMATE_COLUMNS)
    }
}

fn with_capture(columns: &[&'static str]) -> Vec<&'static str> {
    [&[CAPTURE_COLUMN], columns].concat()
}

/// A capture's rows, by table, as CSV without headers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CsvRows([Vec<u8>; Table::ALL.len()]);

impl CsvRows {
    /// Those of a table.
    pub fn of(&self, table: Table) -> &[u8] {
        self.0.get(table as usize).map_or(&[], Vec::as_slice)
    }

    /// Where those of a table are put.
    pub fn of_mut(&mut self, table: Table) -> &mut Vec<u8> {
        &mut self.0[table as usize]
    }

    /// Takes rows of a table.
    pub fn table(&mut self, table: Table) -> CsvTable<&mut Vec<u8>> {
        CsvTable::without_header(self.of_mut(table))
    }
}

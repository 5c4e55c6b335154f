//! A table in the format that was asked for.

use std::io::{self, Write};

use super::args::TableFormat;
use remb_replay::report::csv::CsvTable;
use remb_replay::report::kind::Kind;
#[cfg(feature = "parquet")]
use remb_replay::report::parquet::ParquetTable;
use remb_replay::report::rows::{Row, Rows};

/// A table that is being written.
pub(super) enum TableWriter<W: Write + Send> {
    Csv(CsvTable<W>),
    #[cfg(feature = "parquet")]
    Parquet(Box<ParquetTable<W>>),
}

impl<W: Write + Send> TableWriter<W> {
    pub(super) fn new(writer: W, format: TableFormat) -> Self {
        match format {
            TableFormat::Csv => Self::Csv(CsvTable::new(writer)),
            #[cfg(feature = "parquet")]
            TableFormat::Parquet => Self::Parquet(Box::new(ParquetTable::new(writer))),
        }
    }

    /// After the last row: where it went.
    pub(super) fn finish(self) -> io::Result<W> {
        match self {
            Self::Csv(table) => Ok(table.into_inner()),
            #[cfg(feature = "parquet")]
            Self::Parquet(table) => table.finish(),
        }
    }
}

impl<W: Write + Send> Rows for TableWriter<W> {
    fn begin(&mut self, columns: &[(&str, Kind)]) -> io::Result<()> {
        match self {
            Self::Csv(table) => table.begin(columns),
            #[cfg(feature = "parquet")]
            Self::Parquet(table) => table.begin(columns),
        }
    }

    #[inline]
    fn row(&mut self, row: &impl Row) -> io::Result<()> {
        match self {
            Self::Csv(table) => table.row(row),
            #[cfg(feature = "parquet")]
            Self::Parquet(table) => table.row(row),
        }
    }

    fn csv(&mut self, rows: &[u8]) -> io::Result<()> {
        match self {
            Self::Csv(table) => table.csv(rows),
            #[cfg(feature = "parquet")]
            Self::Parquet(table) => table.csv(rows),
        }
    }
}

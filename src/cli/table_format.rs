//! A table in the format that was asked for. All are written as CSV; what is not to be CSV is made of it.

use std::io::{self, Write};

use super::args::TableFormat;
#[cfg(feature = "parquet")]
use remb_replay::report::parquet::ParquetTable;

/// A table that is being written.
pub(super) enum TableWriter<W: Write + Send> {
    Csv(W),
    #[cfg(feature = "parquet")]
    Parquet(Box<ParquetTable<W>>),
}

impl<W: Write + Send> TableWriter<W> {
    pub(super) fn new(writer: W, format: TableFormat) -> Self {
        match format {
            TableFormat::Csv => Self::Csv(writer),
            #[cfg(feature = "parquet")]
            TableFormat::Parquet => Self::Parquet(Box::new(ParquetTable::new(writer))),
        }
    }

    /// After the last row: where it went.
    pub(super) fn finish(self) -> io::Result<W> {
        match self {
            Self::Csv(writer) => Ok(writer),
            #[cfg(feature = "parquet")]
            Self::Parquet(table) => table.finish(),
        }
    }
}

impl<W: Write + Send> Write for TableWriter<W> {
    fn write(&mut self, rows: &[u8]) -> io::Result<usize> {
        match self {
            Self::Csv(writer) => writer.write(rows),
            #[cfg(feature = "parquet")]
            Self::Parquet(table) => table.write(rows),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Csv(writer) => writer.flush(),
            #[cfg(feature = "parquet")]
            Self::Parquet(table) => table.flush(),
        }
    }
}

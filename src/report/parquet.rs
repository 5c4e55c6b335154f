//! Tables as Parquet: the rows of their CSV, with types, in row groups of bounded size.

use std::io::{self, Write};
use std::sync::Arc;

use parquet::basic::{Compression, LogicalType, Repetition, Type as Physical};
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DataType, DoubleType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::types::Type;

use super::columns::{Cells, Column, Columns};

/// Rows of a row group; all its cells are in memory before it is written.
const GROUP: usize = 16_384;

/// A table that takes its CSV, header first, and writes Parquet. [`Self::finish`] ends it.
pub struct ParquetTable<W: Write + Send> {
    columns: Columns,
    /// Before the header has come it is not open.
    target: Target<W>,
}

enum Target<W: Write + Send> {
    Waiting(W),
    Open(SerializedFileWriter<W>),
    Failed,
}

impl<W: Write + Send> ParquetTable<W> {
    /// Before the header.
    pub fn new(writer: W) -> Self {
        Self { columns: Columns::default(), target: Target::Waiting(writer) }
    }

    /// Writes what is left, and the file's end.
    ///
    /// # Errors
    /// Those of the writer; and if there was no header.
    pub fn finish(mut self) -> io::Result<W> {
        self.target.write_group(&mut self.columns)?;
        match self.target {
            Target::Open(writer) => writer.into_inner().map_err(io_error),
            _ => Err(io::Error::other("a table without a header")),
        }
    }
}

impl<W: Write + Send> Write for ParquetTable<W> {
    fn write(&mut self, csv: &[u8]) -> io::Result<usize> {
        let Self { columns, target } = self;
        columns.read(csv, |columns| match columns.rows() < GROUP {
            true => Ok(()),
            false => target.write_group(columns),
        })?;
        Ok(csv.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<W: Write + Send> Target<W> {
    fn write_group(&mut self, columns: &mut Columns) -> io::Result<()> {
        if columns.columns.is_empty() {
            return Ok(());
        }
        if let Self::Waiting(_) = self
            && let Self::Waiting(writer) = std::mem::replace(self, Self::Failed)
        {
            *self = Self::Open(open(writer, &columns.columns).map_err(io_error)?);
        }
        let Self::Open(writer) = self else { return Err(io::Error::other("the table failed before")) };
        if columns.rows() > 0 {
            write_group(writer, &columns.columns).map_err(io_error)?;
            columns.clear();
        }
        Ok(())
    }
}

fn io_error(error: ParquetError) -> io::Error {
    match error {
        ParquetError::External(source) => match source.downcast::<io::Error>() {
            Ok(error) => *error,
            Err(source) => io::Error::other(source),
        },
        error => io::Error::other(error),
    }
}

fn open<W: Write + Send>(writer: W, columns: &[Column]) -> Result<SerializedFileWriter<W>, ParquetError> {
    let fields = columns.iter().map(|column| field(column).map(Arc::new)).collect::<Result<_, _>>()?;
    let schema = Type::group_type_builder("table").with_fields(fields).build()?;
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_created_by(format!("remb-replay {}", env!("CARGO_PKG_VERSION")))
        .build();
    SerializedFileWriter::new(writer, Arc::new(schema), Arc::new(properties))
}

fn field(column: &Column) -> Result<Type, ParquetError> {
    let (physical, logical) = match column.cells {
        Cells::Text(_) => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
        Cells::Integer(_) => (Physical::INT64, None),
        Cells::Real(_) => (Physical::DOUBLE, None),
        Cells::Flag(_) => (Physical::BOOLEAN, None),
    };
    Type::primitive_type_builder(&column.name, physical)
        .with_repetition(Repetition::OPTIONAL)
        .with_logical_type(logical)
        .build()
}

fn write_group<W: Write + Send>(
    writer: &mut SerializedFileWriter<W>,
    columns: &[Column],
) -> Result<(), ParquetError> {
    let mut group = writer.next_row_group()?;
    for column in columns {
        let Some(writer) = group.next_column()? else { break };
        match &column.cells {
            Cells::Text(cells) => {
                let bytes = |text: &String| ByteArray::from(text.as_str());
                write_column::<ByteArrayType, _>(writer, cells.iter().map(|cell| cell.as_ref().map(bytes)))
            }
            Cells::Integer(cells) => write_column::<Int64Type, _>(writer, cells.iter().copied()),
            Cells::Real(cells) => write_column::<DoubleType, _>(writer, cells.iter().copied()),
            Cells::Flag(cells) => write_column::<BoolType, _>(writer, cells.iter().copied()),
        }?;
    }
    group.close().map(drop)
}

fn write_column<T: DataType, I: Iterator<Item = Option<T::T>> + Clone>(
    mut writer: SerializedColumnWriter<'_>,
    cells: I,
) -> Result<(), ParquetError> {
    let present: Vec<i16> = cells.clone().map(|cell| i16::from(cell.is_some())).collect();
    let values: Vec<_> = cells.flatten().collect();
    writer.typed::<T>().write_batch(&values, Some(&present), None)?;
    writer.close()
}

#[cfg(test)]
mod tests {
    use parquet::file::reader::{FileReader, SerializedFileReader};
    use parquet::record::Field;

    use super::*;

    #[test]
    fn rows_come_back_with_their_types_and_what_is_missing_is_null() {
        let mut table = ParquetTable::new(Vec::new());
        table.write_all(b"flow,packets,rtt_ms,fit\n\"a,b\",12,1.5000,1\n,,,\n").unwrap();
        let file = table.finish().unwrap();
        let reader = SerializedFileReader::new(bytes::Bytes::from(file)).unwrap();
        let rows: Vec<Vec<_>> = reader
            .get_row_iter(None)
            .unwrap()
            .map(|row| row.unwrap().get_column_iter().map(|(_, field)| field.clone()).collect())
            .collect();
        let text = Field::Str("a,b".to_owned());
        assert_eq!(rows[0], [text, Field::Long(12), Field::Double(1.5), Field::Bool(true)]);
        assert_eq!(rows[1], vec![Field::Null; 4]);
    }

    #[test]
    fn a_long_table_is_in_several_groups_and_an_empty_one_has_its_columns() {
        let written = |rows: usize| {
            let mut table = ParquetTable::new(Vec::new());
            table.write_all(b"packets\n").unwrap();
            (0..rows).for_each(|row| table.write_all(format!("{row}\n").as_bytes()).unwrap());
            SerializedFileReader::new(bytes::Bytes::from(table.finish().unwrap())).unwrap()
        };
        let empty = written(0);
        assert_eq!((empty.num_row_groups(), empty.metadata().file_metadata().num_rows()), (0, 0));
        assert_eq!(empty.metadata().file_metadata().schema_descr().num_columns(), 1);
        let long = written(GROUP + 1);
        assert_eq!(
            (long.num_row_groups(), long.metadata().file_metadata().num_rows()),
            (2, GROUP as i64 + 1)
        );
    }
}

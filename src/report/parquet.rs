//! Tables as Parquet, in row groups of bounded size.

use std::io::{self, Write};
use std::mem::replace;
use std::sync::Arc;

use parquet::basic::{Compression, LogicalType, Repetition, Type as Physical};
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DataType, DoubleType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::types::Type;

use super::columns::{Column, Columns, Texts, Values};
use super::kind::Kind;
use super::rows::{Row, Rows};

/// Rows of a row group; all its cells are in memory before it is written.
const GROUP: usize = 16_384;

const NOT_OPEN: &str = "a table that was not begun, or could not be";

/// A table as Parquet, row by row. [`Self::finish`] ends it.
pub struct ParquetTable<W: Write + Send> {
    columns: Columns,
    target: Target<W>,
}

enum Target<W: Write + Send> {
    /// Before the columns are known.
    Waiting(W),
    Open(SerializedFileWriter<W>),
    Failed,
}

impl<W: Write + Send> ParquetTable<W> {
    /// Before it is begun.
    pub fn new(writer: W) -> Self {
        Self { columns: Columns::default(), target: Target::Waiting(writer) }
    }

    /// Writes what is left, and the file's end.
    ///
    /// # Errors
    /// Those of the writer; and if it was not begun.
    pub fn finish(mut self) -> io::Result<W> {
        self.write_group()?;
        match self.target {
            Target::Open(writer) => writer.into_inner().map_err(io_error),
            _ => Err(io::Error::other(NOT_OPEN)),
        }
    }

    fn write_group(&mut self) -> io::Result<()> {
        let Target::Open(writer) = &mut self.target else { return Err(io::Error::other(NOT_OPEN)) };
        if self.columns.rows() > 0 {
            write_group(writer, self.columns.columns()).map_err(io_error)?;
            self.columns.clear();
        }
        Ok(())
    }
}

impl<W: Write + Send> Rows for ParquetTable<W> {
    fn begin(&mut self, columns: &[(&str, Kind)]) -> io::Result<()> {
        self.columns.begin(columns)?;
        let Target::Waiting(writer) = replace(&mut self.target, Target::Failed) else {
            return Err(io::Error::other("a table that was begun twice"));
        };
        self.target = Target::Open(open(writer, self.columns.columns()).map_err(io_error)?);
        Ok(())
    }

    #[inline]
    fn row(&mut self, row: &impl Row) -> io::Result<()> {
        self.columns.row(row)?;
        if self.columns.rows() < GROUP { Ok(()) } else { self.write_group() }
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
    let (physical, logical) = match column.values {
        Values::Text(_) => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
        Values::Integer(_) => (Physical::INT64, None),
        Values::Real(_) => (Physical::DOUBLE, None),
        Values::Flag(_) => (Physical::BOOLEAN, None),
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
        match &column.values {
            Values::Text(texts) => write_column::<ByteArrayType>(writer, byte_arrays(texts)),
            Values::Integer(cells) => write_column::<Int64Type>(writer, cells.iter().copied()),
            Values::Real(cells) => write_column::<DoubleType>(writer, cells.iter().copied()),
            Values::Flag(cells) => write_column::<BoolType>(writer, cells.iter().copied()),
        }?;
    }
    group.close().map(drop)
}

/// Slices of one copy of them all.
fn byte_arrays(texts: &Texts) -> impl Iterator<Item = Option<ByteArray>> {
    let all = ByteArray::from(texts.as_str().as_bytes().to_vec());
    texts.ranges().map(move |place| (!place.is_empty()).then(|| all.slice(place.start, place.len())))
}

fn write_column<T: DataType>(
    mut writer: SerializedColumnWriter<'_>,
    cells: impl Iterator<Item = Option<T::T>>,
) -> Result<(), ParquetError> {
    let (mut present, mut values) = (Vec::new(), Vec::new());
    for cell in cells {
        present.push(i16::from(cell.is_some()));
        values.extend(cell);
    }
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
        table.header(&["flow", "packets", "rtt_ms", "fit"]).unwrap();
        table.csv(b"\"a,b\",12,1.5000,1\n,,,\n").unwrap();
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
            table.header(&["packets"]).unwrap();
            (0..rows).for_each(|row| table.csv(format!("{row}\n").as_bytes()).unwrap());
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

//! A table by column, handed over by the Arrow C stream interface.

use std::io;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::ffi::FFI_ArrowSchema;
use arrow_array::ffi_stream::FFI_ArrowArrayStream;
use arrow_array::types::{Float64Type, Int64Type};
use arrow_array::{
    Array, ArrayRef, BooleanArray, Float64Array, Int64Array, RecordBatch, RecordBatchIterator, StringArray,
};
use arrow_buffer::{Buffer, NullBuffer, OffsetBuffer};
use arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef};
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyDict, PyList};
use remb_replay::report::columns::{Column, Columns, Texts, Values};
use remb_replay::report::kind::Kind;
use remb_replay::report::rows::{Row, Rows};

use crate::errors::Error;

/// Rows of a batch.
const BATCH: usize = 1 << 14;

/// A table that pandas, Polars, pyarrow and DuckDB take as it is, by the Arrow PyCapsule interface. What is missing is null.
#[pyclass(frozen, module = "remb_replay")]
pub(crate) struct Table {
    schema: SchemaRef,
    batches: Vec<RecordBatch>,
}

/// A table that is being written.
#[derive(Default)]
pub(crate) struct TableWriter {
    columns: Columns,
    batches: Vec<RecordBatch>,
}

impl TableWriter {
    pub(crate) fn finish(mut self) -> Result<Table, Error> {
        self.end_batch().map_err(Error::settings)?;
        let schema = self.batches.first().map_or_else(|| Arc::new(Schema::empty()), RecordBatch::schema);
        Ok(Table { schema, batches: self.batches })
    }

    fn end_batch(&mut self) -> Result<(), ArrowError> {
        let columns = self.columns.columns();
        let fields: Vec<_> = columns.iter().map(field).collect();
        let arrays = columns.iter().map(array).collect::<Result<_, _>>()?;
        self.batches.push(RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)?);
        self.columns.clear();
        Ok(())
    }
}

impl Rows for TableWriter {
    fn begin(&mut self, columns: &[(&str, Kind)]) -> io::Result<()> {
        self.columns.begin(columns)
    }

    #[inline]
    fn row(&mut self, row: &impl Row) -> io::Result<()> {
        self.columns.row(row)?;
        if self.columns.rows() < BATCH { Ok(()) } else { self.end_batch().map_err(io::Error::other) }
    }
}

fn field(column: &Column) -> Field {
    let kind = match column.values {
        Values::Text(_) => DataType::Utf8,
        Values::Integer(_) => DataType::Int64,
        Values::Real(_) => DataType::Float64,
        Values::Flag(_) => DataType::Boolean,
    };
    Field::new(&column.name, kind, true)
}

fn array(column: &Column) -> Result<ArrayRef, ArrowError> {
    Ok(match &column.values {
        Values::Text(texts) => Arc::new(strings(texts)?),
        Values::Integer(cells) => Arc::new(cells.iter().copied().collect::<Int64Array>()),
        Values::Real(cells) => Arc::new(cells.iter().copied().collect::<Float64Array>()),
        Values::Flag(cells) => Arc::new(cells.iter().copied().collect::<BooleanArray>()),
    })
}

fn strings(texts: &Texts) -> Result<StringArray, ArrowError> {
    let lengths = OffsetBuffer::from_lengths(texts.ranges().map(|place| place.len()));
    let present: NullBuffer = texts.ranges().map(|place| !place.is_empty()).collect();
    StringArray::try_new(lengths, Buffer::from(texts.as_str().as_bytes()), Some(present))
}

impl Table {
    fn rows(&self) -> usize {
        self.batches.iter().map(RecordBatch::num_rows).sum()
    }
}

#[pymethods]
impl Table {
    /// The Arrow C stream of the table.
    #[pyo3(signature = (requested_schema = None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        // Another schema may be asked for, and need not be given.
        drop(requested_schema);
        let batches = self.batches.clone().into_iter().map(Ok);
        let batches = RecordBatchIterator::new(batches, Arc::clone(&self.schema));
        let stream = FFI_ArrowArrayStream::new(Box::new(batches));
        PyCapsule::new_with_value(py, stream, c"arrow_array_stream")
    }

    /// The Arrow C schema of the table.
    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        let schema = FFI_ArrowSchema::try_from(self.schema.as_ref()).map_err(Error::settings)?;
        PyCapsule::new_with_value(py, schema, c"arrow_schema")
    }

    fn __len__(&self) -> usize {
        self.rows()
    }

    fn __repr__(&self) -> String {
        format!("<remb_replay.Table of {} rows: {}>", self.rows(), self.columns().join(", "))
    }

    /// The names of its columns.
    #[getter]
    fn columns(&self) -> Vec<String> {
        self.schema.fields().iter().map(|field| field.name().clone()).collect()
    }

    /// A dictionary of lists, by column; what is missing is None. Needs no other package.
    fn to_pydict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(py);
        for (place, field) in self.schema.fields().iter().enumerate() {
            let cells = PyList::empty(py);
            for column in self.batches.iter().filter_map(|batch| batch.columns().get(place)) {
                append(&cells, column)?;
            }
            dict.set_item(field.name(), cells)?;
        }
        Ok(dict)
    }
}

fn append(cells: &Bound<'_, PyList>, column: &ArrayRef) -> PyResult<()> {
    match column.data_type() {
        DataType::Utf8 => column.as_string::<i32>().iter().try_for_each(|cell| cells.append(cell)),
        DataType::Int64 => column.as_primitive::<Int64Type>().iter().try_for_each(|cell| cells.append(cell)),
        DataType::Float64 => {
            column.as_primitive::<Float64Type>().iter().try_for_each(|cell| cells.append(cell))
        }
        _ => column.as_boolean().iter().try_for_each(|cell| cells.append(cell)),
    }
}

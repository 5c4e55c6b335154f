//! A table by column, handed over by the Arrow C stream interface.

use std::io::{self, Write};
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::ffi::FFI_ArrowSchema;
use arrow_array::ffi_stream::FFI_ArrowArrayStream;
use arrow_array::types::{Float64Type, Int64Type};
use arrow_array::{Array, ArrayRef, RecordBatch, RecordBatchIterator};
use arrow_schema::{DataType, Schema, SchemaRef};
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyDict, PyList};

use crate::columns::Columns;
use crate::errors::Error;

/// Rows of a batch.
const BATCH: usize = 1 << 14;

/// A table that pandas, Polars, pyarrow and DuckDB take as it is, by the Arrow PyCapsule interface. What is missing is null.
#[pyclass(frozen, module = "remb_replay")]
pub(crate) struct Table {
    schema: SchemaRef,
    batches: Vec<RecordBatch>,
}

/// A table that takes its CSV, header first, and keeps columns.
#[derive(Default)]
pub(crate) struct TableWriter {
    columns: Columns,
    batches: Vec<RecordBatch>,
}

impl TableWriter {
    pub(crate) fn finish(mut self) -> Result<Table, Error> {
        self.batches.push(self.columns.batch().map_err(Error::settings)?);
        let schema = self.batches.first().map_or_else(|| Arc::new(Schema::empty()), RecordBatch::schema);
        Ok(Table { schema, batches: self.batches })
    }
}

impl Write for TableWriter {
    fn write(&mut self, csv: &[u8]) -> io::Result<usize> {
        self.columns.read(csv, &[])?;
        if self.columns.rows() >= BATCH {
            self.batches.push(self.columns.batch().map_err(io::Error::other)?);
        }
        Ok(csv.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Table {
    /// Of a table as it is written; `reals` are columns that have numbers here, whatever their names say elsewhere.
    pub(crate) fn of_csv(csv: &[u8], reals: &[&str]) -> Result<Self, Error> {
        let mut table = TableWriter::default();
        table.columns.read(csv, reals).map_err(Error::settings)?;
        table.finish()
    }

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

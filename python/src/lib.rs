//! The native half of the Python package `remb_replay`: what the library does, with Python's types.

mod call;
mod compare;
mod drawing;
mod errors;
mod estimator;
mod guard;
mod many;
mod reading;
mod settings;
mod sweep;
mod table;

use pyo3::prelude::*;

#[pymodule]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    errors::add(module)?;
    module.add_class::<call::Call>()?;
    module.add_class::<compare::Comparison>()?;
    module.add_class::<estimator::Estimator>()?;
    module.add_class::<guard::Stop>()?;
    module.add_class::<table::Table>()?;
    module.add_function(wrap_pyfunction!(call::replay, module)?)?;
    module.add_function(wrap_pyfunction!(compare::compare, module)?)?;
    module.add_function(wrap_pyfunction!(many::batch_rows, module)?)?;
    module.add_function(wrap_pyfunction!(many::capture_name, module)?)?;
    module.add_function(wrap_pyfunction!(many::failed_rows, module)?)?;
    module.add_function(wrap_pyfunction!(many::table_of, module)?)?;
    module.add_function(wrap_pyfunction!(sweep::sweep_one, module)?)?;
    module.add_function(wrap_pyfunction!(sweep::rank, module)?)
}

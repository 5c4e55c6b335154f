//! Exceptions, each with the exit code of the program that it stands for.

use std::fmt::Display;

use pyo3::create_exception;
use pyo3::exceptions::PyException;
use pyo3::prelude::*;

create_exception!(
    remb_replay,
    RembError,
    PyException,
    "An error of this package; `exit_code` is the program's."
);
create_exception!(remb_replay, SettingsError, RembError, "A setting that cannot be: exit code 2.");
create_exception!(remb_replay, CaptureError, RembError, "Cannot be opened, or is no capture: exit code 3.");
create_exception!(remb_replay, NothingError, RembError, "Read, and nothing to work on: exit code 4.");
create_exception!(remb_replay, IncompleteError, RembError, "Damaged, cut off or given up: exit code 5.");

/// What went wrong, until it is an exception.
pub(crate) enum Error {
    Settings(String),
    Capture(String),
    Nothing(String),
    /// One of Python's own: a type that is wrong, Ctrl-C.
    Python(PyErr),
}

impl Error {
    pub(crate) fn settings(error: impl Display) -> Self {
        Self::Settings(error.to_string())
    }
}

impl From<PyErr> for Error {
    fn from(error: PyErr) -> Self {
        Self::Python(error)
    }
}

impl From<Error> for PyErr {
    fn from(error: Error) -> Self {
        match error {
            Error::Settings(text) => SettingsError::new_err(text),
            Error::Capture(text) => CaptureError::new_err(text),
            Error::Nothing(text) => NothingError::new_err(text),
            Error::Python(error) => error,
        }
    }
}

pub(crate) fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    let all = [
        ("RembError", py.get_type::<RembError>(), 1),
        ("SettingsError", py.get_type::<SettingsError>(), 2),
        ("CaptureError", py.get_type::<CaptureError>(), 3),
        ("NothingError", py.get_type::<NothingError>(), 4),
        ("IncompleteError", py.get_type::<IncompleteError>(), 5),
    ];
    for (name, kind, exit_code) in all {
        kind.setattr("exit_code", exit_code)?;
        module.add(name, kind)?;
    }
    Ok(())
}

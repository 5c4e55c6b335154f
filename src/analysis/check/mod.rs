//! Recorded traces as a gate: a case says what to replay and what must come of it.
//!
//! Nothing here reads or writes files: cases, tables and reports are text in, text out.

mod case;
mod error;
mod expect;
mod golden;
mod hold;
mod report;
mod table;

pub use case::{Case, Distance, Golden, Table};
pub use error::CaseError;
pub use expect::Expectation;
pub use golden::Known;
pub use hold::{Csv, HoldError, Results, Run};
pub use report::{CaseResult, Verdict, junit, markdown};
pub use table::{Column, Difference, Rows, TableError, Tolerance, Tolerances, first_difference};

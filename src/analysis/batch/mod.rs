//! Many captures: what one of them comes to, as rows of tables over all of them.
//!
//! A capture that cannot be read, ends early or takes too long is a row that says so. Whoever calls opens the files, keeps
//! the time and puts the rows in order.

mod course;
mod gather;
mod rank;
mod table;
mod work;

pub use rank::{Rank, Worst};
pub use table::{CsvRows, Table};
pub use work::{Files, Halt, Manner, Work, work};

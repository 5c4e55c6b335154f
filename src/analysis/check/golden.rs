//! Goldens that were read.

use super::case::{Golden, Table};
use super::table::{Difference, Rows, TableError, Tolerances, first_difference};

/// A golden that was read.
#[derive(Debug)]
pub struct Known {
    content: Vec<u8>,
    rows: Result<Rows, TableError>,
}

impl Known {
    /// From the file's content.
    pub fn new(content: Vec<u8>) -> Self {
        Self { rows: Rows::parse(&content), content }
    }

    /// The file's content.
    pub fn content(&self) -> &[u8] {
        &self.content
    }

    /// The same, alone.
    pub fn into_content(self) -> Vec<u8> {
        self.content
    }

    /// The first place where a result differs from it.
    ///
    /// # Errors
    /// If it is no table.
    pub fn difference(self, found: &[u8], tolerances: &Tolerances) -> Result<Option<Difference>, TableError> {
        let (reference, subject) = (self.rows?, Rows::parse(found)?);
        Ok(first_difference(&subject, &reference, tolerances, false))
    }

    /// What it is, by its header.
    fn table(&self) -> Table {
        match self.rows.as_ref().is_ok_and(|rows| rows.has("estimate_bps")) {
            true => Table::Estimate,
            false => Table::Remb,
        }
    }
}

impl Golden {
    /// What it is, where the case or its header says it.
    pub fn said_table(&self, known: Option<&Known>) -> Option<Table> {
        self.table.or_else(|| known.map(Known::table))
    }

    /// What it is; one that is not there yet is a `remb.csv`, unless the case says otherwise.
    ///
    /// # Errors
    /// If it is not there, and by its name and by the case it is two things.
    pub fn table(&self, known: Option<&Known>) -> Result<Table, &'static str> {
        match self.said_table(known) {
            Some(table) => Ok(table),
            None if self.path.to_string_lossy().ends_with(Table::Estimate.file_name()) => Err(
                "is missing, and without a word in the case a new golden is a remb.csv: golden = { estimate = \"…\" } \
                 says that it is none",
            ),
            None => Ok(Table::Remb),
        }
    }
}

impl Table {
    /// What the program calls it.
    pub const fn file_name(self) -> &'static str {
        match self {
            Self::Remb => "remb.csv",
            Self::Estimate => "estimate.csv",
        }
    }
}

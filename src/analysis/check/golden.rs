//! Goldens, and what a result is held against.

use super::case::{Case, Distance, Golden, Table};
use super::table::{Difference, Rows, TableError, Tolerances, first_difference};
use crate::analysis::compare::{Comparison, Settings};
use crate::analysis::series::SeriesFile;

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

    /// Its rows.
    ///
    /// # Errors
    /// If it is no table.
    pub fn into_rows(self) -> Result<Rows, TableError> {
        self.rows
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

impl Case {
    /// Whether the capture has to be replayed; a candidate that has a golden needs none.
    pub fn needs_replay(&self) -> bool {
        self.candidate.is_none() || self.goldens.is_empty() || !self.expectations.is_empty()
    }
}

impl Distance {
    /// Why two series are further apart than allowed. Whether they would fit with another clock is not asked.
    pub fn too_far(self, reference: SeriesFile, subject: &SeriesFile) -> Option<String> {
        let Ok(compared) = Comparison::of_files(reference, subject, Settings::default()) else {
            return Some("no time in common".to_owned());
        };
        let names = ["distance.max_median", "distance.min_within_5"];
        compared.flows.iter().find_map(|flow| flow.too_far(self.max_median, self.min_within_5, names))
    }
}

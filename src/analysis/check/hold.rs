//! What came of a case's capture, held against what the case says.

use super::case::{Case, Distance, Table};
use super::expect::unmet;
use super::table::{Rows, TableError, first_difference};
use crate::analysis::compare::{Comparison, Settings};
use crate::analysis::series::{ColumnNames, SeriesError, SeriesFile, SeriesReader};
use crate::report::summary::Summary;

/// How a replay of a case's capture ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// The exit code that the program would have.
    pub exit: i64,
    /// Why there are no results.
    pub error: Option<String>,
    /// What it came to.
    pub results: Option<Results>,
}

/// What a replay came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Results {
    /// `summary.json`.
    pub summary: Summary,
    /// `remb.csv`.
    pub rembs: Vec<u8>,
    /// `estimate.csv`, if it was asked for.
    pub estimates: Vec<u8>,
}

/// A CSV file's content, and its name for a person.
#[derive(Debug, Clone, Copy)]
pub struct Csv<'a> {
    /// The name.
    pub shown: &'a str,
    /// The content.
    pub content: &'a [u8],
}

/// Why a file cannot be held against another.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HoldError {
    /// It is no table.
    #[error("{0}")]
    Table(String, #[source] TableError),
    /// It is no series.
    #[error("{0}")]
    Series(String, #[source] SeriesError),
    /// Their times count from different moments.
    #[error(transparent)]
    Times(SeriesError),
}

impl Results {
    /// The table that a golden is of.
    pub fn table(&self, table: Table) -> &[u8] {
        match table {
            Table::Remb => &self.rembs,
            Table::Estimate => &self.estimates,
        }
    }
}

impl Case {
    /// Whether the capture has to be replayed; a candidate that has a golden needs none.
    pub fn needs_replay(&self) -> bool {
        self.candidate.is_none() || self.goldens.is_empty() || !self.expectations.is_empty()
    }

    /// The exit code, if it is not the one expected. Nothing else is held then.
    pub fn wrong_exit(&self, run: &Run) -> Option<String> {
        let why = run.error.as_ref().map(|error| format!(": {error}")).unwrap_or_default();
        (run.exit != self.exit).then(|| format!("exit code {}, expected {}{why}", run.exit, self.exit))
    }

    /// The expectations that are not met, each in a sentence.
    pub fn unmet(&self, run: &Run) -> Vec<String> {
        let summary = run.results.as_ref().map(|results| serde_json::to_value(&results.summary));
        match summary {
            Some(Ok(summary)) => unmet(&self.expectations, &summary),
            Some(Err(error)) => vec![error.to_string()],
            None if self.expectations.is_empty() => Vec::new(),
            None => {
                vec!["nothing was replayed, and there is no summary to hold expectations against".to_owned()]
            }
        }
    }

    /// How another estimator's result differs from a reference: as step functions where the case gives a distance, else
    /// row by row.
    ///
    /// # Errors
    /// If one of them is no table, or no series.
    pub fn candidate_differs(
        &self,
        candidate: Csv<'_>,
        reference: Csv<'_>,
    ) -> Result<Option<String>, HoldError> {
        if let Some(distance) = self.distance {
            let [reference, candidate] = series([reference, candidate])?;
            return Ok(distance.too_far(reference, &candidate));
        }
        let (found, expected) = (candidate.rows()?, reference.rows()?);
        let difference = first_difference(&found, &expected, &self.tolerances, true);
        Ok(difference.map(|difference| difference.to_string()))
    }
}

impl<'a> Csv<'a> {
    fn rows(self) -> Result<Rows, HoldError> {
        Rows::parse(self.content).map_err(|error| HoldError::Table(self.shown.to_owned(), error))
    }

    fn series(self) -> Result<SeriesReader<&'a [u8]>, HoldError> {
        let reader = SeriesReader::new(self.content, self.shown, &ColumnNames::default());
        reader.map_err(|error| self.no_series(error))
    }

    fn no_series(self, error: SeriesError) -> HoldError {
        HoldError::Series(self.shown.to_owned(), error)
    }
}

/// Both by times that count from the same.
fn series([a, b]: [Csv<'_>; 2]) -> Result<[SeriesFile; 2], HoldError> {
    let (first, second) = (a.series()?, b.series()?);
    let basis = Some(SeriesReader::basis_in_common(&first, &second).map_err(HoldError::Times)?);
    let first = first.read(basis).map_err(|error| a.no_series(error))?;
    Ok([first, second.read(basis).map_err(|error| b.no_series(error))?])
}

impl Distance {
    /// Why two series are further apart than allowed. Whether they would fit with another clock is not asked.
    fn too_far(self, reference: SeriesFile, subject: &SeriesFile) -> Option<String> {
        let Ok(compared) = Comparison::of_files(reference, subject, Settings::default()) else {
            return Some("no time in common".to_owned());
        };
        let names = ["distance.max_median", "distance.min_within_5"];
        compared.flows.iter().find_map(|flow| flow.too_far(self.max_median, self.min_within_5, names))
    }
}

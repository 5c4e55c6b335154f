//! Two CSV tables, held against each other row by row and column by column; numbers as numbers.

use std::collections::BTreeMap;

/// How far apart two numbers of a column may be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Tolerance {
    /// In the column's unit.
    Absolute(f64),
    /// Of the reference.
    Percent(f64),
}

/// Tolerances by column; all others are zero.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Tolerances(pub(super) BTreeMap<String, Tolerance>);

impl Tolerances {
    /// The column's.
    pub fn of(&self, column: &str) -> Tolerance {
        self.0.get(column).copied().unwrap_or(Tolerance::Absolute(0.0))
    }
}

/// A table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rows {
    headings: Vec<String>,
    rows: Vec<csv::StringRecord>,
}

/// Why a text is no table.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct TableError(#[source] csv::Error);

/// Where a column stands.
pub type Column = usize;

/// The first place where two tables differ.
#[derive(Debug, Clone, PartialEq)]
pub enum Difference {
    /// The subject lacks a column.
    NoColumn(String),
    /// A cell.
    Cell {
        /// The row, from 1, the headings not counted.
        row: usize,
        /// The row's time, as the reference has it.
        time: String,
        /// The column's name.
        column: String,
        /// What is there.
        found: String,
        /// What should be there.
        expected: String,
    },
    /// One has more rows.
    Length {
        /// Rows of the subject.
        found: usize,
        /// Rows of the reference.
        expected: usize,
        /// The first row that only one has.
        row: String,
    },
}

impl Rows {
    /// Reads a CSV with headings.
    ///
    /// # Errors
    /// If rows are of different lengths, or no text.
    pub fn parse(content: &[u8]) -> Result<Self, TableError> {
        let mut reader = csv::Reader::from_reader(content);
        let headings = reader.headers().map_err(TableError)?.iter().map(str::to_owned).collect();
        let rows = reader.records().collect::<Result<_, _>>().map_err(TableError)?;
        Ok(Self { headings, rows })
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Whether it has such a column.
    pub fn has(&self, column: &str) -> bool {
        self.place(column).is_some()
    }

    fn place(&self, column: &str) -> Option<Column> {
        self.headings.iter().position(|heading| heading == column)
    }
}

/// The first difference between a table and its reference, in the columns of the reference. With `only_shared` columns
/// that the subject lacks are passed over: another program's table has fewer.
pub fn first_difference(
    subject: &Rows,
    reference: &Rows,
    tolerances: &Tolerances,
    only_shared: bool,
) -> Option<Difference> {
    let mut columns = Vec::new();
    for (place, heading) in reference.headings.iter().enumerate() {
        match subject.place(heading) {
            Some(of_subject) => columns.push((of_subject, place, heading, tolerances.of(heading))),
            None if only_shared => {}
            None => return Some(Difference::NoColumn(heading.clone())),
        }
    }
    for (row, (found, expected)) in subject.rows.iter().zip(&reference.rows).enumerate() {
        for (of_subject, of_reference, heading, tolerance) in &columns {
            let (a, b) = (found.get(*of_subject).unwrap_or(""), expected.get(*of_reference).unwrap_or(""));
            if !are_close(a, b, *tolerance) {
                return Some(Difference::Cell {
                    row: row + 1,
                    time: expected.get(0).unwrap_or("").to_owned(),
                    column: (*heading).clone(),
                    found: a.to_owned(),
                    expected: b.to_owned(),
                });
            }
        }
    }
    let (found, expected) = (subject.len(), reference.len());
    let longer = if found > expected { &subject.rows } else { &reference.rows };
    let beyond = longer.get(found.min(expected))?;
    Some(Difference::Length { found, expected, row: beyond.iter().collect::<Vec<_>>().join(",") })
}

fn are_close(found: &str, expected: &str, tolerance: Tolerance) -> bool {
    if found == expected || is_same_decimal(found, expected) {
        return true;
    }
    let (Ok(a), Ok(b)) = (found.parse::<f64>(), expected.parse::<f64>()) else { return false };
    let most = match tolerance {
        Tolerance::Absolute(most) => most,
        Tolerance::Percent(percent) => b.abs() * percent / 100.0,
    };
    most > 0.0 && (a - b).abs() <= most
}

/// Decimal by decimal: times to the nanosecond have more digits than a double.
fn is_same_decimal(a: &str, b: &str) -> bool {
    fn parts(text: &str) -> Option<(bool, &str, &str)> {
        let (negative, digits) = text.strip_prefix('-').map_or((false, text), |digits| (true, digits));
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let is_number =
            !whole.is_empty() && whole.bytes().chain(fraction.bytes()).all(|c| c.is_ascii_digit());
        is_number.then(|| (negative, whole.trim_start_matches('0'), fraction.trim_end_matches('0')))
    }
    matches!((parts(a), parts(b)), (Some(a), Some(b)) if a == b)
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoColumn(column) => write!(f, "no column {column}"),
            Self::Cell { row, time, column, found, expected } => {
                let shown = |text: &str| if text.is_empty() { "empty".to_owned() } else { text.to_owned() };
                write!(
                    f,
                    "row {row} (time {time}): {column} is {}, expected {}",
                    shown(found),
                    shown(expected)
                )?;
                let (Ok(a), Ok(b)) = (found.parse::<f64>(), expected.parse::<f64>()) else { return Ok(()) };
                match round_to_digits(a - b) {
                    // Closer than doubles can tell.
                    0.0 => Ok(()),
                    apart if b != 0.0 => write!(f, ": {apart} apart, {:.4} %", 100.0 * (a - b) / b.abs()),
                    apart => write!(f, ": {apart} apart"),
                }
            }
            Self::Length { found, expected, row } => {
                let which = if found > expected { "unexpected" } else { "missing" };
                write!(f, "{found} rows, expected {expected}; the first that is {which}: {row}")
            }
        }
    }
}

/// What is left of a difference between decimals in doubles.
fn round_to_digits(difference: f64) -> f64 {
    (difference * 1e9).round() / 1e9
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(text: &str) -> Rows {
        Rows::parse(text.as_bytes()).unwrap()
    }

    fn difference(found: &str, expected: &str, tolerances: &[(&str, Tolerance)]) -> Option<String> {
        let tolerances =
            tolerances.iter().map(|(column, tolerance)| ((*column).to_owned(), *tolerance)).collect();
        let difference = first_difference(&table(found), &table(expected), &Tolerances(tolerances), false);
        difference.map(|difference| difference.to_string())
    }

    #[test]
    fn numbers_are_compared_as_numbers_to_the_last_digit() {
        assert_eq!(difference("t,x\n1.0,abc\n", "t,x\n1.000,abc\n", &[]), None);
        assert_eq!(
            difference("t,x\n1700000000.000000001,7\n", "t,x\n1700000000.000000002,7\n", &[]).unwrap(),
            "row 1 (time 1700000000.000000002): t is 1700000000.000000001, expected 1700000000.000000002"
        );
        assert_eq!(
            difference("t,x\n1,2\n2,1999999\n", "t,x\n1,2\n2,2000000\n", &[]).unwrap(),
            "row 2 (time 2): x is 1999999, expected 2000000: -1 apart, -0.0001 %"
        );
        assert!(difference("t,x\n1,\n", "t,x\n1,0\n", &[]).unwrap().contains("x is empty, expected 0"));
    }

    #[test]
    fn a_tolerance_is_absolute_or_relative_and_holds_at_its_limit() {
        let (found, expected) = ("t,x\n1.02,102\n", "t,x\n1,100\n");
        let loose = [("t", Tolerance::Absolute(0.02001)), ("x", Tolerance::Percent(2.0))];
        assert_eq!(difference(found, expected, &loose), None);
        let tight = [("t", Tolerance::Absolute(0.02001)), ("x", Tolerance::Percent(1.9))];
        assert!(difference(found, expected, &tight).unwrap().contains("x is 102"));
    }

    #[test]
    fn rows_and_columns_that_only_one_has_are_named() {
        assert_eq!(
            difference("t\n1\n2\n", "t\n1\n", &[]).unwrap(),
            "2 rows, expected 1; the first that is unexpected: 2"
        );
        assert!(difference("t\n1\n", "t\n1\n2\n", &[]).unwrap().contains("the first that is missing: 2"));
        assert_eq!(difference("t\n1\n", "t,x\n1,2\n", &[]).unwrap(), "no column x");
        let shared = first_difference(&table("t\n1\n"), &table("t,x\n1,2\n"), &Tolerances::default(), true);
        assert_eq!(shared, None);
        assert_eq!(difference("new,t\n9,1\n", "t\n1\n", &[]), None, "columns may be added");
    }
}

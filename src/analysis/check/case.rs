//! A case file: TOML, every key checked.

use std::path::PathBuf;

use serde::Deserialize;
use toml::Value;

use super::error::CaseError;
use super::expect::Expectation;
use super::table::{Tolerance, Tolerances};
use crate::report::tables::{ESTIMATE_COLUMNS, REMB_COLUMNS};

/// What to replay, and what must come of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// The case file's name without its suffix.
    pub name: String,
    /// The capture; relative to the case file.
    pub input: PathBuf,
    /// SHA-256 of the capture, in hex.
    pub sha256: Option<String>,
    /// Flags of `replay`.
    pub args: Vec<String>,
    /// CSV files that the result must equal, relative to the case file.
    pub goldens: Vec<Golden>,
    /// Another estimator's `remb.csv`, which takes the place of our result.
    pub candidate: Option<PathBuf>,
    /// How far a candidate may be from what it is held against, as step functions; without it row by row.
    pub distance: Option<Distance>,
    /// How far apart columns may be.
    pub tolerances: Tolerances,
    /// What the summary must say.
    pub expectations: Vec<Expectation>,
    /// The exit code of the replay.
    pub exit: i64,
    /// Why it is not run.
    pub skip: Option<String>,
}

/// A CSV file that the result must equal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Golden {
    /// Relative to the case file.
    pub path: PathBuf,
    /// What it is, where the case says it; else its header does.
    pub table: Option<Table>,
}

/// Results that can be goldens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Table {
    /// `remb.csv`.
    Remb,
    /// `estimate.csv`.
    Estimate,
}

/// Limits of the distance between two series of REMBs.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Distance {
    /// The largest median error, percent.
    pub max_median: Option<f64>,
    /// The least share of the time within 5 %, percent.
    pub min_within_5: Option<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    input: PathBuf,
    sha256: Option<String>,
    #[serde(default)]
    args: Vec<String>,
    golden: Option<RawGolden>,
    candidate: Option<PathBuf>,
    distance: Option<toml::Table>,
    #[serde(default)]
    tolerance: toml::Table,
    #[serde(default)]
    expect: toml::Table,
    skip: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum RawGolden {
    One(PathBuf),
    Several(Vec<PathBuf>),
    Named(NamedGoldens),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NamedGoldens {
    remb: Option<PathBuf>,
    estimate: Option<PathBuf>,
}

impl RawGolden {
    fn goldens(self) -> Vec<Golden> {
        let unnamed = |path| Golden { path, table: None };
        match self {
            Self::One(path) => vec![unnamed(path)],
            Self::Several(paths) => paths.into_iter().map(unnamed).collect(),
            Self::Named(NamedGoldens { remb, estimate }) => {
                let named = [(remb, Table::Remb), (estimate, Table::Estimate)].into_iter();
                named.filter_map(|(path, table)| Some(Golden { path: path?, table: Some(table) })).collect()
            }
        }
    }
}

impl Case {
    /// Reads a case file.
    ///
    /// # Errors
    /// If it is no TOML, or has an unknown key or an impossible value.
    pub fn parse(name: &str, text: &str) -> Result<Self, CaseError> {
        let raw: Raw = toml::from_str(text).map_err(|error| CaseError::Syntax(error.to_string()))?;
        let mut expectations = Vec::new();
        let mut exit = 0;
        for (key, value) in &raw.expect {
            match (key.as_str(), value) {
                ("exit", Value::Integer(code)) => exit = *code,
                _ => expectations.push(Expectation::new(key, value)?),
            }
        }
        let case = Self {
            name: name.to_owned(),
            input: raw.input,
            sha256: raw.sha256,
            args: raw.args,
            goldens: raw.golden.map(RawGolden::goldens).unwrap_or_default(),
            candidate: raw.candidate,
            distance: raw.distance.as_ref().map(distance).transpose()?,
            tolerances: tolerances(&raw.tolerance)?,
            expectations,
            exit,
            skip: raw.skip,
        };
        case.check()?;
        Ok(case)
    }

    fn check(&self) -> Result<(), CaseError> {
        let wrong =
            |key: &str, what: &str| Err(CaseError::Key { key: key.to_owned(), what: what.to_owned() });
        if self.distance.is_some() && self.candidate.is_none() {
            return wrong("distance", "goes with a candidate; goldens are held row by row");
        }
        if self.candidate.is_some() && self.goldens.len() > 1 {
            return wrong("golden", "a candidate is held against one golden, or against our own replay");
        }
        let is_hash = |hash: &String| hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !self.sha256.as_ref().is_none_or(is_hash) {
            return wrong("sha256", "no SHA-256 in hexadecimal digits");
        }
        if self.goldens.is_empty()
            && self.candidate.is_none()
            && self.expectations.is_empty()
            && self.exit == 0
        {
            return wrong(
                "golden",
                "nothing to hold the result against: no golden, candidate or expectation",
            );
        }
        Ok(())
    }
}

fn distance(table: &toml::Table) -> Result<Distance, CaseError> {
    let mut distance = Distance::default();
    for (key, value) in table {
        let limit = percent(value);
        match (key.as_str(), limit) {
            ("max_median", Some(_)) => distance.max_median = limit,
            ("min_within_5", Some(_)) => distance.min_within_5 = limit,
            _ => {
                let what = "max_median and min_within_5 are percentages, such as \"2%\"".to_owned();
                return Err(CaseError::Key { key: format!("distance.{key}"), what });
            }
        }
    }
    Ok(distance)
}

fn percent(value: &Value) -> Option<f64> {
    let number = match value {
        Value::String(text) => text.strip_suffix('%')?.trim().parse().ok()?,
        Value::Integer(number) => *number as f64,
        Value::Float(number) => *number,
        _ => return None,
    };
    (number >= 0.0).then_some(number)
}

fn tolerances(table: &toml::Table) -> Result<Tolerances, CaseError> {
    let mut tolerances = Tolerances::default();
    for (column, value) in table {
        let wrong =
            |what: &str| Err(CaseError::Key { key: format!("tolerance.{column}"), what: what.to_owned() });
        if !REMB_COLUMNS.contains(&column.as_str()) && !ESTIMATE_COLUMNS.contains(&column.as_str()) {
            return wrong("no column of remb.csv or estimate.csv");
        }
        let tolerance = match value {
            Value::Integer(number) if *number >= 0 => Tolerance::Absolute(*number as f64),
            Value::Float(number) if *number >= 0.0 => Tolerance::Absolute(*number),
            Value::String(_) => match percent(value) {
                Some(percent) => Tolerance::Percent(percent),
                None => return wrong("a number in the column's unit, or a percentage such as \"2%\""),
            },
            _ => return wrong("a number in the column's unit, or a percentage such as \"2%\""),
        };
        tolerances.0.insert(column.clone(), tolerance);
    }
    Ok(tolerances)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_says_what_to_replay_and_what_must_come_of_it() {
        let case = Case::parse(
            "call",
            r#"
            input = "call.pcap"
            args = ["--rtt", "40ms"]
            golden = ["call.remb.csv", "call.estimate.csv"]
            [tolerance]
            bitrate_bps = "1%"
            time_s = 0.02
            [expect]
            exit = 5
            "flows.0.packets_fed" = [100, 200]
            "#,
        )
        .unwrap();
        assert_eq!((case.input, case.goldens.len(), case.exit), (PathBuf::from("call.pcap"), 2, 5));
        assert_eq!(case.tolerances.of("bitrate_bps"), Tolerance::Percent(1.0));
        assert_eq!(case.tolerances.of("time_s"), Tolerance::Absolute(0.02));
        assert_eq!(case.tolerances.of("flow"), Tolerance::Absolute(0.0));
        assert_eq!(case.expectations.len(), 1);
    }

    #[test]
    fn what_is_wrong_names_its_key_or_line() {
        for (text, expected) in [
            ("inptu = 'x'", "unknown field `inptu`"),
            ("input = 3", "line 1"),
            ("input = 'x'", "'golden': nothing to hold the result against"),
            ("input = 'x'\ngolden = 'g'\n[tolerance]\nbitrate = 1", "'tolerance.bitrate': no column"),
            ("input = 'x'\ngolden = 'g'\n[tolerance]\ntime_s = '20 ms'", "'tolerance.time_s': a number"),
            ("input = 'x'\ngolden = 'g'\nsha256 = 'abc'", "'sha256': no SHA-256"),
            ("input = 'x'\ngolden = 'g'\n[distance]\nmax_median = '2%'", "'distance': goes with a candidate"),
            ("input = 'x'\ncandidate = 'c'\n[distance]\nmedian = '2%'", "'distance.median': max_median and"),
            ("input = 'x'\n[expect]\n\"flows.0\" = [3, 1]", "'expect.flows.0': a range"),
        ] {
            let message = Case::parse("case", text).unwrap_err().to_string();
            assert!(message.contains(expected), "{text}: {message}");
        }
    }
}

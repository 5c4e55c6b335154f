//! What a summary must say: values by their path in `summary.json`.

use serde_json::Value as Json;
use toml::Value;

use super::error::CaseError;

/// A value of the summary, and what it must be.
#[derive(Debug, Clone, PartialEq)]
pub struct Expectation {
    /// Keys and places, with points between them: `flows.0.packets_fed`.
    pub path: String,
    expected: Expected,
}

#[derive(Debug, Clone, PartialEq)]
enum Expected {
    Range(f64, f64),
    Text(String),
    Truth(bool),
    /// Exactly these codes, in any order.
    Codes(Vec<String>),
}

impl Expectation {
    /// From a line of `[expect]`: a number, a range `[min, max]`, a text, or true and false; for `warnings` all codes.
    pub(super) fn new(path: &str, value: &Value) -> Result<Self, CaseError> {
        let number = |value: &Value| match value {
            Value::Integer(number) => Some(*number as f64),
            Value::Float(number) => Some(*number),
            _ => None,
        };
        let wrong = |what: &str| Err(CaseError::Key { key: format!("expect.{path}"), what: what.to_owned() });
        let expected = match value {
            Value::Array(codes) if path == "warnings" => {
                let codes: Option<Vec<_>> =
                    codes.iter().map(|code| code.as_str().map(str::to_owned)).collect();
                match codes {
                    Some(codes) => Expected::Codes(codes),
                    None => return wrong("a list of codes"),
                }
            }
            Value::Array(bounds) => match bounds.iter().map(number).collect::<Option<Vec<_>>>().as_deref() {
                Some([min, max]) if min <= max => Expected::Range(*min, *max),
                _ => return wrong("a range is two numbers, the smaller first"),
            },
            Value::String(text) => Expected::Text(text.clone()),
            Value::Boolean(truth) => Expected::Truth(*truth),
            value => match number(value) {
                Some(number) => Expected::Range(number, number),
                None => return wrong("a number, a range, a text, true or false"),
            },
        };
        Ok(Self { path: path.to_owned(), expected })
    }

    /// Why it is not met, if it is not.
    fn unmet(&self, summary: &Json) -> Option<String> {
        if let Expected::Codes(codes) = &self.expected {
            return unmet_codes(codes, summary);
        }
        let Some(found) = find(summary, &self.path) else {
            return Some(format!("expect {}: the summary has no such value", self.path));
        };
        let is_met = match (&self.expected, found) {
            (Expected::Range(min, max), Json::Number(number)) => {
                number.as_f64().is_some_and(|number| (*min..=*max).contains(&number))
            }
            (Expected::Text(text), Json::String(found)) => text == found,
            (Expected::Truth(truth), Json::Bool(found)) => truth == found,
            _ => false,
        };
        let expected = match &self.expected {
            Expected::Range(min, max) if min == max => min.to_string(),
            Expected::Range(min, max) => format!("{min} … {max}"),
            Expected::Text(text) => format!("\"{text}\""),
            Expected::Truth(truth) => truth.to_string(),
            Expected::Codes(_) => String::new(),
        };
        (!is_met).then(|| format!("expect {}: is {found}, expected {expected}", self.path))
    }
}

/// All expectations that are not met, each in a sentence.
pub(super) fn unmet(expectations: &[Expectation], summary: &Json) -> Vec<String> {
    expectations.iter().filter_map(|expectation| expectation.unmet(summary)).collect()
}

fn unmet_codes(codes: &[String], summary: &Json) -> Option<String> {
    let of = |warning: &Json| warning.get("code").and_then(Json::as_str).map(str::to_owned);
    let warnings = summary.get("warnings").and_then(Json::as_array);
    let mut found: Vec<_> = warnings.into_iter().flatten().filter_map(of).collect();
    found.retain(|code| code.starts_with("W-"));
    let mut expected = codes.to_vec();
    for list in [&mut found, &mut expected] {
        list.sort();
        list.dedup();
    }
    (found != expected)
        .then(|| format!("expect warnings: are [{}], expected [{}]", found.join(", "), expected.join(", ")))
}

fn find<'a>(summary: &'a Json, path: &str) -> Option<&'a Json> {
    path.split('.').try_fold(summary, |value, key| match value {
        Json::Array(values) => values.get(key.parse::<usize>().ok()?),
        _ => value.get(key),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unmet_of(path: &str, value: Value) -> Option<String> {
        let summary = serde_json::json!({
            "flows": [{"packets_fed": 7, "last": {"usage": "normal"}, "srtp": {"encrypted": false}}],
            "warnings": [{"code": "W-B"}, {"code": "N-C"}, {"code": "W-A"}, {"code": "W-A"}],
        });
        Expectation::new(path, &value).unwrap().unmet(&summary)
    }

    #[test]
    fn values_are_found_by_their_path() {
        assert_eq!(unmet_of("flows.0.packets_fed", 7.into()), None);
        assert_eq!(unmet_of("flows.0.packets_fed", Value::Array(vec![7.into(), 9.into()])), None);
        assert_eq!(unmet_of("flows.0.last.usage", "normal".into()), None);
        assert_eq!(unmet_of("flows.0.srtp.encrypted", false.into()), None);
        let below = unmet_of("flows.0.packets_fed", Value::Array(vec![8.into(), 9.into()]));
        assert_eq!(below.unwrap(), "expect flows.0.packets_fed: is 7, expected 8 … 9");
        assert!(unmet_of("flows.1.packets_fed", 7.into()).unwrap().ends_with("no such value"));
        assert!(unmet_of("flows.0.last.usage", 3.into()).is_some());
    }

    #[test]
    fn warnings_are_these_and_no_others() {
        let codes = |codes: &[&str]| Value::Array(codes.iter().map(|code| (*code).into()).collect());
        assert_eq!(unmet_of("warnings", codes(&["W-A", "W-B"])), None);
        let missing = unmet_of("warnings", codes(&["W-A"])).unwrap();
        assert_eq!(missing, "expect warnings: are [W-A, W-B], expected [W-A]");
    }
}

//! Parameters by name, before they are checked.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use super::{ConfigError, Parameters, Profile};

/// Values of parameters by stage and name, some or all, not yet held to anything; as a text they are TOML.
///
/// ```
/// use remb_replay::config::{ByName, Parameters};
///
/// let mut given: ByName = "[remb]\ninterval = \"500ms\"".parse()?;
/// given.set("overuse.max_threshold=700")?;
/// assert_eq!(Parameters::from_names(&given)?.remb.interval.as_micros(), 500_000);
/// # Ok::<(), remb_replay::config::ConfigError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ByName(pub(super) Table);

impl ByName {
    /// Takes `stage.name = value`, the value being read as the parameter's own kind.
    ///
    /// # Errors
    /// There is no such parameter, or it has values of another kind.
    pub fn set(&mut self, assignment: &str) -> Result<(), ConfigError> {
        let (name, text) = assignment.split_once('=').ok_or_else(|| ConfigError::Value {
            name: assignment.to_owned(),
            reason: "NAME=VALUE is needed".to_owned(),
        })?;
        let (name, text) = (name.trim(), text.trim());
        let defaults = Parameters::default().to_table();
        let default = lookup(&defaults, name).ok_or_else(|| ConfigError::Unknown(name.to_owned()))?;
        let refused =
            |reason: &str| ConfigError::Value { name: name.to_owned(), reason: format!("'{text}' {reason}") };
        let value = match default {
            Value::Integer(_) => Value::Integer(text.parse().map_err(|_| refused("is no whole number"))?),
            Value::Float(_) => match text.parse::<f64>() {
                Ok(number) if number.is_finite() => Value::Float(number),
                _ => return Err(refused("is no number")),
            },
            Value::Boolean(_) => {
                Value::Boolean(text.parse().map_err(|_| refused("is neither true nor false"))?)
            }
            _ => Value::String(text.to_owned()),
        };
        if let Some((stage, key)) = name.split_once('.') {
            let stage = self.0.entry(stage).or_insert_with(|| Value::Table(Table::new()));
            if let Some(stage) = stage.as_table_mut() {
                stage.insert(key.to_owned(), value);
            }
        }
        Ok(())
    }

    /// The value of `stage.name` as it stands in TOML, a text without its quotes; `None` if it is not among them.
    pub fn value(&self, name: &str) -> Option<String> {
        Some(match lookup(&self.0, name)? {
            Value::String(text) => text.clone(),
            value => value.to_string(),
        })
    }

    /// Takes those of `over` in the place of its own.
    pub fn merge(&mut self, ByName(over): &Self) {
        for (stage, values) in over {
            match (self.0.get_mut(stage).and_then(Value::as_table_mut), values.as_table()) {
                (Some(known), Some(values)) => known.extend(values.clone()),
                _ => {
                    self.0.insert(stage.clone(), values.clone());
                }
            }
        }
    }
}

impl Profile {
    /// What it sets.
    ///
    /// # Errors
    /// None of the profiles that there are.
    pub fn parameters(&self) -> Result<ByName, ConfigError> {
        let mut by_name = ByName::default();
        for (name, value) in self.sets {
            by_name.set(&format!("{name}={value}"))?;
        }
        Ok(by_name)
    }
}

impl FromStr for ByName {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Self, ConfigError> {
        text.parse().map(Self).map_err(|error: toml::de::Error| ConfigError::Syntax(error.to_string()))
    }
}

impl fmt::Display for ByName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

pub(super) fn lookup<'a>(table: &'a Table, name: &str) -> Option<&'a Value> {
    let (stage, key) = name.split_once('.')?;
    table.get(stage)?.get(key)
}

//! The parameters of all stages in one place: TOML in and out, `stage.name = value`, the impossible refused by name.
//!
//! ```
//! use remb_replay::config::Parameters;
//!
//! let mut parameters = Parameters::default();
//! parameters.estimator.overuse.min_threshold = -1.0;
//! let refused = parameters.validate().map_err(|error| error.to_string());
//! assert!(refused.is_err_and(|why| why.contains("overuse.min_threshold")));
//! ```

mod by_name;
mod profiles;
mod table;

use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use remb::RembConfig;
use remb::bwe::EstimatorConfig;

pub use by_name::ByName;
pub use profiles::{PROFILES, Profile};
pub use table::{Parameter, parameters};

use by_name::lookup;
use table::{CHOICES, Kind, RANGES};

/// Every tunable of estimator and schedule.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Parameters {
    /// The estimator's stages.
    #[serde(flatten)]
    pub estimator: EstimatorConfig,
    /// The REMB schedule.
    pub remb: RembConfig,
}

/// Why a parameter is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// No such parameter.
    #[error("unknown parameter '{0}'{hint}", hint = suggestion(.0))]
    Unknown(String),
    /// A value of another kind than the parameter's.
    #[error("parameter '{name}': {reason}")]
    Value {
        /// The parameter.
        name: String,
        /// What is wrong.
        reason: String,
    },
    /// A value outside the parameter's range.
    #[error("parameter '{name}' = {value} is outside {min} … {max}")]
    Range {
        /// The parameter.
        name: String,
        /// The value given.
        value: String,
        /// Smallest value.
        min: String,
        /// Largest value.
        max: String,
    },
    /// A text that is no TOML.
    #[error("{0}")]
    Syntax(String),
    /// Two parameters that exclude each other.
    #[error("parameter '{0}' is above '{1}'")]
    Order(&'static str, &'static str),
}

impl Parameters {
    /// From values by name; unknown names, wrong kinds and values out of range are refused.
    ///
    /// # Errors
    /// The first that is refused.
    pub fn from_names(ByName(table): &ByName) -> Result<Self, ConfigError> {
        check_names(table)?;
        let parameters: Self =
            table.clone().try_into().map_err(|error: toml::de::Error| ConfigError::Value {
                name: offending_name(table).unwrap_or_default(),
                reason: error.message().to_owned(),
            })?;
        parameters.validate()?;
        Ok(parameters)
    }

    /// All parameters with their values.
    pub fn by_name(&self) -> ByName {
        ByName(self.to_table())
    }

    fn to_table(&self) -> Table {
        Table::try_from(self).unwrap_or_default()
    }

    /// Whether every value is in its parameter's range ([`parameters`] lists them). Estimator, schedule and interceptor take
    /// values as they are: one made in code is to be held to this first.
    ///
    /// # Errors
    /// The first value out of range, or two that exclude each other.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let table = self.to_table();
        for range in &RANGES {
            let Some(value) = lookup(&table, range.name) else { continue };
            if !(range.min..=range.max).contains(&Kind::magnitude(value)) {
                let shown = |bound| Kind::of(value).shown(bound);
                let (min, max) = (shown(range.min), shown(range.max));
                let name = range.name.to_owned();
                return Err(ConfigError::Range { name, value: value.to_string(), min, max });
            }
        }
        if self.estimator.overuse.min_threshold > self.estimator.overuse.max_threshold {
            return Err(ConfigError::Order("overuse.min_threshold", "overuse.max_threshold"));
        }
        let trendline = &self.estimator.trendline;
        if trendline.cap && trendline.cap_beginning + trendline.cap_end > trendline.window_size {
            return Err(ConfigError::Order("trendline.cap_beginning + cap_end", "trendline.window_size"));
        }
        Ok(())
    }
}

fn check_names(table: &Table) -> Result<(), ConfigError> {
    let defaults = Parameters::default().to_table();
    for (stage, values) in table {
        let known = defaults.get(stage).and_then(Value::as_table);
        let (Some(known), Some(values)) = (known, values.as_table()) else {
            return Err(ConfigError::Unknown(stage.clone()));
        };
        if let Some(key) = values.keys().find(|key| !known.contains_key(*key)) {
            return Err(ConfigError::Unknown(format!("{stage}.{key}")));
        }
    }
    Ok(())
}

/// The first parameter that alone is refused.
fn offending_name(table: &Table) -> Option<String> {
    let pairs = table.iter().filter_map(|(stage, values)| Some((stage, values.as_table()?)));
    pairs.flat_map(|(stage, values)| values.iter().map(move |(key, value)| (stage, key, value))).find_map(
        |(stage, key, value)| {
            let single = Table::from_iter([(key.clone(), value.clone())]);
            let alone = Table::from_iter([(stage.clone(), Value::Table(single))]);
            Parameters::deserialize(alone).is_err().then(|| format!("{stage}.{key}"))
        },
    )
}

/// The known name that is spelled most alike: of a parameter, or where the name has no stage of any of its parts.
fn suggestion(name: &str) -> String {
    let known = RANGES.iter().map(|range| range.name).chain(CHOICES.iter().map(|choice| choice.name));
    let distance = |known: &str| {
        let key = |name: &str| name.rsplit('.').next().unwrap_or_default().to_owned();
        match (name.contains('.'), known.split_once('.')) {
            // The right name in the wrong stage, or its beginning.
            (true, _) if key(name) == key(known) => 0,
            (true, _) if known.starts_with(name) => 1,
            (false, Some((stage, of_stage))) => edits(name, of_stage).min(edits(name, stage)),
            _ => edits(name, known),
        }
    };
    let nearest = known.map(|known| (distance(known), known)).min_by_key(|(distance, _)| *distance);
    let is_near = |distance: usize| distance <= MAX_EDITS.max(name.len() / 4);
    nearest
        .filter(|(distance, _)| is_near(*distance))
        .map(|(_, known)| format!("; did you mean '{known}'?"))
        .unwrap_or_default()
}

/// So many letters may be wrong in a name of any length.
const MAX_EDITS: usize = 2;

/// How many letters are to be added, dropped or changed to make one word of the other.
fn edits(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (done, letter) in a.chars().enumerate() {
        let mut above_left = done;
        let mut left = done + 1;
        for (cell, other) in row.iter_mut().zip(std::iter::once(None).chain(b.chars().map(Some))) {
            let Some(other) = other else {
                *cell = left;
                continue;
            };
            let changed = above_left + usize::from(letter != other);
            above_left = *cell;
            left = changed.min(*cell + 1).min(left + 1);
            *cell = left;
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::TimeDelta;

    fn parameters(assignments: &[&str]) -> Result<Parameters, ConfigError> {
        let mut by_name = ByName::default();
        assignments.iter().try_for_each(|assignment| by_name.set(assignment))?;
        Parameters::from_names(&by_name)
    }

    #[test]
    fn every_parameter_has_a_range_and_every_range_a_parameter() {
        let defaults = Parameters::default().to_table();
        let names = RANGES.iter().map(|range| range.name).chain(CHOICES.iter().map(|choice| choice.name));
        for name in names {
            assert!(lookup(&defaults, name).is_some(), "{name}");
        }
        let count: usize = defaults.values().filter_map(Value::as_table).map(Table::len).sum();
        assert_eq!(count, RANGES.len() + CHOICES.len());
        assert_eq!(Parameters::default().validate(), Ok(()));
    }

    #[test]
    fn every_default_can_be_set_as_it_is_printed() {
        for parameter in super::parameters() {
            let assignment = format!("{}={}", parameter.name, parameter.default);
            assert_eq!(parameters(&[&assignment]), Ok(Parameters::default()), "{assignment}");
        }
    }

    #[test]
    fn every_profile_is_made_of_parameters() {
        let of = |name| {
            let by_name = Profile::find(name).unwrap().parameters().unwrap();
            Parameters::from_names(&by_name).unwrap()
        };
        assert_eq!(of("libwebrtc"), Parameters::default());
        let draft = of("gcc-draft-02").estimator;
        assert_eq!((draft.overuse.gain_up_per_ms, draft.overuse.gain_down_per_ms), (0.01, 0.00018));
        assert_eq!((draft.kalman.initial_slope_variance, draft.overuse.max_weight), (0.0, 1));
    }

    #[test]
    fn parameters_made_in_code_are_held_to_the_same_ranges() {
        let mut made = Parameters::default();
        made.remb.interval = TimeDelta::ZERO;
        assert!(matches!(made.validate(), Err(ConfigError::Range { name, .. }) if name == "remb.interval"));
    }

    #[test]
    fn an_assignment_reaches_its_stage() {
        let set =
            parameters(&["rate_control.backoff_factor=0.9", "remb.interval = 500ms", "streams.timeout=3s"]);
        let set = set.unwrap();
        assert_eq!(set.estimator.rate_control.backoff_factor, 0.9);
        assert_eq!(set.remb.interval, TimeDelta::from_millis(500));
        assert_eq!(set.estimator.streams.timeout, TimeDelta::from_secs(3));
    }

    #[test]
    fn the_unknown_and_the_impossible_are_refused_by_name() {
        for (assignment, expected) in [
            (
                "rate_control.backof=0.9",
                "unknown parameter 'rate_control.backof'; did you mean 'rate_control.backoff_",
            ),
            (
                "rate_control.backof_factor=0.9",
                "unknown parameter 'rate_control.backof_factor'; did you mean 'rate_control.backoff_factor'?",
            ),
            (
                "backoff_factor=0.9",
                "unknown parameter 'backoff_factor'; did you mean 'rate_control.backoff_factor'?",
            ),
            ("remb.shedule=1", "unknown parameter 'remb.shedule'; did you mean 'remb.scheduler'?"),
            ("kalman.filter=1", "unknown parameter 'kalman.filter'; did you mean 'controller.filter'?"),
            ("nonsense=1", "unknown parameter 'nonsense'"),
            (
                "rate_control.backoff_factor=1.5",
                "parameter 'rate_control.backoff_factor' = 1.5 is outside 0.01 … 0.999",
            ),
            (
                "rate_control.backoff_factor=NaN",
                "parameter 'rate_control.backoff_factor': 'NaN' is no number",
            ),
            ("remb.interval=1ms", "parameter 'remb.interval' = \"1ms\" is outside 10ms … 3600s"),
            ("remb.interval=soon", "parameter 'remb.interval': 'soon' is no duration"),
            ("probe.max_probes=-3", "parameter 'probe.max_probes': "),
            ("remb.scheduler=never", "parameter 'remb.scheduler': unknown variant"),
            ("rate_control.backoff_factor", "parameter 'rate_control.backoff_factor': NAME=VALUE is needed"),
            ("trendline.sort=1", "parameter 'trendline.sort': '1' is neither true nor false"),
        ] {
            let message = parameters(&[assignment]).unwrap_err().to_string();
            assert!(message.starts_with(expected), "{message}");
        }
        let cap = parameters(&["trendline.window_size=12", "trendline.cap=true"]).unwrap_err();
        let expected = "parameter 'trendline.cap_beginning + cap_end' is above 'trendline.window_size'";
        assert_eq!(cap.to_string(), expected);
        let swapped = parameters(&["overuse.min_threshold=700"]).unwrap_err();
        assert_eq!(swapped.to_string(), "parameter 'overuse.min_threshold' is above 'overuse.max_threshold'");
    }

    #[test]
    fn words_are_so_many_letters_apart() {
        for (a, b, apart) in
            [("", "", 0), ("", "ab", 2), ("abc", "", 3), ("kitten", "sitting", 3), ("µs", "ms", 1)]
        {
            assert_eq!((edits(a, b), edits(b, a)), (apart, apart), "{a} {b}");
        }
    }

    #[test]
    fn what_is_written_reads_back() {
        let changed = parameters(&["kalman.process_noise_offset=0.002", "remb.scheduler=libwebrtc"]).unwrap();
        let text = changed.by_name().to_string();
        assert_eq!(Parameters::from_names(&text.parse().unwrap()), Ok(changed));
        let refused = "remb.interval=".parse::<ByName>().unwrap_err();
        assert!(matches!(refused, ConfigError::Syntax(_)), "{refused}");
    }
}

//! The points of a sweep: the product of its axes.

use crate::config::{ConfigError, Parameter, parameters};
use crate::units::{Bitrate, TimeDelta};

/// More points are a mistake.
pub const MAX_POINTS: usize = 10_000;

/// A parameter and the values that it takes, written as `--set` takes them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Axis {
    /// The parameter.
    pub name: String,
    /// Its values, in order.
    pub values: Vec<String>,
}

/// All axes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grid {
    /// In the order given; the last one runs fastest.
    pub axes: Vec<Axis>,
}

/// Why a sweep is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GridError {
    /// Not written as a list or range is.
    #[error("'{0}': {1}")]
    Form(String, &'static str),
    /// A parameter that is none.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Two axes with one parameter.
    #[error("'{0}' is swept twice")]
    Twice(String),
    /// A value that stands twice in a list.
    #[error("'{0}': the value {1} stands there twice")]
    Repeated(String, String),
    /// The product is too large.
    #[error("{0} points; {MAX_POINTS} at most")]
    TooMany(usize),
}

impl Axis {
    /// From `NAME=a,b,c`.
    ///
    /// # Errors
    /// If it has another form.
    pub fn list(text: &str) -> Result<Self, GridError> {
        let form = |what| GridError::Form(text.to_owned(), what);
        let (name, values) = text.split_once('=').ok_or_else(|| form("NAME=a,b,c is needed"))?;
        let values: Vec<_> = values.split(',').map(|value| value.trim().to_owned()).collect();
        if values.iter().any(String::is_empty) {
            return Err(form("a value is empty"));
        }
        let name = name.trim();
        let scale = parameters().iter().find(|parameter| parameter.name == name).and_then(Scale::of);
        // However it is written: 0.5 and 0.50 are one point.
        let same = |a: &String, b: &String| {
            a == b || scale.is_some_and(|scale| scale.read(a).is_some() && scale.read(a) == scale.read(b))
        };
        let repeated = values
            .iter()
            .enumerate()
            .find(|(place, value)| values.iter().take(*place).any(|other| same(value, other)));
        if let Some((_, value)) = repeated {
            return Err(GridError::Repeated(text.to_owned(), value.clone()));
        }
        Ok(Self { name: name.to_owned(), values })
    }

    /// From `NAME=low:high:step`, both ends included, in the parameter's own unit.
    ///
    /// # Errors
    /// If it has another form, or the parameter is unknown or no number.
    pub fn range(text: &str) -> Result<Self, GridError> {
        let form = |what| GridError::Form(text.to_owned(), what);
        let (name, bounds) = text.split_once('=').ok_or_else(|| form("NAME=low:high:step is needed"))?;
        let name = name.trim();
        let [low, high, step] = bounds.split(':').map(str::trim).collect::<Vec<_>>()[..] else {
            return Err(form("NAME=low:high:step is needed"));
        };
        let known = parameters().into_iter().find(|parameter| parameter.name == name);
        let parameter = known.ok_or_else(|| ConfigError::Unknown(name.to_owned()))?;
        let scale =
            Scale::of(&parameter).ok_or_else(|| form("a range needs a parameter that is a number"))?;
        let read =
            |text| scale.read(text).ok_or_else(|| form("low, high and step are of the parameter's kind"));
        let (low, high, step) = (read(low)?, read(high)?, read(step)?);
        let is_whole = [low, high, step].iter().all(|value| value.fract() == 0.0);
        if parameter.kind == "integer" && !is_whole {
            return Err(form("low, high and step must be whole numbers, as the parameter is"));
        }
        if step <= 0.0 || high < low {
            return Err(form("low must not be above high, and step must be above zero"));
        }
        // A rounding error must not cost the last value.
        let count = ((high - low) / step + 1e-9).floor() + 1.0;
        if count > MAX_POINTS as f64 {
            return Err(GridError::TooMany(count as usize));
        }
        let values: Vec<_> = (0..count as usize).map(|n| scale.write(low + n as f64 * step)).collect();
        if values.windows(2).any(|pair| matches!(pair, [a, b] if a == b)) {
            return Err(form("the step is too small to be told apart"));
        }
        Ok(Self { name: name.to_owned(), values })
    }
}

/// How a parameter's numbers are written.
#[derive(Debug, Clone, Copy)]
enum Scale {
    Integer,
    Number,
    Duration,
    Rate,
}

impl Scale {
    fn of(parameter: &Parameter) -> Option<Self> {
        match parameter.kind.as_str() {
            "integer" => Some(Self::Integer),
            "number" => Some(Self::Number),
            "duration" => Some(Self::Duration),
            "bit rate" => Some(Self::Rate),
            _ => None,
        }
    }

    fn read(self, text: &str) -> Option<f64> {
        match self {
            Self::Integer | Self::Number => text.parse().ok().filter(|number: &f64| number.is_finite()),
            Self::Duration => text.parse::<TimeDelta>().ok().map(|duration| duration.as_micros() as f64),
            Self::Rate => text.parse::<Bitrate>().ok().map(|rate| rate.as_bps() as f64),
        }
    }

    fn write(self, value: f64) -> String {
        match self {
            Self::Integer => format!("{value:.0}"),
            // Twelve digits, so that 0.1 + 2 × 0.1 is 0.3.
            Self::Number => {
                let rounded: f64 = format!("{value:.11e}").parse().unwrap_or(value);
                rounded.to_string()
            }
            Self::Duration => TimeDelta::from_micros(libm::round(value) as i64).to_string(),
            Self::Rate => Bitrate::from_bps(libm::round(value) as i64).to_string(),
        }
    }
}

impl Grid {
    /// Joins axes.
    ///
    /// # Errors
    /// If two have the same parameter, or there are too many points.
    pub fn new(axes: Vec<Axis>) -> Result<Self, GridError> {
        for (place, axis) in axes.iter().enumerate() {
            if axes.iter().skip(place + 1).any(|other| other.name == axis.name) {
                return Err(GridError::Twice(axis.name.clone()));
            }
        }
        let points = axes.iter().fold(1_usize, |points, axis| points.saturating_mul(axis.values.len()));
        if points > MAX_POINTS {
            return Err(GridError::TooMany(points));
        }
        Ok(Self { axes })
    }

    /// The values of every point, in the order of the axes.
    pub fn points(&self) -> Vec<Vec<String>> {
        let mut points = vec![Vec::new()];
        for axis in &self.axes {
            points = points
                .iter()
                .flat_map(|point| {
                    axis.values.iter().map(|value| {
                        let mut longer = point.clone();
                        longer.push(value.clone());
                        longer
                    })
                })
                .collect();
        }
        points
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_in_the_parameters_own_unit_and_have_both_ends() {
        let values = |text| Axis::range(text).unwrap().values;
        assert_eq!(values("rate_control.backoff_factor=0.7:1:0.1"), ["0.7", "0.8", "0.9", "1"]);
        assert_eq!(values("streams.timeout=1s:2s:500ms"), ["1s", "1500ms", "2s"]);
        assert_eq!(values("rate_control.min_bitrate=5kbps:15kbps:5kbps"), ["5kbps", "10kbps", "15kbps"]);
        assert_eq!(values("probe.max_probes=10:20:7"), ["10", "17"]);
        assert_eq!(values("overuse.gain_up_per_ms=0.0087:0.0087:1"), ["0.0087"]);
    }

    #[test]
    fn points_are_the_product_and_the_last_axis_runs_fastest() {
        let grid = Grid::new(vec![Axis::list("a=1,2").unwrap(), Axis::list("b=x, y").unwrap()]).unwrap();
        assert_eq!(grid.points(), [["1", "x"], ["1", "y"], ["2", "x"], ["2", "y"]]);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, expected) in [
            ("a", "NAME=low:high:step is needed"),
            ("overuse.max_weight=1:2", "NAME=low:high:step is needed"),
            ("overuse.max_wait=1:2:1", "unknown parameter 'overuse.max_wait'"),
            ("overuse.max_weight=3:2:1", "low must not be above high"),
            ("overuse.max_weight=1:2:0", "step must be above zero"),
            ("controller.filter=1:2:1", "a range needs a parameter that is a number"),
            ("streams.timeout=1:2:1", "of the parameter's kind"),
            ("overuse.gain_up_per_ms=0:10:0.0001", "100001 points"),
            ("overuse.max_weight=1:3:0.5", "must be whole numbers, as the parameter is"),
            ("overuse.gain_up_per_ms=1:1.00000000000005:1e-14", "too small to be told apart"),
        ] {
            let message = Axis::range(text).unwrap_err().to_string();
            assert!(message.contains(expected), "{text}: {message}");
        }
        assert!(matches!(Axis::list("a=1,,2"), Err(GridError::Form(..))));
        for text in ["a=1,2,1", "rate_control.backoff_factor=0.5,0.50", "streams.timeout=1s,1000ms"] {
            assert!(matches!(Axis::list(text), Err(GridError::Repeated(..))), "{text}");
        }
        let axis = Axis::list("a=1").unwrap();
        assert!(matches!(Grid::new(vec![axis.clone(), axis]), Err(GridError::Twice(_))));
    }
}

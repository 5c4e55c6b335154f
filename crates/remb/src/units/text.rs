//! Durations and bit rates as a person writes them: `200ms`, `1.5s`, `300kbps`, `2.5Mbps`.

use std::fmt;
use std::str::FromStr;

use super::{Bitrate, TimeDelta};

/// Why a text is no duration or bit rate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{text}' is no {what}")]
pub struct ParseQuantityError {
    text: String,
    what: &'static str,
}

const DURATION_UNITS: [(&str, f64); 6] =
    [("us", 1.0), ("µs", 1.0), ("ms", 1e3), ("s", 1e6), ("min", 6e7), ("h", 3.6e9)];
const RATE_UNITS: [(&str, f64); 7] =
    [("", 1.0), ("bps", 1.0), ("kbps", 1e3), ("Mbps", 1e6), ("Gbps", 1e9), ("kbit/s", 1e3), ("Mbit/s", 1e6)];

/// A number and its unit as a whole count of the base unit, nearest; `None` if it is not one.
fn parse(text: &str, units: &[(&str, f64)]) -> Option<i64> {
    let text = text.trim();
    let split = text.find(|c: char| !(c.is_ascii_digit() || "+-.".contains(c))).unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(split)?;
    let (_, factor) = units.iter().find(|(name, _)| *name == unit.trim())?;
    let value = libm::round(number.parse::<f64>().ok()? * factor);
    (value.abs() < 9e15).then_some(value as i64)
}

impl FromStr for TimeDelta {
    type Err = ParseQuantityError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let what = "duration (such as 200ms, 1.5s; a unit is needed)";
        parse(text, &DURATION_UNITS)
            .map(Self::from_micros)
            .ok_or_else(|| ParseQuantityError { text: text.to_owned(), what })
    }
}

impl FromStr for Bitrate {
    type Err = ParseQuantityError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let what = "bit rate (such as 300kbps, 2.5Mbps, or plain bit/s)";
        parse(text, &RATE_UNITS)
            .map(Self::from_bps)
            .ok_or_else(|| ParseQuantityError { text: text.to_owned(), what })
    }
}

/// The largest unit that leaves a whole number.
fn write_largest(f: &mut fmt::Formatter<'_>, value: i64, units: &[(i64, &str)], base: &str) -> fmt::Result {
    for (factor, unit) in units {
        if value != 0 && value % factor == 0 {
            return write!(f, "{}{unit}", value / factor);
        }
    }
    write!(f, "{value}{base}")
}

impl fmt::Display for TimeDelta {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_largest(f, self.as_micros(), &[(1_000_000, "s"), (1_000, "ms")], "us")
    }
}

impl fmt::Display for Bitrate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_largest(f, self.as_bps(), &[(1_000_000, "Mbps"), (1_000, "kbps")], "bps")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_need_a_unit() {
        assert_eq!("200ms".parse(), Ok(TimeDelta::from_millis(200)));
        assert_eq!("1.5s".parse(), Ok(TimeDelta::from_millis(1500)));
        assert_eq!("-20 ms".parse(), Ok(TimeDelta::from_millis(-20)));
        for bad in ["200", "ms", "", "1e3s", "5 parsecs", "99999999999999h"] {
            assert!(bad.parse::<TimeDelta>().is_err(), "{bad}");
        }
    }

    #[test]
    fn bit_rates_may_be_plain() {
        assert_eq!("2.5Mbps".parse(), Ok(Bitrate::from_bps(2_500_000)));
        assert_eq!("5000".parse(), Ok(Bitrate::from_bps(5_000)));
        assert!("fast".parse::<Bitrate>().is_err());
    }

    #[test]
    fn what_is_printed_parses_back() {
        for micros in [0, 1, 500, 1_000, 200_000, 1_000_000, 1_500_000, -3_000] {
            let delta = TimeDelta::from_micros(micros);
            assert_eq!(delta.to_string().parse(), Ok(delta), "{delta}");
            let rate = Bitrate::from_bps(micros);
            assert_eq!(rate.to_string().parse(), Ok(rate), "{rate}");
        }
    }
}

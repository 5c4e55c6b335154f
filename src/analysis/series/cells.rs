//! Cells of a CSV file: times in any unit, rates, lists of streams.

use crate::units::{CaptureTime, Ssrc};

/// How a column's times are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TimeUnit {
    Seconds,
    Milliseconds,
    Microseconds,
    Nanoseconds,
    /// RFC 3339.
    Date,
}

const SUFFIXES: [(&str, TimeUnit); 9] = [
    ("_seconds", TimeUnit::Seconds),
    ("_sec", TimeUnit::Seconds),
    ("_s", TimeUnit::Seconds),
    ("_millis", TimeUnit::Milliseconds),
    ("_ms", TimeUnit::Milliseconds),
    ("_micros", TimeUnit::Microseconds),
    ("_us", TimeUnit::Microseconds),
    ("_nanos", TimeUnit::Nanoseconds),
    ("_ns", TimeUnit::Nanoseconds),
];

impl TimeUnit {
    /// By the end of a column's name.
    pub(super) fn of_name(name: &str) -> Option<Self> {
        SUFFIXES.iter().find(|(suffix, _)| without_suffix(name, suffix).is_some()).map(|(_, unit)| *unit)
    }

    /// A column's name without its unit.
    pub(super) fn without(name: &str) -> &str {
        SUFFIXES.iter().find_map(|(suffix, _)| without_suffix(name, suffix)).unwrap_or(name)
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Seconds => "seconds",
            Self::Milliseconds => "milliseconds",
            Self::Microseconds => "microseconds",
            Self::Nanoseconds => "nanoseconds",
            Self::Date => "RFC 3339",
        }
    }

    pub(super) fn in_words(self) -> String {
        match self {
            Self::Date => "as RFC 3339 has it".to_owned(),
            unit => format!("in {}", unit.name()),
        }
    }

    pub(super) fn per_second(self) -> f64 {
        10_f64.powi(9 - self.digits().cast_signed())
    }

    /// Decimals from one to a nanosecond.
    const fn digits(self) -> u32 {
        match self {
            Self::Seconds | Self::Date => 9,
            Self::Milliseconds => 6,
            Self::Microseconds => 3,
            Self::Nanoseconds => 0,
        }
    }

    /// Nanoseconds.
    pub(super) fn read(self, text: &str) -> Option<i64> {
        let nanos = match self {
            Self::Date => text.parse::<jiff::Timestamp>().ok()?.as_nanosecond(),
            unit => decimal(text, unit.digits())?,
        };
        i64::try_from(nanos).ok().filter(|nanos| nanos.abs() <= CaptureTime::MAX_NANOS)
    }
}

/// A name without its end, if that is the suffix, whatever its capital letters.
fn without_suffix<'a>(name: &'a str, suffix: &str) -> Option<&'a str> {
    let (rest, end) = name.split_at_checked(name.len().checked_sub(suffix.len())?)?;
    end.eq_ignore_ascii_case(suffix).then_some(rest)
}

/// A number times ten to the power of `digits`, further decimals cut off: without going through binary fractions, unless it
/// has an exponent.
fn decimal(text: &str, digits: u32) -> Option<i128> {
    let (sign, number) = match text.strip_prefix('-') {
        Some(number) => (-1, number),
        None => (1, text),
    };
    if !number.starts_with(|first: char| first.is_ascii_digit()) {
        return None;
    }
    if number.contains(['e', 'E']) {
        let scaled = number.parse::<f64>().ok()? * 10_f64.powi(digits.cast_signed());
        return (scaled.abs() < 1e19).then(|| sign * libm::round(scaled) as i128);
    }
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.len() > 19 || !are_digits(whole) || !are_digits(fraction) {
        return None;
    }
    let digits = usize::try_from(digits).ok()?;
    let fraction = format!("{fraction:0<digits$}");
    let all = format!("{whole}{}", fraction.get(..digits)?);
    Some(sign * all.parse::<i128>().ok()?)
}

const RATE_UNITS: [(&str, f64); 8] = [
    ("bps", 1.0),
    ("bit/s", 1.0),
    ("kbps", 1e3),
    ("kbit/s", 1e3),
    ("mbps", 1e6),
    ("mbit/s", 1e6),
    ("gbps", 1e9),
    ("gbit/s", 1e9),
];

/// Bit/s of one of a unit, whatever its capital letters, but for those of bytes: `kBps` is none, `KBPS` is.
pub(super) fn rate_unit(text: &str) -> Option<f64> {
    let text = text.trim();
    if text.contains('B') && text.contains(|c: char| c.is_ascii_lowercase()) {
        return None;
    }
    let text = text.to_ascii_lowercase();
    RATE_UNITS.iter().find(|(name, _)| *name == text).map(|(_, bps)| *bps)
}

/// A number, and the unit behind it if there is one.
fn split(text: &str) -> (&str, &str) {
    let is_number = |c: char| c.is_ascii_digit() || "+-.eE".contains(c);
    let end = text.find(|c| !is_number(c)).unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(end).unwrap_or((text, ""));
    (number.trim(), unit.trim())
}

/// Whether a rate says its unit.
pub(super) fn has_unit(text: &str) -> bool {
    rate_unit(split(text).1).is_some()
}

/// Bit/s, from a number with its unit or in the column's.
pub(super) fn rate(text: &str, unit_of_column: f64) -> Option<i64> {
    let (number, unit) = split(text);
    let unit = if unit.is_empty() { Some(unit_of_column) } else { rate_unit(unit) };
    let bps = number.parse::<f64>().ok().zip(unit).map(|(number, unit)| libm::round(number * unit));
    bps.filter(|bps| (0.0..=9e15).contains(bps)).map(|bps| bps as i64)
}

/// SSRCs, separated by spaces, semicolons or commas, in brackets or not. The error is the word that is none.
pub(super) fn list(text: &str) -> Result<Vec<Ssrc>, &str> {
    let words = text.trim_matches(['[', ']']).split([' ', ';', ',']).filter(|word| !word.is_empty());
    words.map(|word| ssrc(word).ok_or(word)).collect()
}

/// An SSRC as people write it: hexadecimal with 0x, or decimal.
pub fn ssrc(text: &str) -> Option<Ssrc> {
    let text = text.trim();
    let number = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(hex) => u32::from_str_radix(hex, 16),
        None => text.parse(),
    };
    number.ok().map(Ssrc)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_exact_to_the_nanosecond() {
        for (text, expected) in [
            ("0", Some(0)),
            ("1.000000001", Some(1_000_000_001)),
            ("1.0000000019", Some(1_000_000_001)),
            ("-0.5", Some(-500_000_000)),
            ("1e3", Some(1_000_000_000_000)),
            (".5", None),
            ("1.2.3", None),
            ("--1", None),
            ("--1e3", None),
            ("-+1e3", None),
            ("+1", None),
            ("", None),
            ("99999999999999999999", None),
            ("9999999999", None),
            ("1e300", None),
            ("nan", None),
        ] {
            assert_eq!(TimeUnit::Seconds.read(text), expected, "{text}");
        }
        assert_eq!(TimeUnit::Milliseconds.read("80.5"), Some(80_500_000));
        assert_eq!(TimeUnit::Nanoseconds.read("80.5"), Some(80));
    }

    #[test]
    fn rates_have_a_unit_of_their_own_or_their_columns() {
        for (text, unit, expected) in [
            ("1.5 Mbps", 1.0, Some(1_500_000)),
            ("1500", 1e3, Some(1_500_000)),
            ("1500bps", 1e3, Some(1_500)),
            ("1.5e6", 1.0, Some(1_500_000)),
            ("0.6", 1.0, Some(1)),
            ("-1", 1.0, None),
            ("1 Mibps", 1.0, None),
            ("150 kBps", 1.0, None),
            ("1.5 MBps", 1.0, None),
            ("150 KBPS", 1.0, Some(150_000)),
            ("inf", 1.0, None),
            ("1e300", 1.0, None),
            ("Mbps", 1.0, None),
        ] {
            assert_eq!(rate(text, unit), expected, "{text}");
        }
    }

    #[test]
    fn ssrcs_are_hexadecimal_or_decimal() {
        assert_eq!(ssrc("0xDeadBeef"), Some(Ssrc(0xdead_beef)));
        assert_eq!(ssrc(" 7 "), Some(Ssrc(7)));
        for bad in ["", "0x", "4294967296", "-1", "video"] {
            assert_eq!(ssrc(bad), None, "{bad}");
        }
    }

    #[test]
    fn lists_of_streams_are_written_in_many_ways() {
        for text in ["7 0x10", "7;16", "[0x07, 0x10]"] {
            assert_eq!(list(text).unwrap(), [Ssrc(7), Ssrc(16)], "{text}");
        }
    }
}

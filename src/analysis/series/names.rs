//! Names of columns, as somebody gives them.

use std::str::FromStr;

/// What the columns of a file are called, where that is said: `time=ts,rate=remb_kbps`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ColumnNames {
    /// When.
    pub time: Option<String>,
    /// The bit rate; a unit may follow, as in `remb:kbps`.
    pub rate: Option<String>,
    /// The streams that a REMB lists.
    pub ssrcs: Option<String>,
    /// The flow.
    pub flow: Option<String>,
}

impl FromStr for ColumnNames {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut names = Self::default();
        for pair in text.split(',').filter(|_| !text.is_empty()) {
            let (what, name) = pair.split_once('=').unwrap_or((pair, ""));
            let place = match what.trim() {
                "time" => &mut names.time,
                "rate" => &mut names.rate,
                "ssrcs" => &mut names.ssrcs,
                "flow" => &mut names.flow,
                _ => return Err("columns are named as time=NAME,rate=NAME,ssrcs=NAME,flow=NAME".to_owned()),
            };
            if name.trim().is_empty() || place.replace(name.trim().to_owned()).is_some() {
                return Err(format!("{} is named as {}=NAME, once", what.trim(), what.trim()));
            }
        }
        Ok(names)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_named_once_each() {
        assert!("time=a,rate=b,ssrcs=c,flow=d".parse::<ColumnNames>().is_ok());
        for bad in ["time", "time=", "when=a", "time=a,time=b"] {
            assert!(bad.parse::<ColumnNames>().is_err(), "{bad}");
        }
    }
}

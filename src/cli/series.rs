//! Series of REMBs read from a CSV file: ours, or anybody's that has a time and a bit rate.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;

use anyhow::{Context, Result, anyhow, bail};

use crate::compare::{Series, SeriesEvent};
use crate::units::Ssrc;

/// A file's series by flow; the name is empty where the file has no column `flow`.
#[derive(Debug, Default)]
pub(super) struct SeriesFile {
    pub(super) flows: BTreeMap<String, Series>,
    pub(super) basis: TimeBasis,
    /// The latest time in it, ns.
    pub(super) end_ns: i64,
}

/// What times count from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum TimeBasis {
    /// The capture's first frame.
    #[default]
    FirstFrame,
    /// The Unix epoch.
    Epoch,
}

/// More rows are no REMBs of one call.
const MAX_ROWS: usize = 10_000_000;

impl SeriesFile {
    /// Reads `time_s` (else `unix_time_s`), `bitrate_bps` (else `estimate_bps`), and if present `ssrcs` and `flow`; an
    /// error names the line. With `basis` only that time will do.
    pub(super) fn read(path: &Path, basis: Option<TimeBasis>) -> Result<Self> {
        let file = File::open(path).with_context(|| path.display().to_string())?;
        Self::parse(file, basis).with_context(|| path.display().to_string())
    }

    fn parse(source: impl std::io::Read, basis: Option<TimeBasis>) -> Result<Self> {
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(source);
        let columns = Columns::find(reader.headers()?, basis)?;
        let mut file = Self { basis: columns.basis, ..Self::default() };
        for (index, row) in reader.records().enumerate() {
            let row = row?;
            let line = row.position().map_or(0, csv::Position::line);
            if index >= MAX_ROWS {
                bail!("line {line}: more than {MAX_ROWS} rows");
            }
            let Some((flow, event)) = columns.event(&row).with_context(|| format!("line {line}"))? else {
                continue;
            };
            file.end_ns = file.end_ns.max(event.at_ns);
            file.flows.entry(flow.to_owned()).or_default().push(event);
        }
        Ok(file)
    }
}

struct Columns {
    time: usize,
    basis: TimeBasis,
    rate: usize,
    ssrcs: Option<usize>,
    flow: Option<usize>,
}

impl Columns {
    fn find(header: &csv::StringRecord, basis: Option<TimeBasis>) -> Result<Self> {
        let place = |name: &str| header.iter().position(|column| column.trim() == name);
        let (first_frame, epoch) = (place("time_s"), place("unix_time_s"));
        let (time, basis) = match (first_frame, epoch, basis) {
            (Some(time), _, None | Some(TimeBasis::FirstFrame)) => (time, TimeBasis::FirstFrame),
            (_, Some(time), None | Some(TimeBasis::Epoch)) => (time, TimeBasis::Epoch),
            (None, _, Some(TimeBasis::FirstFrame)) => {
                bail!("no column time_s, which the other file counts in")
            }
            (_, None, Some(TimeBasis::Epoch)) => {
                bail!("no column unix_time_s, which the other file counts in")
            }
            (None, None, None) => bail!("no column time_s or unix_time_s"),
        };
        let rate = place("bitrate_bps").or_else(|| place("estimate_bps"));
        let rate = rate.ok_or_else(|| anyhow!("no column bitrate_bps or estimate_bps"))?;
        Ok(Self { time, basis, rate, ssrcs: place("ssrcs"), flow: place("flow") })
    }

    /// `None` for a row without a rate: there was no estimate yet.
    fn event<'a>(&self, row: &'a csv::StringRecord) -> Result<Option<(&'a str, SeriesEvent)>> {
        let cell = |place: usize| row.get(place).map_or("", str::trim);
        if cell(self.rate).is_empty() {
            return Ok(None);
        }
        let at_ns =
            nanos(cell(self.time)).ok_or_else(|| anyhow!("'{}' is no time in seconds", cell(self.time)))?;
        let bps = cell(self.rate).parse().ok().filter(|bps| *bps >= 0);
        let bps = bps.ok_or_else(|| anyhow!("'{}' is no bit rate", cell(self.rate)))?;
        let ssrcs = self.ssrcs.map(|place| list(cell(place))).transpose()?.filter(|list| !list.is_empty());
        Ok(Some((self.flow.map_or("", cell), SeriesEvent { at_ns, bps, ssrcs })))
    }
}

/// Seconds with up to nine decimals, without going through binary fractions.
fn nanos(text: &str) -> Option<i64> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty() || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let whole: u32 = whole.parse().ok()?;
    let padded = format!("{fraction:0<9}");
    let fraction: i64 = padded.get(..9)?.parse().ok()?;
    Some(sign * (i64::from(whole) * 1_000_000_000 + fraction))
}

/// SSRCs, hexadecimal or decimal, separated by spaces or semicolons.
fn list(text: &str) -> Result<Vec<Ssrc>> {
    let words = text.split([' ', ';']).filter(|word| !word.is_empty());
    words.map(super::resolve::ssrc_of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str, basis: Option<TimeBasis>) -> Result<SeriesFile> {
        SeriesFile::parse(text.as_bytes(), basis)
    }

    #[test]
    fn our_own_and_foreign_files_are_read() {
        let own = "time_s,unix_time_s,flow,sender_ssrc,bitrate_bps,encoded_bps,reason,ssrcs\n\
                   1.5,1700000001.5,a,0x00000001,1000,1000,first,0x00000007 0x00000008\n\
                   2.000000001,1700000002.0,b,0x00000001,2000,2000,first,0x00000007\n";
        let file = parse(own, None).unwrap();
        assert_eq!((file.flows.len(), file.end_ns, file.basis), (2, 2_000_000_001, TimeBasis::FirstFrame));
        assert!(file.flows["a"].iter().eq([(1_500_000_000, 1000)]));
        let foreign = parse("unix_time_s,estimate_bps\n1700000000.25,\n1700000000.5,7\n", None).unwrap();
        assert!(foreign.flows[""].iter().eq([(1_700_000_000_500_000_000, 7)]));
        assert_eq!(foreign.basis, TimeBasis::Epoch);
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        for (text, basis, expected) in [
            ("a,b\n1,2\n", None, "no column time_s or unix_time_s"),
            ("time_s\n1\n", None, "no column bitrate_bps or estimate_bps"),
            ("time_s,bitrate_bps\n1,2\nsoon,2\n", None, "line 3: 'soon' is no time in seconds"),
            ("time_s,bitrate_bps\n1,-2\n", None, "line 2: '-2' is no bit rate"),
            ("time_s,bitrate_bps,ssrcs\n1,2,video\n", None, "line 2: 'video' is no SSRC"),
            ("time_s,bitrate_bps\n1,2\n", Some(TimeBasis::Epoch), "no column unix_time_s"),
        ] {
            let error = format!("{:#}", parse(text, basis).unwrap_err());
            assert!(error.starts_with(expected), "{error}");
        }
    }

    #[test]
    fn seconds_are_exact_to_the_nanosecond() {
        for (text, expected) in [
            ("0", Some(0)),
            ("1.000000001", Some(1_000_000_001)),
            ("-0.5", Some(-500_000_000)),
            ("1e3", None),
            (".5", None),
            ("1.2.3", None),
        ] {
            assert_eq!(nanos(text), expected, "{text}");
        }
    }
}

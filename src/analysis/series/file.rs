//! Series read from CSV: ours, or anybody's that has a time and a bit rate.

use std::collections::BTreeMap;
use std::io::Read;

use super::columns::Columns;
use super::{ColumnNames, Recordings, SeriesError, SeriesEvent, TimeBasis};
use crate::units::{CaptureTime, TimeDelta};

/// A file's series by flow; the name is empty where the file has no column `flow`.
#[derive(Debug, Default)]
pub struct SeriesFile {
    /// Its name, for a person.
    pub shown: String,
    /// By the names that it has for flows.
    pub flows: BTreeMap<String, Recordings>,
    /// What its times count from.
    pub basis: TimeBasis,
    /// The latest time in it, ns.
    pub end_ns: i64,
    /// How times and rates were read, where it was not said.
    pub notes: Vec<String>,
}

/// More rows are no REMBs of one call.
const MAX_ROWS: usize = 10_000_000;

/// A file whose header and first row are known, and what its columns are.
pub struct SeriesReader<R> {
    shown: String,
    rows: csv::Reader<R>,
    first: Option<csv::StringRecord>,
    columns: Columns,
}

impl<R> std::fmt::Debug for SeriesReader<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SeriesReader").field("shown", &self.shown).finish_non_exhaustive()
    }
}

impl SeriesFile {
    /// The same with all times so much later.
    #[must_use]
    pub fn moved(self, by_ns: i64) -> Self {
        let flows = self.flows.into_iter().map(|(name, recorded)| (name, recorded.shifted(by_ns))).collect();
        Self { flows, end_ns: self.end_ns.saturating_add(by_ns), ..self }
    }

    /// What is added to its times, so that they count from a capture's first frame.
    pub fn shift_ns(&self, offset: TimeDelta, first_at: CaptureTime) -> i64 {
        let offset_ns = offset.as_micros().saturating_mul(1000);
        match self.basis {
            TimeBasis::FirstFrame => offset_ns,
            TimeBasis::Epoch => offset_ns.saturating_sub(first_at.as_nanos()),
        }
    }
}

impl<R: Read> SeriesReader<R> {
    /// Reads header and first row; `shown` is the file's name for a person.
    ///
    /// # Errors
    /// If it cannot be read, or has no time or no rate.
    pub fn new(source: R, shown: &str, names: &ColumnNames) -> Result<Self, SeriesError> {
        let mut rows = csv::ReaderBuilder::new().flexible(true).from_reader(source);
        let header = rows.headers().map_err(SeriesError::csv)?.clone();
        let first = rows.records().next().transpose().map_err(SeriesError::csv)?;
        let columns = Columns::find(&header, first.as_ref(), names)?;
        Ok(Self { shown: shown.to_owned(), rows, first, columns })
    }

    /// Whether every column is there that was named.
    ///
    /// # Errors
    /// The first that is not.
    pub fn check_names(&self) -> Result<(), SeriesError> {
        let missing = self.columns.missing().next();
        missing.map_or(Ok(()), |name| Err(SeriesError::NotThere(self.in_words(), name.to_owned())))
    }

    /// What the times of two files count from that are held against each other. A column that was named has to be in one
    /// of them.
    ///
    /// # Errors
    /// If they have no such times in common, or neither has a column that was named.
    pub fn basis_in_common(first: &Self, second: &Self) -> Result<TimeBasis, SeriesError> {
        let files = || [first.in_words(), second.in_words()];
        let (ours, theirs) = (&first.columns, &second.columns);
        if let Some(name) = ours.missing().find(|name| theirs.missing().any(|other| other == *name)) {
            return Err(SeriesError::InNeither(files(), name.to_owned()));
        }
        let bases = theirs.bases();
        let basis = ours.bases().into_iter().find(|basis| bases.contains(basis));
        basis.ok_or_else(|| SeriesError::NoCommonTimes(files(), [ours, theirs].map(Columns::basis_in_words)))
    }

    /// The file and its columns.
    fn in_words(&self) -> String {
        format!("{} (columns: {})", self.shown, self.columns.all.join(", "))
    }

    /// The rows; with `basis` by times that count from that.
    ///
    /// # Errors
    /// If a row cannot be read, with its line and column.
    pub fn read(self, basis: Option<TimeBasis>) -> Result<SeriesFile, SeriesError> {
        let Self { shown, mut rows, first, columns } = self;
        let form = columns.form(basis);
        let mut file = SeriesFile { shown: shown.clone(), basis: form.basis, ..SeriesFile::default() };
        file.notes.extend(form.note().map(|note| format!("{shown}: {note}")));
        let rows = first.into_iter().map(Ok).chain(rows.records());
        for (index, row) in rows.enumerate() {
            let row = row.map_err(SeriesError::csv)?;
            let wrong = |why| SeriesError::Row { line: row.position().map_or(0, csv::Position::line), why };
            if index >= MAX_ROWS {
                return Err(wrong(format!("more than {MAX_ROWS} rows")));
            }
            if let Some((flow, event)) = form.event(&row).map_err(wrong)? {
                file.take(flow, event);
            }
        }
        Ok(file)
    }
}

impl SeriesFile {
    fn take(&mut self, flow: &str, event: SeriesEvent) {
        self.end_ns = if self.flows.is_empty() { event.at_ns } else { self.end_ns.max(event.at_ns) };
        match self.flows.get_mut(flow) {
            Some(known) => known.push(event),
            None => self.flows.entry(flow.to_owned()).or_default().push(event),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str, names: &str) -> Result<SeriesFile, SeriesError> {
        SeriesReader::new(text.as_bytes(), "log", &names.parse().unwrap())?.read(None)
    }

    fn values(text: &str, names: &str) -> Vec<(i64, i64)> {
        parse(text, names)
            .unwrap()
            .flows
            .values()
            .flat_map(|flow| flow.as_one().iter().collect::<Vec<_>>())
            .collect()
    }

    #[test]
    fn our_own_and_foreign_files_are_read() {
        let own = "time_s,unix_time_s,flow,sender_ssrc,bitrate_bps,encoded_bps,reason,ssrcs\n\
                   1.5,1700000001.5,a,0x00000001,1000,1000,first,0x00000007 0x00000008\n\
                   2.000000001,1700000002.0,b,0x00000001,2000,2000,first,0x00000007\n";
        let file = parse(own, "").unwrap();
        assert_eq!((file.flows.len(), file.end_ns, file.basis), (2, 2_000_000_001, TimeBasis::FirstFrame));
        assert!(file.flows["a"].as_one().iter().eq([(1_500_000_000, 1000)]));
        let foreign = parse("unix_time_s,estimate_bps\n1700000000.25,\n1700000000.5,7\n", "").unwrap();
        assert!(foreign.flows[""].as_one().iter().eq([(1_700_000_000_500_000_000, 7)]));
        assert_eq!(foreign.basis, TimeBasis::Epoch);
    }

    #[test]
    fn times_and_rates_are_read_in_the_units_that_logs_have() {
        let at = 1_795_770_443_073_000_000;
        for (text, names) in [
            ("unix_time_ms,bitrate_kbps\n1795770443073,1500\n", ""),
            ("timestamp,bitrate\n2026-11-27T09:07:23.073Z,1.5 Mbps\n", ""),
            ("timestamp,bitrate\n2026-11-27T10:07:23.073+01:00,1500kbps\n", ""),
            ("time,bitrate_bps\n1795770443073,1500000.0\n", "time=time"),
            ("timestamp_us,estimate_mbps\n1795770443073000,1.5\n", ""),
            ("wann,wieviel\n1795770443.073,1500000\n", "time=wann,rate=wieviel"),
            ("bitrate_bps,ts,remb [kbit/s]\n7,1.795770443073e9,1500\n", "time=ts,rate=remb [kbit/s]"),
            ("time_s,unix_time_s,b\n3,1795770443.073,1.5e3\n", "time=unix_time_s,rate=b:kbps"),
        ] {
            let file = parse(text, names).unwrap();
            assert_eq!(file.basis, TimeBasis::Epoch, "{text}");
            let apart = |(time, bps): &(i64, i64)| time.abs_diff(at) < 1000 && *bps == 1_500_000;
            assert!(values(text, names).iter().all(apart), "{text}: {:?}", values(text, names));
        }
        assert_eq!(values("time_ms,rate_bps\n80.5,7\n", ""), [(80_500_000, 7)]);
        assert_eq!(values("time,rate\n80.5,7\n", "time=time,rate=rate"), [(80_500_000_000, 7)]);
    }

    #[test]
    fn what_was_taken_for_granted_is_said() {
        let notes = |text| parse(text, "").unwrap().notes.join("; ");
        let named = |text| parse(text, "time=time").unwrap().notes.join("; ");
        assert_eq!(notes("time_s,bitrate_bps\n1,2\n"), "");
        assert_eq!(notes("unix_time_ms,bitrate_kbps\n1,2\n"), "");
        let guessed = named("time,bitrate_bps\n1795770443073,2\n");
        assert_eq!(guessed, "log: times of column 'time' are read as milliseconds since 1970, by their size");
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line_and_column() {
        for (text, names, expected) in [
            (
                "a,b\n1,2\n",
                "",
                "no column time_s or unix_time_s, or another that is a time; there are a, b; --column time=",
            ),
            (
                "time_s\n1\n",
                "",
                "no column bitrate_bps or estimate_bps, or another that is a rate; there are time_s",
            ),
            (
                "time_s,bitrate_bps\n1,2\nsoon,2\n",
                "",
                "line 3: column 'time_s': 'soon' is no time in seconds",
            ),
            (
                "time_ms,bitrate_bps\n1,2\nsoon,2\n",
                "",
                "line 3: column 'time_ms': 'soon' is no time in milliseconds",
            ),
            (
                "timestamp,bitrate_bps\n2026-11-27T09:07:23Z,2\n3,4\n",
                "",
                "line 3: column 'timestamp': '3' is no time as RFC",
            ),
            (
                "time_s,bitrate_kBps\n1,2\n",
                "rate=bitrate_kBps",
                "column 'bitrate_kBps' counts bytes by its name",
            ),
            ("time_s,bitrate_bps\n1,-2\n", "", "line 2: column 'bitrate_bps': '-2' is no bit rate"),
            ("time_s,bitrate_kbps\n1,many\n", "", "line 2: column 'bitrate_kbps': 'many' is no bit rate"),
            ("time_s,bitrate_bps,ssrcs\n1,2,video\n", "", "line 2: column 'ssrcs': 'video' is no SSRC"),
        ] {
            let error = parse(text, names).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{error}");
        }
    }
}

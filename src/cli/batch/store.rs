//! What a run has done so far, in parts that are there whole or not at all: a run that was ended in the middle goes on there.
//!
//! A part is a file of records. A record is a line of JSON, which says what capture it is of and how long its rows are in
//! each table, and behind it these rows.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;

use super::file::Identity;
use remb_replay::analysis::batch::{CsvRows, Table};

/// What is done of one capture.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    pub(super) capture: String,
    #[serde(flatten)]
    pub(super) identity: Identity,
    pub(super) sha256: Option<String>,
    /// SHA-256 of all that the result depends on beside the capture.
    pub(super) settings: String,
    pub(super) exit_code: u8,
    /// It, or its rest for the hash, could not be read: another try may do better.
    pub(super) may_do_better: bool,
    /// It was not done in so many milliseconds: one with more may do better.
    pub(super) given_up_after_ms: Option<u64>,
    /// Beside its rows it has a file of estimates.
    #[serde(default)]
    pub(super) has_estimates: bool,
    /// It was found in a folder and is no capture: it has no row.
    pub(super) is_passed_over: bool,
    /// Bytes of its rows, by table.
    rows: [u64; Table::ALL.len()],
}

/// A capture that is done, with its rows.
pub(super) struct Done {
    pub(super) record: Record,
    pub(super) rows: CsvRows,
}

impl Done {
    pub(super) fn bytes(&self) -> usize {
        Table::ALL.iter().map(|table| self.rows.of(*table).len()).sum()
    }
}

/// Where a record's rows are.
#[derive(Debug, Clone, Copy)]
struct Place {
    part: usize,
    offset: u64,
}

/// The parts of a run.
pub(super) struct Store {
    folder: PathBuf,
    parts: Vec<PathBuf>,
    known: HashMap<String, (Record, Place)>,
}

/// The folder of the parts, in that of the tables.
pub(super) const PARTS: &str = "parts";
const ENDING: &str = "part";
/// Beside the parts: which captures the tables are of, and their places.
pub(super) const INPUTS: &str = "inputs.jsonl";
/// A longer line is none of ours.
const MAX_LINE: u64 = 1 << 20;

impl Store {
    /// Whether a run wrote into this folder.
    pub(super) fn is_in(folder: &Path) -> bool {
        let Ok(mut entries) = fs::read_dir(folder.join(PARTS)) else { return false };
        entries.any(|entry| entry.is_ok_and(|entry| is_part(&entry.path()) || entry.file_name() == INPUTS))
    }

    /// What is done in this folder; it is created if it has to be.
    pub(super) fn open(folder: &Path) -> Result<Self> {
        let folder = folder.join(PARTS);
        let shown = || folder.display().to_string();
        fs::create_dir_all(&folder).with_context(shown)?;
        let entries = fs::read_dir(&folder).and_then(|entries| entries.collect::<io::Result<Vec<_>>>());
        let paths = entries.with_context(shown)?.into_iter().map(|entry| entry.path());
        let mut parts: Vec<_> = paths.filter(|path| is_part(path)).collect();
        parts.sort();
        let mut store = Self { folder: folder.clone(), parts: Vec::new(), known: HashMap::new() };
        for part in parts {
            store.read_part(part.clone()).with_context(|| part.display().to_string())?;
        }
        Ok(store)
    }

    /// What is done of a capture.
    pub(super) fn of(&self, capture: &str) -> Option<&Record> {
        self.known.get(capture).map(|(record, _)| record)
    }

    /// Keeps what is done, whole or not at all.
    pub(super) fn keep(&mut self, done: &mut Vec<Done>) -> Result<()> {
        if done.is_empty() {
            return Ok(());
        }
        let mut file = NamedTempFile::new_in(&self.folder).context("a part of the results")?;
        for Done { record, rows } in &mut *done {
            record.rows = Table::ALL.map(|table| rows.of(table).len() as u64);
            let mut bytes = serde_json::to_vec(record)?;
            bytes.push(b'\n');
            Table::ALL.iter().for_each(|table| bytes.extend_from_slice(rows.of(*table)));
            file.write_all(&bytes).context("a part of the results")?;
        }
        let path = self.folder.join(format!("{:08}.{ENDING}", self.next_number()));
        let shown = path.display().to_string();
        file.persist_noclobber(&path).map_err(|error| error.error).with_context(|| shown)?;
        done.clear();
        self.read_part(path)
    }

    /// The rows of a capture in a table go to `writer`.
    pub(super) fn copy_rows(&self, capture: &str, table: Table, writer: &mut impl Write) -> Result<()> {
        let Some((record, place)) = self.known.get(capture) else { return Ok(()) };
        let lengths = Table::ALL.into_iter().zip(record.rows);
        let before: u64 = lengths.take_while(|(other, _)| *other != table).map(|(_, length)| length).sum();
        let length = record.rows.get(table as usize).copied().unwrap_or(0);
        let Some(path) = self.parts.get(place.part) else { return Ok(()) };
        let shown = || path.display().to_string();
        let mut file = File::open(path).with_context(shown)?;
        file.seek(SeekFrom::Start(place.offset + before)).with_context(shown)?;
        let copied = io::copy(&mut file.take(length), writer).with_context(shown)?;
        anyhow::ensure!(copied == length, "{} is cut", shown());
        Ok(())
    }

    /// A capture with its rows.
    pub(super) fn done(&self, capture: &str) -> Result<Option<Done>> {
        let Some(record) = self.of(capture) else { return Ok(None) };
        let mut rows = CsvRows::default();
        for table in Table::ALL {
            self.copy_rows(capture, table, rows.of_mut(table))?;
        }
        Ok(Some(Done { record: record.clone(), rows }))
    }

    /// Whether this very result is in it.
    pub(super) fn has(&self, done: &Done) -> Result<bool> {
        let is_known = self.of(&done.record.capture) == Some(&done.record);
        Ok(is_known && self.done(&done.record.capture)?.is_some_and(|known| known.rows == done.rows))
    }

    fn next_number(&self) -> u64 {
        let last = self.parts.last().and_then(|path| path.file_stem()?.to_str()?.parse::<u64>().ok());
        last.map_or(0, |last| last + 1)
    }

    fn read_part(&mut self, path: PathBuf) -> Result<()> {
        let part = self.parts.len();
        let mut reader = BufReader::new(File::open(&path)?);
        self.parts.push(path);
        let mut offset = 0;
        loop {
            let mut line = Vec::new();
            offset += reader.by_ref().take(MAX_LINE).read_until(b'\n', &mut line)? as u64;
            if line.is_empty() {
                return Ok(());
            }
            let record: Record = serde_json::from_slice(&line).context("no part of a batch")?;
            let place = Place { part, offset };
            let length: u64 = record.rows.iter().sum();
            reader.seek_relative(i64::try_from(length)?)?;
            offset += length;
            self.known.insert(record.capture.clone(), (record, place));
        }
    }
}

fn is_part(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == ENDING)
}

impl Record {
    /// What was done of a capture; its rows are told apart when it is kept.
    pub(super) fn new(capture: String, identity: Identity, settings: &str) -> Self {
        Self {
            capture,
            identity,
            sha256: None,
            settings: settings.to_owned(),
            exit_code: 0,
            may_do_better: false,
            given_up_after_ms: None,
            has_estimates: false,
            is_passed_over: false,
            rows: Default::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn done(capture: &str, flows: &str) -> Done {
        let record = Record::new(capture.to_owned(), Identity::default(), "x");
        let mut rows = CsvRows::default();
        rows.of_mut(Table::Captures).extend(capture.as_bytes());
        rows.of_mut(Table::Flows).extend(flows.as_bytes());
        Done { record, rows }
    }

    #[test]
    fn what_was_kept_is_there_after_a_restart_and_the_later_counts() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::open(folder.path()).unwrap();
        store.keep(&mut vec![done("a", "1\n2\n"), done("b", "")]).unwrap();
        store.keep(&mut vec![done("a", "3\n")]).unwrap();
        fs::write(folder.path().join("parts/.tmp-half"), "{").unwrap();
        for store in [store, Store::open(folder.path()).unwrap()] {
            let rows = |capture, table| {
                let mut rows = Vec::new();
                store.copy_rows(capture, table, &mut rows).unwrap();
                String::from_utf8(rows).unwrap()
            };
            assert_eq!((rows("a", Table::Flows), rows("a", Table::Captures)), ("3\n".into(), "a".into()));
            assert_eq!((rows("b", Table::Flows), rows("b", Table::Captures)), (String::new(), "b".into()));
            assert!(store.of("c").is_none());
        }
    }
}

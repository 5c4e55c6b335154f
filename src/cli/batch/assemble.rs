//! The tables of all captures, put together of the rows of each, in the order of the captures.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use tempfile::NamedTempFile;

use super::super::Exit;
use super::super::args::TableFormat;
use super::super::table_format::TableWriter;
use super::store::Store;
use super::temporary;
use remb_replay::analysis::batch::{Rank, Table, Worst};
use remb_replay::report::counted;
use remb_replay::report::rows::Rows;

/// A capture of the tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    /// Its place among all captures.
    pub(super) place: u64,
    pub(super) capture: String,
}

/// What the tables came to.
pub(super) struct Tables {
    /// Captures by exit code.
    exits: BTreeMap<u8, u64>,
    passed_over: u64,
    worst: Worst,
    rank: Rank,
}

impl Tables {
    /// Where tables of either format are.
    pub(super) fn paths(folder: &Path) -> impl Iterator<Item = PathBuf> {
        let names = Table::ALL.into_iter().flat_map(|table| {
            TableFormat::all().iter().map(move |format| format!("{}.{}", table.name(), format.ending()))
        });
        names.map(move |name| folder.join(name))
    }

    /// Writes them; those of an earlier run are replaced.
    pub(super) fn write(
        folder: &Path,
        format: TableFormat,
        (rank, top): (Rank, usize),
        (store, entries): (&Store, &[Entry]),
    ) -> Result<Self> {
        let mut worst = Worst::new(rank, top);
        let mut written = Vec::new();
        for table in Table::ALL {
            let path = folder.join(format!("{}.{}", table.name(), format.ending()));
            let file = BufWriter::with_capacity(1 << 17, temporary(folder)?);
            let mut writer = TableWriter::new(file, format);
            writer.header(&table.columns())?;
            let mut rows = Vec::new();
            for Entry { capture, .. } in entries {
                rows.clear();
                store.copy_rows(capture, table, &mut rows)?;
                if table == Table::Flows {
                    worst.take(&rows);
                }
                writer.csv(&rows).with_context(|| format!("{}: {capture}", table.name()))?;
            }
            let file = writer.finish()?.into_inner().map_err(io::IntoInnerError::into_error)?;
            written.push((file, path));
        }
        for stale in Self::paths(folder).filter(|path| !written.iter().any(|(_, ours)| ours == path)) {
            // Of another format; most often there is none.
            let _ = fs::remove_file(stale);
        }
        written.into_iter().try_for_each(|(file, path)| give_name(file, &path))?;
        let (mut exits, mut passed_over) = (BTreeMap::new(), 0);
        let records = entries.iter().filter_map(|entry| store.of(&entry.capture));
        for record in records {
            match record.is_passed_over {
                true => passed_over += 1,
                false => *exits.entry(record.exit_code).or_default() += 1,
            }
        }
        Ok(Self { exits, passed_over, worst, rank })
    }

    /// The worst flows, and how many captures failed.
    pub(super) fn to_text(&self, format: TableFormat) -> String {
        let of = |code: u8| self.exits.get(&code).copied().unwrap_or(0);
        let all: u64 = self.exits.values().sum();
        let mut text = self.worst.to_text();
        if !text.is_empty() {
            let by = self.rank.column();
            text = format!("{}, the worst by {by}:\n{text}\n", counted(self.worst.flows(), "flows"));
        }
        text += &format!("{}: {} replayed", counted(all, "captures"), of(0));
        let kinds = [(4, "with nothing to estimate"), (5, "incomplete"), (3, "not read"), (2, "refused")];
        for (code, what) in kinds.into_iter().filter(|(code, _)| of(*code) > 0) {
            text += &format!(", {} {what}", of(code));
        }
        if all > of(0) {
            text += &format!("; captures.{} says why", format.ending());
        }
        if self.passed_over > 0 {
            text += &format!(", {} in the folders passed over", counted(self.passed_over, "texts"));
        }
        text + "\n"
    }

    /// 5 where some failed, else 0: a job of an array that has no capture, or none with something to estimate, has done
    /// its work.
    pub(super) fn exit(&self) -> Exit {
        let has = |code: u8| self.exits.contains_key(&code);
        if has(2) || has(3) || has(5) { Exit::Incomplete } else { Exit::Done }
    }
}

/// A file that was written under a temporary name gets its own, and may be read by others.
pub(super) fn give_name(file: NamedTempFile, path: &Path) -> Result<()> {
    super::super::outputs::readable_by_others(file.path());
    let shown = || format!("cannot write {}", path.display());
    file.persist(path).map_err(|error| error.error).with_context(shown)?;
    Ok(())
}

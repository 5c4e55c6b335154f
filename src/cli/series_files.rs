//! CSV files of series, opened.

use std::fs::File;
use std::path::Path;

use anyhow::{Context, Result};

use remb_replay::analysis::series::{ColumnNames, SeriesFile, SeriesReader};

/// Reads a file by itself; an error names line and column.
pub(super) fn read(path: &Path, names: &ColumnNames) -> Result<SeriesFile> {
    let reader = open(path, names)?;
    reader.check_names()?;
    reader.read(None).with_context(|| path.display().to_string())
}

/// Reads two that are held against each other, both by times that count from the same.
pub(super) fn read_both(paths: [&Path; 2], names: &ColumnNames) -> Result<[SeriesFile; 2]> {
    let [first, second] = paths.map(|path| open(path, names));
    let (first, second) = (first?, second?);
    let basis = SeriesReader::basis_in_common(&first, &second)?;
    let [of_first, of_second] = paths.map(|path| path.display().to_string());
    Ok([first.read(Some(basis)).context(of_first)?, second.read(Some(basis)).context(of_second)?])
}

fn open(path: &Path, names: &ColumnNames) -> Result<SeriesReader<File>> {
    let shown = path.display().to_string();
    let file = File::open(path).with_context(|| shown.clone())?;
    SeriesReader::new(file, &shown, names).context(shown)
}

//! The folder of the steps of the estimator: a file for each capture that has some, and no other.

use std::collections::HashSet;
use std::ffi::OsString;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::super::args::TableFormat;
use super::assemble::give_name;
use super::file::EstimateFile;
use remb_replay::capture::sha256;

/// In the folder of the tables.
pub(super) const FOLDER: &str = "estimate";
const PREFIX: &str = "part-";
/// Hexadecimal digits of a capture's name, hashed.
const DIGITS: usize = 16;

/// The file of a capture.
pub(super) fn name(capture: &str, format: TableFormat) -> OsString {
    let hash: String = sha256(capture).chars().take(DIGITS).collect();
    format!("{PREFIX}{hash}.{}", format.ending()).into()
}

/// Gives a capture's file its name; where there is none, that of an earlier run goes.
pub(super) fn keep(
    (folder, format): (&Path, TableFormat),
    capture: &str,
    table: Option<EstimateFile>,
) -> Result<()> {
    let path = folder.join(name(capture, format));
    match table {
        Some(table) => {
            let file = table.finish()?.into_inner().map_err(io::IntoInnerError::into_error)?;
            give_name(file, &path)
        }
        None => remove(&path),
    }
}

/// Copies a capture's files from one folder of tables to another; gives their names.
pub(super) fn copy(from: &Path, to: &Path, capture: &str) -> Result<Vec<OsString>> {
    let (from, to) = (from.join(FOLDER), to.join(FOLDER));
    let names = TableFormat::all().iter().map(|format| name(capture, *format));
    let names: Vec<_> = names.filter(|name| from.join(name).is_file()).collect();
    if !names.is_empty() && from.canonicalize().ok() != to.canonicalize().ok() {
        fs::create_dir_all(&to).with_context(|| to.display().to_string())?;
        for name in &names {
            let target = to.join(name);
            fs::copy(from.join(name), &target).with_context(|| target.display().to_string())?;
        }
    }
    Ok(names)
}

/// Removes the files of an earlier run from a folder of tables, and the folder of estimates where it is empty then.
pub(super) fn remove_others(folder: &Path, kept: &HashSet<OsString>) -> Result<()> {
    let folder = folder.join(FOLDER);
    let Ok(entries) = fs::read_dir(&folder) else { return Ok(()) };
    for entry in entries {
        let name = entry.with_context(|| folder.display().to_string())?.file_name();
        if is_ours(&name) && !kept.contains(&name) {
            remove(&folder.join(name))?;
        }
    }
    // One that is not empty stays.
    let _ = fs::remove_dir(&folder);
    Ok(())
}

fn is_ours(name: &OsString) -> bool {
    let parts = name.to_str().and_then(|name| name.strip_prefix(PREFIX)?.split_once('.'));
    parts.is_some_and(|(hash, ending)| {
        hash.len() == DIGITS
            && hash.bytes().all(|digit| digit.is_ascii_hexdigit())
            && TableFormat::all().iter().any(|format| format.ending() == ending)
    })
}

fn remove(path: &PathBuf) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", path.display()))
        }
        _ => Ok(()),
    }
}

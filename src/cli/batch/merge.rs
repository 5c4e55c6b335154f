//! Several runs' results made one: those of the shards of a job array.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::Path;

use anyhow::{Context, Result, anyhow};

use super::super::args::BatchArgs;
use super::super::{Exit, Failure};
use super::assemble::{Entry, give_name};
use super::store::Store;
use super::{finish, is_ours, temporary};

/// Which captures the tables are of, and their places.
const INPUTS: &str = "parts/inputs.jsonl";

/// Writes down which captures the tables are of.
pub(super) fn note_inputs(folder: &Path, entries: &[Entry]) -> Result<()> {
    let mut file = BufWriter::new(temporary(folder)?);
    for Entry { place, capture, .. } in entries {
        serde_json::to_writer(&mut file, &(place, capture))?;
        file.write_all(b"\n")?;
    }
    fs::create_dir_all(folder.join("parts"))?;
    let file = file.into_inner().map_err(std::io::IntoInnerError::into_error)?;
    give_name(file, &folder.join(INPUTS))
}

/// Makes the tables of several runs; a capture that is in two is taken once.
pub(super) fn merge(args: &BatchArgs, folder: &Path) -> Result<Exit, Failure> {
    let opened = |error| Failure::new(Exit::Open, error);
    is_ours(folder).map_err(opened)?;
    let mut stores = Vec::new();
    let mut entries = Vec::new();
    for from in &args.merge {
        let read = read_inputs(from, stores.len()).with_context(|| from.display().to_string());
        entries.extend(read.map_err(opened)?);
        stores.push(Store::open(from).map_err(opened)?);
    }
    entries.sort();
    let mut seen = HashSet::new();
    entries.retain(|entry| seen.insert(entry.capture.clone()));
    fs::create_dir_all(folder).with_context(|| folder.display().to_string()).map_err(opened)?;
    for from in &args.merge {
        copy_estimates(from, folder).map_err(opened)?;
    }
    finish(args, folder, &stores, &entries).map_err(opened)
}

fn read_inputs(folder: &Path, store: usize) -> Result<Vec<Entry>> {
    let file = File::open(folder.join(INPUTS));
    let file = file.map_err(|_| anyhow!("no run of batch was finished in it"))?;
    let entry = |line: std::io::Result<String>| {
        let (place, capture) = serde_json::from_str(&line?)?;
        Ok(Entry { place, store, capture })
    };
    BufReader::new(file).lines().map(entry).collect()
}

fn copy_estimates(from: &Path, to: &Path) -> Result<()> {
    let (from, to) = (from.join("estimate"), to.join("estimate"));
    if !from.is_dir() || from.canonicalize().ok() == to.canonicalize().ok() {
        return Ok(());
    }
    fs::create_dir_all(&to).with_context(|| to.display().to_string())?;
    for part in fs::read_dir(&from).with_context(|| from.display().to_string())? {
        let part = part?;
        let target = to.join(part.file_name());
        fs::copy(part.path(), &target).with_context(|| target.display().to_string())?;
    }
    Ok(())
}

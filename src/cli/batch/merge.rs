//! Several runs' results made one: those of the shards of a job array. What comes of it is a run as any other, which goes on
//! where they were, and can be merged again.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};

use super::super::args::BatchArgs;
use super::super::{Exit, Failure};
use super::assemble::{Entry, give_name};
use super::run::PART_BYTES;
use super::store::{INPUTS, PARTS, Store};
use super::{estimates, finish, is_ours, temporary};

/// A run begins: whatever tables there are, those that it is to make are not finished.
pub(super) fn forget_inputs(folder: &Path) -> Result<()> {
    let mut file = temporary(folder)?;
    file.write_all(UNFINISHED)?;
    give_name(file, &folder.join(PARTS).join(INPUTS))
}

/// In the place of the captures while tables are being made.
const UNFINISHED: &[u8] = b"null\n";

/// Writes down which captures the tables are of.
pub(super) fn note_inputs(folder: &Path, entries: &[Entry]) -> Result<()> {
    let mut file = BufWriter::new(temporary(folder)?);
    for Entry { place, capture, .. } in entries {
        serde_json::to_writer(&mut file, &(place, capture))?;
        file.write_all(b"\n")?;
    }
    let file = file.into_inner().map_err(std::io::IntoInnerError::into_error)?;
    give_name(file, &folder.join(PARTS).join(INPUTS))
}

/// Makes the tables of several runs; a capture that is in two is taken once, of the one where its place is first.
pub(super) fn merge(args: &BatchArgs, folder: &Path) -> Result<Exit, Failure> {
    merged(args, folder).map_err(|error| Failure::new(Exit::Open, error))
}

fn merged(args: &BatchArgs, folder: &Path) -> Result<Exit> {
    is_ours(folder)?;
    let mut stores = Vec::new();
    let mut found = Vec::new();
    for (number, from) in args.merge.iter().enumerate() {
        let inputs = read_inputs(from).with_context(|| from.display().to_string())?;
        found.extend(inputs.into_iter().map(|(place, capture)| (place, number, capture)));
        stores.push(Store::open(from)?);
    }
    found.sort();
    let mut seen = HashSet::new();
    found.retain(|(.., capture)| seen.insert(capture.clone()));
    are_alike(&args.merge, &stores, &found)?;
    fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    let mut store = Store::open(folder)?;
    let is_folder = |from: &PathBuf| from.canonicalize().ok() == folder.canonicalize().ok();
    if !args.merge.iter().any(is_folder) {
        forget_inputs(folder)?;
    }
    let mut kept = HashSet::new();
    let (mut waiting, mut bytes) = (Vec::new(), 0);
    for (_, number, capture) in &found {
        let (Some(from), Some(path)) = (stores.get(*number), args.merge.get(*number)) else { continue };
        let done = from.done(capture)?.with_context(|| format!("{}: no {capture}", path.display()))?;
        kept.extend(estimates::copy(path, folder, capture)?);
        if !store.has(&done)? {
            bytes += done.bytes();
            waiting.push(done);
        }
        if bytes >= PART_BYTES {
            store.keep(&mut waiting)?;
            bytes = 0;
        }
    }
    store.keep(&mut waiting)?;
    let entries: Vec<_> = found.into_iter().map(|(place, _, capture)| Entry { place, capture }).collect();
    finish(args, folder, (&store, &entries), &kept)
}

/// That all are of the same flags, parameters and version: a table is of one run.
fn are_alike(folders: &[PathBuf], stores: &[Store], found: &[(u64, usize, String)]) -> Result<()> {
    let mut first: Option<(&Path, &str)> = None;
    for (_, number, capture) in found {
        let (Some(store), Some(folder)) = (stores.get(*number), folders.get(*number)) else { continue };
        let Some(record) = store.of(capture) else { continue };
        let (other, settings) = *first.get_or_insert((folder, &record.settings));
        if settings != record.settings {
            return Err(anyhow!(
                "{} and {} are not of one run: their flags, parameters or versions of the program differ ({capture})",
                other.display(),
                folder.display()
            ));
        }
    }
    Ok(())
}

fn read_inputs(folder: &Path) -> Result<Vec<(u64, String)>> {
    let unfinished = || anyhow!("no run of batch was finished in it");
    let file = File::open(folder.join(PARTS).join(INPUTS)).map_err(|_| unfinished())?;
    let input = |line: std::io::Result<String>| serde_json::from_str(&line?).map_err(|_| unfinished());
    BufReader::new(file).lines().map(input).collect()
}

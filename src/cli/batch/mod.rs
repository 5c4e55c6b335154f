//! `remb-replay batch`: tables over many captures. A capture's failure is a row; what is done is not done again.

mod assemble;
mod estimates;
mod file;
mod merge;
mod progress;
mod run;
mod store;

use std::collections::HashSet;
use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};

use super::args::{BatchArgs, TableFormat, WriteFlags};
use super::inputs::inputs;
use super::interrupt::{end_reading_on_signals, is_interrupted};
use super::resolve::{Logs, resolve};
use super::{Exit, Failure, messages, print};
use assemble::{Entry, Tables};
use remb_replay::analysis::batch::Manner;
use remb_replay::capture::sha256;
use remb_replay::remb::Profile;
use remb_replay::report::counted;
use remb_replay::report::summary::Warning;
use run::Run;
use store::Store;

pub(super) fn run(args: &BatchArgs) -> Result<Exit, Failure> {
    let opened = |error| Failure::new(Exit::Open, error);
    let resolved = resolve(&args.settings, &WriteFlags::default(), Profile::Periodic);
    let resolved = resolved.map_err(Failure::of_settings)?;
    let folder = match &args.directory {
        Some(folder) if !args.settings.parameters.print_config => folder,
        _ => return print(&resolved.print()),
    };
    let Logs { session, event_log } = resolved.logs.clone();
    if event_log.is_some() {
        let error = anyhow!("--event-log goes with one capture: it is the log of one call");
        return Err(Failure::new(Exit::Usage, error));
    }
    if let Some(doubt) = resolved.doubt() {
        messages::say(&Warning::of(&doubt, None).to_string());
    }
    end_reading_on_signals();
    if !args.merge.is_empty() {
        return merge::merge(args, folder);
    }
    let all = inputs(&args.captures, Some(folder), args.shard).map_err(opened)?;
    is_ours(folder).map_err(opened)?;
    let mut store = Store::open(folder).map_err(opened)?;
    merge::forget_inputs(folder).map_err(opened)?;
    let manner = Manner { config: resolved.config, session, strict: args.settings.behave.strict };
    let run = Run {
        settings: settings(&manner, args.estimate.then_some(args.tables)),
        manner,
        deadline: Duration::from_micros(args.deadline.as_micros().try_into().unwrap_or_default()),
        verify: args.verify,
        threads: args.threads.map_or_else(all_cores, usize::from),
        estimates: args.estimate.then(|| (folder.join(estimates::FOLDER), args.tables)),
    };
    let pending: Vec<_> = all.iter().filter(|input| !run.is_done(input, &store)).collect();
    let before = all.len() - pending.len();
    if before > 0 && !args.settings.behave.quiet {
        let done = counted(before as u64, "captures");
        messages::say(&format!("note: {done} done before, {} to do", pending.len()));
    }
    run.all(&pending, &mut store, &args.settings.behave).map_err(opened)?;
    if is_interrupted() {
        let shown = folder.display();
        let error = anyhow!("interrupted; {shown} has what was done, and the same command goes on there");
        return Err(Failure::new(Exit::Incomplete, error));
    }
    let entries: Vec<_> =
        all.iter().map(|input| Entry { place: input.place, capture: input.name() }).collect();
    let of_entry = |entry: &Entry| estimates::name(&entry.capture, args.tables);
    let kept = entries.iter().filter(|_| args.estimate).map(of_entry).collect();
    finish(args, folder, (&store, &entries), &kept).map_err(opened)
}

/// Writes the tables and says what came out. Of the files of estimates those that are `kept` stay.
fn finish(
    args: &BatchArgs,
    folder: &Path,
    (store, entries): (&Store, &[Entry]),
    kept: &HashSet<OsString>,
) -> Result<Exit> {
    let tables = Tables::write(folder, args.tables, (args.rank.into(), args.top), (store, entries))?;
    merge::note_inputs(folder, entries)?;
    estimates::remove_others(folder, kept)?;
    if !args.settings.behave.quiet {
        super::to_stdout(&tables.to_text(args.tables))?;
    }
    Ok(tables.exit())
}

/// Tables of somebody else are not overwritten.
fn is_ours(folder: &Path) -> Result<()> {
    if Store::is_in(folder) {
        return Ok(());
    }
    if folder.exists() && !folder.is_dir() {
        return Err(anyhow!("cannot write into {}: it is no folder", folder.display()));
    }
    match Tables::paths(folder).find(|path| path.exists()) {
        Some(path) => Err(anyhow!("{} exists, and is of no earlier run of batch", path.display())),
        None => Ok(()),
    }
}

/// All that a capture's rows depend on beside the capture.
fn settings(manner: &Manner, estimates: Option<TableFormat>) -> String {
    let all = format!("{} {manner:?} {estimates:?}", env!("CARGO_PKG_VERSION"));
    sha256(all)
}

fn all_cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// A new file in a folder, under a temporary name.
fn temporary(folder: &Path) -> Result<tempfile::NamedTempFile> {
    tempfile::NamedTempFile::new_in(folder).with_context(|| format!("cannot write into {}", folder.display()))
}

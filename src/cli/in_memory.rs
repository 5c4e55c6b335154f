//! A replay whose tables are made in memory and not written.

use anyhow::anyhow;

use super::args::{BehaveArgs, ReplayArgs};
use super::replay::summary;
use super::resolve::{Resolved, resolve};
use super::source::{ReadCapture, Source};
use super::{Exit, Failure};
use remb_replay::analysis::check::Results;
use remb_replay::analysis::tables::Tables;
use remb_replay::analysis::twice::Reading;
use remb_replay::remb::Profile;
use remb_replay::replay::{Outcome, Replay};
use remb_replay::report::csv::CsvTable;
use remb_replay::report::tables::Clock;
use remb_replay::survey::Learned;

/// What one reading of the capture came to.
struct Replayed {
    read: ReadCapture,
    outcome: Outcome,
    tables: Tables<CsvTable<Vec<u8>>>,
}

impl Reading for Replayed {
    fn learned(&self) -> Option<&Learned> {
        self.outcome.learned.as_ref()
    }
}

/// Runs what the flags say; of its outputs only these are made.
pub(super) fn replay_in_memory(
    args: &ReplayArgs,
    behave: &BehaveArgs,
    wants_estimates: bool,
) -> Result<(Exit, Results), Failure> {
    let resolved = resolve(&args.settings, &args.write, Profile::Periodic);
    let resolved = resolved.map_err(Failure::of_settings)?;
    let source = Source::of(&args.capture, &args.join, resolved.hash, None);
    let source = source.map_err(|error| Failure::new(Exit::Open, error))?.with(&resolved.logs)?;
    let (replayed, told) =
        source.read_told(|source, told| read(&resolved, behave, source, told, wants_estimates))?;
    let Replayed { read, mut outcome, tables } = replayed;
    if let Some(nothing) = &outcome.nothing {
        return Err(Failure::new(Exit::Nothing, read.nothing(&nothing.to_string())));
    }
    if let Some(told) = &told {
        outcome.warnings.extend(told.notes(&outcome.flows));
    }
    let summary = summary(&read, outcome, &resolved, tables.doubt());
    let exit = read.exit(&summary.warnings, behave);
    let (rembs, estimates) = tables.into_inner();
    let [rembs, estimates] =
        [rembs, estimates].map(|table| table.map(CsvTable::into_inner).unwrap_or_default());
    Ok((exit, Results { summary, rembs, estimates }))
}

fn read(
    resolved: &Resolved,
    behave: &BehaveArgs,
    source: Source,
    told: Option<&Learned>,
    wants_estimates: bool,
) -> Result<Replayed, Failure> {
    let opened = |error: anyhow::Error| Failure::new(Exit::Open, error);
    // Steps are given out even where nobody wants them: goldens are of REMBs in the order that they have beside them.
    let mut replay =
        Replay::new(resolved.config.clone().told(told)).map_err(|error| Failure::new(Exit::Usage, error))?;
    let mut tables = None;
    let read = source.read(behave, |frame| {
        let tables = match &mut tables {
            Some(tables) => tables,
            none => {
                let clock = Clock { first: frame.at, nanoseconds: frame.nanoseconds };
                let table = || CsvTable::new(Vec::new());
                let (rembs, estimates) = (Some(table()), wants_estimates.then(table));
                none.insert(Tables::new(clock, resolved.config.sender_ssrc, rembs, estimates)?)
            }
        };
        Ok(replay.handle_frame(frame, tables)?)
    })?;
    let Some(mut tables) = tables else { return Err(opened(anyhow!("{}: no frame", read.shown))) };
    replay.finish(&mut tables).map_err(|error| opened(error.into()))?;
    Ok(Replayed { read, outcome: replay.outcome(), tables })
}

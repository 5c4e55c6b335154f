//! `remb-replay replay`: reads, replays, writes.

use std::fs::File;
use std::io::{self, Write};

use anyhow::{Context, anyhow};

use super::args::{OutputArgs, ReplayArgs};
use super::interrupt::end_reading_on_signals;
use super::merge;
use super::outputs::{Kind, Plan};
use super::resolve::{Resolved, resolve};
use super::source::{ReadCapture, Source};
use super::writers::Writers;
use super::{Exit, Failure, messages, to_stdout};
use remb_replay::analysis::twice::Reading;
use remb_replay::model::Warning;
use remb_replay::remb::Profile;
use remb_replay::replay::{Outcome, Replay, ReplayConfig};
use remb_replay::report::summary::{Flow, Input, Summary, Tool};
use remb_replay::report::views;
use remb_replay::survey::Learned;

pub(super) fn run(args: &ReplayArgs) -> Result<Exit, Failure> {
    let resolved = resolve(&args.settings, &args.write, Profile::Periodic);
    let resolved = resolved.map_err(Failure::of_settings)?;
    if args.settings.parameters.print_config {
        return super::print(&resolved.print());
    }
    end_reading_on_signals();
    let opened = |error| Failure::new(Exit::Open, error);
    let (again, copy) = match args.outputs.merge {
        Some(_) => merge::again(&args.capture).map(|(again, copy)| (Some(again), copy)).map_err(opened)?,
        None => (None, None),
    };
    let source = Source::of(&args.capture, &args.join, resolved.hash, copy).map_err(opened)?;
    let source = source.with(&resolved.logs)?;
    let OutputArgs { directory, force, .. } = &args.outputs;
    let mut plan = Plan::with_folder(args.outputs.asked(), directory.as_deref(), &args.capture, *force)
        .map_err(opened)?;
    args.join.iter().try_for_each(|file| plan.check(file)).map_err(opened)?;
    plan.may_begin_again = source.is_file();
    let result = replay(args, &resolved, source, again, &plan);
    if result.as_ref().is_err_and(|failure| failure.exit != Exit::Incomplete) {
        plan.undo();
    }
    result
}

/// What one reading of the capture came to.
struct Replayed {
    read: ReadCapture,
    outcome: Outcome,
    writers: Writers,
}

impl Reading for Replayed {
    fn learned(&self) -> Option<&Learned> {
        self.outcome.learned.as_ref()
    }
}

fn replay(
    args: &ReplayArgs,
    resolved: &Resolved,
    source: Source,
    again: Option<File>,
    plan: &Plan,
) -> Result<Exit, Failure> {
    let opened = |error: anyhow::Error| Failure::new(Exit::Open, error);
    let (replayed, told) = source.read_told(|source, told| read(args, resolved, source, told, plan))?;
    let Replayed { read, mut outcome, mut writers } = replayed;
    let places = std::mem::take(&mut outcome.places);
    if let Some(nothing) = &outcome.nothing {
        return Err(Failure::new(Exit::Nothing, read.nothing(&nothing.to_string())));
    }
    if let Some(told) = &told {
        outcome.warnings.extend(told.notes(&outcome.flows));
    }
    let merged = match (again, writers.take_merge()) {
        (Some(again), Some(rembs)) if let Some(output) = plan.open(Kind::Merge).map_err(opened)? => {
            let merged = merge::merge(again, resolved.logs.session_of_input(), rembs, output);
            let (merged, left_out) = merged.context("--merge").map_err(opened)?;
            writers.left_out_of_merge(left_out);
            Some(merged)
        }
        _ => None,
    };
    let summary = summary(&read, outcome, resolved, writers.warnings());
    messages::doubts(&summary.warnings, &read, &args.settings.behave, "replayed");
    print(args, plan, &summary).map_err(opened)?;
    let written = writers.finish(plan, resolved, (&summary, &places), merged).map_err(opened)?;
    if !args.settings.behave.quiet {
        written.in_words().iter().for_each(|line| messages::say(line));
    }
    Ok(read.exit(&summary.warnings, &args.settings.behave))
}

fn read(
    args: &ReplayArgs,
    resolved: &Resolved,
    source: Source,
    told: Option<&Learned>,
    plan: &Plan,
) -> Result<Replayed, Failure> {
    let opened = |error: anyhow::Error| Failure::new(Exit::Open, error);
    let any = |kinds: &[Kind]| kinds.iter().any(|kind| plan.has(*kind));
    let steps = any(&[Kind::EstimateCsv, Kind::Picture, Kind::Html]);
    // Who wants no text and none of these does not pay for it. The picture has the pauses of them.
    let events =
        !args.settings.behave.quiet || any(&[Kind::EventsCsv, Kind::Json, Kind::Picture, Kind::Html]);
    let config = resolved.config.clone().told(told);
    let mut replay = Replay::new(ReplayConfig { steps, events, ..config })
        .map_err(|error| Failure::new(Exit::Usage, error))?;
    let mut writers: Option<Writers> = None;
    let read = source.read(&args.settings.behave, |frame| {
        let writers = match &mut writers {
            Some(writers) => writers,
            none => none.insert(Writers::open(plan, resolved, args.outputs.view, frame)?),
        };
        replay.handle_frame(frame, writers)
    })?;
    let Some(mut writers) = writers else { return Err(opened(anyhow!("{}: no frame", read.shown))) };
    replay.finish(&mut writers).map_err(opened)?;
    Ok(Replayed { read, outcome: replay.outcome(), writers })
}

/// With what only the reading, and only the writing, gave reason to doubt.
pub(super) fn summary(
    read: &ReadCapture,
    outcome: Outcome,
    resolved: &Resolved,
    doubts: impl IntoIterator<Item = Warning>,
) -> Summary {
    let Outcome { mut frames, flows, mut warnings, span, .. } = outcome;
    warnings.extend(doubts);
    warnings.extend(resolved.doubt());
    read.complete(&mut frames, &mut warnings);
    let input = Input { span_s: span, ..read.input.clone() };
    let parameters = resolved.config.parameters.by_name();
    let profile = resolved.profile;
    let warnings = views::warnings(&warnings, &flows);
    let flows = flows.iter().map(Flow::from).collect();
    Summary { tool: Tool::default(), input, frames, flows, warnings, profile, parameters }
}

/// The summary goes to standard output if nothing else was asked for, else to standard error.
fn print(args: &ReplayArgs, plan: &Plan, summary: &Summary) -> anyhow::Result<()> {
    if args.settings.behave.quiet || plan.uses_stdout() {
        return Ok(());
    }
    let text = summary.to_text(args.settings.behave.verbose);
    if plan.is_empty() {
        return to_stdout(&text);
    }
    // Where standard error is closed, the outputs are what was asked for.
    let _ = io::stderr().write_all(text.as_bytes());
    Ok(())
}

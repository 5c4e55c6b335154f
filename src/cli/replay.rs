//! `remb-replay replay`: reads, replays, writes.

use std::io::{self, Write};

use anyhow::{Context, anyhow};

use super::args::ReplayArgs;
use super::outputs::Plan;
use super::resolve::{Resolved, resolve};
use super::source::{Source, progress_bar, show_progress};
use super::writers::Writers;
use super::{Exit, Failure};
use crate::capture::{CaptureError, CaptureReader, Frame};
use crate::remb::Profile;
use crate::replay::{Outcome, Replay};
use crate::report::summary::{Count, Input, Seconds, Summary, Tool, Warning};

pub(super) fn run(args: &ReplayArgs) -> Result<Exit, Failure> {
    let resolved = resolve(&args.flags, &args.write, &args.parameters, Profile::Periodic);
    let resolved = resolved.map_err(|error| Failure::new(Exit::Usage, error))?;
    let opened = |error| Failure::new(Exit::Open, error);
    let source = Source::open(&args.capture, resolved.hash).map_err(opened)?;
    let plan = Plan::new(&args.outputs, &args.capture).map_err(opened)?;
    let result = replay(args, &resolved, source, &plan);
    if result.as_ref().is_err_and(|failure| failure.exit != Exit::Incomplete) {
        plan.undo();
    }
    result
}

fn replay(args: &ReplayArgs, resolved: &Resolved, source: Source, plan: &Plan) -> Result<Exit, Failure> {
    let opened = |error: anyhow::Error| Failure::new(Exit::Open, error);
    let Source { reader: bytes, name, shown, size, hash } = source;
    let mut reader = CaptureReader::new(bytes).with_context(|| shown.clone()).map_err(opened)?;
    let mut replay = Replay::new(resolved.config.clone());
    let mut writers: Option<Writers> = None;
    let progress = progress_bar(&args.behave, size);

    let ended_early = loop {
        let (nanoseconds, bytes_read) = (reader.nanoseconds(), reader.bytes_read());
        match reader.next_frame() {
            Ok(None) => break None,
            Err(error) => break Some(error),
            Ok(Some(frame)) => {
                let writers = match &mut writers {
                    Some(writers) => writers,
                    none => none.insert(Writers::open(plan, resolved, &frame, nanoseconds).map_err(opened)?),
                };
                handle(&mut replay, &frame, writers).map_err(opened)?;
                show_progress(&progress, replay.frames(), bytes_read);
            }
        }
    };
    progress.finish_and_clear();

    let Some(mut writers) = writers else { return Err(no_frames(&shown, ended_early)) };
    replay.finish(&mut writers).map_err(opened)?;
    let outcome = replay.outcome();
    if let Some(nothing) = outcome.nothing {
        return Err(Failure::new(Exit::Nothing, anyhow!("{shown}: {nothing}")));
    }
    let input = Input {
        file: name,
        sha256: hash.map(|hash| hash.hex()),
        format: reader.format(),
        nanoseconds: reader.nanoseconds(),
        first_unix_time_s: replay.first_at().map(|at| Seconds(at.as_nanos())),
        span_s: outcome.span,
        ended_early: ended_early.as_ref().map(CaptureError::to_string),
    };
    let summary = summary(input, outcome, resolved, &writers, &reader);
    notify(args, plan, &summary, ended_early.as_ref().map(|error| format!("{shown}: {error}")).as_deref());
    let limit = summary.warnings.iter().any(|warning| warning.code.starts_with("W-LIMIT"));
    let strict = args.behave.strict && !summary.warnings.is_empty();
    writers.finish(plan, resolved, &summary).map_err(opened)?;
    Ok(if ended_early.is_some() || limit || strict { Exit::Incomplete } else { Exit::Done })
}

fn handle(replay: &mut Replay, frame: &Frame<'_>, writers: &mut Writers) -> anyhow::Result<()> {
    replay.handle_frame(frame, writers)
}

fn no_frames(shown: &str, ended_early: Option<CaptureError>) -> Failure {
    match ended_early {
        Some(error) => Failure::new(Exit::Nothing, anyhow!("{shown}: no frame could be read: {error}")),
        None => Failure::new(Exit::Nothing, anyhow!("{shown}: a capture without frames")),
    }
}

fn summary(
    input: Input,
    outcome: Outcome,
    resolved: &Resolved,
    writers: &Writers,
    reader: &CaptureReader,
) -> Summary {
    let mut frames = outcome.frames;
    for (reason, (count, first)) in crate::capture::Unread::ALL.iter().zip(reader.unread()) {
        if *count > 0 {
            frames.skipped.insert(reason.name(), Count { count: *count, first_frame: first.0 });
            frames.total += count;
        }
    }
    let mut warnings = outcome.warnings;
    if let Some(error) = &input.ended_early {
        warnings.push(Warning { code: "W-INCOMPLETE", message: error.clone(), count: None });
    }
    let mut flows = outcome.flows;
    for flow in &mut flows {
        if let Some(rembs) = writers.rembs(&flow.flow) {
            flow.rembs = rembs.clone();
        }
    }
    let parameters = resolved.config.parameters.to_table();
    Summary { tool: Tool::default(), input, frames, flows, warnings, parameters }
}

/// Warnings to standard error; the summary to standard output if nothing else was asked for, else to standard error.
#[expect(clippy::print_stderr, reason = "notices go to standard error")]
fn notify(args: &ReplayArgs, plan: &Plan, summary: &Summary, ended_early: Option<&str>) {
    for warning in summary.warnings.iter().filter(|warning| warning.code != "W-INCOMPLETE") {
        eprintln!("warning[{}]: {}", warning.code, warning.message);
    }
    if let Some(error) = ended_early {
        eprintln!("error: {error}; what was read before it was replayed");
    }
    if args.behave.quiet {
        return;
    }
    let text = summary.to_text(args.behave.verbose);
    if plan.is_empty() {
        // A closed pipe is not an error.
        let _ = io::stdout().write_all(text.as_bytes());
    } else if !plan.uses_stdout() {
        eprint!("{text}");
    }
}

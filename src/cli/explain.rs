//! `remb-replay explain`: what happened to the estimates of captures, and why.

use std::convert::Infallible;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::args::{ExplainArgs, WriteFlags};
use super::interrupt::end_reading_on_signals;
use super::outputs::{Kind, Output, Plan};
use super::resolve::{Logs, resolve};
use super::several::{self, Failed};
use super::source::{ReadCapture, Source};
use super::{Exit, Failure, messages, to_stdout};
use remb_replay::analysis::twice::Reading;
use remb_replay::remb::Profile;
use remb_replay::replay::{Outcome, Replay, ReplayConfig, Sink};
use remb_replay::report::events::{EventRow, write_events};
use remb_replay::report::explain::{Explained, Explanation, RankedFlow, rank, ranking_to_text};
use remb_replay::report::summary::{Input, Tool};
use remb_replay::report::views;
use remb_replay::survey::Learned;

pub(super) fn run(args: &ExplainArgs) -> Result<Exit, Failure> {
    let resolved = resolve(&args.settings, &WriteFlags::default(), Profile::Periodic);
    let resolved = resolved.map_err(Failure::of_settings)?;
    if args.settings.parameters.print_config {
        return super::print(&resolved.print());
    }
    let config = ReplayConfig { steps: false, events: true, ..resolved.config };
    end_reading_on_signals();
    match args.captures.as_slice() {
        [capture] if !args.rank => one(args, &config, capture),
        _ => several(args, &config),
    }
}

fn opened(error: anyhow::Error) -> Failure {
    Failure::new(Exit::Open, error)
}

fn one(args: &ExplainArgs, config: &ReplayConfig, capture: &Path) -> Result<Exit, Failure> {
    let source = Source::open(capture, false, None).map_err(opened)?.with(&Logs::of(&args.settings.flags))?;
    let plan = Plan::new(args.asked(), &[capture], args.force).map_err(opened)?;
    let (explanation, exit) = explain(args, config, source)?;
    write(&plan, &explanation.events(), explanation.input.nanoseconds, &explanation)?;
    if !plan.uses_stdout() && !args.settings.behave.quiet {
        to_stdout(&explanation.to_text(args.settings.behave.verbose)).map_err(opened)?;
    }
    Ok(exit)
}

/// A block each, and then a line a flow.
fn several(args: &ExplainArgs, config: &ReplayConfig) -> Result<Exit, Failure> {
    let inputs: Vec<_> = args.captures.iter().map(PathBuf::as_path).collect();
    let plan = Plan::new(args.asked(), &inputs, args.force).map_err(opened)?;
    let says = !plan.uses_stdout() && !args.settings.behave.quiet;
    let several = several::each(&args.captures, |capture| {
        let source =
            Source::open(capture, false, None).map_err(opened)?.with(&Logs::of(&args.settings.flags))?;
        let (explanation, exit) = explain(args, config, source)?;
        if says && !args.rank {
            to_stdout(&format!("{}\n", explanation.to_text(args.settings.behave.verbose))).map_err(opened)?;
        }
        Ok((explanation, exit))
    })?;
    let ranking = rank(several.done.iter().map(|(name, explanation)| (name.as_str(), explanation)));
    let is_fine = several.done.iter().any(|(_, explanation)| explanation.input.nanoseconds);
    let events: Vec<_> = several
        .done
        .iter()
        .flat_map(|(name, explanation)| {
            explanation.events().into_iter().map(move |event| event.of_capture(name))
        })
        .collect();
    let captures: Vec<_> = several.done.iter().map(|(_, explanation)| explanation).collect();
    write(
        &plan,
        &events,
        is_fine,
        &SeveralExplained { captures, ranking: &ranking, failed: &several.failed },
    )?;
    if says {
        let text = format!("{}{}", ranking_to_text(&ranking), several.failed_in_words());
        to_stdout(&text).map_err(opened)?;
    }
    Ok(several.exit)
}

/// `--json` of several captures.
#[derive(Serialize)]
struct SeveralExplained<'a> {
    captures: Vec<&'a Explanation>,
    ranking: &'a [RankedFlow],
    failed: &'a [Failed],
}

/// What one reading of a capture came to.
struct Replayed {
    read: ReadCapture,
    outcome: Outcome,
}

impl Reading for Replayed {
    fn learned(&self) -> Option<&Learned> {
        self.outcome.learned.as_ref()
    }
}

/// Nobody wants to know what happens as it goes.
struct Nobody;

impl Sink for Nobody {
    type Error = Infallible;
}

fn explain(
    args: &ExplainArgs,
    config: &ReplayConfig,
    source: Source,
) -> Result<(Explanation, Exit), Failure> {
    let (Replayed { read, mut outcome }, told) =
        source.read_told(|source, told| replay(args, config, source, told))?;
    if let Some(told) = &told {
        outcome.warnings.extend(told.notes(&outcome.flows));
    }
    // That nothing of it was fed is what there is to explain.
    if let Some(nothing) = outcome.nothing.as_ref().filter(|_| outcome.flows.is_empty()) {
        return Err(Failure::new(Exit::Nothing, read.nothing(&nothing.to_string())));
    }
    read.complete(&mut outcome.frames, &mut outcome.warnings);
    let explanation = Explanation {
        tool: Tool::default(),
        input: Input { span_s: outcome.span, ..read.input.clone() },
        flows: outcome.flows.iter().map(Explained::of).collect(),
        warnings: views::warnings(&outcome.warnings, &outcome.flows),
    };
    messages::doubts(&explanation.warnings, &read, &args.settings.behave, "explained");
    let exit = match &outcome.nothing {
        Some(nothing) => {
            messages::error(&read.nothing(&nothing.to_string()));
            Exit::Nothing
        }
        None => read.exit(&explanation.warnings, &args.settings.behave),
    };
    Ok((explanation, exit))
}

fn replay(
    args: &ExplainArgs,
    config: &ReplayConfig,
    source: Source,
    told: Option<&Learned>,
) -> Result<Replayed, Failure> {
    let mut replay =
        Replay::new(config.clone().told(told)).map_err(|error| Failure::new(Exit::Usage, error))?;
    let read = source.read(&args.settings.behave, |frame| {
        let Ok(()) = replay.handle_frame(frame, &mut Nobody);
        Ok(())
    })?;
    let Ok(()) = replay.finish(&mut Nobody);
    Ok(Replayed { read, outcome: replay.outcome() })
}

fn write(plan: &Plan, events: &[EventRow], nanoseconds: bool, all: &impl Serialize) -> Result<(), Failure> {
    let mut outputs = Vec::new();
    let written = plan
        .write_table(Kind::EventsCsv, &mut outputs, |output| Ok(write_events(output, events, nanoseconds)?))
        .and_then(|()| plan.write_json(&mut outputs, all));
    written.and_then(|()| Output::finish_all(outputs)).map_err(opened)
}

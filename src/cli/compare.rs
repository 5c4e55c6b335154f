//! `remb-replay compare`: a replay against the REMBs that a real receiver sent, or two CSV files against each other.

use std::path::Path;

use anyhow::{Context, anyhow};
use serde::Serialize;

use super::args::{CompareArgs, ComparisonArgs, Percent, WriteFlags};
use super::comparison_picture::draw;
use super::outputs::{Kind, Output, Plan};
use super::resolve::{Resolved, resolve};
use super::series_files;
use super::source::{ReadCapture, Source};
use super::{Exit, Failure, meant, messages, page, print, to_stdout};
use remb_replay::analysis::compare::{
    ClockGrain, CompareError, Comparison, FlowComparison, PhaseReplays, Replays, SecondReading, Settings,
    Spread, write_csv,
};
use remb_replay::analysis::series::{ColumnNames, SeriesError};
use remb_replay::analysis::twice::Reading;
use remb_replay::model::Doubt;
use remb_replay::remb::Profile;
use remb_replay::replay::{Outcome, ReplayConfig};
use remb_replay::report::page::FlowPage;
use remb_replay::report::summary::{Summary, Tool, Warning};
use remb_replay::survey::Learned;
use remb_replay::units::TimeDelta;

pub(super) fn run(args: &CompareArgs) -> Result<Exit, Failure> {
    let resolved = resolve(&args.settings, &WriteFlags::default(), Profile::Libwebrtc);
    let resolved = resolved.map_err(Failure::of_settings)?;
    if args.settings.parameters.print_config {
        return print(&resolved.print());
    }
    if args.other.is_some() && args.comparison.recorded.is_some() {
        let error = anyhow!("--recorded goes with a capture, not with two CSV files");
        return Err(Failure::new(Exit::Usage, error));
    }
    if args.other.is_some() && args.comparison.html.is_some() {
        let error = anyhow!("--html goes with a capture: two CSV files have no rows of the estimator");
        return Err(Failure::new(Exit::Usage, error));
    }
    let ComparisonArgs { recorded, offset, columns: names, .. } = &args.comparison;
    if args.other.is_none() && recorded.is_none() {
        let useless =
            [("--offset", *offset != TimeDelta::ZERO), ("--column", *names != ColumnNames::default())];
        if let Some((flag, _)) = useless.iter().find(|(_, is_given)| *is_given) {
            let error = anyhow!("{flag} goes with --recorded FILE.csv, or with two CSV files");
            return Err(Failure::new(Exit::Usage, error));
        }
    }
    meant::in_compare(args)?;
    let inputs: Vec<&Path> = [Some(&args.capture), args.other.as_ref(), args.comparison.recorded.as_ref()]
        .into_iter()
        .flatten()
        .chain(&args.join)
        .map(|path| path.as_path())
        .collect();
    match &args.other {
        Some(other) => of_files(args, other, &inputs),
        None => of_capture(args, &resolved, &inputs),
    }
}

fn settings(args: &CompareArgs) -> Settings {
    let ComparisonArgs { skip, offset, plot, html, .. } = &args.comparison;
    Settings { skip: *skip, offset: *offset, draws: plot.is_some() || html.is_some(), finds_offset: true }
}

fn of_files(args: &CompareArgs, other: &Path, inputs: &[&Path]) -> Result<Exit, Failure> {
    let opened = |error| Failure::new(Exit::Open, error);
    let [first, second] =
        series_files::read_both([&args.capture, other], &args.comparison.columns).map_err(unread)?;
    let plan = Plan::new(args.comparison.asked(), inputs, args.comparison.force).map_err(opened)?;
    let input = format!("{} and {}", args.capture.display(), other.display());
    let Comparison { mut flows, notes } = Comparison::of_files(first, &second, settings(args))
        .map_err(|error| Failure::new(Exit::Nothing, anyhow!("{input}: {error}")))?;
    let names = names([&args.capture, other]);
    flows.iter_mut().for_each(|flow| flow.names = Some(names.clone()));
    let tool = Tool::default();
    finish(
        args,
        &plan,
        Compared { tool, input, profile: None, flows, warnings: Vec::new(), read: None, notes, page: None },
    )
}

/// Of two files, with their folders where they are called the same without.
fn names(paths: [&Path; 2]) -> [String; 2] {
    let [first, second] = paths.map(|path| path.file_name().unwrap_or(path.as_os_str()));
    match first == second {
        true => paths.map(|path| path.display().to_string()),
        false => [first, second].map(|name| name.to_string_lossy().into_owned()),
    }
}

/// Files that cannot be read, or are none; unless it is `--column` that is wrong.
fn unread(error: anyhow::Error) -> Failure {
    let is_of_a_name = error.downcast_ref::<SeriesError>().is_some_and(SeriesError::is_of_a_name);
    Failure { exit: if is_of_a_name { Exit::Usage } else { Exit::Open }, error }
}

fn of_capture(args: &CompareArgs, resolved: &Resolved, inputs: &[&Path]) -> Result<Exit, Failure> {
    let opened = |error| Failure::new(Exit::Open, error);
    let ComparisonArgs { recorded, columns, phases: count, .. } = &args.comparison;
    let source = Source::of(&args.capture, &args.join, false, None).map_err(opened)?.with(&resolved.logs)?;
    let recorded = recorded.as_deref().map(|path| series_files::read(path, columns));
    let recorded = recorded.transpose().context("--recorded").map_err(Failure::of_settings)?;
    let plan = Plan::new(args.comparison.asked(), inputs, args.comparison.force).map_err(opened)?;
    let mut grain = ClockGrain::default();
    source.look_ahead(ClockGrain::FRAMES, |frame| grain.handle_frame(frame)).map_err(opened)?;
    let spread = Spread { count: *count, grain: grain.to_spread_over() };
    let again = source.again().map_err(opened)?;
    let (replayed, told) =
        source.read_told(|source, told| replay(args, &resolved.config, source, told, spread))?;
    let Replayed { read, mut outcome, mut replays } = replayed;
    // The clock of REMBs from elsewhere may be another.
    let second = match recorded {
        None => SecondReading::of(&replays, &outcome, &resolved.config),
        Some(_) => SecondReading::default(),
    };
    let is_redone = again.is_some();
    if let Some(again) = again.filter(|_| second.is_wanted()) {
        let redone = replay(args, &second.config(&resolved.config), again, told.as_ref(), spread)?;
        second.take(&mut replays, &mut outcome, (redone.replays, redone.outcome), settings(args));
    }
    if let Some(told) = &told {
        outcome.warnings.extend(told.notes(&outcome.flows));
    }
    let pages = replays.phases.first_mut().and_then(|first| first.page.take());
    let comparison = Comparison::of_capture(&outcome, replays, recorded, settings(args));
    let Comparison { flows, mut notes } = comparison.map_err(|error| match error {
        CompareError::Nothing(why) => Failure::new(Exit::Nothing, read.nothing(&why)),
        error => Failure::new(Exit::Usage, anyhow!(error).context("--recorded")),
    })?;
    let fits = outcome.warnings.iter().filter(|warning| matches!(warning.doubt, Doubt::EventLogFit(_)));
    notes.extend(fits.map(|fit| fit.message()));
    notes.extend(second.notes(is_redone));
    let places = std::mem::take(&mut outcome.places);
    let summary = super::replay::summary(&read, outcome, resolved, None);
    let name = |place| Some(summary.flows.get(places.iter().position(|own| *own == place)?)?.flow.clone());
    let rows = pages
        .map(|pages| pages.into_flows().filter_map(|(place, page)| Some((name(place)?, page))).collect());
    let compared = Compared {
        tool: Tool::default(),
        input: read.input.file.clone(),
        profile: Some(resolved.profile),
        flows,
        warnings: summary.warnings.clone(),
        read: Some(read),
        notes,
        page: rows.map(|rows| Page { rows, summary }),
    };
    finish(args, &plan, compared)
}

/// What is written and printed.
#[derive(Serialize)]
struct Compared {
    tool: Tool,
    /// The capture, or both files.
    input: String,
    /// The profile of the replay, if there was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    profile: Option<&'static str>,
    flows: Vec<FlowComparison>,
    warnings: Vec<Warning>,
    #[serde(skip)]
    read: Option<ReadCapture>,
    /// About series from files.
    #[serde(skip)]
    notes: Vec<String>,
    #[serde(skip)]
    page: Option<Page>,
}

/// What a page shows beside the comparison.
struct Page {
    /// The replay's, by the flows' names.
    rows: Vec<(String, FlowPage)>,
    summary: Summary,
}

/// What one reading of the capture came to.
struct Replayed {
    read: ReadCapture,
    outcome: Outcome,
    replays: Replays,
}

impl Reading for Replayed {
    fn learned(&self) -> Option<&Learned> {
        self.outcome.learned.as_ref()
    }
}

fn replay(
    args: &CompareArgs,
    config: &ReplayConfig,
    source: Source,
    told: Option<&Learned>,
    spread: Spread,
) -> Result<Replayed, Failure> {
    let nothing = || Failure::new(Exit::Nothing, anyhow!("no phase and no frame"));
    let config = config.clone().told(told);
    let phases = PhaseReplays::new(&config, spread, args.comparison.html.is_some());
    let phases = phases.map_err(|error| Failure::new(Exit::Usage, error))?;
    let mut phases = phases.ok_or_else(nothing)?;
    let read = source.read(&args.settings.behave, |frame| {
        phases.handle_frame(frame);
        Ok(())
    })?;
    let (outcome, replays) = phases.finish().ok_or_else(nothing)?;
    Ok(Replayed { read, outcome, replays })
}

/// Prints and writes; the exit code is the gate's.
fn finish(args: &CompareArgs, plan: &Plan, compared: Compared) -> Result<Exit, Failure> {
    if let Some(read) = &compared.read {
        messages::doubts(&compared.warnings, read, &args.settings.behave, "compared");
    }
    if !args.settings.behave.quiet {
        let hints = compared.flows.iter().filter_map(FlowComparison::hint);
        compared.notes.iter().for_each(|note| messages::say(&format!("note: {note}")));
        hints.for_each(|hint| messages::say(&format!("hint: {hint}")));
    }
    write(plan, &compared).map_err(|error| Failure::new(Exit::Open, error))?;
    let mut text = compared.input.clone() + "\n";
    for flow in &compared.flows {
        // Writing to a String cannot fail.
        let _ = flow.write_text(&mut text);
    }
    if !args.settings.behave.quiet && !plan.uses_stdout() {
        to_stdout(&text).map_err(|error| Failure::new(Exit::Open, error))?;
    }
    let outside: Vec<_> = compared.flows.iter().filter_map(|flow| outside(flow, &args.comparison)).collect();
    for reason in &outside {
        messages::say(&format!("outside the tolerance: {reason}"));
    }
    let read = compared.read.as_ref().map(|read| read.exit(&compared.warnings, &args.settings.behave));
    Ok(match (read, outside.is_empty()) {
        (Some(Exit::Incomplete), _) => Exit::Incomplete,
        (_, false) => Exit::Outside,
        (_, true) => Exit::Done,
    })
}

/// Why the flow is outside the tolerance, if it is.
fn outside(flow: &FlowComparison, args: &ComparisonArgs) -> Option<String> {
    let percent = |limit: Option<Percent>| limit.map(|Percent(limit)| limit);
    let names = ["--max-median", "--min-within-5"];
    flow.too_far(percent(args.max_median), percent(args.min_within_5), names)
}

fn write(plan: &Plan, compared: &Compared) -> anyhow::Result<()> {
    let mut outputs = Vec::new();
    plan.write(Kind::ComparisonCsv, &mut outputs, |output| Ok(write_csv(output, &compared.flows)?))?;
    plan.write_json(&mut outputs, compared)?;
    if let Some(Page { rows, summary }) = &compared.page {
        let flows = page::of_comparison(rows, (&compared.input, &compared.flows));
        plan.write(Kind::Html, &mut outputs, |output| page::write(output, summary, flows))?;
    }
    outputs.extend(draw(plan, &compared.input, &compared.flows)?);
    Output::finish_all(outputs)
}

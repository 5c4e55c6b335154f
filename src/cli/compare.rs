//! `remb-replay compare`: a replay against the REMBs that a real receiver sent, or two CSV files against each other.

use std::io::Write;
use std::path::Path;

use anyhow::{Context, anyhow};
use serde::Serialize;

use super::args::{CompareArgs, ComparisonArgs, WriteFlags};
use super::comparison::{FlowComparison, Manner, draw};
use super::comparison_csv::write_csv;
use super::outputs::Plan;
use super::phases::{Collector, Spread, at_phase, grain_of};
use super::recorded;
use super::resolve::{Resolved, resolve};
use super::series_files;
use super::source::{ReadCapture, Source};
use super::{Exit, Failure, messages, print, to_stdout};
use crate::analysis::compare::{ListedSeries, Recordings, Window};
use crate::analysis::series::{ColumnNames, SeriesFile, TimeBasis};
use crate::analysis::twice::{self, Reading};
use crate::remb::Profile;
use crate::replay::{Outcome, ReplayConfig, SideBySide};
use crate::report::summary::{Flow, Tool, Warning};
use crate::survey::Learned;
use crate::units::{CaptureTime, TimeDelta};

pub(super) fn run(args: &CompareArgs) -> Result<Exit, Failure> {
    let resolved = resolve(&args.flags, &WriteFlags::default(), &args.parameters, Profile::Libwebrtc);
    let resolved = resolved.map_err(Failure::of_settings)?;
    if args.parameters.print_config {
        return print(&resolved.print());
    }
    if args.other.is_some() && args.comparison.recorded.is_some() {
        let error = anyhow!("--recorded goes with a capture, not with two CSV files");
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
    let inputs: Vec<&Path> = [Some(&args.capture), args.other.as_ref(), args.comparison.recorded.as_ref()]
        .into_iter()
        .flatten()
        .map(|path| path.as_path())
        .collect();
    let opened = |error| Failure::new(Exit::Open, error);
    match &args.other {
        Some(other) => {
            let files = series_files::read_both([&args.capture, other], names).map_err(opened)?;
            let plan = Plan::for_comparison(&args.comparison, &inputs).map_err(opened)?;
            finish(args, &plan, Compared::files(args, files)?)
        }
        None => {
            let source = Source::open(&args.capture, false, None).map_err(opened)?;
            let recorded = args.comparison.recorded.as_deref().map(|path| series_files::read(path, names));
            let recorded = recorded.transpose().context("--recorded").map_err(Failure::of_settings)?;
            let plan = Plan::for_comparison(&args.comparison, &inputs).map_err(opened)?;
            let grain = grain_of(&source).map_err(opened)?;
            let spread = Spread { count: args.comparison.phases, grain };
            let replay = |source, told: Option<&_>| replay_phases(args, &resolved, source, told, spread);
            let (mut replays, told) = source.read_told(replay)?;
            replays.outcome.warnings.extend(twice::notes(told.as_ref()));
            finish(args, &plan, Compared::capture(args, replays, recorded)?)
        }
    }
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
}

/// A capture replayed at all phases.
struct Replays {
    profile: &'static str,
    read: ReadCapture,
    outcome: Outcome,
    /// By phase, then by the flow's index.
    phases: Vec<Collector>,
    /// Where they are.
    spread: Spread,
    first_at: CaptureTime,
}

impl Reading for Replays {
    fn learned(&self) -> Option<&Learned> {
        self.outcome.learned.as_ref()
    }
}

/// One pass over the capture, which feeds a replay for each phase.
fn replay_phases(
    args: &CompareArgs,
    resolved: &Resolved,
    source: Source,
    told: Option<&Learned>,
    spread: Spread,
) -> Result<Replays, Failure> {
    let Spread { count, grain } = spread;
    let config = ReplayConfig { steps: false, ..resolved.config.clone().told(told) };
    let configs: Vec<_> = (0..count).map(|phase| at_phase(&config, phase, count, grain)).collect();
    let collector = |phase| Collector { takes_recorded: phase == 0, ..Collector::default() };
    let mut phases: Vec<_> = (0..count).map(collector).collect();
    let nothing = || Failure::new(Exit::Nothing, anyhow!("no phase and no frame"));
    let mut replays = SideBySide::new(configs).ok_or_else(nothing)?;
    let read = source.read(&args.behave, |frame| {
        phases.iter_mut().for_each(|phase| {
            phase.first_at.get_or_insert(frame.at);
        });
        let Ok(()) = replays.handle_frame(frame, &mut phases);
        Ok(())
    })?;
    let Ok(()) = replays.finish(&mut phases);
    let (outcome, first_at) = replays.outcome().zip(replays.first_at()).ok_or_else(nothing)?;
    Ok(Replays { profile: resolved.profile, read, outcome, phases, spread, first_at })
}

impl Compared {
    fn capture(args: &CompareArgs, replays: Replays, recorded: Option<SeriesFile>) -> Result<Self, Failure> {
        let Replays { profile, read, mut outcome, mut phases, spread, first_at } = replays;
        let nothing = |why: String| Failure::new(Exit::Nothing, read.nothing(&why));
        if let Some(why) = outcome.nothing {
            return Err(nothing(why));
        }
        read.complete(&mut outcome.frames, &mut outcome.warnings);
        let estimated: Vec<&Flow> = outcome.flows.iter().filter(|flow| flow.estimation.is_some()).collect();
        let end_ns = outcome.counted_span.map_or(0, |span| span.0);
        let ComparisonArgs { skip, offset, plot, .. } = &args.comparison;
        let window = Window { from_ns: skip.as_micros().saturating_mul(1000), end_ns };
        let manner = Manner { window, spread, offset: *offset, draws: plot.is_some() };
        let is_from_file = recorded.is_some();
        let mut notes = Vec::new();
        if let (Some(file), Some(first)) = (recorded, phases.first_mut()) {
            let shift_ns = file.shift_ns(*offset, first_at);
            notes = recorded::take(first, file.moved(shift_ns), &estimated)
                .map_err(|error| Failure::new(Exit::Usage, error.context("--recorded")))?;
            if let Some(why) = recorded::beside_the_capture(first, manner) {
                return Err(nothing(why));
            }
        }
        let mut flows = Vec::new();
        for of_flow in estimated.iter().take(crate::replay::MAX_ESTIMATED_FLOWS) {
            let index = phases
                .first()
                .and_then(|first| first.flows.iter().position(|flow| flow.name == of_flow.flow));
            let Some(index) = index else { continue };
            let replayed: Vec<_> = phases
                .iter_mut()
                .filter_map(|phase| Some(std::mem::take(&mut phase.flows.get_mut(index)?.replayed)))
                .collect();
            let recorded =
                phases.first().and_then(|phase| phase.flows.get(index)).map(|flow| flow.recorded.series());
            let recorded = recorded.unwrap_or_default();
            for listed in &recorded {
                let compared = FlowComparison::new(&of_flow.flow, &listed.series, &replayed, manner);
                let Some(mut flow) = compared else {
                    notes.push(format!("{}: {NO_COMMON_TIME}", of_flow.flow));
                    continue;
                };
                flow.rtt = Some(of_flow.rtt.clone());
                flow.captured_at = of_flow.captured_at.clone();
                if is_from_file {
                    flow.look_for_offset(&listed.series, &replayed, manner);
                }
                let is_single = recorded.len() == 1;
                flow.repeats += if is_from_file || !is_single { 0 } else { of_flow.recorded.repeats };
                flows.push(if is_single { flow } else { flow.of_several(listed) });
            }
        }
        if flows.is_empty() {
            return Err(nothing(match is_from_file {
                true => NO_COMMON_TIME.to_owned(),
                false => nothing_in_common(&estimated, &outcome.warnings),
            }));
        }
        let input = read.input.file.clone();
        let (tool, profile, warnings) = (Tool::default(), Some(profile), outcome.warnings);
        Ok(Self { tool, input, profile, flows, warnings, read: Some(read), notes })
    }

    fn files(args: &CompareArgs, [first, second]: [SeriesFile; 2]) -> Result<Self, Failure> {
        let ComparisonArgs { skip, offset, plot, .. } = &args.comparison;
        let first = first.moved(offset.as_micros().saturating_mul(1000));
        let flows = pairs(&first, &second, (*skip, *offset), plot.is_some());
        let name = |path: &Path| path.display().to_string();
        let other = args.other.as_deref().map(name).unwrap_or_default();
        let input = format!("{} and {other}", name(&args.capture));
        if flows.is_empty() {
            let why = "no flow of the one has a time in common with the same flow of the other";
            return Err(Failure::new(Exit::Nothing, anyhow!("{input}: {why}")));
        }
        let notes = [first.notes, second.notes].concat();
        Ok(Self {
            tool: Tool::default(),
            input,
            profile: None,
            flows,
            warnings: Vec::new(),
            read: None,
            notes,
        })
    }
}

/// The flows of two files, held against each other: by their names, or the only one of each.
pub(super) fn pairs(
    first: &SeriesFile,
    second: &SeriesFile,
    (skip, offset): (TimeDelta, TimeDelta),
    draws: bool,
) -> Vec<FlowComparison> {
    let end_ns = first.end_ns.max(second.end_ns);
    let start_ns = match first.basis {
        TimeBasis::FirstFrame => 0,
        TimeBasis::Epoch => first.flows.values().filter_map(Recordings::first_ns).min().unwrap_or(0),
    };
    let window = Window { from_ns: start_ns.saturating_add(skip.as_micros().saturating_mul(1000)), end_ns };
    let manner = Manner { window, spread: Spread::default(), offset, draws };
    let single = first.flows.len() == 1 && second.flows.len() == 1;
    let mut flows = Vec::new();
    for (flow, recorded) in &first.flows {
        let replayed = if single { second.flows.values().next() } else { second.flows.get(flow) };
        let (ours, theirs) = (recorded.series(), replayed.map(Recordings::series).unwrap_or_default());
        let is_single = ours.len() == 1 && theirs.len() == 1;
        let of_one = |a: &ListedSeries, b: &ListedSeries| {
            is_single
                || a.ssrcs.is_empty()
                || b.ssrcs.is_empty()
                || a.ssrcs.iter().any(|ssrc| b.ssrcs.contains(ssrc))
        };
        for (a, b) in
            ours.iter().flat_map(|a| theirs.iter().map(move |b| (a, b))).filter(|(a, b)| of_one(a, b))
        {
            let replayed = std::slice::from_ref(&b.series);
            let Some(mut found) = FlowComparison::new(flow, &a.series, replayed, manner) else { continue };
            found.look_for_offset(&a.series, replayed, manner);
            flows.push(if is_single { found } else { found.of_several(a) });
        }
    }
    flows
}

const NO_COMMON_TIME: &str = "no time at which there are both a recorded REMB and a replayed one";

fn nothing_in_common(estimated: &[&Flow], warnings: &[Warning]) -> String {
    let unusable = warnings.iter().find(|warning| warning.code == "W-REMB-UNUSABLE");
    let unreadable: u64 = estimated.iter().map(|flow| flow.recorded.rtcp_unreadable).sum();
    let cut: u64 = estimated.iter().map(|flow| flow.recorded.rtcp_cut).sum();
    let readable: u64 = estimated.iter().map(|flow| flow.recorded.count).sum();
    if readable > 0 {
        NO_COMMON_TIME.to_owned()
    } else if let Some(warning) = unusable {
        format!("no REMB was recorded that can be used: {}", warning.message)
    } else if unreadable > 0 {
        format!(
            "{unreadable} RTCP packets are encrypted and their REMBs cannot be read; --recorded FILE.csv takes them \
             from the receiver's own log"
        )
    } else if cut > 0 {
        format!(
            "{cut} RTCP packets are cut by the snaplen, and any REMBs with them; --recorded FILE.csv takes them from \
             elsewhere"
        )
    } else {
        "no REMB was recorded against an estimated flow; --recorded FILE.csv takes them from elsewhere"
            .to_owned()
    }
}

/// Prints and writes; the exit code is the gate's.
fn finish(args: &CompareArgs, plan: &Plan, mut compared: Compared) -> Result<Exit, Failure> {
    if let Some(read) = &compared.read {
        messages::doubts(&compared.warnings, read, &args.behave, "compared");
    }
    if !args.behave.quiet {
        let hints = compared.flows.iter().filter_map(FlowComparison::hint);
        compared.notes.iter().for_each(|note| messages::say(&format!("note: {note}")));
        hints.for_each(|hint| messages::say(&format!("hint: {hint}")));
    }
    write(plan, &mut compared).map_err(|error| Failure::new(Exit::Open, error))?;
    let mut text = compared.input.clone() + "\n";
    for flow in &compared.flows {
        // Writing to a String cannot fail.
        let _ = flow.write_text(&mut text);
    }
    if !args.behave.quiet && !plan.uses_stdout() {
        to_stdout(&text).map_err(|error| Failure::new(Exit::Open, error))?;
    }
    let outside: Vec<_> = compared.flows.iter().filter_map(|flow| flow.outside(&args.comparison)).collect();
    for reason in &outside {
        messages::say(&format!("outside the tolerance: {reason}"));
    }
    let read = compared.read.as_ref().map(|read| read.exit(&compared.warnings, &args.behave));
    Ok(match (read, outside.is_empty()) {
        (Some(Exit::Incomplete), _) => Exit::Incomplete,
        (_, false) => Exit::Outside,
        (_, true) => Exit::Done,
    })
}

fn write(plan: &Plan, compared: &mut Compared) -> anyhow::Result<()> {
    let mut outputs = Vec::new();
    if let Some(target) = &plan.comparison_csv {
        let mut output = plan.open(target)?;
        write_csv(&mut output, &compared.flows)?;
        outputs.push(output);
    }
    if let Some(target) = &plan.json {
        let mut output = plan.open(target)?;
        serde_json::to_writer_pretty(&mut output, compared)?;
        output.write_all(b"\n")?;
        outputs.push(output);
    }
    if let Some(target) = &plan.plot {
        outputs.extend(draw(plan, target, &compared.input, &mut compared.flows)?);
    }
    super::outputs::Output::finish_all(outputs)
}

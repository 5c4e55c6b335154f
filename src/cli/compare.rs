//! `remb-replay compare`: a replay against the REMBs that a real receiver sent, or two CSV files against each other.

use std::io::Write;
use std::path::Path;

use anyhow::{Context, anyhow};
use serde::Serialize;

use super::args::{CompareArgs, WriteFlags};
use super::comparison::{FlowComparison, draw, write_csv};
use super::outputs::Plan;
use super::resolve::{Resolved, resolve};
use super::series::{SeriesFile, TimeBasis};
use super::source::{ReadCapture, Source};
use super::{Exit, Failure, messages, print, to_stdout};
use crate::compare::{Series, SeriesEvent, Window};
use crate::remb::{Profile, encoded_bitrate};
use crate::replay::{Event, Outcome, ReplayConfig, SideBySide, Sink};
use crate::report::summary::{Flow, Tool, Warning};
use crate::survey::FlowInfo;
use crate::units::{CaptureTime, TimeDelta};

pub(super) fn run(args: &CompareArgs) -> Result<Exit, Failure> {
    let resolved = resolve(&args.flags, &WriteFlags::default(), &args.parameters, Profile::Libwebrtc);
    let resolved = resolved.map_err(|error| Failure::new(Exit::Usage, error))?;
    if args.parameters.print_config {
        return print(&resolved.print());
    }
    if args.other.is_some() && args.comparison.recorded.is_some() {
        let error = anyhow!("--recorded goes with a capture, not with two CSV files");
        return Err(Failure::new(Exit::Usage, error));
    }
    let inputs: Vec<&Path> = [Some(&args.capture), args.other.as_ref(), args.comparison.recorded.as_ref()]
        .into_iter()
        .flatten()
        .map(|path| path.as_path())
        .collect();
    let opened = |error| Failure::new(Exit::Open, error);
    match &args.other {
        Some(other) => {
            let files = two_files(&args.capture, other).map_err(opened)?;
            let plan = Plan::for_comparison(&args.comparison, &inputs).map_err(opened)?;
            finish(args, &plan, Compared::files(args, files)?)
        }
        None => {
            let source = Source::open(&args.capture, false, None).map_err(opened)?;
            let recorded = args.comparison.recorded.as_deref().map(|path| SeriesFile::read(path, None));
            let recorded = recorded.transpose().context("--recorded").map_err(opened)?;
            let plan = Plan::for_comparison(&args.comparison, &inputs).map_err(opened)?;
            let replays = replay_phases(args, &resolved, source)?;
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
}

/// A capture replayed at all phases.
struct Replays {
    profile: &'static str,
    read: ReadCapture,
    outcome: Outcome,
    /// By phase, then by the flow's index.
    phases: Vec<Collector>,
    first_at: CaptureTime,
}

/// The REMBs of every flow, recorded and replayed.
#[derive(Default)]
struct Collector {
    first_at: Option<CaptureTime>,
    /// One phase is enough: what was recorded is the same for all.
    takes_recorded: bool,
    flows: Vec<Collected>,
}

#[derive(Default)]
struct Collected {
    name: String,
    recorded: Series,
    replayed: Series,
}

impl Sink for Collector {
    type Error = std::convert::Infallible;

    fn event(&mut self, info: &FlowInfo, at: CaptureTime, event: &Event) -> Result<(), Self::Error> {
        let at_ns = at.as_nanos() - self.first_at.unwrap_or(at).as_nanos();
        if self.flows.len() <= info.index {
            self.flows.resize_with(info.index + 1, Collected::default);
        }
        let Some(flow) = self.flows.get_mut(info.index) else { return Ok(()) };
        if flow.name.is_empty() {
            flow.name = info.flow.to_string();
        }
        match event {
            Event::Step(_) => {}
            Event::Remb(remb) => {
                let bps = encoded_bitrate(remb.bitrate).as_bps();
                flow.replayed.push(SeriesEvent { at_ns, bps, ssrcs: Some(remb.ssrcs.clone()) });
            }
            Event::Recorded(remb) if self.takes_recorded => {
                let bps = remb.bitrate.as_bps();
                flow.recorded.push(SeriesEvent { at_ns, bps, ssrcs: remb.ssrcs.clone() });
            }
            Event::Recorded(_) => {}
        }
        Ok(())
    }
}

/// One pass over the capture, which feeds a replay for each phase.
fn replay_phases(args: &CompareArgs, resolved: &Resolved, source: Source) -> Result<Replays, Failure> {
    let count = args.comparison.phases;
    let configs: Vec<_> = (0..count).map(|phase| at_phase(&resolved.config, phase, count)).collect();
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
    Ok(Replays { profile: resolved.profile, read, outcome, phases, first_at })
}

/// The same configuration, the receiver's clock so far ahead that `count` phases divide a millisecond.
pub(super) fn at_phase(config: &ReplayConfig, phase: u16, count: u16) -> ReplayConfig {
    let ahead = TimeDelta::from_micros(1000 * i64::from(phase) / i64::from(count));
    ReplayConfig { clock_offset: config.clock_offset + ahead, ..config.clone() }
}

impl Compared {
    fn capture(args: &CompareArgs, replays: Replays, recorded: Option<SeriesFile>) -> Result<Self, Failure> {
        let Replays { profile, read, mut outcome, mut phases, first_at } = replays;
        let nothing = |why: String| Failure::new(Exit::Nothing, read.nothing(&why));
        if let Some(why) = outcome.nothing {
            return Err(nothing(why));
        }
        read.complete(&mut outcome.frames, &mut outcome.warnings);
        let estimated: Vec<&Flow> = outcome.flows.iter().filter(|flow| flow.estimation.is_some()).collect();
        let end_ns = outcome.counted_span.map_or(0, |span| span.0);
        let window = Window { from_ns: args.comparison.skip.as_micros().saturating_mul(1000), end_ns };
        let is_from_file = recorded.is_some();
        if let Some(file) = recorded {
            take_recorded(&mut phases, file, &estimated, first_at)
                .map_err(|error| Failure::new(Exit::Usage, error.context("--recorded")))?;
        }
        let mut flows = Vec::new();
        for (place, of_flow) in estimated.iter().enumerate() {
            if place >= crate::replay::MAX_ESTIMATED_FLOWS {
                break;
            }
            let index = phases
                .first()
                .and_then(|first| first.flows.iter().position(|flow| flow.name == of_flow.flow));
            let Some(index) = index else { continue };
            let replayed: Vec<_> = phases
                .iter_mut()
                .filter_map(|phase| Some(std::mem::take(&mut phase.flows.get_mut(index)?.replayed)))
                .collect();
            let Some(recorded) =
                phases.first().and_then(|phase| phase.flows.get(index)).map(|flow| &flow.recorded)
            else {
                continue;
            };
            let draws = args.comparison.plot.is_some();
            if let Some(mut flow) = FlowComparison::new(&of_flow.flow, recorded, &replayed, window, draws) {
                flow.rtt = Some(of_flow.rtt.clone());
                flow.captured_at = of_flow.captured_at.clone();
                flow.repeats += if is_from_file { 0 } else { of_flow.recorded.repeats };
                flows.push(flow);
            }
        }
        if flows.is_empty() {
            return Err(nothing(nothing_in_common(&estimated, &outcome.warnings)));
        }
        let input = read.input.file.clone();
        let (tool, profile, warnings) = (Tool::default(), Some(profile), outcome.warnings);
        Ok(Self { tool, input, profile, flows, warnings, read: Some(read) })
    }

    fn files(args: &CompareArgs, [first, second]: [SeriesFile; 2]) -> Result<Self, Failure> {
        let flows = pairs(&first, &second, args.comparison.skip, args.comparison.plot.is_some());
        let name = |path: &Path| path.display().to_string();
        let other = args.other.as_deref().map(name).unwrap_or_default();
        let input = format!("{} and {other}", name(&args.capture));
        if flows.is_empty() {
            let why = "no flow of the one has a time in common with the same flow of the other";
            return Err(Failure::new(Exit::Nothing, anyhow!("{input}: {why}")));
        }
        Ok(Self { tool: Tool::default(), input, profile: None, flows, warnings: Vec::new(), read: None })
    }
}

/// The flows of two files, held against each other: by their names, or the only one of each.
pub(super) fn pairs(
    first: &SeriesFile,
    second: &SeriesFile,
    skip: TimeDelta,
    draws: bool,
) -> Vec<FlowComparison> {
    let end_ns = first.end_ns.max(second.end_ns);
    let start_ns = match first.basis {
        TimeBasis::FirstFrame => 0,
        TimeBasis::Epoch => first.flows.values().filter_map(Series::first_ns).min().unwrap_or(0),
    };
    let window = Window { from_ns: start_ns.saturating_add(skip.as_micros().saturating_mul(1000)), end_ns };
    let single = first.flows.len() == 1 && second.flows.len() == 1;
    let pairs = first.flows.iter().filter_map(|(flow, recorded)| {
        let replayed = if single { second.flows.values().next() } else { second.flows.get(flow) };
        FlowComparison::new(flow, recorded, std::slice::from_ref(replayed?), window, draws)
    });
    pairs.collect()
}

/// Puts a file's series in the place of what the capture has.
fn take_recorded(
    phases: &mut [Collector],
    file: SeriesFile,
    estimated: &[&Flow],
    first_at: CaptureTime,
) -> anyhow::Result<()> {
    let shift = match file.basis {
        TimeBasis::FirstFrame => 0,
        TimeBasis::Epoch => first_at.as_nanos(),
    };
    let Some(collector) = phases.first_mut() else { return Ok(()) };
    let mut series: Vec<_> = file.flows.into_iter().collect();
    for flow in estimated {
        let place = match series.iter().position(|(name, _)| *name == flow.flow) {
            Some(place) => place,
            None if series.len() == 1 && estimated.len() == 1 => 0,
            None => continue,
        };
        let (_, series) = series.swap_remove(place);
        if let Some(collected) = collector.flows.iter_mut().find(|collected| collected.name == flow.flow) {
            collected.recorded = series.shifted(-shift);
        }
        return Ok(());
    }
    let flows: Vec<_> = estimated.iter().map(|flow| flow.flow.as_str()).collect();
    Err(anyhow!("which flow does it belong to? --flow chooses one of {}", flows.join(", ")))
}

fn nothing_in_common(estimated: &[&Flow], warnings: &[Warning]) -> String {
    let unusable = warnings.iter().find(|warning| warning.code == "W-REMB-UNUSABLE");
    let unreadable: u64 = estimated.iter().map(|flow| flow.recorded.rtcp_unreadable).sum();
    let cut: u64 = estimated.iter().map(|flow| flow.recorded.rtcp_cut).sum();
    let readable: u64 = estimated.iter().map(|flow| flow.recorded.count).sum();
    if readable > 0 {
        "no time at which there are both a recorded REMB and a replayed one".to_owned()
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

fn two_files(first: &Path, second: &Path) -> anyhow::Result<[SeriesFile; 2]> {
    let first = SeriesFile::read(first, None)?;
    let second = SeriesFile::read(second, Some(first.basis))?;
    Ok([first, second])
}

/// Prints and writes; the exit code is the gate's.
fn finish(args: &CompareArgs, plan: &Plan, mut compared: Compared) -> Result<Exit, Failure> {
    if let Some(read) = &compared.read {
        messages::doubts(&compared.warnings, read, &args.behave, "compared");
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

//! `remb-replay inspect`: what is in captures, and whether they are fit for estimation.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::args::{InspectArgs, ParameterArgs, SettingArgs, WriteFlags};
use super::interrupt::end_reading_on_signals;
use super::outputs::{Kind, Output, Plan};
use super::resolve::{Logs, resolve};
use super::several::{self, Failed, Several};
use super::source::{ReadCapture, Source};
use super::{Exit, Failure, messages, to_stdout};
use remb_replay::analysis::twice::Reading;
use remb_replay::model::Nothing;
use remb_replay::remb::Profile;
use remb_replay::report::ranking::{self, Ranked, rank};
use remb_replay::report::summary::{Flow, Input, Inspection, Tool, Warning};
use remb_replay::report::tables::{write_streams, write_streams_of_several};
use remb_replay::report::views;
use remb_replay::survey::{Findings, Learned, NoFeed, Survey, SurveyConfig};

pub(super) fn run(args: &InspectArgs) -> Result<Exit, Failure> {
    let (flags, behave) = (args.flags.clone(), args.behave.clone());
    let settings = SettingArgs { flags, parameters: ParameterArgs::default(), behave };
    let resolved = resolve(&settings, &WriteFlags::default(), Profile::Periodic);
    let config = resolved.map_err(Failure::of_settings)?.config.survey();
    end_reading_on_signals();
    match args.captures.as_slice() {
        [] => one(args, &config, Path::new("-")),
        [capture] if !args.rank => one(args, &config, capture),
        _ => several(args, &config),
    }
}

fn opened(error: anyhow::Error) -> Failure {
    Failure::new(Exit::Open, error)
}

fn one(args: &InspectArgs, config: &SurveyConfig, capture: &Path) -> Result<Exit, Failure> {
    let source =
        Source::of(capture, &args.join, false, None).map_err(opened)?.with(&Logs::of(&args.flags))?;
    let inputs: Vec<_> = std::iter::once(capture).chain(args.join.iter().map(PathBuf::as_path)).collect();
    let plan = Plan::new(args.asked(), &inputs, args.force).map_err(opened)?;
    let inspected = inspect(args, config, source)?;
    let inspection = &inspected.inspection;
    write(&plan, |plan, outputs| {
        let nanoseconds = inspection.input.nanoseconds;
        plan.write_table(Kind::StreamsCsv, outputs, |output| {
            Ok(write_streams(output, &inspection.flows, nanoseconds)?)
        })?;
        plan.write_json(outputs, inspection)
    })?;
    inspected.show(args, &plan, None)?;
    Ok(inspected.exit(args))
}

/// A block each, and then a line a flow.
fn several(args: &InspectArgs, config: &SurveyConfig) -> Result<Exit, Failure> {
    let inputs: Vec<_> = args.captures.iter().map(PathBuf::as_path).collect();
    let plan = Plan::new(args.asked(), &inputs, args.force).map_err(opened)?;
    let mut is_first = true;
    let several = several::each(&args.captures, |capture| {
        let source = Source::open(capture, false, None).map_err(opened)?.with(&Logs::of(&args.flags))?;
        let inspected = inspect(args, config, source)?;
        if !args.rank && !std::mem::take(&mut is_first) && !plan.uses_stdout() && !args.behave.quiet {
            to_stdout("\n").map_err(opened)?;
        }
        inspected.show(args, &plan, Some(capture))?;
        let exit = inspected.exit(args);
        Ok((inspected.inspection, exit))
    })?;
    let named = || several.done.iter().map(|(name, inspection)| (name.as_str(), inspection));
    let ranking = rank(named());
    write(&plan, |plan, outputs| {
        plan.write_table(Kind::StreamsCsv, outputs, |output| {
            let flows = named().map(|(name, one)| (name, one.flows.as_slice(), one.input.nanoseconds));
            Ok(write_streams_of_several(output, flows)?)
        })?;
        plan.write_json(outputs, &SeveralInspected::new(&several, &ranking))
    })?;
    if !plan.uses_stdout() && !args.behave.quiet {
        let gap = if args.rank { "" } else { "\n" };
        let text = format!("{gap}{}{}", ranking::to_text(&ranking), several.failed_in_words());
        to_stdout(&text).map_err(opened)?;
    }
    Ok(several.exit)
}

/// `--json` of several captures.
#[derive(Serialize)]
struct SeveralInspected<'a> {
    captures: Vec<&'a Inspection>,
    ranking: &'a [Ranked],
    failed: &'a [Failed],
}

impl<'a> SeveralInspected<'a> {
    fn new(several: &'a Several<Inspection>, ranking: &'a [Ranked]) -> Self {
        let captures = several.done.iter().map(|(_, inspection)| inspection).collect();
        Self { captures, ranking, failed: &several.failed }
    }
}

/// A capture that was looked at.
struct Inspected {
    read: ReadCapture,
    inspection: Inspection,
    nothing: Option<Nothing>,
}

impl Inspected {
    /// On standard output, unless that is taken; then what is in doubt goes to standard error, with the name of the capture
    /// where it is one of `several`.
    fn show(&self, args: &InspectArgs, plan: &Plan, several: Option<&Path>) -> Result<(), Failure> {
        let in_short = args.rank || plan.uses_stdout();
        if in_short {
            let warnings = self.inspection.warnings.iter().cloned();
            let warnings: Vec<_> = warnings.map(|warning| naming(warning, several)).collect();
            messages::doubts(&warnings, &self.read, &args.behave, "looked at");
        } else if !args.behave.quiet {
            to_stdout(&self.inspection.to_text()).map_err(opened)?;
        }
        if let (Some(nothing), true) = (&self.nothing, self.inspection.flows.is_empty()) {
            messages::error(&self.read.nothing(&nothing.to_string()));
        }
        Ok(())
    }

    fn exit(&self, args: &InspectArgs) -> Exit {
        match self.nothing {
            Some(_) if self.inspection.flows.is_empty() => Exit::Nothing,
            _ => self.read.exit(&self.inspection.warnings, &args.behave),
        }
    }
}

fn naming(warning: Warning, capture: Option<&Path>) -> Warning {
    let Some(capture) = capture.map(|capture| capture.display()) else { return warning };
    let message = match warning.flow {
        Some(flow) => format!("{capture}: {flow}: {}", warning.message),
        None => format!("{capture}: {}", warning.message),
    };
    Warning { flow: None, message, ..warning }
}

fn inspect(args: &InspectArgs, config: &SurveyConfig, source: Source) -> Result<Inspected, Failure> {
    let (Surveyed { read, mut findings }, told) =
        source.read_told(|source, told| survey(args, config, source, told))?;
    if let Some(told) = &told {
        findings.warnings.extend(told.notes(&findings.flows));
    }
    read.complete(&mut findings.frames, &mut findings.warnings);
    let inspection = Inspection {
        tool: Tool::default(),
        input: Input { span_s: findings.span, ..read.input.clone() },
        frames: findings.frames,
        log: findings.log,
        warnings: views::warnings(&findings.warnings, &findings.flows),
        flows: findings.flows.iter().map(Flow::from).collect(),
    };
    Ok(Inspected { read, inspection, nothing: findings.nothing })
}

/// What one reading found.
struct Surveyed {
    read: ReadCapture,
    findings: Findings,
}

impl Reading for Surveyed {
    fn learned(&self) -> Option<&Learned> {
        self.findings.learned.as_ref()
    }
}

fn survey(
    args: &InspectArgs,
    config: &SurveyConfig,
    source: Source,
    told: Option<&Learned>,
) -> Result<Surveyed, Failure> {
    let mut survey = Survey::new(SurveyConfig { learned: told.cloned(), ..config.clone() });
    let read = source.read(&args.behave, |frame| {
        survey.handle_frame(frame, &mut NoFeed);
        Ok(())
    })?;
    survey.finish(&mut NoFeed);
    Ok(Surveyed { read, findings: survey.findings() })
}

fn write(
    plan: &Plan,
    write: impl FnOnce(&Plan, &mut Vec<Output>) -> anyhow::Result<()>,
) -> Result<(), Failure> {
    let mut outputs = Vec::new();
    write(plan, &mut outputs).and_then(|()| Output::finish_all(outputs)).map_err(opened)
}

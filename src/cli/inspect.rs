//! `remb-replay inspect`: what is in a capture, and whether it is fit for estimation.

use super::args::{InspectArgs, WriteFlags};
use super::interrupt::end_reading_on_signals;
use super::outputs::{Kind, Output, Plan};
use super::resolve::resolve;
use super::source::{ReadCapture, Source};
use super::{Exit, Failure, messages, print, to_stdout};
use remb_replay::analysis::twice::Reading;
use remb_replay::remb::Profile;
use remb_replay::report::csv::write_streams;
use remb_replay::report::summary::{Flow, Input, Inspection, Tool};
use remb_replay::report::views;
use remb_replay::survey::{Findings, Learned, NoFeed, Survey, SurveyConfig};

pub(super) fn run(args: &InspectArgs) -> Result<Exit, Failure> {
    let resolved = resolve(&args.flags, &WriteFlags::default(), &args.parameters, Profile::Periodic);
    let resolved = resolved.map_err(Failure::of_settings)?;
    if args.parameters.print_config {
        return print(&resolved.print());
    }
    end_reading_on_signals();
    let opened = |error| Failure::new(Exit::Open, error);
    let source = Source::open(&args.capture, false, None).map_err(opened)?;
    let plan = Plan::new(args.asked(), &[&args.capture], args.force).map_err(opened)?;
    let config = resolved.config.survey();
    let (Surveyed { read, mut findings }, told) =
        source.read_told(|source, told| survey(args, &config, source, told))?;
    if let Some(told) = &told {
        findings.warnings.extend(told.notes(&findings.flows));
    }
    read.complete(&mut findings.frames, &mut findings.warnings);
    let inspection = Inspection {
        tool: Tool::default(),
        input: Input { span_s: findings.span, ..read.input.clone() },
        frames: findings.frames,
        warnings: views::warnings(&findings.warnings, &findings.flows),
        flows: findings.flows.iter().map(Flow::from).collect(),
    };
    write(&plan, &inspection).map_err(opened)?;
    if plan.uses_stdout() {
        messages::doubts(&inspection.warnings, &read, &args.behave, "looked at");
    } else if !args.behave.quiet {
        to_stdout(&inspection.to_text()).map_err(opened)?;
    }
    match findings.nothing {
        Some(nothing) if inspection.flows.is_empty() => {
            messages::error(&read.nothing(&nothing.to_string()));
            Ok(Exit::Nothing)
        }
        _ => Ok(read.exit(&inspection.warnings, &args.behave)),
    }
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

fn write(plan: &Plan, inspection: &Inspection) -> anyhow::Result<()> {
    let mut outputs = Vec::new();
    let nanoseconds = inspection.input.nanoseconds;
    plan.write(Kind::StreamsCsv, &mut outputs, |output| {
        Ok(write_streams(output, &inspection.flows, nanoseconds)?)
    })?;
    plan.write_json(&mut outputs, inspection)?;
    Output::finish_all(outputs)
}

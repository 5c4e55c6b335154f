//! `remb-replay convert`: any input as a pcapng.

use anyhow::{Context, anyhow};

use super::args::ConvertArgs;
use super::interrupt::end_reading_on_signals;
use super::outputs::{Kind, Output, Plan};
use super::resolve::Logs;
use super::source::Source;
use super::{Exit, Failure, messages};
use remb_replay::report::convert::convert;
use remb_replay::report::{counted, no_frame};

pub(super) fn run(args: &ConvertArgs) -> Result<Exit, Failure> {
    let opened = |error: anyhow::Error| Failure::new(Exit::Open, error);
    end_reading_on_signals();
    let source = Source::open(&args.input, false, None).map_err(opened)?;
    let source = source.with(&Logs { session: args.session, event_log: None })?;
    let asked = vec![(Kind::Merge, args.output.clone())];
    let plan = Plan::new(asked, &[&args.input], args.force).map_err(opened)?;
    let shown = source.shown.clone();
    let mut reader = source.into_reader().map_err(opened)?;
    let output = plan.open(Kind::Merge).map_err(opened)?.ok_or_else(|| opened(anyhow!("no output")))?;
    let converted = convert(&mut reader, output).context("cannot be written").map_err(opened)?;
    if converted.frames == 0 {
        let why = match converted.left_out.count {
            0 => no_frame(reader.skipped(), converted.ended_early.as_ref()),
            count => {
                let frames = counted(count, "frames");
                format!("{frames} with times before 1970, which a pcapng cannot hold, and none behind")
            }
        };
        return Err(Failure::new(Exit::Nothing, anyhow!("{shown}: {why}")));
    }
    Output::finish_all(vec![converted.writer]).map_err(opened)?;
    let skipped: u64 = reader.skipped().iter().map(|(count, _)| count).sum();
    if !args.behave.quiet {
        let mut said =
            format!("{shown}: {} of {} written", counted(converted.frames, "packets"), reader.format());
        if skipped > 0 {
            said += &format!(", {} could not be read", counted(skipped, "records"));
        }
        messages::say(&said);
        if converted.left_out.count > 0 {
            let left_out = counted(converted.left_out.count, "frames");
            messages::say(&format!("{left_out} have times before 1970, which a pcapng cannot hold"));
        }
    }
    match converted.ended_early {
        Some(error) => {
            messages::error(&anyhow!("{shown}: {error}; what was read before is written"));
            Ok(Exit::Incomplete)
        }
        None => Ok(Exit::Done),
    }
}

//! `remb-replay check`: recorded traces with goldens, as a gate for CI.

use std::ffi::OsString;
use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use clap::Parser;
use rayon::prelude::*;

use super::args::{CheckArgs, ReplayArgs};
use super::case::{Mode, Placed};
use super::outputs::{Kind, Output, Plan};
use super::{Exit, Failure, meant, messages, to_stdout};
use remb_replay::analysis::check::{Case, CaseResult, Verdict, junit, markdown};
use remb_replay::report::counted;

/// Largest case file.
const MAX_CASE_BYTES: u64 = 1 << 20;
const SUFFIX: &str = "toml";

pub(super) fn run(args: &CheckArgs) -> Result<Exit, Failure> {
    let usage = |error: anyhow::Error| Failure::new(Exit::Usage, error);
    let opened = |error: anyhow::Error| Failure::new(Exit::Open, error);
    let files = case_files(&args.cases).map_err(opened)?;
    let mut cases = Vec::new();
    for file in files {
        if let Some(failure) = meant::in_check(&file) {
            return Err(failure);
        }
        cases.push(read_case(&file).map_err(Failure::of_settings)?);
    }
    if let Some(missing) =
        args.only.iter().find(|name| !cases.iter().any(|placed| placed.case.name == **name))
    {
        return Err(usage(anyhow!("--only {missing}: no case of that name")));
    }
    cases.retain(|placed| args.only.is_empty() || args.only.contains(&placed.case.name));
    if cases.is_empty() {
        return Err(Failure::new(Exit::Nothing, anyhow!("no case file (*.{SUFFIX}) there")));
    }
    let plan = plan(args).map_err(opened)?;
    let mode = Mode {
        bless: args.bless,
        strict: std::env::var_os("CI").is_some(),
        warnings_fail: args.behave.strict,
    };
    let results: Vec<_> = cases.par_iter().map(|placed| placed.run(mode)).collect();
    write(&plan, &results).map_err(opened)?;
    print(args, &results).map_err(opened)?;
    let failed = results.iter().any(|result| matches!(result.verdict, Verdict::Failed { .. }));
    Ok(if failed { Exit::Outside } else { Exit::Done })
}

/// Reports take the place of those before.
fn plan(args: &CheckArgs) -> anyhow::Result<Plan> {
    let asked = args.asked();
    let is_twice = |kind: Kind| asked.iter().filter(|(known, _)| *known == kind).count() > 1;
    if is_twice(Kind::Junit) || is_twice(Kind::Markdown) {
        return Err(anyhow!("two reports of one form"));
    }
    let cases: Vec<_> = args.cases.iter().map(PathBuf::as_path).collect();
    Plan::new(asked, &cases, true)
}

/// The files given, and those of the folders given, in the order of their names.
fn case_files(paths: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in paths {
        match path.is_dir() {
            false => files.push(path.clone()),
            true => {
                let entries = fs::read_dir(path).with_context(|| path.display().to_string())?;
                let mut found = entries
                    .map(|entry| entry.map(|entry| entry.path()))
                    .collect::<Result<Vec<_>, _>>()
                    .with_context(|| path.display().to_string())?;
                found.retain(|path| path.extension().is_some_and(|suffix| suffix == SUFFIX));
                found.sort();
                files.append(&mut found);
            }
        }
    }
    Ok(files)
}

fn read_case(file: &Path) -> anyhow::Result<Placed> {
    let shown = || file.display().to_string();
    let mut text = String::new();
    fs::File::open(file)
        .and_then(|open| open.take(MAX_CASE_BYTES + 1).read_to_string(&mut text))
        .with_context(shown)?;
    if text.len() as u64 > MAX_CASE_BYTES {
        return Err(anyhow!("{}: larger than 1 MiB", shown()));
    }
    let name = file.file_stem().unwrap_or_default().to_string_lossy();
    let case = Case::parse(&name, &text).with_context(shown)?;
    let replay = replay_args(&case, file).with_context(shown)?;
    Ok(Placed { case, file: file.to_owned(), replay })
}

#[derive(Parser)]
#[command(no_binary_name = true, disable_help_flag = true)]
struct CaseArgs {
    #[command(flatten)]
    replay: ReplayArgs,
}

/// The flags of a case, its files relative to it.
fn replay_args(case: &Case, file: &Path) -> anyhow::Result<ReplayArgs> {
    let folder = file.parent().unwrap_or(Path::new(""));
    let words =
        std::iter::once(OsString::from(folder.join(&case.input))).chain(case.args.iter().map(OsString::from));
    let parsed = CaseArgs::try_parse_from(words);
    let CaseArgs { mut replay } = parsed.map_err(|error| {
        let text = error.render().to_string();
        let first = text.lines().next().unwrap_or_default();
        anyhow!("'args': {}", first.strip_prefix("error: ").unwrap_or(first))
    })?;
    if !replay.outputs.asked().is_empty() {
        return Err(anyhow!("'args': outputs are not named in a case"));
    }
    if replay.settings.parameters.print_config {
        return Err(anyhow!("'args': --print-config replays nothing"));
    }
    for path in [&mut replay.settings.flags.sdp, &mut replay.settings.parameters.config].into_iter().flatten()
    {
        *path = folder.join(&*path);
    }
    Ok(replay)
}

fn write(plan: &Plan, results: &[CaseResult]) -> anyhow::Result<()> {
    let mut outputs = Vec::new();
    for (kind, text) in [(Kind::Junit, junit as fn(&[CaseResult]) -> String), (Kind::Markdown, markdown)] {
        plan.write(kind, &mut outputs, |output| Ok(output.write_all(text(results).as_bytes())?))?;
    }
    Output::finish_all(outputs)
}

fn print(args: &CheckArgs, results: &[CaseResult]) -> anyhow::Result<()> {
    let mut text = String::new();
    for result in results {
        let passed = matches!(result.verdict, Verdict::Passed);
        if !(passed && args.behave.quiet) {
            text.push_str(&result.to_text());
        }
    }
    let count = |of: fn(&Verdict) -> bool| results.iter().filter(|result| of(&result.verdict)).count();
    let failed = count(|verdict| matches!(verdict, Verdict::Failed { .. }));
    let skipped = count(|verdict| matches!(verdict, Verdict::Skipped(_)));
    let cases = results.len();
    text.push_str(&format!(
        "{}: {} passed, {failed} failed, {skipped} skipped\n",
        counted(cases as u64, "cases"),
        cases - failed - skipped
    ));
    to_stdout(&text)?;
    if failed > 0 && !args.behave.quiet {
        messages::say("note: check --bless takes the present results as goldens");
    }
    Ok(())
}

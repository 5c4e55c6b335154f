//! `remb-replay check`: recorded traces with goldens, as a gate for CI.

use std::ffi::OsString;
use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use clap::Parser;
use rayon::prelude::*;
use sha2::{Digest, Sha256};

use super::args::{CheckArgs, ColumnNames, ReplayArgs};
use super::compare::pairs;
use super::outputs::{Output, Plan};
use super::series::SeriesFile;
use super::{Exit, Failure, messages, replay, to_stdout};
use crate::check::{Case, CaseResult, Distance, Rows, Verdict, first_difference, junit, markdown, unmet};
use crate::report::counted;
use crate::units::TimeDelta;

/// Largest case file.
const MAX_CASE_BYTES: u64 = 1 << 20;
const SUFFIX: &str = "toml";

/// A case and where it is.
struct Placed {
    case: Case,
    file: PathBuf,
    replay: ReplayArgs,
}

/// How a case is run.
#[derive(Clone, Copy)]
struct Mode {
    bless: bool,
    /// A golden that is missing is a failure and is not written.
    strict: bool,
    /// `--strict`: a warning is exit code 5.
    warnings_fail: bool,
}

pub(super) fn run(args: &CheckArgs) -> Result<Exit, Failure> {
    let usage = |error: anyhow::Error| Failure::new(Exit::Usage, error);
    let opened = |error: anyhow::Error| Failure::new(Exit::Open, error);
    let files = case_files(&args.cases).map_err(opened)?;
    let mut cases = Vec::new();
    for file in files {
        cases.push(read_case(&file).map_err(usage)?);
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
    for placed in cases.iter().filter(|placed| placed.case.skip.is_none()) {
        placed.check_files().map_err(opened)?;
    }
    let plan = Plan::for_check(args).map_err(opened)?;
    let mode = Mode {
        bless: args.bless,
        strict: std::env::var_os("CI").is_some(),
        warnings_fail: args.behave.strict,
    };
    let results: Vec<_> = cases.par_iter().map(|placed| placed.run(mode)).collect();
    let results = results.into_iter().collect::<Result<Vec<_>, _>>().map_err(opened)?;
    write(&plan, &results).map_err(opened)?;
    print(args, &results).map_err(opened)?;
    let failed = results.iter().any(|result| matches!(result.verdict, Verdict::Failed { .. }));
    Ok(if failed { Exit::Outside } else { Exit::Done })
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
    if replay.outputs.names_any() {
        return Err(anyhow!("'args': outputs are not named in a case"));
    }
    for path in [&mut replay.flags.sdp, &mut replay.parameters.config].into_iter().flatten() {
        *path = folder.join(&*path);
    }
    Ok(replay)
}

/// What a replay gave.
struct Replayed {
    folder: tempfile::TempDir,
    exit: i64,
    error: Option<String>,
}

const REMB_CSV: &str = "remb.csv";
const ESTIMATE_CSV: &str = "estimate.csv";
const SUMMARY: &str = "summary.json";

impl Placed {
    fn path(&self, relative: &Path) -> PathBuf {
        self.file.parent().unwrap_or(Path::new("")).join(relative)
    }

    /// Whether what a case needs is there, but for goldens.
    fn check_files(&self) -> anyhow::Result<()> {
        let input = self.needs_replay().then_some(&self.case.input);
        for relative in input.into_iter().chain(&self.case.candidate) {
            let path = self.path(relative);
            fs::File::open(&path).with_context(|| format!("{}: {}", self.file.display(), path.display()))?;
        }
        Ok(())
    }

    /// A candidate that has a golden needs none.
    fn needs_replay(&self) -> bool {
        let case = &self.case;
        case.candidate.is_none() || case.goldens.is_empty() || !case.expectations.is_empty()
    }

    fn run(&self, mode: Mode) -> anyhow::Result<CaseResult> {
        let name = self.case.name.clone();
        if let Some(why) = &self.case.skip {
            return Ok(CaseResult { name, verdict: Verdict::Skipped(why.clone()) });
        }
        let mut written = Vec::new();
        let reasons = self.reasons(mode, &mut written)?;
        let verdict = match (reasons.is_empty(), written.is_empty()) {
            (false, _) => Verdict::Failed { reasons, command: self.command() },
            (true, false) => Verdict::Blessed(written),
            (true, true) => Verdict::Passed,
        };
        Ok(CaseResult { name, verdict })
    }

    /// Why it fails; goldens that were written go to `written`.
    fn reasons(&self, mode: Mode, written: &mut Vec<String>) -> anyhow::Result<Vec<String>> {
        let case = &self.case;
        if let Some(reason) = self.wrong_hash()? {
            return Ok(vec![reason]);
        }
        let replayed = if self.needs_replay() { Some(self.replay(mode)?) } else { None };
        let mut reasons = Vec::new();
        if let Some(replayed) = &replayed {
            if replayed.exit != case.exit {
                let why = replayed.error.as_ref().map(|error| format!(": {error}")).unwrap_or_default();
                return Ok(vec![format!("exit code {}, expected {}{why}", replayed.exit, case.exit)]);
            }
            if let Ok(summary) = fs::read(replayed.folder.path().join(SUMMARY)) {
                reasons.extend(unmet(&case.expectations, &serde_json::from_slice(&summary)?));
            } else if !case.expectations.is_empty() {
                reasons.push(
                    "nothing was replayed, and there is no summary to hold expectations against".into(),
                );
            }
        }
        match (&case.candidate, &replayed) {
            (Some(candidate), _) => reasons.extend(self.candidate(candidate, replayed.as_ref())?),
            (None, Some(replayed)) => {
                for golden in &case.goldens {
                    reasons.extend(self.golden(golden, replayed, mode, written)?);
                }
            }
            (None, None) => {}
        }
        Ok(reasons)
    }

    fn wrong_hash(&self) -> anyhow::Result<Option<String>> {
        let Some(expected) = &self.case.sha256 else { return Ok(None) };
        let path = self.path(&self.case.input);
        let mut file = fs::File::open(&path).with_context(|| path.display().to_string())?;
        let mut hash = Sha256::new();
        io::copy(&mut file, &mut HashWriter(&mut hash)).with_context(|| path.display().to_string())?;
        let found: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        let differs = !found.eq_ignore_ascii_case(expected);
        Ok(differs.then(|| format!("{} has the SHA-256 {found}, expected {expected}", path.display())))
    }

    fn replay(&self, mode: Mode) -> anyhow::Result<Replayed> {
        let folder = tempfile::tempdir().context("a folder for temporary files")?;
        let mut args = self.replay.clone();
        let path = |name| Some(folder.path().join(name));
        args.outputs.remb_csv = path(REMB_CSV);
        args.outputs.estimate_csv = path(ESTIMATE_CSV);
        args.outputs.json = path(SUMMARY);
        args.behave.strict |= mode.warnings_fail;
        args.behave.quiet = true;
        args.behave.silent = true;
        let (exit, error) = match replay::run(&args) {
            Ok(exit) => (exit, None),
            Err(failure) => (failure.exit, Some(format!("{:#}", failure.error))),
        };
        Ok(Replayed { folder, exit: exit as i64, error })
    }

    /// Our result against a golden; a missing one is written, and with `--bless` every one.
    fn golden(
        &self,
        golden: &Path,
        replayed: &Replayed,
        mode: Mode,
        written: &mut Vec<String>,
    ) -> anyhow::Result<Option<String>> {
        let path = self.path(golden);
        let shown = path.display();
        let known = match fs::read(&path) {
            Ok(known) => Some(known),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(anyhow!(error).context(shown.to_string())),
        };
        if known.is_none() && mode.strict && !mode.bless {
            return Ok(Some(format!("{shown} is missing; check --bless writes it")));
        }
        let is_estimate = match &known {
            Some(known) => Rows::parse(known).is_ok_and(|rows| rows.has("estimate_bps")),
            None => golden.to_string_lossy().contains("estimate"),
        };
        let name = if is_estimate { ESTIMATE_CSV } else { REMB_CSV };
        let found = fs::read(replayed.folder.path().join(name)).context(name)?;
        let Some(known) = known.filter(|known| !mode.bless || *known == found) else {
            fs::write(&path, found).with_context(|| shown.to_string())?;
            written.push(shown.to_string());
            return Ok(None);
        };
        let reference = Rows::parse(&known).with_context(|| shown.to_string())?;
        let subject = Rows::parse(&found).context(name)?;
        let difference = first_difference(&subject, &reference, &self.case.tolerances, false);
        Ok(difference.map(|difference| format!("{shown}: {difference}")))
    }

    /// Another estimator's result against a golden, or against ours.
    fn candidate(&self, candidate: &Path, replayed: Option<&Replayed>) -> anyhow::Result<Option<String>> {
        let subject = self.path(candidate);
        let ours = || replayed.map(|replayed| replayed.folder.path().join(REMB_CSV));
        let golden = self.case.goldens.first().map(|golden| self.path(golden));
        let what = if golden.is_some() { "the golden" } else { "our replay" };
        let Some(reference) = golden.or_else(ours) else { return Ok(None) };
        let shown = subject.display();
        if let Some(distance) = self.case.distance {
            let reason = too_far(&reference, &subject, distance)?;
            return Ok(reason.map(|reason| format!("{shown} against {what}: {reason}")));
        }
        let table = |path: &Path| {
            let content = fs::read(path).with_context(|| path.display().to_string())?;
            Rows::parse(&content).with_context(|| path.display().to_string())
        };
        let (found, expected) = (table(&subject)?, table(&reference)?);
        let difference = first_difference(&found, &expected, &self.case.tolerances, true);
        Ok(difference.map(|difference| format!("{shown} against {what}: {difference}")))
    }

    /// What makes the same result, to be typed.
    fn command(&self) -> String {
        let input = self.replay.capture.display().to_string();
        let mut words = vec!["remb-replay".to_owned(), "replay".to_owned(), quoted(&input)];
        let folder = self.file.parent().unwrap_or(Path::new(""));
        let mut is_path = false;
        for arg in &self.case.args {
            let word = if is_path { folder.join(arg).display().to_string() } else { arg.clone() };
            is_path = arg == "--sdp" || arg == "--config";
            words.push(quoted(&word));
        }
        let estimate = self.case.goldens.iter().any(|golden| golden.to_string_lossy().contains("estimate"));
        words.push(if estimate { "--estimate-csv -" } else { "--remb-csv -" }.to_owned());
        words.join(" ")
    }
}

struct HashWriter<'a>(&'a mut Sha256);

impl Write for HashWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Why two series are further apart than allowed.
fn too_far(reference: &Path, subject: &Path, distance: Distance) -> anyhow::Result<Option<String>> {
    let [reference, subject] = SeriesFile::read_both(reference, subject, &ColumnNames::default())?;
    let flows = pairs(&reference, &subject, TimeDelta::ZERO, false);
    if flows.is_empty() {
        return Ok(Some("no time in common".to_owned()));
    }
    Ok(flows.iter().find_map(|flow| {
        flow.too_far(
            distance.max_median,
            distance.min_within_5,
            ["distance.max_median", "distance.min_within_5"],
        )
    }))
}

/// For a shell.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,%+@[]".contains(c);
    match !word.is_empty() && word.chars().all(plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

fn write(plan: &Plan, results: &[CaseResult]) -> anyhow::Result<()> {
    let mut outputs = Vec::new();
    for (target, text) in [(&plan.junit, junit as fn(&[CaseResult]) -> String), (&plan.markdown, markdown)] {
        if let Some(target) = target {
            let mut output = plan.open(target)?;
            output.write_all(text(results).as_bytes())?;
            outputs.push(output);
        }
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

//! One case of `check`: replayed, and held against its goldens, its candidate and what it expects.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};

use super::Failure;
use super::args::{BehaveArgs, ReplayArgs};
use super::in_memory::replay_in_memory;
use remb_replay::analysis::check::{Case, CaseResult, Csv, Golden, Known, Results, Run, Table, Verdict};
use remb_replay::capture::HashedFile;

/// A case and where it is.
pub(super) struct Placed {
    pub(super) case: Case,
    pub(super) file: PathBuf,
    pub(super) replay: ReplayArgs,
}

/// How a case is run.
#[derive(Clone, Copy)]
pub(super) struct Mode {
    pub(super) bless: bool,
    /// A golden that is missing is a failure and is not written.
    pub(super) strict: bool,
    /// `--strict`: a warning is exit code 5.
    pub(super) warnings_fail: bool,
}

/// A golden of the case, as far as it can be read.
struct Read<'a> {
    golden: &'a Golden,
    path: PathBuf,
    known: io::Result<Known>,
}

impl Placed {
    fn path(&self, relative: &Path) -> PathBuf {
        self.file.parent().unwrap_or(Path::new("")).join(relative)
    }

    /// Whether what a case needs is there, but for goldens.
    fn check_files(&self) -> anyhow::Result<()> {
        let input = self.case.needs_replay().then_some(("input", &self.case.input));
        let candidate = self.case.candidate.iter().map(|candidate| ("candidate", candidate));
        for (key, relative) in input.into_iter().chain(candidate) {
            let path = self.path(relative);
            let context = || format!("{}: '{key}': {}", self.file.display(), path.display());
            fs::File::open(&path).with_context(context)?;
        }
        Ok(())
    }

    /// A file that cannot be read is a reason to fail, and none for the other cases not to be run.
    pub(super) fn run(&self, mode: Mode) -> CaseResult {
        let name = self.case.name.clone();
        if let Some(why) = &self.case.skip {
            return CaseResult { name, verdict: Verdict::Skipped(why.clone()) };
        }
        let goldens: Vec<_> = self.case.goldens.iter().map(|golden| self.golden(golden)).collect();
        let of_estimates =
            |read: &Read<'_>| read.golden.said_table(read.known.as_ref().ok()) == Some(Table::Estimate);
        let is_of_estimates = goldens.iter().any(of_estimates);
        let mut written = Vec::new();
        let reasons =
            self.check_files().and_then(|()| self.reasons(mode, goldens, is_of_estimates, &mut written));
        let reasons = reasons.unwrap_or_else(|error| vec![format!("{error:#}")]);
        let verdict = match (reasons.is_empty(), written.is_empty()) {
            (false, _) => Verdict::Failed { reasons, command: self.command(is_of_estimates) },
            (true, false) => Verdict::Blessed(written),
            (true, true) => Verdict::Passed,
        };
        CaseResult { name, verdict }
    }

    fn golden<'a>(&self, golden: &'a Golden) -> Read<'a> {
        let path = self.path(&golden.path);
        Read { golden, known: fs::read(&path).map(Known::new), path }
    }

    /// Why it fails; goldens that were written go to `written`.
    fn reasons(
        &self,
        mode: Mode,
        goldens: Vec<Read<'_>>,
        is_of_estimates: bool,
        written: &mut Vec<String>,
    ) -> anyhow::Result<Vec<String>> {
        let case = &self.case;
        if let Some(reason) = self.wrong_hash()? {
            return Ok(vec![reason]);
        }
        let run = case.needs_replay().then(|| self.replay(mode, is_of_estimates));
        if let Some(reason) = run.as_ref().and_then(|run| case.wrong_exit(run)) {
            return Ok(vec![reason]);
        }
        let mut reasons = run.as_ref().map(|run| case.unmet(run)).unwrap_or_default();
        let results = run.as_ref().and_then(|run| run.results.as_ref());
        match &case.candidate {
            Some(candidate) => {
                reasons.extend(self.candidate(candidate, goldens.into_iter().next(), results)?);
            }
            None => {
                for golden in goldens {
                    reasons.extend(self.hold(golden, results, mode, written)?);
                }
            }
        }
        Ok(reasons)
    }

    fn wrong_hash(&self) -> anyhow::Result<Option<String>> {
        let Some(expected) = &self.case.sha256 else { return Ok(None) };
        let path = self.path(&self.case.input);
        let found = HashedFile::new(&path, || false).sha256().with_context(|| path.display().to_string())?;
        let differs = !found.eq_ignore_ascii_case(expected);
        Ok(differs.then(|| format!("{} has the SHA-256 {found}, expected {expected}", path.display())))
    }

    fn replay(&self, mode: Mode, is_of_estimates: bool) -> Run {
        let args = &self.replay;
        let strict = args.settings.behave.strict || mode.warnings_fail;
        let behave = BehaveArgs { strict, quiet: true, ..args.settings.behave.clone() };
        match replay_in_memory(args, &behave, is_of_estimates) {
            Ok((exit, results)) => Run { exit: exit as i64, error: None, results: Some(results) },
            Err(Failure { exit, error }) => {
                Run { exit: exit as i64, error: Some(format!("{error:#}")), results: None }
            }
        }
    }

    /// Our result against a golden; a missing one is written, and with `--bless` every one.
    fn hold(
        &self,
        Read { golden, path, known }: Read<'_>,
        results: Option<&Results>,
        mode: Mode,
        written: &mut Vec<String>,
    ) -> anyhow::Result<Option<String>> {
        let shown = path.display();
        let known = match known {
            Ok(known) => Some(known),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(anyhow!(error).context(shown.to_string())),
        };
        if known.is_none() && mode.strict && !mode.bless {
            return Ok(Some(format!("{shown} is missing; check --bless writes it")));
        }
        let table = match golden.table(known.as_ref()) {
            Ok(table) => table,
            Err(what) => return Ok(Some(format!("{shown} {what}"))),
        };
        let found = found(results, table)?;
        let Some(known) = known.filter(|known| !mode.bless || known.content() == found) else {
            fs::write(&path, found).with_context(|| shown.to_string())?;
            written.push(shown.to_string());
            return Ok(None);
        };
        let difference = known.difference(found, &self.case.tolerances).with_context(|| shown.to_string())?;
        Ok(difference.map(|difference| format!("{shown}: {difference}")))
    }

    /// Another estimator's result against a golden, or against ours.
    fn candidate(
        &self,
        candidate: &Path,
        golden: Option<Read<'_>>,
        results: Option<&Results>,
    ) -> anyhow::Result<Option<String>> {
        let path = self.path(candidate);
        let shown = path.display().to_string();
        let ours = Table::Remb;
        let (what, of_reference, reference) = match golden {
            Some(Read { path, known, .. }) => {
                let of_golden = path.display().to_string();
                ("the golden", of_golden.clone(), known.context(of_golden)?.into_content())
            }
            None => ("our replay", format!("our {}", ours.file_name()), found(results, ours)?.to_vec()),
        };
        let content = fs::read(&path).with_context(|| shown.clone())?;
        let candidate = Csv { shown: &shown, content: &content };
        let reference = Csv { shown: &of_reference, content: &reference };
        let reason = self.case.candidate_differs(candidate, reference)?;
        Ok(reason.map(|reason| format!("{shown} against {what}: {reason}")))
    }

    /// What makes the same result, to be typed.
    fn command(&self, is_of_estimates: bool) -> String {
        let input = self.replay.capture.display().to_string();
        let mut words = vec!["remb-replay".to_owned(), "replay".to_owned(), quoted(&input)];
        let folder = self.file.parent().unwrap_or(Path::new(""));
        let mut is_path = false;
        for arg in &self.case.args {
            let word = if is_path { folder.join(arg).display().to_string() } else { arg.clone() };
            is_path = arg == "--sdp" || arg == "--config";
            words.push(quoted(&word));
        }
        words.push(if is_of_estimates { "--estimate-csv -" } else { "--remb-csv -" }.to_owned());
        words.join(" ")
    }
}

fn found(results: Option<&Results>, table: Table) -> anyhow::Result<&[u8]> {
    let results = results.with_context(|| format!("{}: nothing was replayed", table.file_name()))?;
    Ok(results.table(table))
}

/// For a shell.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,%+@[]".contains(c);
    match !word.is_empty() && word.chars().all(plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

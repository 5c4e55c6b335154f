//! One case of `check`: replayed, and held against its goldens, its candidate and what it expects.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use sha2::{Digest, Sha256};

use super::args::ReplayArgs;
use super::replay;
use super::series_files;
use crate::analysis::check::{
    Case, CaseResult, Distance, Golden, Rows, Table, Verdict, first_difference, unmet,
};
use crate::analysis::compare::{Comparison, Settings};
use crate::analysis::series::ColumnNames;

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
        let input = self.needs_replay().then_some(("input", &self.case.input));
        let candidate = self.case.candidate.iter().map(|candidate| ("candidate", candidate));
        for (key, relative) in input.into_iter().chain(candidate) {
            let path = self.path(relative);
            let context = || format!("{}: '{key}': {}", self.file.display(), path.display());
            fs::File::open(&path).with_context(context)?;
        }
        Ok(())
    }

    /// A candidate that has a golden needs none.
    fn needs_replay(&self) -> bool {
        let case = &self.case;
        case.candidate.is_none() || case.goldens.is_empty() || !case.expectations.is_empty()
    }

    /// A file that cannot be read is a reason to fail, and none for the other cases not to be run.
    pub(super) fn run(&self, mode: Mode) -> CaseResult {
        let name = self.case.name.clone();
        if let Some(why) = &self.case.skip {
            return CaseResult { name, verdict: Verdict::Skipped(why.clone()) };
        }
        let mut written = Vec::new();
        let reasons = self.check_files().and_then(|()| self.reasons(mode, &mut written));
        let reasons = reasons.unwrap_or_else(|error| vec![format!("{error:#}")]);
        let verdict = match (reasons.is_empty(), written.is_empty()) {
            (false, _) => Verdict::Failed { reasons, command: self.command() },
            (true, false) => Verdict::Blessed(written),
            (true, true) => Verdict::Passed,
        };
        CaseResult { name, verdict }
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
        golden: &Golden,
        replayed: &Replayed,
        mode: Mode,
        written: &mut Vec<String>,
    ) -> anyhow::Result<Option<String>> {
        let path = self.path(&golden.path);
        let shown = path.display();
        let known = match fs::read(&path) {
            Ok(known) => Some(known),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(anyhow!(error).context(shown.to_string())),
        };
        if known.is_none() && mode.strict && !mode.bless {
            return Ok(Some(format!("{shown} is missing; check --bless writes it")));
        }
        let name = match golden.table.or_else(|| known.as_deref().map(table_of)) {
            Some(Table::Remb) => REMB_CSV,
            Some(Table::Estimate) => ESTIMATE_CSV,
            None if path.to_string_lossy().ends_with(ESTIMATE_CSV) => {
                let what = "is missing, and without a word in the case a new golden is a remb.csv";
                return Ok(Some(format!(
                    "{shown} {what}: golden = {{ estimate = \"…\" }} says that it is none"
                )));
            }
            None => REMB_CSV,
        };
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
        let golden = self.case.goldens.first().map(|golden| self.path(&golden.path));
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
        let is_estimate = |golden: &Golden| {
            let known = || fs::read(self.path(&golden.path)).ok().as_deref().map(table_of);
            golden.table.or_else(known) == Some(Table::Estimate)
        };
        let estimate = self.case.goldens.iter().any(is_estimate);
        words.push(if estimate { "--estimate-csv -" } else { "--remb-csv -" }.to_owned());
        words.join(" ")
    }
}

/// What a golden is, by its header.
fn table_of(golden: &[u8]) -> Table {
    match Rows::parse(golden).is_ok_and(|rows| rows.has("estimate_bps")) {
        true => Table::Estimate,
        false => Table::Remb,
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
    let [reference, subject] = series_files::read_both([reference, subject], &ColumnNames::default())?;
    // Whether it would fit another clock is not asked.
    let Ok(compared) = Comparison::of_files(reference, &subject, Settings::default()) else {
        return Ok(Some("no time in common".to_owned()));
    };
    Ok(compared.flows.iter().find_map(|flow| {
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

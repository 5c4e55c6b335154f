//! The one place that opens files: before the first frame, under temporary names, renamed at the end.

mod kinds;
mod output;

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result, bail};
use serde::Serialize;
use tempfile::NamedTempFile;

use super::args::TableFormat;
use super::table_format::TableWriter;
pub(super) use kinds::{Asked, Kind};
pub(super) use output::{Output, readable_by_others};

/// Bytes that are written at once.
const BUFFER_SIZE: usize = 1 << 17;

/// Where an output goes.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Target {
    /// Standard output.
    Stdout,
    /// A file of this name.
    File(PathBuf),
}

/// How a picture is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Png,
    Svg,
}

/// Which outputs were asked for, and where they go.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// By kind.
    targets: Vec<(Kind, Target)>,
    /// Files that were opened before the work began, until somebody takes them: what cannot be written is not to be found
    /// out at the end of it.
    ready: Mutex<Vec<(PathBuf, TemporaryFile)>>,
    /// What was written may have to be taken back: the capture can be read again.
    pub(super) may_begin_again: bool,
    created: Option<PathBuf>,
    force: bool,
}

impl Plan {
    /// Checks the targets: one standard output at most, no file that exists unless forced, no output twice and none that
    /// is an input.
    pub(super) fn new(asked: Asked, inputs: &[&Path], force: bool) -> Result<Self> {
        let plan = Self::checked(asked, inputs, force)?;
        plan.make_ready()?;
        Ok(plan)
    }

    fn checked(asked: Asked, inputs: &[&Path], force: bool) -> Result<Self> {
        let target = |path: PathBuf| match path.as_os_str() == "-" {
            true => Target::Stdout,
            false => Target::File(path),
        };
        let mut targets: Vec<_> = asked.into_iter().map(|(kind, path)| (kind, target(path))).collect();
        targets.sort_by_key(|(kind, _)| *kind);
        let plan = Self { targets, force, ..Self::default() };
        inputs.iter().try_for_each(|input| plan.check(input))?;
        Ok(plan)
    }

    /// The same with a folder that takes some of them, and is created if it has to be.
    pub(super) fn with_folder(
        asked: Asked,
        folder: Option<&Path>,
        input: &Path,
        force: bool,
    ) -> Result<Self> {
        if let Some(folder) = folder.filter(|folder| folder.exists() && !folder.is_dir()) {
            bail!("cannot write into {}: it is no folder", folder.display());
        }
        let mut plan = Self::checked(asked, &[input], force)?;
        if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
            fs::create_dir_all(folder)
                .with_context(|| format!("cannot create the folder {}", folder.display()))?;
            plan.created = Some(folder.to_owned());
        }
        plan.make_ready().inspect_err(|_| plan.undo())?;
        Ok(plan)
    }

    /// Opens all files. Streams are not opened before they are needed: a pipe waits for whoever reads it.
    fn make_ready(&self) -> Result<()> {
        for (_, target) in &self.targets {
            if let Target::File(path) = target
                && !is_special(path)
            {
                let file = TemporaryFile::create(path)?;
                self.ready.lock().unwrap_or_else(PoisonError::into_inner).push((path.clone(), file));
            }
        }
        Ok(())
    }

    /// Whether anything was asked for.
    pub(super) fn is_empty(&self) -> bool {
        self.targets.is_empty()
    }

    /// Whether this was asked for.
    pub(super) fn has(&self, kind: Kind) -> bool {
        self.target(kind).is_some()
    }

    /// Whether standard output is taken.
    pub(super) fn uses_stdout(&self) -> bool {
        self.targets.iter().any(|(_, target)| *target == Target::Stdout)
    }

    /// Opens an output, if it was asked for.
    pub(super) fn open(&self, kind: Kind) -> Result<Option<Output>> {
        self.target(kind).map(|target| self.open_target(target)).transpose()
    }

    /// Opens a table, if it was asked for; its name says whether it is to be Parquet.
    pub(super) fn open_table(&self, kind: Kind) -> Result<Option<TableWriter<Output>>> {
        let format = match self.target(kind) {
            Some(Target::File(path)) => TableFormat::of(path),
            _ => TableFormat::Csv,
        };
        Ok(self.open(kind)?.map(|output| TableWriter::new(output, format)))
    }

    /// Writes an output whole, if it was asked for.
    pub(super) fn write(
        &self,
        kind: Kind,
        outputs: &mut Vec<Output>,
        write: impl FnOnce(&mut Output) -> Result<()>,
    ) -> Result<()> {
        if let Some(mut output) = self.open(kind)? {
            write(&mut output)?;
            outputs.push(output);
        }
        Ok(())
    }

    /// The same of a table.
    pub(super) fn write_table(
        &self,
        kind: Kind,
        outputs: &mut Vec<Output>,
        write: impl FnOnce(&mut TableWriter<Output>) -> Result<()>,
    ) -> Result<()> {
        if let Some(mut table) = self.open_table(kind)? {
            write(&mut table)?;
            outputs.push(table.finish()?);
        }
        Ok(())
    }

    /// The same of JSON.
    pub(super) fn write_json(&self, outputs: &mut Vec<Output>, value: &impl Serialize) -> Result<()> {
        self.write(Kind::Json, outputs, |output| {
            serde_json::to_writer_pretty(&mut *output, value)?;
            Ok(output.write_all(b"\n")?)
        })
    }

    /// Opens the picture of the flow at `index`; standard output takes that of the first alone. The file's name says in
    /// which format it is to be.
    pub(super) fn open_picture(&self, index: usize) -> Result<Option<(Output, Format)>> {
        let (target, format) = match self.target(Kind::Picture) {
            Some(Target::File(path)) => (Target::File(numbered(path, index)), format_of(path)),
            Some(Target::Stdout) if index == 0 => (Target::Stdout, Format::Png),
            _ => return Ok(None),
        };
        Ok(Some((self.open_target(&target)?, format)))
    }

    fn target(&self, kind: Kind) -> Option<&Target> {
        self.targets.iter().find(|(known, _)| *known == kind).map(|(_, target)| target)
    }

    fn open_target(&self, target: &Target) -> Result<Output> {
        match target {
            Target::Stdout => self.stream(io::stdout(), "standard output".to_owned()),
            Target::File(path) if is_special(path) => {
                let file = fs::OpenOptions::new().write(true).open(path);
                let shown = path.display().to_string();
                let file = file.with_context(|| format!("cannot write {shown}"))?;
                self.stream(file, shown)
            }
            Target::File(path) => {
                let ready = self.take_ready(path).map_or_else(|| TemporaryFile::create(path), Ok);
                let TemporaryFile { file, path } = ready?;
                let file = BufWriter::with_capacity(BUFFER_SIZE, file);
                Ok(Output::File { file, path, force: self.force })
            }
        }
    }

    fn take_ready(&self, path: &Path) -> Option<TemporaryFile> {
        let mut ready = self.ready.lock().unwrap_or_else(PoisonError::into_inner);
        let place = ready.iter().position(|(known, _)| known == path)?;
        Some(ready.swap_remove(place).1)
    }

    /// Nothing that is written into a stream can be taken back.
    fn stream(&self, writer: impl Write + Send + 'static, shown: String) -> Result<Output> {
        let kept = self.may_begin_again.then(tempfile::tempfile).transpose();
        let kept = kept.with_context(|| format!("a temporary file for {shown}"))?;
        let kept = kept.map(|file| BufWriter::with_capacity(BUFFER_SIZE, file));
        let writer = BufWriter::with_capacity(BUFFER_SIZE, Box::new(writer) as Box<dyn Write + Send>);
        Ok(Output::Stream { writer, kept, shown })
    }

    /// Removes the folder again, if it was created and nothing was put into it.
    pub(super) fn undo(&self) {
        self.ready.lock().unwrap_or_else(PoisonError::into_inner).clear();
        if let Some(folder) = &self.created {
            // A folder that is not empty stays.
            let _ = fs::remove_dir(folder);
        }
    }

    /// That none of them is this input, and none is there already or asked for twice.
    pub(super) fn check(&self, input: &Path) -> Result<()> {
        let mut seen = BTreeSet::new();
        for (_, target) in &self.targets {
            let Target::File(path) = target else {
                if !seen.insert(PathBuf::from("-")) {
                    bail!("standard output can take one output, and two ask for it");
                }
                continue;
            };
            if !seen.insert(path.clone()) {
                bail!("{} is asked for twice", path.display());
            }
            if is_same_file(path, input) {
                bail!("{} is the capture itself", path.display());
            }
            if path.is_dir() {
                bail!("cannot write {}: it is a folder", path.display());
            }
            if !self.force {
                bail_if_exists(path)?;
            }
        }
        Ok(())
    }
}

/// A file without its name yet.
#[derive(Debug)]
struct TemporaryFile {
    file: NamedTempFile,
    /// The name that it is to have.
    path: PathBuf,
}

impl TemporaryFile {
    fn create(path: &Path) -> Result<Self> {
        let path = behind_links(path);
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        if let Some(folder) = folder.filter(|folder| !folder.exists()) {
            bail!("cannot write {}: there is no folder {}", path.display(), folder.display());
        }
        let file = NamedTempFile::new_in(folder.unwrap_or(Path::new(".")))
            .with_context(|| format!("cannot write {}", path.display()))?;
        Ok(Self { file, path })
    }
}

fn bail_if_exists(path: &Path) -> Result<()> {
    if path.exists() && !is_special(path) {
        bail!("{} exists; --force overwrites it", path.display());
    }
    Ok(())
}

/// The file that a link leads to; the path itself where it is none, or leads nowhere.
fn behind_links(path: &Path) -> PathBuf {
    let file = if path.is_symlink() { path.canonicalize().ok() } else { None };
    file.unwrap_or_else(|| path.to_owned())
}

/// Whether it is there and is a device, a pipe or the like: it is written into and never replaced.
fn is_special(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|found| !found.is_file() && !found.is_dir())
}

fn is_same_file(a: &Path, b: &Path) -> bool {
    matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b)
}

/// The name of the picture of the flow at `index`: `estimate.png`, `estimate-2.png` …
fn numbered(path: &Path, index: usize) -> PathBuf {
    if index == 0 {
        return path.to_owned();
    }
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let suffix = path.extension().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!("{stem}-{}.{suffix}", index + 1))
}

fn format_of(path: &Path) -> Format {
    match path.extension().is_some_and(|suffix| suffix.eq_ignore_ascii_case("svg")) {
        true => Format::Svg,
        false => Format::Png,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_of_further_flows_are_numbered() {
        assert_eq!(numbered(Path::new("out/estimate.png"), 0), Path::new("out/estimate.png"));
        assert_eq!(numbered(Path::new("out/estimate.png"), 1), Path::new("out/estimate-2.png"));
    }

    #[test]
    fn what_cannot_be_written_is_refused_before_the_work_begins() {
        let folder = tempfile::tempdir().unwrap();
        let plan = |path: &Path| Plan::new(vec![(Kind::Json, path.to_owned())], &[], false);
        let missing = folder.path().join("missing").join("out.json");
        let refused = plan(&missing).map(drop).unwrap_err();
        assert!(format!("{refused:#}").starts_with("cannot write "), "{refused:#}");
        let path = folder.path().join("out.json");
        let ready = plan(&path).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "opened");
        let (mut once, mut again) =
            (ready.open(Kind::Json).unwrap().unwrap(), ready.open(Kind::Json).unwrap().unwrap());
        once.write_all(b"once").unwrap();
        drop(once);
        again.write_all(b"again").unwrap();
        Output::finish_all(vec![again]).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"again", "a second reading begins anew");
        drop(plan(&folder.path().join("other.json")).unwrap());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left of what nobody took");
    }

    #[test]
    fn a_file_has_its_name_only_when_it_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.csv");
        let plan = Plan::default();
        let mut dropped = plan.open_target(&Target::File(path.clone())).unwrap();
        dropped.write_all(b"half").unwrap();
        drop(dropped);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        let mut output = plan.open_target(&Target::File(path.clone())).unwrap();
        output.write_all(b"whole").unwrap();
        Output::finish_all(vec![output]).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"whole");
        let again = plan.open_target(&Target::File(path.clone())).unwrap();
        assert!(Output::finish_all(vec![again]).is_err(), "it came into being in the meantime");
    }
}

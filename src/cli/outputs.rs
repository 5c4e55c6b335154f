//! The one place that opens files: before the first frame, under temporary names, renamed at the end.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, BufWriter, Seek, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use tempfile::NamedTempFile;

use super::args::{CheckArgs, ComparisonArgs, InspectArgs, OutputArgs, Report, SweepArgs};

/// Bytes that are written at once.
const BUFFER_SIZE: usize = 1 << 17;

/// Where an output goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target {
    /// Standard output.
    Stdout,
    /// A file of this name.
    File(PathBuf),
}

/// Which outputs were asked for, and where they go.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) pcap: Option<Target>,
    pub(super) estimate_csv: Option<Target>,
    pub(super) remb_csv: Option<Target>,
    pub(super) streams_csv: Option<Target>,
    pub(super) plot: Option<Target>,
    pub(super) json: Option<Target>,
    pub(super) config: Option<Target>,
    pub(super) comparison_csv: Option<Target>,
    pub(super) sweep_csv: Option<Target>,
    pub(super) merge: Option<Target>,
    pub(super) junit: Option<Target>,
    pub(super) markdown: Option<Target>,
    /// What was written may have to be taken back: the capture can be read again.
    pub(super) may_begin_again: bool,
    created: Option<PathBuf>,
    force: bool,
}

impl Plan {
    /// Checks the targets: one standard output at most, no file that exists unless forced, no output twice and none that
    /// is the input. Creates the folder.
    pub(super) fn new(args: &OutputArgs, input: &Path) -> Result<Self> {
        let in_folder = |name: &str| args.directory.as_ref().map(|folder| Target::File(folder.join(name)));
        let mut plan = Self {
            pcap: single(&args.pcap).or_else(|| in_folder("remb.pcap")),
            estimate_csv: single(&args.estimate_csv).or_else(|| in_folder("estimate.csv")),
            remb_csv: single(&args.remb_csv).or_else(|| in_folder("remb.csv")),
            streams_csv: in_folder("streams.csv"),
            plot: single(&args.plot).or_else(|| in_folder("estimate.png")),
            json: single(&args.json).or_else(|| in_folder("summary.json")),
            config: in_folder("config.toml"),
            merge: single(&args.merge),
            force: args.force,
            ..Self::default()
        };
        if let Some(folder) = args.directory.as_ref().filter(|folder| folder.exists() && !folder.is_dir()) {
            bail!("cannot write into {}: it is no folder", folder.display());
        }
        plan.check(input)?;
        if let Some(folder) = &args.directory
            && !folder.is_dir()
        {
            fs::create_dir_all(folder)
                .with_context(|| format!("cannot create the folder {}", folder.display()))?;
            plan.created = Some(folder.clone());
        }
        Ok(plan)
    }

    /// The same for an inspection.
    pub(super) fn for_inspection(args: &InspectArgs) -> Result<Self> {
        let plan = Self {
            streams_csv: single(&args.csv),
            json: single(&args.json),
            force: args.force,
            ..Self::default()
        };
        plan.check(&args.capture)?;
        Ok(plan)
    }

    /// The same for reports, which take the place of those before.
    pub(super) fn for_check(args: &CheckArgs) -> Result<Self> {
        let mut plan = Self { force: true, ..Self::default() };
        for report in &args.report {
            let (place, path) = match report {
                Report::Junit(path) => (&mut plan.junit, path),
                Report::Markdown(path) => (&mut plan.markdown, path),
            };
            if place.is_some() {
                bail!("two reports of one form");
            }
            *place = single(&Some(path.clone()));
        }
        args.cases.iter().try_for_each(|case| plan.check(case))?;
        Ok(plan)
    }

    /// The same for a sweep.
    pub(super) fn for_sweep(args: &SweepArgs) -> Result<Self> {
        let plan = Self {
            sweep_csv: single(&args.csv),
            plot: single(&args.plot),
            json: single(&args.json),
            force: args.force,
            ..Self::default()
        };
        args.captures.iter().chain(&args.reference).try_for_each(|input| plan.check(input))?;
        Ok(plan)
    }

    /// The same for a comparison.
    pub(super) fn for_comparison(args: &ComparisonArgs, inputs: &[&Path]) -> Result<Self> {
        let plan = Self {
            comparison_csv: single(&args.csv),
            plot: single(&args.plot),
            json: single(&args.json),
            force: args.force,
            ..Self::default()
        };
        inputs.iter().try_for_each(|input| plan.check(input))?;
        Ok(plan)
    }

    /// Whether anything was asked for.
    pub(super) fn is_empty(&self) -> bool {
        self.targets().next().is_none()
    }

    /// Whether standard output is taken.
    pub(super) fn uses_stdout(&self) -> bool {
        self.targets().any(|target| *target == Target::Stdout)
    }

    /// Opens an output.
    pub(super) fn open(&self, target: &Target) -> Result<Output> {
        match target {
            Target::Stdout => self.stream(io::stdout(), "standard output".to_owned()),
            Target::File(path) if is_special(path) => {
                let file = fs::OpenOptions::new().write(true).open(path);
                let shown = path.display().to_string();
                let file = file.with_context(|| format!("cannot write {shown}"))?;
                self.stream(file, shown)
            }
            Target::File(path) => {
                let path = behind_links(path);
                let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
                let file = NamedTempFile::new_in(folder.unwrap_or(Path::new(".")))
                    .with_context(|| format!("cannot write {}", path.display()))?;
                Ok(Output::File {
                    file: BufWriter::with_capacity(BUFFER_SIZE, file),
                    path,
                    force: self.force,
                })
            }
        }
    }

    /// Nothing that is written into a stream can be taken back.
    fn stream(&self, writer: impl Write + 'static, shown: String) -> Result<Output> {
        let kept = self.may_begin_again.then(tempfile::tempfile).transpose();
        let kept = kept.with_context(|| format!("a temporary file for {shown}"))?;
        let kept = kept.map(|file| BufWriter::with_capacity(BUFFER_SIZE, file));
        let writer = BufWriter::with_capacity(BUFFER_SIZE, Box::new(writer) as Box<dyn Write>);
        Ok(Output::Stream { writer, kept, shown })
    }

    /// Removes the folder again, if it was created and nothing was put into it.
    pub(super) fn undo(&self) {
        if let Some(folder) = &self.created {
            // A folder that is not empty stays.
            let _ = fs::remove_dir(folder);
        }
    }

    fn targets(&self) -> impl Iterator<Item = &Target> {
        [
            &self.pcap,
            &self.estimate_csv,
            &self.remb_csv,
            &self.streams_csv,
            &self.plot,
            &self.json,
            &self.config,
            &self.comparison_csv,
            &self.sweep_csv,
            &self.merge,
            &self.junit,
            &self.markdown,
        ]
        .into_iter()
        .flatten()
    }

    fn check(&self, input: &Path) -> Result<()> {
        let mut seen = BTreeSet::new();
        for target in self.targets() {
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

fn single(path: &Option<PathBuf>) -> Option<Target> {
    path.as_ref().map(|path| match path.as_os_str() == "-" {
        true => Target::Stdout,
        false => Target::File(path.clone()),
    })
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
pub(super) fn numbered(path: &Path, index: usize) -> PathBuf {
    if index == 0 {
        return path.to_owned();
    }
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let suffix = path.extension().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!("{stem}-{}.{suffix}", index + 1))
}

/// Whether a picture is to be an SVG, by its name.
pub(super) fn is_svg(target: &Target) -> bool {
    match target {
        Target::Stdout => false,
        Target::File(path) => path.extension().is_some_and(|suffix| suffix.eq_ignore_ascii_case("svg")),
    }
}

/// An opened output; dropped before [`Output::finish`] it leaves nothing.
pub(super) enum Output {
    /// Standard output, or what is no file.
    Stream {
        writer: BufWriter<Box<dyn Write>>,
        /// What it will get once nothing is to be taken back.
        kept: Option<BufWriter<File>>,
        shown: String,
    },
    File {
        file: BufWriter<NamedTempFile>,
        path: PathBuf,
        force: bool,
    },
}

impl Output {
    /// Gives all files their names; none, where one of them is taken.
    pub(super) fn finish_all(outputs: Vec<Self>) -> Result<()> {
        for output in &outputs {
            if let Self::File { path, force: false, .. } = output {
                bail_if_exists(path)?;
            }
        }
        outputs.into_iter().try_for_each(Self::finish)
    }

    /// Gives the file its name.
    fn finish(self) -> Result<()> {
        match self {
            Self::Stream { mut writer, kept, shown } => {
                let copied = kept.map_or(Ok(()), |kept| copy_from_start(kept, &mut writer));
                ignoring_closed_pipe(copied.and_then(|()| writer.flush())).context(shown)
            }
            Self::File { file, path, force } => {
                let shown = path.display();
                let file = file.into_inner().map_err(io::IntoInnerError::into_error);
                let file = file.with_context(|| format!("cannot write {shown}"))?;
                readable_by_others(file.path());
                let result = if force { file.persist(&path) } else { file.persist_noclobber(&path) };
                result.map_err(|error| error.error).with_context(|| format!("cannot write {shown}"))?;
                Ok(())
            }
        }
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Stream { kept: Some(kept), .. } => kept.write(bytes),
            Self::Stream { writer, .. } => {
                ignoring_closed_pipe(writer.write_all(bytes)).map(|()| bytes.len())
            }
            Self::File { file, .. } => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Stream { kept: Some(kept), .. } => kept.flush(),
            Self::Stream { writer, .. } => ignoring_closed_pipe(writer.flush()),
            Self::File { file, .. } => file.flush(),
        }
    }
}

fn copy_from_start(kept: BufWriter<File>, writer: &mut impl Write) -> io::Result<()> {
    let mut kept = kept.into_inner().map_err(io::IntoInnerError::into_error)?;
    kept.rewind()?;
    io::copy(&mut kept, writer).map(drop)
}

/// Whoever reads may have seen enough.
fn ignoring_closed_pipe(result: io::Result<()>) -> io::Result<()> {
    result.or_else(|error| if error.kind() == io::ErrorKind::BrokenPipe { Ok(()) } else { Err(error) })
}

/// Temporary files are private; outputs are as other programs' files are.
#[cfg(unix)]
fn readable_by_others(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    // A file system without permissions keeps what it has.
    let _ = fs::set_permissions(path, fs::Permissions::from_mode(0o644));
}

#[cfg(not(unix))]
fn readable_by_others(_path: &Path) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_of_further_flows_are_numbered() {
        assert_eq!(numbered(Path::new("out/estimate.png"), 0), Path::new("out/estimate.png"));
        assert_eq!(numbered(Path::new("out/estimate.png"), 1), Path::new("out/estimate-2.png"));
    }

    #[test]
    fn a_file_has_its_name_only_when_it_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.csv");
        let plan = Plan::default();
        let mut dropped = plan.open(&Target::File(path.clone())).unwrap();
        dropped.write_all(b"half").unwrap();
        drop(dropped);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        let mut output = plan.open(&Target::File(path.clone())).unwrap();
        output.write_all(b"whole").unwrap();
        output.finish().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"whole");
        let again = plan.open(&Target::File(path.clone())).unwrap();
        assert!(again.finish().is_err(), "it came into being in the meantime");
    }
}

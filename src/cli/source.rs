//! Where a capture comes from, and the one loop that reads it.

use std::fs::File;
use std::io::{self, IsTerminal, Read, Write};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow};
use indicatif::{ProgressBar, ProgressStyle};

use super::args::{BehaveArgs, Progress};
use super::folder;
use super::interrupt::{Interruptible, is_interrupted};
use super::join::{self, Joined};
use super::resolve::Logs;
use super::{Exit, Failure, messages};
use remb_replay::analysis::twice::{self, Reading as ReadOnce};
use remb_replay::beside::{Beside, Fitting, LogIndex, Spliced};
use remb_replay::capture::{CaptureReader, Frame, SharedHash};
use remb_replay::model::{self, Reading};
use remb_replay::report::no_frame;
use remb_replay::report::summary::{Frames, Input, Seconds, Warning};
use remb_replay::survey::Learned;

/// The capture's bytes.
pub(super) struct Source {
    pub(super) reader: Box<dyn Read + Send>,
    /// Without its folder; `-` for standard input.
    pub(super) name: String,
    /// For a person.
    pub(super) shown: String,
    pub(super) size: Option<u64>,
    pub(super) hash: Option<SharedHash>,
    /// Where it can be read again: none of standard input, several of a rotated capture.
    files: Vec<PathBuf>,
    /// What of these is being read.
    joined: Option<Joined>,
    /// Which session of an event log is read.
    session: Option<NonZeroUsize>,
    /// The log beside it, brought together with it.
    beside: Option<Arc<Beside>>,
}

impl Source {
    /// A capture, or the files of `--join` as one.
    pub(super) fn of(
        capture: &Path,
        joined: &[PathBuf],
        hash: bool,
        copy: Option<File>,
    ) -> anyhow::Result<Self> {
        match joined {
            [] => Self::open(capture, hash, copy),
            [single] => Self::open(single, hash, copy),
            several => Self::join(join::in_order(several)?, hash),
        }
    }

    /// Files of one capture, in order.
    fn join(files: Vec<PathBuf>, hash: bool) -> anyhow::Result<Self> {
        let [first, .., last] = files.as_slice() else { return Err(anyhow!("--join takes several files")) };
        let size = join::size(&files);
        let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let shown = format!("{} … {} ({} files)", first.display(), last.display(), files.len());
        let name = format!("{} … {} ({} files)", name(first), name(last), files.len());
        let hash = hash.then(SharedHash::default);
        let (reader, joined) = Joined::open(&files, hash.clone())?;
        Ok(Self { reader, name, shown, size, hash, files, joined: Some(joined), session: None, beside: None })
    }

    /// What is read goes to `copy` too, where it is no file that can be read again.
    pub(super) fn open(path: &Path, hash: bool, copy: Option<File>) -> anyhow::Result<Self> {
        let (reader, name, size): (Box<dyn Read + Send>, _, _) = if path.as_os_str() == "-" {
            (copying(Interruptible::pipe(io::stdin()), copy), "-".to_owned(), None)
        } else {
            let file = File::open(path).with_context(|| path.display().to_string())?;
            let metadata = file.metadata().with_context(|| path.display().to_string())?;
            if metadata.is_dir() {
                return Err(folder::refused(path));
            }
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            match metadata.is_file() {
                true => (Box::new(Interruptible::file(file)), name, Some(metadata.len())),
                false => (copying(Interruptible::pipe(file), copy), name, None),
            }
        };
        let hash = hash.then(SharedHash::default);
        let reader = hashing(reader, hash.clone());
        let files = size.map(|_| path.to_owned()).into_iter().collect();
        let shown = if name == "-" { "standard input".to_owned() } else { path.display().to_string() };
        Ok(Self { reader, name, shown, size, hash, files, joined: None, session: None, beside: None })
    }

    /// The same with what is said of logs. One that is beside it is read here, and the capture once, to bring their clocks together.
    pub(super) fn with(self, logs: &Logs) -> Result<Self, Failure> {
        let session = logs.session_of_input();
        if session.is_some() && self.joined.is_some() {
            let error = anyhow!("goes with one WebRTC event log, not with several files of --join");
            return Err(Failure::new(Exit::Usage, error.context("--session")));
        }
        let Some(path) = &logs.event_log else { return Ok(Self { session, ..self }) };
        let beside = self.bring_together(path, logs.session)?;
        Ok(Self { beside: Some(Arc::new(beside)), ..self })
    }

    fn bring_together(&self, path: &Path, session: Option<NonZeroUsize>) -> Result<Beside, Failure> {
        let opened = |error: anyhow::Error| Failure::new(Exit::Open, error.context("--event-log"));
        let shown = || path.display().to_string();
        let log = File::open(path).with_context(shown).map_err(opened)?;
        let log = CaptureReader::of_session(Box::new(Interruptible::file(log)), session);
        let log = log.with_context(shown).map_err(opened)?;
        let log = LogIndex::read(log).with_context(shown).map_err(opened)?;
        if let Some(why) = &log.ended_early {
            messages::say(&format!(
                "note: --event-log {}: {why}; what was read before is used",
                path.display()
            ));
        }
        let Some(again) = self.again().map_err(opened)? else {
            let error = anyhow!(
                "goes with a capture that is a file: it is read once more, to bring both clocks together"
            );
            return Err(Failure::new(Exit::Usage, error.context("--event-log")));
        };
        let mut reader = again.into_reader().map_err(opened)?;
        let mut fitting = Fitting::new(log);
        // Where it is damaged the reading proper says so.
        while let Ok(Some(frame)) = reader.next_frame() {
            fitting.handle_frame(&frame);
        }
        fitting.finish().map_err(|too_few| {
            let error = anyhow!("{} and {} {too_few}: is it of this call?", path.display(), self.shown);
            Failure::new(Exit::Nothing, error.context("--event-log"))
        })
    }

    /// Whether it is a file, which can be read again.
    pub(super) fn is_file(&self) -> bool {
        !self.files.is_empty()
    }

    /// The same from its beginning; `None` where that is gone once it is read.
    pub(super) fn again(&self) -> anyhow::Result<Option<Self>> {
        let hash = self.hash.is_some();
        let again = match self.files.as_slice() {
            [] => return Ok(None),
            [single] => Self::open(single, hash, None)?,
            several => Self::join(several.to_vec(), hash)?,
        };
        Ok(Some(Self { session: self.session, beside: self.beside.clone(), ..again }))
    }

    /// Reads it; a file once more, where that is needed, told what was learned too late in the first reading.
    pub(super) fn read_told<T: ReadOnce>(
        self,
        read: impl FnMut(Self, Option<&Learned>) -> Result<T, Failure>,
    ) -> Result<(T, Option<Learned>), Failure> {
        let again = self.again().map_err(|error| Failure::new(Exit::Open, error))?;
        twice::read_told(self, again, || !is_interrupted(), read)
    }

    /// Looks at its first bytes.
    pub(super) fn into_reader(self) -> anyhow::Result<CaptureReader> {
        join::reader(self.reader, self.joined.as_ref(), self.session).with_context(|| self.shown)
    }

    /// Reads no more than so many frames of a file, from its beginning; what is no file stays as it is.
    pub(super) fn look_ahead(&self, frames: usize, mut each: impl FnMut(&Frame<'_>)) -> anyhow::Result<()> {
        let Some(again) = self.again()? else { return Ok(()) };
        let Ok(mut reader) = again.into_reader() else { return Ok(()) };
        for _ in 0..frames {
            // Where it is damaged the reading proper says so.
            let Ok(Some(frame)) = reader.next_frame() else { break };
            each(&frame);
        }
        Ok(())
    }

    /// Reads the capture to its end, or to where it is damaged; `each` gets every frame.
    pub(super) fn read(
        self,
        behave: &BehaveArgs,
        mut each: impl FnMut(&Frame<'_>) -> anyhow::Result<()>,
    ) -> Result<ReadCapture, Failure> {
        let Self { reader, name, shown, size, hash, joined, session, beside, .. } = self;
        let opened = |error: anyhow::Error| Failure::new(Exit::Open, error);
        let reader = join::reader(reader, joined.as_ref(), session);
        let mut reader = reader.with_context(|| shown.clone()).map_err(opened)?;
        let progress = progress_bar(behave, size);
        let mut first_at = None;
        let mut spliced = beside.as_ref().map(|beside| beside.splice());
        let mut take = |frame: &Frame<'_>| {
            first_at.get_or_insert(frame.at);
            match &mut spliced {
                None => each(frame),
                Some(spliced) => with_log(spliced, frame, &mut each),
            }
            .map_err(opened)
        };
        let ended_early = loop {
            reader.buffered().try_for_each(|frame| take(&frame))?;
            show_progress(&progress, &reader);
            match reader.next_frame() {
                Ok(Some(frame)) => take(&frame)?,
                Ok(None) => break None,
                Err(error) => break Some(error),
            }
        };
        progress.finish_and_clear();
        if first_at.is_none() {
            let why = no_frame(reader.skipped(), ended_early.as_ref());
            return Err(Failure::new(Exit::Nothing, anyhow!("{shown}: {why}")));
        }
        let input = Input {
            file: name,
            sha256: hash.map(|hash| hash.hex()),
            format: reader.format(),
            snaplen: reader.snaplen().map(|(_, most)| most),
            nanoseconds: reader.nanoseconds(),
            first_unix_time_s: first_at.map(|at| Seconds(at.as_nanos())),
            span_s: None,
            ended_early: ended_early.as_ref().map(|error| match &joined {
                Some(joined) => format!("{}: {error}", joined.current()),
                None => error.to_string(),
            }),
        };
        let mut reading = Reading::of(&reader, ended_early.as_ref());
        reading.fit = beside.map(|beside| beside.fit);
        Ok(ReadCapture { input, shown, reading })
    }
}

/// The log's RTCP up to a frame, and the frame, unless it is RTCP that the log has.
fn with_log(
    spliced: &mut Spliced<'_>,
    frame: &Frame<'_>,
    each: &mut impl FnMut(&Frame<'_>) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    while let Some(frame) = spliced.next_before(frame.at) {
        each(&frame)?;
    }
    spliced.beside(frame).map_or(Ok(()), |frame| each(&frame))
}

/// A capture that was read as far as it goes.
pub(super) struct ReadCapture {
    pub(super) input: Input,
    pub(super) shown: String,
    reading: Reading,
}

impl ReadCapture {
    /// Adds what only the reader knows to what was found.
    pub(super) fn complete(&self, frames: &mut Frames, warnings: &mut Vec<model::Warning>) {
        self.reading.complete(frames, warnings);
    }

    /// Why there was nothing to work on, and why not more was read.
    pub(super) fn nothing(&self, why: &str) -> anyhow::Error {
        match &self.input.ended_early {
            Some(error) => anyhow!("{}: {why}; reading ended there: {error}", self.shown),
            None => anyhow!("{}: {why}", self.shown),
        }
    }

    /// 5 if the capture is incomplete, a limit was hit, or any doubt remains under `--strict`; else 0.
    pub(super) fn exit(&self, warnings: &[Warning], behave: &BehaveArgs) -> Exit {
        let limit = warnings.iter().any(Warning::is_limit);
        let strict = behave.strict && !warnings.iter().all(Warning::is_note);
        if self.input.ended_early.is_some() || limit || strict { Exit::Incomplete } else { Exit::Done }
    }
}

fn copying(reader: impl Read + Send + 'static, copy: Option<File>) -> Box<dyn Read + Send> {
    match copy {
        Some(copy) => Box::new(Copying { reader, copy }),
        None => Box::new(reader),
    }
}

/// A pipe, kept.
struct Copying<R> {
    reader: R,
    copy: File,
}

impl<R: Read> Read for Copying<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(buffer)?;
        self.copy.write_all(buffer.get(..read).unwrap_or_default())?;
        Ok(read)
    }
}

/// What is read goes into the hash, if there is one.
pub(super) fn hashing(reader: Box<dyn Read + Send>, hash: Option<SharedHash>) -> Box<dyn Read + Send> {
    match hash {
        Some(hash) => Box::new(hash.reading(reader)),
        None => reader,
    }
}

fn progress_bar(args: &BehaveArgs, size: Option<u64>) -> ProgressBar {
    if args.progress == Progress::Never || args.quiet || !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let (bar, template) = match size {
        Some(size) => (ProgressBar::new(size), "{bar:30} {bytes}/{total_bytes} {bytes_per_sec} {msg}"),
        None => (ProgressBar::new_spinner(), "{spinner} {bytes} {bytes_per_sec} {msg}"),
    };
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar
}

/// What is over sooner needs no bar: it would flicker.
const SHOWN_AFTER: Duration = Duration::from_secs(1);

fn show_progress(bar: &ProgressBar, reader: &CaptureReader) {
    if !bar.is_hidden() && bar.elapsed() >= SHOWN_AFTER {
        bar.set_position(reader.bytes_read());
        let rate = reader.frames() as f64 / bar.elapsed().as_secs_f64().max(1e-3);
        bar.set_message(format!("{rate:.0} packets/s"));
    }
}

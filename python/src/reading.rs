//! A capture's file, read to its end; no loop here holds Python's lock.

use std::fmt::Display;
use std::fs::File;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Duration;

use remb_replay::analysis::twice::{self, Reading as ReadOnce};
use remb_replay::capture::{CaptureReader, Frame};
use remb_replay::model::Reading;
use remb_replay::replay::{Outcome, Replay, ReplayConfig, Sink};
use remb_replay::report::no_frame;
use remb_replay::report::summary::{Input, Seconds};
use remb_replay::report::tables::Clock;
use remb_replay::survey::Learned;
use remb_replay::units::CaptureTime;

use crate::errors::Error;
use crate::guard::{End, Guard, Guarded, Stop};
use crate::settings::Settings;

/// What is read.
#[derive(Clone)]
pub(crate) struct Source {
    pub(crate) path: PathBuf,
    /// Of an event log, from 1.
    pub(crate) session: Option<NonZeroUsize>,
    pub(crate) guard: Guard,
}

/// What a reading leaves beside what became of its frames.
pub(crate) struct Read {
    pub(crate) reading: Reading,
    /// But for its span, which the frames say.
    pub(crate) input: Input,
}

/// A capture replayed into what was made for it.
pub(crate) struct Replayed<S> {
    pub(crate) read: Read,
    pub(crate) outcome: Outcome,
    pub(crate) sink: S,
    pub(crate) clock: Clock,
}

impl<S> ReadOnce for Replayed<S> {
    fn learned(&self) -> Option<&Learned> {
        self.outcome.learned.as_ref()
    }
}

impl Source {
    /// For one piece of work: once that is interrupted, nothing more is read of it.
    pub(crate) fn new(path: PathBuf, settings: &Settings, stop: Option<&Stop>) -> Self {
        Self { path, session: settings.session, guard: Guard::new(Duration::MAX, stop) }
    }

    /// What is no file is gone once it is read.
    pub(crate) fn is_file(&self) -> bool {
        self.path.is_file()
    }

    pub(crate) fn shown(&self) -> String {
        self.path.display().to_string()
    }

    /// There is nothing in it to work on.
    pub(crate) fn nothing(&self, why: &str, ended_early: Option<&str>) -> Error {
        let shown = self.shown();
        Error::Nothing(match ended_early {
            Some(error) => format!("{shown}: {why}; reading ended there: {error}"),
            None => format!("{shown}: {why}"),
        })
    }

    /// Reads it; once more where the first reading found something too late.
    pub(crate) fn read_told<T: ReadOnce>(
        &self,
        mut read: impl FnMut(Option<&Learned>) -> Result<T, Error>,
    ) -> Result<(T, Option<Learned>), Error> {
        twice::read_told((), self.is_file().then_some(()), || true, |(), told| read(told))
    }

    /// Replays it into what `make` makes once the first frame is there.
    pub(crate) fn replay<S: Sink<Error: Display>>(
        &self,
        config: &ReplayConfig,
        make: impl Fn(Clock) -> Result<S, Error>,
    ) -> Result<(Replayed<S>, Option<Learned>), Error> {
        self.read_told(|told| {
            let mut replay = Replay::new(config.clone().told(told)).map_err(Error::settings)?;
            let mut made: Option<(S, Clock)> = None;
            let read = self.read(|frame| {
                let (sink, _) = match &mut made {
                    Some(made) => made,
                    none => {
                        let clock = Clock { first: frame.at, nanoseconds: frame.nanoseconds };
                        none.insert((make(clock)?, clock))
                    }
                };
                replay.handle_frame(frame, sink).map_err(Error::settings)
            })?;
            let Some((mut sink, clock)) = made else { return Err(self.nothing("no frame", None)) };
            replay.finish(&mut sink).map_err(Error::settings)?;
            Ok(Replayed { read, outcome: replay.outcome(), sink, clock })
        })
    }

    fn reader(&self) -> Result<CaptureReader, Error> {
        let failed = |error: &dyn std::fmt::Display| Error::Capture(format!("{}: {error}", self.shown()));
        let file = File::open(&self.path).map_err(|error| failed(&error))?;
        let file = Box::new(Guarded { file, guard: self.guard.clone() });
        CaptureReader::of_session(file, self.session).map_err(|error| match self.guard.end(false) {
            Some(_) => Error::Python(self.guard.interrupted()),
            None => failed(&error),
        })
    }

    /// The first frames of a file, no more than so many; what is no file stays as it is.
    pub(crate) fn look_ahead(&self, frames: usize, mut each: impl FnMut(&Frame<'_>)) -> Result<(), Error> {
        if !self.is_file() {
            return Ok(());
        }
        let mut reader = self.reader()?;
        for _ in 0..frames {
            // Where it is damaged the reading proper says so.
            let Ok(Some(frame)) = reader.next_frame() else { break };
            each(&frame);
        }
        Ok(())
    }

    /// Reads it to its end, or to where it is damaged.
    pub(crate) fn read(&self, mut each: impl FnMut(&Frame<'_>) -> Result<(), Error>) -> Result<Read, Error> {
        let mut reader = self.reader()?;
        let mut first: Option<CaptureTime> = None;
        let mut take = |frame: &Frame<'_>| {
            first.get_or_insert(frame.at);
            each(frame)
        };
        let ended_early = loop {
            reader.buffered().try_for_each(|frame| take(&frame))?;
            if let Some(End::Interrupted) = self.guard.end(false) {
                return Err(self.guard.interrupted().into());
            }
            match reader.next_frame() {
                Ok(Some(frame)) => take(&frame)?,
                Ok(None) => break None,
                Err(error) => break Some(error),
            }
        };
        if let Some(End::Interrupted) = self.guard.end(false) {
            return Err(self.guard.interrupted().into());
        }
        if first.is_none() {
            return Err(self.nothing(&no_frame(reader.skipped(), ended_early.as_ref()), None));
        }
        let input = Input {
            file: file_name(&self.path),
            sha256: None,
            format: reader.format(),
            snaplen: reader.snaplen().map(|(_, most)| most),
            nanoseconds: reader.nanoseconds(),
            first_unix_time_s: first.map(|at| Seconds(at.as_nanos())),
            span_s: None,
            ended_early: ended_early.as_ref().map(ToString::to_string),
        };
        Ok(Read { reading: Reading::of(&reader, ended_early.as_ref()), input })
    }
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

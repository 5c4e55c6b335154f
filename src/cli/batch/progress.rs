//! Captures, bytes and time left, on a terminal.

use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

use indicatif::{HumanBytes, ProgressBar, ProgressStyle};

use super::super::args::{BehaveArgs, Progress};
use super::super::inputs::Input;
use super::file::Identity;

/// The bar runs by bytes, for captures are of very different sizes.
pub(super) struct Bar {
    bar: ProgressBar,
    captures: usize,
    done: std::cell::Cell<usize>,
}

impl Bar {
    pub(super) fn new(behave: &BehaveArgs, pending: &[&Input]) -> Self {
        let is_shown = behave.progress != Progress::Never && !behave.quiet && io::stderr().is_terminal();
        let (captures, done) = (pending.len(), std::cell::Cell::new(0));
        if !is_shown {
            return Self { bar: ProgressBar::hidden(), captures, done };
        }
        let bytes = pending.iter().map(|input| Identity::at(&input.path).bytes).sum();
        let bar = ProgressBar::new(bytes);
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {msg}, {eta} left") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_secs(1));
        Self { bar, captures, done }
    }

    /// One more is done.
    pub(super) fn one(&self, bytes: u64) {
        self.done.set(self.done.get() + 1);
        if !self.bar.is_hidden() {
            self.bar.inc(bytes);
            let (done, all) = (HumanBytes(self.bar.position()), HumanBytes(self.bar.length().unwrap_or(0)));
            self.bar.set_message(format!("{}/{} captures, {done}/{all}", self.done.get(), self.captures));
        }
    }

    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

/// How long something runs.
#[derive(Clone, Copy)]
pub(super) struct Stopwatch(Instant);

impl Stopwatch {
    #[expect(clippy::disallowed_methods, reason = "how often parts are kept is of the clock on the wall")]
    pub(super) fn start() -> Self {
        Self(Instant::now())
    }

    #[expect(clippy::disallowed_methods, reason = "as above")]
    pub(super) fn left_of(self, time: Duration) -> Duration {
        time.saturating_sub(self.0.elapsed())
    }
}

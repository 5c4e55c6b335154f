//! When a reading ends before its time: Ctrl-C, a deadline, somebody who wants it no more.
#![expect(
    clippy::disallowed_methods,
    reason = "deadlines, and how often Python is asked, are of the clock on the wall"
)]

use std::fs::File;
use std::io::{self, Read};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use pyo3::prelude::*;

/// How often Python is asked whether somebody pressed Ctrl-C.
const SIGNALS_EVERY: Duration = Duration::from_millis(100);

/// Ends what other threads read: they raise KeyboardInterrupt.
#[pyclass(frozen, module = "remb_replay")]
#[derive(Default)]
pub(crate) struct Stop(Arc<AtomicBool>);

#[pymethods]
impl Stop {
    #[new]
    fn new() -> Self {
        Self::default()
    }

    /// Ends them, soon.
    fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Why a reading ends.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Interrupted,
    Late,
}

/// Watches a reading; its clones watch the same.
#[derive(Clone)]
pub(crate) struct Guard {
    began: Instant,
    deadline: Duration,
    stop: Option<Arc<AtomicBool>>,
    asked: Arc<Mutex<Asked>>,
}

/// Python's answer.
struct Asked {
    at: Instant,
    raised: Option<PyErr>,
    is_over: bool,
}

impl Guard {
    pub(crate) fn new(deadline: Duration, stop: Option<&Stop>) -> Self {
        let began = Instant::now();
        let asked = Arc::new(Mutex::new(Asked { at: began, raised: None, is_over: false }));
        Self { began, deadline, stop: stop.map(|stop| Arc::clone(&stop.0)), asked }
    }

    pub(crate) fn deadline_s(&self) -> f64 {
        self.deadline.as_secs_f64()
    }

    /// Whether to go on. Python is asked now and then, or `now`.
    pub(crate) fn end(&self, now: bool) -> Option<End> {
        let is_stopped = self.stop.as_ref().is_some_and(|stop| stop.load(Ordering::Relaxed));
        if is_stopped || self.is_interrupted(now) {
            return Some(End::Interrupted);
        }
        (self.began.elapsed() > self.deadline).then_some(End::Late)
    }

    fn is_interrupted(&self, now: bool) -> bool {
        let Ok(mut asked) = self.asked.lock() else { return true };
        if !asked.is_over && (now || asked.at.elapsed() >= SIGNALS_EVERY) {
            asked.at = Instant::now();
            asked.raised = Python::attach(|py| py.check_signals()).err();
            asked.is_over = asked.raised.is_some();
        }
        asked.is_over
    }

    /// What Ctrl-C made.
    pub(crate) fn interrupted(&self) -> PyErr {
        let raised = self.asked.lock().ok().and_then(|mut asked| asked.raised.take());
        raised.unwrap_or_else(|| pyo3::exceptions::PyKeyboardInterrupt::new_err("stopped"))
    }
}

/// A file that has no more bytes once its reading is to end.
pub(crate) struct Guarded {
    pub(crate) file: File,
    pub(crate) guard: Guard,
}

impl Read for Guarded {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let given_up = || io::Error::other("given up");
        if self.guard.end(false).is_some() {
            return Err(given_up());
        }
        loop {
            match self.file.read(buffer) {
                // A pipe that waits, and a signal.
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {
                    if self.guard.end(true).is_some() {
                        return Err(given_up());
                    }
                }
                read => return read,
            }
        }
    }
}

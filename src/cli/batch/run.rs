//! The captures that are yet to be done, on all threads, and their results into the store.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

use anyhow::{Context, Result};

use super::super::args::{BehaveArgs, TableFormat};
use super::super::inputs::Input;
use super::super::interrupt::is_interrupted;
use super::estimates;
use super::file::{CaptureFile, Identity, cpu_ms};
use super::progress::{Bar, Stopwatch};
use super::store::{Done, Record, Store};
use remb_replay::analysis::batch::{Files, Halt, Manner, Table, Work, work};
use remb_replay::report::rows::Rows;

/// So many captures, so many bytes or so long: then a part is kept. What is lost of a run that is killed is no more than
/// that, and the captures that were in the works.
const PART_CAPTURES: usize = 256;
pub(super) const PART_BYTES: usize = 8 << 20;
const PART_TIME: Duration = Duration::from_secs(2);

/// How captures are done.
pub(super) struct Run {
    pub(super) manner: Manner,
    /// SHA-256 of all that results depend on.
    pub(super) settings: String,
    pub(super) deadline: Duration,
    pub(super) verify: bool,
    pub(super) threads: usize,
    /// The folder of estimates, and their format.
    pub(super) estimates: Option<(PathBuf, TableFormat)>,
}

impl Run {
    /// Whether a capture was done before, and is the same still.
    pub(super) fn is_done(&self, input: &Input, store: &Store) -> bool {
        let Some(record) = store.of(&input.name()) else { return false };
        let had_less_time = record.given_up_after_ms.is_some_and(|before| before < self.deadline_ms());
        if record.settings != self.settings || record.may_do_better || had_less_time {
            return false;
        }
        let estimates = self.estimates.as_ref().filter(|_| record.has_estimates);
        let has_lost_them = estimates.is_some_and(|(folder, format)| {
            !folder.join(estimates::name(&record.capture, *format)).is_file()
        });
        if has_lost_them {
            return false;
        }
        let is_same = match (self.verify, &record.sha256) {
            (true, Some(sha256)) => self.file(input).sha256().as_ref() == Some(sha256),
            _ => record.identity == Identity::at(&input.path),
        };
        // What is no capture has a row where it was named, and as a text of a folder none.
        is_same && (record.exit_code != 3 || record.is_passed_over == input.is_text_found())
    }

    /// Does them all.
    pub(super) fn all(&self, pending: &[&Input], store: &mut Store, behave: &BehaveArgs) -> Result<()> {
        if let Some((folder, _)) = &self.estimates {
            fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
        }
        let bar = Bar::new(behave, pending);
        let (next, is_over) = (AtomicUsize::new(0), AtomicBool::new(false));
        std::thread::scope(|scope| {
            let (send, receive) = sync_channel(2 * self.threads);
            for _ in 0..self.threads.min(pending.len()) {
                let (send, next, is_over) = (send.clone(), &next, &is_over);
                scope.spawn(move || self.worker(pending, next, is_over, &send));
            }
            drop(send);
            let result = collect(&receive, store, &bar);
            // Where results cannot be kept none is worth the time.
            is_over.store(true, Ordering::Relaxed);
            drop(receive);
            result
        })?;
        bar.finish();
        Ok(())
    }

    fn worker(
        &self,
        pending: &[&Input],
        next: &AtomicUsize,
        is_over: &AtomicBool,
        send: &SyncSender<Result<Done>>,
    ) {
        while let Some(input) = pending.get(next.fetch_add(1, Ordering::Relaxed)) {
            if is_over.load(Ordering::Relaxed) || is_interrupted() {
                return;
            }
            let Some(done) = self.one(input).transpose() else { return };
            if send.send(done).is_err() {
                return;
            }
        }
    }

    /// One capture; `None` if it was interrupted. A panic is a bug, and costs this capture alone.
    fn one(&self, input: &Input) -> Result<Option<Done>> {
        let (name, began) = (input.name(), cpu_ms());
        let identity = Identity::at(&input.path);
        let mut file = self.file(input);
        let worked = catch_unwind(AssertUnwindSafe(|| work(&name, &mut file, &self.manner)));
        let Work { mut capture, mut rows, estimates: table, is_foreign, is_late } = match worked {
            Ok(work) => match work.with_context(|| format!("estimates of {name}"))? {
                Some(work) => work,
                None => return Ok(None),
            },
            Err(_) => panicked(&name),
        };
        capture.file_bytes = Some(identity.bytes).filter(|_| input.path.is_file());
        capture.sha256 = capture.frames.and_then(|_| file.sha256());
        let lacks_hash = capture.frames.is_some() && capture.sha256.is_none();
        let halt = file.halt().filter(|_| lacks_hash);
        if halt == Some(Halt::Interrupted) {
            return Ok(None);
        }
        let is_late = is_late || halt.is_some();
        capture.cpu_ms = cpu_ms().zip(began).map(|(now, began)| now - began);
        let has_estimates = table.is_some();
        if let Some((folder, format)) = &self.estimates {
            let kept = estimates::keep((folder, *format), &name, table);
            kept.with_context(|| format!("estimates of {name}"))?;
        }
        let mut record = Record::new(name, identity, &self.settings);
        record.exit_code = capture.exit_code;
        record.has_estimates = has_estimates;
        record.sha256.clone_from(&capture.sha256);
        record.may_do_better = capture.exit_code == 3 && !is_foreign || lacks_hash && !is_late;
        record.given_up_after_ms = is_late.then(|| self.deadline_ms());
        record.is_passed_over = is_foreign && input.is_text_found();
        if !record.is_passed_over {
            rows.table(Table::Captures).row(&capture)?;
        }
        Ok(Some(Done { record, rows }))
    }

    fn file(&self, input: &Input) -> CaptureFile {
        CaptureFile::new(&input.path, self.deadline, self.estimates.clone())
    }

    fn deadline_ms(&self) -> u64 {
        self.deadline.as_millis().try_into().unwrap_or(u64::MAX)
    }
}

/// Keeps what comes in, part by part.
fn collect(receive: &Receiver<Result<Done>>, store: &mut Store, bar: &Bar) -> Result<()> {
    let (mut waiting, mut bytes) = (Vec::new(), 0);
    let mut part = Stopwatch::start();
    loop {
        let is_full = waiting.len() >= PART_CAPTURES || bytes >= PART_BYTES;
        if is_full || part.left_of(PART_TIME).is_zero() {
            store.keep(&mut waiting)?;
            bytes = 0;
            part = Stopwatch::start();
        }
        match receive.recv_timeout(part.left_of(PART_TIME)) {
            Ok(done) => {
                let done = done?;
                bar.one(done.record.identity.bytes);
                bytes += done.bytes();
                waiting.push(done);
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return store.keep(&mut waiting),
        }
    }
}

fn panicked<E>(name: &str) -> Work<E> {
    let mut work = Work::without_rows();
    name.clone_into(&mut work.capture.capture);
    work.capture.exit_code = 5;
    work.capture.error =
        Some("the program panicked, which is a bug: please report it with the capture".to_owned());
    work
}

//! The captures that are yet to be done, on all threads, and their results into the store.

use std::fs;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

use super::super::args::{BehaveArgs, TableFormat};
use super::super::inputs::Input;
use super::super::interrupt::is_interrupted;
use super::file::{CaptureFile, EstimateFile, Identity, cpu_ms, hex};
use super::progress::Bar;
use super::store::{Done, Record, Store};
use remb_replay::analysis::batch::{Manner, Table, Work, work};
use remb_replay::report::fleet::{CaptureRow, write_capture};

/// So many captures, so many bytes or so long: then a part is kept. What is lost of a run that is killed is less than that.
const PART_CAPTURES: usize = 256;
const PART_BYTES: usize = 8 << 20;
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
        match (self.verify, &record.sha256) {
            (true, Some(sha256)) => self.file(input).sha256().as_ref() == Some(sha256),
            _ => record.identity == Identity::at(&input.path),
        }
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
        let Work { mut capture, mut rows, estimates, is_foreign, is_late } = match worked {
            Ok(work) => match work.with_context(|| format!("estimates of {name}"))? {
                Some(work) => work,
                None => return Ok(None),
            },
            Err(_) => panicked(&name),
        };
        capture.file_bytes = Some(identity.bytes).filter(|_| input.path.is_file());
        capture.sha256 = capture.frames.and_then(|_| file.sha256());
        capture.cpu_ms = cpu_ms().zip(began).map(|(now, began)| now - began);
        if let Some(table) = estimates {
            self.keep_estimates(&name, table).with_context(|| format!("estimates of {name}"))?;
        }
        let mut record = Record::new(name, identity, &self.settings);
        record.exit_code = capture.exit_code;
        record.sha256.clone_from(&capture.sha256);
        record.may_do_better = capture.exit_code == 3 && !is_foreign;
        record.given_up_after_ms = is_late.then(|| self.deadline_ms());
        record.is_passed_over = is_foreign && input.is_found && input.is_text();
        if !record.is_passed_over {
            write_capture(rows.of_mut(Table::Captures), &capture)?;
        }
        Ok(Some(Done { record, rows }))
    }

    fn file(&self, input: &Input) -> CaptureFile {
        CaptureFile::new(&input.path, self.deadline, self.estimates.clone())
    }

    fn deadline_ms(&self) -> u64 {
        self.deadline.as_millis().try_into().unwrap_or(u64::MAX)
    }

    fn keep_estimates(&self, capture: &str, table: EstimateFile) -> Result<()> {
        let Some((folder, format)) = &self.estimates else { return Ok(()) };
        let name: String = hex(&Sha256::digest(capture)).chars().take(16).collect();
        let file = table.finish()?.into_inner().map_err(io::IntoInnerError::into_error)?;
        super::assemble::give_name(file, &folder.join(format!("part-{name}.{}", format.ending())))
    }
}

/// Keeps what comes in, part by part.
fn collect(receive: &Receiver<Result<Done>>, store: &mut Store, bar: &Bar) -> Result<()> {
    let (mut waiting, mut bytes) = (Vec::new(), 0);
    let mut part = super::progress::Stopwatch::start();
    loop {
        let is_full = waiting.len() >= PART_CAPTURES || bytes >= PART_BYTES;
        if is_full || part.has_run(PART_TIME) {
            store.keep(&mut waiting)?;
            bytes = 0;
            part = super::progress::Stopwatch::start();
        }
        match receive.recv_timeout(PART_TIME) {
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
    let mut capture = CaptureRow::default();
    name.clone_into(&mut capture.capture);
    capture.exit_code = 5;
    capture.error =
        Some("the program panicked, which is a bug: please report it with the capture".to_owned());
    Work { capture, rows: Default::default(), estimates: None, is_foreign: false, is_late: false }
}

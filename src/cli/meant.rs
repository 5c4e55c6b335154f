//! Files in places of others: what was meant.

use std::fs::File;
use std::path::Path;

use anyhow::{Error, anyhow};

use super::args::CompareArgs;
use super::{Exit, Failure};
use remb_replay::capture::CaptureReader;

/// Whether a file is a capture, as far as that can be told; a pipe is not opened.
pub(super) fn is_capture(path: &Path) -> bool {
    let is_file = path.metadata().is_ok_and(|found| found.is_file());
    is_file && File::open(path).is_ok_and(|file| CaptureReader::new(Box::new(file)).is_ok())
}

/// Whether it is a text that begins with the names of columns, one of them a time.
fn is_table(path: &Path) -> bool {
    let is_file = path.metadata().is_ok_and(|found| found.is_file());
    let mut start = Vec::new();
    let file = File::open(path).ok().filter(|_| is_file);
    let read = file.is_some_and(|file| {
        std::io::Read::read_to_end(&mut std::io::Read::take(file, 512), &mut start).is_ok()
    });
    let line = start.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let line = String::from_utf8_lossy(line).to_lowercase();
    read && line.contains(',') && line.contains("time")
}

/// `compare` with files in each other's places.
pub(super) fn in_compare(args: &CompareArgs) -> Result<(), Failure> {
    let usage = |error: Error| Err(Failure::new(Exit::Usage, error));
    let (first, recorded) = (&args.capture, &args.comparison.recorded);
    let shown = first.display();
    if let Some(recorded) = recorded.as_ref().filter(|recorded| is_capture(recorded)) {
        return usage(anyhow!(
            "--recorded takes a table (CSV) of REMBs, and {} is a capture; the REMBs in {shown} itself are taken without it",
            recorded.display()
        ));
    }
    if !args.join.is_empty() {
        return Ok(());
    }
    let Some(second) = &args.other else {
        return match recorded.is_none() && is_table(first) {
            true => usage(anyhow!(
                "{shown} is a table (CSV), and there is nothing to hold it against: compare CAPTURE --recorded {shown}, or a \
                 second table behind it"
            )),
            false => Ok(()),
        };
    };
    let (a, b) = (shown, second.display());
    match (is_capture(first), is_capture(second)) {
        (false, false) => Ok(()),
        (true, false) => {
            usage(anyhow!("{a} is a capture and {b} is none: did you mean compare {a} --recorded {b}?"))
        }
        (false, true) => {
            usage(anyhow!("{b} is a capture and {a} is none: did you mean compare {b} --recorded {a}?"))
        }
        (true, true) => usage(anyhow!(
            "{a} and {b} are captures: compare takes one, or two tables; replay {a} --remb-csv a.csv and replay {b} --remb-csv \
             b.csv make them"
        )),
    }
}

/// `check` with a capture for a case.
pub(super) fn in_check(file: &Path) -> Option<Failure> {
    let shown = file.display();
    is_capture(file).then(|| {
        Failure::new(
            Exit::Usage,
            anyhow!(
                "{shown} is a capture; check takes cases (*.toml), which name a capture as their input and its goldens: see \
                 docs/regression.md. inspect {shown} looks at it"
            ),
        )
    })
}

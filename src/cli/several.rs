//! Several captures, one after the other: what cannot be read of one is no reason not to read the next.

use std::path::{Path, PathBuf};

use anyhow::anyhow;
use serde::Serialize;

use super::interrupt::is_interrupted;
use super::{Exit, Failure, messages};

/// What became of several captures.
pub(super) struct Several<T> {
    /// Those that could be worked on, by the paths that were given.
    pub(super) done: Vec<(String, T)>,
    /// The others, and why.
    pub(super) failed: Vec<Failed>,
    /// The worst of all exit codes.
    pub(super) exit: Exit,
}

/// A capture that could not be worked on.
#[derive(Debug, Serialize)]
pub(super) struct Failed {
    pub(super) capture: String,
    pub(super) error: String,
}

/// Does the work on each, in order; what fails is said at once. Ctrl-C ends it behind the capture at hand.
pub(super) fn each<T>(
    captures: &[PathBuf],
    mut work: impl FnMut(&Path) -> Result<(T, Exit), Failure>,
) -> Result<Several<T>, Failure> {
    let is_stdin = |path: &&PathBuf| path.as_os_str() == "-";
    if captures.iter().filter(is_stdin).count() > 1 {
        let error = anyhow!("standard input can be read once, and two captures are -");
        return Err(Failure::new(Exit::Usage, error));
    }
    let mut several = Several { done: Vec::new(), failed: Vec::new(), exit: Exit::Done };
    for path in captures {
        let capture = if is_stdin(&path) { "standard input".to_owned() } else { path.display().to_string() };
        let exit = match work(path) {
            Ok((done, exit)) => {
                several.done.push((capture, done));
                exit
            }
            Err(failure) => {
                messages::error(&failure.error);
                several.failed.push(Failed { capture, error: format!("{:#}", failure.error) });
                failure.exit
            }
        };
        several.exit = several.exit.and(exit);
        if is_interrupted() {
            break;
        }
    }
    Ok(several)
}

impl<T> Several<T> {
    /// For a person, under a ranking: what is not in it.
    pub(super) fn failed_in_words(&self) -> String {
        let line = |Failed { error, .. }: &Failed| format!("not in it: {error}\n");
        self.failed.iter().map(line).collect()
    }
}

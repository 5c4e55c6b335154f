//! A file is read again, told what was learned too late in the first reading; standard input gets the warning.

use super::interrupt::is_interrupted;
use super::source::Source;
use super::{Exit, Failure};
use crate::report::inference_text::late as in_words;
use crate::report::summary::Warning;
use crate::survey::Learned;

/// One reading of a capture: what came of it.
pub(super) trait Reading {
    /// What a second one should be told.
    fn learned(&self) -> Option<&Learned>;
}

/// Reads a capture; once more where that is needed and can be done. Gives what the last reading came to, and what it was
/// told.
pub(super) fn read_told<T: Reading>(
    source: Source,
    mut read: impl FnMut(Source, Option<&Learned>) -> Result<T, Failure>,
) -> Result<(T, Option<Learned>), Failure> {
    let again = source.again().map_err(|error| Failure::new(Exit::Open, error))?;
    let first = read(source, None)?;
    match (first.learned(), again) {
        (Some(learned), Some(again)) if !is_interrupted() => {
            let learned = learned.clone();
            // Whatever it opened is closed before it is opened again.
            drop(first);
            Ok((read(again, Some(&learned))?, Some(learned)))
        }
        _ => Ok((first, None)),
    }
}

/// Says of each thing that a capture was read again for it.
pub(super) fn notes(told: Option<&Learned>) -> impl Iterator<Item = Warning> {
    let late = told.into_iter().flat_map(Learned::late);
    late.map(|late| {
        let (what, flag) = in_words(late.what, late.packets.count);
        Warning {
            code: "N-READ-TWICE",
            flow: Some(late.flow.to_string()),
            message: format!("{what}: the file was read again, told so; {flag} saves that"),
            count: Some(late.packets),
        }
    })
}

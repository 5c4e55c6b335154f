//! A capture is read again where that can be done, told what was learned too late in the first reading.

use crate::model::Warning;
use crate::report::summary;
use crate::survey::Learned;

/// One reading of a capture: what came of it.
pub trait Reading {
    /// What a second one should be told.
    fn learned(&self) -> Option<&Learned>;
}

/// Reads a capture; once more where that is needed, there is an `again` and nobody ends it by `may_go_on`. Gives what the
/// last reading came to, and what it was told.
///
/// # Errors
/// Those of `read`.
pub fn read_told<S, T: Reading, E>(
    source: S,
    again: Option<S>,
    may_go_on: impl FnOnce() -> bool,
    mut read: impl FnMut(S, Option<&Learned>) -> Result<T, E>,
) -> Result<(T, Option<Learned>), E> {
    let first = read(source, None)?;
    match (first.learned(), again) {
        (Some(learned), Some(again)) if may_go_on() => {
            let learned = learned.clone();
            // Whatever it opened is closed before it is opened again.
            drop(first);
            Ok((read(again, Some(&learned))?, Some(learned)))
        }
        _ => Ok((first, None)),
    }
}

/// Says of each thing that a capture was read again for it, in words.
pub fn notes_in_words(told: Option<&Learned>) -> impl Iterator<Item = summary::Warning> {
    let late = told.into_iter().flat_map(Learned::late);
    late.map(|late| summary::Warning::of(&Warning::read_twice(late, None), Some(late.flow.to_string())))
}

//! The command line: what the user said, what it means, the one place that opens files, and the commands.

pub(crate) mod args;
mod batch;
mod case;
mod check;
mod compare;
mod comparison_picture;
mod convert;
mod explain;
mod folder;
pub(crate) mod hints;
mod in_memory;
mod inputs;
mod inspect;
mod interrupt;
mod join;
mod meant;
mod merge;
mod messages;
mod outputs;
mod packaging;
mod page;
mod params;
mod replay;
mod resolve;
mod series_files;
mod several;
mod source;
mod sweep;
mod sweep_picture;
mod table_format;
mod writers;
mod written;

use std::io::{ErrorKind, Write};
use std::process::ExitCode;

use anyhow::Context;

use args::{Cli, Command};

use remb_replay::analysis::series::SeriesError;

/// How a run ended, by exit code; see the table in the README.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done.
    Done = 0,
    /// Done, and outside the tolerance.
    Outside = 1,
    /// A usage error or a bad configuration.
    Usage = 2,
    /// The input or an output cannot be opened.
    Open = 3,
    /// Nothing to work on.
    Nothing = 4,
    /// Incomplete.
    Incomplete = 5,
}

impl Exit {
    /// Of two runs in one, by the precedence of the codes: 2, 3, 4, 5, 1, 0.
    fn and(self, other: Self) -> Self {
        let precedence = [Self::Usage, Self::Open, Self::Nothing, Self::Incomplete, Self::Outside];
        precedence.into_iter().find(|exit| [self, other].contains(exit)).unwrap_or(Self::Done)
    }
}

/// Why a command could not do its work, and the exit code.
#[derive(Debug)]
pub(crate) struct Failure {
    /// Exit code.
    pub(crate) exit: Exit,
    /// For the user.
    pub(crate) error: anyhow::Error,
}

impl Failure {
    fn new(exit: Exit, error: impl Into<anyhow::Error>) -> Self {
        Self { exit, error: error.into() }
    }

    /// Of flags and of the files that they name: one that cannot be read is as an input that cannot be, and what is
    /// wrong in it is a wrong setting.
    fn of_settings(error: anyhow::Error) -> Self {
        let is_io = |cause: &(dyn std::error::Error + 'static)| {
            cause.is::<std::io::Error>()
                || cause.downcast_ref::<SeriesError>().is_some_and(SeriesError::is_io)
        };
        let exit = if error.chain().any(is_io) { Exit::Open } else { Exit::Usage };
        Self { exit, error }
    }
}

/// Prints a text that was asked for.
fn print(text: &str) -> Result<Exit, Failure> {
    to_stdout(text).map_err(|error| Failure::new(Exit::Open, error))?;
    Ok(Exit::Done)
}

/// Writes to standard output. A closed pipe is not an error; a full disk is.
fn to_stdout(text: &str) -> anyhow::Result<()> {
    let mut stdout = std::io::stdout();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error).context("standard output"),
        _ => Ok(()),
    }
}

/// Runs a command and says on standard error what went wrong.
pub(crate) fn run(cli: &Cli) -> ExitCode {
    messages::choose_color(cli.command.color());
    let result = match &cli.command {
        Command::Inspect(args) => inspect::run(args),
        Command::Explain(args) => explain::run(args),
        Command::Convert(args) => convert::run(args),
        Command::Replay(args) => replay::run(args),
        Command::Compare(args) => compare::run(args),
        Command::Check(args) => check::run(args),
        Command::Sweep(args) => sweep::run(args),
        Command::Batch(args) => batch::run(args),
        Command::Params(args) => params::run(args),
        Command::Completions(args) => packaging::completions(args),
        Command::Man(args) => packaging::man(args),
    };
    let exit = result.unwrap_or_else(|failure| {
        messages::error(&failure.error);
        failure.exit
    });
    ExitCode::from(exit as u8)
}

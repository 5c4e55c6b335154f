//! What was meant by a command line that cannot be read.

use std::path::Path;

use clap::CommandFactory;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::args::Cli;

/// The error with what was meant in the place of clap's own guess, where that is known. `words` are those of the command line.
pub(crate) fn with_hint(mut error: clap::Error, words: &[String]) -> clap::Error {
    if let Some(hint) = hint(&error, words) {
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![hint.into()]));
    }
    error
}

fn hint(error: &clap::Error, words: &[String]) -> Option<String> {
    let said = |kind| match error.get(kind)? {
        ContextValue::String(text) => Some(text.as_str()),
        _ => None,
    };
    match error.kind() {
        ErrorKind::InvalidSubcommand => {
            let word = said(ContextKind::InvalidSubcommand)?;
            Path::new(word)
                .exists()
                .then(|| format!("a command goes first: 'remb-replay explain {word}', or inspect, or replay"))
        }
        ErrorKind::UnknownArgument => {
            let flag = said(ContextKind::InvalidArg)?;
            let commands = commands_with(flag);
            (!commands.is_empty()).then(|| format!("'{flag}' is a flag of {}", commands.join(", ")))
        }
        ErrorKind::MissingRequiredArgument => words.windows(2).find_map(|pair| match pair {
            [flag, file] if flag.starts_with('-') && Path::new(file).is_file() => {
                Some(format!("'{flag}' took '{file}' as its value"))
            }
            _ => None,
        }),
        _ => None,
    }
}

/// The commands that know a flag, as it is written.
fn commands_with(flag: &str) -> Vec<String> {
    let all = Cli::command();
    let has_flag = |command: &&clap::Command| {
        command.get_arguments().any(|argument| {
            let long = argument.get_long().is_some_and(|long| flag.strip_prefix("--") == Some(long));
            long || argument.get_short().is_some_and(|short| flag == format!("-{short}"))
        })
    };
    all.get_subcommands().filter(has_flag).map(|command| command.get_name().to_owned()).collect()
}

//! What was meant by a command line that cannot be read.

use std::path::Path;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, Command, CommandFactory};

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
        ErrorKind::MissingRequiredArgument => {
            let all = Cli::command();
            let command = all.find_subcommand(words.get(1)?)?;
            let takes_value = |flag: &str| {
                command.get_arguments().any(|arg| is_called(arg, flag) && arg.get_action().takes_values())
            };
            words.windows(2).find_map(|pair| match pair {
                [flag, file] if Path::new(file).is_file() && takes_value(flag) => {
                    Some(format!("'{flag}' took '{file}' as its value"))
                }
                _ => None,
            })
        }
        _ => None,
    }
}

fn is_called(argument: &Arg, flag: &str) -> bool {
    let long = argument.get_long().is_some_and(|long| flag.strip_prefix("--") == Some(long));
    long || argument.get_short().is_some_and(|short| flag == format!("-{short}"))
}

/// The commands that know a flag, as it is written.
fn commands_with(flag: &str) -> Vec<String> {
    let all = Cli::command();
    let has_flag = |command: &&Command| command.get_arguments().any(|argument| is_called(argument, flag));
    all.get_subcommands().filter(has_flag).map(|command| command.get_name().to_owned()).collect()
}

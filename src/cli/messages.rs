//! What is said on standard error: notes, warnings, errors.

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};

use super::args::{BehaveArgs, Color};
use super::source::ReadCapture;
use crate::report::summary::Warning;

/// Follows `--color`; `NO_COLOR` and terminals are anstream's business.
pub(super) fn choose_color(color: Color) {
    match color {
        Color::Auto => AutoStream::choice(&std::io::stderr()),
        Color::Always => ColorChoice::AlwaysAnsi,
        Color::Never => ColorChoice::Never,
    }
    .write_global();
}

/// Warnings, and with `-v` notes; then why the capture ended early, if it did. `done` is what was done with the rest.
pub(super) fn doubts(warnings: &[Warning], read: &ReadCapture, behave: &BehaveArgs, done: &str) {
    for warning in warnings.iter().filter(|warning| behave.verbose || !warning.is_note()) {
        if warning.code != "W-INCOMPLETE" {
            say(&warning.to_string());
        }
    }
    if let Some(error) = &read.input.ended_early {
        say(&format!("error: {}: {error}; what was read before it was {done}", read.shown));
    }
}

/// An error, its causes behind it.
pub(super) fn error(error: &anyhow::Error) {
    say(&format!("error: {error:#}"));
}

/// A message, its kind in colour.
pub(super) fn say(message: &str) {
    let (kind, rest) = message.split_at(message.find(": ").unwrap_or(0));
    let color = match kind {
        _ if kind.starts_with("error") => AnsiColor::Red,
        _ if kind.starts_with("warning") => AnsiColor::Yellow,
        _ => AnsiColor::Cyan,
    };
    let style = Style::new().bold().fg_color(Some(color.into()));
    anstream::eprintln!("{style}{kind}{style:#}{rest}");
}

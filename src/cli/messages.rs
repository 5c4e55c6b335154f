//! What is said on standard error: notes, warnings, errors.

use std::collections::BTreeMap;

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};

use super::args::{BehaveArgs, Color};
use super::source::ReadCapture;
use remb_replay::report::summary::Warning;

/// Follows `--color`; `NO_COLOR` and terminals are anstream's business.
pub(super) fn choose_color(color: Color) {
    match color {
        Color::Auto => AutoStream::choice(&std::io::stderr()),
        Color::Always => ColorChoice::AlwaysAnsi,
        Color::Never => ColorChoice::Never,
    }
    .write_global();
}

/// So many flows are named for each code; with `-v` all.
const MAX_FLOWS_NAMED: usize = 3;

/// Warnings, and with `-v` notes; then why the capture ended early, if it did. `done` is what was done with the rest.
pub(super) fn doubts(warnings: &[Warning], read: &ReadCapture, behave: &BehaveArgs, done: &str) {
    let mut of_code: BTreeMap<&str, usize> = BTreeMap::new();
    for warning in warnings.iter().filter(|warning| behave.verbose || !warning.is_note()) {
        if warning.code == "W-INCOMPLETE" {
            continue;
        }
        let seen = of_code.entry(warning.code).or_default();
        *seen += 1;
        if *seen <= MAX_FLOWS_NAMED || behave.verbose {
            say(&warning.to_string());
        }
    }
    for (code, seen) in of_code.into_iter().filter(|(_, seen)| *seen > MAX_FLOWS_NAMED && !behave.verbose) {
        say(&format!("warning[{code}]: the same of {} more flows; -v names them", seen - MAX_FLOWS_NAMED));
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

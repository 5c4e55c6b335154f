//! `remb-replay params`: every tunable, as a table or as JSON.

use std::fmt::Write as _;

use super::args::ParamsArgs;
use super::{Exit, Failure, print};
use crate::config::{PROFILES, Parameter, parameters};

pub(super) fn run(args: &ParamsArgs) -> Result<Exit, Failure> {
    let parameters = parameters();
    if args.json {
        let json = serde_json::to_string_pretty(&parameters);
        return print(&(json.map_err(|error| Failure::new(Exit::Open, error))? + "\n"));
    }
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = write_text(&mut text, &parameters);
    print(&text)
}

fn write_text(out: &mut String, parameters: &[Parameter]) -> std::fmt::Result {
    let headings = ["NAME", "TYPE", "DEFAULT", "RANGE", "MIRRORS"].map(str::to_owned);
    let rows: Vec<_> = std::iter::once(headings).chain(parameters.iter().map(cells)).collect();
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths = [width(0), width(1), width(2), width(3)];
    for [name, kind, default, range, mirrors] in &rows {
        let [a, b, c, d] = widths;
        writeln!(out, "{name:<a$}  {kind:<b$}  {default:<c$}  {range:<d$}  {mirrors}")?;
    }
    for profile in PROFILES {
        writeln!(out, "\nprofile {}: {}", profile.name, profile.what)?;
        for (name, value) in profile.sets {
            writeln!(out, "  {name} = {value}")?;
        }
    }
    Ok(())
}

fn cells(parameter: &Parameter) -> [String; 5] {
    let Parameter { name, kind, unit, default, min, max, mirrors } = parameter;
    let unit = if unit.is_empty() { String::new() } else { format!(" {unit}") };
    let range = match (min, max) {
        (Some(min), Some(max)) => format!("{min} … {max}"),
        _ => String::new(),
    };
    let kind = kind.strip_prefix("one of ").map_or(kind.clone(), |names| names.replace(", ", " | "));
    [(*name).to_owned(), kind, format!("{default}{unit}"), range, (*mirrors).to_owned()]
}

//! `remb-replay params`: every tunable, as a table or as JSON.

use super::args::ParamsArgs;
use super::{Exit, Failure, print};
use remb_replay::config::{PROFILES, Parameter, parameters};
use remb_replay::report::table::table;

const HEADINGS: [&str; 5] = ["NAME", "TYPE", "DEFAULT", "RANGE", "MIRRORS"];

pub(super) fn run(args: &ParamsArgs) -> Result<Exit, Failure> {
    let parameters = parameters();
    if args.json {
        let json = serde_json::to_string_pretty(&parameters);
        return print(&(json.map_err(|error| Failure::new(Exit::Open, error))? + "\n"));
    }
    print(&text(&parameters))
}

fn text(parameters: &[Parameter]) -> String {
    let headings = HEADINGS.map(str::to_owned).to_vec();
    let rows: Vec<_> = std::iter::once(headings).chain(parameters.iter().map(cells)).collect();
    let mut text = table(&rows, HEADINGS.len());
    for profile in PROFILES {
        text.push_str(&format!("\nprofile {}: {}\n", profile.name, profile.what));
        for (name, value) in profile.sets {
            text.push_str(&format!("  {name} = {value}\n"));
        }
    }
    text
}

fn cells(parameter: &Parameter) -> Vec<String> {
    let Parameter { name, kind, unit, default, min, max, mirrors } = parameter;
    let unit = if unit.is_empty() { String::new() } else { format!(" {unit}") };
    let range = match (min, max) {
        (Some(min), Some(max)) => format!("{min} … {max}"),
        _ => String::new(),
    };
    let kind = kind.strip_prefix("one of ").map_or(kind.clone(), |names| names.replace(", ", " | "));
    vec![(*name).to_owned(), kind, format!("{default}{unit}"), range, (*mirrors).to_owned()]
}

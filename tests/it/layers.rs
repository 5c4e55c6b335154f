//! The gates of the architecture: a room uses only rooms to its left; no clock, print or file where none belongs; no
//! file that is too long to read. `scripts/check-layers` runs this.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};

/// Rooms from left to right. A room may use those before it, and itself.
const ROOMS: [&str; 17] = [
    "units", "bwe", "remb", "capture", "decode", "rtp", "beside", "streams", "infer", "model", "config",
    "survey", "explain", "replay", "report", "analysis", "cli",
];
/// Rooms that use less than all to their left.
const NARROWER: [(&str, &[&str]); 2] = [("bwe", &["units"]), ("config", &["units", "bwe", "remb"])];
const MAX_LINES: usize = 400;
/// What only some rooms may do: the words that show it, and the rooms.
const RESTRICTED: [(&str, &[&str]); 11] = [
    ("remb::bwe", &["config", "model", "explain", "replay", "report", "analysis", "cli", "rtc"]),
    // As an argument; who asks for one is found by clippy.
    ("Instant", &["cli", "rtc"]),
    ("SystemTime", &["cli"]),
    ("std::thread", &["cli"]),
    ("println!", &["cli", "main"]),
    ("eprint", &["cli", "main"]),
    ("dbg!", &[]),
    ("std::fs", &["capture", "cli"]),
    ("clap", &["cli", "main"]),
    ("anyhow", &["cli", "main"]),
    ("unsafe ", &[]),
];

fn may_use(room: &str, used: &str) -> bool {
    let place = |name| ROOMS.iter().position(|room| *room == name);
    let narrower = NARROWER.iter().find(|(name, _)| *name == room).map(|(_, allowed)| *allowed);
    match (place(room), place(used), narrower) {
        (Some(own), Some(other), _) if own == other => true,
        (Some(_), Some(_), Some(allowed)) => allowed.contains(&used),
        (Some(own), Some(other), None) => other < own,
        _ => false,
    }
}

/// The rooms named by `crate::…` paths, groups included.
fn rooms_used(source: &str) -> Vec<String> {
    let mut rooms = Vec::new();
    for (at, _) in source.match_indices("crate::") {
        let rest = &source[at + "crate::".len()..];
        if let Some(group) = rest.strip_prefix('{') {
            let mut depth = 0;
            let mut name = String::new();
            for c in group.chars() {
                match c {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' if depth == 0 => rooms.push(std::mem::take(&mut name)),
                    c if depth == 0 => name.push(c),
                    _ => {}
                }
            }
            rooms.push(name);
        } else {
            rooms.push(rest.to_owned());
        }
    }
    let first_word = |path: String| {
        path.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>()
    };
    rooms.into_iter().map(first_word).filter(|room| !room.is_empty()).collect()
}

/// Code without comments, and without the tests at its end.
fn code(source: &str) -> String {
    let without_tests = source.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
    let lines = without_tests.lines().map(|line| line.split("//").next().unwrap_or_default());
    lines.collect::<Vec<_>>().join("\n")
}

fn offences(room: &str, source: &str) -> Vec<String> {
    let code = code(source);
    let mut offences: Vec<_> = rooms_used(source)
        .into_iter()
        // A path of the adapter's is within the adapter: of the rooms it has the core, and that is a crate.
        .filter(|used| room != "rtc" && ROOMS.contains(&used.as_str()) && !may_use(room, used))
        .map(|used| format!("{room} uses {used}"))
        .collect();
    for (word, rooms) in RESTRICTED {
        if code.contains(word) && !rooms.contains(&room) {
            offences.push(format!("{room} has {word}"));
        }
    }
    if source.contains("#![allow") {
        offences.push("an allow for a whole file".to_owned());
    }
    let lines = source.split("#[cfg(test)]\nmod tests").next().unwrap_or_default().lines().count();
    if lines > MAX_LINES {
        offences.push(format!("{lines} lines, more than {MAX_LINES}"));
    }
    offences
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn every_room_keeps_to_its_place() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    sources(&root.join("src"), &mut files);
    sources(&root.join("crates/remb/src"), &mut files);
    sources(&root.join("crates/remb-rtc/src"), &mut files);
    assert!(files.len() > 30);
    let mut all = Vec::new();
    for file in files {
        let place = file.strip_prefix(root).unwrap();
        let (is_core, is_adapter) = (place.starts_with("crates/remb"), place.starts_with("crates/remb-rtc"));
        let place =
            place.components().skip_while(|part| part.as_os_str() != "src").skip(1).collect::<PathBuf>();
        let room = place.components().next().unwrap().as_os_str().to_str().unwrap().trim_end_matches(".rs");
        let room = match room {
            _ if is_adapter => "rtc",
            "units" | "bwe" => room,
            _ if is_core => "remb",
            _ => room,
        };
        if room == "lib" || room == "main" || place.file_name().is_some_and(|name| name == "tests.rs") {
            continue;
        }
        let source = fs::read_to_string(&file).unwrap();
        let mut found = offences(room, &source);
        // Series are read and know nothing of what is made of them.
        if place.starts_with("analysis/series") && source.contains("analysis::compare") {
            found.push("a series knows comparisons".to_owned());
        }
        all.extend(found.into_iter().map(|offence| format!("{}: {offence}", place.display())));
    }
    assert!(all.is_empty(), "{}", all.join("\n"));
}

/// The packages that this project was asked to be built on, each with a path that shows it at work. What one of them is too
/// slow or too narrow at is mended around it (a drawing backend of our own behind `plotters`, say), not by leaving it out.
const ASKED_FOR: [(&str, &str); 7] = [
    ("pcap-parser", "pcap_parser::"),
    ("etherparse", "etherparse::"),
    ("rtp", "rtp::"),
    ("rtcp", "rtcp::"),
    ("clap", "clap::"),
    ("csv", "csv::"),
    ("plotters", "plotters::"),
];

#[test]
fn the_packages_asked_for_are_at_work() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let manifest = fs::read_to_string(root.join("Cargo.toml")).unwrap();
    let mut files = Vec::new();
    sources(&root.join("src"), &mut files);
    sources(&root.join("tests"), &mut files);
    let code: String = files.iter().map(|file| code(&fs::read_to_string(file).unwrap()) + "\n").collect();
    let from_outside = |path: &str| {
        code.match_indices(path).any(|(at, _)| {
            let before = &code[..at];
            !before.ends_with("::") && !before.ends_with(|c: char| c.is_alphanumeric() || c == '_')
        })
    };
    for (package, path) in ASKED_FOR {
        let named = manifest.lines().any(|line| line.starts_with(&format!("{package} = ")));
        assert!(named && from_outside(path), "Cargo.toml or the code is without the package {package}");
    }
}

#[test]
fn the_checker_sees_what_it_is_for() {
    let offend = |room: &str, source: &str| !offences(room, source).is_empty();
    assert!(offend("bwe", "use crate::decode::FiveTuple;"));
    assert!(offend("bwe", "use crate::{units::Ssrc, rtp};"));
    assert!(offend("decode", "fn f(_: crate::rtp::RtpPacket) {}"));
    assert!(offend("units", "use crate::bwe;"));
    assert!(offend("survey", "use remb::bwe::Step;"));
    assert!(offend("remb", "let now = std::time::Instant::now();"));
    assert!(offend("replay", "println!(\"hello\");"));
    assert!(offend("report", "std::fs::write(path, bytes)"));
    assert!(offend("rtp", &"\n".repeat(401)));
    assert!(!offend("remb", "use crate::{bwe::Step, units::{Ssrc, Timestamp}};"));
    assert!(!offend("cli", "use crate::replay::Replay; eprintln!();"));
}

//! Pages of the manual that are made from the code are what the code says; `UPDATE=1` rewrites them.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use remb_replay::report::codes::{CODES, page};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => sources(&path, found),
            false => found.push(path),
        }
    }
}

/// All texts between quotes that look like a code.
fn codes_in_use() -> BTreeSet<String> {
    let mut files = Vec::new();
    sources(&root().join("src"), &mut files);
    let texts = files.iter().filter(|path| !path.ends_with("report/codes.rs"));
    let texts: Vec<_> = texts.map(|path| fs::read_to_string(path).unwrap()).collect();
    let is_code = |text: &&str| {
        ["W-", "N-"].iter().any(|kind| text.starts_with(kind) && text.len() > 4)
            && text.chars().all(|c| c.is_ascii_uppercase() || c == '-')
            && !text.ends_with('-')
    };
    texts.iter().flat_map(|text| text.split('"')).filter(is_code).map(str::to_owned).collect()
}

#[test]
fn every_code_has_its_line_and_every_line_its_code() {
    let listed: BTreeSet<_> = CODES.iter().map(|(code, _)| (*code).to_owned()).collect();
    assert_eq!(codes_in_use(), listed);
    assert!(CODES.is_sorted(), "in the order of the alphabet");
}

#[test]
fn the_page_of_warnings_is_up_to_date() {
    let path = root().join("docs/warnings.md");
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, page()).unwrap();
    }
    assert_eq!(fs::read_to_string(&path).unwrap(), page(), "UPDATE=1 rewrites it");
}

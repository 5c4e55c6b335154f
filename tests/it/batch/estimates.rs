//! The folder of estimates holds those of the tables beside it, and no other.

use std::fs;
use std::path::Path;

use super::{S12, S14, batch, capture, rows};

/// What is in the folder, by the ending of its name.
fn endings(work: &Path) -> Vec<String> {
    let Ok(parts) = fs::read_dir(work.join("out/estimate")) else { return Vec::new() };
    let ending = |part: std::io::Result<fs::DirEntry>| {
        part.unwrap().path().extension().unwrap().to_str().unwrap().to_owned()
    };
    let mut endings: Vec<_> = parts.map(ending).collect();
    endings.sort();
    endings
}

#[test]
fn what_is_of_no_capture_any_more_goes() {
    let folder = tempfile::tempdir().unwrap();
    let work = folder.path();
    for name in [S12, S14] {
        fs::copy(capture(name), work.join(name)).unwrap();
    }
    let run = |arguments: &[&str]| batch(&[arguments, &["-o", "out"]].concat(), work).status.code();
    assert_eq!(run(&[S12, S14, "--estimate", "--tables", "csv"]), Some(0));
    assert_eq!(endings(work), ["csv", "csv"]);
    // What somebody else put there stays.
    fs::write(work.join("out/estimate/notes.csv"), "mine").unwrap();
    // A capture that was left out.
    assert_eq!(run(&[S12, "--estimate", "--tables", "csv"]), Some(0));
    assert_eq!(endings(work), ["csv", "csv"]);
    // It comes back with its estimates.
    assert_eq!(run(&[S12, S14, "--estimate", "--tables", "csv"]), Some(0));
    assert_eq!(endings(work), ["csv", "csv", "csv"]);
    // One that can be read no longer.
    fs::write(work.join(S14), "").unwrap();
    assert_eq!(run(&[S12, S14, "--estimate", "--tables", "csv"]), Some(5));
    assert_eq!(endings(work), ["csv", "csv"]);
    assert_eq!(rows(&work.join("out/captures.csv"))[1]["exit_code"], "3");
    // A run that wants none.
    assert_eq!(run(&[S12, "--tables", "csv"]), Some(0));
    assert_eq!(endings(work), ["csv"]);
    assert_eq!(fs::read_to_string(work.join("out/estimate/notes.csv")).unwrap(), "mine");
    fs::remove_file(work.join("out/estimate/notes.csv")).unwrap();
    assert_eq!(run(&[S12, "--tables", "csv"]), Some(0));
    assert!(!work.join("out/estimate").exists(), "an empty folder");
}

#[cfg(feature = "parquet")]
#[test]
fn those_of_another_format_go() {
    let folder = tempfile::tempdir().unwrap();
    let work = folder.path();
    fs::copy(capture(S12), work.join(S12)).unwrap();
    for format in ["parquet", "csv", "parquet"] {
        let done = batch(&[S12, "-o", "out", "--estimate", "--tables", format], work);
        assert!(done.status.success());
        assert_eq!(endings(work), [format]);
    }
}

//! `batch --merge`: what comes of it is a run as any other.

use std::fs;
use std::path::Path;

use super::{S12, TABLES, assert_same, batch, capture, copies, rows};

/// So many captures in two shards, as CSV, with estimates.
fn two_shards(work: &Path, count: usize) {
    copies(&work.join("in"), count);
    for (shard, out) in [("1/2", "part-1"), ("2/2", "part-2")] {
        let done = batch(&["in", "-o", out, "--shard", shard, "--tables", "csv", "--estimate"], work);
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }
}

fn merge(from: &[&str], out: &str, work: &Path) {
    let done = batch(&[&["--merge"], from, &["-o", out, "--tables", "csv"]].concat(), work);
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

#[test]
fn it_can_be_merged_again_and_gone_on_with() {
    let folder = tempfile::tempdir().unwrap();
    let work = folder.path();
    two_shards(work, 8);
    let in_one = ["in", "--tables", "csv", "--estimate"];
    assert!(batch(&[&in_one[..], &["-o", "whole"]].concat(), work).status.success());
    let estimates = |out: &str| {
        let parts = fs::read_dir(work.join(out).join("estimate")).unwrap();
        let mut parts: Vec<_> = parts.map(|part| part.unwrap().file_name()).collect();
        parts.sort();
        parts
    };
    assert_eq!(estimates("whole").len(), 8);
    merge(&["part-1", "part-2"], "merged", work);
    merge(&["merged"], "again", work);
    // Into one of them, and once more, which changes nothing.
    merge(&["part-1", "part-2"], "part-1", work);
    merge(&["part-1", "part-2"], "part-1", work);
    for out in ["merged", "again", "part-1"] {
        assert_same(&work.join(out), &work.join("whole"));
        assert_eq!(estimates(out), estimates("whole"), "{out}");
        let idle = batch(&[&in_one[..], &["-o", out]].concat(), work);
        assert_eq!(String::from_utf8(idle.stderr).unwrap(), "note: 8 captures done before, 0 to do\n");
        assert_same(&work.join(out), &work.join("whole"));
    }
    let parts = fs::read_dir(work.join("again/parts")).unwrap().count();
    merge(&["merged"], "again", work);
    assert_eq!(
        fs::read_dir(work.join("again/parts")).unwrap().count(),
        parts,
        "what is there is not kept twice"
    );
}

#[test]
fn what_is_of_another_run_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let work = folder.path();
    copies(&work.join("in"), 8);
    for (shard, out, value) in [("1/2", "a", "0.85"), ("2/2", "b", "0.9")] {
        let set = format!("rate_control.backoff_factor={value}");
        assert!(batch(&["in", "-o", out, "--shard", shard, "--set", &set], work).status.success());
    }
    let refused = batch(&["--merge", "a", "b", "-o", "both"], work);
    let says = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(refused.status.code(), Some(3), "{says}");
    assert!(says.contains("b and a are not of one run: their flags, parameters or versions"), "{says}");
    assert!(!work.join("both").exists());
}

#[test]
fn flags_of_reading_are_refused_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let work = folder.path();
    two_shards(work, 2);
    for flags in [
        &["--strict"][..],
        &["--set", "rate_control.backoff_factor=0.9"],
        &["--deadline", "5s"],
        &["--threads", "2"],
        &["--rtt", "20ms"],
        &["--ssrc", "1"],
        &["--profile", "gcc-draft-02"],
        &["--verify"],
        &["--estimate"],
    ] {
        let refused = batch(&[&["--merge", "part-1", "part-2", "-o", "merged"], flags].concat(), work);
        let says = String::from_utf8(refused.stderr).unwrap();
        assert_eq!(refused.status.code(), Some(2), "{flags:?}: {says}");
        assert!(says.contains("cannot be used with") && says.contains(flags[0]), "{flags:?}: {says}");
    }
    for deadline in ["--deadline=-5s", "--deadline=0s"] {
        let refused = batch(&["in", "-o", "out", deadline], work);
        let says = String::from_utf8(refused.stderr).unwrap();
        assert_eq!(refused.status.code(), Some(2), "{says}");
        assert!(says.contains("a deadline is longer than 0s"), "{says}");
    }
}

#[test]
fn a_capture_that_is_in_two_of_them_is_taken_once() {
    let folder = tempfile::tempdir().unwrap();
    let work = folder.path();
    fs::copy(capture(S12), work.join(S12)).unwrap();
    for out in ["a", "b"] {
        assert!(batch(&[S12, "-o", out, "--tables", "csv"], work).status.success());
    }
    merge(&["a", "b"], "both", work);
    assert_same(&work.join("both"), &work.join("a"));
    assert_eq!(rows(&work.join("both/captures.csv")).len(), 1);
    assert!(TABLES.iter().all(|table| work.join(format!("both/{table}.csv")).exists()));
}

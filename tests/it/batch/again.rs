//! What an earlier run did, and whether it is taken as done.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use super::{S14, batch, capture, program, rows};

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A capture that is damaged behind its first frames and longer than anybody waits for: its hash is never done.
fn endless(path: &Path) {
    let mut bytes = Vec::new();
    let mut plain = flate2::read::GzDecoder::new(fs::File::open(capture(S14)).unwrap());
    std::io::Read::read_to_end(&mut plain, &mut bytes).unwrap();
    // A packet of 4 GB.
    bytes.extend([0xff; 16]);
    fs::write(path, bytes).unwrap();
    fs::File::options().write(true).open(path).unwrap().set_len(1 << 40).unwrap();
}

/// Whether the process has read more than all frames: where the system does not tell, it has after a while.
fn is_hashing(process: u32) -> bool {
    let io = fs::read_to_string(format!("/proc/{process}/io")).unwrap_or_default();
    let read = io.lines().find_map(|line| line.strip_prefix("rchar: ")?.parse().ok());
    read.is_some_and(|bytes: u64| bytes > 32 << 20)
}

/// Begins it, and ends it by SIGINT while the rest of an endless capture is hashed.
fn interrupt(arguments: &[&str], work: &Path) {
    let mut command = program(&[&["batch"], arguments].concat(), work);
    let child = command.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    for _ in 0..200 {
        std::thread::sleep(Duration::from_millis(10));
        if is_hashing(child.id()) {
            break;
        }
    }
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    assert!(said(&output).contains("error: interrupted"), "{}", said(&output));
}

#[test]
fn what_became_a_pipe_is_not_opened_to_verify_it() {
    let folder = tempfile::tempdir().unwrap();
    let work = folder.path();
    fs::copy(capture(S14), work.join("a")).unwrap();
    assert!(batch(&["a", "-o", "out"], work).status.success());
    fs::remove_file(work.join("a")).unwrap();
    assert!(Command::new("mkfifo").arg(work.join("a")).status().unwrap().success());
    let arguments = ["batch", "a", "-o", "out", "--tables", "csv", "--verify", "--deadline", "1s"];
    let mut child = program(&arguments, work).stdout(Stdio::null()).spawn().unwrap();
    let ends = (0..1000).any(|_| {
        std::thread::sleep(Duration::from_millis(20));
        child.try_wait().unwrap().is_some()
    });
    if !ends {
        child.kill().unwrap();
        child.wait().unwrap();
        panic!("it waits for whoever may write into the pipe");
    }
    assert!(rows(&work.join("out/captures.csv"))[0]["error"].contains("no file but a pipe"));
}

#[test]
fn a_text_has_a_row_where_it_is_named_whatever_an_earlier_run_made_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let work = folder.path();
    fs::create_dir(work.join("in")).unwrap();
    fs::write(work.join("in/notes"), "of Friday\n").unwrap();
    for (given, code, count) in [("in", 0, 0), ("in/notes", 5, 1), ("in/notes", 5, 1), ("in", 0, 0)] {
        let output = batch(&[given, "-o", "out", "--tables", "csv"], work);
        let found = rows(&work.join("out/captures.csv"));
        assert_eq!((output.status.code(), found.len()), (Some(code), count), "{given}: {}", said(&output));
        assert!(found.iter().all(|row| row["exit_code"] == "3" && row["capture"] == "in/notes"));
    }
}

#[test]
fn a_capture_whose_hash_was_not_done_is_not_done() {
    let folder = tempfile::tempdir().unwrap();
    let work = folder.path();
    endless(&work.join("a"));
    let run = |deadline| said(&batch(&["a", "-o", "out", "--tables", "csv", "--deadline", deadline], work));
    interrupt(&["a", "-o", "out"], work);
    assert_eq!(run("2s"), "", "an interrupted one has no row");
    let row = rows(&work.join("out/captures.csv")).remove(0);
    assert_eq!((row["exit_code"].as_str(), row["sha256"].as_str()), ("5", ""), "{row:?}");
    assert!(
        !row["frames"].is_empty() && row["error"].contains("frame"),
        "it was the hash that took too long: {row:?}"
    );
    assert_eq!(run("2s"), "note: 1 capture done before, 0 to do\n");
    assert_eq!(run("3s"), "", "there is more time");
}

#[test]
fn a_run_that_was_interrupted_is_not_merged_as_the_one_before_it() {
    let folder = tempfile::tempdir().unwrap();
    let work = folder.path();
    fs::copy(capture(S14), work.join(S14)).unwrap();
    fs::create_dir(work.join("empty")).unwrap();
    endless(&work.join("a"));
    // One of no capture at all leaves no part.
    for (given, out) in [(S14, "one"), ("empty", "none")] {
        assert!(batch(&[given, "-o", out], work).status.success());
        assert!(batch(&["--merge", out, "-o", "before"], work).status.success());
        interrupt(&[given, "a", "-o", out], work);
        let refused = batch(&["--merge", out, "-o", "after"], work);
        assert_eq!(refused.status.code(), Some(3));
        assert!(said(&refused).contains("no run of batch was finished in it"), "{}", said(&refused));
        let done = batch(&[given, "-o", out], work);
        assert!(done.status.success(), "it goes on there: {}", said(&done));
        assert!(batch(&["--merge", out, "-o", "before"], work).status.success());
    }
}

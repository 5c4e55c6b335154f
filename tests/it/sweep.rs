//! `sweep`: the grid, the ranking, and the same bytes whatever the threads.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

const S03: &str = "testdata/captures/s03-steps-audio.pcap.gz";
const S07: &str = "testdata/captures/s07-encrypted.pcap.gz";
const S08: &str = "testdata/captures/s08-full-ipv6.pcap.gz";

fn sweep(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_remb-replay"));
    command.current_dir(env!("CARGO_MANIFEST_DIR")).arg("sweep").args(arguments);
    command.stdin(Stdio::null()).output().unwrap()
}

fn table(arguments: &[&str]) -> Vec<Vec<String>> {
    let output = sweep(&[arguments, &["--csv", "-"]].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(&output.stdout[..]);
    reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect()
}

/// The cells of a column, by the row's values of other columns.
fn column<'a>(rows: &'a [Vec<String>], name: &str) -> Vec<&'a str> {
    let place = rows[0].iter().position(|column| column == name).unwrap();
    rows[1..].iter().map(|row| row[place].as_str()).collect()
}

#[test]
fn a_row_for_each_point_and_flow_and_libwebrtcs_own_constant_is_the_nearest() {
    let rows = table(&[S03, S08, "-P", "rate_control.backoff_factor=0.8:0.9:0.05"]);
    assert_eq!(rows.len(), 1 + 3 * (1 + 2));
    assert_eq!(column(&rows, "rank"), ["1", "1", "1", "2", "2", "2", "3", "3", "3"]);
    assert_eq!(column(&rows, "rate_control.backoff_factor")[0], "0.85");
    assert_eq!(column(&rows, "base"), ["1", "1", "1", "0", "0", "0", "0", "0", "0"]);
    assert_eq!(column(&rows, "capture")[..3], ["mean", S03, S08]);
    assert_eq!(column(&rows, "held_against")[..3], ["", "recorded", "recorded"]);
    let median: Vec<f64> = column(&rows, "median_pct").iter().map(|cell| cell.parse().unwrap()).collect();
    assert!((median[0] - (median[1] + median[2]) / 2.0).abs() < 1e-3);
    assert!(median[0] < 1.0 && median[3] > 2.0, "{median:?}");
}

#[test]
fn the_base_has_the_figures_of_compare() {
    let rows = table(&[S03, "-L", "rate_control.backoff_factor=0.85", "--phases", "10"]);
    let mut compare = Command::new(env!("CARGO_BIN_EXE_remb-replay"));
    compare.current_dir(env!("CARGO_MANIFEST_DIR")).args(["compare", S03, "--csv", "-", "--phases", "10"]);
    let compared = String::from_utf8(compare.output().unwrap().stdout).unwrap();
    let mean: Vec<_> = compared.lines().last().unwrap().split(',').collect();
    for (place, name) in [(3, "median_pct"), (4, "p90_pct"), (8, "within_5_pct")] {
        let ours: f64 = column(&rows, name)[1].parse().unwrap();
        let theirs: f64 = mean[place].parse().unwrap();
        assert!((ours - theirs).abs() <= 0.005, "{name}: {ours} and {theirs}");
    }
}

#[test]
fn a_folder_is_its_captures_and_what_cannot_be_read_in_it_is_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    fs::create_dir(path("in")).unwrap();
    for (from, to) in [(S08, "in/a.gz"), (S07, "in/b.gz")] {
        fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join(from), path(to)).unwrap();
    }
    fs::write(path("in/notes"), "of Friday").unwrap();
    fs::write(path("list"), path("in")).unwrap();
    let grid = ["-L", "rate_control.backoff_factor=0.8,0.85"];
    let expected = table(&[&[path("in/a.gz").as_str(), &path("in/b.gz")], &grid[..]].concat());
    assert_eq!(table(&[&[path("in").as_str()], &grid[..]].concat()), expected);
    assert_eq!(table(&[&[format!("@{}", path("list")).as_str()], &grid[..]].concat()), expected);
    // A text that is a log, but of data channels alone.
    let log = "O 12:00:00.000000 000000 01 02 # SCTP_PACKET\n".repeat(2);
    fs::write(path("in/aa-log"), &log).unwrap();
    let output = sweep(&[&[path("in").as_str(), "--csv", "-"], &grid[..]].concat());
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(5) && said.contains("aa-log: "), "{said}");
    fs::remove_file(path("in/aa-log")).unwrap();
    fs::write(path("in/aa-garbage"), [0x80, 0, 1, 2]).unwrap();
    let output = sweep(&[&[path("in").as_str(), "--csv", "-"], &grid[..]].concat());
    assert_eq!(output.status.code(), Some(5));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("aa-garbage: not a capture") && said.contains("it is left out"), "{said}");
    assert_eq!(String::from_utf8(output.stdout).unwrap().lines().count(), expected.len());
    assert_eq!(
        sweep(&[&[path("in/aa-garbage").as_str()], &grid[..]].concat()).status.code(),
        Some(3),
        "it was named"
    );
}

#[test]
fn threads_change_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let outputs: Vec<_> = ["1", "2", "7"]
        .into_iter()
        .map(|threads| {
            let path = |suffix| folder.path().join(format!("{threads}.{suffix}"));
            let (csv, json, svg) = (path("csv"), path("json"), path("svg"));
            let text = |path: &Path| path.to_str().unwrap().to_owned();
            let output = sweep(&[
                S03,
                S07,
                S08,
                "-L",
                "controller.filter=kalman,trendline",
                "-L",
                "overuse.gain_up_per_ms=0.005,0.01",
                "--threads",
                threads,
                "--csv",
                &text(&csv),
                "--json",
                &text(&json),
                "--plot",
                &text(&svg),
                "--plot-kind",
                "overlay",
            ]);
            assert!(output.status.success());
            (output.stdout, fs::read(csv).unwrap(), fs::read(json).unwrap(), fs::read(svg).unwrap())
        })
        .collect();
    assert!(outputs.iter().all(|output| *output == outputs[0]));
    let text = String::from_utf8(outputs[0].0.clone()).unwrap();
    assert!(text.starts_with(
        "3 captures, 3 flows, 5 points; 2 held against the REMBs that were recorded, 1 against"
    ));
    assert!(text.contains("open loop"));
}

#[test]
fn an_encrypted_call_is_held_against_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let reference = folder.path().join("remb.csv");
    let mut replay = Command::new(env!("CARGO_BIN_EXE_remb-replay"));
    replay.current_dir(env!("CARGO_MANIFEST_DIR")).args(["replay", S07, "--scheduler", "libwebrtc"]);
    replay.args(["--set", "rate_control.backoff_factor=0.9", "--remb-csv", reference.to_str().unwrap()]);
    assert!(replay.output().unwrap().status.success());
    let rows = table(&[
        S07,
        "--reference",
        reference.to_str().unwrap(),
        "-L",
        "rate_control.backoff_factor=0.8,0.85,0.9",
    ]);
    assert_eq!(column(&rows, "rate_control.backoff_factor")[0], "0.9");
    // The file has rates as they are, and a REMB carries 18 bits of them.
    assert!(column(&rows, "median_pct")[0].parse::<f64>().unwrap() < 0.001);
    assert_eq!(column(&rows, "held_against")[1], "file");
}

#[test]
fn a_reference_that_is_given_wins_over_what_was_recorded() {
    let folder = tempfile::tempdir().unwrap();
    let reference = folder.path().join("link.csv");
    fs::write(&reference, "ms,kbps\n0,500\n20000,400\n").unwrap();
    let flags = [
        S08,
        "-L",
        "rate_control.backoff_factor=0.8,0.85",
        "--reference",
        reference.to_str().unwrap(),
        "--column",
        "time=ms,rate=kbps:kbps",
    ];
    let rows = table(&flags);
    assert_eq!(column(&rows, "held_against")[1], "file");
    let text = String::from_utf8(sweep(&flags).stdout).unwrap();
    assert!(text.contains("1 held against --reference, whatever was recorded"), "{text}");
    let other = folder.path().join("other.csv");
    fs::write(&other, "time_s,bitrate_bps,flow\n0,500000,1.2.3.4:1-1.2.3.4:2\n").unwrap();
    let flags = [S08, "-L", "rate_control.backoff_factor=0.8,0.85", "--reference", other.to_str().unwrap()];
    assert_eq!(column(&table(&flags), "held_against")[1], "recorded");
    let said = String::from_utf8(sweep(&flags).stderr).unwrap();
    assert!(said.contains("other.csv: no estimated flow for what it has of 1.2.3.4:1-1.2.3.4:2"), "{said}");
}

#[test]
fn an_estimator_that_a_capture_cannot_feed_has_no_row() {
    let rows = table(&[
        "testdata/captures/s06-no-abs-send-time.pcap.gz",
        "-L",
        "controller.estimator=auto,abs-send-time,rtp-timestamp",
    ]);
    let estimators = column(&rows, "controller.estimator");
    assert_eq!(estimators, ["auto", "auto", "rtp-timestamp", "rtp-timestamp", "abs-send-time"]);
}

#[test]
fn what_is_wrong_is_said_before_anything_is_read() {
    for (arguments, code, expected) in [
        (&[S03][..], 2, "nothing is swept: -L NAME=a,b,c or -P NAME=low:high:step is needed"),
        (&[S03, "-L", "rate_control.backof_factor=1"], 2, "unknown parameter 'rate_control.backof_factor'"),
        (&[S03, "-L", "rate_control.backoff_factor=0.9,7"], 2, "parameter 'rate_control.backoff_factor' = 7"),
        (&[S03, "-P", "overuse.max_weight=1:2"], 2, "NAME=low:high:step is needed"),
        (&[S03, "-P", "overuse.max_weight=1:3:0.5"], 2, "must be whole numbers, as the parameter is"),
        (&[S03, "-L", "remb.interval=1s,1000ms"], 2, "the value 1000ms stands there twice"),
        (&[S03, "-L", "remb.interval=1s", "--plot", "x.jpg"], 2, "a picture is a .png or an .svg"),
        (&[S03, "-L", "remb.interval=1s", "--reference", "missing.csv"], 3, "missing.csv"),
        (&[S03, "-L", "remb.interval=1s", "--reference", "Cargo.toml"], 2, "no column time_s"),
        (&[S03, "-L", "remb.interval=1s", "--plot-kind", "map"], 2, "--plot-kind map needs two parameters"),
        (&["-", "-", "-L", "remb.interval=1s"], 2, "standard input can be read once"),
        (&[S03, "missing.pcap", "-L", "remb.interval=1s"], 3, "missing.pcap"),
        (&["README.md", "-L", "remb.interval=1s"], 3, "README.md: "),
        (&[S03, "-L", "remb.interval=1s", "--csv", "Cargo.toml"], 3, "Cargo.toml exists; --force"),
        (
            &["testdata/captures/s08-full-ipv6.pcap.gz", "-L", "remb.interval=1s", "--to", "0"],
            4,
            "no flow to estimate",
        ),
    ] {
        let output = sweep(arguments);
        let errors = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {errors}");
        assert!(errors.contains(expected), "{arguments:?}: {errors}");
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn doubts_about_a_capture_are_said_and_strict_counts_them() {
    let flags = [S07, "-L", "rate_control.backoff_factor=0.85"];
    let said = |output: &Output| String::from_utf8_lossy(&output.stderr).contains("warning[W-RTT-DEFAULT]");
    let output = sweep(&flags);
    assert!(said(&output) && output.status.code() == Some(0));
    let output = sweep(&[&flags[..], &["--strict"]].concat());
    assert!(said(&output) && output.status.code() == Some(5));
    let output = sweep(&[&flags[..], &["--strict", "--rtt", "1ms"]].concat());
    assert!(!said(&output) && output.status.code() == Some(0));
}

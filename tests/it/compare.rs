//! `compare` as its users meet it: how close a replay comes to what Chromium sent, and the gate built on that.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod recorded;
mod timer;

use std::collections::BTreeMap;
use std::fs;
use std::process::{Command, Output};

/// Median error and share within 5 %, as means over ten phases, of libwebrtc's own code fed from the same captures; of s06, whose timer
/// it ran punctually, in `timer`.
const CLOSENESS: [(&str, &[&str], f64, f64); 8] = [
    ("s02-fixed-1000k", &[], 0.85, 78.0),
    ("s03-steps-audio", &[], 0.67, 84.0),
    (
        "s07-encrypted",
        &["--rtt", "1ms", "--recorded", "testdata/captures/s07-encrypted.remb.csv"],
        0.48,
        89.0,
    ),
    ("s08-full-ipv6", &[], 0.82, 100.0),
    ("s12-bidir", &[], 1.40, 82.0),
    ("s14-reorder", &[], 0.00, 99.0),
    ("s16-any", &[], 0.49, 98.0),
    // Of this one there is no such figure: at most 1 %.
    ("u02-congested-start", &[], 1.00, 75.0),
];
/// The same medians where the round trip time is left at 200 ms.
const MEDIANS_AT_200_MS: [(&str, f64); 7] = [
    ("s02-fixed-1000k", 5.4),
    ("s03-steps-audio", 14.2),
    ("s06-no-abs-send-time", 5.9),
    ("s08-full-ipv6", 0.8),
    ("s12-bidir", 7.1),
    ("s14-reorder", 5.3),
    ("s16-any", 6.4),
];

fn run(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_remb-replay"));
    command.current_dir(env!("CARGO_MANIFEST_DIR")).env("RUST_BACKTRACE", "0");
    command.args(arguments).output().unwrap()
}

fn errors(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn capture(name: &str) -> String {
    format!("testdata/captures/{name}.pcap.gz")
}

/// The mean row of every flow, by column.
fn means(name: &str, flags: &[&str]) -> Vec<BTreeMap<String, String>> {
    let output = run(&[&["compare", &capture(name), "--csv", "-", "--phases", "10"], flags].concat());
    assert_eq!(output.status.code(), Some(0), "{}", errors(&output));
    let mut reader = csv::Reader::from_reader(&output.stdout[..]);
    let rows = reader.deserialize::<BTreeMap<String, String>>().map(Result::unwrap);
    rows.filter(|row| row["phase"] == "mean").collect()
}

fn number(row: &BTreeMap<String, String>, column: &str) -> f64 {
    row[column].parse().unwrap()
}

#[test]
fn each_recorded_call_is_replayed_as_closely_as_libwebrtcs_own_code_comes() {
    for (name, flags, median, within_5) in CLOSENESS {
        let first = &means(name, flags)[0];
        let (ours, share) = (number(first, "median_pct"), number(first, "within_5_pct"));
        assert!((ours - median).abs() <= 0.5, "{name}: median {ours} %, there {median} %");
        assert!(share >= within_5 - 3.0, "{name}: within 5 % {share} %, there {within_5} %");
        assert!(number(first, "ssrcs_equal_pct") >= 99.0, "{name}");
    }
}

#[test]
fn the_phase_that_comes_nearest_stands_beside_the_capture_s_own_clock_and_the_mean() {
    let folder = tempfile::tempdir().unwrap();
    let picture = folder.path().join("close.svg");
    let picture = picture.to_str().unwrap();
    let output = run(&["compare", &capture("s03-steps-audio"), "--json", "-", "--plot", picture]);
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let flow = &json["flows"][0];
    let phases = flow["phases"].as_array().unwrap();
    assert_eq!(phases.len(), 50);
    let nearest = usize::try_from(flow["nearest"]["phase"].as_u64().unwrap()).unwrap();
    assert_eq!(flow["nearest"]["metrics"], phases[nearest]);
    assert_eq!(flow["nearest"]["clock_offset_us"], 20 * nearest);
    let error = |metrics: &serde_json::Value| metrics["mean_absolute"].as_f64().unwrap();
    assert!(phases.iter().all(|phase| error(phase) >= error(&phases[nearest])));
    assert!(
        error(&phases[nearest]) < error(&flow["first_phase"])
            && error(&phases[nearest]) < error(&flow["mean"])
    );
    assert!(fs::read_to_string(picture).unwrap().contains("replayed, nearest clock phase"));
    let text = String::from_utf8(run(&["compare", &capture("s03-steps-audio")]).stdout).unwrap();
    assert!(text.contains(&format!("nearest: {nearest} (+")), "{text}");
    let alone =
        String::from_utf8(run(&["compare", &capture("s03-steps-audio"), "--phases", "1"]).stdout).unwrap();
    assert!(!alone.contains("nearest"), "{alone}");
    let csv = String::from_utf8(run(&["compare", &capture("s03-steps-audio"), "--csv", "-"]).stdout).unwrap();
    let marked = csv.lines().position(|row| row.ends_with(&format!(",{},1,", 20 * nearest)));
    assert_eq!(marked, Some(1 + nearest), "{csv}");
}

#[test]
fn the_round_trip_time_of_the_capture_is_what_makes_it_close() {
    for (name, median) in MEDIANS_AT_200_MS {
        let ours = number(&means(name, &["--rtt", "200ms"])[0], "median_pct");
        assert!((ours - median).abs() <= 0.5, "{name}: {ours} %, there {median} %");
    }
}

#[test]
fn each_direction_is_held_against_its_own_rembs_and_the_sent_one_is_marked() {
    let output = run(&["compare", &capture("s12-bidir"), "--json", "-"]);
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let flows = json["flows"].as_array().unwrap();
    let of = |flow: &serde_json::Value| {
        let end = flow["captured_at"]["end"].as_str().unwrap().to_owned();
        (flow["recorded"].as_u64().unwrap(), flow["repeats"].as_u64().unwrap(), end)
    };
    assert_eq!(of(&flows[0]), (247, 161, "receiver".to_owned()));
    assert_eq!(of(&flows[1]), (74, 201, "sender".to_owned()));
    assert!(errors(&output).contains("warning[W-SENDER-SIDE]: 10.77.0.2:54785-10.77.0.1:56077"));
}

#[test]
fn the_gate_ends_with_1_and_says_which_bound_was_missed() {
    let gate = |flags: &[&str]| run(&[&["compare", &capture("s16-any"), "-q"], flags].concat());
    assert_eq!(gate(&["--max-median", "2%", "--min-within-5", "90"]).status.code(), Some(0));
    let missed = gate(&["--max-median", "0.1%", "--min-within-5", "100%"]);
    assert_eq!(missed.status.code(), Some(1));
    assert!(errors(&missed).contains("is above --max-median 0.1 %"), "{}", errors(&missed));
    let all = run(&["compare", &capture("s02-fixed-1000k"), "--min-within-5", "99"]);
    assert_eq!(all.status.code(), Some(1));
    assert!(errors(&all).contains("is below --min-within-5 99 %"));
}

#[test]
fn encrypted_rtcp_is_said_to_be_unreadable_and_never_absent() {
    let output = run(&["compare", &capture("s07-encrypted")]);
    assert_eq!(output.status.code(), Some(4));
    let expected = "406 RTCP packets are encrypted and their REMBs cannot be read; --recorded FILE.csv";
    assert!(errors(&output).contains(expected), "{}", errors(&output));
}

#[test]
fn two_files_are_held_against_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    for (name, factor) in [("a.csv", "0.85"), ("b.csv", "0.9")] {
        let set = format!("rate_control.backoff_factor={factor}");
        let output = run(&["replay", &capture("s16-any"), "--remb-csv", &path(name), "--set", &set, "-q"]);
        assert_eq!(output.status.code(), Some(0), "{}", errors(&output));
    }
    let same = run(&["compare", &path("a.csv"), &path("a.csv"), "--max-median", "0"]);
    assert_eq!(same.status.code(), Some(0), "{}", errors(&same));
    let other = run(&["compare", &path("a.csv"), &path("b.csv"), "--max-median", "0"]);
    assert_eq!(other.status.code(), Some(1));
    fs::write(path("c.csv"), "time,rate\n1,2\n").unwrap();
    let odd = run(&["compare", &path("a.csv"), &path("c.csv")]);
    assert_eq!(odd.status.code(), Some(3));
    assert!(errors(&odd).contains("c.csv: no column time_s"), "{}", errors(&odd));
}

#[test]
fn a_beginning_that_is_skipped_is_not_compared() {
    let samples = |flags: &[&str]| number(&means("s08-full-ipv6", flags)[0], "samples");
    assert_eq!(samples(&[]) - samples(&["--skip", "5s"]), 50.0);
}

#[test]
fn what_lies_beyond_the_end_that_was_asked_for_is_neither_replayed_nor_compared() {
    let call = capture("s03-steps-audio");
    let [mean] = &means("s03-steps-audio", &["--to", "60"])[..] else { panic!("one flow") };
    assert_eq!((number(mean, "samples"), number(mean, "falls_recorded")), (600.0, 27.0));
    let output = run(&["replay", &call, "-q", "--from", "30", "--to", "60", "--remb-csv", "-", "--force"]);
    let rembs = String::from_utf8(output.stdout).unwrap();
    let times: Vec<f64> =
        rembs.lines().skip(1).map(|row| row.split(',').next().unwrap().parse().unwrap()).collect();
    assert!(times.len() > 20 && times.iter().all(|time| (30.0..=60.0).contains(time)), "{times:?}");
    let text = String::from_utf8(run(&["replay", &call, "--from", "30", "--to", "60"]).stdout).unwrap();
    assert!(text.contains("recorded: 247 REMBs, 153 of them repeats"), "{text}");
    assert!(text.contains("13113 packets, 116 lost (0.88 %): 1516 of them fed"), "{text}");
}

#[test]
fn repeats_of_a_file_are_its_own() {
    let file = "testdata/captures/s03-steps-audio.remb.csv";
    let output = run(&["compare", &capture("s03-steps-audio"), "--recorded", file]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("433 REMBs recorded (195 repeats left out)"), "{text}");
}

//! `check`: the cases of testdata are the goldens of this program, and what a gate must do when something changes.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::common;

/// Exit code, standard output and standard error.
fn check(args: &[&str], ci: bool) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_remb-replay"));
    command.arg("check").args(args).env("RUST_BACKTRACE", "0").env_remove("CI");
    if ci {
        command.env("CI", "1");
    }
    let output = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

fn cases() -> String {
    common::testdata("cases").to_str().unwrap().to_owned()
}

/// A folder with one case: the call s16 and a golden of it.
fn one_case(folder: &Path, more: &str) -> String {
    let input = common::testdata("captures/s16-any.pcap.gz");
    let text = format!("input = '{}'\ngolden = 'call.remb.csv'\n{more}", input.display());
    let file = folder.join("call.toml");
    fs::write(&file, text).unwrap();
    file.to_str().unwrap().to_owned()
}

#[test]
fn every_case_of_testdata_passes_and_two_runs_give_the_same_reports() {
    let folder = tempfile::tempdir().unwrap();
    let mut reports = Vec::new();
    for run in 0..2 {
        let (xml, md) = (folder.path().join(format!("{run}.xml")), folder.path().join(format!("{run}.md")));
        let [junit, markdown] = [format!("junit:{}", xml.display()), format!("md:{}", md.display())];
        let (code, text, _) = check(&[&cases(), "--report", &junit, "--report", &markdown], true);
        assert_eq!(code, 0, "{text}");
        reports.push((text, fs::read(xml).unwrap(), fs::read(md).unwrap()));
    }
    assert!(reports[0].0.contains("15 cases: 15 passed, 0 failed, 0 skipped"), "{}", reports[0].0);
    assert_eq!(reports[0], reports[1]);
    let xml = String::from_utf8(reports[0].1.clone()).unwrap();
    let document = roxmltree::Document::parse(&xml).unwrap();
    assert_eq!(document.descendants().filter(|node| node.has_tag_name("testcase")).count(), 15);
}

#[test]
fn one_bit_per_second_in_one_row_fails_and_the_row_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let case = one_case(folder.path(), "");
    assert_eq!(check(&[&case], false).0, 0);
    let golden = folder.path().join("call.remb.csv");
    let text = fs::read_to_string(&golden).unwrap();
    let mut rows: Vec<_> = text.lines().map(str::to_owned).collect();
    let mut cells: Vec<_> = rows[9].split(',').map(str::to_owned).collect();
    let bps: i64 = cells[4].parse().unwrap();
    cells[4] = (bps + 1).to_string();
    rows[9] = cells.join(",");
    fs::write(&golden, rows.join("\n") + "\n").unwrap();
    let (code, text, _) = check(&[&case], true);
    assert_eq!(code, 1);
    let expected = format!("row 9 (time {}): bitrate_bps is {bps}, expected {}: -1 apart", cells[0], bps + 1);
    assert!(text.contains(&expected), "{text}");
    assert!(text.contains("reproduce: remb-replay replay ") && text.contains("--remb-csv -"), "{text}");
    let tolerant = one_case(folder.path(), "[tolerance]\nbitrate_bps = 1\nencoded_bps = 8\n");
    assert_eq!(check(&[&tolerant], true).0, 0);
}

#[test]
fn a_missing_golden_is_written_but_not_in_ci() {
    let folder = tempfile::tempdir().unwrap();
    let case = one_case(folder.path(), "");
    let golden = folder.path().join("call.remb.csv");
    let (code, text, _) = check(&[&case], true);
    assert!(code == 1 && text.contains("is missing; check --bless writes it"), "{text}");
    assert!(!golden.exists());
    let (code, text, _) = check(&[&case], false);
    assert!(code == 0 && text.contains("new   call: wrote "), "{text}");
    assert_eq!(check(&[&case], true).0, 0);
    fs::write(&golden, "time_s,bitrate_bps\n1,2\n").unwrap();
    assert_eq!(check(&[&case], true).0, 1);
    assert_eq!(check(&[&case, "--bless"], true).0, 0);
    assert_eq!(check(&[&case], true).0, 0);
}

/// Time steps back once in this capture.
#[test]
fn under_strict_a_warning_is_an_exit_code_that_was_not_expected() {
    let only = [&cases()[..], "--only", "s03-draft"];
    assert_eq!(check(&only, true).0, 0);
    let (code, text, _) = check(&[&only[..], &["--strict"]].concat(), true);
    assert!(code == 1 && text.contains("exit code 5, expected 0"), "{text}");
}

#[test]
fn another_estimators_rembs_are_held_against_ours() {
    let folder = tempfile::tempdir().unwrap();
    let input = common::testdata("captures/s16-any.pcap.gz");
    let candidate = common::testdata("captures/s16-any.remb.csv");
    let case = |limit: &str| {
        let text = format!(
            "input = '{}'\nargs = ['--scheduler', 'libwebrtc']\ncandidate = '{}'\n[distance]\nmax_median = '{limit}'\n",
            input.display(),
            candidate.display()
        );
        let file = folder.path().join("chromium.toml");
        fs::write(&file, text).unwrap();
        check(&[file.to_str().unwrap()], true)
    };
    assert_eq!(case("1%").0, 0);
    let (code, text, _) = case("0.1%");
    assert!(code == 1 && text.contains("against our replay: "), "{text}");
    assert!(text.contains("% is above distance.max_median 0.1 %"), "{text}");
}

#[test]
fn expectations_that_are_not_met_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let case = one_case(folder.path(), "[expect]\n\"flows.0.packets_fed\" = [1, 2]\nwarnings = ['W-X']\n");
    let (code, text, _) = check(&[&case], false);
    assert_eq!(code, 1);
    assert!(text.contains("expect flows.0.packets_fed: is 2119, expected 1 … 2"), "{text}");
    assert!(text.contains("expect warnings: are [], expected [W-X]"), "{text}");
    assert_eq!(check(&[&case, "--bless"], false).0, 1, "there is no golden to write for it");
    let hash = one_case(folder.path(), "");
    let text = fs::read_to_string(&hash).unwrap() + &format!("sha256 = '{}'\n", "0".repeat(64));
    fs::write(&hash, text).unwrap();
    assert!(check(&[&hash], false).1.contains("has the SHA-256"));
}

#[test]
fn a_file_that_is_absent_fails_its_case_and_the_others_are_run() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    one_case(folder.path(), "");
    let input = common::testdata("captures/s16-any.pcap.gz");
    for (name, text) in [
        ("absent.toml", "input = 'no-such.pcap'\ngolden = 'g'\n".to_owned()),
        ("candidate.toml", format!("input = '{}'\ncandidate = 'no-such.csv'\n", input.display())),
        (
            "settings.toml",
            format!(
                "input = '{}'\nargs = ['--config', 'no-such.toml']\n[expect]\nflows = 1\n",
                input.display()
            ),
        ),
    ] {
        fs::write(path(name), text).unwrap();
    }
    let report = format!("junit:{}", path("report.xml"));
    let (code, text, _) = check(&[folder.path().to_str().unwrap(), "--report", &report], false);
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("4 cases: 1 passed, 3 failed, 0 skipped"), "{text}");
    let reason = |name: &str, key: &str, file: &str| format!("{}: '{key}': {}: ", path(name), path(file));
    assert!(text.contains(&reason("absent.toml", "input", "no-such.pcap")), "{text}");
    assert!(text.contains(&reason("candidate.toml", "candidate", "no-such.csv")), "{text}");
    assert!(text.contains("exit code 3, expected 0: --config"), "{text}");
    let xml = fs::read_to_string(path("report.xml")).unwrap();
    assert!(xml.contains("tests=\"4\" failures=\"3\"") && xml.contains("no-such.pcap"), "{xml}");
}

#[test]
fn a_new_golden_is_what_the_case_says_and_a_known_one_what_its_header_says() {
    let folder = tempfile::tempdir().unwrap();
    let estimates = folder.path().join("estimates");
    fs::create_dir(&estimates).unwrap();
    let input = common::testdata("captures/s16-any.pcap.gz");
    let case = |golden: &str| {
        let file = estimates.join("call.toml");
        fs::write(&file, format!("input = '{}'\ngolden = {golden}\n", input.display())).unwrap();
        check(&[file.to_str().unwrap()], false)
    };
    let header =
        |name: &str| fs::read_to_string(estimates.join(name)).unwrap().lines().next().unwrap().to_owned();
    assert_eq!(case("'a.csv'").0, 0);
    assert!(header("a.csv").contains("encoded_bps"), "whatever its folder is called");
    assert_eq!(case("{ remb = 'a.csv', estimate = 'b.csv' }").0, 0);
    assert!(header("b.csv").contains("estimate_bps"), "whatever it is called");
    let (code, text, _) = case("['a.csv', 'b.csv']");
    assert!(code == 0 && text.contains("ok    call"), "{text}");
    let (code, text, _) = case("'new.estimate.csv'");
    assert_eq!(code, 1);
    assert!(text.contains("golden = { estimate = \"…\" } says"), "{text}");
    assert_eq!(case("{ other = 'a.csv' }").0, 2);
    fs::write(estimates.join("b.csv"), header("b.csv") + "\n").unwrap();
    assert!(case("'b.csv'").1.contains("--estimate-csv -"), "{text}");
}

#[test]
fn a_case_that_cannot_be_run_says_why_by_its_exit_code() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bad.toml");
    let path = file.to_str().unwrap();
    for (text, code, expected) in [
        ("input = 'x'\nfoo = 1\n", 2, "unknown field `foo`"),
        (
            "input = 'x'\ngolden = 'g'\nargs = ['--no-such-flag']\n",
            2,
            "'args': unexpected argument '--no-such-flag'",
        ),
        ("input = 'x'\ngolden = 'g'\nargs = ['-o', 'out']\n", 2, "'args': outputs are not named in a case"),
        (
            "input = 'x'\ngolden = 'g'\nargs = ['--print-config']\n",
            2,
            "'args': --print-config replays nothing",
        ),
    ] {
        fs::write(&file, text).unwrap();
        let (found, _, errors) = check(&[path], false);
        assert_eq!(found, code, "{errors}");
        assert!(errors.contains(expected) && errors.contains("bad.toml"), "{errors}");
    }
    fs::write(&file, "input = 'no-such.pcap'\ngolden = 'g'\nskip = 'not yet'\n").unwrap();
    let (code, text, _) = check(&[path], true);
    assert!(code == 0 && text.contains("skip  bad: not yet"), "{text}");
    fs::remove_file(&file).unwrap();
    assert_eq!(check(&[folder.path().to_str().unwrap()], false).0, 4);
    assert_eq!(check(&[&cases(), "--only", "nobody"], false).0, 2);
    assert!(check(&[&cases(), "--only", "s14-reorder"], true).1.contains("1 case: 1 passed"));
}

//! Recorded series: from files of all kinds, and of several receivers behind one flow.

use std::fs;
use std::io::Read as _;
use std::path::Path;

use serde_json::Value;

use super::{capture, errors, run};

const S03: &str = "testdata/captures/s03-steps-audio.remb.csv";

fn json(arguments: &[&str]) -> Value {
    let output = run(&[&["compare"], arguments, &["--json", "-", "--phases", "4"]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", errors(&output));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The times and rates of s03's own log, written otherwise.
fn s03_log(header: &str, row: impl Fn(f64, i64) -> String) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let mut text = format!("{header}\n");
    for line in fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(S03)).unwrap().lines().skip(1) {
        let cells: Vec<_> = line.split(',').collect();
        text += &(row(cells[0].parse().unwrap(), cells[2].parse().unwrap()) + "\n");
    }
    let path = folder.path().join("log.csv");
    fs::write(&path, text).unwrap();
    let path = path.to_str().unwrap().to_owned();
    (folder, path)
}

#[test]
fn a_log_is_read_in_its_own_units_and_under_its_own_names() {
    let call = capture("s03-steps-audio");
    let own = json(&[&call, "--recorded", S03]);
    let first = own["flows"][0]["first_phase"].clone();
    let median = |json: &Value| json["flows"][0]["first_phase"]["median"].as_f64().unwrap();
    let (_kept, millis) =
        s03_log("time_ms,bitrate_kbps", |time, bps| format!("{:.3},{}", time * 1e3, bps as f64 / 1e3));
    assert_eq!(median(&json(&[&call, "--recorded", &millis])), first["median"].as_f64().unwrap());
    let (_kept, named) =
        s03_log("bitrate_bps,t,r", |time, bps| format!("7,{time},{:.6} Mbps", bps as f64 / 1e6));
    let column = ["--column", "time=t,rate=r"];
    assert_eq!(
        median(&json(&[&[&call[..], "--recorded", &named], &column[..]].concat())),
        first["median"].as_f64().unwrap()
    );
    let (_kept, late) = s03_log("time_s,bitrate_bps", |time, bps| format!("{:.6},{bps}.0", time + 4.0));
    assert_eq!(
        median(&json(&[&call, "--recorded", &late, "--offset", "-4s"])),
        first["median"].as_f64().unwrap()
    );
}

#[test]
fn a_clock_that_is_off_is_named_with_its_offset_and_a_series_beside_the_capture_is_refused() {
    let call = capture("s03-steps-audio");
    let compare = |log: &str, flags: &[&str]| {
        let output = run(&[&["compare", &call, "--recorded", log, "--phases", "4"], flags].concat());
        (output.status.code(), errors(&output))
    };
    let (_kept, early) = s03_log("time_s,bitrate_bps", |time, bps| format!("{:.6},{bps}", time - 12.3));
    let (code, said) = compare(&early, &[]);
    assert!(code == Some(0) && said.contains("its series begins 12.2 s before the capture"), "{said}");
    assert!(said.contains("hint: 10.77.0.1:54009-10.77.0.2:35277: with --offset +12."), "{said}");
    let (_, right) = compare(&early, &["--offset", "12.3s"]);
    assert!(!right.contains("hint: "), "{right}");
    for hour in [-3600.0, 3600.0] {
        let (_kept, beside) = s03_log("time_s,bitrate_bps", |time, bps| format!("{:.6},{bps}", time + hour));
        let (code, said) = compare(&beside, &[]);
        assert_eq!(code, Some(4), "{said}");
        assert!(
            said.contains("and the capture from 0 to 110.2 s: no time in common; with --offset"),
            "{said}"
        );
    }
}

#[test]
fn a_flag_s_file_that_cannot_be_opened_ends_with_3_and_a_wrong_one_with_2() {
    let call = capture("s03-steps-audio");
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log.csv");
    let log = log.to_str().unwrap();
    let compare = |log: &str| {
        let output = run(&["compare", &call, "--recorded", log]);
        (output.status.code(), errors(&output))
    };
    assert_eq!(compare("no-such.csv").0, Some(3));
    assert_eq!(compare(folder.path().to_str().unwrap()).0, Some(3), "a folder");
    for (text, expected) in [
        (
            "time_s,bitrate_bps\n1,2\nsoon,3\n",
            "log.csv: line 3: column 'time_s': 'soon' is no time in seconds",
        ),
        ("time_s,bitrate_bps\n1,fast\n", "log.csv: line 2: column 'bitrate_bps': 'fast' is no bit rate"),
        ("when,bitrate_bps\n1,2\n", "there are when, bitrate_bps; --column time=NAME names it"),
    ] {
        fs::write(log, text).unwrap();
        let (code, said) = compare(log);
        assert!(code == Some(2) && said.contains(expected), "{code:?} {said}");
    }
}

#[test]
fn each_flow_is_held_against_its_own_series_of_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let call = capture("s12-bidir");
    let log = path("both.csv");
    let output = run(&["replay", &call, "--scheduler", "libwebrtc", "--remb-csv", &log, "-q"]);
    assert_eq!(output.status.code(), Some(0), "{}", errors(&output));
    let both = json(&[&call, "--recorded", &log]);
    let medians = |json: &Value| {
        let flows = json["flows"].as_array().unwrap();
        flows.iter().map(|flow| flow["first_phase"]["median"].as_f64().unwrap()).collect::<Vec<_>>()
    };
    assert!(medians(&both).len() == 2 && medians(&both).iter().all(|median| *median < 1e-4), "{both}");
    // Without names of flows, the streams tell.
    let one: String = fs::read_to_string(&log)
        .unwrap()
        .lines()
        .filter(|row| row.starts_with("time_s") || row.contains("10.77.0.2:54785-10"))
        .map(|row| row.replacen(",flow,", ",x,", 1) + "\n")
        .collect();
    fs::write(path("one.csv"), one).unwrap();
    let second = json(&[&call, "--recorded", &path("one.csv")]);
    assert_eq!(second["flows"][0]["flow"], "10.77.0.2:54785-10.77.0.1:56077");
    assert!(medians(&second).len() == 1 && medians(&second)[0] < 1e-4, "{second}");
    let said = errors(&run(&["compare", &call, "--recorded", &path("one.csv")]));
    assert!(said.contains("one.csv: nothing of flow 10.77.0.1:56077-10.77.0.2:54785"), "{said}");
    // The times of one flow lie far behind the capture.
    let later = |row: &str| match row.contains("10.77.0.2:54785-10") {
        true => format!("9{row}\n"),
        false => format!("{row}\n"),
    };
    let apart: String = fs::read_to_string(&log).unwrap().lines().map(later).collect();
    fs::write(path("apart.csv"), apart.replace(",unix_time_s,", ",x,")).unwrap();
    let first = json(&[&call, "--recorded", &path("apart.csv")]);
    assert_eq!(medians(&first).len(), 1, "{first}");
    let said = errors(&run(&["compare", &call, "--recorded", &path("apart.csv")]));
    assert!(said.contains("note: 10.77.0.2:54785-10.77.0.1:56077: no time at which"), "{said}");
}

#[test]
fn flags_about_a_file_want_one() {
    for flags in [&["--offset", "1s"][..], &["--column", "time=t"]] {
        let output = run(&[&["compare", &capture("s12-bidir")], flags].concat());
        assert_eq!(output.status.code(), Some(2));
        let expected = format!("{} goes with --recorded FILE.csv, or with two CSV files", flags[0]);
        assert!(errors(&output).contains(&expected), "{}", errors(&output));
    }
}

#[test]
fn two_files_need_a_time_in_common_and_are_told_what_there_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    fs::write(path("ours.csv"), "time_s,bitrate_bps\n0,1000000\n9,900000\n").unwrap();
    fs::write(path("theirs.csv"), "seconds,kbps\n0,1000\n9,900\n").unwrap();
    fs::write(path("unix.csv"), "unix_time_s,bitrate_bps\n1795770443,1\n").unwrap();
    let compare =
        |other: &str, flags: &[&str]| run(&[&["compare", &path("ours.csv"), &path(other)], flags].concat());
    let odd = compare("theirs.csv", &[]);
    assert_eq!(odd.status.code(), Some(3));
    assert!(
        errors(&odd).contains("theirs.csv: no column time_s")
            && errors(&odd).contains("there are seconds, kbps")
    );
    let named = compare("theirs.csv", &["--column", "time=seconds,rate=kbps:kbps", "--max-median", "0"]);
    assert_eq!(named.status.code(), Some(0), "{}", errors(&named));
    let unix = errors(&compare("unix.csv", &[]));
    assert!(
        unix.contains("no times in common") && unix.contains("(columns: unix_time_s, bitrate_bps) from 1970"),
        "{unix}"
    );
    // What the flag names is not there: the flag is wrong, and no file.
    for (other, flag, expected) in [
        ("ours.csv", "time=nowhere", "no column 'nowhere' in"),
        (
            "theirs.csv",
            "time=nowhere",
            "theirs.csv: no column 'nowhere', and none that is known to be a time;",
        ),
        (
            "theirs.csv",
            "time=seconds,rate=no",
            "theirs.csv: no column 'no', and none that is known to be a rate;",
        ),
    ] {
        let nowhere = compare(other, &["--column", flag]);
        assert_eq!(nowhere.status.code(), Some(2), "{flag}");
        assert!(errors(&nowhere).contains(expected), "{}", errors(&nowhere));
    }
    fs::write(path("odd.csv"), "time_s,bitrate_bps\nsoon,1\n").unwrap();
    assert_eq!(compare("odd.csv", &["--column", "time=time_s"]).status.code(), Some(3));
}

const RECEIVERS: [&str; 2] = ["0x1483902d", "0x78043579"];

/// Every other REMB of a call lists one stream, the others another; repeats list what they did.
fn of_two_receivers(folder: &Path) -> String {
    let mut bytes = Vec::new();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join(capture("s03-steps-audio"));
    flate2::read::MultiGzDecoder::new(fs::File::open(source).unwrap()).read_to_end(&mut bytes).unwrap();
    let rembs: Vec<_> = (0..bytes.len() - 16).filter(|at| bytes[*at..].starts_with(b"REMB")).collect();
    let streams = RECEIVERS.map(|hex| u32::from_str_radix(&hex[2..], 16).unwrap().to_be_bytes());
    let (mut value, mut changes) = (Vec::new(), 0);
    for at in rembs {
        let now = bytes[at + 5..at + 8].to_vec();
        changes += usize::from(now != value);
        value = now;
        for place in 0..usize::from(bytes[at + 4]) {
            let place = at + 8 + 4 * place;
            bytes[place..place + 4].copy_from_slice(&streams[(changes + 1) % 2]);
        }
    }
    let path = folder.join("two.pcap");
    fs::write(&path, bytes).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn two_receivers_behind_one_flow_are_two_series() {
    let folder = tempfile::tempdir().unwrap();
    let call = of_two_receivers(folder.path());
    let found = json(&[&call]);
    let flows = found["flows"].as_array().unwrap();
    let lists: Vec<_> = flows.iter().map(|flow| flow["ssrcs"].to_string()).collect();
    assert_eq!(lists, RECEIVERS.map(|ssrc| format!("[\"{ssrc}\"]")));
    for flow in flows {
        assert!(
            flow["recorded"].as_u64().unwrap() > 30 && flow["first_phase"]["ssrcs_equal"].is_null(),
            "{flow}"
        );
        assert!(flow["first_phase"]["median"].as_f64().unwrap() < 0.05, "{flow}");
    }
    let text = String::from_utf8(run(&["compare", &call, "--phases", "2"]).stdout).unwrap();
    assert!(
        text.contains("the REMBs that list 0x78043579: other lists of this flow have no stream in common"),
        "{text}"
    );
    let csv = String::from_utf8(run(&["compare", &call, "--phases", "2", "--csv", "-"]).stdout).unwrap();
    assert_eq!(csv.lines().filter(|row| row.ends_with(",0x1483902d")).count(), 3, "{csv}");
}

/// s02 with its times cut to 10 ms, as an old capture driver has them.
#[test]
fn where_the_captures_clock_is_coarse_the_phases_are_spread_over_its_grain() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("coarse.pcap");
    let mut bytes = Vec::new();
    let file =
        fs::File::open(Path::new(env!("CARGO_MANIFEST_DIR")).join(capture("s02-fixed-1000k"))).unwrap();
    flate2::read::GzDecoder::new(file).read_to_end(&mut bytes).unwrap();
    let mut at = 24;
    while at < bytes.len() {
        let word = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
        let (micros, len) = (word(at + 4) / 10_000 * 10_000, word(at + 8) as usize);
        bytes[at + 4..at + 8].copy_from_slice(&micros.to_le_bytes());
        at += 16 + len;
    }
    fs::write(&path, bytes).unwrap();
    let last_offset = |capture: &str| {
        let output = run(&["compare", capture, "--phases", "4", "--csv", "-"]);
        assert_eq!(output.status.code(), Some(0), "{}", errors(&output));
        let mut reader = csv::Reader::from_reader(&output.stdout[..]);
        let column = reader.headers().unwrap().iter().position(|name| name == "clock_offset_us").unwrap();
        let offsets = reader.records().filter_map(|row| row.unwrap()[column].parse::<i64>().ok());
        offsets.max().unwrap()
    };
    assert_eq!(last_offset(&capture("s02-fixed-1000k")), 750);
    assert_eq!(last_offset(path.to_str().unwrap()), 8250, "three quarters of 11 ms");
}

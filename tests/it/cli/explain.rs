//! `explain`: exit codes, files, several captures.

use std::fs;

use remb_replay::report::events::EVENT_COLUMNS;

use super::{S03, ending, run, text};

const S12: &str = "testdata/captures/s12-bidir.pcap.gz";

fn stdout(arguments: &[&str]) -> String {
    String::from_utf8(run(arguments).stdout).unwrap()
}

#[test]
fn the_fall_of_the_link_is_told_with_its_numbers_and_its_frame() {
    let told = stdout(&["explain", S03]);
    let line = told.lines().find(|line| line.contains("the link carried")).unwrap();
    assert!(line.contains("30.23–33.48 s: 1.87 → 0.35 Mbit/s (42 decreases)"), "{line}");
    assert!(line.ends_with("the receiver's REMB fell too (frame 7212)"), "{line}");
    let all = stdout(&["explain", S03, "-v"]);
    assert!(all.lines().count() > told.lines().count() && all.contains("(RTX of 0x1483902d) timed out"));
}

#[test]
fn it_begins_with_what_happened_how_often_and_merged_falls_name_the_deepest() {
    let told = stdout(&["explain", S03]);
    let in_short = told.lines().find_map(|line| line.strip_prefix("  in short: ")).unwrap();
    let table = stdout(&["explain", S03, "--csv", "-"]);
    let mut rows = csv::Reader::from_reader(table.as_bytes());
    let column = |name: &str| EVENT_COLUMNS.iter().position(|known| *known == name).unwrap();
    let falls: Vec<_> =
        rows.records().map(Result::unwrap).filter(|row| &row[column("type")] == "fall").collect();
    let share = |row: &csv::StringRecord| {
        row[column("to_bps")].parse::<f64>().unwrap() / row[column("from_bps")].parse::<f64>().unwrap()
    };
    // A fall of less is a detail.
    let falls: Vec<_> = falls.iter().filter(|row| share(row) <= 0.95).collect();
    let of = |why: &str| falls.iter().filter(|row| &row[column("why")] == why).count();
    let counts = format!("{} falls (", falls.len());
    assert!(in_short.starts_with(&counts), "{in_short} {counts}");
    for why in ["capacity", "frames", "link"] {
        assert!(in_short.contains(&format!("{} {why}", of(why))), "{in_short}");
    }
    assert!(in_short.ends_with("116 packets lost in runs; 0 pauses, 0 outages"), "{in_short}");
    let merged = told.lines().find(|line| line.contains(" 3 falls, the deepest ")).unwrap();
    let least = falls.iter().take(3).min_by(|a, b| share(a).total_cmp(&share(b))).unwrap();
    let at: f64 = least[column("at_s")].parse().unwrap();
    assert!(merged.contains(&format!(" at {at:.2} s: ")), "{merged}");
}

#[test]
fn the_table_has_every_event_and_every_column_and_so_has_a_replay() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    assert_eq!(ending(&["replay", S03, "-o", text(&out)]).0, 0);
    let table = stdout(&["explain", S03, "--csv", "-"]);
    assert_eq!(table, fs::read_to_string(out.join("events.csv")).unwrap());
    assert_eq!(table.lines().next().unwrap(), EVENT_COLUMNS.join(","));
    let json: serde_json::Value = serde_json::from_str(&stdout(&["explain", S03, "--json", "-"])).unwrap();
    let events = json["flows"][0]["events"].as_array().unwrap();
    assert_eq!(events.len(), table.lines().count() - 1);
    let fall = events.iter().find(|event| event["why"] == "link").unwrap();
    assert_eq!((&fall["first_frame"], &fall["decreases"]), (&7212.into(), &42.into()));
    let summary: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(out.join("summary.json")).unwrap()).unwrap();
    assert_eq!(&summary["flows"][0]["events"], &json["flows"][0]["events"]);
}

#[test]
fn of_several_captures_the_worst_is_first_and_the_table_names_them() {
    let told = stdout(&["explain", S12, S03, "--rank"]);
    let ranked: Vec<_> = told.lines().skip(2).collect();
    assert!(ranked.len() == 3 && ranked[0].starts_with(S03), "{told}");
    let table = stdout(&["explain", S12, S03, "--csv", "-"]);
    assert!(table.lines().next().unwrap().ends_with(",capture"));
    assert!(table.lines().nth(1).unwrap().ends_with(S12) && table.lines().last().unwrap().ends_with(S03));
}

#[test]
fn it_ends_as_the_other_commands_do() {
    assert_eq!(ending(&["explain", "no-such-file.pcap"]).0, 3);
    assert_eq!(ending(&["explain"]).0, 2);
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().join("empty.pcap");
    fs::write(
        &empty,
        [0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 0, 0, 1, 0, 0, 0],
    )
    .unwrap();
    assert_eq!(ending(&["explain", text(&empty)]).0, 4);
    assert_eq!(ending(&["explain", text(&empty), S03]).0, 4);
    let taken = folder.path().join("taken.csv");
    fs::write(&taken, "").unwrap();
    assert_eq!(ending(&["explain", S03, "--csv", text(&taken)]).0, 3);
    assert_eq!(ending(&["explain", S03, "--csv", text(&taken), "--force"]).0, 0);
}

/// Recorded REMBs of a capture, repeats and all: when, s, and how much, bit/s.
fn recorded(name: &str) -> Vec<(f64, f64)> {
    let path = crate::common::testdata("captures").join(format!("{name}.remb.csv"));
    let rows = crate::common::rows(&path, true);
    rows.iter().map(|row| (row[0].parse().unwrap(), row[2].parse().unwrap())).collect()
}

/// Whether some REMB until a second after a fall is 3 % below the most of the second before it.
fn fell(rembs: &[(f64, f64)], at: f64, until: f64) -> Option<bool> {
    let stood = rembs.partition_point(|(then, _)| *then <= at - 1.0).saturating_sub(1);
    let around: Vec<_> = rembs[stood..].iter().take_while(|(then, _)| *then <= until + 1.0).collect();
    let before = around.iter().filter(|(then, _)| *then < at);
    let most = before.max_by(|one, other| one.1.total_cmp(&other.1))?;
    Some(around.iter().any(|(then, bps)| *then > most.0 && *bps <= 0.97 * most.1))
}

#[test]
fn whether_the_receivers_remb_fell_too_is_what_the_captures_rembs_say() {
    let (mut told, mut falls) = (Vec::new(), 0);
    for name in ["s02-fixed-1000k", "s03-steps-audio", "s06-no-abs-send-time", "s12-bidir", "s14-reorder"] {
        let capture = format!("testdata/captures/{name}.pcap.gz");
        let json: serde_json::Value =
            serde_json::from_str(&stdout(&["explain", &capture, "--json", "-"])).unwrap();
        let rembs = recorded(name);
        for event in json["flows"][0]["events"].as_array().unwrap() {
            if event["type"] != "fall" {
                continue;
            }
            let at = event["at_s"].as_f64().unwrap();
            let did = fell(&rembs, at, event["until_s"].as_f64().unwrap_or(at));
            match event["recorded"].as_str() {
                Some(said) => assert_eq!(Some(said == "yes"), did, "{name}: {event}"),
                None => assert_ne!(did, Some(true), "{name}: {event}"),
            }
            falls += 1;
            told.extend(event["recorded"].as_str().map(|said| format!("{name} {at:.1} {said}")));
        }
    }
    assert!(told.len() >= 30 && told.len() <= falls, "{} of {falls}", told.len());
    // The receiver of these was some milliseconds ahead.
    let ahead = [
        "s02-fixed-1000k 19.7",
        "s06-no-abs-send-time 14.5",
        "s12-bidir 4.2",
        "s12-bidir 43.7",
        "s12-bidir 51.7",
    ];
    for fall in ahead {
        assert!(told.contains(&format!("{fall} yes")), "{fall}: {told:?}");
    }
}

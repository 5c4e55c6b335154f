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

//! `inspect` on the recorded calls, and on captures made here: what it finds, what it says, how it ends.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::common;

/// SSRC, payload types, packets.
type Streams = &'static [(&'static str, &'static [u64], u64)];

/// From the record of each call: its streams, and its REMBs whole and cut by the snaplen.
const CALLS: [(&str, Streams, u64, u64); 8] = [
    ("s02-fixed-1000k", &[("0xad5bfb8f", &[97], 9), ("0xea5098b6", &[96], 8897)], 415, 0),
    (
        "s03-steps-audio",
        &[("0x1483902d", &[96], 13113), ("0x78043579", &[97], 128), ("0xb6aa5cac", &[111], 5501)],
        628,
        0,
    ),
    ("s06-no-abs-send-time", &[("0x31bda139", &[96], 8495), ("0x6310afd0", &[97], 2)], 414, 0),
    (
        "s07-encrypted",
        &[("0x701f124f", &[111], 3000), ("0xc2676e4a", &[96], 6604), ("0xf6c2f96d", &[97], 157)],
        0,
        0,
    ),
    ("s08-full-ipv6", &[("0x70334a32", &[96], 1272), ("0x89f9c1be", &[97], 4)], 64, 0),
    (
        "s12-bidir",
        &[
            ("0x0c9f5065", &[96], 6014),
            ("0x833ce276", &[97], 6),
            ("0xa3cb8552", &[96], 11282),
            ("0xed73bbc5", &[97], 5),
        ],
        408,
        0,
    ),
    ("s14-reorder", &[("0xa17bb52f", &[97], 187), ("0xa937b4e5", &[96], 1165)], 262, 0),
    ("s16-any", &[("0x05b91006", &[97], 12), ("0x87651328", &[96], 2107)], 101, 11),
];

/// Exit code, standard output and standard error.
fn run(args: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_remb-replay"))
        .args(args)
        .env("RUST_BACKTRACE", "0")
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

fn path(name: &str) -> String {
    common::testdata("captures").join(format!("{name}.pcap.gz")).to_str().unwrap().to_owned()
}

fn inspected(name: &str) -> Value {
    let (code, json, _) = run(&["inspect", &path(name), "--json", "-"]);
    assert_eq!(code, 0, "{name}");
    serde_json::from_str(&json).unwrap()
}

#[test]
fn streams_and_rembs_of_the_recorded_calls_are_those_of_their_records() {
    for (name, streams, whole, cut) in CALLS {
        let json = inspected(name);
        let flows = json["flows"].as_array().unwrap();
        let mut found: Vec<_> = flows
            .iter()
            .flat_map(|flow| flow["streams"].as_array().unwrap())
            .map(|stream| {
                let types: Vec<_> =
                    stream["payload_types"].as_array().unwrap().iter().map(|t| t.as_u64().unwrap()).collect();
                (stream["ssrc"].as_str().unwrap(), types, stream["packets"].as_u64().unwrap())
            })
            .collect();
        found.sort();
        let expected: Vec<_> =
            streams.iter().map(|(ssrc, types, packets)| (*ssrc, types.to_vec(), *packets)).collect();
        assert_eq!(found, expected, "{name}");
        let recorded = &flows[0]["recorded"];
        let count = recorded["count"].as_u64().unwrap();
        assert_eq!(
            (count - recorded["cut"].as_u64().unwrap(), recorded["cut"].as_u64().unwrap()),
            (whole, cut)
        );
    }
}

#[test]
fn nothing_of_an_estimate_is_claimed() {
    let json = inspected("s02-fixed-1000k");
    let flow = &json["flows"][0];
    assert!(flow["rembs"].is_null() && flow["estimator"].is_null() && flow["last"].is_null());
    assert!(flow["rtt"]["value_ms"].is_null());
}

#[test]
fn the_verdict_says_what_an_estimate_leans_on() {
    let verdict = |name: &str, flow: usize| {
        let json = inspected(name);
        let verdict = &json["flows"][flow]["verdict"];
        (verdict["fit"].as_bool().unwrap(), verdict["why"].as_str().unwrap().to_owned())
    };
    let (fit, why) = verdict("s02-fixed-1000k", 0);
    assert!(fit && why.starts_with("abs-send-time (id 2) on 8906 of 8906 packets"), "{why}");
    assert!(why.ends_with("200 round trip times; 415 REMBs to compare with"), "{why}");
    let (fit, why) = verdict("s06-no-abs-send-time", 0);
    assert!(fit && why.starts_with("no abs-send-time: RTP timestamps serve"), "{why}");
    let (fit, why) = verdict("s07-encrypted", 0);
    assert!(fit && why.contains("encrypted RTCP, --rtt gives it; REMBs, if any, are encrypted"), "{why}");
    let (fit, why) = verdict("s12-bidir", 1);
    assert!(!fit && why.starts_with("captured where it was sent"), "{why}");
}

/// A little-endian pcap as a smaller snaplen would have left it.
fn cut(pcap: &[u8], snaplen: usize) -> Vec<u8> {
    let (header, mut records) = pcap.split_at(24);
    let mut cut = header.to_vec();
    while let Some((head, rest)) = records.split_first_chunk::<16>() {
        let len = u32::from_le_bytes(head[8..12].try_into().unwrap()) as usize;
        let kept = len.min(snaplen);
        cut.extend(&head[..8]);
        cut.extend((kept as u32).to_le_bytes());
        cut.extend(&head[12..]);
        cut.extend(&rest[..kept]);
        records = &rest[len..];
    }
    cut
}

/// Ethernet, IPv4 and UDP are 42 bytes, the RTP header 12 and its extensions some more.
#[test]
fn what_the_snaplen_cut_is_not_taken_for_what_was_not_there() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("cut.pcap");
    let call = common::read(Path::new(&path("s03-steps-audio")));
    let inspected_at = |snaplen| {
        std::fs::write(&file, cut(&call, snaplen)).unwrap();
        run(&["inspect", file.to_str().unwrap()])
    };
    let (code, text, errors) = inspected_at(54);
    assert!(code == 4 && errors.contains("saw 980 rtcp, 18742 rtp-cut-short"), "{errors}");
    assert!(errors.contains("capture at least 128 bytes a frame"), "{errors}");
    assert!(text.contains("warning[W-TRUNCATED]: 18742 RTP headers are cut"), "{text}");
    let (code, text, _) = inspected_at(60);
    assert!(
        code == 0 && text.contains("warning[W-TRUNCATED]: the header extensions of 18742 packets"),
        "{text}"
    );
    assert!(text.contains("fit for estimation: header extensions cut by the snaplen"), "{text}");
    let (_, text, _) = inspected_at(64);
    assert!(
        text.contains("abs-send-time (id 2) on 13241 of 13241 packets") && !text.contains("W-TRUNCATED"),
        "{text}"
    );
    assert!(
        text.contains("REMBs: not known, 649 RTCP packets of the receiver are cut by the snaplen"),
        "{text}"
    );
    assert!(text.contains("for RTCP is cut by the snaplen, --rtt gives it"), "{text}");
}

#[test]
fn the_csv_is_that_of_a_replay() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    assert_eq!(run(&["replay", &path("s03-steps-audio"), "-q", "-o", out.to_str().unwrap()]).0, 0);
    let replayed = std::fs::read_to_string(out.join("streams.csv")).unwrap();
    assert_eq!(run(&["inspect", &path("s03-steps-audio"), "--csv", "-"]).1, replayed);
}

#[test]
fn a_capture_without_rtp_is_described_and_ends_with_4() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("arp.pcap");
    let arp = [&[0xff; 12][..], &[8, 6], &[0; 28]].concat();
    let header: Vec<u8> = [0xa1b2_c3d4_u32, 0x0004_0002, 0, 0, 65_535, 1, 1, 0, 42, 42]
        .iter()
        .flat_map(|word| word.to_le_bytes())
        .collect();
    std::fs::write(&file, [header, arp].concat()).unwrap();
    let (code, text, messages) = run(&["inspect", file.to_str().unwrap()]);
    assert_eq!(code, 4);
    assert!(text.contains("1 frame,") && text.contains("link: 1 Ethernet"), "{text}");
    assert!(messages.contains("no RTP in 1 frame: saw 1 not-ip"), "{messages}");
}

/// Rates and losses are those of the stream's own columns; retransmissions have no losses, and nothing of under a second
/// has a rate.
#[test]
fn rates_and_losses_follow_from_the_columns() {
    let (mut seconds, mut rtx) = (0, 0);
    for (name, ..) in CALLS {
        for stream in inspected(name)["flows"]
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|flow| flow["streams"].as_array().unwrap().clone())
        {
            let number = |field: &str| stream[field].as_f64().unwrap();
            let span = number("last_s") - number("first_s");
            let bps = (span >= 1.0).then(|| (number("payload_bytes") * 8.0 / span).round());
            assert_eq!(stream["bitrate_bps"].as_f64(), bps, "{name}: {stream}");
            seconds += u64::from(span < 1.0);
            if stream["kind"] == "rtx" {
                assert!(stream["lost_percent"].is_null() && stream["frames_per_s"].is_null());
                assert!(stream["retransmits"].as_str().unwrap().starts_with("0x"), "{name}: {stream}");
                rtx += 1;
                continue;
            }
            let came = number("packets") - number("duplicates");
            let percent = 100.0 * number("lost") / (number("lost") + came);
            assert!((number("lost_percent") - percent).abs() <= 0.005, "{name}: {stream}");
        }
    }
    assert!(seconds > 2 && rtx > 5, "{seconds} {rtx}");
}

/// 28.95 frames a second is what tshark counts: 3191 timestamps of 0x1483902d in 110.181 s.
#[test]
fn frames_a_second_are_those_of_the_video() {
    let json = inspected("s03-steps-audio");
    let streams = json["flows"][0]["streams"].as_array().unwrap();
    let frames: Vec<_> = streams.iter().map(|stream| stream["frames_per_s"].as_f64()).collect();
    assert_eq!(frames, [None, None, Some(28.95)]);
}

#[test]
fn several_captures_are_a_block_each_and_then_a_line_a_flow_the_worst_first() {
    let folder = tempfile::tempdir().unwrap();
    let notes = folder.path().join("notes.txt");
    std::fs::write(&notes, "Call of Monday\n").unwrap();
    let (good, bad, notes) = (path("s08-full-ipv6"), path("s07-encrypted"), notes.to_str().unwrap());
    let (code, text, errors) = run(&["inspect", &good, notes, &bad]);
    assert_eq!((code, errors.matches("error: ").count()), (3, 1), "{errors}");
    let (blocks, ranking) = text.split_once("2 flows, the worst first").unwrap();
    assert_eq!(blocks.matches("\nflow ").count(), 2, "{text}");
    let lines: Vec<_> = ranking.lines().skip(2).collect();
    let [first, second, unread] = lines[..] else { panic!("{text}") };
    assert!(first.starts_with(&bad) && first.contains("  1.65  "), "{text}");
    assert!(second.starts_with(&good) && unread.starts_with("not in it: "), "{text}");
    assert!(unread.contains("Call of Monday"), "{text}");
    let (code, text, _) = run(&["inspect", "--rank", &good, &bad]);
    assert!(code == 0 && text.lines().count() == 4 && !text.contains("\nflow "), "{text}");
    let (code, text, _) = run(&["inspect", "--rank", &good]);
    assert!(code == 0 && text.lines().count() == 3, "{text}");
}

#[test]
fn tables_over_several_captures_name_each() {
    let (one, two) = (path("s08-full-ipv6"), path("s07-encrypted"));
    let table = run(&["inspect", &one, &two, "--csv", "-"]).1;
    let [of_one, of_two] = [&one, &two].map(|capture| run(&["inspect", capture, "--csv", "-"]).1);
    let rows = |table: &str| table.lines().skip(1).map(str::to_owned).collect::<Vec<_>>();
    let named = |rows: Vec<String>, name: &str| {
        rows.into_iter().map(|row| format!("{row},{name}")).collect::<Vec<_>>()
    };
    assert!(table.lines().next().unwrap().ends_with(",capture"), "{table}");
    assert_eq!(rows(&table), [named(rows(&of_one), &one), named(rows(&of_two), &two)].concat());
    let json: Value = serde_json::from_str(&run(&["inspect", &one, &two, "--json", "-"]).1).unwrap();
    assert_eq!(json["captures"], serde_json::json!([inspected("s08-full-ipv6"), inspected("s07-encrypted")]));
    let ranked = json["ranking"].as_array().unwrap();
    assert_eq!((ranked[0]["capture"].as_str(), ranked.len()), (Some(two.as_str()), 2));
    assert_eq!(json["failed"], serde_json::json!([]));
}

#[test]
fn a_folder_is_refused_with_the_pattern_of_its_captures() {
    let folder = common::testdata("captures");
    let (code, _, errors) = run(&["inspect", folder.to_str().unwrap()]);
    let pattern = folder.join("*.pcap.gz (9 files)").display().to_string();
    assert!(code == 3 && errors.contains(&pattern), "{errors}");
    let empty = tempfile::tempdir().unwrap();
    let (code, _, errors) = run(&["inspect", empty.path().to_str().unwrap()]);
    assert!(code == 3 && errors.contains("none of its files is named like one"), "{errors}");
}

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

//! Logs as inputs of the program: event logs, a capture with its event log, text packet logs, rtpdump, and `convert`.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use remb_replay::capture::Capture;
use remb_replay::decode::Decoder;
use remb_replay::rtp::Blocks;
use serde_json::Value;

const U02: &str = "testdata/event-logs/u02-congested-start.receiver.log.gz";
const U05: &str = "testdata/event-logs/u05-bidir-log.receiver.log.gz";
const U05_SENDER: &str = "testdata/event-logs/u05-bidir-log.sender.log.gz";
const U05_CAPTURE: &str = "testdata/event-logs/u05-bidir-log.headers.pcap.gz";

fn run(arguments: &[&str]) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_remb-replay"));
    let output = command.current_dir(env!("CARGO_MANIFEST_DIR")).args(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// Of the flow with this name, mean over the phases: median error and within 5 %, both in percent.
fn closeness(arguments: &[&str], flow: &str) -> (f64, f64) {
    let (code, json, errors) =
        run(&[&["compare"], arguments, &["--phases", "10", "-q", "--json", "-"]].concat());
    assert_eq!(code, 0, "{errors}");
    let json: Value = serde_json::from_str(&json).unwrap();
    let flow = json["flows"].as_array().unwrap().iter().find(|found| found["flow"] == flow);
    let mean = &flow.unwrap_or_else(|| panic!("{json}"))["mean"];
    let percent = |name: &str| 100.0 * mean[name].as_f64().unwrap_or_else(|| panic!("{mean}"));
    (percent("median"), percent("within_5"))
}

#[test]
fn a_replay_from_an_event_log_is_as_near_as_was_found_when_it_was_tried() {
    let (median, within) = closeness(&[U02], "remote-local");
    assert!(median <= 0.3 && within >= 75.0, "u02: {median} %, {within} %");
    let (median, within) = closeness(&[U05], "remote-local");
    assert!(median <= 1.3 && within >= 75.0, "u05 at its receiver: {median} %, {within} %");
    let (median, within) = closeness(&[U05_SENDER], "remote-local");
    assert!(median <= 1.0 && within >= 70.0, "u05 at its sender: {median} %, {within} %");
}

#[test]
fn an_encrypted_capture_with_its_event_log_is_nearest() {
    let flow = "10.77.0.1:46155-10.77.0.2:32907";
    let (median, within) = closeness(&[U05_CAPTURE, "--event-log", U05], flow);
    assert!(median <= 0.6 && within >= 99.0, "{median} %, {within} %");
    let (code, text, errors) = run(&["inspect", U05_CAPTURE, "--event-log", U05]);
    assert_eq!(code, 0, "{errors}");
    for said in ["encrypted, 10 bytes of tag", "video", "note[N-EVENT-LOG]", "8040 RTP packets in common"] {
        assert!(text.contains(said), "{said}: {text}");
    }
    let (code, _, errors) = run(&["inspect", U05_CAPTURE, "--event-log", U02]);
    assert!(code == 4 && errors.contains("is it of this call?"), "{errors}");
    let (code, _, errors) =
        run(&["inspect", U05_CAPTURE, "--event-log", "testdata/captures/s02-fixed-1000k.pcap.gz"]);
    assert!(code == 3 && errors.contains("is no WebRTC event log but pcap, gzip"), "{errors}");
}

#[test]
fn no_probe_is_found_where_the_recorded_rembs_say_that_none_succeeded() {
    let (code, text, errors) = run(&["compare", U05, "--flow", "remote-local", "--phases", "1"]);
    assert_eq!(code, 0);
    assert!(
        errors.contains("came 5.030 s after the first packet") && errors.contains("probing is off"),
        "{errors}"
    );
    assert!(text.contains("first REMB: recorded 5.030 s, replayed 5.029 s"), "{text}");
    let (_, _, errors) = run(&["compare", U02, "--phases", "1"]);
    assert!(!errors.contains("probing"), "{errors}");
}

#[test]
fn what_was_converted_is_inspected_as_the_log_is() {
    let folder = tempfile::tempdir().unwrap();
    for (log, name) in [(U02, "u02"), (U05, "u05"), (U05_SENDER, "sender"), (U05_CAPTURE, "capture")] {
        let path = folder.path().join(format!("{name}.pcapng"));
        let path = path.to_str().unwrap();
        let (code, _, errors) = run(&["convert", log, "-w", path]);
        assert_eq!(code, 0, "{errors}");
        let inspected = |input: &str| {
            let (_, text, _) = run(&["inspect", input]);
            // The first line is the name, the second the format.
            let rest: Vec<_> = text.lines().skip(2).map(str::to_owned).collect();
            (text.lines().nth(1).unwrap().split_once(" frames").unwrap().1.to_owned(), rest)
        };
        assert_eq!(inspected(log), inspected(path), "{name}");
        if name == "u05" {
            let csv = |input: &str| run(&["replay", input, "-q", "--remb-csv", "-"]).1;
            assert!(csv(log).lines().count() > 80 && csv(log) == csv(path));
        }
        let (code, _, errors) = run(&["convert", log, "-w", path]);
        assert!(code == 3 && errors.contains("exists"), "{errors}");
        let again = folder.path().join(format!("{name}-again.pcapng"));
        let again = again.to_str().unwrap();
        assert_eq!(run(&["convert", path, "-w", again]).0, 0);
        assert_eq!(inspected(log), inspected(again), "{name}, converted twice");
    }
}

#[test]
fn a_converted_log_has_the_packets_of_the_log_and_the_rembs_of_the_call() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("u05.pcapng");
    assert_eq!(run(&["convert", U05, "-w", path.to_str().unwrap()]).0, 0);
    let mut reader = Capture::open(&path).unwrap().into_reader().unwrap();
    let (mut decoder, mut packets, mut rembs) = (Decoder::default(), BTreeMap::<u32, u64>::new(), 0);
    while let Some(frame) = reader.next_frame().unwrap() {
        decoder
            .decode(&frame, &mut |datagram| {
                let payload = datagram.payload;
                if (192..=223).contains(&payload[1]) {
                    rembs +=
                        Blocks::new(payload, datagram.payload_len).filter(|block| block.is_remb()).count();
                } else {
                    let ssrc = u32::from_be_bytes(payload[8..12].try_into().unwrap());
                    *packets.entry(ssrc).or_default() += 1;
                }
            })
            .unwrap();
    }
    let facts: Value = serde_json::from_slice(&fs::read("testdata/event-logs/facts.json").unwrap()).unwrap();
    let facts = &facts["u05-bidir-log.receiver.log"];
    for (ssrc, expected) in facts["rtp_in"].as_object().unwrap() {
        let ssrc = u32::from_str_radix(ssrc.trim_start_matches("0x"), 16).unwrap();
        assert_eq!(packets.get(&ssrc).copied(), expected["packets"].as_u64(), "{ssrc:#x}");
    }
    assert_eq!(packets.values().sum::<u64>(), 3336 + 4767);
    assert_eq!(
        Some(rembs as u64),
        Some(facts["rembs_out"].as_u64().unwrap() + facts["rembs_in"].as_u64().unwrap())
    );
}

#[test]
fn sessions_are_named_and_chosen() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("two.log");
    let unpacked = |log: &str| crate::common::read(Path::new(log));
    fs::write(&path, [unpacked(U02), unpacked(U05)].concat()).unwrap();
    let path = path.to_str().unwrap();
    let (_, text, _) = run(&["inspect", path]);
    assert!(text.contains("note[N-SESSIONS]: the event log has 1 session beside session 1"), "{text}");
    assert!(text.contains("session 1 of 2, read here") && text.contains("0x076211f5"), "{text}");
    let (_, text, _) = run(&["inspect", path, "--session", "2"]);
    assert!(text.contains("session 2 of 2, read here") && text.contains("0x9a0fc01e"), "{text}");
    let (code, _, errors) = run(&["inspect", path, "--session", "3"]);
    assert!(code == 3 && errors.contains("has no session 3: 2 in all"), "{errors}");
    let (one, two) = (folder.path().join("one"), folder.path().join("two"));
    let (one, two) = (one.to_str().unwrap(), two.to_str().unwrap());
    assert_eq!(run(&["replay", path, "--session", "2", "-q", "-o", one]).0, 0);
    let config = format!("{one}/config.toml");
    assert_eq!(run(&["replay", path, "--config", &config, "-q", "-o", two]).0, 0);
    for name in ["config.toml", "remb.csv", "summary.json"] {
        let [first, second] = [one, two].map(|out| fs::read(format!("{out}/{name}")).unwrap());
        assert!(first == second, "{name}");
    }
}

#[test]
fn a_session_of_what_has_none_is_an_error() {
    let capture = "testdata/captures/s02-fixed-1000k.pcap.gz";
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("x.pcapng");
    let convert = ["convert", "-w", out.to_str().unwrap()];
    for (input, format) in [(capture, "pcap, gzip"), ("testdata/text-logs/janus.log", "text packet log")] {
        for command in [&["inspect"][..], &["replay"], &["compare"], &convert] {
            let (code, _, errors) = run(&[command, &[input, "--session", "2"]].concat());
            let expected =
                format!("has no session 2: only a WebRTC event log has sessions, and this is {format}");
            assert!(code == 3 && errors.contains(&expected), "{command:?}: {code} {errors}");
        }
    }
    let (code, _, errors) = run(&["inspect", "--session", "7", "--join", capture, U05_CAPTURE]);
    assert!(code == 2 && errors.contains("--session: goes with one WebRTC event log, not with"), "{errors}");
    let (code, _, errors) = run(&["inspect", U05_CAPTURE, "--event-log", U05, "--session", "1"]);
    assert!(code == 0, "of the log beside it: {errors}");
    let (code, _, errors) = run(&["inspect", U05_CAPTURE, "--event-log", U05, "--session", "2"]);
    assert!(code == 3 && errors.contains("has no session 2: 1 in all"), "{errors}");
}

/// Ten packets of one direction are needed to bring two clocks together.
#[test]
fn few_packets_in_common_are_counted_where_they_are_too_few() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("start.pcap");
    let whole = crate::common::read(Path::new(U05_CAPTURE));
    let words = |at: usize| u32::from_le_bytes(whole[at..at + 4].try_into().unwrap()) as usize;
    let mut ends = vec![24];
    while let Some(at) = ends.last().copied().filter(|at| *at < whole.len()) {
        ends.push(at + 16 + words(at + 8));
    }
    let mut said = Vec::new();
    for frames in (0..200).step_by(10) {
        fs::write(&path, &whole[..ends[frames + 1]]).unwrap();
        let (code, _, errors) = run(&["inspect", path.to_str().unwrap(), "--event-log", U05]);
        match errors.split_once(" RTP packets in common, where 10 of one direction are needed") {
            Some((before, _)) => {
                assert_eq!(code, 4);
                said.push(before.rsplit(' ').next().unwrap().parse::<u64>().unwrap());
            }
            None => break,
        }
    }
    assert!(said.len() > 1 && said[0] == 0 && said.is_sorted() && said.last() > Some(&0), "{said:?}");
}

#[test]
fn what_was_read_and_cannot_be_converted_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let (path, out) = (folder.path().join("old.pcapng"), folder.path().join("out.pcapng"));
    // An interface whose clock begins 30 years before 1970.
    let block = |kind: u32, body: &[u8]| {
        let len = (body.len() as u32 + 12).to_le_bytes();
        [&kind.to_le_bytes()[..], &len, body, &len].concat()
    };
    let section =
        block(0x0a0d_0d0a, &[0x4d, 0x3c, 0x2b, 0x1a, 1, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255]);
    let offset = (-946_684_800_i64).to_le_bytes();
    let interface = block(1, &[&[101, 0, 0, 0, 0, 0, 0, 0, 14, 0, 8, 0][..], &offset, &[0; 4]].concat());
    let packet = |interface: u8| block(6, &[&[interface, 0, 0, 0][..], &[0; 16]].concat());
    let convert = |packets: &[Vec<u8>]| {
        fs::write(&path, [&section[..], &interface, &packets.concat()].concat()).unwrap();
        let (code, _, errors) = run(&["convert", path.to_str().unwrap(), "-w", out.to_str().unwrap()]);
        assert_eq!(code, 4, "{errors}");
        errors
    };
    let errors = convert(&[packet(0), packet(0)]);
    assert!(errors.contains("2 frames with times before 1970, which a pcapng cannot hold"), "{errors}");
    let errors = convert(&[packet(7)]);
    assert!(errors.contains("no frame could be read: 1 packet"), "{errors}");
    assert!(convert(&[]).contains("a capture without frames"));
}

/// Each log has a silence that may have been longer by whole minutes.
#[test]
fn of_joined_files_what_was_noticed_in_each_counts() {
    let folder = tempfile::tempdir().unwrap();
    let text = fs::read_to_string("testdata/text-logs/chrome.log").unwrap();
    let lines: Vec<_> = text.lines().collect();
    let silent = [&lines[..20], &lines[70..]].concat().join("\n") + "\n";
    let (plain, packed) = (folder.path().join("1.log"), folder.path().join("2.log.gz"));
    fs::write(&plain, &silent).unwrap();
    let mut gzip =
        flate2::write::GzEncoder::new(fs::File::create(&packed).unwrap(), flate2::Compression::fast());
    std::io::Write::write_all(&mut gzip, silent.as_bytes()).unwrap();
    gzip.finish().unwrap();
    let inspected = |files: &[&Path]| {
        let files: Vec<_> = files.iter().map(|file| file.to_str().unwrap()).collect();
        let (code, json, errors) = run(&[&["inspect", "--json", "-", "--join"][..], &files].concat());
        assert_eq!(code, 0, "{errors}");
        let json: Value = serde_json::from_str(&json).unwrap();
        let warnings = json["warnings"].as_array().unwrap().clone();
        let gaps = warnings.iter().find(|warning| warning["code"] == "W-LOG-GAPS");
        (gaps.and_then(|gaps| gaps["count"].as_u64()), json["input"]["format"].as_str().unwrap().to_owned())
    };
    assert_eq!(inspected(&[&plain]), (Some(1), "text packet log".to_owned()));
    let (gaps, format) = inspected(&[&plain, &packed]);
    assert_eq!(gaps, Some(2));
    assert_eq!(format, "text packet log and text packet log, gzip");
}

#[test]
fn a_cut_log_is_read_as_far_as_it_goes_and_ends_with_5() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cut.log");
    let whole = crate::common::read(Path::new(U02));
    fs::write(&path, &whole[..whole.len() - 100]).unwrap();
    let (code, text, _) = run(&["replay", path.to_str().unwrap()]);
    assert_eq!(code, 5, "{text}");
    let (_, _, errors) = run(&["replay", path.to_str().unwrap(), "-q"]);
    assert!(errors.contains("cut off in record"), "{errors}");
}

#[test]
fn a_text_log_and_an_rtpdump_are_inputs_of_replay() {
    for (log, format) in
        [("testdata/text-logs/janus.log", "text packet log"), ("testdata/text-logs/call.rtpdump", "rtpdump")]
    {
        let (code, json, errors) = run(&["replay", log, "-q", "--json", "-"]);
        assert_eq!(code, 0, "{errors}");
        let json: Value = serde_json::from_str(&json).unwrap();
        assert_eq!(json["input"]["format"], format);
        // The first is more than 2 s away from the third, and three are needed to know that it is RTP.
        assert!(json["flows"][0]["packets_fed"].as_u64().unwrap() >= 89, "{log}");
    }
}

//! Captures of other projects, of many kinds, held against what tshark and an independent decoder found in them.
//!
//! They are found by `REMB_PUBLIC_CAPTURES`, else at `../shared/public-captures`, and never come into this repository.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a test fails by panicking")]

use std::fs::File;
use std::path::{Path, PathBuf};

use remb_replay::capture::{CaptureReader, SkipCounts};
use remb_replay::model::Stream;
use remb_replay::survey::{Findings, NoFeed, Survey, SurveyConfig};
use serde_json::Value;

fn folder() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/public-captures");
    let folder = std::env::var_os("REMB_PUBLIC_CAPTURES").map_or(beside, PathBuf::from);
    if !folder.join("expected.json").is_file() {
        println!("{} is absent: skipped", folder.display());
        return None;
    }
    Some(folder)
}

fn expected(folder: &Path) -> Value {
    serde_json::from_reader(File::open(folder.join("expected.json")).unwrap()).unwrap()
}

/// What is in a capture, as far as it can be read, and how many packet records it has.
fn survey(path: &Path) -> (Findings, u64, SkipCounts) {
    let mut survey = Survey::new(SurveyConfig::default());
    let Ok(mut reader) = CaptureReader::new(Box::new(File::open(path).unwrap())) else {
        return (survey.findings(), 0, SkipCounts::default());
    };
    let mut last = 0;
    while let Ok(Some(frame)) = reader.next_frame() {
        last = frame.number.0;
        survey.handle_frame(&frame, &mut NoFeed);
    }
    survey.finish(&mut NoFeed);
    let frames = last.max(survey.frames() + reader.skipped().iter().map(|(count, _)| count).sum::<u64>());
    (survey.findings(), frames, *reader.skipped())
}

/// What is known of a stream.
#[derive(Debug, PartialEq)]
struct Facts {
    ssrc: String,
    packets: u64,
    sequence_numbers: (u64, u64),
    lost: i64,
}

/// What the file says. Where its two decoders disagree the independent one is right: it has every packet, so that none
/// is lost, and sequence numbers that the other did not see.
fn expected_stream(stream: &Value) -> (Facts, bool) {
    let number = |key: &str| stream[key].as_u64().unwrap();
    let disagreement = stream.get("disagreement").is_some();
    let (packets, lost) = match disagreement {
        true => (number("own_decoder_packets"), 0),
        false => (number("packets"), stream["lost_by_seq_range"].as_i64().unwrap()),
    };
    let ssrc = stream["ssrc"].as_str().unwrap().to_owned();
    (Facts { ssrc, packets, sequence_numbers: (number("first_seq"), number("last_seq")), lost }, disagreement)
}

fn found_stream(stream: &Stream) -> Facts {
    let (first, last) = stream.sequence_range.unwrap();
    Facts {
        ssrc: stream.ssrc.to_string(),
        packets: stream.packets,
        sequence_numbers: (first.0.into(), last.0.into()),
        lost: stream.lost as i64,
    }
}

fn agrees(found: &Facts, (expected, range_is_partial): &(Facts, bool)) -> bool {
    let (first, last) = found.sequence_numbers;
    let encloses = first <= expected.sequence_numbers.0
        && expected.sequence_numbers.1 <= last
        && last - first + 1 == found.packets;
    (found.ssrc == expected.ssrc && found.packets == expected.packets && found.lost == expected.lost)
        && (found.sequence_numbers == expected.sequence_numbers || (*range_is_partial && encloses))
}

#[test]
fn streams_are_those_that_other_decoders_find() {
    let Some(folder) = folder() else { return };
    let (mut agreed, mut wrong) = (0, Vec::new());
    for file in expected(&folder)["files"].as_array().unwrap() {
        let name = file["file"].as_str().unwrap();
        let (findings, _, _) = survey(&folder.join(name));
        let found: Vec<_> = findings.flows.iter().flat_map(|flow| &flow.streams).map(found_stream).collect();
        for stream in file["rtp_streams"].as_array().unwrap() {
            let confidence = stream["confidence"].as_str().unwrap();
            let expected = expected_stream(stream);
            let agrees = found.iter().any(|found| agrees(found, &expected));
            let verdict = if agrees { "agrees" } else { "DISAGREES" };
            println!("{name:50} {confidence:6} {:?}: {verdict}", expected.0);
            match agrees {
                true => agreed += 1,
                false => wrong.push(format!("{name}: {:?} not among {found:?}", expected.0)),
            }
        }
    }
    println!("{agreed} streams agree");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(agreed >= 26);
}

#[test]
fn packet_counts_are_those_of_the_files_makers() {
    let Some(folder) = folder() else { return };
    let expected = expected(&folder);
    for file in expected["pcapng_test_generator_le"]["files"].as_array().unwrap() {
        let name = file["file"].as_str().unwrap();
        let (_, frames, _) = survey(&folder.join(name));
        assert_eq!(frames, file["generator_packets"].as_u64().unwrap(), "{name}");
    }
}

#[test]
fn packets_are_as_many_as_capinfos_counts() {
    let Some(folder) = folder() else { return };
    for file in expected(&folder)["files"].as_array().unwrap() {
        let name = file["file"].as_str().unwrap();
        let Some(packets) = file["capinfos"]["packets"].as_str() else { continue };
        let (_, frames, _) = survey(&folder.join(name));
        assert_eq!(frames.to_string(), packets, "{name}");
    }
}

#[test]
fn the_send_times_of_the_turn_capture_are_found() {
    let Some(folder) = folder() else { return };
    let (findings, _, _) = survey(&folder.join("NotYuSheng__telegram_voice.pcapng"));
    let ids: Vec<_> =
        findings.flows.iter().flat_map(|flow| &flow.streams).map(|stream| stream.abs_send_time_id).collect();
    assert_eq!(ids, [Some(2), Some(2)]);
    let why = findings.nothing.unwrap().to_string();
    assert!(why.contains("only audio") && why.contains("--media all"), "{why}");
}

/// Flows are fit for estimation where other decoders find RTP on them, and nowhere else.
#[test]
fn no_flow_is_fit_for_estimation_on_which_others_find_no_rtp() {
    let Some(folder) = folder() else { return };
    let mut fit = 0;
    for file in expected(&folder)["files"].as_array().unwrap() {
        let (findings, _, _) = survey(&folder.join(file["file"].as_str().unwrap()));
        let low = file["low_confidence_streams"]["examples"].as_array().into_iter().flatten();
        let known: Vec<_> = file["rtp_streams"].as_array().unwrap().iter().chain(low).collect();
        for flow in findings.flows.iter().filter(|flow| flow.verdict.is_fit()) {
            let is_known = |ssrc: &str| known.iter().any(|stream| stream["ssrc"] == ssrc);
            assert!(
                flow.streams.iter().any(|stream| is_known(&stream.ssrc.to_string())),
                "{}: {}",
                file["file"],
                flow.flow
            );
            fit += 1;
        }
    }
    assert!(fit >= 10, "{fit}");
}

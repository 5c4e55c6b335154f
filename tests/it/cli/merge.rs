//! `--merge`: from what can be read once, and with all that the capture says.

use std::fs;
use std::path::{Path, PathBuf};

use remb_replay::capture::{Annotated, CaptureReader};

use super::{ending, plain_capture, program, text};

/// A pcapng of a call's frames as Ethernet or whatever they are; the tenth has a comment, and a packet without a time
/// follows it. With `years`, its times are so many earlier.
fn annotated(folder: &Path, years: u64) -> PathBuf {
    let (_, pcap) = plain_capture(folder, "s16-any");
    let mut reader = CaptureReader::new(Box::new(std::io::Cursor::new(pcap))).unwrap();
    let mut bytes =
        block(0x0a0d_0d0a, &[&0x1a2b_3c4d_u32.to_le_bytes()[..], &[1, 0, 0, 0], &[0xff; 8]].concat());
    let mut first = true;
    while let Some(frame) = reader.next_frame().unwrap() {
        if first {
            // if_tsoffset takes the years off.
            let offset = (-(years.cast_signed()) * 31_557_600).to_le_bytes();
            let options = [&[9, 0, 1, 0, 9, 0, 0, 0, 14, 0, 8, 0][..], &offset, &[0; 4]].concat();
            bytes.extend(block(1, &[&frame.link_type.0.to_le_bytes()[..], &[0; 6], &options].concat()));
            first = false;
        }
        let stamp = u64::try_from(frame.at.as_nanos()).unwrap();
        let len = u32::try_from(frame.data.len()).unwrap();
        let words = [0, (stamp >> 32) as u32, stamp as u32, len, frame.original_len];
        let mut body: Vec<u8> =
            words.iter().flat_map(|word| word.to_le_bytes()).chain(frame.data.to_vec()).collect();
        body.resize(body.len().next_multiple_of(4), 0);
        if frame.number.0 == 10 {
            body.extend([&[1, 0, 9, 0][..], b"look here", &[0, 0, 0], &[0; 4]].concat());
        }
        bytes.extend(block(6, &body));
        if frame.number.0 == 10 {
            bytes.extend(block(3, &[&6_u32.to_le_bytes()[..], b"simple", &[0; 2]].concat()));
        }
    }
    let path = folder.join("annotated.pcapng");
    fs::write(&path, bytes).unwrap();
    path
}

fn block(kind: u32, body: &[u8]) -> Vec<u8> {
    let len = u32::try_from(body.len() + 12).unwrap().to_le_bytes();
    [&kind.to_le_bytes()[..], &len, body, &len].concat()
}

/// Comments, packets without a time, and how many frames there are.
fn content(path: &Path) -> (Vec<String>, Vec<Vec<u8>>, usize) {
    let mut reader = CaptureReader::new(Box::new(fs::File::open(path).unwrap())).unwrap();
    let (mut comments, mut untimed, mut frames) = (Vec::new(), Vec::new(), 0);
    while let Some(packet) = reader.next_annotated().unwrap() {
        match packet {
            Annotated::Frame(_, of_frame) => {
                frames += 1;
                comments.extend(of_frame.iter().map(|comment| String::from_utf8(comment.to_vec()).unwrap()));
            }
            Annotated::Untimed { data, .. } => untimed.push(data.to_vec()),
        }
    }
    (comments, untimed, frames)
}

#[test]
fn comments_and_packets_without_a_time_are_in_the_merged_capture() {
    let folder = tempfile::tempdir().unwrap();
    let call = annotated(folder.path(), 0);
    let merged = folder.path().join("merged.pcapng");
    assert_eq!(ending(&["replay", text(&call), "-q", "--merge", text(&merged)]).0, 0);
    let (comments, untimed, frames) = content(&merged);
    assert_eq!(comments, ["look here"]);
    assert_eq!(untimed, [b"simple".to_vec()]);
    let (_, _, before) = content(&call);
    assert!(frames > before + 20, "{frames} and {before}");
}

#[cfg(unix)]
#[test]
fn a_named_pipe_is_merged_and_the_other_outputs_are_there() {
    let folder = tempfile::tempdir().unwrap();
    let (plain, bytes) = plain_capture(folder.path(), "s16-any");
    let path = |name: &str| folder.path().join(name);
    let (pipe, out) = (path("pipe"), path("out"));
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let arguments = ["replay", text(&pipe), "-q", "--merge", text(&path("a.pcapng")), "-o", text(&out)]
        .map(str::to_owned);
    let mut child = program(&arguments.each_ref().map(String::as_str)).spawn().unwrap();
    fs::write(&pipe, bytes).unwrap();
    let mut ended = None;
    for _ in 0..600 {
        ended = child.try_wait().unwrap();
        if ended.is_some() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    if ended.is_none() {
        child.kill().unwrap();
    }
    assert!(ended.is_some_and(|status| status.success()), "{ended:?}");
    assert!(out.join("remb.csv").is_file() && out.join("remb.pcap").is_file());
    assert_eq!(ending(&["replay", text(&plain), "-q", "--merge", text(&path("b.pcapng"))]).0, 0);
    assert_eq!(fs::read(path("a.pcapng")).unwrap(), fs::read(path("b.pcapng")).unwrap());
}

#[test]
fn frames_that_a_merged_capture_cannot_hold_count_for_strict_and_are_in_the_summary() {
    let folder = tempfile::tempdir().unwrap();
    let call = annotated(folder.path(), 200);
    let path = |name: &str| folder.path().join(name);
    let (merged, json) = (path("merged.pcapng"), path("summary.json"));
    let flags =
        ["replay", text(&call), "-q", "--rtt", "20ms", "--merge", text(&merged), "--json", text(&json)];
    let (code, errors) = ending(&flags);
    assert!(code == 0 && errors.contains("warning[W-PCAP-TIME]"), "{errors}");
    let summary = fs::read_to_string(json.clone()).unwrap();
    assert!(summary.contains("which a pcapng cannot hold, not in the merged capture"), "{summary}");
    assert_eq!(ending(&[&flags[..], &["--force", "--strict"]].concat()).0, 5);
}

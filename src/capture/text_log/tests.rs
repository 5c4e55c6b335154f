use std::fs;
use std::io::Cursor;
use std::path::Path;

use crate::capture::{CaptureError, CaptureReader, Direction, Skip};

type Found = (i64, Direction, Vec<u8>);

fn sample(name: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/text-logs").join(name)).unwrap()
}

fn read(file: Vec<u8>) -> (Vec<Found>, CaptureReader) {
    let mut reader = CaptureReader::new(Box::new(Cursor::new(file))).unwrap();
    let mut found = Vec::new();
    while let Some(frame) = reader.next_frame().unwrap() {
        assert_eq!(frame.original_len as usize, frame.data.len());
        found.push((frame.at.as_nanos(), frame.direction.unwrap(), frame.data[28..].to_vec()));
    }
    (found, reader)
}

/// Nanoseconds since the first.
fn since_first(found: &[Found]) -> Vec<i64> {
    found.iter().map(|(at, ..)| at - found[0].0).collect()
}

fn skipped(reader: &CaptureReader, reason: Skip) -> u64 {
    reader.skipped()[reason as usize].0
}

/// All of them are of one made-up call of 90 s that goes over midnight.
#[test]
fn every_producers_log_of_a_call_has_the_same_packets_at_the_same_times() {
    let (janus, reader) = read(sample("janus.log"));
    assert_eq!((janus.len(), reader.format().as_str()), (90 + 18, "text packet log"));
    let expected = since_first(&janus);
    assert_eq!(expected.last(), Some(&89_002_113_000));
    for (name, grain) in [
        ("chrome.log", 1_000_000),
        ("chrome-prefixed.log", 1000),
        ("chrome-before.log", 1_000_000),
        ("firefox.log", 1000),
        ("firefox-before.log", 1000),
        ("baresip.json", 1000),
    ] {
        let (found, reader) = read(sample(name));
        assert_eq!(found.len(), janus.len(), "{name}");
        for ((time, expected), ((_, way, bytes), (_, janus_way, janus_bytes))) in
            since_first(&found).into_iter().zip(&expected).zip(found.iter().zip(&janus))
        {
            assert!((time - expected).abs() <= grain, "{name}: {time} for {expected}");
            assert_eq!((way, bytes.len()), (janus_way, janus_bytes.len()), "{name}");
            if name != "firefox-before.log" {
                assert_eq!(bytes, janus_bytes, "{name}");
            }
        }
        assert_eq!(skipped(&reader, Skip::DataChannel), u64::from(name == "chrome.log"), "{name}");
        let zeroed = reader.log_notes().zeroed;
        assert_eq!(zeroed, if name == "firefox-before.log" { 90 } else { 0 }, "{name}");
    }
}

#[test]
fn an_rtpdump_of_it_has_what_was_received() {
    let (janus, _) = read(sample("janus.log"));
    let (dump, reader) = read(sample("call.rtpdump"));
    assert_eq!((dump.len(), reader.format().as_str()), (90, "rtpdump"));
    let received = janus.iter().filter(|(_, way, _)| *way == Direction::Inbound).map(|(.., bytes)| bytes);
    assert!(received.eq(dump.iter().map(|(.., bytes)| bytes)));
}

#[test]
fn lines_that_are_cut_or_damaged_are_counted_and_the_rest_is_read() {
    let text = String::from_utf8(sample("chrome.log")).unwrap();
    let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
    let whole = lines.len();
    lines[3] = lines[3].replace(":", ";");
    lines[6] = lines[6][..70].to_owned();
    lines[7] = "I 00:00:77.042 0000 b0 61 # RTP_DUMP".to_owned();
    lines[9] = "I 00:00:19.042 0000 b0 61 # RTP_DUMP".to_owned();
    let (found, reader) = read(lines.join("\n").into_bytes());
    assert_eq!(skipped(&reader, Skip::DamagedLine), 3, "the fourth is no packet at all any more");
    assert_eq!(found.len(), whole - 1 - 4);
}

#[test]
fn a_long_line_and_a_log_without_an_end_are_survived() {
    let text = String::from_utf8(sample("janus.log")).unwrap();
    let long = "x".repeat(1 << 20);
    let (found, _) = read(format!("{long}\n{text}").replacen(&long, &long[..1000], 1).into_bytes());
    assert_eq!(found.len(), 108);
    let middle = text.len() / 2;
    let (found, _) =
        read([&text.as_bytes()[..middle], long.as_bytes(), b"\n", &text.as_bytes()[middle..]].concat());
    assert!(found.len() >= 106, "{}", found.len());
}

#[test]
fn what_has_no_packet_is_no_log() {
    let error = CaptureReader::new(Box::new(Cursor::new(b"Call of Monday\nI said 00:00:18.042\n".to_vec())));
    assert!(matches!(error.err(), Some(CaptureError::NotACapture(_))));
}

#[test]
fn flipped_bits_never_panic() {
    for name in ["janus.log", "firefox.log", "call.rtpdump", "chrome-prefixed.log"] {
        let file = sample(name);
        for flip in 0..100_usize {
            let mut file = file.clone();
            let bit = flip.wrapping_mul(1_640_531) % (file.len() * 8);
            file[bit / 8] ^= 1 << (bit % 8);
            let Ok(mut reader) = CaptureReader::new(Box::new(Cursor::new(file))) else { continue };
            let mut frames = 0;
            while let Ok(Some(_)) = reader.next_frame() {
                frames += 1;
            }
            assert!(frames <= 108, "{name}, bit {bit}");
        }
    }
}

use std::fs;
use std::io::{Cursor, Write};
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

/// Chrome's log with the prefixes of some packets gone, as where another line came between.
#[test]
fn a_packet_without_a_prefix_among_others_has_their_day() {
    let text = String::from_utf8(sample("chrome-prefixed.log")).unwrap();
    let lines: Vec<_> = text.lines().collect();
    let (whole, _) = read(text.clone().into_bytes());
    let prefixed: Vec<_> = (0..lines.len()).filter(|place| lines[*place].starts_with('[')).collect();
    // Midnight is behind the 50th.
    for lost in [0..1, 0..3, 40..41, 50..55, 0..60, 107..108] {
        let gone = |place: &usize| prefixed[lost.clone()].contains(place);
        let kept: Vec<_> =
            lines.iter().enumerate().filter(|(place, _)| !gone(place)).map(|(_, line)| *line).collect();
        let (found, reader) = read((kept.join("\n") + "\n").into_bytes());
        assert_eq!(found.len(), whole.len(), "{lost:?}");
        for ((at, ..), (expected, ..)) in found.iter().zip(&whole) {
            assert!((at - expected).abs() <= 3_000_000, "{lost:?}: {at} for {expected}");
        }
        assert_eq!(reader.log_notes().long_gaps, 0);
    }
}

#[test]
fn a_silence_is_as_long_as_prefixes_say() {
    let text = String::from_utf8(sample("chrome-prefixed.log")).unwrap();
    let lines: Vec<_> = text.lines().collect();
    let prefixed: Vec<_> = (0..lines.len()).filter(|place| lines[*place].starts_with('[')).collect();
    let silent = [&lines[..prefixed[20]], &lines[prefixed[70]..]].concat().join("\n") + "\n";
    let (found, reader) = read(silent.clone().into_bytes());
    let silence = found.windows(2).map(|two| two[1].0 - two[0].0).max().unwrap();
    assert!(silence > 40_000_000_000 && reader.log_notes().long_gaps == 0, "{silence}");
    let bare: Vec<_> = silent.lines().filter(|line| !line.starts_with('[')).collect();
    assert_eq!(read((bare.join("\n") + "\n").into_bytes()).1.log_notes().long_gaps, 1);
}

#[test]
fn a_compressed_log_that_is_cut_says_so_and_what_is_no_line_any_more_is_no_packet() {
    for name in ["chrome.log", "janus.log", "baresip.json", "call.rtpdump"] {
        let plain = sample(name);
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(&plain).unwrap();
        let zstd = ruzstd::encoding::compress_to_vec(&plain[..], ruzstd::encoding::CompressionLevel::Fastest);
        let (whole, _) = read(plain);
        for compressed in [gzip.finish().unwrap(), zstd] {
            let (found, error) = until_error(&compressed);
            assert!(found == whole && error.is_none(), "{name}: {error:?}");
            for cut in [1, 4, 7, 9, 100, compressed.len() / 2] {
                let (found, error) = until_error(&compressed[..compressed.len() - cut]);
                // Lines of data channels have numbers, too.
                let is_cut =
                    matches!(error, Some(CaptureError::CutOff { frame, .. }) if frame.0 > found.len() as u64);
                assert!(is_cut && whole.starts_with(&found), "{name}, {cut} bytes: {error:?}");
            }
        }
    }
}

fn until_error(file: &[u8]) -> (Vec<Found>, Option<CaptureError>) {
    let mut reader = match CaptureReader::new(Box::new(Cursor::new(file.to_vec()))) {
        Ok(reader) => reader,
        Err(error) => return (Vec::new(), Some(error)),
    };
    let mut found = Vec::new();
    loop {
        match reader.next_frame() {
            Ok(Some(frame)) => {
                found.push((frame.at.as_nanos(), frame.direction.unwrap(), frame.data[28..].to_vec()));
            }
            Ok(None) => return (found, None),
            Err(error) => return (found, Some(error)),
        }
    }
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

use std::collections::BTreeMap;
use std::fs;
use std::io::{Cursor, Read};
use std::path::Path;

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::rtcp_batch::RtcpBatch;
use super::rtp_batch::{RtpBatch, RtpEvent};
use super::session::MAX_BATCHES;
use super::wire::varint;
use super::*;
use crate::capture::CaptureReader;

const LOGS: [&str; 4] = [
    "u02-congested-start.receiver",
    "u02-congested-start.sender",
    "u05-bidir-log.receiver",
    "u05-bidir-log.sender",
];

fn unpacked(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/event-logs");
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(fs::File::open(folder.join(name)).unwrap()).read_to_end(&mut bytes).unwrap();
    bytes
}

fn log(name: &str) -> Vec<u8> {
    unpacked(&format!("{name}.log.gz"))
}

/// Where each record's body lies, and its number, in the order of the file.
fn records(file: &[u8]) -> Vec<(u64, std::ops::Range<usize>)> {
    let (mut found, mut at) = (Vec::new(), 0);
    while at < file.len() {
        let (tag, tag_len) = varint(&file[at..]).unwrap().unwrap();
        let (len, len_len) = varint(&file[at + tag_len..]).unwrap().unwrap();
        let start = at + tag_len + len_len;
        at = start + len as usize;
        found.push((tag >> 3, start..at));
    }
    found
}

fn rtp(file: &[u8], record: u64) -> Vec<(usize, RtpEvent)> {
    let mut events = Vec::new();
    for (index, (number, place)) in records(file).into_iter().enumerate() {
        if number == record {
            let mut batch = RtpBatch::new(file, place).unwrap();
            while let Some(event) = batch.next(file).unwrap() {
                events.push((index, event));
            }
        }
    }
    events
}

fn rtcp(file: &[u8], record: u64) -> Vec<(i64, Vec<u8>)> {
    let mut packets = Vec::new();
    for (number, place) in records(file) {
        if number == record {
            let mut batch = RtcpBatch::new(file, place).unwrap();
            while let Some((time, packet)) = batch.next(file).unwrap() {
                packets.push((time, file[packet].to_vec()));
            }
        }
    }
    packets
}

fn cell(value: Option<impl ToString>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

fn row(event: &RtpEvent) -> String {
    [
        event.time_ms.to_string(),
        event.ssrc.to_string(),
        event.payload_type.to_string(),
        event.sequence_number.to_string(),
        event.timestamp.to_string(),
        u8::from(event.marker).to_string(),
        event.header.to_string(),
        event.payload.to_string(),
        event.padding.to_string(),
        cell(event.abs_send_time),
        cell(event.transmission_offset),
        cell(event.transport_sequence_number),
        cell(event.original_sequence_number),
    ]
    .join(",")
}

fn sha256(lines: impl Iterator<Item = String>) -> String {
    let text: String = lines.map(|line| line + "\n").collect();
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn facts() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/event-logs/facts.json");
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

#[test]
fn every_packet_is_as_an_independent_decoder_reads_it() {
    let facts = facts();
    for name in LOGS {
        let (file, facts) = (log(name), &facts[format!("{name}.log")]);
        let mut by_number = BTreeMap::new();
        records(&file)
            .iter()
            .for_each(|(number, _)| *by_number.entry(number.to_string()).or_insert(0_u64) += 1);
        assert_eq!(serde_json::to_value(by_number).unwrap(), facts["top_level_fields"], "{name}");
        for (record, key) in [(2, "rtp_in"), (3, "rtp_out")] {
            let events = rtp(&file, record);
            let count = facts["events"][key].as_u64().unwrap_or(0);
            assert_eq!(events.len() as u64, count, "{name} {key}");
            if let Some(hash) = facts[format!("{key}_sha256_file_order")].as_str() {
                assert_eq!(sha256(events.iter().map(|(_, event)| row(event))), hash, "{name} {key}");
            }
            for (ssrc, expected) in facts[key].as_object().into_iter().flatten() {
                let ssrc = u32::from_str_radix(ssrc.trim_start_matches("0x"), 16).unwrap();
                let own: Vec<_> =
                    events.iter().map(|(_, event)| event).filter(|event| event.ssrc == ssrc).collect();
                let sum =
                    |of: fn(&RtpEvent) -> u16| own.iter().map(|event| u64::from(of(event))).sum::<u64>();
                let with = |of: fn(&RtpEvent) -> bool| own.iter().filter(|event| of(event)).count() as u64;
                let found = serde_json::json!({
                    "packets": own.len(),
                    "payload": sum(|event| event.payload),
                    "padding": sum(|event| event.padding),
                    "header": sum(|event| event.header),
                    "with_ast": with(|event| event.abs_send_time.is_some()),
                    "with_toffset": with(|event| event.transmission_offset.is_some()),
                    "with_rtx_osn": with(|event| event.original_sequence_number.is_some()),
                });
                for (figure, value) in found.as_object().unwrap() {
                    assert_eq!(value, &expected[figure], "{name} {ssrc:#010x} {figure}");
                }
            }
        }
        for (record, key) in [(4, "rtcp_in"), (5, "rtcp_out")] {
            let packets = rtcp(&file, record);
            assert_eq!(packets.len() as u64, facts["events"][key].as_u64().unwrap_or(0), "{name} {key}");
            let hex = |packet: &[u8]| packet.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
            let lines = packets.iter().map(|(time, packet)| format!("{time},{}", hex(packet)));
            if let Some(hash) = facts[format!("{key}_sha256")].as_str() {
                assert_eq!(sha256(lines), hash, "{name} {key}");
            }
        }
    }
}

#[test]
fn the_receivers_rows_have_every_value() {
    for name in ["u02-congested-start.receiver", "u05-bidir-log.receiver"] {
        let file = log(name);
        let found = rtp(&file, 2).into_iter().map(|(message, event)| {
            let more =
                [cell(event.rotation), cell(event.audio_level), cell(event.voice_activity.map(u8::from))];
            format!("rtp_in,{},{},{message}", row(&event), more.join(","))
        });
        let text = String::from_utf8(unpacked(&format!("{name}.rtp_in.csv.gz"))).unwrap();
        let expected: Vec<_> = text.lines().filter(|line| line.starts_with("rtp_in,")).collect();
        // Behind the last comma is the place in its batch.
        let expected = expected.iter().map(|line| line.rsplit_once(',').unwrap().0);
        assert!(expected.clone().count() > 3000 && found.eq(expected), "{name}");
    }
}

#[test]
fn packets_come_in_order_of_time_and_those_of_a_millisecond_as_they_were_sent() {
    for name in LOGS {
        let mut buffer = FillBuffer::new(Box::new(Cursor::new(log(name))), std::sync::Arc::default());
        let mut log = EventLog::read(&mut buffer, None).unwrap();
        let (mut last, mut last_sent, mut count, mut ties) = (None, None, 0, 0);
        while let Some(event) = log.order.next(&log.session.store) {
            let (time, rank) = match &event {
                Event::Rtp(Direction::Inbound, event) => (event.time_ms, 0),
                Event::Rtcp(Direction::Inbound, time, _) => (*time, 1),
                Event::Rtp(Direction::Outbound, event) => (event.time_ms, 2),
                Event::Rtcp(Direction::Outbound, time, _) => (*time, 3),
            };
            assert!(last <= Some((time, rank)), "{name}: {last:?} before {time}, {rank}");
            if let Event::Rtp(Direction::Inbound, event) = &event {
                if let Some((then, sent)) = last_sent.filter(|(then, _)| *then == time) {
                    let apart = event.abs_send_time.unwrap().wrapping_sub(sent) & 0xff_ffff;
                    assert!(apart < 1 << 23, "{name}: of {then} ms");
                    ties += 1;
                }
                last_sent = Some((time, event.abs_send_time.unwrap()));
            }
            last = Some((time, rank));
            count += 1;
        }
        let expected = [2, 3].map(|record| rtp(&self::log(name), record).len()).iter().sum::<usize>()
            + [4, 5].map(|record| rtcp(&self::log(name), record).len()).iter().sum::<usize>();
        assert_eq!(count, expected, "{name}");
        assert!(ties > 10 || name == "u02-congested-start.sender", "{name}: {ties}");
    }
}

fn read(file: Vec<u8>) -> (usize, Option<String>) {
    let mut reader = match CaptureReader::new(Box::new(Cursor::new(file))) {
        Ok(reader) => reader,
        Err(error) => return (0, Some(error.to_string())),
    };
    let mut frames = 0;
    loop {
        match reader.next_frame() {
            Ok(Some(_)) => frames += 1,
            Ok(None) => return (frames, None),
            Err(error) => return (frames, Some(error.to_string())),
        }
    }
}

#[test]
fn a_log_that_is_cut_has_all_records_before_and_says_so() {
    let file = log("u02-congested-start.receiver");
    let ends: Vec<_> = records(&file).iter().map(|(_, place)| place.end).collect();
    let (whole, error) = read(file.clone());
    assert_eq!((whole, error), (4863, None));
    let mut frames_before = 0;
    for cut in (40..file.len()).step_by(97) {
        let (frames, error) = read(file[..cut].to_vec());
        assert!(frames >= frames_before, "{cut}");
        frames_before = frames;
        let is_between = ends.contains(&cut);
        assert_eq!(error.is_none(), is_between, "{cut}: {error:?}");
        assert!(error.is_none_or(|error| error.starts_with("cut off in record")), "{cut}");
    }
}

#[test]
fn a_damaged_record_is_left_out_and_counted() {
    let mut file = log("u02-congested-start.receiver");
    let (_, place) = records(&file).into_iter().find(|(number, _)| *number == 2).unwrap();
    // The time of its first packet becomes a field of an unknown wire type.
    file[place.start] = 0x0b;
    let (frames, error) = read(file);
    assert_eq!(frames, 4863 - 9);
    let error = error.unwrap();
    assert!(error.starts_with("1 of its records are damaged") && error.contains("byte 51"), "{error}");
}

#[test]
fn flipped_bits_never_panic_and_never_hang() {
    let file = log("u05-bidir-log.receiver");
    let mut said = 0;
    for flip in 0..400_usize {
        let mut file = file.clone();
        let bit = flip.wrapping_mul(1_640_531) % (file.len() * 8);
        file[bit / 8] ^= 1 << (bit % 8);
        let (frames, error) = read(file);
        assert!(frames < 4 * 8553, "{bit}");
        said += usize::from(error.is_some());
    }
    assert!((1..100).contains(&said), "{said}");
}

#[test]
fn what_is_not_read_is_named() {
    for (start, name) in [
        (&[0x0a, 0x0d, 0x08, 0xfc, 0x8c, 0x57, 0x10, 0x03][..], "legacy format 1"),
        (&[0x80, 0xd6, 0x80, 0x25, 1], "format 3"),
        (
            &[0x82, 0x01, 0x0d, 0x08, 0xfc, 0x8c, 0x57, 0x10, 0x07, 0x18, 0x9a, 0xda, 0x84, 0xe2, 0xa1, 0x34],
            "version 7",
        ),
    ] {
        let (_, error) = read(start.to_vec());
        assert!(error.as_ref().is_some_and(|error| error.contains(name)), "{error:?}");
    }
}

#[test]
fn of_several_sessions_the_first_with_media_is_read_or_the_one_that_is_asked_for() {
    let (first, second) = (log("u02-congested-start.receiver"), log("u05-bidir-log.receiver"));
    let begin_only = first[..16].to_vec();
    let file = [begin_only, second.clone(), first.clone()].concat();
    let frames = |session| {
        let source = Box::new(Cursor::new(file.clone()));
        let mut reader = CaptureReader::of_session(source, NonZeroUsize::new(session))?;
        let mut frames = 0;
        while reader.next_frame()?.is_some() {
            frames += 1;
        }
        Ok::<_, CaptureError>((frames, reader.log().unwrap().event_log.as_ref().unwrap().session))
    };
    assert_eq!(frames(0).unwrap(), (8553, 2));
    assert_eq!(frames(3).unwrap(), (4863, 3));
    assert_eq!(frames(1).unwrap(), (0, 1));
    assert!(frames(4).unwrap_err().to_string().contains("no session 4: 3 in all"));
}

#[test]
fn a_made_header_is_as_long_as_it_was_and_has_what_the_log_has() {
    let file = log("u02-congested-start.receiver");
    for (_, event) in rtp(&file, 2) {
        let mut bytes = Vec::new();
        let header = header::write(&event, &mut bytes);
        let len = header + usize::from(event.payload + event.padding);
        // Of padding alone all bytes are known, and Wireshark counts no packet whose padding it cannot see.
        assert_eq!(bytes.len() == len, event.payload == 0);
        let packet = crate::rtp::RtpPacket::parse(&bytes, len).unwrap();
        assert_eq!(packet.header_len(), usize::from(event.header));
        assert_eq!((packet.ssrc().0, packet.sequence_number().0), (event.ssrc, event.sequence_number));
        assert_eq!((packet.timestamp(), packet.marker()), (event.timestamp, event.marker));
        let sent = packet.extension(2).map(|value| u32::from_be_bytes([0, value[0], value[1], value[2]]));
        assert_eq!(sent, event.abs_send_time);
        assert_eq!(packet.extension(1).map(|value| value[0] & 0x7f), event.audio_level);
    }
}

#[test]
fn a_claim_of_more_packets_than_bits_costs_nothing() {
    let mut batch = super::rtp_batch::tests::WORKED[..30].to_vec();
    batch.extend([0x58, 0xff, 0xff, 0xff, 0xff, 0x0f]);
    let begin =
        [0x82, 0x01, 0x0d, 0x08, 0xfc, 0x8c, 0x57, 0x10, 0x02, 0x18, 0x9a, 0xda, 0x84, 0xe2, 0xa1, 0x34];
    let file = [&begin[..], &[0x12, batch.len() as u8], &batch].concat();
    let (frames, error) = read(file);
    assert!(frames == 0 && error.unwrap().contains("more packets than it has bits"));
}

/// All begin in the same millisecond, so all are open at once.
#[test]
fn no_more_batches_are_kept_than_can_be_open_at_once() {
    let begin = [&[0x82, 0x01, 0x0d][..], &log(LOGS[0])[3..16]].concat();
    let batch = [&[0x12, 28][..], &super::rtp_batch::tests::WORKED[..28]].concat();
    let file = |count: usize| [&begin[..], &batch.repeat(count)].concat();
    assert_eq!(read(file(MAX_BATCHES)), (MAX_BATCHES, None));
    let (frames, error) = read(file(MAX_BATCHES + 2));
    assert_eq!(frames, MAX_BATCHES);
    let error = error.unwrap();
    assert!(error.starts_with("2 of its records") && error.contains("more than 131,072 batches"), "{error}");
}

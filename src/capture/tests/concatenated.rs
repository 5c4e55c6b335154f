//! Files put one behind the other.

use flate2::Compression;
use flate2::write::GzEncoder;

use super::*;

/// A file of one frame, in one of many forms; its data, and whether its times are of nanoseconds.
fn one(form: usize, data: &[u8]) -> Vec<u8> {
    let order = Order(form % 2 == 1);
    match form {
        0 | 1 => order.pcap(0xa1b2_c3d4, &[(7, 5, data, 60)]),
        2 | 3 => order.pcap(0xa1b2_3c4d, &[(7, 5_000, data, 60)]),
        4 => order.pcap(0xa1b2_cd34, &[(7, 5, data, 60)]),
        _ => [order.section(), order.interface(1, &[]), order.packet(0, 7_000_005, data)].concat(),
    }
}
const FORMS: usize = 7;

fn concatenated(bytes: Vec<u8>) -> Count {
    let mut reader = CaptureReader::new(Box::new(Cursor::new(bytes))).unwrap();
    while let Ok(Some(_)) = reader.next_frame() {}
    reader.concatenated()
}

#[test]
fn a_file_behind_another_is_read_on_whatever_both_are() {
    for (first, second) in (0..FORMS).flat_map(|first| (0..FORMS).map(move |second| (first, second))) {
        let file = [one(first, b"abc"), one(second, b"defg"), one(first, b"h")].concat();
        let (frames, error, _) = read(file.clone());
        assert!(error.is_none(), "{first}, {second}: {error:?}");
        let seen: Vec<_> = frames.iter().map(|(number, at, _, data, _)| (*number, *at, &data[..])).collect();
        let at = 7_000_005_000;
        assert_eq!(seen, [(1, at, &b"abc"[..]), (2, at, b"defg"), (3, at, b"h")], "{first}, {second}");
        assert_eq!(concatenated(file), Count { count: 2, first_frame: 2 }, "{first}, {second}");
    }
}

#[test]
fn each_file_keeps_its_link_type_and_the_widest_of_all_else_counts() {
    let mut second = Order(true).pcap(0xa1b2_3c4d, &[(8, 1, b"b", 1)]);
    second[16..24].copy_from_slice(&[0, 0, 0, 96, 0, 0, 0, 113]);
    let file = [Order(false).pcap(0xa1b2_c3d4, &[(7, 0, b"a", 1)]), second, one(0, b"c")].concat();
    let mut reader = CaptureReader::new(Box::new(Cursor::new(file))).unwrap();
    let mut seen = Vec::new();
    while let Some(frame) = reader.next_frame().unwrap() {
        seen.push((frame.link_type.0, frame.nanoseconds));
    }
    assert_eq!(seen, [(1, false), (113, true), (1, true)]);
    assert_eq!((reader.snaplen(), reader.nanoseconds()), (Some((96, 65_535)), true));
}

#[test]
fn two_gzip_members_are_two_files() {
    let member = |form| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(&one(form, b"abc")).unwrap();
        encoder.finish().unwrap()
    };
    let (frames, error, _) = read([member(0), member(3)].concat());
    assert!(frames.len() == 2 && error.is_none(), "{error:?}");
}

#[test]
fn a_second_file_cut_anywhere_costs_no_frame_of_the_first() {
    for (first, second) in [(0, 0), (0, 3), (4, 1), (2, 5), (5, 2), (6, 5)] {
        let (whole, other) = (one(first, b"abc"), one(second, b"defg"));
        for len in 0..other.len() {
            let (frames, error, _) = read([&whole[..], &other[..len]].concat());
            assert_eq!(frames.len(), 1, "{first}, {second}, {len}");
            assert!(matches!(error, None | Some(CaptureError::CutOff { .. })), "{len}: {error:?}");
        }
    }
}

#[test]
fn a_lone_file_and_frames_without_bytes_are_one_file() {
    assert_eq!(concatenated(one(0, b"abc")).count, 0);
    assert_eq!(concatenated(one(5, b"abc")).count, 0);
    // The magic number as a time, and a frame without any bytes.
    let file = Order(false).pcap(0xa1b2_c3d4, &[(0xa1b2_c3d4, 7, b"", 0), (1, 0x0004_0002, b"", 0)]);
    let (frames, error, _) = read(file.clone());
    assert!(frames.len() == 2 && error.is_none());
    assert_eq!(concatenated(file).count, 0);
}

//! Captures inside gzip and zstd: several parts, cuts, bombs.

use super::*;

#[test]
fn a_capture_that_grows_without_end_is_given_up() {
    let mut bomb = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    bomb.write_all(&Order(false).pcap(0xa1b2_c3d4, &[])).unwrap();
    let record = [Order(false).words(&[1, 0, 200_000, 200_000]), vec![0; 200_000]].concat();
    for _ in 0..1000 {
        bomb.write_all(&record).unwrap();
    }
    let (frames, error, _) = read(bomb.finish().unwrap());
    assert!(matches!(error, Some(CaptureError::Expansion { .. })), "{error:?}");
    assert!(frames.len() > 300 && frames.len() < 1000);
}

#[test]
fn gzip_and_zstd_are_told_by_content_and_their_cut_is_a_cut() {
    let plain = Order(false).pcap(0xa1b2_c3d4, &[(1, 0, &[7; 900][..], 900); 50]);
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&plain).unwrap();
    let gzip = gzip.finish().unwrap();
    for compressed in [&gzip, &zstd(&plain)] {
        let (frames, error, _) = read(compressed.clone());
        assert!(error.is_none(), "{error:?}");
        assert_eq!(frames.len(), 50);
        let (frames, error, _) = read(compressed[..compressed.len() - 6].to_vec());
        assert!(error.is_some() && frames.len() <= 50);
    }
    for compressed in [gzip, zstd(&plain)] {
        let (frames, error, _) = read(compressed.repeat(2));
        assert!(frames.len() == 100 && error.is_none(), "two files in one: {error:?}");
    }
}

fn zstd(content: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(content, ruzstd::encoding::CompressionLevel::Fastest)
}

/// Skippable frames (RFC 8878, 3.1.2) have a length and anything.
#[test]
fn all_frames_of_a_zstd_file_are_read() {
    let plain = Order(false).pcap(0xa1b2_c3d4, &[(1, 0, &[7; 900][..], 900); 50]);
    let skipped = [&[0x5a, 0x2a, 0x4d, 0x18, 3, 0, 0, 0][..], &[1, 2, 3]].concat();
    let (one, other) = (zstd(&plain[..20_001]), zstd(&plain[20_001..]));
    for parts in
        [[&one[..], &other, &[], &[]], [&skipped, &one, &other, &skipped], [&one, &skipped, &other, &[]]]
    {
        let (frames, error, _) = read(parts.concat());
        assert!(error.is_none() && frames.len() == 50, "{}, {error:?}", frames.len());
    }
    let cut = [&one[..], &skipped[..10]].concat();
    let (frames, error, _) = read(cut);
    assert!(matches!(error, Some(CaptureError::CutOff { .. })) && frames.len() == 21, "{error:?}");
    let (frames, error, _) = read([&one[..], b"something else"].concat());
    assert!(matches!(error, Some(CaptureError::Io { .. })) && frames.len() == 21, "{error:?}");
}

#[test]
fn a_zstd_frame_with_another_checksum_is_an_error_after_its_content() {
    let plain = Order(false).pcap(0xa1b2_c3d4, &[(1, 0, &[7; 900][..], 900); 50]);
    let mut damaged = zstd(&plain);
    *damaged.last_mut().unwrap() ^= 1;
    let (frames, error, _) = read(damaged);
    let error = error.map(|error| format!("{error:?}")).unwrap_or_default();
    assert!(frames.len() == 50 && error.contains("checksum"), "{error}");
}

#[test]
fn what_a_cut_zstd_file_has_is_given_out() {
    let data: Vec<u8> = (0..250_u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
    let plain = Order(false).pcap(0xa1b2_c3d4, &vec![(1, 0, &data[..], 1000); 1000]);
    let whole = zstd(&plain);
    let (frames, error, _) = read(whole[..whole.len() - 10].to_vec());
    assert!(matches!(error, Some(CaptureError::CutOff { .. })), "{error:?}");
    assert!(frames.len() > 860, "all but a block of 128 KiB, not {} frames", frames.len());
}

#[test]
fn a_zstd_window_that_is_too_large_is_refused() {
    let frame = |exponent: u8| [&[0x28, 0xb5, 0x2f, 0xfd, 0, exponent << 3][..], &[1, 0, 0]].concat();
    let refused = |exponent| match CaptureReader::new(Box::new(Cursor::new(frame(exponent)))) {
        Err(error) => format!("{error:?}"),
        Ok(_) => String::new(),
    };
    assert!(refused(16).contains("a zstd window of 67108864 bytes"), "{}", refused(16));
    assert!(refused(15).contains("the file is empty"), "{}", refused(15));
}

mod blocks;
mod compressed;
mod concatenated;

use std::io::{self, Cursor, Write};

use super::*;

/// Number, time, link type, data and original length.
type Read = (u64, i64, u16, Vec<u8>, u32);

/// As [`CaptureReader::next_frame`] alone reads it, and as it is read with [`CaptureReader::buffered`] before.
fn read(bytes: Vec<u8>) -> (Vec<Read>, Option<CaptureError>, SkipCounts) {
    let alone = read_from(Cursor::new(bytes.clone()), false);
    let (frames, error, skipped) = read_from(Cursor::new(bytes), true);
    assert_eq!((&frames, skipped), (&alone.0, alone.2));
    assert_eq!(error.as_ref().map(ToString::to_string), alone.1.map(|error| error.to_string()));
    (frames, error, skipped)
}

fn read_from(
    source: impl io::Read + Send + 'static,
    buffered: bool,
) -> (Vec<Read>, Option<CaptureError>, SkipCounts) {
    let mut reader = match CaptureReader::new(Box::new(source)) {
        Ok(reader) => reader,
        Err(error) => return (Vec::new(), Some(error), SkipCounts::default()),
    };
    let mut frames = Vec::new();
    let mut take = |frame: Frame<'_>| {
        let Frame { number, at, link_type, data, original_len, .. } = frame;
        frames.push((number.0, at.as_nanos(), link_type.0, data.to_vec(), original_len));
    };
    let error = loop {
        if buffered {
            reader.buffered().for_each(&mut take);
        }
        match reader.next_frame() {
            Ok(Some(frame)) => take(frame),
            Ok(None) => break None,
            Err(error) => break Some(error),
        }
    };
    (frames, error, *reader.skipped())
}

/// Writes integers in one byte order.
struct Order(bool);

impl Order {
    fn u16(&self, value: u16) -> Vec<u8> {
        if self.0 { value.to_be_bytes() } else { value.to_le_bytes() }.to_vec()
    }

    fn u32(&self, value: u32) -> Vec<u8> {
        if self.0 { value.to_be_bytes() } else { value.to_le_bytes() }.to_vec()
    }

    fn words(&self, values: &[u32]) -> Vec<u8> {
        values.iter().flat_map(|value| self.u32(*value)).collect()
    }

    fn pcap(&self, magic: u32, records: &[(u32, u32, &[u8], u32)]) -> Vec<u8> {
        let mut file =
            [self.u32(magic), self.u16(2), self.u16(4), self.words(&[0, 0, 65_535, 0x1000_0001])].concat();
        for (seconds, fraction, data, original) in records {
            file.extend(self.words(&[*seconds, *fraction, data.len() as u32, *original]));
            if magic == 0xa1b2_cd34 {
                file.extend([0; 8]);
            }
            file.extend_from_slice(data);
        }
        file
    }

    fn block(&self, block_type: u32, body: &[u8]) -> Vec<u8> {
        let padded = body.len().next_multiple_of(4);
        let len = self.u32(12 + padded as u32);
        [self.u32(block_type), len.clone(), body.to_vec(), vec![0; padded - body.len()], len].concat()
    }

    fn section(&self) -> Vec<u8> {
        self.block(0x0a0d_0d0a, &[self.u32(0x1a2b_3c4d), self.u16(1), self.u16(0), vec![0xff; 8]].concat())
    }

    fn interface(&self, link_type: u16, options: &[u8]) -> Vec<u8> {
        self.block(1, &[self.u16(link_type), self.u16(0), self.u32(0), options.to_vec()].concat())
    }

    fn packet(&self, interface: u32, stamp: u64, data: &[u8]) -> Vec<u8> {
        let len = data.len() as u32;
        let header = self.words(&[interface, (stamp >> 32) as u32, stamp as u32, len, len + 100]);
        self.block(6, &[header, data.to_vec()].concat())
    }
}

#[test]
fn pcap_is_read_in_both_orders_and_both_resolutions() {
    for (big_endian, magic, nanos) in [
        (false, 0xa1b2_c3d4, 1_000_005_000),
        (true, 0xa1b2_c3d4, 1_000_005_000),
        (false, 0xa1b2_3c4d, 1_000_000_005),
        (true, 0xa1b2_3c4d, 1_000_000_005),
        (false, 0xa1b2_cd34, 1_000_005_000),
    ] {
        let file = Order(big_endian).pcap(magic, &[(1, 5, b"abc", 60), (2, 0, b"", 0)]);
        let (frames, error, _) = read(file);
        assert!(error.is_none(), "{error:?}");
        assert_eq!(frames[0], (1, nanos, 1, b"abc".to_vec(), 60), "{magic:x}");
        assert_eq!(frames[1], (2, 2_000_000_000, 1, Vec::new(), 0));
    }
}

#[test]
fn a_pcap_cut_anywhere_gives_its_whole_frames_and_names_the_one_that_is_not() {
    let file = Order(false).pcap(0xa1b2_c3d4, &[(1, 0, b"abcd", 4), (2, 0, b"efgh", 4)]);
    for len in 25..file.len() {
        let (frames, error, _) = read(file[..len].to_vec());
        let whole = (len - 24) / 20;
        assert_eq!(frames.len(), whole);
        match error {
            None => assert_eq!((len - 24) % 20, 0, "{len}"),
            Some(CaptureError::CutOff { frame, offset }) => {
                assert_eq!((frame.0 as usize, offset as usize), (whole + 1, 24 + 20 * whole));
            }
            Some(other) => panic!("{other}"),
        }
    }
}

#[test]
fn an_absurd_record_is_damage_and_not_memory() {
    let mut file = Order(false).pcap(0xa1b2_c3d4, &[(1, 0, b"abcd", 4)]);
    file.extend(Order(false).words(&[2, 0, 0xffff_fff0, 4]));
    let (frames, error, _) = read(file);
    assert_eq!(frames.len(), 1);
    assert_eq!(
        error.unwrap().to_string(),
        "damaged at frame 2, byte 44: a record of 4294967280 bytes, more than 262144"
    );
}

#[test]
fn pcapng_sections_of_both_orders_follow_each_other() {
    let mut file = Vec::new();
    for order in [Order(false), Order(true), Order(false)] {
        let nanoseconds = [order.u16(9), order.u16(1), vec![9, 0, 0, 0]].concat();
        let binary = [order.u16(9), order.u16(1), vec![0x88, 0, 0, 0]].concat();
        let offset = if order.0 { (-1_i64).to_be_bytes() } else { (-1_i64).to_le_bytes() };
        let shifted = [order.u16(14), order.u16(8), offset.to_vec(), order.words(&[0])].concat();
        file.extend(order.section());
        file.extend(order.interface(1, &nanoseconds));
        file.extend(order.interface(101, &binary));
        file.extend(order.interface(276, &shifted));
        file.extend(order.block(0x0bad, b"what is this"));
        file.extend(order.packet(0, 7, b"abcde"));
        file.extend(order.packet(1, 384, b"f"));
        file.extend(order.packet(2, 3_000_000, b""));
    }
    let (frames, error, _) = read(file);
    assert!(error.is_none(), "{error:?}");
    assert_eq!(frames.len(), 9);
    for (section, frames) in frames.chunks(3).enumerate() {
        let number = 3 * section as u64;
        assert_eq!(frames[0], (number + 1, 7, 1, b"abcde".to_vec(), 105));
        assert_eq!(frames[1], (number + 2, 1_500_000_000, 101, b"f".to_vec(), 101));
        assert_eq!(frames[2], (number + 3, 2_000_000_000, 276, Vec::new(), 100));
    }
}

#[test]
fn one_bad_block_costs_one_packet() {
    let order = Order(false);
    let mut file = [order.section(), order.interface(1, &[])].concat();
    let mut lying = order.packet(0, 1, b"abcd");
    lying[20..24].copy_from_slice(&order.u32(400));
    file.extend(lying);
    file.extend(order.packet(5, 2, b"abcd"));
    file.extend(order.block(3, &order.words(&[4, 0])));
    file.extend(order.packet(0, u64::MAX, b"abcd"));
    file.extend(
        order.block(2, &[order.u16(0), order.u16(0), order.words(&[0, 4, 2, 2]), vec![1, 2]].concat()),
    );
    file.extend(order.packet(0, 3, b"good"));
    let (frames, error, skipped) = read(file);
    assert!(error.is_none(), "{error:?}");
    assert_eq!(frames.iter().map(|frame| (frame.0, frame.1)).collect::<Vec<_>>(), [(5, 4_000), (6, 3_000)]);
    for (reason, frame) in [
        (Skip::SimplePacket, 3),
        (Skip::MalformedBlock, 1),
        (Skip::UnknownInterface, 2),
        (Skip::AbsurdTime, 4),
    ] {
        assert_eq!(skipped[reason as usize], (1, FrameNumber(frame)), "{reason:?}");
    }
}

#[test]
fn blocks_and_interfaces_are_bounded() {
    let order = Order(false);
    let huge = [order.section(), order.words(&[6, 0xffff_fff0, 0])].concat();
    assert!(read(huge).1.unwrap().to_string().contains("more than 16777216"));
    let crowd = [
        order.section(),
        order.interface(1, &[]).repeat(1030),
        order.packet(1023, 0, b"the last that is kept"),
        order.packet(1024, 0, b"one too many"),
        order.packet(1029, 0, b"one too many"),
        order.packet(1030, 0, b"never described"),
        order.packet(u32::MAX, 0, b"never described"),
    ];
    let (frames, error, skipped) = read(crowd.concat());
    assert!(error.is_none());
    assert_eq!(frames.len(), 1);
    assert_eq!(skipped[Skip::InterfaceLimit as usize], (2, FrameNumber(2)));
    assert_eq!(skipped[Skip::UnknownInterface as usize], (2, FrameNumber(4)));
    let tiny = [order.section(), order.words(&[6, 8, 0])].concat();
    assert!(matches!(read(tiny).1, Some(CaptureError::Damaged { .. })));
}

#[test]
fn the_flags_of_a_packet_tell_its_direction() {
    for big_endian in [false, true] {
        let order = Order(big_endian);
        for (flags, direction) in [(1, Some(Direction::Inbound)), (6, Some(Direction::Outbound)), (0, None)] {
            let header = order.words(&[0, 0, 9, 3, 3]);
            let comment = [order.u16(1), order.u16(2), vec![b'h', b'i', 0, 0]].concat();
            let option = [order.u16(2), order.u16(4), order.u32(flags), order.u32(0)].concat();
            let packet = order.block(6, &[header, vec![1, 2, 3, 0], comment, option].concat());
            let file = [order.section(), order.interface(1, &[]), packet].concat();
            let mut reader = CaptureReader::new(Box::new(Cursor::new(file))).unwrap();
            assert_eq!(reader.next_frame().unwrap().unwrap().direction, direction);
        }
    }
}

#[test]
fn the_snaplen_is_the_declared_one() {
    let order = Order(false);
    let snaplen = |file| CaptureReader::new(Box::new(Cursor::new(file))).unwrap().snaplen();
    assert_eq!(snaplen(order.pcap(0xa1b2_c3d4, &[])), Some((65_535, 65_535)));
    let interface = |len| order.block(1, &[order.u16(1), order.u16(0), order.u32(len)].concat());
    let file =
        [order.section(), interface(0), interface(128), interface(96), order.packet(0, 0, b"")].concat();
    let mut reader = CaptureReader::new(Box::new(Cursor::new(file))).unwrap();
    reader.next_frame().unwrap();
    assert_eq!(reader.snaplen(), Some((96, 128)));
}

/// Gives so many bytes at a time.
struct Sips(Cursor<Vec<u8>>, usize);

impl io::Read for Sips {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = buffer.len().min(self.1);
        self.0.read(&mut buffer[..most])
    }
}

#[test]
fn however_the_bytes_come_frames_and_offsets_are_the_same() {
    let sizes = [60, 262_144, 0, 1, 200_000, 1500, 262_144, 262_144, 70_000, 9000, 90];
    let data: Vec<u8> = (0..262_144).map(|n: u32| (n % 251) as u8).collect();
    let records: Vec<_> = sizes.iter().map(|size| (1, 0, &data[..*size], 7)).collect();
    let mut file = Order(false).pcap(0xa1b2_c3d4, &[&records[..], &records].concat());
    let end = format!("byte {}", file.len());
    file.extend(Order(false).words(&[2, 0, 0xffff_fff0, 4]));
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&file).unwrap();
    for (bytes, sip) in [(&file, usize::MAX), (&file, 5), (&file, 100_000), (&gzip.finish().unwrap(), 4000)] {
        let (frames, error, _) = read_from(Sips(Cursor::new(bytes.clone()), sip), true);
        let sizes = [sizes, sizes].concat();
        assert!(frames.iter().map(|frame| &frame.3[..]).eq(sizes.iter().map(|size| &data[..*size])));
        let error = error.unwrap().to_string();
        assert!(error.contains(&end), "{error} is not at {end}");
    }
}

#[test]
fn what_is_no_capture_is_said_to_be_what_it_is() {
    for (bytes, expected) in [
        (&b""[..], "the file is empty"),
        (b"# Notes\non a call", "it begins with the text '# Notes\\non a call'"),
        (&[0xff, 0xd8, 0xff, 0xe0, 1, 2, 3, 4, 5], "it begins with the bytes ff d8 ff e0 01 02 03 04"),
        (&0xa1b2_cd34_u32.to_be_bytes(), "a big-endian capture in the modified pcap format"),
        (b"\xfd7zXZ\0\0\x04", "packed with xz, which is not read: xz -dc FILE | remb-replay"),
        (b"snoop\0\0\0\0\0\0\x02", "in the format of snoop: editcap -F pcapng FILE"),
        (b"time_s,unix_time_s,flow\n", "a table (CSV)"),
        (b"\xef\xbb\xbfv=0\r\no=", "an SDP: --sdp takes it"),
        (&[&[0; 257][..], b"ustar\0"].concat(), "a tar archive"),
        (&[&[0, 0, 1, 0][..], &[0; 68], &[0, 0, 2, 0xc0]].concat(), "an event trace of Windows (ETL)"),
    ] {
        let message = read(bytes.to_vec()).1.unwrap().to_string();
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn no_damage_makes_it_panic_or_loop() {
    let order = Order(false);
    let pcap = order.pcap(0xa1b2_c3d4, &[(1, 0, &b"abcdefgh"[..], 60); 8]);
    let pcapng = [
        order.section(),
        order.interface(1, &[9, 0, 1, 0, 9, 0, 0, 0]),
        order.packet(0, 9, b"abcdefgh").repeat(8),
    ];
    let mut random = 1_u32;
    let mut next = || {
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (random >> 8) as usize
    };
    for original in [pcap, pcapng.concat()] {
        for _ in 0..2_000 {
            let mut bytes = original.clone();
            for _ in 0..1 + next() % 4 {
                let at = next() % bytes.len();
                bytes[at] = next() as u8;
            }
            bytes.truncate(bytes.len() - next() % 20);
            assert!(read(bytes).0.len() <= 20);
        }
    }
}

//! IP fragments.

use super::*;

/// An IPv4 packet in pieces of 8 × `units` bytes.
fn pieces(identification: u16, payload: &[u8], units: usize) -> Vec<Vec<u8>> {
    let whole = ipv4(payload);
    let (header, body) = whole.split_at(20);
    let chunks: Vec<_> = body.chunks(units * 8).collect();
    let last = chunks.len() - 1;
    let piece = |(n, chunk): (usize, &&[u8])| {
        let mut header = header.to_vec();
        header[2..4].copy_from_slice(&(20 + chunk.len() as u16).to_be_bytes());
        header[4..6].copy_from_slice(&identification.to_be_bytes());
        let place = (n * units) as u16 | if n < last { 0x2000 } else { 0 };
        header[6..8].copy_from_slice(&place.to_be_bytes());
        [&header[..], chunk].concat()
    };
    chunks.iter().enumerate().map(piece).collect()
}

fn at(number: u64, seconds: i64, data: &[u8]) -> Frame<'_> {
    let at = CaptureTime::from_nanos(i128::from(seconds) * 1_000_000_000).unwrap();
    Frame { number: FrameNumber(number), at, ..frame(101, data) }
}

#[test]
fn the_last_missing_fragment_gives_the_datagram_in_any_order() {
    let payload: Vec<_> = (0..100).collect();
    let pieces = pieces(7, &payload, 4);
    for order in [[0, 1, 2, 3], [3, 2, 1, 0], [1, 3, 0, 2]] {
        let mut decoder = Decoder::default();
        for place in &order[..3] {
            let result = decode_with(&mut decoder, &frame(101, &pieces[*place]));
            assert_eq!(result.err(), Some(Skip::Fragment));
        }
        let whole = decode_with(&mut decoder, &frame(101, &pieces[order[3]])).unwrap().remove(0);
        assert_eq!(
            (whole.payload, whole.payload_len, whole.carrier),
            (payload.clone(), 100, Carrier::Fragments)
        );
        assert_eq!(decoder.fragment_counts().datagrams, 1);
        assert_eq!(decoder.fragment_counts().incomplete.count, 0);
    }
}

#[test]
fn ipv6_fragments_are_put_together() {
    let whole = ipv6(&[9; 40]);
    let (header, body) = whole.split_at(40);
    let piece = |place: u16, chunk: &[u8]| {
        let mut header = header.to_vec();
        header[4..6].copy_from_slice(&(8 + chunk.len() as u16).to_be_bytes());
        header[6] = 44;
        let [p0, p1] = place.to_be_bytes();
        [&header[..], &[17, 0, p0, p1, 0, 0, 0, 7], chunk].concat()
    };
    let mut decoder = Decoder::default();
    assert!(decode_with(&mut decoder, &frame(101, &piece(1, &body[..24]))).is_err());
    let whole = decode_with(&mut decoder, &frame(101, &piece(3 << 3, &body[24..]))).unwrap().remove(0);
    assert_eq!(whole.payload, [9; 40]);
}

#[test]
fn what_the_snaplen_cut_of_the_fragments_changes_no_size() {
    let pieces = pieces(7, &[5; 100], 8);
    let mut decoder = Decoder::default();
    assert!(decode_with(&mut decoder, &frame(101, &pieces[0][..50])).is_err());
    let whole = decode_with(&mut decoder, &frame(101, &pieces[1][..30])).unwrap().remove(0);
    assert_eq!((whole.payload.len(), whole.payload_len), (22, 100));
}

#[test]
fn what_never_becomes_whole_is_counted_with_its_frame() {
    let mut decoder = Decoder::default();
    let first = &pieces(7, &[5; 100], 4)[0];
    assert!(decode_with(&mut decoder, &at(3, 0, first)).is_err());
    assert!(decode_with(&mut decoder, &at(4, 31, &pieces(8, &[5; 100], 4)[0])).is_err());
    let counts = decoder.fragment_counts();
    assert_eq!((counts.fragments, counts.incomplete.count, counts.incomplete.first_frame), (2, 2, 3));
}

#[test]
fn fragments_that_contradict_each_other_are_given_up() {
    let mut decoder = Decoder::default();
    let (long, short) = (pieces(7, &[5; 100], 4), pieces(7, &[5; 30], 3));
    assert!(decode_with(&mut decoder, &frame(101, &long[3])).is_err());
    assert!(decode_with(&mut decoder, &frame(101, &short[1])).is_err());
    assert_eq!(decoder.fragment_counts().incomplete.count, 1);
}

#[test]
fn memory_is_bounded() {
    let mut decoder = Decoder::default();
    for identification in 0..10_000 {
        let first = &pieces(identification, &[5; 100], 4)[0];
        assert!(decode_with(&mut decoder, &frame(101, first)).is_err());
    }
    assert_eq!(decoder.fragment_counts().incomplete.count, 10_000);
    assert!(format!("{:?}", decoder.fragments).matches("Waiting {").count() <= 64);
}

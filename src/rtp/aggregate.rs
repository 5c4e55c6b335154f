//! Datagrams that offload put together: segments of one length, but for the last, each an RTP packet.

/// The part of an RTP header that tells whether another header is the next of its stream.
const FIXED_LEN: usize = 12;
const VERSION: u8 = 2;

/// The length of each segment but the last in a payload of `len` bytes that begins with an RTP packet, if it holds several
/// packets: where the next header of the stream stands, and behind it, after as many bytes each time, another packet.
pub fn segment_len(captured: &[u8], len: usize) -> Option<usize> {
    let &[_, _, n0, n1, .., s0, s1, s2, s3] = captured.first_chunk::<FIXED_LEN>()?;
    let (next, ssrc) = (u16::from_be_bytes([n0, n1]).wrapping_add(1), u32::from_be_bytes([s0, s1, s2, s3]));
    let (mut at, mut seen) = (FIXED_LEN, 0);
    // A segment holds a header at least, and its SSRC ends it.
    for byte in captured.get(FIXED_LEN..)? {
        at += 1;
        seen = seen << 8 | u32::from(*byte);
        if seen == ssrc && at >= 2 * FIXED_LEN && is_next(captured, len, at - FIXED_LEN, next) {
            return Some(at - FIXED_LEN);
        }
    }
    None
}

/// Whether the packet with the next number begins behind so many bytes, and others behind as many each.
fn is_next(captured: &[u8], len: usize, segment_len: usize, next: u16) -> bool {
    let header = captured.get(segment_len..).and_then(|rest| rest.first_chunk::<FIXED_LEN>());
    header
        .is_some_and(|&[first, _, n0, n1, ..]| first >> 6 == VERSION && u16::from_be_bytes([n0, n1]) == next)
        && is_divided(captured, len, segment_len)
}

/// Whether a packet begins after each `segment_len` bytes, as far as it was captured, and the last one is whole.
fn is_divided(captured: &[u8], len: usize, segment_len: usize) -> bool {
    let last = len % segment_len;
    (last == 0 || last >= FIXED_LEN)
        && captured
            .chunks(segment_len)
            .all(|segment| segment.first().is_some_and(|first| first >> 6 == VERSION))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rtp(number: u16, ssrc: u32, len: usize) -> Vec<u8> {
        let header = [&[0x80, 96][..], &number.to_be_bytes(), &[0, 0, 9, 9], &ssrc.to_be_bytes()].concat();
        [&header[..], &vec![number as u8; len - FIXED_LEN]].concat()
    }

    fn together(packets: &[(u16, usize)]) -> Vec<u8> {
        packets.iter().flat_map(|(number, len)| rtp(*number, 0x1111_2222, *len)).collect()
    }

    #[test]
    fn packets_of_one_length_and_a_shorter_last_one_are_told() {
        for (packets, len) in [
            (&[(7, 100), (8, 100)][..], 100),
            (&[(7, 100), (8, 30)], 100),
            (&[(65_534, 40), (65_535, 40), (0, 40), (1, 12)], 40),
            (&[(7, 12), (8, 12)], 12),
        ] {
            let whole = together(packets);
            assert_eq!(segment_len(&whole, whole.len()), Some(len), "{packets:?}");
            for captured in len + FIXED_LEN..whole.len() {
                assert_eq!(segment_len(&whole[..captured], whole.len()), Some(len), "{captured}");
            }
            for captured in 0..len + FIXED_LEN {
                assert_eq!(segment_len(&whole[..captured], whole.len()), None, "{captured}");
            }
        }
    }

    #[test]
    fn one_packet_is_one_whatever_it_quotes() {
        let quoting = |quoted: &[u8]| [&rtp(7, 1, 100)[..], quoted, &[0; 7]].concat();
        let one = rtp(7, 0x1111_2222, 1200);
        for whole in [one, quoting(&rtp(7, 1, 50)), quoting(&rtp(9, 1, 50)), quoting(&rtp(8, 2, 50)), vec![]]
        {
            assert_eq!(segment_len(&whole, whole.len()), None);
        }
        let uneven = together(&[(7, 100), (8, 100), (9, 90), (10, 100)]);
        assert_eq!(segment_len(&uneven, uneven.len()), None);
        let too_short_a_last = [together(&[(7, 100), (8, 100)]), vec![0x80; 11]].concat();
        assert_eq!(segment_len(&too_short_a_last, too_short_a_last.len()), None);
    }

    /// A header that could be the next stands everywhere in the first half, and the second is none: a search through all of
    /// it for each of them would take minutes.
    #[test]
    fn what_looks_like_many_aggregates_and_is_none_is_soon_found_out() {
        let next = rtp(8, 0x1111_2222, FIXED_LEN);
        let mut whole = [rtp(7, 0x1111_2222, FIXED_LEN), next.repeat(50_000)].concat();
        whole.resize(2 * whole.len(), 0);
        assert_eq!(segment_len(&whole, whole.len()), None);
    }
}

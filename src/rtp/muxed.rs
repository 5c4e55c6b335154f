//! RTP or RTCP, where the second byte can be either's: RTCP's packet type, or the marker bit and a payload type of 64 to 95
//! (RFC 5761). What RTCP must have decides: a known type, lengths that the datagram has room for.

/// RTCP's packet types, some of which are not assigned.
const TYPES: std::ops::RangeInclusive<u8> = 192..=223;
const VERSION: u8 = 2;
const HEADER_LEN: usize = 4;
/// SR to XR.
const COMMON_FIRST: u8 = 200;
const COMMON_LAST: u8 = 207;
/// Before a tag of 80 bits, before one of 32, and at the end, behind one of GCM.
const INDEX_BEFORE_END: [usize; 3] = [14, 8, 4];
const ENCRYPTED: u32 = 1 << 31;
/// Of a call of a day; chance rarely comes to less.
const MAX_INDEX: u32 = 1 << 16;

/// Whether a byte at the place of the packet type may be one.
#[inline]
pub(super) fn is_rtcp_type(second: u8) -> bool {
    TYPES.contains(&second)
}

/// Whether a datagram of `len` bytes, of which these were captured, is RTCP: its first packet fits, and what follows is
/// another one, or, where the first is of a type that a compound begins with, what SRTCP has encrypted.
pub(super) fn is_rtcp(captured: &[u8], len: usize) -> bool {
    match packet(captured, len, |count| count) {
        Some((COMMON_FIRST..=COMMON_LAST, _)) => true,
        // Of old or rare ones nothing but the whole tells them.
        Some((_, first_len)) => captured.get(first_len..).is_none_or(|rest| are_rtcp(rest, len - first_len)),
        // Some senders set bits of the count that count nothing.
        None => packet(captured, len, |_| 0).is_some() && has_index(captured, len),
    }
}

/// Whether SRTCP's index, with the bit that says encrypted, stands where it does with usual tags (RFC 3711, 7714).
fn has_index(captured: &[u8], len: usize) -> bool {
    let index_at = |before_end: usize| captured.get(len.checked_sub(before_end)?..)?.first_chunk();
    let is_index = |bytes: &[u8; 4]| (ENCRYPTED..ENCRYPTED + MAX_INDEX).contains(&u32::from_be_bytes(*bytes));
    INDEX_BEFORE_END.into_iter().filter_map(index_at).any(is_index)
}

/// Whether nothing but RTCP packets fills these bytes, as far as they were captured.
fn are_rtcp(mut captured: &[u8], mut len: usize) -> bool {
    while len > 0 && !captured.is_empty() {
        let Some((_, packet_len)) = packet(captured, len, |count| count) else {
            return captured.len() < HEADER_LEN.min(len);
        };
        captured = captured.get(packet_len..).unwrap_or_default();
        len -= packet_len;
    }
    true
}

/// Type and length of the RTCP packet that begins here, if it can be one: of a known type, with room for what `counted` makes
/// of its count, in a datagram with `len` bytes for it.
fn packet(captured: &[u8], len: usize, counted: fn(u8) -> u8) -> Option<(u8, usize)> {
    let &[first, kind, w0, w1] = captured.first_chunk()?;
    let words = 1 + usize::from(u16::from_be_bytes([w0, w1]));
    let least = least_words(kind, counted(first & 0x1f))?;
    let fits = first >> 6 == VERSION && words >= least && HEADER_LEN * words <= len;
    fits.then_some((kind, HEADER_LEN * words))
}

/// The least length of a packet of a known type with this count, in words; the header is one.
fn least_words(kind: u8, count: u8) -> Option<usize> {
    let count = usize::from(count);
    match kind {
        // FIR and NACK of RFC 2032; SMPTETC; IJ.
        192 => Some(2),
        193 => Some(3),
        194 => Some(2),
        195 => Some(1 + count),
        // SR, RR, SDES, BYE, APP; feedback; XR.
        200 => Some(7 + 6 * count),
        201 => Some(2 + 6 * count),
        202 => Some(1 + 2 * count),
        203 => Some(1 + count),
        204..=206 => Some(3),
        207 => Some(2),
        // AVB, RSI, TOKEN, IDMS, RGRS, SNM.
        208..=213 => Some(3),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPORT: [u8; 8] = [0x80, 201, 0, 1, 0, 0, 0, 7];
    const REMB: [u8; 24] =
        [0x8f, 206, 0, 5, 0, 0, 0, 7, 0, 0, 0, 0, b'R', b'E', b'M', b'B', 1, 4, 0, 1, 0, 0, 0, 9];

    #[test]
    fn rtcp_fits_whether_alone_together_encrypted_or_cut() {
        let compound = [&REPORT[..], &REMB].concat();
        let encrypted = [&REPORT[..], &[0x1b; 14]].concat();
        let long = [&[0x81, 200, 0, 12][..], &[3; 48]].concat();
        for rtcp in [&REPORT[..], &REMB, &compound, &encrypted, &long, &[0x81, 203, 0, 1, 0, 0, 0, 1]] {
            for captured in HEADER_LEN..=rtcp.len() {
                assert!(is_rtcp(&rtcp[..captured], rtcp.len()), "{captured} of {rtcp:02x?}");
            }
        }
        let two = [[0x80, 192, 0, 1, 0, 0, 0, 1], REPORT].concat();
        assert!(is_rtcp(&two, two.len()) && is_rtcp(&two[..9], two.len()));
    }

    #[test]
    fn a_count_beyond_the_packet_is_rtcp_only_with_an_index_of_srtcp() {
        let tail = [&0x8000_0001_u32.to_be_bytes()[..], &[3; 10]].concat();
        let odd = [&[0x91, 200, 0, 18][..], &[3; 104], &tail].concat();
        assert!(is_rtcp(&odd, odd.len()));
        assert!(!is_rtcp(&odd[..odd.len() - 1], odd.len() - 1) && !is_rtcp(&odd[..90], odd.len()));
    }

    #[test]
    fn what_does_not_fit_is_no_rtcp() {
        for (no, why) in [
            (vec![0x80, 201, 0, 2, 0, 0, 0, 7], "longer than the datagram"),
            (vec![0x81, 201, 0, 1, 0, 0, 0, 7], "a report that there is no room for"),
            (vec![0x80, 200, 0, 1, 0, 0, 0, 7], "a sender report without its times"),
            (vec![0x40, 201, 0, 1, 0, 0, 0, 7], "another version"),
            (vec![0x80, 222, 0, 1, 0, 0, 0, 7], "a type that is not assigned"),
            ([&[0x80, 194, 0, 1][..], &[7; 20]].concat(), "a rare type, and something behind it"),
        ] {
            assert!(!is_rtcp(&no, no.len()), "{why}");
        }
    }

    /// Payload types 64 to 95 with the marker bit, any sequence number, a packet of 1,000 bytes with a header extension.
    #[test]
    fn nearly_all_marked_rtp_is_told_from_rtcp() {
        for second in 192..=223 {
            let taken = (0..=u16::MAX).filter(|number| {
                let [high, low] = number.to_be_bytes();
                let rtp = [&[0x90, second, high, low][..], &[7; 996]].concat();
                is_rtcp(&rtp, rtp.len())
            });
            assert!(taken.count() <= 250, "{second}");
        }
    }
}

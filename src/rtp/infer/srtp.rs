//! Whether the packets between two ports are encrypted (SRTP, RFC 3711): payloads then end in an authentication tag,
//! and RTCP cannot be read.

use serde::Serialize;

use crate::rtp::rtcp::{Blocks, CompoundEnd};

/// Gathers what DTLS and RTCP show of a pair of ports, both directions together.
///
/// SRTCP leaves the first header of a compound readable and puts an index and a tag at its end, so that the compound
/// does not end where its headers say. A compound that does is clear, and that outweighs a DTLS handshake: with
/// encryption switched off a call may still do one, for its data channels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct SrtpDetector {
    handshakes: u64,
    clear_rtcp: u64,
    encrypted_rtcp: u64,
}

/// What the evidence says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SrtpVerdict {
    /// RTP.
    Clear,
    /// SRTP.
    Encrypted,
}

const DTLS_HANDSHAKE: u8 = 22;
impl SrtpDetector {
    /// Takes a DTLS datagram.
    pub fn observe_dtls(&mut self, payload: &[u8]) {
        self.handshakes += u64::from(payload.first() == Some(&DTLS_HANDSHAKE));
    }

    /// Takes what looks like RTCP: `len_on_wire` bytes, of which `captured` are at hand.
    pub fn observe_rtcp(&mut self, captured: &[u8], len_on_wire: usize) {
        let mut blocks = Blocks::new(captured, len_on_wire);
        let Some(first) = blocks.next() else { return };
        let after_first = len_on_wire.saturating_sub(first.offset + 4 + first.body_len_on_wire);
        let more = blocks.by_ref().count();
        match blocks.end() {
            Some(CompoundEnd::Complete) => self.clear_rtcp += 1,
            // Ciphertext passes for a header once in several thousand times.
            Some(CompoundEnd::Truncated) if more > 0 || after_first == 0 => self.clear_rtcp += 1,
            Some(CompoundEnd::NotRtcp { .. }) if more == 0 => self.encrypted_rtcp += 1,
            _ => {}
        }
    }

    /// What is known so far; `None` without evidence, and where there is as much for the one as for the other.
    pub const fn verdict(&self) -> Option<SrtpVerdict> {
        match *self {
            Self { clear_rtcp, encrypted_rtcp, .. } if clear_rtcp > encrypted_rtcp => {
                Some(SrtpVerdict::Clear)
            }
            Self { handshakes: 1.., .. } => Some(SrtpVerdict::Encrypted),
            Self { clear_rtcp, encrypted_rtcp, .. } if encrypted_rtcp > clear_rtcp => {
                Some(SrtpVerdict::Encrypted)
            }
            _ => None,
        }
    }

    /// The evidence in words.
    pub fn evidence(&self) -> String {
        let Self { handshakes, clear_rtcp, encrypted_rtcp } = self;
        let all = [
            (*handshakes, "DTLS handshake records"),
            (*clear_rtcp, "RTCP packets that end where their headers say"),
            (*encrypted_rtcp, "RTCP packets with unreadable bytes behind the first header"),
        ];
        let seen: Vec<_> = all
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| format!("{count} {what}"))
            .collect();
        if seen.is_empty() { "no DTLS handshake and no RTCP".to_owned() } else { seen.join(", ") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A receiver report without blocks, then a REMB.
    const CLEAR: [u8; 28] = [
        0x80, 201, 0, 1, 0, 0, 0, 1, //
        0x8f, 206, 0, 4, 0, 0, 0, 1, 0, 0, 0, 0, b'R', b'E', b'M', b'B', 0, 2, 3, 4,
    ];

    /// The same after SRTCP: ciphertext behind the first header, an index and a tag.
    fn encrypted() -> Vec<u8> {
        let cipher = CLEAR[8..].iter().map(|byte| byte ^ 0x5a);
        CLEAR[..8].iter().copied().chain(cipher).chain([0x80, 0, 0, 1]).chain([7; 10]).collect()
    }

    fn verdict(packets: &[&[u8]], handshake: bool) -> Option<SrtpVerdict> {
        let mut detector = SrtpDetector::default();
        if handshake {
            detector.observe_dtls(&[22, 0xfe, 0xfd]);
        }
        packets.iter().for_each(|packet| detector.observe_rtcp(packet, packet.len()));
        detector.verdict()
    }

    #[test]
    fn a_compound_that_ends_where_its_headers_say_is_clear() {
        assert_eq!(verdict(&[], false), None);
        assert_eq!(verdict(&[&CLEAR], false), Some(SrtpVerdict::Clear));
        assert_eq!(
            verdict(&[&CLEAR], true),
            Some(SrtpVerdict::Clear),
            "the handshake was for something else"
        );
    }

    #[test]
    fn one_packet_for_each_is_no_evidence() {
        let damaged = encrypted();
        assert_eq!(verdict(&[&CLEAR, &damaged], false), None);
        assert_eq!(verdict(&[&CLEAR, &damaged], true), Some(SrtpVerdict::Encrypted));
        assert_eq!(verdict(&[&CLEAR, &damaged, &CLEAR], false), Some(SrtpVerdict::Clear));
    }

    #[test]
    fn a_handshake_or_bytes_that_are_no_header_show_encryption() {
        assert_eq!(verdict(&[], true), Some(SrtpVerdict::Encrypted));
        assert_eq!(verdict(&[&encrypted()], false), Some(SrtpVerdict::Encrypted));
        let feedback_alone = [&CLEAR[8..], &[0x80, 0, 0, 1], &[7; 10]].concat();
        assert_eq!(verdict(&[&feedback_alone], false), Some(SrtpVerdict::Encrypted), "reduced size");
        let mut detector = SrtpDetector::default();
        detector.observe_dtls(&[23, 0xfe, 0xfd]);
        assert_eq!(detector.verdict(), None, "data alone is no handshake");
    }

    #[test]
    fn one_odd_packet_among_clear_ones_changes_nothing() {
        assert_eq!(verdict(&[&CLEAR, &CLEAR, &encrypted()], false), Some(SrtpVerdict::Clear));
    }

    #[test]
    fn what_the_snaplen_cut_tells_by_its_length_or_not_at_all() {
        let cut = |captured: usize, len_on_wire: usize| {
            let mut detector = SrtpDetector::default();
            detector.observe_rtcp(&CLEAR[8..8 + captured], len_on_wire);
            detector.verdict()
        };
        assert_eq!(cut(10, 20), Some(SrtpVerdict::Clear), "one block and nothing behind it");
        assert_eq!(cut(10, 34), None, "a trailer, or another block");
    }
}

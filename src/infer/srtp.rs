//! Whether the packets between two ports are encrypted (SRTP, RFC 3711): payloads then end in an authentication tag,
//! and RTCP cannot be read.

use std::collections::VecDeque;

use crate::rtp::begins_with_remb;
use crate::rtp::{Blocks, CompoundEnd};

/// Gathers what DTLS and RTCP show of a pair of ports, both directions together.
///
/// A compound that ends where its headers say is clear, and so is one in which clear text stands, however damaged it is:
/// that outweighs a DTLS handshake, for with encryption switched off a call may still do one, for its data channels. SRTCP
/// leaves the first header readable and shows itself by what it appends (RFC 3711 section 3.4): the E flag, and an index
/// that counts up by one for each packet of a sender.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SrtpDetector {
    handshakes: u64,
    clear_rtcp: u64,
    encrypted_rtcp: u64,
    /// What stood last where the index may stand, by sender; the newest senders.
    indices: VecDeque<(SenderSsrc, Words)>,
}

type SenderSsrc = [u8; 4];
type Words = [Option<u32>; INDEX_PLACES.len()];

/// What the evidence says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SrtpVerdict {
    /// RTP.
    Clear,
    /// SRTP.
    Encrypted,
}

const DTLS_HANDSHAKE: u8 = 22;
const HEADER_LEN: usize = 4;
/// SRTCP leaves so many bytes as they are: the first header and its sender.
const CLEAR_LEN: usize = 8;
const INDEX_LEN: usize = 4;
const E_FLAG: u32 = 1 << 31;
/// Where the index stands, from the end: before a tag of 10 bytes, before one of 4, and last (RFC 7714); before a key
/// identifier of 1 byte or 4 and a tag of 10.
const INDEX_PLACES: [usize; 5] = [14, 8, 4, 15, 18];
/// Packets that may be missing between two in the capture.
const MAX_INDEX_STEP: u32 = 16;
/// An index that was not seen to count up: a day of ten packets a second. By chance a word is one once in 4,096 times.
const MAX_FIRST_INDEX: u32 = (1 << 20) - 1;
const MAX_SENDERS: usize = 16;
/// What is left of a packet that the snaplen cut is judged by so many bytes and more.
const LEAST_CUT_LEN: usize = 24;

/// Whether bytes have no more zeros than ciphertext, in which every byte is as frequent; plain RTCP has many.
fn looks_random(bytes: &[u8], least_len: usize) -> bool {
    let zeros = bytes.iter().filter(|byte| **byte == 0).count();
    bytes.len() >= least_len && zeros * 16 <= bytes.len() + 16
}

/// Whether something stands in clear where SRTCP has ciphertext: the identifier of a REMB, or the name of a source. A part
/// with another version is damaged, and what stands in it is clear all the same.
fn has_clear_text(captured: &[u8]) -> bool {
    let words = (0..captured.len()).step_by(4).filter_map(|start| captured.get(start..));
    words.into_iter().any(|block| begins_with_remb(block) || is_description(block))
}

fn is_description(block: &[u8]) -> bool {
    let [_, 202, _, _, _, _, _, _, CNAME, len, text @ ..] = block else { return false };
    let text = text.get(..usize::from(*len)).unwrap_or(text);
    text.len() >= LEAST_NAME_LEN && text.iter().all(u8::is_ascii_graphic)
}

const CNAME: u8 = 1;
const LEAST_NAME_LEN: usize = 4;

impl SrtpDetector {
    /// Takes a DTLS datagram.
    pub fn observe_dtls(&mut self, payload: &[u8]) {
        self.handshakes += u64::from(payload.first() == Some(&DTLS_HANDSHAKE));
    }

    /// Takes what looks like RTCP: `len_on_wire` bytes, of which `captured` are at hand.
    pub fn observe_rtcp(&mut self, captured: &[u8], len_on_wire: usize) {
        match self.read(captured, len_on_wire) {
            Some(SrtpVerdict::Clear) => self.clear_rtcp += 1,
            Some(SrtpVerdict::Encrypted) => self.encrypted_rtcp += 1,
            None => {}
        }
    }

    /// What one packet shows, if anything.
    fn read(&mut self, captured: &[u8], len_on_wire: usize) -> Option<SrtpVerdict> {
        let mut blocks = Blocks::new(captured, len_on_wire);
        let first = blocks.next();
        let more = blocks.by_ref().count();
        let end = blocks.end();
        if end == Some(CompoundEnd::Complete) || has_clear_text(captured) {
            return Some(SrtpVerdict::Clear);
        }
        // SRTCP appends, and so its first header never runs past its end.
        let first = first?;
        let after_first = len_on_wire.saturating_sub(first.offset + HEADER_LEN + first.body_len_on_wire);
        match end? {
            // Ciphertext passes for a header once in several thousand times.
            CompoundEnd::Truncated if more > 0 || after_first == 0 => Some(SrtpVerdict::Clear),
            CompoundEnd::NotRtcp { .. } if more == 0 => {
                let is_encrypted = match captured.len() >= len_on_wire {
                    true => self.ends_in_an_index(captured.get(..len_on_wire)?, after_first),
                    false => looks_random(captured.get(CLEAR_LEN..)?, LEAST_CUT_LEN),
                };
                is_encrypted.then_some(SrtpVerdict::Encrypted)
            }
            _ => None,
        }
    }

    /// Whether the last bytes, of which `after_first` are behind the first block, are those of SRTCP.
    fn ends_in_an_index(&mut self, packet: &[u8], after_first: usize) -> bool {
        let Some(sender) = packet.get(4..).and_then(|rest| rest.first_chunk()) else { return false };
        let word_at = |from_end: &usize| {
            let start = packet.len().checked_sub(*from_end).filter(|_| *from_end <= after_first)?;
            packet.get(start..)?.first_chunk().map(|word| u32::from_be_bytes(*word))
        };
        let words = INDEX_PLACES.each_ref().map(word_at);
        let before = self.note_words(*sender, words);
        INDEX_PLACES.iter().zip(words.into_iter().zip(before)).any(|(from_end, (word, before))| {
            let Some(word) = word else { return false };
            let is_index = |in_order: fn(u32) -> u32| {
                let index_of = |word| in_order(word).checked_sub(E_FLAG);
                index_of(word).is_some_and(|index| {
                    let steps = before.and_then(index_of).map(|before| index.wrapping_sub(before));
                    let counts_up = steps.is_some_and(|steps| (1..=MAX_INDEX_STEP).contains(&steps));
                    counts_up || index <= MAX_FIRST_INDEX
                })
            };
            // Microsoft's clients have it last and its lowest byte first.
            let is_shown = is_index(|word| word) || (*from_end == INDEX_LEN && is_index(u32::swap_bytes));
            let (body, rest) = packet.split_at(packet.len() - from_end);
            let [body, tag] = [body.get(CLEAR_LEN..), rest.get(INDEX_LEN..)].map(Option::unwrap_or_default);
            is_shown && looks_random(&[body, tag].concat(), 0)
        })
    }

    /// What stood there in the sender's packet before.
    fn note_words(&mut self, sender: SenderSsrc, words: Words) -> Words {
        if let Some((_, known)) = self.indices.iter_mut().find(|(known, _)| *known == sender) {
            return std::mem::replace(known, words);
        }
        if self.indices.len() >= MAX_SENDERS {
            self.indices.pop_front();
        }
        self.indices.push_back((sender, words));
        Words::default()
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

    /// DTLS handshake records, RTCP packets that end where their headers say, and RTCP packets with unreadable bytes behind
    /// the first header, as SRTCP has them.
    pub const fn seen(&self) -> (u64, u64, u64) {
        (self.handshakes, self.clear_rtcp, self.encrypted_rtcp)
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
        let mut feedback_alone = [&CLEAR[8..], &[0x80, 0, 0, 1], &[7; 10]].concat();
        feedback_alone[8..20].iter_mut().for_each(|byte| *byte ^= 0x5a);
        assert_eq!(verdict(&[&feedback_alone], false), Some(SrtpVerdict::Encrypted), "reduced size");
        let mut detector = SrtpDetector::default();
        detector.observe_dtls(&[23, 0xfe, 0xfd]);
        assert_eq!(detector.verdict(), None, "data alone is no handshake");
    }

    /// A receiver report, a part of version 0, a REMB.
    fn with_a_part_of_version_0() -> Vec<u8> {
        [&CLEAR[..8], &[0x01, 205, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2], &CLEAR[8..]].concat()
    }

    #[test]
    fn damaged_rtcp_in_which_clear_text_stands_is_clear_after_a_handshake_too() {
        let without_its_end = &CLEAR[..26];
        let name = [&[0x81, 202, 0, 3, 0, 0, 0, 1, 1, 6][..], b"a@b.de", &[0; 2], &[0x01, 9, 9, 9]].concat();
        let name = [&CLEAR[..8], &[0x21, 77, 0, 0], &name].concat();
        for packet in [&with_a_part_of_version_0()[..], without_its_end, &CLEAR[8..26], &name] {
            assert_eq!(verdict(&[packet], false), Some(SrtpVerdict::Clear), "{packet:02x?}");
            assert_eq!(verdict(&[packet], true), Some(SrtpVerdict::Clear), "{packet:02x?}");
        }
    }

    #[test]
    fn damaged_rtcp_without_any_text_shows_nothing() {
        let nack = [0x81, 205, 0, 9, 0, 0, 0, 1, 0, 0, 0, 2, 0x12, 0x34, 0, 0];
        let odd = [&CLEAR[..8], &[0x01, 205, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2]].concat();
        for packet in [&nack[..], &odd, &CLEAR[..11]] {
            assert_eq!(verdict(&[packet, packet, packet], false), None, "{packet:02x?}");
        }
    }

    /// As in a call that is captured from its middle on: nothing but the counting tells.
    #[test]
    fn an_index_that_counts_up_is_told_by_its_second_packet_and_per_sender() {
        let packet = |sender: u8, index: u32, tag_len: usize| {
            let mut packet = encrypted();
            packet.truncate(28);
            packet[7] = sender;
            packet.extend((E_FLAG | index).to_be_bytes());
            packet.extend(vec![7; tag_len]);
            packet
        };
        let many = 500_000_000;
        for tag_len in [10, 4, 0] {
            let [first, other, next, far] = [(1, many), (2, 7 * many / 2), (1, many + 2), (1, many + 40)]
                .map(|(s, i)| packet(s, i, tag_len));
            assert_eq!(verdict(&[&first, &other], false), None);
            assert_eq!(verdict(&[&first, &first], false), None, "the same again");
            assert_eq!(verdict(&[&first, &far], false), None);
            assert_eq!(verdict(&[&first, &other, &next], false), Some(SrtpVerdict::Encrypted));
            assert_eq!(
                verdict(&[&packet(1, 3, tag_len)], false),
                Some(SrtpVerdict::Encrypted),
                "a young index"
            );
        }
        let lowest_first = |index: u32| [&packet(1, 0, 10)[..28], &(E_FLAG | index).to_le_bytes()].concat();
        assert_eq!(verdict(&[&lowest_first(0x0001_35ee)], false), Some(SrtpVerdict::Encrypted));
        assert_eq!(verdict(&[&lowest_first(many)], false), None);
        assert_eq!(
            verdict(&[&lowest_first(many), &lowest_first(many + 3)], false),
            Some(SrtpVerdict::Encrypted)
        );
        let mut detector = SrtpDetector::default();
        (0..=255).for_each(|sender| detector.observe_rtcp(&packet(sender, many, 10), 42));
        assert_eq!(detector.indices.len(), MAX_SENDERS);
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
        let [cipher, clear] =
            [encrypted(), with_a_part_of_version_0()].map(|packet| [packet, vec![0x5a; 40]].concat());
        for (packet, expected) in [(cipher, Some(SrtpVerdict::Encrypted)), (clear, Some(SrtpVerdict::Clear))]
        {
            let mut detector = SrtpDetector::default();
            detector.observe_rtcp(&packet[..40], packet.len());
            assert_eq!(detector.verdict(), expected);
        }
    }
}

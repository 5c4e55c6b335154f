//! The REMB message (specification section 12, draft-alvestrand-rmcat-remb-03): encoded and decoded in integers.

use crate::units::{Bitrate, Ssrc};

/// What makes application layer feedback a REMB.
pub const REMB_IDENTIFIER: &[u8; 4] = b"REMB";
/// The message's SSRC count has 8 bits.
pub const MAX_SSRCS: usize = 255;

const VERSION: u8 = 2;
const PADDING_BIT: u8 = 0x20;
const FORMAT_APPLICATION_LAYER: u8 = 15;
const TYPE_PAYLOAD_SPECIFIC_FEEDBACK: u8 = 206;
const COMMON_HEADER_LEN: usize = 4;
/// Sender, media source, identifier, count and rate.
const FIXED_PAYLOAD_LEN: usize = 16;
/// In the payload.
const IDENTIFIER_AT: usize = 8;
const MAX_MANTISSA: u64 = 0x3_ffff;

/// A receiver's estimated maximum bit rate for some SSRCs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remb {
    /// Who sends it.
    pub sender_ssrc: Ssrc,
    /// The estimate. On the wire it is rounded down to 18 significant bits.
    pub bitrate: Bitrate,
    /// The streams concerned, in wire order.
    pub ssrcs: Vec<Ssrc>,
}

/// More SSRCs than the message can hold; it was encoded with none, as libwebrtc does (specification 12.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0} SSRCs are more than a REMB can hold (255); sent without any")]
pub struct TooManySsrcs(pub usize);

/// Why bytes are no REMB.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseRembError {
    /// Not an RTCP packet of version 2, or shorter than it says.
    #[error("no RTCP packet, or cut short")]
    Malformed,
    /// Another RTCP packet.
    #[error("another RTCP packet, not a REMB")]
    NotRemb,
    /// The SSRC count and the length disagree.
    #[error("a REMB whose SSRC count and length disagree")]
    WrongLength,
    /// The snaplen cut it before its rate.
    #[error("a REMB that the snaplen cut before its bit rate")]
    Cut,
    /// The rate exceeds 63 bits.
    #[error("a REMB with a bit rate beyond 63 bits")]
    BitrateOverflow,
}

impl Remb {
    /// Appends the message to `out`: 20 bytes and 4 for each SSRC.
    pub fn encode(
        sender_ssrc: Ssrc,
        bitrate: Bitrate,
        ssrcs: &[Ssrc],
        out: &mut Vec<u8>,
    ) -> Result<(), TooManySsrcs> {
        let (count, ssrcs, result) = match u8::try_from(ssrcs.len()) {
            Ok(count) => (count, ssrcs, Ok(())),
            Err(_) => (0, &[][..], Err(TooManySsrcs(ssrcs.len()))),
        };
        let (exponent, mantissa) = to_mantissa(bitrate);
        let [_, high, middle, low] = mantissa.to_be_bytes();
        out.extend([VERSION << 6 | FORMAT_APPLICATION_LAYER, TYPE_PAYLOAD_SPECIFIC_FEEDBACK]);
        out.extend((4 + u16::from(count)).to_be_bytes());
        out.extend(sender_ssrc.0.to_be_bytes());
        out.extend([0; 4]);
        out.extend(REMB_IDENTIFIER);
        out.extend([count, exponent << 2 | high, middle, low]);
        for ssrc in ssrcs {
            out.extend(ssrc.0.to_be_bytes());
        }
        result
    }

    /// Reads one message, which starts at the first byte; what follows it is ignored (specification 12.4).
    pub fn parse(data: &[u8]) -> Result<Self, ParseRembError> {
        let (header, rest) =
            data.split_first_chunk::<COMMON_HEADER_LEN>().ok_or(ParseRembError::Malformed)?;
        let [first, packet_type, length @ ..] = *header;
        let payload_len = usize::from(u16::from_be_bytes(length)) * 4;
        let payload = rest.get(..payload_len).ok_or(ParseRembError::Malformed)?;
        if first >> 6 != VERSION {
            return Err(ParseRembError::Malformed);
        }
        let payload = if first & PADDING_BIT == 0 { payload } else { without_padding(payload)? };
        let format = first & 0x1f;
        if packet_type != TYPE_PAYLOAD_SPECIFIC_FEEDBACK || format != FORMAT_APPLICATION_LAYER {
            return Err(ParseRembError::NotRemb);
        }
        let (fixed, ssrcs) =
            payload.split_first_chunk::<FIXED_PAYLOAD_LEN>().ok_or(ParseRembError::Malformed)?;
        let (sender_ssrc, bitrate) = parse_fixed(fixed, payload.len())?;
        Ok(Self { sender_ssrc, bitrate, ssrcs: parse_ssrcs(ssrcs) })
    }
}

/// Sender and rate, from what follows the common header; `payload_len` is the message's length without that header.
fn parse_fixed(
    fixed: &[u8; FIXED_PAYLOAD_LEN],
    payload_len: usize,
) -> Result<(Ssrc, Bitrate), ParseRembError> {
    let [s0, s1, s2, s3, _, _, _, _, identifier @ .., count, high, middle, low] = *fixed;
    if &identifier != REMB_IDENTIFIER {
        return Err(ParseRembError::NotRemb);
    }
    if payload_len != FIXED_PAYLOAD_LEN + 4 * usize::from(count) {
        return Err(ParseRembError::WrongLength);
    }
    let mantissa = u32::from_be_bytes([0, high & 0x03, middle, low]);
    let bitrate = from_mantissa(high >> 2, mantissa).ok_or(ParseRembError::BitrateOverflow)?;
    Ok((Ssrc(u32::from_be_bytes([s0, s1, s2, s3])), bitrate))
}

fn parse_ssrcs(bytes: &[u8]) -> Vec<Ssrc> {
    bytes.as_chunks::<4>().0.iter().map(|bytes| Ssrc(u32::from_be_bytes(*bytes))).collect()
}

/// A REMB as it lies in a capture, whose snaplen may have cut the list of SSRCs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CapturedRemb {
    /// Who sent it.
    pub sender_ssrc: Ssrc,
    /// The rate.
    pub bitrate: Bitrate,
    /// The streams concerned; `None` where the list is cut.
    pub ssrcs: Option<Vec<Ssrc>>,
}

impl CapturedRemb {
    /// Reads what a capture kept of the payload behind a message's common header, of so many bytes on the wire without
    /// padding. What is cut before its identifier is no REMB.
    pub fn parse(payload: &[u8], len_on_wire: usize) -> Result<Self, ParseRembError> {
        if payload.get(IDENTIFIER_AT..IDENTIFIER_AT + 4) != Some(REMB_IDENTIFIER) {
            return Err(ParseRembError::NotRemb);
        }
        let Some((fixed, ssrcs)) = payload.split_first_chunk() else {
            let is_cut = payload.len() < len_on_wire;
            return Err(if is_cut { ParseRembError::Cut } else { ParseRembError::WrongLength });
        };
        let (sender_ssrc, bitrate) = parse_fixed(fixed, len_on_wire)?;
        let ssrcs = ssrcs.get(..len_on_wire - FIXED_PAYLOAD_LEN).map(parse_ssrcs);
        Ok(Self { sender_ssrc, bitrate, ssrcs })
    }

    /// Whether `other` may be the same REMB again, which rides on every later RTCP packet (specification 11.6).
    pub fn is_repeat_of(&self, other: &Self) -> bool {
        let same_list = match (&self.ssrcs, &other.ssrcs) {
            (Some(own), Some(others)) => own == others,
            _ => true,
        };
        self.sender_ssrc == other.sender_ssrc && self.bitrate == other.bitrate && same_list
    }
}

/// What is left of a rate after encoding: 18 significant bits, rounded down.
pub fn encoded_bitrate(bitrate: Bitrate) -> Bitrate {
    let (exponent, mantissa) = to_mantissa(bitrate);
    from_mantissa(exponent, mantissa).unwrap_or(bitrate)
}

/// The smallest exponent that fits (specification 12.2). A negative rate counts as zero.
fn to_mantissa(bitrate: Bitrate) -> (u8, u32) {
    let mut mantissa = u64::try_from(bitrate.as_bps()).unwrap_or(0);
    let mut exponent = 0;
    while mantissa > MAX_MANTISSA {
        mantissa >>= 1;
        exponent += 1;
    }
    (exponent, mantissa as u32)
}

fn from_mantissa(exponent: u8, mantissa: u32) -> Option<Bitrate> {
    if mantissa == 0 {
        return Some(Bitrate::default());
    }
    let bits = u128::from(mantissa).checked_shl(u32::from(exponent))?;
    i64::try_from(bits).ok().map(Bitrate::from_bps)
}

fn without_padding(payload: &[u8]) -> Result<&[u8], ParseRembError> {
    let count = usize::from(*payload.last().ok_or(ParseRembError::Malformed)?);
    match payload.len().checked_sub(count) {
        Some(len) if count > 0 => payload.get(..len).ok_or(ParseRembError::Malformed),
        _ => Err(ParseRembError::Malformed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn encoded(sender: u32, bps: i64, ssrcs: &[u32]) -> Vec<u8> {
        let mut out = Vec::new();
        let ssrcs: Vec<_> = ssrcs.iter().copied().map(Ssrc).collect();
        Remb::encode(Ssrc(sender), Bitrate::from_bps(bps), &ssrcs, &mut out).unwrap();
        out
    }

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Specification C13.
    #[test]
    fn rates_lose_what_18_bits_cannot_hold() {
        for (bps, exponent, mantissa, decoded) in [
            (0, 0, 0, 0),
            (1, 0, 1, 1),
            (262_143, 0, 0x3FFFF, 262_143),
            (262_144, 1, 0x20000, 262_144),
            (262_145, 1, 0x20000, 262_144),
            (524_287, 1, 0x3FFFF, 524_286),
            (1_234_567, 3, 0x25AD0, 1_234_560),
            (30_000_000, 7, 0x39387, 30_000_000),
            (8_927_168, 6, 0x220DF, 8_927_168),
            (4_294_967_295, 14, 0x3FFFF, 4_294_950_912),
            (i64::MAX, 45, 0x3FFFF, 9_223_336_852_482_686_976),
        ] {
            assert_eq!(to_mantissa(Bitrate::from_bps(bps)), (exponent, mantissa), "{bps}");
            assert_eq!(encoded_bitrate(Bitrate::from_bps(bps)).as_bps(), decoded);
        }
    }

    /// Specification C13.
    #[test]
    fn messages_are_those_of_the_specification() {
        assert_eq!(
            hex(&encoded(1, 300_000, &[0x1122_3344])),
            "8fce0005000000010000000052454d42010649f011223344"
        );
        assert_eq!(
            hex(&encoded(0x1234_5678, 1_234_567, &[1, 2, 3])),
            "8fce0007123456780000000052454d42030e5ad0000000010000000200000003"
        );
        assert_eq!(hex(&encoded(0xDEAD_BEEF, 0, &[])), "8fce0004deadbeef0000000052454d4200000000");
    }

    #[test]
    fn more_than_255_ssrcs_are_an_error_and_a_message_without_any() {
        let mut out = Vec::new();
        let result = Remb::encode(Ssrc(1), Bitrate::from_bps(1), &[Ssrc(9); 256], &mut out);
        assert_eq!((result, out.len()), (Err(TooManySsrcs(256)), 20));
    }

    #[test]
    fn a_rate_beyond_63_bits_is_refused_and_a_zero_mantissa_is_zero() {
        let mut message = encoded(1, 1, &[]);
        message[17] = 63 << 2;
        assert_eq!(Remb::parse(&message), Err(ParseRembError::BitrateOverflow));
        message[19] = 0;
        assert_eq!(Remb::parse(&message).map(|remb| remb.bitrate), Ok(Bitrate::default()));
    }

    #[test]
    fn the_ssrc_count_must_fit_the_length() {
        let mut message = encoded(1, 1, &[7]);
        message[16] = 2;
        assert_eq!(Remb::parse(&message), Err(ParseRembError::WrongLength));
    }

    proptest! {
        #[test]
        fn a_message_parses_back(sender: u32, bps in 0..i64::MAX, ssrcs: Vec<u32>) {
            let ssrcs: Vec<_> = ssrcs.into_iter().take(MAX_SSRCS).map(Ssrc).collect();
            let mut out = Vec::new();
            Remb::encode(Ssrc(sender), Bitrate::from_bps(bps), &ssrcs, &mut out).unwrap();
            let parsed = Remb::parse(&out).unwrap();
            let lost = bps - parsed.bitrate.as_bps();
            prop_assert!(lost >= 0 && (lost as f64) <= bps as f64 / f64::from(1 << 17));
            prop_assert_eq!((parsed.sender_ssrc, parsed.ssrcs), (Ssrc(sender), ssrcs));
        }

        #[test]
        fn no_bytes_make_it_panic(mut data in prop::collection::vec(any::<u8>(), 0..64)) {
            let _ = Remb::parse(&data);
            if let Some(start) = data.first_chunk_mut::<2>() {
                *start = [0x8f, 206];
                let _ = Remb::parse(&data);
            }
        }
    }

    #[test]
    fn a_remb_whose_list_is_cut_keeps_its_rate() {
        let whole = &encoded(7, 1_000_000, &[1, 2])[COMMON_HEADER_LEN..];
        for captured in 0..=whole.len() {
            let remb = CapturedRemb::parse(&whole[..captured], whole.len());
            match captured {
                0..12 => assert_eq!(remb, Err(ParseRembError::NotRemb)),
                12..16 => assert_eq!(remb, Err(ParseRembError::Cut)),
                _ => {
                    let ssrcs = (captured == whole.len()).then(|| vec![Ssrc(1), Ssrc(2)]);
                    let bitrate = Bitrate::from_bps(1_000_000);
                    assert_eq!(remb, Ok(CapturedRemb { sender_ssrc: Ssrc(7), bitrate, ssrcs }));
                }
            }
        }
    }

    #[test]
    fn a_repeat_has_the_same_rate_and_as_far_as_known_the_same_list() {
        let remb = |bps, ssrcs: Option<&[u32]>| CapturedRemb {
            sender_ssrc: Ssrc(1),
            bitrate: Bitrate::from_bps(bps),
            ssrcs: ssrcs.map(|ssrcs| ssrcs.iter().map(|ssrc| Ssrc(*ssrc)).collect()),
        };
        assert!(remb(5, Some(&[1])).is_repeat_of(&remb(5, Some(&[1]))));
        assert!(remb(5, None).is_repeat_of(&remb(5, Some(&[1]))));
        assert!(!remb(5, Some(&[1])).is_repeat_of(&remb(5, Some(&[1, 2]))));
        assert!(!remb(6, None).is_repeat_of(&remb(5, None)));
    }
}

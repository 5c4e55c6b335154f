//! What a UDP payload is: RFC 7983 and RFC 9443 for the protocols that share a WebRTC port, told by the first byte, and
//! RFC 5761 for RTP and RTCP.

use super::muxed::{is_rtcp, is_rtcp_type};
use crate::decode::stun::COOKIE as STUN_COOKIE;

/// What a payload looks like. Whether a stream that looks like RTP is RTP is decided later, by its behaviour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PacketClass {
    /// Version 2, and no RTCP.
    Rtp,
    /// Version 2, a known packet type of 192 to 223, and lengths that fit.
    Rtcp,
    /// STUN, with its magic cookie.
    Stun,
    /// DTLS.
    Dtls,
    /// TURN channel data, of the length that it states.
    TurnChannel,
    /// QUIC, by a long header of a known version; short headers cannot be told from other bytes.
    Quic,
    /// ZRTP.
    Zrtp,
    /// None of these.
    Other,
}

impl PacketClass {
    /// All, in the order of their numbers.
    pub const ALL: [Self; 8] = [
        Self::Rtp,
        Self::Rtcp,
        Self::Stun,
        Self::Dtls,
        Self::TurnChannel,
        Self::Quic,
        Self::Zrtp,
        Self::Other,
    ];

    /// As in the summary.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rtp => "rtp",
            Self::Rtcp => "rtcp",
            Self::Stun => "stun",
            Self::Dtls => "dtls",
            Self::TurnChannel => "turn-channel-data",
            Self::Quic => "quic",
            Self::Zrtp => "zrtp",
            Self::Other => "other",
        }
    }
}

const RTP_HEADER_LEN: usize = 12;
const CHANNEL_HEADER_LEN: usize = 4;
const ZRTP_COOKIE: &[u8; 4] = b"ZRTP";

/// Versions 1 (RFC 9000), 2 (RFC 9369), negotiation, and the drafts.
fn has_quic_version(payload: &[u8]) -> bool {
    payload.get(1..).and_then(|rest| rest.first_chunk()).is_some_and(|version| {
        matches!(u32::from_be_bytes(*version), 0 | 1 | 0x6b33_43cf | 0xff00_0000..=0xff00_00ff)
    })
}

/// The class of a payload of `len` bytes, of which `payload` is what was captured.
#[inline]
pub fn classify(payload: &[u8], len: usize) -> PacketClass {
    match payload.first_chunk::<RTP_HEADER_LEN>() {
        // Without a branch on the marker bit, which no processor can foresee.
        Some(header) if header[0] >> 6 == 2 && !is_rtcp_type(header[1]) => PacketClass::Rtp,
        _ => classify_other(payload, len),
    }
}

fn classify_other(payload: &[u8], len: usize) -> PacketClass {
    let (Some(first), second) = (payload.first(), payload.get(1)) else { return PacketClass::Other };
    let word = payload.get(4..8);
    match (first, second) {
        (0..=3, _) if word == Some(&STUN_COOKIE) => PacketClass::Stun,
        (16..=19, _) if word == Some(ZRTP_COOKIE) => PacketClass::Zrtp,
        (20..=63, Some(0xfe)) => PacketClass::Dtls,
        (64..=79, _) if is_channel_data(payload, len) => PacketClass::TurnChannel,
        (192..=255, _) if has_quic_version(payload) => PacketClass::Quic,
        (128..=191, Some(second)) if is_rtcp_type(*second) => match is_rtcp(payload, len) {
            true => PacketClass::Rtcp,
            false if payload.len() >= RTP_HEADER_LEN => PacketClass::Rtp,
            false => PacketClass::Other,
        },
        _ => PacketClass::Other,
    }
}

/// Whether the length behind the channel's number is that of the datagram, which may be padded to four bytes (RFC 8656
/// section 12.4).
fn is_channel_data(payload: &[u8], len: usize) -> bool {
    let Some(&[_, _, l0, l1]) = payload.first_chunk() else { return false };
    let stated = usize::from(u16::from_be_bytes([l0, l1]));
    let room = len.checked_sub(CHANNEL_HEADER_LEN);
    room.is_some_and(|room| (stated..=stated.next_multiple_of(4)).contains(&room))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_bytes_tell_the_protocols_apart() {
        let padded = |start: &[u8]| [start, &vec![0; 24 - start.len()]].concat();
        for (start, class) in [
            (&[0x80, 96][..], PacketClass::Rtp),
            (&[0xbf, 0xe0], PacketClass::Rtp),
            (&[0x80, 201, 0, 1], PacketClass::Rtcp),
            (&[0x8f, 206, 0, 4], PacketClass::Rtcp),
            (&[0x81, 201, 0x70, 1], PacketClass::Rtp),
            (&[0x80, 194, 0x17, 9], PacketClass::Rtp),
            (&[0x81, 223], PacketClass::Rtp),
            (&[0x80, 224], PacketClass::Rtp),
            (&[0, 1, 0, 8, 0x21, 0x12, 0xa4, 0x42], PacketClass::Stun),
            (&[0, 1, 0, 8], PacketClass::Other),
            (&[22, 0xfe, 0xfd], PacketClass::Dtls),
            (&[0x40, 0, 0, 20], PacketClass::TurnChannel),
            (&[0x40, 0, 0, 19], PacketClass::TurnChannel),
            (&[0x40, 0, 0, 21], PacketClass::Other),
            (&[0x40, 0, 0, 16], PacketClass::Other),
            (&[0x47, 0x1f, 0xff, 0x10], PacketClass::Other),
            (&[0xc3, 0, 0, 0, 1], PacketClass::Quic),
            (&[0xc3, 0x28, 1, 0, 0, 1], PacketClass::Other),
            (&[0x10, 0, 0, 0, b'Z', b'R', b'T', b'P'], PacketClass::Zrtp),
        ] {
            assert_eq!(classify(&padded(start), 24), class, "{start:02x?}");
        }
    }

    #[test]
    fn what_is_too_short_is_no_rtp() {
        assert_eq!(classify(&[], 0), PacketClass::Other);
        assert_eq!(classify(&[0x80, 96, 0, 1], 4), PacketClass::Other);
        assert_eq!(classify(&[0x80], 1), PacketClass::Other);
    }
}

//! The payload types that RFC 3551 fixes (tables 4 and 5).

use crate::units::PayloadType;

/// What a static payload type stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct StaticPayload {
    pub is_audio: bool,
    pub clock_hz: u32,
}

/// `None` for dynamic, reserved and unassigned types.
pub(super) const fn static_payload(payload_type: PayloadType) -> Option<StaticPayload> {
    let (is_audio, clock_hz) = match payload_type.0 {
        // PCMU, GSM, G723, DVI4, LPC, PCMA, G722 (its clock is 8 kHz by an old mistake), QCELP, CN, G728, G729.
        0 | 3..=5 | 7..=9 | 12 | 13 | 15 | 18 => (true, 8_000),
        // DVI4 at other rates.
        6 => (true, 16_000),
        16 => (true, 11_025),
        17 => (true, 22_050),
        // L16, two channels and one.
        10 | 11 => (true, 44_100),
        // MPA: audio on a video clock.
        14 => (true, 90_000),
        // CelB, JPEG, nv, H261, MPV, MP2T, H263.
        25 | 26 | 28 | 31..=34 => (false, 90_000),
        _ => return None,
    };
    Some(StaticPayload { is_audio, clock_hz })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn g711_is_audio_h263_is_not_and_96_is_dynamic() {
        let of = |n| static_payload(PayloadType(n)).map(|p| (p.is_audio, p.clock_hz));
        assert_eq!(of(8), Some((true, 8_000)));
        assert_eq!(of(34), Some((false, 90_000)));
        assert_eq!([1, 2, 19, 35, 96, 127].map(of), [None; 6]);
    }
}

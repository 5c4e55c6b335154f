//! The abs-send-time header extension's value (specification 1.5).

use super::{TimeDelta, Timestamp};

/// A send time in 24 bits, 6.18 fixed-point seconds; it wraps every 64 s. Zero is a legal time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AbsSendTime(u32);

impl AbsSendTime {
    /// Units per second: one unit is 2⁻¹⁸ s.
    pub const UNITS_PER_SECOND: u32 = 1 << 18;
    /// After this much time the value repeats.
    pub const WRAP: TimeDelta = TimeDelta::from_secs(64);
    /// The same in nanoseconds.
    pub const WRAP_NANOS: i64 = 64_000_000_000;

    const MASK: u32 = 0x00ff_ffff;

    /// From the raw 24-bit value; higher bits are dropped.
    pub const fn from_raw(raw: u32) -> Self {
        Self(raw & Self::MASK)
    }

    /// From the element's three bytes, big-endian.
    pub const fn from_be_bytes([high, middle, low]: [u8; 3]) -> Self {
        Self((high as u32) << 16 | (middle as u32) << 8 | low as u32)
    }

    /// The raw 24-bit value.
    pub const fn raw(self) -> u32 {
        self.0
    }

    /// 6.26 fixed point, so that the wrap is that of 32-bit arithmetic.
    pub const fn to_ticks(self) -> u32 {
        self.0 << 8
    }

    /// The probe search's send time: ⌊raw × 10⁶ / 2¹⁸⌋ µs, not unwrapped.
    pub const fn to_timestamp(self) -> Timestamp {
        Timestamp::from_micros((self.0 as i64 * 1_000_000) >> 18)
    }

    /// Units from `earlier` to here, modulo 2²⁴.
    pub const fn units_since(self, earlier: Self) -> u32 {
        self.0.wrapping_sub(earlier.0) & Self::MASK
    }
}

/// What a packet says about its send time.
///
/// Present and unreadable differ from absent: the first keeps libwebrtc on the abs-send-time estimator
/// (specification 2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AbsSendTimeElement {
    /// No element has the id.
    #[default]
    Absent,
    /// The element has a length other than three bytes.
    Unreadable,
    /// The send time.
    Value(AbsSendTime),
}

impl AbsSendTimeElement {
    /// From the element's bytes.
    pub fn from_element(value: Option<&[u8]>) -> Self {
        match value {
            None => Self::Absent,
            Some(&[high, middle, low]) => Self::Value(AbsSendTime::from_be_bytes([high, middle, low])),
            Some(_) => Self::Unreadable,
        }
    }

    /// The send time, if it is there and readable.
    pub const fn value(self) -> Option<AbsSendTime> {
        match self {
            Self::Value(time) => Some(time),
            Self::Absent | Self::Unreadable => None,
        }
    }
}

impl From<AbsSendTime> for AbsSendTimeElement {
    fn from(time: AbsSendTime) -> Self {
        Self::Value(time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Specification C1.
    #[test]
    fn conversions_are_those_of_the_table() {
        for (raw, ticks, micros) in [
            (0x00_0000, 0, 0),
            (0x00_0001, 256, 3),
            (0x00_0002, 512, 7),
            (0x00_0106, 67_072, 999),
            (0x00_0107, 67_328, 1_003),
            (0x00_051E, 335_360, 4_997),
            (0x00_051F, 335_616, 5_001),
            (0x02_0000, 33_554_432, 500_000),
            (0x04_0000, 67_108_864, 1_000_000),
            (0x12_3456, 305_419_776, 4_551_109),
            (0x80_0000, 2_147_483_648, 32_000_000),
            (0xFF_FFFF, 4_294_967_040, 63_999_996),
        ] {
            let time = AbsSendTime::from_raw(raw);
            assert_eq!((time.to_ticks(), time.to_timestamp().as_micros()), (ticks, micros), "{raw:#08x}");
        }
    }

    #[test]
    fn differences_wrap_at_24_bits() {
        let before = AbsSendTime::from_be_bytes([0xff, 0xff, 0xff]);
        assert_eq!(AbsSendTime::from_raw(0x0100_0000).units_since(before), 1);
    }

    #[test]
    fn a_send_time_of_another_length_is_present_and_unreadable() {
        assert_eq!(AbsSendTimeElement::from_element(None), AbsSendTimeElement::Absent);
        assert_eq!(AbsSendTimeElement::from_element(Some(&[])), AbsSendTimeElement::Unreadable);
        assert_eq!(AbsSendTimeElement::from_element(Some(&[0, 1, 2, 3])), AbsSendTimeElement::Unreadable);
        let zero = AbsSendTimeElement::from_element(Some(&[0, 0, 0]));
        assert_eq!(zero.value().map(AbsSendTime::raw), Some(0), "zero is a legal time");
    }
}

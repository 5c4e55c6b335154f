//! The value of an abs-capture-time element.

use crate::units::AbsSendTime;

/// The element's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AbsCaptureTime {
    /// When the frame was captured, 64-bit NTP of the capturing system.
    pub captured: u64,
    /// The capturing system's clock minus the sender's, in units of 2⁻³² s.
    pub clock_offset: Option<i64>,
}

impl AbsCaptureTime {
    /// From the element's 8 or 16 bytes.
    pub fn parse(value: &[u8]) -> Option<Self> {
        let (captured, rest) = value.split_first_chunk()?;
        let clock_offset = match rest.len() {
            0 => None,
            8 => Some(i64::from_be_bytes(*rest.first_chunk()?)),
            _ => return None,
        };
        Some(Self { captured: u64::from_be_bytes(*captured), clock_offset })
    }

    /// The 24 bits of its time that abs-send-time would have.
    pub const fn to_send_time(self) -> AbsSendTime {
        Self::send_time_of(self.captured)
    }

    /// The same of any 64-bit NTP time.
    pub const fn send_time_of(ntp: u64) -> AbsSendTime {
        AbsSendTime::from_raw((ntp >> 14) as u32)
    }
}

//! Identifiers that must not be mixed up.

use std::fmt;

/// RTP sequence number; it wraps at 2¹⁶.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SeqNum(pub u16);

impl SeqNum {
    /// Signed steps from `earlier` to here, the shorter way round.
    pub const fn steps_since(self, earlier: Self) -> i16 {
        self.0.wrapping_sub(earlier.0) as i16
    }
}

/// RTP payload type, 7 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct PayloadType(pub u8);

impl fmt::Display for PayloadType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A frame's number in its capture as Wireshark shows it: the first is 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct FrameNumber(pub u64);

impl fmt::Display for FrameNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sequence_numbers_step_the_shorter_way_round() {
        assert_eq!(SeqNum(2).steps_since(SeqNum(0xffff)), 3);
        assert_eq!(SeqNum(0xffff).steps_since(SeqNum(2)), -3);
    }
}

//! Streams by their number.

use std::fmt;

/// Synchronisation source of an RTP stream (RFC 3550); printed as `0x%08x`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Ssrc(pub u32);

impl fmt::Display for Ssrc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{:08x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ssrc_prints_as_eight_hex_digits() {
        assert_eq!(Ssrc(0xbeef).to_string(), "0x0000beef");
    }
}

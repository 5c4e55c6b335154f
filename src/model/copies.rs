//! Packets that are in a capture more than once.

/// Which of several copies of a packet count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CopyPolicy {
    /// The first, as with a receiver behind SRTP (RFC 3711 section 3.3.2).
    #[default]
    First,
    /// The last that comes within two seconds.
    Last,
    /// All.
    Keep,
}

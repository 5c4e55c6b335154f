//! Time in stretches of one length, numbered from the epoch.

/// How many stretches fit into the memory of those who keep the latest.
pub(super) const KEPT: usize = 64;

/// Stretches of so many nanoseconds. Most packets are in that of the packet before: only others need a division.
#[derive(Clone, Copy, Default)]
pub(super) struct Stretches<const NANOS: i64> {
    latest: i64,
    begins: i64,
}

impl<const NANOS: i64> Stretches<NANOS> {
    /// The number of the stretch that a time is in.
    #[inline]
    pub(super) fn number(&mut self, nanos: i64) -> i64 {
        if nanos.wrapping_sub(self.begins).cast_unsigned() >= NANOS.cast_unsigned() {
            self.latest = Self::number_of(nanos);
            self.begins = self.latest.wrapping_mul(NANOS);
        }
        self.latest
    }

    /// The same for those who ask seldom.
    pub(super) const fn number_of(nanos: i64) -> i64 {
        nanos.div_euclid(NANOS)
    }
}

/// Which one was the latest saves a division and is no state.
impl<const NANOS: i64> std::fmt::Debug for Stretches<NANOS> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Stretches<{NANOS}>")
    }
}

/// Where a stretch is among those that are kept.
#[inline]
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the last six bits")]
pub(super) const fn place(number: i64) -> usize {
    (number & (KEPT as i64 - 1)) as usize
}

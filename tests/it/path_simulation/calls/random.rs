//! Numbers from a seed, the same on every machine.

/// A generator of numbers (splitmix64).
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0xd134_2543_de82_ef95).wrapping_add(1))
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// One of `from..=to`.
    pub(super) fn range(&mut self, from: i64, to: i64) -> i64 {
        from + (self.next() % (to - from + 1) as u64) as i64
    }

    /// One of `from..=to`, each doubling as often as the others.
    pub(super) fn octaves(&mut self, from: i64, to: i64) -> i64 {
        let octaves = (0..).take_while(|octave| from << octave < to).count() as i64;
        let low = from << self.range(0, octaves - 1);
        self.range(low, to.min(2 * low))
    }

    pub(super) fn percent(&mut self, share: i64) -> bool {
        self.range(0, 99) < share
    }

    pub(super) fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.range(0, of.len() as i64 - 1) as usize]
    }

    pub(super) fn shuffled<T>(&mut self, mut of: Vec<T>) -> Vec<T> {
        for last in (1..of.len()).rev() {
            of.swap(last, self.range(0, last as i64) as usize);
        }
        of
    }
}

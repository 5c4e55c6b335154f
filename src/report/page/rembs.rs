//! REMBs over time, of one sender.

use super::packed::Packed;
use crate::report::halved::halve;

/// Beyond so many, neighbours are thinned out, extremes kept.
const MAX_REMBS: usize = 32_768;

/// Times, microseconds since the capture's first frame, and rates, bit/s.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Rembs(Vec<(i64, i64)>);

impl Rembs {
    /// Takes the next.
    pub(super) fn push(&mut self, at_us: i64, bps: i64) {
        self.0.push((at_us, bps));
        if self.0.len() >= MAX_REMBS {
            halve(&mut self.0, i64::cmp);
        }
    }

    /// Those that are kept, in order of time.
    pub(super) fn iter(&self) -> impl Iterator<Item = (i64, i64)> {
        self.0.iter().copied()
    }

    pub(super) fn columns(&self) -> [Packed; 2] {
        let mut columns = <[Packed; 2]>::default();
        for (at, bps) in &self.0 {
            columns.iter_mut().zip([at, bps]).for_each(|(column, value)| column.push(Some(*value)));
        }
        columns
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rembs_are_bounded_and_their_extremes_stay() {
        let mut rembs = Rembs::default();
        (0..300_000).for_each(|second| rembs.push(second, if second == 777 { 9 } else { 1 }));
        assert!(rembs.0.len() < MAX_REMBS && rembs.0.contains(&(777, 9)) && rembs.0.is_sorted());
    }
}

//! REMBs over time, of one sender.

use super::packed::Packed;

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
            self.thin();
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

    fn thin(&mut self) {
        let kept = self.0.chunks(4).flat_map(|group| {
            let (least, greatest) =
                (group.iter().min_by_key(|remb| remb.1), group.iter().max_by_key(|remb| remb.1));
            let mut pair: Vec<_> = least.into_iter().chain(greatest).copied().collect();
            pair.sort_unstable_by_key(|remb| remb.0);
            pair
        });
        self.0 = kept.collect();
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

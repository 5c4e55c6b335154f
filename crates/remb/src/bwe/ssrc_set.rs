//! The SSRCs of a transport, ascending, and where each of them is: packets of a few streams come in turns.

use crate::units::Ssrc;

/// A sorted set that remembers where it found what it was asked for.
#[derive(Debug, Clone, Default)]
pub(crate) struct SsrcSet {
    ascending: Vec<Ssrc>,
    /// Places, by the lowest bits of the SSRC; to be looked at, not to be trusted.
    hints: [usize; HINTS],
}

const HINTS: usize = 16;

impl SsrcSet {
    /// Where an SSRC is; or, as an error, where it would be.
    #[inline]
    pub(crate) fn place(&mut self, ssrc: Ssrc) -> Result<usize, usize> {
        let hint = self.hints[ssrc.0 as usize % HINTS];
        if self.ascending.get(hint) == Some(&ssrc) {
            return Ok(hint);
        }
        self.search(ssrc)
    }

    /// Whether an SSRC is in it.
    #[inline]
    pub(crate) fn contains(&mut self, ssrc: Ssrc) -> bool {
        let hint = self.hints[ssrc.0 as usize % HINTS];
        self.ascending.get(hint) == Some(&ssrc) || self.search(ssrc).is_ok()
    }

    /// Takes an SSRC in at the place that [`Self::place`] gave.
    pub(crate) fn insert(&mut self, place: usize, ssrc: Ssrc) {
        self.ascending.insert(place, ssrc);
    }

    /// Takes an SSRC out.
    pub(crate) fn remove(&mut self, place: usize) {
        self.ascending.remove(place);
    }

    /// Keeps those whose place is one to keep.
    pub(crate) fn retain_places(&mut self, mut keep: impl FnMut(usize) -> bool) {
        let mut place = 0;
        self.ascending.retain(|_| {
            place += 1;
            keep(place - 1)
        });
    }

    /// Takes all out.
    pub(crate) fn clear(&mut self) {
        self.ascending.clear();
    }

    /// All, ascending.
    pub(crate) fn as_slice(&self) -> &[Ssrc] {
        &self.ascending
    }

    #[cold]
    fn search(&mut self, ssrc: Ssrc) -> Result<usize, usize> {
        let place = self.ascending.binary_search(&ssrc)?;
        self.hints[ssrc.0 as usize % HINTS] = place;
        Ok(place)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn is_a_sorted_set(steps in prop::collection::vec((0_u32..40, any::<bool>()), 0..200)) {
            let (mut set, mut model) = (SsrcSet::default(), BTreeSet::new());
            for (ssrc, add) in steps {
                let ssrc = Ssrc(ssrc);
                prop_assert_eq!(set.contains(ssrc), model.contains(&ssrc));
                let found = set.place(ssrc);
                prop_assert_eq!(found.is_ok(), model.contains(&ssrc));
                match (found, add) {
                    (Err(place), true) => set.insert(place, ssrc),
                    (Ok(place), false) => set.remove(place),
                    (Ok(place), true) => prop_assert_eq!(set.as_slice()[place], ssrc),
                    (Err(_), false) => {}
                }
                if add { model.insert(ssrc); } else { model.remove(&ssrc); }
                prop_assert!(set.as_slice().iter().eq(&model));
            }
        }
    }
}

//! The streams of one flow, found by their SSRC.

use std::collections::HashMap;

use crate::units::Ssrc;

use super::stream::{Admission, Stream};

/// Streams in order of appearance. Few are looked through, many are indexed; where each was found is remembered.
#[derive(Debug, Default)]
pub(super) struct Streams {
    list: Vec<Stream>,
    /// Theirs.
    ssrcs: Vec<Ssrc>,
    /// Places, by the lowest bits of the SSRC; to be looked at, not to be trusted.
    hints: [usize; HINTS],
    by_ssrc: HashMap<Ssrc, usize>,
    /// The first so many are decided.
    decided: usize,
}

/// More are indexed.
const FEW: usize = 16;
const HINTS: usize = 16;

impl Streams {
    /// Where a stream is.
    #[inline]
    pub(super) fn place(&mut self, ssrc: Ssrc) -> Option<usize> {
        let hint = self.hints[ssrc.0 as usize % HINTS];
        if self.ssrcs.get(hint) == Some(&ssrc) {
            return Some(hint);
        }
        let place = self.search(ssrc)?;
        self.hints[ssrc.0 as usize % HINTS] = place;
        Some(place)
    }

    /// Where a stream is, and whether it is new; `None` where there is none and no new one.
    pub(super) fn place_or_add(
        &mut self,
        ssrc: Ssrc,
        new: impl FnOnce() -> Option<Stream>,
    ) -> Option<(usize, bool)> {
        if let Some(place) = self.place(ssrc) {
            return Some((place, false));
        }
        let stream = new()?;
        self.list.reserve_exact(1);
        self.list.push(stream);
        self.ssrcs.push(ssrc);
        let place = self.list.len() - 1;
        match self.list.len() {
            0..=FEW => {}
            len if len == FEW + 1 => self.index(),
            _ => {
                self.by_ssrc.insert(ssrc, place);
            }
        }
        Some((place, true))
    }

    #[inline]
    pub(super) fn get(&self, place: usize) -> Option<&Stream> {
        self.list.get(place)
    }

    #[inline]
    pub(super) fn get_mut(&mut self, place: usize) -> Option<&mut Stream> {
        self.list.get_mut(place)
    }

    pub(super) fn knows(&self, ssrc: Ssrc) -> bool {
        self.search(ssrc).is_some()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Stream> {
        self.list.iter()
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Stream> {
        self.list.iter_mut()
    }

    /// Whether no packet of any needs to wait.
    pub(super) fn all_are_decided(&mut self) -> bool {
        while self.list.get(self.decided).is_some_and(Stream::is_decided) {
            self.decided += 1;
        }
        self.decided == self.list.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Takes the newest back.
    pub(super) fn remove_last(&mut self) {
        self.list.pop();
        self.decided = self.decided.min(self.list.len());
        if let Some(ssrc) = self.ssrcs.pop() {
            self.by_ssrc.remove(&ssrc);
        }
    }

    /// Forgets those that were no RTP so far; says how many.
    pub(super) fn forget_others_than_rtp(&mut self) -> usize {
        let before = self.list.len();
        self.list.retain(|stream| stream.admission != Admission::Undecided);
        self.list.shrink_to_fit();
        self.decided = 0;
        self.ssrcs = self.list.iter().map(|stream| stream.ssrc).collect();
        self.index();
        before - self.list.len()
    }

    fn search(&self, ssrc: Ssrc) -> Option<usize> {
        match self.list.len() {
            0..=FEW => self.ssrcs.iter().position(|known| *known == ssrc),
            _ => self.by_ssrc.get(&ssrc).copied(),
        }
    }

    fn index(&mut self) {
        self.by_ssrc.clear();
        if self.list.len() > FEW {
            let places = self.ssrcs.iter().enumerate().map(|(place, ssrc)| (*ssrc, place));
            self.by_ssrc.extend(places);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn add(streams: &mut Streams, ssrc: u32) -> (usize, bool) {
        streams.place_or_add(Ssrc(ssrc), || Some(Stream::new(Ssrc(ssrc), true, None))).unwrap()
    }

    #[test]
    fn few_and_many_are_found_where_they_are() {
        let mut streams = Streams::default();
        for count in 1..60_u32 {
            assert_eq!(add(&mut streams, 1000 + count), (count as usize - 1, true));
            for known in 1..=count {
                assert_eq!(add(&mut streams, 1000 + known), (known as usize - 1, false));
            }
            assert_eq!(streams.place(Ssrc(7)), None);
        }
    }

    #[test]
    fn those_that_are_rtp_stay_when_others_are_forgotten() {
        let mut streams = Streams::default();
        for ssrc in 0..50 {
            let (place, _) = add(&mut streams, ssrc);
            if ssrc % 2 == 1 {
                streams.get_mut(place).unwrap().admission = Admission::Fed;
            }
        }
        assert_eq!(streams.forget_others_than_rtp(), 25);
        assert_eq!((streams.place(Ssrc(2)), streams.place(Ssrc(7))), (None, Some(3)));
        assert!(streams.all_are_decided());
        add(&mut streams, 100);
        assert!(!streams.all_are_decided());
        streams.remove_last();
        assert!(streams.all_are_decided());
        streams.remove_last();
        assert!(!streams.knows(Ssrc(49)) && streams.knows(Ssrc(47)));
    }
}

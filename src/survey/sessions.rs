//! All sessions, by the order in which their flows appeared. What never showed itself to be RTP makes room when room is
//! needed.

use super::session::Session;

/// Sessions by their flow's place. A place may be empty: its flow was no RTP so far.
#[derive(Debug, Default)]
pub(super) struct Sessions(Vec<Option<Box<Session>>>);

impl Sessions {
    /// A place for a new flow.
    pub(super) fn new_place(&mut self) -> usize {
        self.0.push(None);
        self.0.len() - 1
    }

    pub(super) fn places(&self) -> usize {
        self.0.len()
    }

    pub(super) fn put(&mut self, place: usize, session: Session) {
        if let Some(slot) = self.0.get_mut(place) {
            *slot = Some(Box::new(session));
        }
    }

    pub(super) fn get(&self, place: usize) -> Option<&Session> {
        self.0.get(place)?.as_deref()
    }

    pub(super) fn get_mut(&mut self, place: usize) -> Option<&mut Session> {
        self.0.get_mut(place)?.as_deref_mut()
    }

    /// With their places.
    pub(super) fn enumerate(&self) -> impl Iterator<Item = (usize, &Session)> {
        self.0.iter().enumerate().filter_map(|(place, session)| Some((place, session.as_deref()?)))
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Session> {
        self.0.iter().flatten().map(Box::as_ref)
    }

    /// Forgets streams that were no RTP so far, and sessions without any other; says how many streams.
    pub(super) fn make_room(&mut self) -> usize {
        let mut freed = 0;
        for slot in &mut self.0 {
            if let Some(session) = slot {
                freed += session.forget_others_than_rtp();
                if session.streams.is_empty() {
                    *slot = None;
                }
            }
        }
        freed
    }
}

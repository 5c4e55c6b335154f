//! What was found, in order of its beginning, as far as there is room.

use crate::model::{Event, Happening, NoRise};
use crate::units::{CaptureTime, FrameNumber, Seconds};

/// An event before it is known which capture's first frame its times count from.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Found {
    pub(super) at: CaptureTime,
    pub(super) until: Option<CaptureTime>,
    pub(super) frame: Option<FrameNumber>,
    pub(super) is_detail: bool,
    pub(super) what: Happening,
}

/// The events of a flow.
#[derive(Debug, Clone, Default)]
pub(super) struct Log {
    found: Vec<Found>,
    /// What there was no room for.
    left_out: u64,
}

/// A stranger's capture decides how many there are.
const MAX_EVENTS: usize = 4096;

impl Log {
    pub(super) fn push(&mut self, found: Found) {
        match self.found.len() < MAX_EVENTS {
            true => self.found.push(found),
            false => self.left_out += 1,
        }
    }

    /// What there was no room for.
    pub(super) const fn left_out(&self) -> u64 {
        self.left_out
    }

    /// The latest first.
    pub(super) fn latest_mut(&mut self) -> impl Iterator<Item = &mut Found> {
        self.found.iter_mut().rev()
    }

    /// The pause that was found last belongs to something else.
    pub(super) fn forget_latest_pause(&mut self) {
        if let Some(place) = self.found.iter().rposition(|found| matches!(found.what, Happening::Pause(_))) {
            self.found.remove(place);
        }
    }

    /// In order of time, counted from `first_at`.
    pub(super) fn events(self, flow: usize, first_at: CaptureTime) -> Vec<Event> {
        let mut found = self.found;
        found.sort_by_key(|found| found.at);
        let seconds = |at: CaptureTime| Seconds(at.nanos_since(first_at));
        let events = found.into_iter().map(|Found { at, until, frame, is_detail, what }| {
            let mut what = what;
            if let Happening::NoRise(NoRise { queue_empty_since: Some(Seconds(since)), .. }) = &mut what {
                *since -= first_at.as_nanos();
            }
            let first_frame = frame.filter(|frame| frame.0 > 0);
            Event { flow, at: seconds(at), until: until.map(seconds), first_frame, is_detail, what }
        });
        events.collect()
    }
}

//! What only the reader of a capture knows.

use crate::beside::Fit;
use crate::capture::{CaptureError, CaptureReader, LogNotes, Skip, SkipCounts};
use crate::units::Count;

use super::{Doubt, Frames, Limit, Warning};

/// How the reading of a capture went.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reading {
    /// Records that gave no frame.
    pub skipped: SkipCounts,
    /// Captures put behind the first, and the frame that the first of them begins with.
    pub concatenated: Count,
    /// What the reader of a log noticed.
    pub log: LogNotes,
    /// How the clock of the event log beside it stands to its own.
    pub fit: Option<Fit>,
    /// Why reading ended before the capture did.
    pub ended_early: Option<String>,
}

impl Reading {
    /// Of a reader that has come to its end, or to where it failed.
    pub fn of(reader: &CaptureReader, ended_early: Option<&CaptureError>) -> Self {
        Self {
            skipped: *reader.skipped(),
            concatenated: reader.concatenated(),
            log: reader.log_notes(),
            fit: None,
            ended_early: ended_early.map(CaptureError::to_string),
        }
    }

    /// Adds it to what was found in the frames.
    pub fn complete(&self, frames: &mut Frames, warnings: &mut Vec<Warning>) {
        let mut add = |doubt, count| warnings.push(Warning { doubt, flow: None, count });
        for (reason, (count, first)) in Skip::ALL.iter().zip(&self.skipped) {
            if *count > 0 {
                let count = Count { count: *count, first_frame: first.0 };
                frames.skipped.insert(reason.name(), count);
                frames.total += count.count;
                if *reason == Skip::InterfaceLimit {
                    add(Doubt::Limit(Limit::Interfaces), Some(count));
                }
            }
        }
        let LogNotes { zeroed, long_gaps, cut_to, .. } = self.log;
        let notes = [
            (Doubt::PayloadsZeroed, zeroed),
            (Doubt::LogGaps, long_gaps),
            (Doubt::LogCut(cut_to.map_or(0, |(len, _)| len)), cut_to.map_or(0, |(_, count)| count)),
        ];
        for (doubt, count) in notes.into_iter().filter(|(_, count)| *count > 0) {
            add(doubt, Some(Count { count, first_frame: 0 }));
        }
        if let Some(fit) = self.fit {
            add(Doubt::EventLogFit(fit), Some(Count { count: fit.pairs, first_frame: 0 }));
        }
        if self.concatenated.count > 0 {
            add(Doubt::Concatenated, Some(self.concatenated));
        }
        if let Some(why) = &self.ended_early {
            add(Doubt::Incomplete(why.clone()), None);
        }
    }
}

//! What only the reader of a capture knows.

use crate::capture::{CaptureError, CaptureReader, Skip, SkipCounts};
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
    /// Why reading ended before the capture did.
    pub ended_early: Option<String>,
}

impl Reading {
    /// Of a reader that has come to its end, or to where it failed.
    pub fn of(reader: &CaptureReader, ended_early: Option<&CaptureError>) -> Self {
        Self {
            skipped: *reader.skipped(),
            concatenated: reader.concatenated(),
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
        if self.concatenated.count > 0 {
            add(Doubt::Concatenated, Some(self.concatenated));
        }
        if let Some(why) = &self.ended_early {
            add(Doubt::Incomplete(why.clone()), None);
        }
    }
}

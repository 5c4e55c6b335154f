//! Why a capture has no frame to work on, in words.

use super::counted;
use crate::capture::{CaptureError, Skip, SkipCounts};

/// What there is instead; `ended_early` is why reading ended, if it did before the capture's end.
pub fn no_frame(skipped: &SkipCounts, ended_early: Option<&CaptureError>) -> String {
    if let Some(error) = ended_early {
        return format!("no frame could be read: {error}");
    }
    let seen = Skip::ALL.iter().zip(skipped).filter(|(_, (count, _))| *count > 0);
    let seen: Vec<_> =
        seen.map(|(reason, (count, _))| format!("{} {}", counted(*count, "packets"), reason.why())).collect();
    match seen.as_slice() {
        [] => "a capture without frames".to_owned(),
        seen => format!("no frame could be read: {}", seen.join(", ")),
    }
}

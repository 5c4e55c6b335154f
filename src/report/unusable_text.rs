//! REMBs of the capture that are not used, in words.

use crate::model::{Unusable, Unusables};

use super::counted;

/// How many, and why each.
pub(super) fn sentence(unusables: &Unusables) -> String {
    let reasons: Vec<_> =
        unusables.seen().map(|(why, count)| format!("{} {}", count.count, in_words(why))).collect();
    format!(
        "{} of the capture are not used: {}",
        counted(unusables.total().count, "REMBs"),
        reasons.join(", ")
    )
}

/// Behind how many.
const fn in_words(why: Unusable) -> &'static str {
    match why {
        Unusable::Counts => "whose number of SSRCs does not fit their length",
        Unusable::TooHigh => "above 2^63 bit/s",
        Unusable::Cut => "cut by the snaplen before their bit rate",
        Unusable::Broken => "in or behind a part of a compound that is no RTCP",
        Unusable::OwnDirection => "that go with the media that they are about",
        Unusable::NoFlow => "of no known flow",
    }
}

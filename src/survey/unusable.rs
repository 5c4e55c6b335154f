//! REMBs of the capture that are not used, each with its reason.

use std::collections::BTreeMap;

use crate::remb::{CapturedRemb, ParseRembError};
use crate::report::counted;
use crate::rtp::{Block, begins_with_remb};
use crate::units::Count;

/// Why a REMB is not used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unusable {
    /// Its number of SSRCs and its length disagree.
    Counts,
    /// Its rate is beyond 63 bits.
    TooHigh,
    /// The snaplen cut it before its rate.
    Cut,
    /// It is behind, or in, a part of the compound that is no RTCP.
    Broken,
    /// It goes with the media whose SSRCs it lists, and so is not of their receiver.
    OwnDirection,
    /// No flow is known that it could steer.
    NoFlow,
}

impl Unusable {
    const ALL: [Self; 6] =
        [Self::Counts, Self::TooHigh, Self::Cut, Self::Broken, Self::OwnDirection, Self::NoFlow];

    /// As in the summary.
    const fn name(self) -> &'static str {
        match self {
            Self::Counts => "counts-do-not-fit",
            Self::TooHigh => "rate-too-high",
            Self::Cut => "cut",
            Self::Broken => "broken-compound",
            Self::OwnDirection => "own-direction",
            Self::NoFlow => "no-flow",
        }
    }

    /// For a person, behind how many.
    const fn in_words(self) -> &'static str {
        match self {
            Self::Counts => "whose number of SSRCs does not fit their length",
            Self::TooHigh => "above 2^63 bit/s",
            Self::Cut => "cut by the snaplen before their bit rate",
            Self::Broken => "in or behind a part of a compound that is no RTCP",
            Self::OwnDirection => "that go with the media that they are about",
            Self::NoFlow => "of no known flow",
        }
    }
}

/// How many by each reason.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Unusables([Count; Unusable::ALL.len()]);

impl Unusables {
    pub(super) fn add(&mut self, why: Unusable, frame: u64) {
        self.add_all(why, Count { count: 1, first_frame: frame });
    }

    pub(super) fn add_all(&mut self, why: Unusable, more: Count) {
        if let Some(count) = self.0.get_mut(why as usize) {
            *count = count.join(more);
        }
    }

    pub(super) fn join(&mut self, others: &Self) {
        for (why, count) in Unusable::ALL.into_iter().zip(others.0) {
            self.add_all(why, count);
        }
    }

    /// All of them.
    pub(super) fn total(&self) -> Count {
        self.0.iter().copied().fold(Count::default(), Count::join)
    }

    /// In a sentence.
    pub(super) fn in_words(&self) -> String {
        let seen = Unusable::ALL.into_iter().zip(self.0).filter(|(_, count)| count.count > 0);
        let reasons: Vec<_> =
            seen.map(|(why, count)| format!("{} {}", count.count, why.in_words())).collect();
        format!(
            "{} of the capture are not used: {}",
            counted(self.total().count, "REMBs"),
            reasons.join(", ")
        )
    }

    /// By reason, those that there are.
    pub(super) fn by_reason(&self) -> BTreeMap<&'static str, Count> {
        let all = Unusable::ALL.into_iter().map(Unusable::name).zip(self.0);
        all.filter(|(_, count)| count.count > 0).collect()
    }
}

/// The REMB that a block is, if it is one.
pub(super) fn read_remb(block: &Block<'_>) -> Option<Result<CapturedRemb, Unusable>> {
    Some(match block.remb() {
        Ok(remb) => Ok(remb),
        Err(ParseRembError::NotRemb) => return None,
        Err(ParseRembError::BitrateOverflow) => Err(Unusable::TooHigh),
        Err(ParseRembError::Cut) => Err(Unusable::Cut),
        Err(_) => Err(Unusable::Counts),
    })
}

/// REMBs by their identifier in what is no RTCP: how many.
pub(super) fn rembs_within(bytes: &[u8]) -> usize {
    let begins = |start: &usize| bytes.get(*start..).is_some_and(begins_with_remb);
    (0..bytes.len()).step_by(4).filter(begins).count()
}

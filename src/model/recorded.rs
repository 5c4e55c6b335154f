//! REMBs of the capture itself.

use crate::units::{Count, Ssrc};

use super::estimation::RateRange;

/// What a flow's real receiver sent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct RecordedRembs {
    /// All, repeats included.
    pub count: u64,
    /// Those that said the same as the one before: a REMB rides on every later RTCP packet.
    pub repeats: u64,
    /// Those whose list of SSRCs the snaplen cut.
    pub cut: u64,
    /// Who sent the last of them.
    pub sender_ssrc: Option<Ssrc>,
    /// Their rates.
    pub rates: Option<RateRange>,
    /// RTCP packets of the flow's receiver.
    pub rtcp_packets: u64,
    /// Those that are encrypted, and may hold REMBs that nobody can read.
    pub rtcp_unreadable: u64,
    /// Those that the snaplen cut, and may lack a REMB at their end.
    pub rtcp_cut: u64,
    /// Further REMBs that are not used.
    pub unusable: Unusables,
}

/// Why a REMB is not used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unusable {
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
    /// All, in the order of their numbers.
    pub const ALL: [Self; 6] =
        [Self::Counts, Self::TooHigh, Self::Cut, Self::Broken, Self::OwnDirection, Self::NoFlow];

    /// As in the summary.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Counts => "counts-do-not-fit",
            Self::TooHigh => "rate-too-high",
            Self::Cut => "cut",
            Self::Broken => "broken-compound",
            Self::OwnDirection => "own-direction",
            Self::NoFlow => "no-flow",
        }
    }
}

/// How many REMBs are not used, by each reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Unusables([Count; Unusable::ALL.len()]);

impl Unusables {
    pub(crate) fn add(&mut self, why: Unusable, frame: u64) {
        self.add_all(why, Count { count: 1, first_frame: frame });
    }

    pub(crate) fn add_all(&mut self, why: Unusable, more: Count) {
        if let Some(count) = self.0.get_mut(why as usize) {
            *count = count.join(more);
        }
    }

    pub(crate) fn join(&mut self, others: &Self) {
        for (why, count) in Unusable::ALL.into_iter().zip(others.0) {
            self.add_all(why, count);
        }
    }

    /// All of them.
    pub fn total(&self) -> Count {
        self.0.iter().copied().fold(Count::default(), Count::join)
    }

    /// The reasons that there are, and how many REMBs each has.
    pub fn seen(&self) -> impl Iterator<Item = (Unusable, Count)> {
        Unusable::ALL.into_iter().zip(self.0).filter(|(_, count)| count.count > 0)
    }
}

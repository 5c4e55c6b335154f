//! How long a flow's REMBs are apart from those that its receiver sent.

use crate::model;
use crate::units::{Bitrate, CaptureTime, Seconds};

/// Follows both, as steps that hold until the next.
#[derive(Debug, Clone, Default)]
pub(super) struct Apart {
    replayed: Option<Bitrate>,
    recorded: Option<Bitrate>,
    last_at: Option<CaptureTime>,
    /// Since when they are apart now.
    since: Option<CaptureTime>,
    compared_nanos: i64,
    apart_nanos: i64,
    longest: Option<(CaptureTime, CaptureTime)>,
}

/// One percent is rounding and a phase of the clock; so many are not.
const MAX_PERCENT: i128 = 5;

impl Apart {
    /// Takes a REMB of the replay.
    pub(super) fn replayed(&mut self, at: CaptureTime, rate: Bitrate) {
        self.go_to(at);
        self.replayed = Some(rate);
        self.decide(at);
    }

    /// Takes a REMB of the receiver.
    pub(super) fn recorded(&mut self, at: CaptureTime, rate: Bitrate) {
        self.go_to(at);
        self.recorded = Some(rate);
        self.decide(at);
    }

    /// `None` where one of both is missing.
    pub(super) fn found(&self, first_frame_at: CaptureTime) -> Option<model::Apart> {
        self.replayed.zip(self.recorded)?;
        let since_first = |at: CaptureTime| Seconds(at.as_nanos() - first_frame_at.as_nanos());
        let longest = self.longest.map(|(from, until)| (since_first(from), since_first(until)));
        Some(model::Apart {
            compared: Seconds(self.compared_nanos),
            apart: Seconds(self.apart_nanos),
            longest,
        })
    }

    /// Counts the time since the last REMB of either.
    fn go_to(&mut self, at: CaptureTime) {
        let step = self.last_at.map_or(0, |last| at.as_nanos() - last.as_nanos()).max(0);
        self.last_at = Some(self.last_at.map_or(at, |last| last.max(at)));
        if self.replayed.is_some() && self.recorded.is_some() {
            self.compared_nanos += step;
        }
        let Some(since) = self.since else { return };
        self.apart_nanos += step;
        let is_longer =
            |(from, until): (CaptureTime, CaptureTime)| at.nanos_since(since) > until.nanos_since(from);
        if self.longest.is_none_or(is_longer) {
            self.longest = Some((since, at));
        }
    }

    fn decide(&mut self, at: CaptureTime) {
        let (Some(replayed), Some(recorded)) = (self.replayed, self.recorded) else { return };
        let (replayed, recorded) = (i128::from(replayed.as_bps()), i128::from(recorded.as_bps()));
        let is_apart = (replayed - recorded).abs() * 100 > recorded.abs() * MAX_PERCENT;
        self.since = match (is_apart, self.since) {
            (true, since) => since.or(Some(at)),
            (false, _) => None,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> CaptureTime {
        CaptureTime::from_nanos(i128::from(millis) * 1_000_000).unwrap()
    }

    #[test]
    fn both_hold_until_their_next_and_five_percent_is_not_apart() {
        let mut apart = Apart::default();
        let rate = |kbps: i64| Bitrate::from_bps(kbps * 1000);
        apart.recorded(at(1000), rate(1000));
        assert_eq!(apart.found(at(0)), None);
        apart.replayed(at(2000), rate(1050));
        apart.replayed(at(3000), rate(1051));
        apart.recorded(at(4500), rate(500));
        apart.recorded(at(10_000), rate(1051));
        apart.replayed(at(11_000), rate(900));
        apart.replayed(at(12_000), rate(1051));
        let seconds = |millis: i64| Seconds(millis * 1_000_000);
        let found = apart.found(at(500)).unwrap();
        assert_eq!((found.compared, found.apart), (seconds(10_000), seconds(8_000)));
        assert_eq!(found.longest, Some((seconds(2_500), seconds(9_500))));
        assert_eq!(found.for_long(), found.longest);
        let short = model::Apart { longest: Some((seconds(0), seconds(4_999))), ..found };
        assert_eq!(short.for_long(), None);
    }
}

//! When a receiver's timer ran, as far as the REMBs that it sent tell.
//!
//! The estimator by RTP timestamps updates by a timer. libwebrtc's begins with the call, which no capture shows, and is late: by 3 ms
//! mostly, by tens now and then, and the next run counts from there. So it drifts, and neither its beginning nor a constant
//! lateness says for long when it runs. But an update is sent at once: a run that is due is taken to be late until the receiver's
//! next REMB, if that comes before the run after it would be due.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::model::TimerRuns;
use crate::units::{CaptureTime, TimeDelta, Timestamp};

/// When the receivers of flows sent their REMBs, by the flows' places: an estimator's timer runs then.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SentTimes(Arc<BTreeMap<usize, Arc<[Timestamp]>>>);

impl FromIterator<(usize, Vec<CaptureTime>)> for SentTimes {
    fn from_iter<T: IntoIterator<Item = (usize, Vec<CaptureTime>)>>(flows: T) -> Self {
        let sorted = |times: Vec<CaptureTime>| {
            let mut times: Vec<_> = times.into_iter().map(CaptureTime::to_timestamp).collect();
            times.sort_unstable();
            times.into()
        };
        Self(Arc::new(flows.into_iter().map(|(place, times)| (place, sorted(times))).collect()))
    }
}

impl SentTimes {
    /// Whether no flow has any.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The timer of the receiver of the flow at `place`, whose runs before the first estimate are `interval` apart.
    pub(super) fn timer(&self, place: usize, interval: TimeDelta) -> Option<ReceiverTimer> {
        let sent = Arc::clone(self.0.get(&place)?);
        let first = *sent.first()?;
        Some(ReceiverTimer { sent, first, period: interval + USUALLY_LATE, runs: 0, lateness: Vec::new() })
    }
}

/// A run is late by so much in the median, in four calls of Chromium 156.
const USUALLY_LATE: TimeDelta = TimeDelta::from_millis(3);

/// When one receiver's timer runs. Times are those of the capture.
#[derive(Debug, Clone)]
pub(super) struct ReceiverTimer {
    /// Ascending; at least one.
    sent: Arc<[Timestamp]>,
    first: Timestamp,
    /// Between two runs before the first REMB.
    period: TimeDelta,
    /// Runs that updated, and how late those were that are known.
    runs: u64,
    lateness: Vec<TimeDelta>,
}

impl ReceiverTimer {
    /// When it began, so that it runs at the first REMB; of a flow whose first packet came at `at`.
    pub(super) fn start(&self, at: Timestamp) -> Option<Timestamp> {
        let start = self.on_the_way(at) - self.period;
        (at < self.first).then_some(start)
    }

    /// When an update that is due at `due` happens, the next being due `interval` later.
    pub(super) fn runs_at(&self, due: Timestamp, interval: TimeDelta) -> Timestamp {
        let next = match due < self.first {
            true => Some(self.on_the_way(due)),
            false => self.next_sent(due),
        };
        next.filter(|next| *next - due < interval).unwrap_or(due)
    }

    /// An update that was due at `due` is made at `at`.
    pub(super) fn note(&mut self, due: Timestamp, at: Timestamp) {
        self.runs += 1;
        if self.next_sent(due) == Some(at) {
            self.lateness.push(at - due);
        }
    }

    /// What came of it.
    pub(super) fn runs(&self) -> TimerRuns {
        let mut lateness = self.lateness.clone();
        lateness.sort_unstable();
        let late = lateness.get(lateness.len() / 2).copied();
        TimerRuns { count: self.runs, at_rembs: self.lateness.len() as u64, late }
    }

    fn next_sent(&self, due: Timestamp) -> Option<Timestamp> {
        self.sent.get(self.sent.partition_point(|sent| *sent < due)).copied()
    }

    /// The first run at or after `at` of those that lead to the first REMB.
    fn on_the_way(&self, at: Timestamp) -> Timestamp {
        let periods = (self.first - at).as_micros().div_euclid(self.period.as_micros().max(1));
        self.first - self.period.times(periods)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn timer(sent: &[i64]) -> Option<ReceiverTimer> {
        let at = |ms: &i64| CaptureTime::from_nanos(i128::from(*ms) * 1_000_000).unwrap();
        let times = SentTimes::from_iter([(7, sent.iter().map(at).collect())]);
        assert!(times.timer(6, TimeDelta::from_millis(500)).is_none());
        times.timer(7, TimeDelta::from_millis(500))
    }

    #[test]
    fn an_update_is_late_until_the_next_remb_unless_another_would_be_due_by_then() {
        let mut timer = timer(&[6415, 6000, 6203]).unwrap();
        let interval = TimeDelta::from_millis(200);
        let at = [6000, 6003, 6004, 6100, 6203, 6204, 6216, 6416].map(|due| timer.runs_at(ms(due), interval));
        assert_eq!(at, [6000, 6003, 6203, 6203, 6203, 6204, 6415, 6416].map(ms));
        for (due, at) in [(6200, 6203), (6403, 6415), (6615, 6615), (6815, 6815)] {
            timer.note(ms(due), ms(at));
        }
        let late = Some(TimeDelta::from_millis(12));
        assert_eq!(timer.runs(), TimerRuns { count: 4, at_rembs: 2, late });
    }

    #[test]
    fn before_the_first_remb_it_runs_so_that_it_comes_to_it() {
        let timer = timer(&[6030]).unwrap();
        assert_eq!(timer.start(ms(1000)), Some(ms(497)), "eleven times 503 ms before");
        assert_eq!(timer.start(ms(1001)), Some(ms(1000)));
        assert_eq!(timer.start(ms(6030)), None, "a first packet after it tells nothing");
        let interval = TimeDelta::from_millis(500);
        assert_eq!([997, 1500, 1507].map(|due| timer.runs_at(ms(due), interval)), [1000, 1503, 2006].map(ms));
    }

    #[test]
    fn no_remb_is_no_timer_and_a_century_costs_nothing() {
        assert!(timer(&[]).is_none());
        let century = 100 * 365 * 86_400_000;
        let timer = timer(&[century, century]).unwrap();
        assert!(timer.start(ms(0)).is_some_and(|start| ms(0) - start < TimeDelta::from_millis(503)));
        assert!(timer.runs_at(ms(1), TimeDelta::from_millis(500)) < ms(505));
    }
}

//! Where the round trip time is from, and when it is delivered.

use super::{RttSamples, RttUpdates};
use crate::units::{TimeDelta, Timestamp};

/// Where the round trip time in force is from. Its runs have no other effect, and so may be made up for late: before the
/// next packet or timer.
#[derive(Debug, Clone)]
pub enum RttSource {
    /// It was given, and is delivered next at that time: each second, for an estimator that is new knows none.
    Given(TimeDelta, Timestamp),
    /// Of RTCP.
    Measured(RttUpdates),
}

const GIVEN_PERIOD: TimeDelta = TimeDelta::from_secs(1);

impl RttSource {
    /// For packets from `first` on: a given time is delivered a second later for the first time, as a measured one is.
    pub fn new(given: Option<TimeDelta>, first: Timestamp) -> Self {
        match given {
            Some(rtt) => Self::Given(rtt, first + GIVEN_PERIOD),
            None => Self::Measured(RttUpdates::new(first)),
        }
    }

    /// A stream whose first packet came at `since` has a module of its own that receives it.
    pub fn add_receiver(&mut self, since: Timestamp) {
        if let Self::Measured(updates) = self {
            updates.add_receiver(since);
        }
    }

    /// When something runs next.
    pub fn next_run(&self) -> Timestamp {
        match self {
            Self::Given(_, due) => *due,
            Self::Measured(updates) => updates.next_run(),
        }
    }

    /// Runs what is due until `now`; what was delivered last.
    pub fn run_until(&mut self, now: Timestamp, samples: &mut RttSamples) -> Option<TimeDelta> {
        match self {
            Self::Given(_, due) if *due > now => None,
            Self::Given(rtt, due) => {
                let periods = (now - *due).as_micros() / GIVEN_PERIOD.as_micros() + 1;
                *due = *due + GIVEN_PERIOD.times(periods);
                Some(*rtt)
            }
            Self::Measured(updates) => {
                let mut delivered = None;
                while updates.next_run() <= now {
                    let due = updates.next_run();
                    while let Some(sample) = samples.pop_before(due) {
                        updates.take(&sample);
                    }
                    delivered = updates.run_next().or(delivered);
                    if updates.is_idle() {
                        updates.skip_to(samples.next_at().map_or(now, |at| now.min(at)));
                    }
                }
                delivered
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rtt::{RttSample, SampleOf};

    const fn ms(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    #[test]
    fn a_given_time_is_delivered_each_second_and_a_gap_is_one_delivery() {
        let mut source = RttSource::new(Some(TimeDelta::from_millis(20)), ms(500));
        let mut run = |until| source.run_until(ms(until), &mut RttSamples::default()).is_some();
        assert_eq!(
            [1499, 1500, 2499, 9000, 9499, 9500].map(&mut run),
            [false, true, false, true, false, true]
        );
    }

    #[test]
    fn a_measured_time_waits_for_the_modules_run() {
        let (mut source, mut samples) = (RttSource::new(None, ms(0)), RttSamples::default());
        source.add_receiver(ms(250));
        samples.push(RttSample { at: ms(600), rtt: TimeDelta::from_millis(21), of: SampleOf::Receiver });
        assert_eq!(source.run_until(ms(1249), &mut samples), None);
        assert_eq!(source.run_until(ms(1250), &mut samples), Some(TimeDelta::from_millis(21)));
    }
}

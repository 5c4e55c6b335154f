//! When the process loop wakes: at the estimator's own time, and on a grid of 100 ms that libwebrtc's feedback generator
//! keeps even where it has nothing to do. Specification 11.1.

use crate::units::{TimeDelta, Timestamp};

const TICK: TimeDelta = TimeDelta::from_millis(100);

/// The schedule. A poll once set is not moved.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct PollSchedule {
    times: Option<Times>,
}

#[derive(Debug, Clone, Copy)]
struct Times {
    next: Timestamp,
    last_tick: Timestamp,
}

impl PollSchedule {
    /// The next poll; `None` before the first.
    pub(super) fn next(&self) -> Option<Timestamp> {
        self.times.map(|times| times.next)
    }

    /// A poll ran at `now`; the estimator wants the next after `wait`, or never.
    pub(super) fn ran(&mut self, now: Timestamp, wait: Option<TimeDelta>) {
        let last_tick = match self.times {
            Some(times) if now - times.last_tick < TICK => times.last_tick,
            _ => now,
        };
        let tick_wait = last_tick + TICK - now;
        let wait = wait.map_or(tick_wait, |wait| wait.min(tick_wait)).max(TimeDelta::ZERO);
        self.times = Some(Times { next: now + wait, last_tick });
    }

    /// Since the last tick, at the time of a poll.
    pub(super) fn since_tick(&self, now: Timestamp) -> TimeDelta {
        self.times.map_or(TimeDelta::ZERO, |times| now - times.last_tick)
    }

    /// Moves the schedule by whole periods in which nothing happened.
    pub(super) fn shift(&mut self, by: TimeDelta) {
        if let Some(times) = &mut self.times {
            times.next = times.next + by;
            times.last_tick = times.last_tick + by;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    #[test]
    fn the_grid_counts_from_the_last_tick_that_ran() {
        let mut polls = PollSchedule::default();
        polls.ran(ms(1000), Some(TimeDelta::from_millis(500)));
        assert_eq!(polls.next(), Some(ms(1100)));
        polls.ran(ms(1100), Some(TimeDelta::from_millis(30)));
        assert_eq!(polls.next(), Some(ms(1130)), "the estimator's own time comes first");
        polls.ran(ms(1130), Some(TimeDelta::from_millis(200)));
        assert_eq!(polls.next(), Some(ms(1200)), "which does not move the grid");
        polls.ran(ms(1200), None);
        assert_eq!(polls.next(), Some(ms(1300)));
    }

    #[test]
    fn a_late_poll_moves_the_grid() {
        let mut polls = PollSchedule::default();
        polls.ran(ms(0), None);
        polls.ran(ms(130), None);
        assert_eq!(polls.next(), Some(ms(230)));
    }
}

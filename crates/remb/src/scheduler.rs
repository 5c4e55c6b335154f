//! When a REMB is due: at fixed intervals and at once on a fall, or by libwebrtc's throttle.
//! Specification 11.3 and 11.4.

#[cfg(feature = "serde")]
use serde::{Deserialize, Serialize};

use crate::units::{Bitrate, TimeDelta, Timestamp};

/// The two schedules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(Serialize, Deserialize), serde(rename_all = "lowercase"))]
pub enum Profile {
    /// Every interval, and at once on a fall.
    #[default]
    Periodic,
    /// Every report, but within 200 ms of the last REMB only a fall of about 3 %.
    Libwebrtc,
}

/// The schedule's parameters.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(Serialize, Deserialize), serde(deny_unknown_fields, default))]
pub struct RembConfig {
    /// Which schedule.
    pub scheduler: Profile,
    /// Period of the periodic schedule; a timer that never rests is none, and less than a millisecond counts as one.
    pub interval: TimeDelta,
    /// Relative fall that the periodic schedule sends at once, percent.
    pub decrease_threshold: f64,
}

impl Default for RembConfig {
    fn default() -> Self {
        Self { scheduler: Profile::Periodic, interval: TimeDelta::from_secs(1), decrease_threshold: 3.0 }
    }
}

/// The period of a periodic schedule is zero or negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a REMB interval of {} us is no period", .0.as_micros())]
pub struct InvalidInterval(pub TimeDelta);

impl RembConfig {
    /// Whether the schedule can be kept.
    ///
    /// # Errors
    /// A period that is none.
    pub fn validate(&self) -> Result<(), InvalidInterval> {
        if self.interval > TimeDelta::ZERO { Ok(()) } else { Err(InvalidInterval(self.interval)) }
    }
}

/// A shorter one is taken as this.
const LEAST_INTERVAL: TimeDelta = TimeDelta::from_millis(1);
/// libwebrtc's throttle (specification 11.3): so long between two REMBs, unless the estimate times this is at or below what was sent.
const THROTTLE_INTERVAL: TimeDelta = TimeDelta::from_millis(200);
const THROTTLE_FALL_PERCENT: i64 = 103;

/// Why a REMB is sent now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(Serialize), serde(rename_all = "lowercase"))]
pub enum Reason {
    /// None was sent before.
    First,
    /// The interval has passed.
    Interval,
    /// The estimate fell.
    Decrease,
}

impl Reason {
    /// As in `remb.csv`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Interval => "interval",
            Self::Decrease => "decrease",
        }
    }
}

/// Decides when; who decided to send then says how it went, by [`Self::attempted`].
#[derive(Debug, Clone)]
pub struct RembScheduler {
    config: RembConfig,
    last_attempt: Option<Timestamp>,
    last_sent: Option<Bitrate>,
}

impl RembScheduler {
    /// A schedule before its first REMB.
    pub fn new(config: RembConfig) -> Self {
        let config = RembConfig { interval: config.interval.max(LEAST_INTERVAL), ..config };
        Self { config, last_attempt: None, last_sent: None }
    }

    /// Whether an estimate reported at `now` is to be sent at once.
    pub fn due_at_report(&mut self, bitrate: Bitrate, now: Timestamp) -> Option<Reason> {
        self.follow_clock(now);
        match self.config.scheduler {
            Profile::Periodic => self.due_periodic(bitrate, now),
            Profile::Libwebrtc => self.due_throttled(bitrate, now),
        }
    }

    /// Whether an estimate is to be sent because of the time alone.
    pub fn due_at_timer(&self, bitrate: Bitrate, now: Timestamp) -> Option<Reason> {
        match self.config.scheduler {
            Profile::Periodic => self.due_periodic(bitrate, now),
            Profile::Libwebrtc => None,
        }
    }

    /// When the timer is next due, counted from the last attempt or, before any, from `start`.
    pub fn next_timer(&self, start: Timestamp) -> Option<Timestamp> {
        match self.config.scheduler {
            Profile::Periodic => Some(self.last_attempt.unwrap_or(start) + self.config.interval),
            Profile::Libwebrtc => None,
        }
    }

    /// Notes that a REMB was written at `now`, or could not be.
    pub fn attempted(&mut self, bitrate: Bitrate, now: Timestamp, sent: bool) {
        self.last_attempt = Some(now);
        if sent {
            self.last_sent = Some(bitrate);
        }
    }

    /// Notes the time: a clock that stepped back behind the last REMB counts the interval anew from there.
    pub fn follow_clock(&mut self, now: Timestamp) {
        self.last_attempt = self.last_attempt.map(|last| last.min(now));
    }

    fn due_periodic(&self, bitrate: Bitrate, now: Timestamp) -> Option<Reason> {
        let fell = self.last_sent.is_some_and(|last| {
            let last = last.as_bps() as f64;
            last > 0.0 && (last - bitrate.as_bps() as f64) / last >= self.config.decrease_threshold / 100.0
        });
        match self.last_attempt {
            None => Some(Reason::First),
            Some(_) if fell => Some(Reason::Decrease),
            Some(last) if now - last >= self.config.interval => Some(self.reason_of_interval()),
            Some(_) => None,
        }
    }

    fn due_throttled(&self, bitrate: Bitrate, now: Timestamp) -> Option<Reason> {
        let Some(last_attempt) = self.last_attempt else { return Some(Reason::First) };
        let within_interval = now < last_attempt + THROTTLE_INTERVAL;
        let fell = self.last_sent.is_some_and(|last| {
            bitrate.as_bps().saturating_mul(THROTTLE_FALL_PERCENT) / 100 <= last.as_bps()
        });
        match (within_interval, fell) {
            (false, _) => Some(self.reason_of_interval()),
            (true, true) => Some(Reason::Decrease),
            (true, false) => None,
        }
    }

    fn reason_of_interval(&self) -> Reason {
        if self.last_sent.is_none() { Reason::First } else { Reason::Interval }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(scheduler: &mut RembScheduler, ms: i64, bps: i64) -> Option<Reason> {
        let (bitrate, now) = (Bitrate::from_bps(bps), Timestamp::from_millis(ms));
        let reason = scheduler.due_at_report(bitrate, now)?;
        scheduler.attempted(bitrate, now, true);
        Some(reason)
    }

    fn scheduler(profile: Profile) -> RembScheduler {
        RembScheduler::new(RembConfig { scheduler: profile, ..RembConfig::default() })
    }

    /// Specification C12, without the cap that this port does not have.
    #[test]
    fn the_throttle_lets_a_fall_through() {
        let mut throttle = scheduler(Profile::Libwebrtc);
        for (ms, bps, expected) in [
            (0, 1_000_000, Some(Reason::First)),
            (100, 1_100_000, None),
            (150, 970_874, Some(Reason::Decrease)),
            (160, 970_873, None),
            (199, 960_000, None),
            (350, 942_595, Some(Reason::Interval)),
            (351, 942_594, None),
            (360, 942_593, None),
            (560, 950_000, Some(Reason::Interval)),
            (600, 100_000, Some(Reason::Decrease)),
            (601, 97_088, Some(Reason::Decrease)),
            (602, 97_087, None),
            (605, 94_260, Some(Reason::Decrease)),
            (606, 94_259, None),
        ] {
            assert_eq!(sent(&mut throttle, ms, bps), expected, "at {ms}");
        }
    }

    /// Specification C12.
    #[test]
    fn the_periodic_schedule_sends_each_second_and_at_a_fall_of_three_percent() {
        let mut periodic = scheduler(Profile::Periodic);
        for (ms, bps, expected) in [
            (0, 1_000_000, Some(Reason::First)),
            (100, 1_100_000, None),
            (150, 970_001, None),
            (160, 970_000, Some(Reason::Decrease)),
            (199, 960_000, None),
            (350, 940_901, None),
            (351, 940_900, Some(Reason::Decrease)),
            (1350, 941_000, None),
            (1351, 941_000, Some(Reason::Interval)),
            (1352, 900_000, Some(Reason::Decrease)),
        ] {
            assert_eq!(sent(&mut periodic, ms, bps), expected, "at {ms}");
        }
    }

    #[test]
    fn a_clock_that_steps_back_counts_the_interval_anew() {
        let mut periodic = scheduler(Profile::Periodic);
        assert_eq!(sent(&mut periodic, 10_000, 500_000), Some(Reason::First));
        assert_eq!(sent(&mut periodic, 4_000, 500_000), None);
        assert_eq!(sent(&mut periodic, 4_999, 500_000), None);
        assert_eq!(sent(&mut periodic, 5_000, 500_000), Some(Reason::Interval));
    }
}

//! Times of day to times that go on: turns of the minute or the day, and what the digits behind the point mean (text logs section 2).

use super::line::{Producer, TimeOfDay};

const SECOND: i64 = 1_000_000_000;
const MINUTE: i64 = 60 * SECOND;
const DAY: i64 = 24 * 60 * MINUTE;
/// Lines of different threads are exchanged by less; a step back by more is a turn.
const MAX_STEP_BACK: i64 = 2 * SECOND;
/// With the hours and minutes gone, silence of this length might have been longer by whole minutes.
const LONG_GAP: i64 = 30 * SECOND;

/// Follows the times of a log.
#[derive(Debug, Default)]
pub(super) struct Clock {
    /// Some line had an hour or a minute.
    has_hours: bool,
    base: i64,
    last: Option<i64>,
    /// What is to be added for times since 1970.
    anchor: i64,
    /// Silences that may have been longer by whole minutes.
    pub(super) long_gaps: u64,
}

impl Clock {
    /// A packet's time in nanoseconds: what stands before it, if anything does, or its time within a day since the day or the minute in
    /// which the log began, or since what stood before an earlier one.
    pub(super) fn time(&mut self, of_day: i64, prefix: Option<i64>) -> i64 {
        let followed = self.follow(of_day, prefix.is_some());
        if let Some(prefix) = prefix {
            self.anchor = prefix - followed;
        }
        prefix.unwrap_or(self.anchor + followed)
    }

    /// Whether what stands before some packet was its time.
    pub(super) fn is_anchored(&self) -> bool {
        self.anchor != 0
    }

    /// The same clock before its first line, where the time that stands before a later one is known now.
    pub(super) fn anchored(&self) -> Self {
        Self { anchor: self.anchor, ..Self::default() }
    }

    fn follow(&mut self, of_day: i64, is_known: bool) -> i64 {
        if of_day >= MINUTE && !self.has_hours {
            self.has_hours = true;
        }
        let period = if self.has_hours { DAY } else { MINUTE };
        let Some(last) = self.last else {
            self.last = Some(of_day);
            return of_day;
        };
        let step = of_day - last;
        if step > period - MAX_STEP_BACK {
            // Exchanged with the first line behind the turn.
            return self.base - period + of_day;
        }
        if step < -MAX_STEP_BACK {
            self.base += period;
        }
        let since = if step < -MAX_STEP_BACK { step + period } else { step };
        self.long_gaps += u64::from(!self.has_hours && !is_known && since > LONG_GAP);
        self.last = Some(of_day);
        self.base + of_day
    }
}

/// What the digits behind the point mean, by those that were seen.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Fractions {
    /// The most digits of a line of Firefox.
    most: u32,
}

impl Fractions {
    /// Takes a line into account.
    pub(super) fn note(&mut self, producer: Producer, time: TimeOfDay) {
        if is_firefox(producer) {
            self.most = self.most.max(time.digits);
        }
    }

    /// Nanoseconds since midnight. Firefox writes whole microseconds, or on Windows milliseconds, without leading zeros.
    pub(super) fn nanos(&self, producer: Producer, time: TimeOfDay) -> i64 {
        let unit = match is_firefox(producer) {
            true if self.most <= 3 => 1_000_000,
            true if time.digits <= 6 => 1000,
            _ => 10_i64.pow(9_u32.saturating_sub(time.digits)),
        };
        i64::from(time.seconds) * SECOND + i64::from(time.fraction) * unit
    }
}

const fn is_firefox(producer: Producer) -> bool {
    matches!(producer, Producer::Firefox | Producer::OldFirefox)
}

/// Whether a step back of a second is undone by one of the lines that follow: the seconds were read before their turn and the
/// fraction after it.
pub(super) fn is_second_too_early(last: i64, time: i64, following: impl Iterator<Item = i64>) -> bool {
    let back = last - time;
    (9 * SECOND / 10..=SECOND).contains(&back)
        && following.into_iter().any(|next| next - time >= 9 * SECOND / 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn follow(seconds: &[f64]) -> (Vec<f64>, u64) {
        let mut clock = Clock::default();
        let times = seconds.iter().map(|time| clock.time((time * 1e9) as i64, None) as f64 / 1e9).collect();
        (times, clock.long_gaps)
    }

    #[test]
    fn minutes_turn_where_there_are_no_hours() {
        assert_eq!(follow(&[59.5, 59.9, 0.1, 30.0, 59.0, 1.0]).0, [59.5, 59.9, 60.1, 90.0, 119.0, 121.0]);
        assert_eq!(follow(&[59.9, 0.1, 59.95, 0.2]).0, [59.9, 60.1, 59.95, 60.2], "exchanged at the turn");
        assert_eq!(follow(&[10.0, 9.9, 10.1]).0, [10.0, 9.9, 10.1], "a small step back stays");
        assert_eq!(follow(&[10.0, 45.0]).1, 1, "a silence that may have been 95 s");
    }

    #[test]
    fn a_time_that_stands_before_a_packet_is_its_time_and_that_of_those_behind() {
        let second = |seconds: i64| seconds * SECOND;
        let mut clock = Clock::default();
        assert_eq!(clock.time(second(10), Some(second(7210))), second(7210));
        assert_eq!(clock.time(second(11), None), second(7211));
        assert_eq!(clock.time(second(1), None), second(7261), "a minute turned");
        assert_eq!(
            clock.time(second(50), Some(second(7430))),
            second(7430),
            "a silence of more than two minutes"
        );
        assert_eq!(clock.time(second(51), None), second(7431));
        assert_eq!(clock.long_gaps, 1, "the silence before the last that has no time before it");
        let mut again = clock.anchored();
        assert_eq!(again.time(second(10), None), second(7330), "before a line that the first turn led to");
    }

    #[test]
    fn days_turn_where_there_are_hours() {
        let (day, hour) = (86_400.0, 3600.0);
        assert_eq!(follow(&[day - 1.0, 0.5, hour]).0, [day - 1.0, day + 0.5, day + hour]);
        assert_eq!(
            follow(&[50.0, 59.5, 60.5, 61.0]).0,
            [50.0, 59.5, 60.5, 61.0],
            "it began in the day's first minute"
        );
    }

    #[test]
    fn firefox_writes_whole_microseconds_without_zeros() {
        let time = |fraction, digits| TimeOfDay { seconds: 1, fraction, digits };
        let mut fractions = Fractions::default();
        [time(864_934, 6), time(4934, 4)].iter().for_each(|time| fractions.note(Producer::Firefox, *time));
        assert_eq!(fractions.nanos(Producer::Firefox, time(4934, 4)), SECOND + 4_934_000);
        assert_eq!(fractions.nanos(Producer::Janus, time(4934, 4)), SECOND + 493_400_000);
        let mut windows = Fractions::default();
        windows.note(Producer::Firefox, time(7, 1));
        assert_eq!(windows.nanos(Producer::Firefox, time(7, 1)), SECOND + 7_000_000);
        assert_eq!(windows.nanos(Producer::Libwebrtc, time(42, 3)), SECOND + 42_000_000);
    }

    #[test]
    fn a_second_that_was_read_too_early_is_told_by_the_lines_behind() {
        let s = |seconds: f64| (seconds * 1e9) as i64;
        assert!(is_second_too_early(s(10.99), s(10.01), [s(11.02)].into_iter()));
        assert!(!is_second_too_early(s(10.99), s(10.01), [s(10.05)].into_iter()), "the clock was set");
        assert!(!is_second_too_early(s(10.99), s(10.9), [s(11.9)].into_iter()));
    }
}

//! How round trip times are smoothed: as libwebrtc's `call_stats2` smooths its reports (specification 1.11).

use std::collections::VecDeque;

use crate::units::{TimeDelta, Timestamp};

/// Smooths round trip times as libwebrtc's `call_stats2` does: the mean of the reports that are at most 1500 ms old,
/// blended into the output before.
///
/// Of the reports of the last 1500 ms the newest 1,024 are kept, which no sender of RTCP comes near; if one does, the
/// mean is of these.
#[derive(Debug, Clone, Default)]
pub struct RttSmoother {
    reports: VecDeque<(Timestamp, i64)>,
    previous_ms: Option<i64>,
}

const MAX_REPORTS: usize = 1024;
const MAX_AGE: TimeDelta = TimeDelta::from_millis(1500);
/// Single precision, as libwebrtc has it (specification 13.1 item 5).
const WEIGHT: f32 = 0.3;

impl RttSmoother {
    /// Takes a report of whole milliseconds; time does not step back.
    pub fn add(&mut self, at: Timestamp, rtt: TimeDelta) {
        if self.reports.len() == MAX_REPORTS {
            self.reports.pop_front();
        }
        self.reports.push_back((at, rtt.as_micros() / 1000));
    }

    /// The smoothed round trip time in whole milliseconds, after each report and once a second. `None`: nothing
    /// is delivered, and the next output starts afresh.
    pub fn deliver(&mut self, now: Timestamp) -> Option<TimeDelta> {
        self.reports.retain(|&(at, _)| now - at <= MAX_AGE);
        self.previous_ms = self.mean_ms().map(|mean| match self.previous_ms {
            None => mean,
            Some(previous) => ((1.0 - WEIGHT) * previous as f32 + WEIGHT * mean as f32) as i64,
        });
        self.previous_ms.map(TimeDelta::from_millis)
    }

    /// Whether nothing is left to be smoothed or forgotten.
    pub fn is_empty(&self) -> bool {
        self.reports.is_empty() && self.previous_ms.is_none()
    }

    fn mean_ms(&self) -> Option<i64> {
        let sum = self.reports.iter().fold(0_i64, |sum, &(_, ms)| sum.saturating_add(ms));
        let count = i64::try_from(self.reports.len()).ok()?;
        sum.checked_div(count)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ms(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn rtt(millis: i64) -> TimeDelta {
        TimeDelta::from_millis(millis)
    }

    #[test]
    fn the_mean_is_truncated_and_blended_three_to_seven() {
        let mut smoother = RttSmoother::default();
        assert_eq!(smoother.deliver(ms(0)), None);
        smoother.add(ms(500), rtt(100));
        smoother.add(ms(600), rtt(101));
        assert_eq!(
            smoother.deliver(ms(1000)),
            Some(rtt(100)),
            "the first is the mean, 100.5 without its half"
        );
        smoother.add(ms(2500), rtt(203));
        assert_eq!(smoother.deliver(ms(3000)), Some(rtt(130)), "70 + 60.9");
        smoother.add(ms(3500), rtt(50));
        assert_eq!(smoother.deliver(ms(4000)), Some(rtt(128)), "91 + 0.3 x 126 is 128.8");
    }

    #[test]
    fn the_blend_is_in_single_precision() {
        // Exactly 10, 10 and 8. In double precision 9, 10 and 7 with 0.3, 10, 9 and 7 with the single 0.3.
        for (previous, mean, blended) in [(1, 31, 10), (13, 3, 9), (11, 1, 8)] {
            let mut smoother = RttSmoother::default();
            smoother.add(ms(0), rtt(previous));
            smoother.deliver(ms(1000));
            smoother.add(ms(1600), rtt(mean));
            assert_eq!(smoother.deliver(ms(2000)), Some(rtt(blended)), "{previous}, {mean}");
        }
    }

    #[test]
    fn reports_count_up_to_an_age_of_1500_ms() {
        for (age_micros, delivered) in [(1_500_000, Some(rtt(40))), (1_500_001, None)] {
            let mut smoother = RttSmoother::default();
            smoother.add(ms(0), rtt(40));
            assert_eq!(smoother.deliver(Timestamp::from_micros(age_micros)), delivered, "{age_micros} µs");
        }
    }

    #[test]
    fn after_silence_it_starts_afresh() {
        let mut smoother = RttSmoother::default();
        smoother.add(ms(0), rtt(400));
        assert_eq!(smoother.deliver(ms(1000)), Some(rtt(400)));
        assert_eq!(smoother.deliver(ms(2000)), None);
        smoother.add(ms(2500), rtt(20));
        assert_eq!(smoother.deliver(ms(3000)), Some(rtt(20)));
        assert_eq!(smoother.deliver(ms(4000)), Some(rtt(20)));
    }

    #[test]
    fn a_flood_of_reports_keeps_the_newest() {
        let mut smoother = RttSmoother::default();
        for n in 0..5000 {
            smoother.add(ms(0), rtt(if n < 5000 - 1024 { i64::MAX / 1000 } else { 30 }));
        }
        assert_eq!(smoother.reports.len(), 1024);
        assert_eq!(smoother.deliver(ms(0)), Some(rtt(30)));
    }

    proptest! {
        #[test]
        fn any_numbers_are_smoothed(
            steps in prop::collection::vec((any::<i64>(), any::<i64>()), 0..20),
        ) {
            let mut smoother = RttSmoother::default();
            for (at, rtt) in steps {
                smoother.add(Timestamp::from_micros(at), TimeDelta::from_micros(rtt));
                smoother.deliver(Timestamp::from_micros(at));
            }
        }
    }
}

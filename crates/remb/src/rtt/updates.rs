//! How samples become the round trip time in force (specification 1.11). Each RTP module hands over its newest sample once
//! a second, and the smoothing runs at every hand-over and besides on a timer of its own.

use std::collections::VecDeque;

use super::{RttSample, RttSmoother, SampleOf};
use crate::units::{Ssrc, TimeDelta, Timestamp};

/// The modules of one flow's receiver, and the smoothing of what they hand over. Times are those of the packets' arrival.
#[derive(Debug, Clone)]
pub struct RttUpdates {
    smoother: RttSmoother,
    modules: VecDeque<Module>,
    /// When the smoothing runs next by its own timer.
    next_timer: Timestamp,
    /// Everything due until then has run.
    ran_until: Timestamp,
}

/// One RTP module's task.
#[derive(Debug, Clone)]
struct Module {
    next: Timestamp,
    role: Role,
}

#[derive(Debug, Clone, Copy)]
enum Role {
    /// The newest sample since the last run.
    Receives(Option<TimeDelta>),
    /// The newest sample, and when it arose.
    Sends(Ssrc, (Timestamp, TimeDelta)),
}

/// Both timers have it.
const INTERVAL: TimeDelta = TimeDelta::from_secs(1);
/// More than a receiver has streams at a time; beyond, the oldest modules go.
const MAX_MODULES: usize = 64;

impl RttUpdates {
    /// The flow's first packet counts at `at`.
    pub fn new(at: Timestamp) -> Self {
        let smoother = RttSmoother::default();
        Self { smoother, modules: VecDeque::new(), next_timer: at + INTERVAL, ran_until: at }
    }

    /// A module that receives a video stream, whose first packet came at `since`.
    pub fn add_receiver(&mut self, since: Timestamp) {
        let next = first_run_after(since + INTERVAL, self.ran_until);
        self.add(Module { next, role: Role::Receives(None) });
    }

    /// Takes a sample, which no run before it could know.
    pub fn take(&mut self, sample: &RttSample) {
        let (at, rtt) = (sample.at, sample.rtt);
        match sample.of {
            SampleOf::Receiver => {
                for Module { next, role } in &mut self.modules {
                    if let Role::Receives(fresh) = role
                        && at >= *next - INTERVAL
                    {
                        *fresh = Some(rtt);
                    }
                }
            }
            SampleOf::Sender { ssrc, since } => {
                let sends = |role: &Role| matches!(role, Role::Sends(own, _) if *own == ssrc);
                let role = Role::Sends(ssrc, (at, rtt));
                match self.modules.iter_mut().find(|module| sends(&module.role)) {
                    Some(module) => module.role = role,
                    None => {
                        let next = first_run_after(since + INTERVAL, self.ran_until.max(at));
                        self.add(Module { next, role });
                    }
                }
            }
        }
    }

    /// When something runs next.
    pub fn next_run(&self) -> Timestamp {
        self.modules.iter().map(|module| module.next).fold(self.next_timer, Ord::min)
    }

    /// Runs what is next, a module before the timer where both are due; what is then delivered, if anything is.
    pub fn run_next(&mut self) -> Option<TimeDelta> {
        let due = self.next_run();
        self.ran_until = due;
        let Some(module) = self.modules.iter_mut().find(|module| module.next == due) else {
            self.next_timer = due + INTERVAL;
            return self.smoother.deliver(due);
        };
        module.next = due + INTERVAL;
        let handed_over = match &mut module.role {
            Role::Receives(fresh) => fresh.take(),
            Role::Sends(_, (at, rtt)) => (*at >= due - INTERVAL).then_some(*rtt),
        };
        self.smoother.add(due, handed_over?);
        self.smoother.deliver(due)
    }

    /// Whether no run delivers or forgets anything before there is another sample.
    pub fn is_idle(&self) -> bool {
        let has_nothing = |module: &Module| match module.role {
            Role::Receives(fresh) => fresh.is_none(),
            Role::Sends(_, (at, _)) => at < module.next - INTERVAL,
        };
        self.smoother.is_empty() && self.modules.iter().all(has_nothing)
    }

    /// Leaves out the runs until `at`, while it is idle: a gap of any size costs constant work.
    pub fn skip_to(&mut self, at: Timestamp) {
        self.ran_until = self.ran_until.max(at);
        self.next_timer = first_run_after(self.next_timer, at);
        for module in &mut self.modules {
            module.next = first_run_after(module.next, at);
        }
    }

    fn add(&mut self, module: Module) {
        if self.modules.len() >= MAX_MODULES {
            self.modules.pop_front();
        }
        self.modules.push_back(module);
    }
}

/// The first of the runs from `first` on, one each interval, that is later than `at`.
fn first_run_after(first: Timestamp, at: Timestamp) -> Timestamp {
    if first > at {
        return first;
    }
    let intervals = (at - first).as_micros() / INTERVAL.as_micros() + 1;
    first + INTERVAL.times(intervals)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const fn ms(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn sample(at_ms: i64, rtt_ms: i64) -> RttSample {
        RttSample { at: ms(at_ms), rtt: TimeDelta::from_millis(rtt_ms), of: SampleOf::Receiver }
    }

    fn sent(at_ms: i64, rtt_ms: i64, ssrc: u32, since_ms: i64) -> RttSample {
        let since = ms(since_ms);
        RttSample { of: SampleOf::Sender { ssrc: Ssrc(ssrc), since }, ..sample(at_ms, rtt_ms) }
    }

    /// What is delivered until `until_ms`, and when; samples are known to the runs after them.
    fn delivered(updates: &mut RttUpdates, samples: &[RttSample], until_ms: i64) -> Vec<(i64, i64)> {
        let (mut samples, mut delivered) = (samples.iter().peekable(), Vec::new());
        while updates.next_run() <= ms(until_ms) {
            let due = updates.next_run();
            while let Some(sample) = samples.next_if(|sample| sample.at < due) {
                updates.take(sample);
            }
            delivered.extend(updates.run_next().map(|rtt| (due.to_millis(), rtt.to_millis())));
        }
        delivered
    }

    /// The flow's first packet counts at 0; its streams' first packets came at these times.
    fn receiving(since_ms: &[i64]) -> RttUpdates {
        let mut updates = RttUpdates::new(ms(0));
        since_ms.iter().for_each(|since| updates.add_receiver(ms(*since)));
        updates
    }

    /// One module at n.4 s, the timer at n.0 s. At 3.4 s the reports are 100 (2.4 s) and 200, mean 150:
    /// 0.7 × 100 + 0.3 × 150 = 115. At 4.0 s 100 is 1600 ms old; of 200: 0.7 × 115 + 60 = 140.5. At 4.4 s 200 and
    /// 200: 98 + 60 = 158. At 5.0 s the same: 110.6 + 60 = 170.6.
    #[test]
    fn a_round_trip_time_that_moves_is_blended_at_the_hand_over_and_at_the_timer() {
        let samples =
            [(300, 100), (1300, 100), (2300, 100), (3300, 200), (4300, 200)].map(|(at, rtt)| sample(at, rtt));
        let expected = [
            (1400, 100),
            (2000, 100),
            (2400, 100),
            (3000, 100),
            (3400, 115),
            (4000, 140),
            (4400, 158),
            (5000, 170),
        ];
        assert_eq!(delivered(&mut receiving(&[400]), &samples, 5000), expected);
    }

    /// Only the newest sample of a second is handed over: 10, 90 and 31 of the first second are 31. At 2.5 s the reports
    /// are 31 and 64, mean 47.5, of which 47 counts: 21.7 + 14.1 = 35.8. At 3.0 s 31 is 1500 ms old and counts still:
    /// 24.5 + 14.1 = 38.6. At 3.5 s, of 64 and 21, 42: 26.6 + 12.6 = 39.2.
    #[test]
    fn a_noisy_one_is_thinned_out_to_the_newest_of_each_second() {
        let samples = [(600, 10), (900, 90), (1400, 31), (1600, 5), (2499, 64), (3000, 21)];
        let samples = samples.map(|(at, rtt)| sample(at, rtt));
        let expected = [(1500, 31), (2000, 31), (2500, 35), (3000, 38), (3500, 39)];
        assert_eq!(delivered(&mut receiving(&[500]), &samples, 3500), expected);
    }

    /// Modules at n.2 s and n.6 s. At 1.6 s the second hands over 80 as well: of 80 and 80 it stays. At 2.2 s the reports
    /// are 80 (1.2 s), 80 (1.6 s), 20: 60; 56 + 18 = 74. At 2.6 s 80 (1.2 s) is 1400 ms old: of 80, 80, 20, 20, 50:
    /// 51.8 + 15 = 66.8. At 3.0 s without the first, 40: 46.2 + 12 = 58.2.
    #[test]
    fn with_two_modules_the_blend_runs_three_times_a_second() {
        let samples = [sample(1100, 80), sample(2100, 20)];
        let expected = [(1200, 80), (1600, 80), (2000, 80), (2200, 74), (2600, 66), (3000, 58)];
        assert_eq!(delivered(&mut receiving(&[200, 600]), &samples, 3000), expected);
    }

    #[test]
    fn a_receivers_sample_is_handed_over_once_and_forgotten_after_1500_ms() {
        let samples = [sample(500, 40), sample(9900, 7)];
        let mut updates = receiving(&[0]);
        let expected = [(1000, 40), (1000, 40), (2000, 40), (2000, 40), (10_000, 7), (10_000, 7)];
        let all = delivered(&mut updates, &samples, 10_000);
        assert_eq!(
            all[..3],
            [(1000, 40), (1000, 40), (2000, 40)],
            "the timer alone at 2 s, the report is 1 s old"
        );
        assert_eq!(all[3..], expected[4..], "nothing is delivered in between, and it starts afresh");
    }

    /// A report block of 1.9 s is handed over at 2.5 s; none came in the second before 3.5 s.
    #[test]
    fn a_module_that_sends_hands_over_what_came_within_the_last_second() {
        let samples = [sent(700, 30, 9, 500), sent(1900, 60, 9, 500)];
        let expected = [(1500, 30), (2000, 30), (2500, 34), (3000, 38), (4000, 44)];
        // At 2.5 s of 30 and 60: 21 + 13.5 = 34.5. At 3.0 s 30 is 1500 ms old: 23.8 + 13.5 = 37.3.
        let all = delivered(&mut RttUpdates::new(ms(0)), &samples, 5000);
        assert_eq!(all[..3], expected[..3]);
        assert_eq!(all[3..], [(3000, 37), (4000, 43)], "25.9 + 18 = 43.9 of 60 alone");
    }

    #[test]
    fn each_stream_that_is_sent_has_a_module_of_its_own_and_none_of_them_receives() {
        let mut updates = RttUpdates::new(ms(0));
        let samples = [sample(100, 900), sent(300, 30, 9, 100), sent(400, 50, 8, 200)];
        let expected = [(1100, 30), (1200, 33), (2000, 35)];
        // 21 + 0.3 × 40 = 33, then 23.1 + 12 = 35.1. The report of 1.1 s is 900 ms old at 2.0 s.
        assert_eq!(delivered(&mut updates, &samples, 2000), expected);
    }

    #[test]
    fn without_a_module_that_receives_nobody_hands_over_what_was_asked_for() {
        assert_eq!(delivered(&mut RttUpdates::new(ms(0)), &[sample(100, 30)], 5000), []);
    }

    #[test]
    fn a_module_knows_only_what_came_since_its_last_run() {
        let mut updates = RttUpdates::new(ms(60_000));
        updates.add_receiver(ms(300));
        assert_eq!(updates.next_run(), ms(60_300), "the phase is the stream's");
        let samples = [sample(58_000, 900), sample(59_200, 800), sample(59_500, 70)];
        assert_eq!(delivered(&mut updates, &samples, 60_300), [(60_300, 70)]);
    }

    #[test]
    fn idle_runs_can_be_left_out_and_the_phases_stay() {
        let samples = [sample(500, 40), sample(700_050, 8)];
        let mut patient = receiving(&[100, 400]);
        let mut hasty = patient.clone();
        assert_eq!(delivered(&mut hasty, &samples[..1], 4000), delivered(&mut patient, &samples[..1], 4000));
        assert!(hasty.is_idle());
        hasty.skip_to(ms(700_000));
        assert_eq!(hasty.next_run(), ms(700_100));
        assert_eq!(
            delivered(&mut hasty, &samples[1..], 703_000),
            delivered(&mut patient, &samples[1..], 703_000)
        );
    }

    #[test]
    fn modules_are_bounded() {
        let mut updates = RttUpdates::new(ms(0));
        (0..1000).for_each(|n| updates.add_receiver(ms(n)));
        (0..1000).for_each(|n| updates.take(&sent(1, 1, n, 0)));
        assert_eq!(updates.modules.len(), MAX_MODULES);
    }

    proptest! {
        #[test]
        fn any_times_are_taken(steps in prop::collection::vec((0..4, any::<i64>(), 0..1_000_000_i64), 0..60)) {
            let mut updates = RttUpdates::new(ms(0));
            for (what, at, rtt) in steps {
                let at = Timestamp::from_micros(at);
                match what {
                    0 => updates.add_receiver(at),
                    1 => updates.take(&RttSample { at, ..sample(0, rtt) }),
                    2 => updates.skip_to(at),
                    _ => { updates.run_next(); }
                }
            }
        }
    }
}

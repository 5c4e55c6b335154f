//! Which of the two estimators is in use, and the timer of the one that needs it. Specification 2.2 and 11.1.

use super::PacketArrival;
use super::abs_send_time_estimator::{AbsSendTimeEstimator, Report};
use super::config::{EstimatorChoice, EstimatorConfig};
use super::overuse::BandwidthUsage;
use super::poll::PollSchedule;
use super::rate_control::RateControlState;
use super::rtp_timestamp_estimator::RtpTimestampEstimator;
use super::trace::{EstimatorKind, Observer, StateChange};
use crate::units::{AbsSendTimeElement, Bitrate, Ssrc, TimeDelta, Timestamp};

/// The receive side of congestion control: packets in, reports out, whichever estimator is in use.
///
/// A new estimator starts from nothing: no estimate, the default round trip time, probing enabled again.
#[derive(Debug, Clone)]
pub struct Controller {
    config: EstimatorConfig,
    estimator: Estimator,
    packets_without_abs_send_time: u32,
    polls: PollSchedule,
}

#[derive(Debug, Clone)]
enum Estimator {
    AbsSendTime(Box<AbsSendTimeEstimator>),
    RtpTimestamp(Box<RtpTimestampEstimator>),
}

impl Estimator {
    fn new(kind: EstimatorKind, config: &EstimatorConfig) -> Self {
        match kind {
            EstimatorKind::AbsSendTime => {
                Self::AbsSendTime(Box::new(AbsSendTimeEstimator::new(config.clone())))
            }
            EstimatorKind::RtpTimestamp => {
                Self::RtpTimestamp(Box::new(RtpTimestampEstimator::new(config.clone())))
            }
        }
    }
}

/// Calls the same method of whichever estimator is in use.
macro_rules! in_use {
    ($controller:expr, $estimator:ident => $call:expr) => {
        match &$controller.estimator {
            Estimator::AbsSendTime($estimator) => $call,
            Estimator::RtpTimestamp($estimator) => $call,
        }
    };
    (mut $controller:expr, $estimator:ident => $call:expr) => {
        match &mut $controller.estimator {
            Estimator::AbsSendTime($estimator) => $call,
            Estimator::RtpTimestamp($estimator) => $call,
        }
    };
}

impl Controller {
    /// Before the first packet.
    pub fn new(config: EstimatorConfig) -> Self {
        let first = match config.controller.estimator {
            EstimatorChoice::AbsSendTime => EstimatorKind::AbsSendTime,
            EstimatorChoice::Auto | EstimatorChoice::RtpTimestamp => EstimatorKind::RtpTimestamp,
        };
        Self {
            estimator: Estimator::new(first, &config),
            packets_without_abs_send_time: 0,
            polls: PollSchedule::default(),
            config,
        }
    }

    /// Takes a packet; gives a report if there is a new estimate. `packet.now` never decreases. Timers that are due
    /// before it are the owner's to run, by [`Self::handle_timeout`].
    #[inline(always)]
    pub fn handle_packet<O: Observer>(&mut self, packet: &PacketArrival, observer: &mut O) -> Option<Report> {
        if self.polls.next().is_none_or(|due| due <= packet.now) {
            self.catch_up(packet.now);
        }
        self.choose(packet, observer);
        match &mut self.estimator {
            Estimator::AbsSendTime(estimator) => estimator.handle_packet(packet, observer),
            // A copy, as where it goes on from the usual way elsewhere: with references that leave it, the packet lies in memory
            // for those that never do (1.4 % of the instructions of a replay).
            Estimator::RtpTimestamp(estimator) => estimator.handle_packet(&{ *packet }, observer),
        }
    }

    #[cold]
    fn catch_up(&mut self, now: Timestamp) {
        if self.polls.next().is_none() {
            self.poll(now, &mut ());
        }
        self.pass_idle_polls(now);
    }

    /// Runs the timer if it is due; gives a report if there is a new estimate.
    pub fn handle_timeout<O: Observer>(&mut self, now: Timestamp, observer: &mut O) -> Option<Report> {
        self.pass_idle_polls(now);
        let is_due = self.polls.next().is_some_and(|due| due <= now);
        if is_due { self.poll(now, observer) } else { None }
    }

    /// When [`Self::handle_timeout`] is next wanted; `None` while it would have no effect.
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        self.polls.next().filter(|_| !self.is_idle())
    }

    /// Starts the timer of the estimator by RTP timestamps: a receiver's runs from when it is made, and not from its first
    /// packet. Without this call, or with one after the first packet, it is the first packet that starts it.
    pub fn start_timer(&mut self, now: Timestamp) {
        if self.polls.next().is_none() {
            self.poll(now, &mut ());
        }
    }

    /// The time from an update of the estimator by RTP timestamps to the next, if a timer that runs at `now` would update:
    /// it runs at other times, too. `None` where updates come with packets.
    pub fn update_due(&self, now: Timestamp) -> Option<TimeDelta> {
        match &self.estimator {
            Estimator::AbsSendTime(_) => None,
            Estimator::RtpTimestamp(estimator) => estimator.update_due(now),
        }
    }

    /// Which estimator is in use.
    pub fn kind(&self) -> EstimatorKind {
        match self.estimator {
            Estimator::AbsSendTime(_) => EstimatorKind::AbsSendTime,
            Estimator::RtpTimestamp(_) => EstimatorKind::RtpTimestamp,
        }
    }

    /// Whether the estimator in use can do something with the packet.
    pub fn counts(&self, packet: &PacketArrival) -> bool {
        self.kind() == EstimatorKind::RtpTimestamp || packet.send_time.value().is_some()
    }

    /// Whether the packet will count, and the estimator has no timer then nor now.
    #[inline]
    pub(crate) fn is_untimed_with(&self, packet: &PacketArrival) -> bool {
        matches!(
            (&self.estimator, packet.send_time),
            (Estimator::AbsSendTime(_), AbsSendTimeElement::Value(_))
        )
    }

    /// The estimate; `None` until it is valid, and while no stream is active (specification 9.6).
    pub fn estimate(&self) -> Option<Bitrate> {
        in_use!(self, estimator => estimator.estimate())
    }

    /// Puts the streams with a packet in the two seconds before `now` into `list`, ascending.
    pub fn list_active(&self, now: Timestamp, list: &mut Vec<Ssrc>) {
        list.clear();
        in_use!(self, estimator => list.extend(estimator.active_ssrcs_at(now)));
    }

    /// Incoming bit rate of the second before `at`.
    pub fn incoming_bitrate(&self, at: Timestamp) -> Option<Bitrate> {
        in_use!(self, estimator => estimator.incoming_bitrate(at))
    }

    /// The link's state.
    pub fn usage(&self) -> BandwidthUsage {
        in_use!(self, estimator => estimator.usage())
    }

    /// Rate control's state.
    pub fn rate_control_state(&self) -> RateControlState {
        in_use!(self, estimator => estimator.rate_control_state())
    }

    /// Sets the round trip time.
    pub fn set_rtt(&mut self, rtt: TimeDelta) {
        in_use!(mut self, estimator => estimator.set_rtt(rtt));
    }

    /// Forgets a stream; no further effect before the next packet or timer.
    pub fn remove_stream(&mut self, ssrc: Ssrc) {
        in_use!(mut self, estimator => estimator.remove_stream(ssrc));
    }

    /// Forgets everything but the parameters.
    pub fn reset(&mut self) {
        *self = Self::new(self.config.clone());
    }

    /// Specification 2.2.
    #[inline]
    fn choose<O: Observer>(&mut self, packet: &PacketArrival, observer: &mut O) {
        if self.config.controller.estimator != EstimatorChoice::Auto {
            return;
        }
        let has_send_time = packet.send_time != AbsSendTimeElement::Absent;
        if has_send_time && self.kind() == EstimatorKind::AbsSendTime {
            self.packets_without_abs_send_time = 0;
        } else {
            self.choose_anew(packet.now, has_send_time, observer);
        }
    }

    fn choose_anew<O: Observer>(&mut self, now: Timestamp, has_send_time: bool, observer: &mut O) {
        let from = self.kind();
        let to = if has_send_time {
            EstimatorKind::AbsSendTime
        } else if from == EstimatorKind::AbsSendTime {
            self.packets_without_abs_send_time += 1;
            match self.packets_without_abs_send_time >= self.config.controller.switch_threshold {
                true => EstimatorKind::RtpTimestamp,
                false => from,
            }
        } else {
            from
        };
        if to != from {
            self.packets_without_abs_send_time = 0;
            self.estimator = Estimator::new(to, &self.config);
            observer.state_changed(now, StateChange::Estimator { from, to });
        }
    }

    fn poll<O: Observer>(&mut self, now: Timestamp, observer: &mut O) -> Option<Report> {
        let (wait, report) = match &mut self.estimator {
            Estimator::AbsSendTime(_) => (None, None),
            Estimator::RtpTimestamp(estimator) => {
                let (wait, report) = estimator.process(now, observer);
                (Some(wait), report)
            }
        };
        self.polls.ran(now, wait);
        report
    }

    fn is_idle(&self) -> bool {
        match &self.estimator {
            Estimator::AbsSendTime(_) => true,
            Estimator::RtpTimestamp(estimator) => estimator.is_idle(),
        }
    }

    /// Runs the polls until `now` that have no effect but on the schedule.
    ///
    /// Their pattern repeats, so a gap of any length costs bounded work: once a phase comes back, whole periods are
    /// passed at once.
    fn pass_idle_polls(&mut self, now: Timestamp) {
        let mut mark: Option<(Phase, Timestamp)> = None;
        let (mut polls, mut next_mark) = (0_u32, 1);
        while let Some(due) = self.polls.next().filter(|due| *due <= now && self.is_idle()) {
            self.poll(due, &mut ());
            match mark {
                Some((marked, at)) if marked == self.phase(due) => {
                    let period = (due - at).as_micros().max(1);
                    let passed = TimeDelta::from_micros((now - due).as_micros() / period * period);
                    self.shift(passed);
                    mark = None;
                    next_mark = u32::MAX;
                }
                _ if polls == next_mark => {
                    mark = Some((self.phase(due), due));
                    next_mark = next_mark.saturating_mul(2);
                }
                _ => {}
            }
            polls = polls.saturating_add(1);
        }
    }

    /// All that decides about the polls to come, relative to a poll.
    fn phase(&self, now: Timestamp) -> Phase {
        let last_process = match &self.estimator {
            Estimator::AbsSendTime(_) => None,
            Estimator::RtpTimestamp(estimator) => estimator.last_process(),
        };
        Phase {
            since_tick: self.polls.since_tick(now),
            since_process: last_process.map(|last| now - last),
            sub_millisecond: now.as_micros().rem_euclid(1000),
        }
    }

    fn shift(&mut self, by: TimeDelta) {
        self.polls.shift(by);
        if let Estimator::RtpTimestamp(estimator) = &mut self.estimator {
            estimator.shift_timer(by);
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Phase {
    since_tick: TimeDelta,
    since_process: Option<TimeDelta>,
    sub_millisecond: i64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::{AbsSendTime, DataSize};

    fn packet(ms: i64, send_time: AbsSendTimeElement) -> PacketArrival {
        let now = Timestamp::from_millis(ms);
        let size = DataSize::from_bytes(1000);
        let rtp_timestamp = (ms * 90) as u32;
        PacketArrival {
            at: now,
            now,
            ssrc: Ssrc(1),
            send_time,
            rtp_timestamp,
            size,
            ..PacketArrival::default()
        }
    }

    fn with_send_time(ms: i64) -> PacketArrival {
        packet(ms, AbsSendTime::from_raw(((ms << 18) / 1000) as u32).into())
    }

    fn without(ms: i64) -> PacketArrival {
        packet(ms, AbsSendTimeElement::Absent)
    }

    /// Specification C15.
    #[test]
    fn thirty_packets_without_send_time_switch_and_one_with_it_switches_back() {
        use EstimatorKind::{AbsSendTime, RtpTimestamp};
        let mut controller = Controller::new(EstimatorConfig::default());
        let mut ms = (0..).step_by(20);
        let mut feed = |packet: fn(i64) -> PacketArrival, count: usize| {
            for ms in ms.by_ref().take(count) {
                while let Some(due) =
                    controller.poll_timeout().filter(|due| *due <= Timestamp::from_millis(ms))
                {
                    controller.handle_timeout(due, &mut ());
                }
                controller.handle_packet(&packet(ms), &mut ());
            }
            (controller.kind(), controller.estimate().is_some())
        };
        assert_eq!(feed(without, 1), (RtpTimestamp, false));
        assert_eq!(feed(with_send_time, 1), (AbsSendTime, false));
        assert_eq!(feed(with_send_time, 10), (AbsSendTime, true), "a packet train is an estimate");
        assert_eq!(feed(without, 29), (AbsSendTime, true), "dropped without any effect");
        assert_eq!(feed(with_send_time, 1), (AbsSendTime, true));
        assert_eq!(feed(without, 29), (AbsSendTime, true));
        assert_eq!(feed(without, 1), (RtpTimestamp, false), "a new estimator knows nothing");
        assert_eq!(feed(without, 400), (RtpTimestamp, true));
        let unreadable = |ms| packet(ms, AbsSendTimeElement::Unreadable);
        assert_eq!(feed(unreadable, 1), (AbsSendTime, false), "present is enough for the choice");
    }

    #[test]
    fn a_forced_estimator_stays() {
        for (choice, kind) in [
            (EstimatorChoice::AbsSendTime, EstimatorKind::AbsSendTime),
            (EstimatorChoice::RtpTimestamp, EstimatorKind::RtpTimestamp),
        ] {
            let mut config = EstimatorConfig::default();
            config.controller.estimator = choice;
            let mut controller = Controller::new(config);
            for ms in 0..100 {
                let packet = if ms < 50 { without(ms) } else { with_send_time(ms) };
                controller.handle_packet(&packet, &mut ());
                assert_eq!(controller.kind(), kind);
            }
        }
    }

    /// The idle polls of a long gap, one by one.
    fn poll_one_by_one(controller: &mut Controller, until: Timestamp) {
        while let Some(due) = controller.polls.next().filter(|due| *due <= until) {
            controller.poll(due, &mut ());
        }
    }

    #[test]
    fn passing_a_gap_at_once_leaves_the_timer_where_polling_through_it_does() {
        for interval_micros in [500_000, 200_000, 426_666, 333_333, 999_999, 271_828] {
            let mut config = EstimatorConfig::default();
            config.controller.process_interval = TimeDelta::from_micros(interval_micros);
            let mut passed = Controller::new(config);
            passed.poll(Timestamp::from_micros(123_456_789), &mut ());
            let mut polled = passed.clone();
            for until in [124_000_000, 150_000_777, 9_000_000_001, 40_000_000_000] {
                let until = Timestamp::from_micros(until);
                passed.pass_idle_polls(until);
                poll_one_by_one(&mut polled, until);
                assert_eq!(passed.polls.next(), polled.polls.next(), "{interval_micros} µs, at {until:?}");
                assert_eq!(passed.phase(until), polled.phase(until), "{interval_micros} µs, at {until:?}");
            }
        }
    }

    #[test]
    fn a_gap_of_a_century_ends() {
        let mut controller = Controller::new(EstimatorConfig::default());
        controller.handle_packet(&without(0), &mut ());
        let century = without(100 * 365 * 86_400_000);
        while let Some(due) = controller.poll_timeout().filter(|due| *due <= century.now) {
            assert!(due < Timestamp::from_millis(10_000), "the only stream is over by then");
            controller.handle_timeout(due, &mut ());
        }
        controller.handle_packet(&century, &mut ());
        assert!(controller.polls.next() > Some(century.now));
    }
}

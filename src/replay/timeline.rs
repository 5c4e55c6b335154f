//! Virtual time of one flow: the estimator's clock is the capture's, and timers that are due run before the packet.
//!
//! The estimator's time is the capture's in microseconds plus the clock offset; events are stamped in capture time.

use crate::explain::Explainer;
use crate::model::TimerRuns;
use crate::survey::FedPacket;
use crate::units::{CaptureTime, TimeDelta, Timestamp};
use remb::bwe::{Controller, Observer, PacketArrival, Step};
use remb::rtt::{RttSamples, RttSource};
use remb::{CapturedRemb, InterceptorConfig, RembInterceptor, RembReport, RtcpWriter, WriteError};

use super::event::{Event, SentRemb};
use super::receiver_timer::ReceiverTimer;

/// One flow's estimator, schedule and timers.
#[derive(Debug)]
pub(super) struct Timeline {
    interceptor: RembInterceptor<Outbox>,
    clock_offset: TimeDelta,
    /// As it was given, if it was.
    given_rtt: Option<TimeDelta>,
    /// By the capture's time; `None` before the first packet.
    rtt: Option<RttSource>,
    delivered_rtt: Option<TimeDelta>,
    /// Where it is known when the receiver's timer ran.
    receiver_timer: Option<ReceiverTimer>,
    /// When the interceptor's next timer runs.
    timer_due: Option<Timestamp>,
    /// Nothing is due before; everything before the first packet.
    next_due: Timestamp,
    /// Watches, where somebody wants to know.
    explainer: Option<Box<Explainer>>,
    gives_steps: bool,
    /// In force until another is delivered.
    default_rtt: TimeDelta,
    had_estimate: bool,
}

/// What somebody wants beside REMBs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Gives {
    /// The estimator's steps.
    pub(super) steps: bool,
    /// Why the estimate is what it is.
    pub(super) events: bool,
    /// The estimator begins in mid-call.
    pub(super) is_cold: bool,
}

/// What a packet did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Handled {
    /// It was of use to the estimator.
    pub(super) counts: bool,
    /// The next timer may be another.
    pub(super) moves_timer: bool,
}

impl Timeline {
    /// Before the first packet. Without `rtt` it comes from the capture's own RTCP, by [`RttSamples`].
    pub(super) fn new(
        config: InterceptorConfig,
        clock_offset: TimeDelta,
        rtt: Option<TimeDelta>,
        gives: Gives,
    ) -> Self {
        let default_rtt = config.estimator.rate_control.default_rtt;
        let least = config.estimator.rate_control.min_bitrate;
        let explainer = match gives {
            Gives { events: true, .. } => Some(Explainer::new(least, gives.is_cold)),
            Gives { steps: true, .. } => Some(Explainer::of_quantities()),
            Gives { .. } => None,
        };
        Self {
            explainer: explainer.map(Box::new),
            gives_steps: gives.steps,
            default_rtt,
            interceptor: RembInterceptor::new_unchecked(config),
            clock_offset,
            given_rtt: rtt,
            rtt: None,
            delivered_rtt: None,
            receiver_timer: None,
            timer_due: None,
            next_due: Timestamp::from_micros(i64::MIN),
            had_estimate: false,
        }
    }

    /// The same with the estimator's timer as the receiver's was.
    pub(super) fn with_timer(self, receiver_timer: Option<ReceiverTimer>) -> Self {
        Self { receiver_timer, ..self }
    }

    /// Runs the timers due at or before the packet, then the packet; `emit` is given what happened.
    #[inline]
    pub(super) fn handle_packet(
        &mut self,
        packet: &FedPacket,
        rtt: &mut RttSamples,
        emit: &mut impl FnMut(CaptureTime, Event),
    ) -> Handled {
        let now = self.to_estimator(packet.at);
        let mut moves_timer = self.next_due <= now;
        if moves_timer {
            self.begin_or_run_timers(now, rtt, emit);
        }
        if packet.is_first {
            self.interceptor.bind_remote_stream(packet.ssrc);
        }
        let arrival = PacketArrival {
            at: now,
            now,
            ssrc: packet.ssrc,
            send_time: packet.send_time,
            rtp_timestamp: packet.rtp_timestamp,
            transmission_offset: packet.transmission_offset.unwrap_or(0),
            size: packet.size,
        };
        let Self { interceptor, explainer, gives_steps, delivered_rtt, default_rtt, .. } = self;
        let result = match explainer {
            Some(explainer) => {
                explainer.packet(packet);
                let (gives, rtt) = (*gives_steps, delivered_rtt.unwrap_or(*default_rtt));
                interceptor.handle_rtp(&arrival, &mut Steps { at: packet.at, emit, explainer, gives, rtt })
            }
            None => interceptor.handle_rtp(&arrival, &mut ()),
        };
        // The outbox cannot fail.
        if !matches!(result, Ok(false)) {
            self.emit_remb(packet.at, emit);
            self.note_timers();
            moves_timer = true;
        }
        Handled { counts: self.estimator().counts(&arrival), moves_timer }
    }

    /// Runs the timers due at or before `at`.
    pub(super) fn advance(
        &mut self,
        at: CaptureTime,
        rtt: &mut RttSamples,
        emit: &mut impl FnMut(CaptureTime, Event),
    ) {
        let at = self.to_estimator(at);
        if self.rtt.is_some() && self.next_due <= at {
            self.run_timers(at, rtt, emit);
        }
    }

    /// A stream whose first packet came at `since` has a module that hands over round trip times; after the flow's first
    /// packet that counts.
    pub(super) fn add_module(&mut self, since: CaptureTime) {
        if let Some(rtt) = &mut self.rtt {
            rtt.add_receiver(since.to_timestamp());
            self.note_timers();
        }
    }

    /// When the next timer is due that does something visible, in capture time.
    #[inline]
    pub(super) fn next_timer(&self) -> Option<CaptureTime> {
        self.timer_due.map(|due| self.to_capture(due))
    }

    /// The estimator and its state.
    pub(super) fn estimator(&self) -> &Controller {
        self.interceptor.estimator()
    }

    /// Whether an estimate was ever sent.
    pub(super) fn had_estimate(&self) -> bool {
        self.had_estimate
    }

    /// The round trip time that was delivered last.
    pub(super) fn delivered_rtt(&self) -> Option<TimeDelta> {
        self.delivered_rtt
    }

    /// How often the estimator's timer ran as the receiver's did.
    pub(super) fn timer_runs(&self) -> Option<TimerRuns> {
        self.receiver_timer.as_ref().map(ReceiverTimer::runs)
    }

    /// Takes a packet of the flow that is not fed.
    pub(super) fn aside(&mut self) {
        if let Some(explainer) = &mut self.explainer {
            explainer.aside();
        }
    }

    /// Takes a REMB that the flow's receiver sent.
    pub(super) fn recorded(&mut self, at: CaptureTime, remb: &CapturedRemb) {
        if let Some(explainer) = &mut self.explainer {
            explainer.recorded(at, remb);
        }
    }

    /// Who watched, if anybody did.
    pub(super) fn explainer(&self) -> Option<&Explainer> {
        self.explainer.as_deref()
    }

    fn rtt_in_force(&self) -> TimeDelta {
        self.delivered_rtt.unwrap_or(self.default_rtt)
    }

    #[cold]
    fn begin_or_run_timers(
        &mut self,
        now: Timestamp,
        rtt: &mut RttSamples,
        emit: &mut impl FnMut(CaptureTime, Event),
    ) {
        if self.rtt.is_none() {
            self.interceptor.bind_rtcp_writer(Outbox::default(), now);
            let first = now - self.clock_offset;
            self.rtt = Some(RttSource::new(self.given_rtt, first));
            if let Some(start) = self.receiver_timer.as_ref().and_then(|timer| timer.start(first)) {
                self.interceptor.start_timer(start + self.clock_offset);
            }
        }
        self.run_timers(now, rtt, emit);
    }

    fn run_timers(
        &mut self,
        now: Timestamp,
        rtt: &mut RttSamples,
        emit: &mut impl FnMut(CaptureTime, Event),
    ) {
        loop {
            let due = self.timer_due.filter(|due| *due <= now);
            self.deliver_rtt(due.unwrap_or(now), rtt);
            let Some(due) = due else { break };
            self.note_update(due);
            let at = self.to_capture(due);
            let rtt = self.rtt_in_force();
            let Self { interceptor, explainer, gives_steps, .. } = self;
            let _ = match explainer {
                Some(explainer) => {
                    let gives = *gives_steps;
                    interceptor.handle_timeout(due, &mut Steps { at, emit, explainer, gives, rtt })
                }
                None => interceptor.handle_timeout(due, &mut ()),
            };
            self.emit_remb(at, emit);
            self.timer_due = self.next_run();
        }
        self.note_timers();
    }

    /// When the interceptor's next timer runs: when it is due, or later, where the receiver's was.
    fn next_run(&self) -> Option<Timestamp> {
        let due = self.interceptor.poll_timeout()?;
        let Some(timer) = &self.receiver_timer else { return Some(due) };
        let Some(interval) = self.estimator().update_due(due) else { return Some(due) };
        Some(timer.runs_at(due - self.clock_offset, interval) + self.clock_offset)
    }

    /// Before a timer runs `at`.
    fn note_update(&mut self, at: Timestamp) {
        let Some(timer) = &mut self.receiver_timer else { return };
        let due = self.interceptor.poll_timeout();
        let due = due.filter(|due| self.interceptor.estimator().update_due(*due).is_some());
        due.into_iter().for_each(|due| timer.note(due - self.clock_offset, at - self.clock_offset));
    }

    fn note_timers(&mut self) {
        self.timer_due = self.next_run();
        let rtt_due = self.rtt.as_ref().map(|rtt| rtt.next_run() + self.clock_offset);
        let soonest = self.timer_due.into_iter().chain(rtt_due).min();
        self.next_due = soonest.unwrap_or(self.next_due);
    }

    /// Delivers the round trip times that are due until `now`; of several at once the last, for nothing is between them.
    fn deliver_rtt(&mut self, now: Timestamp, samples: &mut RttSamples) {
        let until = now - self.clock_offset;
        if let Some(rtt) = self.rtt.as_mut().and_then(|source| source.run_until(until, samples)) {
            self.interceptor.set_rtt(rtt);
            self.delivered_rtt = Some(rtt);
        }
    }

    #[inline]
    fn emit_remb(&mut self, at: CaptureTime, emit: &mut impl FnMut(CaptureTime, Event)) {
        if let Some(remb) = self.interceptor.writer_mut().and_then(|outbox| outbox.0.take()) {
            self.had_estimate = true;
            emit(at, Event::Remb(remb));
        }
    }

    fn to_estimator(&self, at: CaptureTime) -> Timestamp {
        at.to_timestamp() + self.clock_offset
    }

    fn to_capture(&self, at: Timestamp) -> CaptureTime {
        CaptureTime::from(at - self.clock_offset)
    }
}

/// Takes the REMB that a packet or timer made due.
#[derive(Debug, Default)]
struct Outbox(Option<SentRemb>);

impl RtcpWriter for Outbox {
    fn write(&mut self, remb: &RembReport<'_>, _now: Timestamp) -> Result<(), WriteError> {
        self.0 = Some(SentRemb { bitrate: remb.bitrate, reason: remb.reason, ssrcs: remb.ssrcs.to_vec() });
        Ok(())
    }
}

/// Passes on the step that a packet or timer caused.
struct Steps<'a, E> {
    at: CaptureTime,
    emit: &'a mut E,
    explainer: &'a mut Explainer,
    gives: bool,
    rtt: TimeDelta,
}

impl<E: FnMut(CaptureTime, Event)> Steps<'_, E> {
    /// By value, so that a step that nobody wants whole is not put together.
    #[inline(never)]
    fn give(&mut self, step: Step) {
        let conditions = self.explainer.conditions(self.at, &step, self.rtt);
        (self.emit)(self.at, Event::Step(step, conditions));
    }
}

impl<E: FnMut(CaptureTime, Event)> Observer for Steps<'_, E> {
    #[inline(always)]
    fn step(&mut self, step: &Step) {
        self.explainer.step(self.at, step, self.rtt);
        if self.gives {
            self.give(*step);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::{AbsSendTime, Bitrate, DataSize, FrameNumber, SeqNum, Ssrc};
    use remb::rtt::{RttSample, SampleOf};

    const CENTURY_NANOS: i64 = 100 * 365 * 86_400 * 1_000_000_000;

    fn timeline(rtt: Option<TimeDelta>, clock_offset: TimeDelta) -> Timeline {
        Timeline::new(
            InterceptorConfig::default(),
            clock_offset,
            rtt,
            Gives { steps: true, events: false, is_cold: false },
        )
    }

    fn packet(nanos: i64) -> FedPacket {
        let at = CaptureTime::from_nanos(nanos.into()).unwrap();
        let raw = (i128::from(nanos) << 18) / 1_000_000_000;
        let size = DataSize::from_bytes(1000);
        let send_time = AbsSendTime::from_raw(raw as u32).into();
        let ssrc = Ssrc(1);
        let (rtp_timestamp, transmission_offset) = (0, None);
        let (frame, sequence_number) = (FrameNumber(0), SeqNum(0));
        FedPacket {
            at,
            order: at,
            ssrc,
            is_first: true,
            is_rtx: false,
            frame,
            sequence_number,
            send_time,
            rtp_timestamp,
            clock_hz: None,
            transmission_offset,
            size,
        }
    }

    fn run(timeline: &mut Timeline, nanos: impl Iterator<Item = i64>) -> Vec<(i64, Event)> {
        let mut events = Vec::new();
        for nanos in nanos {
            timeline.handle_packet(&packet(nanos), &mut RttSamples::default(), &mut |at, event| {
                events.push((at.as_nanos(), event))
            });
        }
        events
    }

    fn remb_times(events: &[(i64, Event)]) -> Vec<i64> {
        events.iter().filter(|(_, event)| matches!(event, Event::Remb(_))).map(|(nanos, _)| *nanos).collect()
    }

    #[test]
    fn a_timer_runs_at_its_due_time_before_the_packet_that_reveals_it() {
        let mut timeline = timeline(None, TimeDelta::ZERO);
        let events = run(&mut timeline, (0..200).map(|k| k * 20_000_000 + 7));
        let times = remb_times(&events);
        assert_eq!(times[0] % 20_000_000, 7, "the first REMB carries its frame's nanoseconds");
        assert!(times.windows(2).all(|pair| pair[1] - pair[0] <= 1_000_000_000));
        assert!(times.len() >= 4 && times[1..].iter().all(|nanos| nanos % 1000 == 0), "{times:?}");
    }

    #[test]
    fn a_gap_of_a_century_costs_constant_work() {
        let mut timeline = timeline(Some(TimeDelta::from_millis(20)), TimeDelta::ZERO);
        run(&mut timeline, (0..100).map(|k| k * 20_000_000));
        let events = run(&mut timeline, std::iter::once(CENTURY_NANOS));
        assert!(remb_times(&events).len() <= 3, "{:?}", remb_times(&events));
        assert_eq!(remb_times(&events).last(), Some(&CENTURY_NANOS));
    }

    #[test]
    fn the_clock_offset_stays_inside() {
        let shifted: Vec<_> = [TimeDelta::ZERO, TimeDelta::from_micros(64_000_000)]
            .into_iter()
            .map(|offset| remb_times(&run(&mut timeline(None, offset), (0..300).map(|k| k * 20_000_000))))
            .collect();
        assert_eq!(shifted[0], shifted[1]);
    }

    #[test]
    fn time_that_steps_back_counts_the_interval_anew() {
        let mut timeline = timeline(None, TimeDelta::ZERO);
        run(&mut timeline, (500..600).map(|k| k * 20_000_000));
        let events = run(&mut timeline, (0..120).map(|k| k * 20_000_000));
        let times = remb_times(&events);
        assert!(
            times.len() >= 2 && times.windows(2).all(|pair| pair[1] - pair[0] == 1_000_000_000),
            "{times:?}"
        );
    }

    #[test]
    fn a_given_round_trip_time_counts_from_one_second_after_the_first_packet() {
        let mut timeline = timeline(Some(TimeDelta::from_millis(20)), TimeDelta::ZERO);
        run(&mut timeline, (0..50).map(|k| k * 20_000_000));
        assert_eq!(timeline.delivered_rtt(), None);
        run(&mut timeline, std::iter::once(1_000_000_000));
        assert_eq!(timeline.delivered_rtt(), Some(TimeDelta::from_millis(20)));
        assert!(timeline.estimator().estimate() > Some(Bitrate::default()));
    }

    #[test]
    fn samples_of_the_capture_are_handed_over_each_second_and_smoothed_by_the_timer_too() {
        for offset_us in [0, 700] {
            let mut timeline = timeline(None, TimeDelta::from_micros(offset_us));
            let mut samples = RttSamples::default();
            let delivered = |timeline: &mut Timeline, samples: &mut RttSamples, ms: i64| {
                timeline.handle_packet(&packet(ms * 1_000_000), samples, &mut |_, _| {});
                timeline.delivered_rtt().map(|rtt| rtt.to_millis())
            };
            let at = |ms: i64| CaptureTime::from_nanos(i128::from(ms) * 1_000_000).unwrap();
            assert_eq!(delivered(&mut timeline, &mut samples, 0), None);
            assert_eq!(delivered(&mut timeline, &mut samples, 250), None);
            timeline.add_module(at(250));
            for (ms, rtt_ms) in [(400, 10), (600, 21), (1250, 99)] {
                samples.push(RttSample {
                    at: at(ms).to_timestamp(),
                    rtt: TimeDelta::from_millis(rtt_ms),
                    of: SampleOf::Receiver,
                });
            }
            assert_eq!(delivered(&mut timeline, &mut samples, 1249), None);
            assert_eq!(delivered(&mut timeline, &mut samples, 1250), Some(21), "a frame then comes after it");
            assert_eq!(delivered(&mut timeline, &mut samples, 2000), Some(21));
            assert_eq!(
                delivered(&mut timeline, &mut samples, 2250),
                Some(32),
                "0.7 × 21 + 0.3 × (21 + 99) / 2"
            );
            assert_eq!(delivered(&mut timeline, &mut samples, 3000), Some(52), "0.7 × 32 + 0.3 × 99");
            assert_eq!(
                delivered(&mut timeline, &mut samples, 900_000),
                Some(52),
                "nothing new, nothing delivered"
            );
            let rtt = TimeDelta::from_millis(7);
            samples.push(RttSample { at: at(900_500).to_timestamp(), rtt, of: SampleOf::Receiver });
            assert_eq!(delivered(&mut timeline, &mut samples, 901_250), Some(7), "it starts afresh");
        }
    }
}

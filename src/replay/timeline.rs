//! Virtual time of one flow: the estimator's clock is the capture's, and timers that are due run before the packet.
//!
//! The estimator's time is the capture's in microseconds plus the clock offset; events are stamped in capture time.

use crate::bwe::{Controller, Observer, PacketArrival, Step};
use crate::remb::{InterceptorConfig, RembInterceptor, RembReport, RtcpWriter, WriteError};
use crate::units::{AbsSendTimeElement, CaptureTime, DataSize, Ssrc, TimeDelta, Timestamp};

use super::event::{Event, SentRemb};

/// A packet that is fed to the estimator.
#[derive(Debug, Clone, Copy)]
pub(super) struct FedPacket {
    pub(super) at: CaptureTime,
    pub(super) ssrc: Ssrc,
    pub(super) send_time: AbsSendTimeElement,
    pub(super) rtp_timestamp: u32,
    pub(super) transmission_offset: i32,
    pub(super) size: DataSize,
}

/// The round trip time is delivered once a second, the first time so long after the first packet.
const RTT_INTERVAL: TimeDelta = TimeDelta::from_secs(1);

/// One flow's estimator, schedule and timers.
#[derive(Debug)]
pub(super) struct Timeline {
    interceptor: RembInterceptor<Outbox>,
    clock_offset: TimeDelta,
    rtt: Option<TimeDelta>,
    rtt_due: Option<Timestamp>,
    started: bool,
    steps: Steps,
}

impl Timeline {
    /// Before the first packet. Without `rtt` the estimator keeps its default.
    pub(super) fn new(config: InterceptorConfig, clock_offset: TimeDelta, rtt: Option<TimeDelta>) -> Self {
        let interceptor = RembInterceptor::new(config);
        Self { interceptor, clock_offset, rtt, rtt_due: None, started: false, steps: Steps::default() }
    }

    /// Streams are announced before their first packet.
    pub(super) fn bind_stream(&mut self, ssrc: Ssrc) {
        self.interceptor.bind_remote_stream(ssrc);
    }

    /// Runs the timers due at or before the packet, then the packet; `emit` is given what happened.
    pub(super) fn handle_packet(&mut self, packet: &FedPacket, emit: &mut impl FnMut(CaptureTime, Event)) {
        let now = self.to_estimator(packet.at);
        if !self.started {
            self.started = true;
            self.interceptor.bind_rtcp_writer(Outbox::default(), now);
            self.rtt_due = self.rtt.map(|_| now + RTT_INTERVAL);
        }
        self.run_timers(now, emit);
        let arrival = PacketArrival {
            at: now,
            now,
            ssrc: packet.ssrc,
            send_time: packet.send_time,
            rtp_timestamp: packet.rtp_timestamp,
            transmission_offset: packet.transmission_offset,
            size: packet.size,
        };
        // The outbox cannot fail.
        let _ = self.interceptor.handle_rtp(&arrival, &mut self.steps);
        self.emit(packet.at, emit);
    }

    /// Runs the timers due at or before `at`.
    pub(super) fn advance(&mut self, at: CaptureTime, emit: &mut impl FnMut(CaptureTime, Event)) {
        if self.started {
            self.run_timers(self.to_estimator(at), emit);
        }
    }

    /// When the next timer is due, in capture time.
    pub(super) fn next_timer(&self) -> Option<CaptureTime> {
        let due = self.interceptor.poll_timeout().into_iter().chain(self.rtt_due).min()?;
        Some(self.to_capture(due))
    }

    /// The estimator and its state.
    pub(super) fn estimator(&self) -> &Controller {
        self.interceptor.estimator()
    }

    fn run_timers(&mut self, now: Timestamp, emit: &mut impl FnMut(CaptureTime, Event)) {
        loop {
            let remb_due = self.interceptor.poll_timeout().filter(|due| *due <= now);
            match (self.rtt_due.filter(|due| *due <= now), remb_due) {
                (Some(rtt_due), remb_due) if remb_due.is_none_or(|due| rtt_due <= due) => self.deliver_rtt(),
                (_, Some(due)) => {
                    let _ = self.interceptor.handle_timeout(due, &mut self.steps);
                    self.emit(self.to_capture(due), emit);
                }
                _ => return,
            }
        }
    }

    /// The value is constant, so that once is as good as every second.
    fn deliver_rtt(&mut self) {
        if let Some(rtt) = self.rtt {
            self.interceptor.set_rtt(rtt);
        }
        self.rtt_due = None;
    }

    fn emit(&mut self, at: CaptureTime, emit: &mut impl FnMut(CaptureTime, Event)) {
        if let Some(step) = self.steps.0.take() {
            emit(at, Event::Step(step));
        }
        if let Some(remb) = self.interceptor.writer_mut().and_then(|outbox| outbox.0.take()) {
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

/// Takes the step that a packet caused.
#[derive(Debug, Default)]
struct Steps(Option<Step>);

impl Observer for Steps {
    fn step(&mut self, step: &Step) {
        self.0 = Some(*step);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::{AbsSendTime, Bitrate};

    const CENTURY_NANOS: i64 = 100 * 365 * 86_400 * 1_000_000_000;

    fn timeline(rtt: Option<TimeDelta>, clock_offset: TimeDelta) -> Timeline {
        let mut timeline = Timeline::new(InterceptorConfig::default(), clock_offset, rtt);
        timeline.bind_stream(Ssrc(1));
        timeline
    }

    fn packet(nanos: i64) -> FedPacket {
        let at = CaptureTime::from_nanos(nanos.into()).unwrap();
        let raw = (i128::from(nanos) << 18) / 1_000_000_000;
        let size = DataSize::from_bytes(1000);
        let send_time = AbsSendTime::from_raw(raw as u32).into();
        FedPacket { at, ssrc: Ssrc(1), send_time, rtp_timestamp: 0, transmission_offset: 0, size }
    }

    fn run(timeline: &mut Timeline, nanos: impl Iterator<Item = i64>) -> Vec<(i64, Event)> {
        let mut events = Vec::new();
        for nanos in nanos {
            timeline.handle_packet(&packet(nanos), &mut |at, event| events.push((at.as_nanos(), event)));
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
    fn the_round_trip_time_counts_from_one_second_after_the_first_packet() {
        let mut timeline = timeline(Some(TimeDelta::from_millis(20)), TimeDelta::ZERO);
        run(&mut timeline, (0..50).map(|k| k * 20_000_000));
        assert!(timeline.rtt_due.is_some());
        run(&mut timeline, std::iter::once(1_000_000_000));
        assert!(timeline.rtt_due.is_none());
        assert!(timeline.estimator().estimate() > Some(Bitrate::default()));
    }
}

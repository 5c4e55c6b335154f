//! The estimator that measures delay by abs-send-time: it only wires the stages, in libwebrtc's order of operations.
//! Specification section 9.

use super::PacketArrival;
use super::active_streams::ActiveStreams;
use super::config::EstimatorConfig;
use super::delay_detector::DelayDetector;
use super::incoming_bitrate::IncomingBitrate;
use super::inter_arrival::InterArrival;
use super::overuse::BandwidthUsage;
use super::probe::{Probe, ProbeSearch};
use super::rate_control::{RateControl, RateControlState};
use super::trace::{EstimatorKind, GroupStep, Observer, PacketStep, RateControlRun, StateChange, Step};
use crate::units::{AbsSendTime, Bitrate, DataSize, Ssrc, TimeDelta, Timestamp};

/// A new estimate; it concerns the streams that are active then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Report {
    /// When.
    pub now: Timestamp,
    /// The estimate.
    pub bitrate: Bitrate,
}

/// The receive-side estimator over all streams of a transport.
#[derive(Debug, Clone)]
pub struct AbsSendTimeEstimator {
    config: EstimatorConfig,
    incoming: IncomingBitrate,
    probes: ProbeSearch,
    inter_arrival: InterArrival,
    delay: DelayDetector,
    rate_control: RateControl,
    streams: ActiveStreams,
    first_packet: Option<Timestamp>,
    /// Rate control runs once the clock is past this.
    next_report_after_ms: i64,
}

impl AbsSendTimeEstimator {
    /// An estimator that has seen nothing.
    pub fn new(config: EstimatorConfig) -> Self {
        Self {
            incoming: IncomingBitrate::new(&config.incoming_bitrate),
            probes: ProbeSearch::new(config.probe.clone()),
            inter_arrival: InterArrival::for_abs_send_time(&config.inter_arrival),
            delay: DelayDetector::new(&config),
            rate_control: RateControl::new(config.rate_control.clone(), config.link_capacity.clone()),
            streams: ActiveStreams::new(&config.streams),
            first_packet: None,
            next_report_after_ms: i64::MIN,
            config,
        }
    }

    /// Takes a packet; gives a report if the estimate is due. A packet without send time has no effect
    /// (specification 9.2).
    #[inline(always)]
    pub fn handle_packet<O: Observer>(&mut self, packet: &PacketArrival, observer: &mut O) -> Option<Report> {
        let Some(send_time) = packet.send_time.value() else {
            if O::WANTS_EVERY_PACKET {
                let incoming = self.incoming.peek(packet.at.to_millis());
                observer.step(&self.step(packet, None, None, false, incoming));
            }
            return None;
        };
        let arrival_ms = packet.at.to_millis();
        let now_ms = if packet.now == packet.at { arrival_ms } else { packet.now.to_millis() };
        let before = (self.delay.usage(), self.rate_control.state());

        self.incoming.handle_packet(packet.size, arrival_ms);
        let first_packet = *self.first_packet.get_or_insert(packet.now);
        self.time_out_streams(packet.now);
        self.streams.touch(packet.ssrc, packet.now);

        let searches =
            !self.rate_control.is_valid() || packet.now - first_packet < self.probes.config().interval;
        let probe = searches && self.search_probe(*packet, send_time);
        let group = self.measure_delay(send_time, arrival_ms, now_ms, packet.size);
        let rate_control = (probe || self.update_is_due(packet.now, arrival_ms, now_ms)).then(|| {
            let run =
                RateControlRun { usage: self.delay.usage(), throughput: self.incoming.rate(arrival_ms) };
            self.rate_control.update(run.usage, run.throughput, packet.now);
            run
        });
        let report = match (rate_control, self.rate_control.estimate()) {
            (Some(_), Some(bitrate)) => {
                let interval_ms = self.rate_control.feedback_interval().to_millis();
                self.next_report_after_ms = now_ms + interval_ms;
                Some(Report { now: packet.now, bitrate })
            }
            _ => None,
        };

        self.tell_changes(before, packet.now, observer);
        if O::WANTS_STEPS && (O::WANTS_EVERY_PACKET || group.is_some() || rate_control.is_some()) {
            let incoming = self.incoming.rate(arrival_ms);
            observer.step(&self.step(packet, group, rate_control, probe, incoming));
        }
        report
    }

    /// The estimate; `None` until it is valid, and while no stream is active (specification 9.6).
    pub fn estimate(&self) -> Option<Bitrate> {
        self.rate_control.estimate().filter(|_| !self.streams.is_empty())
    }

    /// SSRCs with a packet in the two seconds before the last packet, ascending.
    pub fn active_ssrcs(&self) -> &[Ssrc] {
        self.streams.ssrcs()
    }

    /// SSRCs with a packet in the two seconds before `now`, ascending.
    pub fn active_ssrcs_at(&self, now: Timestamp) -> impl Iterator<Item = Ssrc> {
        self.streams.active_at(now)
    }

    /// Incoming bit rate of the second before `at`.
    pub fn incoming_bitrate(&self, at: Timestamp) -> Option<Bitrate> {
        self.incoming.peek(at.to_millis())
    }

    /// The link's state.
    pub fn usage(&self) -> BandwidthUsage {
        self.delay.usage()
    }

    /// Rate control's state.
    pub fn rate_control_state(&self) -> RateControlState {
        self.rate_control.state()
    }

    /// Sets the round trip time.
    pub fn set_rtt(&mut self, rtt: TimeDelta) {
        self.rate_control.set_rtt(rtt);
    }

    /// Forgets a stream; no further effect before the next packet.
    pub fn remove_stream(&mut self, ssrc: Ssrc) {
        self.streams.remove(ssrc);
    }

    /// Forgets everything but the parameters.
    pub fn reset(&mut self) {
        *self = Self::new(self.config.clone());
    }

    /// With all streams idle for two seconds, groups and filter start anew (specification 9.5).
    #[inline(always)]
    fn time_out_streams(&mut self, now: Timestamp) {
        self.streams.remove_idle(now);
        if self.streams.is_empty() {
            self.inter_arrival.reset();
            self.delay.time_out(&self.config);
        }
    }

    #[cold]
    fn search_probe(&mut self, packet: PacketArrival, send_time: AbsSendTime) -> bool {
        if packet.size.as_bytes() <= i64::from(self.probes.config().max_ignored_size) {
            return false;
        }
        let estimate = self.rate_control.estimate();
        let probe = Probe { sent: send_time.to_timestamp(), arrived: packet.at, size: packet.size };
        match self.probes.handle_probe(probe, estimate) {
            Some(rate) => {
                self.rate_control.set_estimate(rate, packet.now);
                true
            }
            None => false,
        }
    }

    #[inline(always)]
    fn measure_delay(
        &mut self,
        send_time: AbsSendTime,
        arrival_ms: i64,
        now_ms: i64,
        size: DataSize,
    ) -> Option<GroupStep> {
        let delta = self.inter_arrival.handle_packet(send_time.to_ticks(), arrival_ms, now_ms, size)?;
        let send_delta_ms = 1000.0 * f64::from(delta.send_ticks) / f64::from(1 << 26);
        self.delay.update(&delta, send_delta_ms, arrival_ms, arrival_ms);
        Some(GroupStep { send_delta_ms, arrival_delta_ms: delta.arrival_ms, size_delta: delta.size })
    }

    #[inline(always)]
    fn update_is_due(&mut self, now: Timestamp, arrival_ms: i64, now_ms: i64) -> bool {
        if now_ms > self.next_report_after_ms {
            return true;
        }
        self.delay.usage() == BandwidthUsage::Overusing
            && self
                .incoming
                .rate(arrival_ms)
                .is_some_and(|rate| self.rate_control.time_to_reduce_further(now, rate))
    }

    fn tell_changes<O: Observer>(
        &self,
        before: (BandwidthUsage, RateControlState),
        now: Timestamp,
        observer: &mut O,
    ) {
        let after = (self.delay.usage(), self.rate_control.state());
        if before.0 != after.0 {
            observer.state_changed(now, StateChange::Usage { from: before.0, to: after.0 });
        }
        if before.1 != after.1 {
            observer.state_changed(now, StateChange::RateControl { from: before.1, to: after.1 });
        }
    }

    #[inline(always)]
    fn step(
        &self,
        packet: &PacketArrival,
        group: Option<GroupStep>,
        rate_control: Option<RateControlRun>,
        probe: bool,
        incoming: Option<Bitrate>,
    ) -> Step {
        let part = PacketStep { arrival: packet.at, ssrc: packet.ssrc, group, delay: self.delay.state() };
        let kind = EstimatorKind::AbsSendTime;
        let mut step = Step::new(packet.now, kind, Some(part), incoming, rate_control, &self.rate_control);
        step.probe = probe;
        step
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Feed {
        estimator: AbsSendTimeEstimator,
        sent_us: i64,
        now_us: i64,
    }

    impl Feed {
        fn new() -> Self {
            let estimator = AbsSendTimeEstimator::new(EstimatorConfig::default());
            Self { estimator, sent_us: 1_000_000, now_us: 10_000_000 }
        }

        fn packet(&mut self, send_gap_ms: i64, arrival_gap_ms: i64, bytes: i64) -> Option<i64> {
            self.sent_us += send_gap_ms * 1000;
            self.now_us += arrival_gap_ms * 1000;
            let raw = ((self.sent_us << 18) + 500_000) / 1_000_000;
            let now = Timestamp::from_micros(self.now_us);
            let packet = PacketArrival {
                at: now,
                now,
                ssrc: Ssrc(1),
                send_time: AbsSendTime::from_raw(raw as u32).into(),
                size: DataSize::from_bytes(bytes),
                ..PacketArrival::default()
            };
            self.estimator.handle_packet(&packet, &mut ()).map(|report| report.bitrate.as_bps())
        }
    }

    /// Specification C11a.
    #[test]
    fn two_trains_set_the_estimate_twice() {
        let mut feed = Feed::new();
        let mut reports = vec![feed.packet(0, 0, 1000)];
        reports.extend((0..5).map(|_| feed.packet(10, 10, 1000)));
        reports.extend((0..5).map(|_| feed.packet(5, 5, 1000)));
        assert_eq!(reports.iter().flatten().copied().collect::<Vec<_>>(), [801_000, 1_601_000]);
        assert_eq!((reports[4], reports[9]), (Some(801_000), Some(1_601_000)));
    }

    /// Specification C11b.
    #[test]
    fn packets_of_200_bytes_are_no_probes() {
        let mut feed = Feed::new();
        assert!((0..6).all(|_| feed.packet(10, 10, 200).is_none()));
    }

    /// Specification C11e.
    #[test]
    fn without_probes_the_first_estimate_comes_after_five_seconds() {
        let mut feed = Feed::new();
        let reports: Vec<_> =
            (0..320).filter_map(|index| feed.packet(20, 20, 160).map(|bps| (index, bps))).collect();
        assert_eq!(
            reports,
            [
                (252, 65_000),
                (263, 66_110),
                (274, 67_239),
                (285, 68_387),
                (296, 69_555),
                (307, 70_743),
                (318, 71_951)
            ]
        );
    }

    #[test]
    fn a_packet_without_send_time_changes_nothing() {
        let mut feed = Feed::new();
        let now = Timestamp::from_micros(5);
        let packet = PacketArrival {
            at: now,
            now,
            ssrc: Ssrc(9),
            size: DataSize::from_bytes(1000),
            ..PacketArrival::default()
        };
        feed.estimator.handle_packet(&packet, &mut ());
        assert!(feed.estimator.active_ssrcs().is_empty());
        assert_eq!(feed.estimator.first_packet, None);
    }

    #[test]
    fn changes_of_state_are_told_and_reset_forgets_them() {
        #[derive(Default)]
        struct Changes(Vec<StateChange>);
        impl Observer for Changes {
            const WANTS_STEPS: bool = false;
            fn step(&mut self, _: &Step) {}
            fn state_changed(&mut self, _: Timestamp, change: StateChange) {
                self.0.push(change);
            }
        }
        let mut feed = Feed::new();
        let mut changes = Changes::default();
        for index in 0..60 {
            let now = Timestamp::from_millis(20 * index + index * index / 4);
            let packet = PacketArrival {
                at: now,
                now,
                ssrc: Ssrc(1),
                send_time: AbsSendTime::from_raw((index as u32) * 5243).into(),
                size: DataSize::from_bytes(150),
                ..PacketArrival::default()
            };
            feed.estimator.handle_packet(&packet, &mut changes);
        }
        let overuse = StateChange::Usage { from: BandwidthUsage::Normal, to: BandwidthUsage::Overusing };
        assert!(changes.0.contains(&overuse), "{:?}", changes.0);
        assert_eq!(feed.estimator.usage(), BandwidthUsage::Overusing);
        feed.estimator.reset();
        assert_eq!((feed.estimator.usage(), feed.estimator.estimate()), (BandwidthUsage::Normal, None));
    }
}

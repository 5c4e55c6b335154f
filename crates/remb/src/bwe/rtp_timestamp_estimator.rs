//! The estimator that measures delay by RTP timestamps, each stream for itself, and updates by a timer: what libwebrtc
//! uses where abs-send-time is not negotiated. It only wires the stages. Specification section 10.

use super::PacketArrival;
use super::abs_send_time_estimator::Report;
use super::config::EstimatorConfig;
use super::delay_detector::DelayDetector;
use super::incoming_bitrate::IncomingBitrate;
use super::inter_arrival::{InterArrival, MS_PER_RTP_TICK};
use super::overuse::BandwidthUsage;
use super::rate_control::{RateControl, RateControlState};
use super::trace::{EstimatorKind, GroupStep, Observer, PacketStep, RateControlRun, StateChange, Step};
use crate::units::{Bitrate, Ssrc, TimeDelta, Timestamp};

/// The estimator over all streams of a transport.
#[derive(Debug, Clone)]
pub struct RtpTimestampEstimator {
    config: EstimatorConfig,
    /// Ascending by SSRC.
    streams: Vec<Stream>,
    last_index: usize,
    incoming: IncomingBitrate,
    last_valid_rate: Bitrate,
    rate_control: RateControl,
    last_process: Option<Timestamp>,
    process_interval: TimeDelta,
}

#[derive(Debug, Clone)]
struct Stream {
    ssrc: Ssrc,
    last_packet: Timestamp,
    inter_arrival: InterArrival,
    delay: DelayDetector,
}

impl RtpTimestampEstimator {
    /// An estimator that has seen nothing.
    pub fn new(config: EstimatorConfig) -> Self {
        Self {
            streams: Vec::new(),
            last_index: 0,
            incoming: IncomingBitrate::new(&config.incoming_bitrate),
            last_valid_rate: Bitrate::default(),
            rate_control: RateControl::new(config.rate_control.clone(), config.link_capacity.clone()),
            last_process: None,
            process_interval: config.controller.process_interval,
            config,
        }
    }

    /// Takes a packet; gives a report if an over-use lowered the estimate (specification 10.2).
    pub fn handle_packet<O: Observer>(&mut self, packet: &PacketArrival, observer: &mut O) -> Option<Report> {
        let now_ms = packet.now.to_millis();
        self.measure_rate(packet, now_ms);
        let index = self.stream_index(packet);
        let stream = self.streams.get_mut(index)?;
        stream.last_packet = packet.now;
        let prior = stream.delay.usage();
        let group = stream.measure_delay(packet, now_ms);
        let usage = stream.delay.usage();
        if usage != prior {
            observer.state_changed(packet.now, StateChange::Usage { from: prior, to: usage });
        }
        let delay = stream.delay.state();
        let lowers = usage == BandwidthUsage::Overusing
            && self.incoming.rate(now_ms).is_some_and(|rate| {
                prior != BandwidthUsage::Overusing
                    || self.rate_control.time_to_reduce_further(packet.now, rate)
            });
        let run = if lowers { self.update_estimate(packet.now, observer) } else { None };
        if O::WANTS_STEPS && (O::WANTS_EVERY_PACKET || group.is_some() || run.is_some()) {
            let part = PacketStep { arrival: packet.at, ssrc: packet.ssrc, group, delay };
            observer.step(&self.step(packet.now, Some(part), run));
        }
        run.and_then(|_| self.report(packet.now))
    }

    /// Runs the timer if it is due; gives the time to wait from now on, and a report if there is one
    /// (specification 10.3).
    pub fn process<O: Observer>(&mut self, now: Timestamp, observer: &mut O) -> (TimeDelta, Option<Report>) {
        let next = self.last_process.map_or(now, |last| last + self.process_interval);
        if now.to_millis() < next.to_millis() {
            return (next - now, None);
        }
        self.last_process = Some(now);
        let run = self.update_estimate(now, observer);
        if O::WANTS_STEPS && run.is_some() {
            observer.step(&self.step(now, None, run));
        }
        (self.process_interval, run.and_then(|_| self.report(now)))
    }

    /// The time until the update after, if one is due at `now`.
    pub(super) fn update_due(&self, now: Timestamp) -> Option<TimeDelta> {
        let next = self.last_process? + self.process_interval;
        (next.to_millis() <= now.to_millis()).then_some(self.process_interval)
    }

    /// When the timer last ran.
    pub(super) fn last_process(&self) -> Option<Timestamp> {
        self.last_process
    }

    /// Moves the timer by a time in which it had no effect.
    pub(super) fn shift_timer(&mut self, by: TimeDelta) {
        self.last_process = self.last_process.map(|last| last + by);
    }

    /// The estimate; `None` until it is valid, and while there is no stream.
    pub fn estimate(&self) -> Option<Bitrate> {
        self.rate_control.estimate().filter(|_| !self.streams.is_empty())
    }

    /// Whether no stream is followed, so that the timer has no effect.
    pub fn is_idle(&self) -> bool {
        self.streams.is_empty()
    }

    /// Streams with a packet in the two seconds before `now`, ascending.
    pub fn active_ssrcs_at(&self, now: Timestamp) -> impl Iterator<Item = Ssrc> {
        let timeout = self.config.streams.timeout;
        let active = self.streams.iter().filter(move |stream| now - stream.last_packet <= timeout);
        active.map(|stream| stream.ssrc)
    }

    /// Incoming bit rate of the second before `now`.
    pub fn incoming_bitrate(&self, now: Timestamp) -> Option<Bitrate> {
        self.incoming.peek(now.to_millis())
    }

    /// The link's state: over-use of any stream, else under-use of any (specification 10.4).
    pub fn usage(&self) -> BandwidthUsage {
        self.streams.iter().map(|stream| stream.delay.usage()).max().unwrap_or_default()
    }

    /// Rate control's state.
    pub fn rate_control_state(&self) -> RateControlState {
        self.rate_control.state()
    }

    /// Sets the round trip time.
    pub fn set_rtt(&mut self, rtt: TimeDelta) {
        self.rate_control.set_rtt(rtt);
    }

    /// Forgets a stream.
    pub fn remove_stream(&mut self, ssrc: Ssrc) {
        self.streams.retain(|stream| stream.ssrc != ssrc);
        self.last_index = 0;
    }

    /// The window, with this estimator's own rule after an idle period (specification 10.2 step 2).
    fn measure_rate(&mut self, packet: &PacketArrival, now_ms: i64) {
        match self.incoming.rate(now_ms) {
            Some(rate) => self.last_valid_rate = rate,
            None if self.last_valid_rate > Bitrate::default() => {
                self.incoming.reset();
                self.last_valid_rate = Bitrate::default();
            }
            None => {}
        }
        self.incoming.add(packet.size, now_ms);
    }

    fn stream_index(&mut self, packet: &PacketArrival) -> usize {
        if self.streams.get(self.last_index).is_none_or(|stream| stream.ssrc != packet.ssrc) {
            self.last_index = match self.streams.binary_search_by_key(&packet.ssrc, |stream| stream.ssrc) {
                Ok(index) => index,
                Err(index) => {
                    let stream = Stream {
                        ssrc: packet.ssrc,
                        last_packet: packet.now,
                        inter_arrival: InterArrival::for_rtp_timestamps(&self.config.inter_arrival),
                        delay: DelayDetector::new(&self.config),
                    };
                    self.streams.insert(index, stream);
                    index
                }
            };
        }
        self.last_index
    }

    /// Specification 10.4; `None` if no stream is left.
    fn update_estimate<O: Observer>(&mut self, now: Timestamp, observer: &mut O) -> Option<RateControlRun> {
        let timeout = self.config.streams.timeout;
        self.streams.retain(|stream| now - stream.last_packet <= timeout);
        self.last_index = 0;
        if self.streams.is_empty() {
            return None;
        }
        let run = RateControlRun { usage: self.usage(), throughput: self.incoming.rate(now.to_millis()) };
        let before = self.rate_control.state();
        self.rate_control.update(run.usage, run.throughput, now);
        let after = self.rate_control.state();
        if before != after {
            observer.state_changed(now, StateChange::RateControl { from: before, to: after });
        }
        if self.rate_control.estimate().is_some() {
            self.process_interval = self.rate_control.feedback_interval();
        }
        Some(run)
    }

    fn report(&self, now: Timestamp) -> Option<Report> {
        self.rate_control.estimate().map(|bitrate| Report { now, bitrate })
    }

    fn step(&mut self, now: Timestamp, packet: Option<PacketStep>, run: Option<RateControlRun>) -> Step {
        let incoming = self.incoming.rate(now.to_millis());
        Step::new(now, EstimatorKind::RtpTimestamp, packet, incoming, run, &self.rate_control)
    }
}

impl Stream {
    fn measure_delay(&mut self, packet: &PacketArrival, now_ms: i64) -> Option<GroupStep> {
        let ticks = packet.rtp_timestamp.wrapping_add_signed(packet.transmission_offset);
        let arrival_ms = packet.at.to_millis();
        let delta = self.inter_arrival.handle_packet(ticks, arrival_ms, now_ms, packet.size)?;
        let send_delta_ms = f64::from(delta.send_ticks) * MS_PER_RTP_TICK;
        self.delay.update(&delta, send_delta_ms, arrival_ms, now_ms);
        Some(GroupStep { send_delta_ms, arrival_delta_ms: delta.arrival_ms, size_delta: delta.size })
    }
}

//! Estimator, schedule and a writer that is bound late, for a replay as for a live stack.
//!
//! The owner hands over every packet, asks [`RembInterceptor::poll_timeout`] when time alone would matter, and calls
//! [`RembInterceptor::handle_timeout`] then. Without a writer the estimator runs, but nothing is scheduled and nothing
//! is recorded as sent.

use std::error::Error;

use super::message::MAX_SSRCS;
use super::scheduler::{Reason, RembConfig, RembScheduler};
use crate::bwe::{Controller, EstimatorConfig, Observer, PacketArrival, Report, SsrcSet};
use crate::units::{Bitrate, Ssrc, TimeDelta, Timestamp};

/// A writer's own error; the interceptor only passes it on.
pub type WriteError = Box<dyn Error + Send + Sync>;

/// A REMB that is to be sent now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RembReport<'a> {
    /// Who sends it.
    pub sender_ssrc: Ssrc,
    /// The estimate, before the message rounds it.
    pub bitrate: Bitrate,
    /// Streams with a packet in the last 2 s, ascending; none where they are more than [`MAX_SSRCS`], as libwebrtc then
    /// lists none (specification 12.3).
    pub ssrcs: &'a [Ssrc],
    /// Why now; not on the wire.
    pub reason: Reason,
}

/// Where REMBs go.
pub trait RtcpWriter {
    /// Sends `remb`; see [`super::Remb::encode`] for the bytes. An error counts as an attempt, not as sent.
    fn write(&mut self, remb: &RembReport<'_>, now: Timestamp) -> Result<(), WriteError>;
}

/// What the interceptor is made of. Its values are taken as they are: an interval of zero, say, is a timer that never rests.
/// `config::Parameters::validate` holds estimator and schedule to the ranges that make sense.
#[derive(Debug, Clone, PartialEq)]
pub struct InterceptorConfig {
    /// The estimator's parameters.
    pub estimator: EstimatorConfig,
    /// The schedule.
    pub remb: RembConfig,
    /// SSRC of the REMB sender; 1 is a receiver's convention.
    pub sender_ssrc: Ssrc,
}

impl Default for InterceptorConfig {
    fn default() -> Self {
        Self { estimator: EstimatorConfig::default(), remb: RembConfig::default(), sender_ssrc: Ssrc(1) }
    }
}

/// Runs the estimator over a transport's streams and writes REMBs when they are due.
#[derive(Debug, Clone)]
pub struct RembInterceptor<W> {
    estimator: Controller,
    scheduler: RembScheduler,
    stream_timeout: TimeDelta,
    sender_ssrc: Ssrc,
    writer: Option<W>,
    bound_at: Option<Timestamp>,
    tracked: SsrcSet,
    /// The latest that the estimator was told; before all else without.
    estimator_now: Timestamp,
    newest_packet: Option<Timestamp>,
    listed: Vec<Ssrc>,
    closed: bool,
    timeout: Option<Timestamp>,
    /// Neither a packet nor a timer was later.
    latest: Timestamp,
}

impl<W: RtcpWriter> RembInterceptor<W> {
    /// An interceptor without writer and streams.
    pub fn new(config: InterceptorConfig) -> Self {
        Self {
            stream_timeout: config.estimator.streams.timeout,
            estimator: Controller::new(config.estimator),
            scheduler: RembScheduler::new(config.remb),
            sender_ssrc: config.sender_ssrc,
            writer: None,
            bound_at: None,
            tracked: SsrcSet::default(),
            estimator_now: Timestamp::from_micros(i64::MIN),
            newest_packet: None,
            listed: Vec::with_capacity(MAX_SSRCS),
            closed: false,
            timeout: None,
            latest: Timestamp::from_micros(i64::MIN),
        }
    }

    /// Takes the writer and starts the schedule; nothing is sent before the next report or timer. A second call
    /// replaces the writer and leaves the schedule as it is. After [`Self::close`] it has no effect.
    pub fn bind_rtcp_writer(&mut self, writer: W, now: Timestamp) {
        if self.closed {
            return;
        }
        self.writer = Some(writer);
        self.bound_at.get_or_insert(now);
        self.note_timeout();
    }

    /// Tracks a stream; packets of others are passed over. After [`Self::close`] it has no effect.
    pub fn bind_remote_stream(&mut self, ssrc: Ssrc) {
        if let (Err(place), false) = (self.tracked.place(ssrc), self.closed) {
            self.tracked.insert(place, ssrc);
        }
    }

    /// Forgets a stream; it leaves the list at once.
    pub fn unbind_remote_stream(&mut self, ssrc: Ssrc) {
        if let Ok(place) = self.tracked.place(ssrc) {
            self.tracked.remove(place);
            self.estimator.remove_stream(ssrc);
            self.note_timeout();
        }
    }

    /// Takes a packet of a tracked stream; a REMB that it makes due is written before this returns. Whether the packet
    /// was reported on or moved the timer, so that [`Self::poll_timeout`] is to be asked anew: most do neither.
    ///
    /// `packet.now` may step back: the estimator's clock then stands still, the schedule's interval counts anew.
    ///
    /// # Errors
    /// Those of the writer. The packet has been taken all the same, the schedule goes on, and the timer has moved.
    #[inline(always)]
    pub fn handle_rtp<O: Observer>(
        &mut self,
        packet: &PacketArrival,
        observer: &mut O,
    ) -> Result<bool, WriteError> {
        if !self.tracked.contains(packet.ssrc) {
            return Ok(false);
        }
        if packet.now < self.latest {
            return self.handle_stepped_back(packet, observer);
        }
        self.latest = packet.now;
        self.estimator_now = packet.now;
        let is_untimed = self.estimator.is_untimed_with(packet);
        let report = self.estimator.handle_packet(packet, observer);
        if report.is_none() && is_untimed && Some(packet.now) <= self.timeout {
            self.newest_packet = Some(packet.now);
            return Ok(false);
        }
        self.conclude(packet, report)
    }

    /// A packet earlier than another, or than a timer that ran.
    #[cold]
    fn handle_stepped_back<O: Observer>(
        &mut self,
        packet: &PacketArrival,
        observer: &mut O,
    ) -> Result<bool, WriteError> {
        self.scheduler.follow_clock(packet.now);
        let now = self.estimator_now.max(packet.now);
        self.estimator_now = now;
        let report = self.estimator.handle_packet(&PacketArrival { now, ..*packet }, observer);
        self.conclude(packet, report)
    }

    #[inline(never)]
    fn conclude(&mut self, packet: &PacketArrival, report: Option<Report>) -> Result<bool, WriteError> {
        // A clock that stepped back takes the newest packet along, lest streams stay active until it is there again.
        self.newest_packet = match self.estimator.counts(packet) {
            true => Some(packet.now),
            false => self.newest_packet.map(|newest| newest.min(packet.now)),
        };
        let timeout_before = self.timeout;
        let result = self.send_report(report, packet.now);
        self.note_timeout();
        result.map(|()| report.is_some() || self.timeout != timeout_before)
    }

    /// Runs what is due because of the time alone: the estimator's timer, then the schedule's.
    ///
    /// # Errors
    /// Those of the writer. What was due has run all the same, but for the schedule's timer where the estimator's failed;
    /// that is due still.
    pub fn handle_timeout<O: Observer>(
        &mut self,
        now: Timestamp,
        observer: &mut O,
    ) -> Result<(), WriteError> {
        if self.closed {
            return Ok(());
        }
        self.latest = self.latest.max(now);
        let result = self.run_due(now, observer);
        self.note_timeout();
        result
    }

    fn run_due<O: Observer>(&mut self, now: Timestamp, observer: &mut O) -> Result<(), WriteError> {
        if self.estimator.poll_timeout().is_some_and(|due| due <= now) {
            self.estimator_now = self.estimator_now.max(now);
            let report = self.estimator.handle_timeout(now, observer);
            self.send_report(report, now)?;
        }
        match (self.remb_timeout(), self.estimator.estimate()) {
            (Some(due), Some(estimate)) if due <= now => {
                let bitrate = as_reported(estimate);
                let reason = self.scheduler.due_at_timer(bitrate, now);
                self.send(reason, bitrate, now)
            }
            _ => Ok(()),
        }
    }

    /// When [`Self::handle_timeout`] is next wanted; `None` while nothing can become due by time alone.
    #[inline]
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        self.timeout
    }

    /// After what may change it: a packet that changes nothing else leaves the timer where it is.
    fn note_timeout(&mut self) {
        self.timeout = match (self.estimator.poll_timeout(), self.remb_timeout()) {
            _ if self.closed => None,
            (Some(estimator), Some(remb)) => Some(estimator.min(remb)),
            (one, other) => one.or(other),
        };
    }

    /// `None` without a writer, an estimate, or a stream that would still be active then. What became due while no
    /// stream was active is due once, at the packet that ended the silence.
    fn remb_timeout(&self) -> Option<Timestamp> {
        self.writer.as_ref()?;
        let newest = self.newest_packet?;
        let due = self.scheduler.next_timer(self.bound_at?)?.max(newest);
        self.estimator.estimate()?;
        (due - newest <= self.stream_timeout).then_some(due)
    }

    /// Ends everything; may be called again. Gives the writer back.
    pub fn close(&mut self) -> Option<W> {
        self.closed = true;
        self.timeout = None;
        self.tracked.clear();
        self.writer.take()
    }

    /// The bound writer.
    pub fn writer_mut(&mut self) -> Option<&mut W> {
        self.writer.as_mut()
    }

    /// The estimator, to be asked for its state.
    pub fn estimator(&self) -> &Controller {
        &self.estimator
    }

    /// Sets the round trip time.
    pub fn set_rtt(&mut self, rtt: TimeDelta) {
        self.estimator.set_rtt(rtt);
    }

    #[inline]
    fn send_report(&mut self, report: Option<Report>, now: Timestamp) -> Result<(), WriteError> {
        match report {
            None => Ok(()),
            Some(report) if self.writer.is_some() => {
                let bitrate = as_reported(report.bitrate);
                let reason = self.scheduler.due_at_report(bitrate, now);
                self.send(reason, bitrate, now)
            }
            _ => Ok(()),
        }
    }

    fn send(&mut self, reason: Option<Reason>, bitrate: Bitrate, now: Timestamp) -> Result<(), WriteError> {
        let (Some(reason), Some(writer)) = (reason, &mut self.writer) else { return Ok(()) };
        self.estimator.list_active(now, &mut self.listed);
        if self.listed.is_empty() {
            self.scheduler.attempted(bitrate, now, false);
            return Ok(());
        }
        if self.listed.len() > MAX_SSRCS {
            self.listed.clear();
        }
        let remb = RembReport { sender_ssrc: self.sender_ssrc, bitrate, ssrcs: &self.listed, reason };
        let result = writer.write(&remb, now);
        self.scheduler.attempted(bitrate, now, result.is_ok());
        result
    }
}

/// An estimate as libwebrtc hands it over, in 32 bits.
fn as_reported(estimate: Bitrate) -> Bitrate {
    Bitrate::from_bps(estimate.to_u32_saturating().into())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::remb::Profile;
    use crate::units::{AbsSendTime, AbsSendTimeElement, DataSize};

    #[derive(Debug, Clone, PartialEq)]
    struct Sent {
        ms: i64,
        bps: i64,
        ssrcs: Vec<u32>,
        reason: Reason,
    }

    /// Records what it is given; fails where told to.
    #[derive(Default)]
    struct Recorder {
        sent: Vec<Sent>,
        fails: bool,
        attempts: usize,
    }

    impl RtcpWriter for Recorder {
        fn write(&mut self, remb: &RembReport<'_>, now: Timestamp) -> Result<(), WriteError> {
            self.attempts += 1;
            if self.fails {
                return Err("no transport".into());
            }
            self.sent.push(Sent {
                ms: now.to_millis(),
                bps: remb.bitrate.as_bps(),
                ssrcs: remb.ssrcs.iter().map(|ssrc| ssrc.0).collect(),
                reason: remb.reason,
            });
            Ok(())
        }
    }

    /// A sender of one packet each 20 ms, whose packets arrive with a growing delay while `queue_growth_ms` is set.
    struct Call {
        interceptor: RembInterceptor<Recorder>,
        sent_ms: i64,
        delay_ms: i64,
        queue_growth_ms: i64,
        has_send_time: bool,
        size: i64,
    }

    impl Call {
        fn new(profile: Profile) -> Self {
            let remb = RembConfig { scheduler: profile, ..RembConfig::default() };
            let mut interceptor =
                RembInterceptor::new(InterceptorConfig { remb, ..InterceptorConfig::default() });
            interceptor.bind_remote_stream(Ssrc(7));
            interceptor.bind_remote_stream(Ssrc(3));
            Self {
                interceptor,
                sent_ms: 1_000_000,
                delay_ms: 0,
                queue_growth_ms: 0,
                has_send_time: true,
                size: 1000,
            }
        }

        fn bound(profile: Profile) -> Self {
            let mut call = Self::new(profile);
            call.bind(false);
            call
        }

        fn bind(&mut self, fails: bool) {
            let now = Timestamp::from_millis(self.now_ms());
            self.interceptor.bind_rtcp_writer(Recorder { fails, ..Recorder::default() }, now);
        }

        fn now_ms(&self) -> i64 {
            self.sent_ms + self.delay_ms
        }

        fn packet(&mut self, ssrc: u32) -> Result<bool, WriteError> {
            self.sent_ms += 20;
            self.delay_ms += self.queue_growth_ms;
            let now = Timestamp::from_millis(self.now_ms());
            while let Some(due) = self.interceptor.poll_timeout().filter(|due| *due <= now) {
                let _ = self.interceptor.handle_timeout(due, &mut ());
            }
            let send_time = AbsSendTime::from_raw(((self.sent_ms << 18) / 1000) as u32).into();
            let packet = PacketArrival {
                at: now,
                now,
                ssrc: Ssrc(ssrc),
                send_time: if self.has_send_time { send_time } else { AbsSendTimeElement::Absent },
                rtp_timestamp: (self.sent_ms * 90) as u32,
                size: DataSize::from_bytes(self.size),
                ..PacketArrival::default()
            };
            self.interceptor.handle_rtp(&packet, &mut ())
        }

        fn packets(&mut self, count: usize, ssrc: u32) {
            for _ in 0..count {
                let _ = self.packet(ssrc);
            }
        }

        fn recorder(&mut self) -> &mut Recorder {
            self.interceptor.writer_mut().unwrap()
        }
    }

    #[test]
    fn binding_a_writer_starts_the_schedule() {
        let mut call = Call::new(Profile::Periodic);
        call.packets(100, 7);
        assert_eq!(call.interceptor.poll_timeout(), None);
        call.bind(false);
        assert_eq!(call.interceptor.poll_timeout(), Some(Timestamp::from_millis(call.now_ms() + 1000)));
        assert!(call.recorder().sent.is_empty(), "binding itself sends nothing");
        call.packets(160, 7);
        let sent = call.recorder().sent.clone();
        assert_eq!(sent[0].reason, Reason::First);
        assert!(sent[1..].iter().all(|remb| remb.reason == Reason::Interval));
        assert!(sent.windows(2).all(|pair| pair[1].ms - pair[0].ms == 1000), "{sent:?}");
        assert_eq!(sent.len(), 4);
    }

    #[test]
    fn a_timer_alone_sends_the_last_estimate() {
        let mut call = Call::bound(Profile::Periodic);
        call.packets(10, 7);
        let due = call.interceptor.poll_timeout().unwrap();
        call.interceptor.handle_timeout(due - TimeDelta::from_micros(1), &mut ()).unwrap();
        assert_eq!(call.recorder().sent.len(), 1);
        call.interceptor.handle_timeout(due, &mut ()).unwrap();
        assert_eq!(call.recorder().sent.len(), 2);
    }

    #[test]
    fn every_tracked_ssrc_is_in_the_remb() {
        let mut call = Call::bound(Profile::Periodic);
        for _ in 0..100 {
            call.packets(1, 7);
            call.packets(1, 3);
            call.packets(1, 99);
        }
        assert_eq!(call.recorder().sent.last().map(|remb| remb.ssrcs.clone()), Some(vec![3, 7]));
    }

    #[test]
    fn more_ssrcs_than_a_message_holds_are_sent_as_none() {
        let mut call = Call::bound(Profile::Periodic);
        call.packets(100, 7);
        let lists = |call: &mut Call, count: u32| {
            (0..count).for_each(|ssrc| call.interceptor.bind_remote_stream(Ssrc(ssrc)));
            // Five a millisecond: each stream comes around long before it is over.
            for packet in 0..20 * count {
                call.sent_ms -= if packet % 5 == 0 { 19 } else { 20 };
                call.packets(1, packet % count);
            }
            call.recorder().sent.last().map(|remb| remb.ssrcs.len())
        };
        assert_eq!(lists(&mut call, 255), Some(255));
        assert_eq!(lists(&mut call, 256), Some(0));
    }

    #[test]
    fn an_unbound_writer_is_no_error_and_records_nothing_as_sent() {
        let mut call = Call::new(Profile::Periodic);
        assert!((0..100).all(|_| call.packet(7).is_ok()));
        assert!(call.interceptor.estimator().estimate().is_some());
        call.bind(false);
        call.packets(20, 7);
        assert_eq!(call.recorder().sent[0].reason, Reason::First);
    }

    #[test]
    fn a_fall_leaves_before_the_next_interval_at_the_packet_that_caused_it() {
        let mut call = Call::bound(Profile::Periodic);
        call.packets(400, 7);
        let estimate = call.interceptor.estimator().estimate().unwrap();
        call.queue_growth_ms = 10;
        while call.interceptor.estimator().estimate().unwrap() >= estimate.scaled(0.97) {
            call.packets(1, 7);
        }
        let now_ms = call.now_ms();
        let sent = &call.recorder().sent;
        let (last, before) = (&sent[sent.len() - 1], &sent[sent.len() - 2]);
        assert_eq!((last.reason, last.ms), (Reason::Decrease, now_ms));
        assert!(last.ms - before.ms < 1000, "{before:?} {last:?}");
    }

    #[test]
    fn a_second_binding_starts_no_second_schedule() {
        let mut call = Call::bound(Profile::Periodic);
        call.packets(100, 7);
        let due = call.interceptor.poll_timeout();
        call.bind(false);
        assert_eq!(call.interceptor.poll_timeout(), due);
        call.packets(150, 7);
        assert_eq!(call.recorder().sent.len(), 3);
        assert!(call.recorder().sent.iter().all(|remb| remb.reason == Reason::Interval));
    }

    #[test]
    fn a_failing_writer_does_not_stop_the_loop() {
        let mut call = Call::new(Profile::Periodic);
        call.bind(true);
        call.packets(300, 7);
        assert!(call.recorder().attempts > 3);
        call.bind(false);
        call.packets(60, 7);
        assert_eq!(call.recorder().sent[0].reason, Reason::First, "nothing had been sent");
    }

    #[test]
    fn a_failing_writer_never_makes_the_schedule_spin() {
        for profile in [Profile::Periodic, Profile::Libwebrtc] {
            let mut call = Call::new(profile);
            call.bind(true);
            call.packets(10, 7);
            let mut due_before = None;
            while let Some(due) = call.interceptor.poll_timeout() {
                assert!(Some(due) > due_before, "{due:?}");
                assert!(call.interceptor.handle_timeout(due, &mut ()).is_err());
                due_before = Some(due);
            }
            let attempts = call.recorder().attempts;
            assert!(attempts <= 4, "{attempts}");
            call.packets(100, 7);
            assert!(call.recorder().attempts - attempts <= 12);
        }
    }

    proptest! {
        #[test]
        fn the_timer_is_always_where_it_would_be_found(
            is_periodic: bool,
            interval_ms in 1_i64..5000,
            steps in prop::collection::vec((-300_i64..2500, 0_u8..12), 1..200),
        ) {
            let scheduler = if is_periodic { Profile::Periodic } else { Profile::Libwebrtc };
            let interval = TimeDelta::from_millis(interval_ms);
            let remb = RembConfig { scheduler, interval, ..RembConfig::default() };
            let mut interceptor = RembInterceptor::new(InterceptorConfig { remb, ..InterceptorConfig::default() });
            interceptor.bind_remote_stream(Ssrc(7));
            let mut ms = 1_000_000;
            for (step, what) in steps {
                ms += step / i64::from(1 + what % 3 * 50);
                let now = Timestamp::from_millis(ms);
                let send_time = AbsSendTime::from_raw(((ms << 18) / 1000) as u32).into();
                let packet = PacketArrival { at: now, now, ssrc: Ssrc(7), size: DataSize::from_bytes(900), ..PacketArrival::default() };
                let sent = |interceptor: &mut RembInterceptor<Recorder>| {
                    interceptor.writer_mut().map_or(0, |recorder| recorder.sent.len())
                };
                let before = (interceptor.poll_timeout(), sent(&mut interceptor));
                let is_to_be_asked = match what {
                    0 => {
                        interceptor.bind_rtcp_writer(Recorder::default(), now);
                        true
                    }
                    1 => interceptor.handle_timeout(now, &mut ()).is_ok(),
                    2 | 3 => interceptor.handle_rtp(&packet, &mut ()).unwrap(),
                    _ => interceptor.handle_rtp(&PacketArrival { send_time, ..packet }, &mut ()).unwrap(),
                };
                let noted = interceptor.poll_timeout();
                prop_assert!(is_to_be_asked || before == (noted, sent(&mut interceptor)));
                interceptor.note_timeout();
                prop_assert_eq!(noted, interceptor.poll_timeout());
            }
        }
    }

    #[test]
    fn closing_twice_is_fine() {
        let mut call = Call::bound(Profile::Periodic);
        call.packets(100, 7);
        assert!(call.interceptor.close().is_some());
        assert!(call.interceptor.close().is_none());
        assert_eq!(call.interceptor.poll_timeout(), None);
        call.bind(false);
        call.interceptor.bind_remote_stream(Ssrc(7));
        call.packets(100, 7);
        assert!(call.interceptor.writer_mut().is_none());
    }

    #[test]
    fn a_stream_idle_for_more_than_two_seconds_leaves_the_list() {
        let mut call = Call::bound(Profile::Periodic);
        call.packets(50, 3);
        call.packets(100, 7);
        assert_eq!(call.recorder().sent.last().map(|remb| remb.ssrcs.clone()), Some(vec![3, 7]));
        call.packets(50, 7);
        assert_eq!(call.recorder().sent.last().map(|remb| remb.ssrcs.clone()), Some(vec![7]));
    }

    #[test]
    fn a_stream_that_is_unbound_leaves_the_list_at_once() {
        let mut call = Call::bound(Profile::Periodic);
        call.packets(50, 3);
        call.packets(50, 7);
        call.interceptor.unbind_remote_stream(Ssrc(3));
        call.packets(60, 7);
        assert_eq!(call.recorder().sent.last().map(|remb| remb.ssrcs.clone()), Some(vec![7]));
    }

    #[test]
    fn a_clock_that_steps_back_at_a_useless_packet_does_not_keep_streams_active_for_decades() {
        let mut call = Call::bound(Profile::Periodic);
        call.packets(400, 7);
        let long_ago = Timestamp::from_millis(0);
        let useless =
            PacketArrival { at: long_ago, now: long_ago, ssrc: Ssrc(7), ..PacketArrival::default() };
        call.interceptor.handle_rtp(&useless, &mut ()).unwrap();
        let mut timers = 0;
        while let Some(due) = call.interceptor.poll_timeout() {
            call.interceptor.handle_timeout(due, &mut ()).unwrap();
            timers += 1;
            assert!(timers <= 3, "at {due:?}");
        }
        assert!(timers > 0);
    }

    /// The RTP timestamp estimator does not report on the packet that ends the silence.
    #[test]
    fn what_became_due_in_a_silence_of_years_is_due_once() {
        let mut call = Call::bound(Profile::Periodic);
        call.has_send_time = false;
        call.packets(600, 7);
        while let Some(due) = call.interceptor.poll_timeout() {
            call.interceptor.handle_timeout(due, &mut ()).unwrap();
        }
        let before = call.recorder().sent.len();
        call.sent_ms += 100_000_000_000;
        call.packets(1, 7);
        assert_eq!(call.recorder().sent.len(), before);
        assert_eq!(call.interceptor.poll_timeout(), Some(Timestamp::from_millis(call.now_ms())));
        call.packets(10, 7);
        assert_eq!(call.recorder().sent.len(), before + 1);
    }

    #[test]
    fn a_rate_beyond_32_bits_is_the_same_for_reports_and_timers() {
        let mut call = Call::bound(Profile::Periodic);
        call.size = 20_000_000;
        call.packets(600, 7);
        assert!(call.interceptor.estimator().estimate() > Some(Bitrate::from_bps(8_000_000_000)));
        let (first, later) = call.recorder().sent.split_first().unwrap();
        assert_eq!(first.reason, Reason::First);
        assert!(later.len() > 5 && later.iter().all(|remb| remb.reason == Reason::Interval), "{later:?}");
        assert_eq!(later.last().map(|remb| remb.bps), Some(u32::MAX.into()));
    }

    #[test]
    fn most_packets_leave_the_timer_where_it_is() {
        for profile in [Profile::Periodic, Profile::Libwebrtc] {
            let mut call = Call::bound(profile);
            call.packets(400, 7);
            let moving = (0..1000).filter(|_| call.packet(7).unwrap()).count();
            assert!((10..200).contains(&moving), "{profile:?}: {moving} of 1000 packets");
        }
    }

    #[test]
    fn after_a_silence_the_timer_stops_and_the_first_packet_reports() {
        let mut call = Call::bound(Profile::Periodic);
        call.packets(100, 7);
        let mut timers = 0;
        while let Some(due) = call.interceptor.poll_timeout() {
            call.interceptor.handle_timeout(due, &mut ()).unwrap();
            timers += 1;
        }
        assert!(timers <= 2, "{timers}");
        call.sent_ms += 100 * 365 * 86_400_000;
        let before = call.recorder().sent.len();
        call.packets(1, 7);
        assert_eq!(call.recorder().sent.len(), before + 1);
    }
}

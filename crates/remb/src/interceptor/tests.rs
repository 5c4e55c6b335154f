//! The interceptor in calls made here.

mod timers;

use proptest::prelude::*;

use super::*;
use crate::Profile;
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
            RembInterceptor::new(InterceptorConfig { remb, ..InterceptorConfig::default() }).unwrap();
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
fn a_stream_that_was_never_bound_is_an_error_and_one_that_was_unbound_is_none() {
    let mut call = Call::bound(Profile::Periodic);
    let error = call.packet(99).unwrap_err();
    assert_eq!(error.downcast_ref(), Some(&UnboundStream(Ssrc(99))));
    call.interceptor.bind_remote_stream(Ssrc(99));
    assert!(call.packet(99).is_ok());
    call.interceptor.unbind_remote_stream(Ssrc(99));
    assert!(matches!(call.packet(99), Ok(false)), "on its way still");
    call.interceptor.bind_remote_stream(Ssrc(99));
    call.interceptor.unbind_remote_stream(Ssrc(99));
    assert!(matches!(call.packet(99), Ok(false)));
    for ssrc in 1000..5000 {
        call.interceptor.bind_remote_stream(Ssrc(ssrc));
        call.interceptor.unbind_remote_stream(Ssrc(ssrc));
    }
    assert!(call.interceptor.unbound.as_slice().len() <= MAX_UNBOUND);
    call.interceptor.close();
    assert!(matches!(call.packet(98), Ok(false)), "it is over");
}

#[test]
fn an_interval_of_zero_is_refused() {
    for micros in [0, -1, i64::MIN] {
        let interval = TimeDelta::from_micros(micros);
        let remb = RembConfig { interval, ..RembConfig::default() };
        let refused =
            RembInterceptor::<Recorder>::new(InterceptorConfig { remb, ..InterceptorConfig::default() });
        assert_eq!(refused.err(), Some(InvalidInterval(interval)));
    }
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
        let mut interceptor = RembInterceptor::new(InterceptorConfig { remb, ..InterceptorConfig::default() }).unwrap();
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

//! What silences, clocks and rates do to the timer.

use super::*;

#[test]
fn a_clock_that_steps_back_at_a_useless_packet_does_not_keep_streams_active_for_decades() {
    let mut call = Call::bound(Profile::Periodic);
    call.packets(400, 7);
    let long_ago = Timestamp::from_millis(0);
    let useless = PacketArrival { at: long_ago, now: long_ago, ssrc: Ssrc(7), ..PacketArrival::default() };
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

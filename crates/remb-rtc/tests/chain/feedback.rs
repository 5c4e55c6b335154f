//! When REMBs are sent.

use std::time::Duration;

use remb_rtc::RembBuilder;
use remb_rtc::remb::bwe::BandwidthUsage;
use remb_rtc::remb::{Profile, Reason, RembConfig};

use crate::call::{Call, video};

#[test]
fn the_first_packet_starts_the_schedule_and_no_timer_runs_before() {
    let mut call = Call::of_video(7);
    call.wait(Duration::from_secs(5));
    assert_eq!((call.chain.poll_timeout(), call.timers), (None, 0));
    call.packets(200, 7);
    let times: Vec<_> = call.rembs.iter().map(|remb| remb.ms).collect();
    // A train of equal gaps is an estimate at its fifth; from there a REMB a second.
    assert_eq!(times.len(), 4, "{times:?}");
    assert!(times.windows(2).all(|pair| pair[1] - pair[0] == 1000), "{times:?}");
    assert_eq!(call.passed, 200);
}

#[test]
fn a_fall_leaves_before_the_next_interval() {
    let mut call = Call::of_video(7);
    call.packets(500, 7);
    let (before, steady) = (call.rembs.len(), call.last().bps);
    call.queue_growth = Duration::from_millis(8);
    call.packets(200, 7);
    let fall = before + call.rembs[before..].iter().position(|remb| remb.bps < steady * 97 / 100).unwrap();
    let since_last = call.rembs[fall].ms - call.rembs[fall - 1].ms;
    assert!(since_last < 1000, "{since_last} ms after the one before");
    assert!(call.rembs[fall..].iter().any(|remb| remb.bps < steady * 4 / 5), "{:?}", call.rembs);
}

#[test]
fn the_application_is_told_of_each_remb() {
    let told = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let listener = told.clone();
    let builder = RembBuilder::new().with_rrtr(false);
    let mut call = Call::new(builder.on_remb(move |stats| listener.lock().unwrap().push(*stats)));
    call.chain.bind_remote_stream(&video(7, None));
    call.packets(300, 7);
    call.queue_growth = Duration::from_millis(8);
    call.packets(200, 7);
    let told = told.lock().unwrap();
    assert_eq!(told.len(), call.rembs.len());
    for (stats, remb) in told.iter().zip(&call.rembs) {
        assert_eq!((call.ms(stats.at), stats.streams), (remb.ms, 1));
        assert!(stats.estimate.as_bps() >= remb.bps && stats.estimate.as_bps() - remb.bps <= remb.bps >> 17);
    }
    assert_eq!(told[0].reason, Reason::First);
    let fall = told.iter().find(|stats| stats.reason == Reason::Decrease).unwrap();
    assert_eq!(fall.usage, BandwidthUsage::Overusing);
    let incoming = told[2].incoming.unwrap().as_bps();
    assert!((390_000..405_000).contains(&incoming), "{incoming} bit/s of 49 or 50 packets of 1000 bytes");
    assert_eq!(call.handle.stats(), told.last().copied());
    assert_eq!(told.last().map(|stats| (stats.sent, stats.dropped)), Some((told.len() as u64, 0)));
}

#[test]
fn the_schedule_may_be_libwebrtcs() {
    let schedule = RembConfig { scheduler: Profile::Libwebrtc, ..RembConfig::default() };
    let mut call = Call::new(RembBuilder::new().with_rrtr(false).with_schedule(schedule));
    call.chain.bind_remote_stream(&video(7, None));
    call.packets(250, 7);
    assert!(call.rembs.len() > 15, "{} in 5 s, at most every 200 ms", call.rembs.len());
    assert_eq!(call.timers, 0, "it is bound to reports");
    let none = RembConfig { interval: Default::default(), ..RembConfig::default() };
    assert!(RembBuilder::new().with_schedule(none).build().is_err(), "a period of 0 is none");
}

#[test]
fn a_timer_that_the_stack_was_late_with_ran_at_its_own_time() {
    let mut punctual = Call::of_video(7);
    punctual.packets(400, 7);
    let mut late = Call::of_video(7);
    let mut rembs = Vec::new();
    for _ in 0..400 {
        late.sent += Duration::from_millis(20);
        // No timer is run by the stack: the packet that comes too late finds it due.
        late.packet(7);
        rembs.extend(late.handle.stats().map(|stats| (late.ms(stats.at), stats.estimate)));
    }
    rembs.dedup();
    assert!(punctual.timers > 0 && late.timers == 0);
    assert_eq!(rembs.len(), punctual.rembs.len());
    let same = rembs.iter().zip(&punctual.rembs).all(|((ms, _), remb)| *ms == remb.ms);
    assert!(same, "{rembs:?} {:?}", punctual.rembs);
}

#[test]
fn timers_are_exact_and_none_is_in_vain() {
    let mut call = Call::new(RembBuilder::new());
    call.chain.bind_remote_stream(&video(7, None));
    call.packets(500, 7);
    assert!(call.timers >= 9, "{}", call.timers);
    call.wait(Duration::from_secs(3600));
    assert_eq!(call.idle_timers, 0, "of {}", call.timers);
    assert_eq!(call.chain.poll_timeout(), None, "in silence");
    let before = (call.timers, call.rembs.len(), call.asked.len());
    call.wait(Duration::from_secs(3600));
    assert_eq!((call.timers, call.rembs.len(), call.asked.len()), before);
    call.packets(100, 7);
    assert!(call.rembs.len() > before.1 && call.asked.len() > before.2, "it goes on");
}

#[test]
fn a_chain_that_fetches_nothing_is_no_error_and_costs_bounded_memory() {
    let mut call = Call::of_video(7);
    call.packets(100, 7);
    let fetched = call.rembs.len();
    for _ in 0..10_000 {
        call.sent += Duration::from_millis(20);
        let packet = rtc_interceptor::Packet::Rtp(call.rtp(7));
        call.chain.handle_read(call.tagged(packet)).unwrap();
        call.chain.handle_timeout(call.now()).unwrap();
        assert!(call.chain.poll_read().is_some());
    }
    let now = call.now();
    assert_eq!(call.fetch(now), 64, "of some 200 REMBs the first");
    call.packets(100, 7);
    assert!(call.rembs.len() > fetched + 64, "and then it goes on");
    let stats = call.handle.stats().unwrap();
    assert!((130..140).contains(&stats.dropped), "{} dropped", stats.dropped);
}

#[test]
fn closing_twice_is_fine_and_ends_everything_but_the_packets() {
    let mut call = Call::new(RembBuilder::new());
    call.packets(10, 7);
    call.chain.close().unwrap();
    let mut call = Call::new(RembBuilder::new());
    call.chain.bind_remote_stream(&video(7, None));
    call.packets(100, 7);
    call.chain.close().unwrap();
    call.chain.close().unwrap();
    let before = (call.rembs.len(), call.asked.len());
    assert_eq!(call.chain.poll_timeout(), None);
    call.chain.bind_remote_stream(&video(8, None));
    call.packets(100, 7);
    call.packets(100, 8);
    assert_eq!((call.rembs.len(), call.asked.len(), call.passed), (before.0, before.1, 300));
}

//! Which streams count.

use std::time::Duration;

use remb_rtc::RembBuilder;
use remb_rtc::remb::bwe::{EstimatorChoice, EstimatorConfig};
use rtc_interceptor::{Packet, RTPHeaderExtension, StreamInfo};

use crate::call::{Call, TRANSPORT_CC, video};

/// REMBs after four seconds of a stream that was bound by this.
fn rembs_of(info: &StreamInfo) -> usize {
    let mut call = Call::new(RembBuilder::new());
    call.chain.bind_remote_stream(info);
    call.packets(200, info.ssrc);
    assert_eq!(call.passed, 200);
    assert_eq!(call.rembs.is_empty(), call.asked.is_empty());
    call.rembs.len()
}

#[test]
fn negotiated_header_extensions_decide_and_the_offered_feedback_does_not() {
    let counts = video(7, None);
    assert_eq!(counts.rtcp_feedback[0].typ, "transport-cc");
    assert_eq!(rembs_of(&counts), 4);
    let upper_case = StreamInfo { mime_type: "VIDEO/H264".to_owned(), ..counts.clone() };
    assert_eq!(rembs_of(&upper_case), 4);
    let audio = StreamInfo { mime_type: "audio/opus".to_owned(), ..counts.clone() };
    assert_eq!(rembs_of(&audio), 0, "audio");
    let mut by_sender = counts.clone();
    by_sender.rtp_header_extensions.push(RTPHeaderExtension { uri: TRANSPORT_CC.to_owned(), id: 4 });
    assert_eq!(rembs_of(&by_sender), 0, "the sender estimates by transport-wide sequence numbers");
    let without = StreamInfo { rtp_header_extensions: Vec::new(), ..counts };
    assert_eq!(rembs_of(&without), 0, "no send time");
}

#[test]
fn an_estimator_of_rtp_timestamps_needs_no_send_time() {
    let mut estimator = EstimatorConfig::default();
    estimator.controller.estimator = EstimatorChoice::RtpTimestamp;
    let mut call = Call::new(RembBuilder::new().with_rrtr(false).with_estimator(estimator));
    call.chain.bind_remote_stream(&StreamInfo { rtp_header_extensions: Vec::new(), ..video(7, None) });
    call.packets(800, 7);
    assert!(call.rembs.len() > 8, "{}", call.rembs.len());
}

#[test]
fn packets_of_a_stream_that_nobody_bound_pass_and_do_not_count() {
    let mut call = Call::of_video(7);
    call.packets(200, 8);
    assert_eq!((call.rembs.len(), call.timers, call.passed), (0, 0, 200));
}

#[test]
fn tracks_share_one_estimator_and_all_of_them_are_listed() {
    let mut call = Call::of_video(9);
    call.chain.bind_remote_stream(&video(4, None));
    call.in_turns(200, 9, 4);
    assert_eq!(call.rembs.len(), 4);
    assert_eq!(call.last().ssrcs, [4, 9], "ascending");
    let incoming = call.handle.stats().unwrap().incoming.unwrap().as_bps();
    assert!((790_000..810_000).contains(&incoming), "{incoming} bit/s of both");
}

#[test]
fn retransmissions_count_on_their_own_ssrc_and_are_no_second_media() {
    let mut call = Call::new(RembBuilder::new());
    call.chain.bind_remote_stream(&video(7, Some(70)));
    // The stack binds them again, as if they were a stream like any.
    call.chain.bind_remote_stream(&video(70, None));
    call.in_turns(200, 7, 70);
    assert_eq!(call.last().ssrcs, [7, 70]);
    let incoming = call.handle.stats().unwrap().incoming.unwrap().as_bps();
    assert!((790_000..810_000).contains(&incoming), "{incoming} bit/s of both");
    call.chain.unbind_remote_stream(&video(7, Some(70)));
    call.chain.unbind_remote_stream(&video(70, None));
    let before = call.rembs.len();
    call.packets(200, 7);
    assert_eq!(call.rembs.len(), before);
}

#[test]
fn a_second_binding_starts_no_second_schedule() {
    let mut call = Call::of_video(7);
    call.packets(75, 7);
    call.chain.bind_remote_stream(&video(7, None));
    call.packets(225, 7);
    let mut once = Call::of_video(7);
    once.packets(300, 7);
    assert_eq!(call.rembs, once.rembs);
}

#[test]
fn a_stream_idle_for_two_seconds_leaves_the_list() {
    let mut call = Call::of_video(9);
    call.chain.bind_remote_stream(&video(4, None));
    call.packets(100, 4);
    let idle_from = call.ms(call.now());
    call.packets(200, 9);
    for remb in call.rembs.iter().filter(|remb| remb.ms > idle_from + 20) {
        let expected: &[u32] = if remb.ms <= idle_from + 2000 { &[4, 9] } else { &[9] };
        assert_eq!(remb.ssrcs, expected, "{} ms after its last packet", remb.ms - idle_from);
    }
    assert!(call.last().ms > idle_from + 2000);
}

#[test]
fn a_stream_that_is_unbound_leaves_at_once_and_may_come_back() {
    let mut call = Call::of_video(9);
    call.chain.bind_remote_stream(&video(4, None));
    call.in_turns(100, 9, 4);
    call.chain.unbind_remote_stream(&video(4, None));
    call.packets(60, 9);
    assert_eq!(call.last().ssrcs, [9]);
    call.packet(4);
    call.packets(60, 9);
    assert_eq!(call.last().ssrcs, [9], "packets that were still on their way");
    call.chain.bind_remote_stream(&video(4, None));
    call.in_turns(100, 9, 4);
    assert_eq!(call.last().ssrcs, [4, 9]);
}

#[test]
fn padding_was_taken_off_by_the_stack_and_counts_as_nothing() {
    let mut call = Call::of_video(7);
    call.packets(100, 7);
    for _ in 0..100 {
        call.packets(1, 7);
        let mut packet = call.rtp(7);
        packet.header.padding = true;
        packet.payload = Default::default();
        call.read(Packet::Rtp(packet));
    }
    let incoming = call.handle.stats().unwrap().incoming.unwrap().as_bps();
    assert!((390_000..405_000).contains(&incoming), "{incoming} bit/s of the payloads");
}

#[test]
fn silence_costs_the_estimate_and_the_schedule_goes_on_afterwards() {
    let mut call = Call::of_video(7);
    call.packets(200, 7);
    call.wait(Duration::from_secs(30));
    let before = call.rembs.len();
    call.packets(200, 7);
    assert!(call.rembs.len() >= before + 3);
}

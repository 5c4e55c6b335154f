//! Round trip times: asked for and read, or given.

use std::time::Duration;

use remb_rtc::RembBuilder;
use rtc_interceptor::Packet;
use rtcp::extended_report::{DLRRReport, DLRRReportBlock, ExtendedReport};
use rtcp::receiver_report::ReceiverReport;
use rtcp::reception_report::ReceptionReport;
use rtcp::sender_report::SenderReport;

use crate::call::{Call, UNIX_SECONDS, video};

const NTP_OF_UNIX: u64 = 2_208_988_800;

/// The middle of an NTP time.
fn middle(ntp: u64) -> u32 {
    (ntp >> 16) as u32
}

fn answer(ssrc: u32, last_rr: u32, held_ms: u32) -> DLRRReport {
    DLRRReport { ssrc, last_rr, dlrr: held_ms * 65_536 / 1000 }
}

fn extended(reports: Vec<DLRRReport>) -> Packet {
    let block = DLRRReportBlock { reports };
    Packet::Rtcp(vec![Box::new(ExtendedReport { sender_ssrc: 7, reports: vec![Box::new(block)] })])
}

fn rtt_ms(call: &Call) -> Option<i64> {
    call.handle.stats().unwrap().rtt.map(|rtt| rtt.to_millis())
}

#[test]
fn the_peer_is_asked_once_a_second_and_its_answers_are_the_round_trip_time() {
    let mut call = Call::new(RembBuilder::new());
    call.chain.bind_remote_stream(&video(7, None));
    call.packets(60, 7);
    assert_eq!(call.asked.iter().map(|(ms, _)| *ms).collect::<Vec<_>>(), [30, 1030]);
    let (ms, ntp) = call.asked[0];
    assert_eq!(ntp >> 32, UNIX_SECONDS + NTP_OF_UNIX);
    assert_eq!(((ntp & 0xffff_ffff) * 1000) >> 32, ms - 1, "30 ms, rounded down in units of 2⁻³² s");
    assert_eq!(rtt_ms(&call), None);
    // Asked at 1030 ms; now it is 1210. The peer held it for 100 ms of that. Another's answer is not ours.
    let asked = middle(call.asked[1].1);
    call.read(extended(vec![answer(99, asked, 0), answer(1, asked, 100), answer(1, 0, 0)]));
    call.packets(100, 7);
    assert_eq!(rtt_ms(&call), Some(80));
}

#[test]
fn two_tracks_answer_twice_and_it_is_the_same_round_trip_time() {
    let mut call = Call::new(RembBuilder::new());
    call.chain.bind_remote_stream(&video(7, None));
    call.chain.bind_remote_stream(&video(8, None));
    for _ in 0..10 {
        call.in_turns(25, 7, 8);
        let asked = middle(call.asked.last().unwrap().1);
        let held = (call.ms(call.now()) - call.asked.last().unwrap().0) as u32 - 40;
        call.read(extended(vec![answer(1, asked, held), answer(1, asked, held)]));
    }
    assert_eq!(rtt_ms(&call), Some(40));
}

#[test]
fn where_we_send_media_too_report_blocks_tell_it() {
    let mut call = Call::new(RembBuilder::new().with_rrtr(false));
    call.chain.bind_remote_stream(&video(7, None));
    call.chain.bind_local_stream(&video(500, None));
    for _ in 0..6 {
        call.packets(25, 7);
        call.chain.handle_write(call.tagged(Packet::Rtp(call.rtp(500)))).unwrap();
        // The stack's clock for sender reports is 5 s ahead of ours.
        let ntp = (UNIX_SECONDS + NTP_OF_UNIX + 5) << 32;
        let ntp_time = ntp + ((call.ms(call.now()) << 32) / 1000);
        let report = SenderReport { ssrc: 500, ntp_time, ..SenderReport::default() };
        call.chain.handle_write(call.tagged(Packet::Rtcp(vec![Box::new(report)]))).unwrap();
        call.fetch(call.now());
        call.packets(25, 7);
        let block = |ssrc, last_sender_report| ReceptionReport {
            ssrc,
            last_sender_report,
            delay: 440 * 65_536 / 1000,
            ..ReceptionReport::default()
        };
        let reports = vec![block(500, middle(ntp_time)), block(501, 5), block(500, 0)];
        call.read(Packet::Rtcp(vec![Box::new(ReceiverReport { reports, ..ReceiverReport::default() })]));
    }
    assert_eq!(rtt_ms(&call), Some(60), "500 ms later, held for 440");
    assert!(call.asked.is_empty());
}

#[test]
fn a_round_trip_time_that_is_given_is_the_one_in_force_and_nobody_is_asked() {
    let mut call = Call::new(RembBuilder::new().with_rtt(Duration::from_millis(30)));
    call.chain.bind_remote_stream(&video(7, None));
    call.packets(150, 7);
    assert_eq!((rtt_ms(&call), call.asked.len()), (Some(30), 0));

    let mut call = Call::new(RembBuilder::new());
    call.chain.bind_remote_stream(&video(7, None));
    call.packets(150, 7);
    assert_eq!((rtt_ms(&call), call.asked.len()), (None, 3));
    call.handle.set_rtt(Duration::from_millis(45));
    let asked = middle(call.asked[2].1);
    call.read(extended(vec![answer(1, asked, 0)]));
    call.packets(150, 7);
    assert_eq!((rtt_ms(&call), call.asked.len()), (Some(45), 3));
}

#[test]
fn impossible_answers_are_none() {
    let mut call = Call::new(RembBuilder::new());
    call.chain.bind_remote_stream(&video(7, None));
    call.packets(60, 7);
    let asked = middle(call.asked[1].1);
    call.read(extended(vec![
        answer(1, asked, 60_000),
        answer(1, asked.wrapping_sub(20 << 16), 0),
        answer(1, !asked, 0),
    ]));
    call.packets(100, 7);
    assert_eq!(rtt_ms(&call), None);
}

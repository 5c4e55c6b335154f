//! Nothing that a peer sends makes it fail or grow.

use std::time::Duration;

use remb_rtc::RembBuilder;
use rtc_interceptor::{Packet, StreamInfo};
use rtcp::extended_report::{DLRRReport, DLRRReportBlock, ExtendedReport};
use rtcp::receiver_report::ReceiverReport;
use rtcp::reception_report::ReceptionReport;

use crate::call::{Call, video};

struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}

#[test]
fn any_packets_in_any_order_pass() {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for _ in 0..20 {
        let mut call = Call::new(RembBuilder::new());
        for _ in 0..2000 {
            let (what, ssrc, word) = (random.next() % 12, (random.next() % 6) as u32, random.next() as u32);
            match what {
                0 => call.chain.bind_remote_stream(&video(ssrc, Some(ssrc + 1))),
                1 => call.chain.unbind_remote_stream(&video(ssrc, (word % 2 == 0).then_some(ssrc + 1))),
                2 => call.chain.bind_local_stream(&video(ssrc, None)),
                3 => call.wait(Duration::from_micros(u64::from(word) % 3_000_000)),
                4 => {
                    let mut packet = call.rtp(ssrc);
                    packet.header.extensions[0].payload = vec![7; word as usize % 5].into();
                    packet.header.timestamp = word;
                    packet.header.padding = word % 3 == 0;
                    call.read(Packet::Rtp(packet));
                }
                5 => {
                    let reports = vec![DLRRReport { ssrc: 1, last_rr: word, dlrr: !word >> 9 }];
                    let block = Box::new(DLRRReportBlock { reports });
                    call.read(Packet::Rtcp(vec![Box::new(ExtendedReport {
                        sender_ssrc: ssrc,
                        reports: vec![block],
                    })]));
                }
                6 => {
                    let reports =
                        vec![ReceptionReport { ssrc, last_sender_report: word, ..Default::default() }];
                    call.read(Packet::Rtcp(vec![Box::new(ReceiverReport {
                        ssrc,
                        reports,
                        ..Default::default()
                    })]));
                }
                // Time steps back.
                7 if call.sent > Duration::from_secs(3) => {
                    call.sent -= Duration::from_millis(u64::from(word) % 3000)
                }
                _ => call.packets(word as usize % 20, ssrc),
            }
        }
        assert!(call.passed > 5000);
    }
}

#[test]
fn a_peer_that_announces_streams_without_end_is_followed_so_far() {
    let mut call = Call::new(RembBuilder::new().with_rrtr(false));
    for ssrc in 0..5000 {
        call.chain.bind_remote_stream(&video(ssrc, None));
    }
    for ssrc in 0..5000 {
        call.packet(ssrc);
    }
    call.packets(200, 5);
    assert!(!call.rembs.is_empty());
    assert!(call.rembs.iter().any(|remb| remb.ssrcs.is_empty()), "more than a REMB can hold are not listed");
}

#[test]
fn a_flood_of_answers_is_kept_in_bounds() {
    let mut call = Call::new(RembBuilder::new());
    call.chain.bind_remote_stream(&video(7, None));
    call.packets(60, 7);
    let asked = (call.asked[1].1 >> 16) as u32;
    for _ in 0..5000 {
        let reports = vec![DLRRReport { ssrc: 1, last_rr: asked, dlrr: 0 }; 20];
        let block = Box::new(DLRRReportBlock { reports });
        call.read(Packet::Rtcp(vec![Box::new(ExtendedReport { sender_ssrc: 7, reports: vec![block] })]));
    }
    call.packets(100, 7);
    assert_eq!(call.handle.stats().unwrap().rtt.map(|rtt| rtt.to_millis()), Some(180));
}

#[test]
fn ids_that_no_packet_can_have_are_none() {
    let mut info = video(7, None);
    info.rtp_header_extensions[0].id = 259;
    let mut call = Call::new(RembBuilder::new());
    call.chain.bind_remote_stream(&info);
    call.chain.bind_remote_stream(&StreamInfo::default());
    call.packets(200, 7);
    assert!(call.rembs.is_empty());
}

//! The reference vectors as RTP through the chain: the same REMBs at the same microsecond.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use remb_replay::bwe::{EstimatorChoice, EstimatorConfig, PacketArrival};
use remb_replay::remb::{Profile, RembConfig};
use remb_rtc::RembBuilder;

use super::chain::{ABS_SEND_TIME_ID, Chain, TOFFSET_ID};
use crate::common;
use crate::vectors::{Trace, names};

/// A packet with its header extensions, in the form with headers of one byte.
fn rtp(packet: &PacketArrival, sequence_number: u16) -> Vec<u8> {
    let mut elements = Vec::new();
    if let Some(send_time) = packet.send_time.value() {
        elements.push(ABS_SEND_TIME_ID << 4 | 2);
        elements.extend(&send_time.raw().to_be_bytes()[1..]);
    }
    if packet.transmission_offset != 0 {
        elements.push(TOFFSET_ID << 4 | 2);
        elements.extend(&packet.transmission_offset.to_be_bytes()[1..]);
    }
    let mut bytes = vec![if elements.is_empty() { 0x80 } else { 0x90 }, 96];
    bytes.extend(sequence_number.to_be_bytes());
    bytes.extend([packet.rtp_timestamp, packet.ssrc.0].map(u32::to_be_bytes).concat());
    if !elements.is_empty() {
        bytes.extend([0xbe, 0xde, 0, (elements.len() / 4) as u8]);
        bytes.extend(elements);
    }
    bytes.extend_from_slice(&vec![0; packet.size.as_bytes() as usize]);
    bytes
}

/// Runs a trace; gives how many REMBs were equal, and whether all of its packets have abs-send-time.
fn run(trace: &Trace, name: &str) -> (usize, bool) {
    let has_send_time = |packet: &PacketArrival| packet.send_time.value().is_some();
    let any = trace.packets.iter().any(has_send_time);
    let mut estimator = EstimatorConfig::default();
    if !any {
        estimator.controller.estimator = EstimatorChoice::RtpTimestamp;
    }
    let schedule = RembConfig { scheduler: Profile::Libwebrtc, ..RembConfig::default() };
    let mut builder = RembBuilder::new().with_schedule(schedule).with_estimator(estimator).with_rrtr(false);
    let constant_rtt = name.rsplit_once("_rtt").and_then(|(_, ms)| ms.parse().ok());
    if let Some(ms) = constant_rtt {
        builder = builder.with_rtt(Duration::from_millis(ms));
    }
    let mut chain = Chain::new(builder, trace.packets[0].now.as_micros() * 1000);
    let streams: BTreeSet<_> = trace.packets.iter().map(|packet| packet.ssrc.0).collect();
    streams.iter().for_each(|ssrc| chain.bind_video(*ssrc, None, any));
    let mut rtt = trace.rtt.iter().filter(|_| constant_rtt.is_none()).peekable();
    for (number, packet) in trace.packets.iter().enumerate() {
        let now = packet.now.as_micros() * 1000;
        loop {
            let timer = chain.next_timer().filter(|due| *due <= now);
            if let Some((_, rtt)) = rtt.next_if(|(at, _)| at.as_micros() * 1000 <= timer.unwrap_or(now)) {
                chain.handle.set_rtt(Duration::from_micros(rtt.as_micros() as u64));
            } else if let Some(due) = timer {
                chain.run_timer(due);
            } else {
                break;
            }
        }
        let received_at = Some(packet.at.as_micros() * 1000).filter(|at| *at != now);
        chain.read_rtp(&rtp(packet, number as u16), now, received_at);
    }
    for (index, (actual, expected)) in chain.rembs.iter().zip(&trace.remb).enumerate() {
        let ssrcs: Vec<_> = actual.ssrcs.iter().map(u32::to_string).collect();
        let actual =
            [actual.micros.to_string(), actual.bps.to_string(), actual.wire_bps.to_string(), ssrcs.join(";")];
        let expected = [&expected[0], &expected[3], &expected[4], &expected[5]];
        assert_eq!(actual.each_ref().map(String::as_str), expected, "{name}: REMB {index}");
    }
    assert_eq!(chain.rembs.len(), trace.remb.len(), "{name}: REMBs");
    (chain.rembs.len(), trace.packets.iter().all(has_send_time))
}

fn compare(folder: &Path) -> (usize, usize) {
    let (mut rembs, mut traces, mut by_send_time) = (0, 0, 0);
    for name in names(folder) {
        let (equal, all_have_it) = run(&Trace::open(folder, &name), &name);
        rembs += equal;
        traces += 1;
        by_send_time += usize::from(all_have_it);
    }
    println!(
        "{traces} traces through the chain, {by_send_time} with abs-send-time throughout: {rembs} REMBs equal"
    );
    (traces, by_send_time)
}

#[test]
fn every_reference_vector_is_reproduced_through_the_chain() {
    assert_eq!(compare(&common::testdata("vectors")), (77, 45));
}

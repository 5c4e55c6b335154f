//! A call that the chain received, and a replay of the capture of the same packets: the same REMBs, to the bit/s and the
//! microsecond.

use std::time::Duration;

use remb_replay::capture::{Frame, LinkType};
use remb_replay::model::{Rtt, RttSource};
use remb_replay::remb::{Profile, RembConfig};
use remb_replay::replay::{Event, Outcome, Replay, ReplayConfig, Sink};
use remb_replay::rtp::sdp::SessionDescription;
use remb_replay::survey::{FlowInfo, SurveyConfig};
use remb_replay::units::{CaptureTime, FrameNumber, TimeDelta};
use remb_rtc::RembBuilder;

use super::call::{Call, Datagram, SECOND, Stack};
use crate::path_simulation::path::PathConfig;

const STACK: Stack = Stack { turns_a_fetch: 1, sends: true };

/// Raw IPv4 with UDP.
fn frame_bytes(datagram: &Datagram) -> Vec<u8> {
    let (peer, own) = (([10, 0, 0, 1], 5000_u16), ([10, 0, 0, 2], 6000_u16));
    let (from, to) = if datagram.is_outgoing { (own, peer) } else { (peer, own) };
    let udp_len = (8 + datagram.payload.len()) as u16;
    let mut ip = vec![0x45, 0];
    ip.extend((20 + udp_len).to_be_bytes());
    ip.extend([0, 0, 0x40, 0, 64, 17, 0, 0]);
    ip.extend([from.0, to.0].concat());
    ip.extend([from.1.to_be_bytes(), to.1.to_be_bytes(), udp_len.to_be_bytes(), [0, 0]].concat());
    ip.extend(&datagram.payload);
    ip
}

/// REMBs of the peer's flow: microsecond, bit/s, SSRCs.
#[derive(Default)]
struct Rembs(Vec<(i64, i64, Vec<u32>)>);

impl Sink for Rembs {
    type Error = std::convert::Infallible;

    fn event(&mut self, flow: &FlowInfo, at: CaptureTime, event: &Event) -> Result<(), Self::Error> {
        if let (Event::Remb(remb), true) = (event, flow.flow.to_string().starts_with("10.0.0.1:")) {
            let ssrcs = remb.ssrcs.iter().map(|ssrc| ssrc.0).collect();
            self.0.push((at.as_nanos() / 1000, remb.bitrate.as_bps(), ssrcs));
        }
        Ok(())
    }
}

fn replayed(call: &Call, mut config: ReplayConfig) -> (Rembs, Outcome) {
    let sdp = SessionDescription::parse(&call.sdp).unwrap();
    config.survey = SurveyConfig { sdp: Some(sdp), ..SurveyConfig::default() };
    let (mut replay, mut rembs) = (Replay::new(config).unwrap(), Rembs::default());
    for (number, datagram) in (1..).zip(&call.captured) {
        let data = &frame_bytes(datagram);
        let Ok(()) = replay.handle_frame(
            &Frame {
                number: FrameNumber(number),
                at: CaptureTime::from_nanos(datagram.nanos.into()).unwrap(),
                nanoseconds: true,
                link_type: LinkType(101),
                data,
                original_len: data.len() as u32,
                direction: None,
                log: None,
            },
            &mut rembs,
        );
    }
    let Ok(()) = replay.finish(&mut rembs);
    (rembs, replay.outcome())
}

fn steps() -> PathConfig {
    let capacity = vec![(0, 1_500_000), (20 * SECOND, 500_000), (40 * SECOND, 1_500_000)];
    PathConfig { capacity, loss_per_mille: 5, jitter: 3000, ..PathConfig::constant(1_500_000) }
}

/// Live and replayed; gives the round trip time that the replay found.
fn hold_against_each_other(
    builder: RembBuilder,
    config: ReplayConfig,
    path: PathConfig,
    stack: Stack,
) -> Rtt {
    let call = Call::run(builder, path, 60, stack);
    let live: Vec<_> =
        call.chain.rembs.iter().map(|remb| (remb.micros, remb.bps, remb.ssrcs.clone())).collect();
    assert!(live.len() > 60, "{} REMBs", live.len());
    let rates = || live.iter().map(|(_, bps, _)| bps);
    assert!(rates().max() > rates().skip(20).min().map(|least| least * 2).as_ref(), "the link steps");
    let (replayed, outcome) = replayed(&call, config);
    for (index, (live, replayed)) in live.iter().zip(&replayed.0).enumerate() {
        assert_eq!(live, replayed, "REMB {index} of {}", call.chain.rembs.len());
    }
    assert_eq!(live.len(), replayed.0.len());
    println!("{} REMBs of a call of 60 s equal", live.len());
    let flow = outcome.flows.into_iter().find(|flow| flow.flow.to_string().starts_with("10.0.0.1:"));
    flow.unwrap().rtt
}

#[test]
fn live_equals_replay() {
    let rtt = hold_against_each_other(RembBuilder::new(), ReplayConfig::default(), steps(), STACK);
    assert_eq!(rtt.source, RttSource::Capture, "its round trip time is the call's own");
    assert!(rtt.samples > 100, "{}", rtt.samples);
}

/// What a reference time says is not yet past when it leaves.
#[test]
fn live_equals_replay_where_the_stack_fetches_late() {
    let stack = Stack { turns_a_fetch: 150, sends: false };
    let rtt = hold_against_each_other(RembBuilder::new(), ReplayConfig::default(), steps(), stack);
    assert_eq!(rtt.source, RttSource::Capture);
}

#[test]
fn live_equals_replay_by_libwebrtcs_schedule_with_a_round_trip_time_that_was_given() {
    let schedule = RembConfig { scheduler: Profile::Libwebrtc, ..RembConfig::default() };
    let mut config = ReplayConfig { rtt: Some(TimeDelta::from_millis(35)), ..ReplayConfig::default() };
    config.parameters.remb = schedule.clone();
    let builder = RembBuilder::new().with_schedule(schedule).with_rtt(Duration::from_millis(35));
    let path = PathConfig { jitter: 15_000, reorders: true, ..steps() };
    hold_against_each_other(builder, config, path, STACK);
}

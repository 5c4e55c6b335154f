//! What RTCP tells of a flow, in calls made here: round trip times and REMBs, wherever they stand.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

use remb_replay::capture::{Frame, LinkType};
use remb_replay::model::{Rtt, RttSource, Warning};
use remb_replay::remb::Remb;
use remb_replay::replay::{Event, Outcome, Replay, ReplayConfig, SideBySide, Sink, Taping};
use remb_replay::rtp::sdp::SessionDescription;
use remb_replay::survey::{FlowInfo, SurveyConfig};
use remb_replay::units::{Bitrate, CaptureTime, FrameNumber, Ssrc};

/// Frames with their times, ms.
#[derive(Clone, Default)]
struct Made(Vec<(i64, Vec<u8>)>);

/// Hosts by their last byte, and ports.
type Ends = ((u8, u16), (u8, u16));

const MEDIA: Ends = ((1, 5000), (2, 6000));
const BACK: Ends = (MEDIA.1, MEDIA.0);

#[derive(Clone, Copy)]
struct Sent {
    ends: Ends,
    ssrc: u32,
    payload_type: u8,
    timestamp: u32,
}

const VIDEO: Sent = Sent { ends: MEDIA, ssrc: 0x11, payload_type: 96, timestamp: 7_000_000 };

impl Made {
    fn datagram(mut self, ms: i64, ((from, from_port), (to, to_port)): Ends, payload: &[u8]) -> Self {
        let udp_len = (8 + payload.len()) as u16;
        let mut ip = vec![0x45, 0];
        ip.extend((20 + udp_len).to_be_bytes());
        ip.extend([0, 0, 0x40, 0, 64, 17, 0, 0, 10, 0, 0, from, 10, 0, 0, to]);
        ip.extend([from_port.to_be_bytes(), to_port.to_be_bytes(), udp_len.to_be_bytes(), [0, 0]].concat());
        ip.extend(payload);
        self.0.push((ms, ip));
        self
    }

    /// A packet every 20 ms; the first ones may be padding alone, with another timestamp.
    fn stream(mut self, sent: Sent, from_ms: i64, until_ms: i64, padding: u16) -> Self {
        for (number, ms) in (0_u16..).zip((from_ms..until_ms).step_by(20)) {
            let (is_padding, ticks) = (number < padding, sent.timestamp.wrapping_add((ms * 90) as u32));
            let timestamp = if is_padding { 0 } else { ticks };
            let mut rtp = vec![0x90 | u8::from(is_padding) << 5, sent.payload_type];
            rtp.extend(number.to_be_bytes());
            rtp.extend([timestamp, sent.ssrc].map(u32::to_be_bytes).concat());
            let [_, high, middle, low] = (((ms << 18) / 1000) as u32).to_be_bytes();
            rtp.extend([0xbe, 0xde, 0, 1, 0x32, high, middle, low]);
            rtp.extend([200; 200]);
            self = self.datagram(ms, sent.ends, &rtp);
        }
        self
    }

    /// By time; frames of one time as they were added.
    fn in_order(mut self) -> Self {
        self.0.sort_by_key(|(ms, _)| *ms);
        self
    }

    fn for_each(&self, mut handle: impl FnMut(&Frame<'_>)) {
        for (number, (ms, data)) in (1..).zip(&self.0) {
            handle(&Frame {
                number: FrameNumber(number),
                at: CaptureTime::from_nanos(i128::from(*ms) * 1_000_000).unwrap(),
                nanoseconds: false,
                link_type: LinkType(101),
                data,
                original_len: data.len() as u32,
                direction: None,
                log: None,
            });
        }
    }

    fn replayed(&self) -> (Events, Outcome) {
        self.replayed_told(None)
    }

    fn replayed_told(&self, sdp: Option<SessionDescription>) -> (Events, Outcome) {
        let survey = SurveyConfig { sdp, ..SurveyConfig::default() };
        let config = ReplayConfig { survey, ..ReplayConfig::default() };
        let (mut replay, mut events) = (Replay::new(config).unwrap(), Events::default());
        self.for_each(|frame| {
            let Ok(()) = replay.handle_frame(frame, &mut events);
        });
        let Ok(()) = replay.finish(&mut events);
        (events, replay.outcome())
    }
}

#[derive(Debug, Default, PartialEq)]
struct Events(Vec<(String, i64, Event)>);

impl Sink for Events {
    type Error = std::convert::Infallible;

    fn event(&mut self, flow: &FlowInfo, at: CaptureTime, event: &Event) -> Result<(), Self::Error> {
        self.0.push((flow.flow.to_string(), at.as_nanos(), event.clone()));
        Ok(())
    }
}

impl Events {
    /// Times of recorded REMBs, ms, and their rates.
    fn recorded(&self) -> Vec<(i64, i64)> {
        let recorded = self.0.iter().filter_map(|(_, nanos, event)| match event {
            Event::Recorded(remb) => Some((nanos / 1_000_000, remb.bitrate.as_bps())),
            _ => None,
        });
        recorded.collect()
    }
}

fn block(count: u8, packet_type: u8, words: &[u32]) -> Vec<u8> {
    let head = [0x80 | count, packet_type, 0, words.len() as u8];
    [&head[..], &words.iter().flat_map(|word| word.to_be_bytes()).collect::<Vec<_>>()].concat()
}

fn receiver_report(sender: u32) -> Vec<u8> {
    block(0, 201, &[sender])
}

fn remb(sender: u32, bps: i64, ssrcs: &[u32]) -> Vec<u8> {
    let mut bytes = receiver_report(sender);
    let ssrcs: Vec<_> = ssrcs.iter().copied().map(Ssrc).collect();
    Remb::encode(Ssrc(sender), Bitrate::from_bps(bps), &ssrcs, &mut bytes).unwrap();
    bytes
}

/// The middle of the NTP time at so many ms since 1970.
fn ntp(ms: i64) -> u32 {
    ((2_208_988_800_i64 << 16) + (ms << 16) / 1000) as u32
}

/// An extended report that answers what `ssrc` asked `rtt` ms before, at once.
fn answer(ms: i64, ssrc: u32, rtt: i64) -> Vec<u8> {
    block(0, 207, &[0x11, 0x0500_0003, ssrc, ntp(ms - rtt), 0])
}

/// A receiver report of the same.
fn answer_to_sender(ms: i64, ssrc: u32, rtt: i64) -> Vec<u8> {
    block(1, 201, &[0x11, ssrc, 0, 1, 0, ntp(ms - rtt), 0])
}

fn warning(outcome: &Outcome, code: &str) -> Option<(u64, u64, String)> {
    let of_code = |warning: &&Warning| warning.code() == code;
    let warning = outcome.warnings.iter().find(of_code)?;
    Some((warning.count?.count, warning.count?.first_frame, warning.message()))
}

fn value_ms(rtt: &Rtt) -> Option<f64> {
    rtt.value.map(|rtt| rtt.as_micros() as f64 / 1e3)
}

/// One video from 20 ms on; 100 ms are measured at 0.5 s and 200 ms at 1.5 s.
fn call_with(others: impl Fn(Made) -> Made) -> Option<f64> {
    let made = Made::default().stream(VIDEO, 20, 2200, 0);
    let made = others(made);
    let made = made.datagram(500, MEDIA, &answer(500, 1, 100)).datagram(1500, MEDIA, &answer(1500, 1, 200));
    value_ms(&made.in_order().replayed().1.flows[0].rtt)
}

/// At 2.02 s, of 100 and 200: 70 + 45 = 115 at the hand-over and 80.5 + 45 at the timer. With a second video since 0.32 s
/// the reports are 100, 100 and 200: 70 + 39.9 and 76.3 + 39.9.
#[test]
fn each_video_has_a_module_and_retransmissions_and_audio_have_none() {
    let other = Sent { ssrc: 0x12, payload_type: 97, ..VIDEO };
    assert_eq!(call_with(|made| made), Some(125.0));
    assert_eq!(
        call_with(|made| made.stream(Sent { timestamp: 0x9000_0000, ..other }, 320, 2200, 0)),
        Some(116.0)
    );
    assert_eq!(
        call_with(|made| made.stream(other, 320, 2200, 0)),
        Some(125.0),
        "the timestamps of the video"
    );
    let audio = Sent { payload_type: 0, timestamp: 0x9000_0000, ..other };
    assert_eq!(call_with(|made| made.stream(audio, 320, 2200, 0)), Some(125.0));
    let probing = |made: Made| {
        Made::default().stream(other, 0, 2200, 3).0.into_iter().fold(made, |mut made, frame| {
            made.0.push(frame);
            made
        })
    };
    assert_eq!(call_with(probing), Some(115.0), "padding came first, and the timer counts from it");
}

/// Of a flow that is understood, by a description of all its streams.
#[test]
fn a_second_video_has_a_module_though_it_begins_with_padding_alone() {
    let sdp = "v=0\r\nm=video 9 RTP/AVP 96 97\r\na=rtpmap:96 VP8/90000\r\na=rtpmap:97 H264/90000\r\n\
               a=extmap:3 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time\r\n";
    let call = |padding: Option<u16>| {
        let other = Sent { ssrc: 0x12, payload_type: 97, timestamp: 0x9000_0000, ..VIDEO };
        let made = Made::default().stream(VIDEO, 20, 15_000, 0);
        let made = match padding {
            Some(padding) => made.stream(other, 12_330, 15_000, padding),
            None => made,
        };
        let made = [(12_800, 100), (13_500, 200)]
            .into_iter()
            .fold(made, |made, (ms, rtt)| made.datagram(ms, MEDIA, &answer(ms, 1, rtt)));
        let told = Some(SessionDescription::parse(sdp).unwrap());
        value_ms(&made.in_order().replayed_told(told).1.flows[0].rtt)
    };
    let (one, two) = (call(None), call(Some(0)));
    assert!(one.is_some() && one != two, "{one:?} and {two:?}");
    assert_eq!(call(Some(30)), two);
}

#[test]
fn what_others_than_the_sender_of_rembs_asked_counts_for_nothing() {
    let made = Made::default().stream(VIDEO, 20, 3000, 0).datagram(100, BACK, &remb(1, 100_000, &[0x11]));
    let made =
        made.datagram(110, BACK, &receiver_report(0xfa17_fa17)).datagram(120, BACK, &receiver_report(2));
    let answers = [1, 2, 0xfa17_fa17].map(|ssrc| answer(500, ssrc, i64::from(ssrc & 0xff) * 10)).concat();
    let (_, outcome) = made.datagram(500, MEDIA, &answers).in_order().replayed();
    let rtt = &outcome.flows[0].rtt;
    assert_eq!((rtt.samples, value_ms(rtt)), (1, Some(10.0)));
}

/// Two videos come, one goes, and the times move.
fn moving() -> Made {
    let other = Sent { ssrc: 0x12, timestamp: 0x9000_0000, ..VIDEO };
    let mine = Sent { ends: BACK, ssrc: 0x21, ..VIDEO };
    let mut made =
        Made::default().stream(VIDEO, 20, 9000, 0).stream(other, 330, 9000, 0).stream(mine, 410, 9000, 0);
    for (ms, rtt) in (700..9000).step_by(650).zip([40, 250, 90, 30].into_iter().cycle()) {
        made = made.datagram(ms, MEDIA, &answer(ms, 1, rtt));
        made = made.datagram(ms + 111, MEDIA, &answer_to_sender(ms + 111, 0x21, rtt / 2));
    }
    made.datagram(600, BACK, &remb(1, 100_000, &[0x11]))
        .datagram(610, BACK, &receiver_report(0x21))
        .in_order()
}

#[test]
fn the_round_trip_time_is_the_same_in_a_replay_side_by_side_and_on_a_tape() {
    let made = moving();
    let (mut events, outcome) = made.replayed();
    assert!(outcome.flows[0].rtt.samples > 20 && outcome.flows[0].rtt.source == RttSource::Capture);
    events.0.retain(|(flow, ..)| *flow == outcome.flows[0].flow.to_string());
    let configs = vec![ReplayConfig::default(), ReplayConfig::default()];
    let (mut replays, mut sinks) =
        (SideBySide::new(configs).unwrap().unwrap(), [Events::default(), Events::default()]);
    let mut taping = Taping::new(SurveyConfig::default());
    made.for_each(|frame| {
        let Ok(()) = replays.handle_frame(frame, &mut sinks);
        taping.handle_frame(frame);
    });
    let Ok(()) = replays.finish(&mut sinks);
    for sink in &mut sinks {
        sink.0.retain(|(flow, ..)| *flow == outcome.flows[0].flow.to_string());
        assert!(*sink == events);
    }
    let (tape, _) = taping.finish();
    let (flow, mut taped) = (tape.flows().next().unwrap(), Vec::new());
    flow.replay(&ReplayConfig::default(), &mut |at, event| taped.push((at.as_nanos(), event))).unwrap();
    let replayed = events.0.into_iter().filter(|(.., event)| !matches!(event, Event::Recorded(_)));
    assert!(replayed.map(|(_, at, event)| (at, event)).eq(taped));
}

/// The module that sends runs 1 s after the first packet that it sent, at 410 ms: at 1.41 s.
#[test]
fn what_the_receiver_sends_itself_is_handed_over_by_a_module_of_its_own() {
    let mine = Sent { ends: BACK, ssrc: 0x21, ..VIDEO };
    let value = |until| {
        let made = Made::default().stream(VIDEO, 20, until, 0).stream(mine, 410, until, 0);
        let made = made.datagram(700, MEDIA, &answer_to_sender(700, 0x21, 60)).in_order();
        let outcome = made.replayed().1;
        let rtt =
            outcome.flows.into_iter().find(|flow| flow.flow.to_string().starts_with("10.0.0.1")).unwrap().rtt;
        (rtt.source, value_ms(&rtt))
    };
    assert_eq!(value(1400), (RttSource::Default, Some(200.0)));
    assert_eq!(value(1440), (RttSource::Capture, Some(60.0)));
}

#[test]
fn rembs_on_ports_of_their_own_steer_the_flow_whose_streams_they_list() {
    let control = ((2, 7345), (1, 9911));
    let mut made = Made::default().stream(VIDEO, 100, 6000, 0);
    for (ms, bps) in [(20, 1000), (60, 2000), (1500, 3000), (5900, 4000)] {
        made = made.datagram(ms, control, &remb(1, bps, &[0x11]));
    }
    made = made.datagram(900, (control.1, control.0), &answer(900, 1, 40));
    let (events, outcome) = made.in_order().replayed();
    assert_eq!(events.recorded(), [(20, 1000), (60, 2000), (1500, 3000), (5900, 4000)]);
    assert_eq!((outcome.flows[0].recorded.count, warning(&outcome, "W-REMB-UNUSABLE")), (4, None));
    assert_eq!((outcome.flows[0].rtt.samples, value_ms(&outcome.flows[0].rtt)), (1, Some(40.0)));
}

#[test]
fn a_remb_on_the_ports_of_another_flow_goes_to_the_one_whose_stream_it_lists() {
    let other = Sent { ends: ((1, 5002), (2, 6002)), ssrc: 0x12, timestamp: 0x9000_0000, ..VIDEO };
    let made = Made::default().stream(VIDEO, 20, 4000, 0).stream(other, 40, 4000, 0);
    let (events, _) = made.datagram(3000, BACK, &remb(1, 9000, &[0x12])).in_order().replayed();
    let recorded = events.0.iter().find(|(.., event)| matches!(event, Event::Recorded(_)));
    assert_eq!(recorded.map(|(flow, ..)| flow.as_str()), Some("10.0.0.1:5002-10.0.0.2:6002"));
}

#[test]
fn rtcp_that_begins_long_after_the_media_or_before_it_is_not_lost() {
    let made = Made::default().stream(VIDEO, 500, 9000, 0);
    let made = made.datagram(100, BACK, &remb(1, 1000, &[0x11])).datagram(120, BACK, &remb(1, 1000, &[0x11]));
    let (events, outcome) = made.in_order().replayed();
    assert_eq!((events.recorded(), outcome.flows[0].recorded.repeats), (vec![(100, 1000)], 1), "before it");
    let made = Made::default().stream(VIDEO, 500, 9000, 0).datagram(7000, BACK, &remb(1, 2000, &[0x11]));
    let (events, outcome) = made.datagram(7100, MEDIA, &answer(7100, 1, 30)).in_order().replayed();
    assert_eq!(events.recorded(), [(7000, 2000)], "long after");
    assert_eq!(value_ms(&outcome.flows[0].rtt), Some(30.0));
}

#[test]
fn each_remb_that_is_not_used_has_a_reason() {
    let altered = |place: usize, bytes: &[u8]| {
        let mut remb = remb(1, 100_000, &[0x11]);
        remb[place..place + bytes.len()].copy_from_slice(bytes);
        remb
    };
    let broken = [receiver_report(1), vec![1, 205, 0, 0], remb(1, 100_000, &[0x11])[8..].to_vec()].concat();
    let cases = [
        ("whose number of SSRCs does not fit their length", BACK, altered(24, &[5])),
        ("whose number of SSRCs does not fit their length", BACK, altered(24, &[0])),
        ("above 2^63 bit/s", BACK, altered(25, &[0xff, 0xff, 0xff])),
        ("in or behind a part of a compound that is no RTCP", BACK, broken),
        ("in or behind a part of a compound that is no RTCP", BACK, remb(1, 100_000, &[0x11])[..30].to_vec()),
        ("that go with the media that they are about", MEDIA, remb(1, 100_000, &[0x11])),
        ("of no known flow", ((2, 6000), (3, 5000)), remb(1, 100_000, &[0x11])),
        ("of no known flow", ((2, 7777), (1, 7777)), remb(1, 100_000, &[0x99])),
    ];
    for (reason, ends, bytes) in cases {
        let mut made = Made::default().stream(VIDEO, 20, 3000, 0);
        for ms in [1000, 2000] {
            made = made.datagram(ms, ends, &bytes);
        }
        let (events, outcome) = made.in_order().replayed();
        let expected = format!("2 REMBs of the capture are not used: 2 {reason}");
        assert_eq!(warning(&outcome, "W-REMB-UNUSABLE"), Some((2, 51, expected)), "{bytes:02x?}");
        assert_eq!(
            (events.recorded(), outcome.flows[0].srtp.encrypted),
            (vec![], outcome.flows[0].srtp.encrypted.filter(|encrypted| !encrypted))
        );
        assert_eq!(outcome.flows[0].srtp.tag_len, 0);
    }
}

#[test]
fn rembs_of_flows_that_were_not_selected_are_no_matter() {
    let made = Made::default().stream(VIDEO, 20, 3000, 0);
    let other = Sent { ends: ((1, 5002), (3, 6002)), ssrc: 0x12, ..VIDEO };
    let made =
        made.stream(other, 20, 3000, 0).datagram(1000, ((3, 6002), (1, 5002)), &remb(1, 100_000, &[0x12]));
    let flows = vec!["10.0.0.1:5000-10.0.0.2:6000".parse().unwrap()];
    let survey = SurveyConfig { flows, ..SurveyConfig::default() };
    let mut replay = Replay::new(ReplayConfig { survey, ..ReplayConfig::default() }).unwrap();
    made.in_order().for_each(|frame| {
        let Ok(()) = replay.handle_frame(frame, &mut Events::default());
    });
    assert_eq!(warning(&replay.outcome(), "W-REMB-UNUSABLE"), None);
}

#[test]
fn an_rtcp_datagram_that_is_there_twice_counts_once_and_a_remb_that_rides_on_others_still_repeats() {
    let ntp_of = |ms: i64| block(0, 200, &[1, ntp(ms) >> 16, ntp(ms) << 16, 0, 0, 0]);
    let mut made = Made::default().stream(VIDEO, 20, 5000, 0);
    for ms in [1000, 2000, 3000] {
        let compound = [ntp_of(ms), remb(1, 100_000, &[0x11])].concat();
        made = made.datagram(ms, BACK, &compound).datagram(ms + 2, BACK, &compound);
    }
    let (_, outcome) = made.in_order().replayed();
    let flow = &outcome.flows[0];
    let reports = flow.rtcp.iter().find(|seen| seen.packet_type == 200).map(|seen| seen.count);
    assert_eq!((flow.recorded.count, flow.recorded.repeats, reports), (3, 2, Some(3)));
    assert_eq!(outcome.frames.skipped["rtcp-copy"].count, 3);
    let (count, first, message) = warning(&outcome, "W-DUPLICATES").unwrap();
    assert_eq!((count, first), (3, 52), "{message}");
}

#[test]
fn an_outcome_counts_the_rembs_that_were_sent() {
    let (events, outcome) = Made::default().stream(VIDEO, 20, 9000, 0).replayed();
    let sent = events.0.iter().filter(|(.., event)| matches!(event, Event::Remb(_))).count() as u64;
    let rembs = &outcome.flows[0].estimation.as_ref().unwrap().rembs;
    assert!(sent > 2 && rembs.count == sent && rembs.first.is_some(), "{sent} {rembs:?}");
}

#[test]
fn an_interval_of_zero_is_refused_wherever_a_replay_begins() {
    let mut config = ReplayConfig::default();
    config.parameters.remb.interval = remb_replay::units::TimeDelta::ZERO;
    let refused = Replay::new(config.clone()).unwrap_err().to_string();
    assert!(refused.contains("remb.interval"), "{refused}");
    let mut taping = Taping::new(SurveyConfig::default());
    Made::default().stream(VIDEO, 20, 9000, 0).for_each(|frame| taping.handle_frame(frame));
    let (tape, _) = taping.finish();
    let taped = tape.flows().next().unwrap().replay(&config, &mut |_, _| panic!("an event"));
    assert!(taped.unwrap_err().to_string().contains("remb.interval"));
    let side_by_side = SideBySide::new(vec![ReplayConfig::default(), config]);
    assert!(side_by_side.unwrap_err().to_string().contains("remb.interval"));
}

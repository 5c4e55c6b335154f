//! The recorded calls: what is fed to the estimator from the capture alone is what was fed to libwebrtc, packet by
//! packet, and the result does not depend on how the capture comes.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::io::{Cursor, Read};

use remb_replay::bwe::DelayFilter;
use remb_replay::capture::CaptureReader;
use remb_replay::replay::{Event, Replay, ReplayConfig, Sink, Taping};
use remb_replay::report::summary::Flow;
use remb_replay::rtp::sdp::SessionDescription;
use remb_replay::survey::{CopyPolicy, FlowInfo, SurveyConfig};
use remb_replay::units::CaptureTime;

use crate::common;

const CALLS: [&str; 8] = [
    "s02-fixed-1000k",
    "s03-steps-audio",
    "s06-no-abs-send-time",
    "s07-encrypted",
    "s08-full-ipv6",
    "s12-bidir",
    "s14-reorder",
    "s16-any",
];

#[derive(Default)]
struct Events(Vec<(String, i64, String)>);

impl Sink for Events {
    type Error = std::convert::Infallible;

    fn event(&mut self, flow: &FlowInfo, at: CaptureTime, event: &Event) -> Result<(), Self::Error> {
        self.0.push((flow.flow.to_string(), at.as_nanos(), format!("{event:?}")));
        Ok(())
    }
}

fn capture(name: &str) -> Vec<u8> {
    common::read(&common::testdata("captures").join(format!("{name}.pcap.gz")))
}

fn replay(
    bytes: impl Read + Send + 'static,
    config: ReplayConfig,
) -> (Vec<(String, i64, String)>, Vec<Flow>) {
    let mut reader = CaptureReader::new(Box::new(bytes)).unwrap();
    let mut replay = Replay::new(config).unwrap();
    let mut events = Events::default();
    while let Some(frame) = reader.next_frame().unwrap() {
        let Ok(()) = replay.handle_frame(&frame, &mut events);
    }
    let Ok(()) = replay.finish(&mut events);
    (events.0, replay.outcome().flows.iter().map(Flow::from).collect())
}

fn surveying(survey: SurveyConfig) -> ReplayConfig {
    ReplayConfig { survey, ..ReplayConfig::default() }
}

/// Packets, bytes and SSRCs as the reference was fed with.
fn reference(name: &str) -> (u64, u64, Vec<String>) {
    let path = common::find(&common::testdata("captures/reference"), name, "in").unwrap();
    let rows = common::rows(&path, true);
    let bytes = rows.iter().map(|row| row[5].parse::<u64>().unwrap()).sum();
    let mut ssrcs: Vec<_> =
        rows.iter().map(|row| format!("0x{:08x}", row[1].parse::<u32>().unwrap())).collect();
    ssrcs.sort();
    ssrcs.dedup();
    (rows.len() as u64, bytes, ssrcs)
}

#[test]
fn without_steps_the_rest_is_the_same() {
    let call = || Cursor::new(capture("s12-bidir"));
    let (mut all, flows) = replay(call(), ReplayConfig::default());
    let (rembs, same_flows) = replay(call(), ReplayConfig { steps: false, ..ReplayConfig::default() });
    let count = all.len();
    all.retain(|(_, _, event)| !event.starts_with("Step"));
    assert!(count > all.len() && !all.is_empty());
    assert_eq!((all, format!("{flows:?}")), (rembs, format!("{same_flows:?}")));
}

/// Each record of a little-endian pcap twice, as an any-interface capture may have it.
fn doubled(pcap: &[u8]) -> Vec<u8> {
    let (header, mut records) = pcap.split_at(24);
    let mut doubled = header.to_vec();
    while let Some(len) = records.get(8..12) {
        let (record, rest) = records.split_at(16 + u32::from_le_bytes(len.try_into().unwrap()) as usize);
        doubled.extend([record, record].concat());
        records = rest;
    }
    doubled
}

#[test]
fn a_capture_that_has_every_frame_twice_feeds_each_packet_once_unless_copies_are_kept() {
    let fed = |bytes: Vec<u8>, copies: CopyPolicy| {
        let (_, flows) =
            replay(Cursor::new(bytes), surveying(SurveyConfig { copies, ..SurveyConfig::default() }));
        flows.iter().map(|flow| flow.packets_fed).collect::<Vec<_>>()
    };
    let call = capture("s02-fixed-1000k");
    let once = fed(call.clone(), CopyPolicy::First);
    assert!(once.iter().sum::<u64>() > 5000);
    assert_eq!(fed(doubled(&call), CopyPolicy::First), once);
    assert_eq!(fed(doubled(&call), CopyPolicy::Last), once);
    assert_eq!(
        fed(doubled(&call), CopyPolicy::Keep),
        once.iter().map(|packets| 2 * packets).collect::<Vec<_>>()
    );
}

#[test]
fn what_is_fed_is_what_libwebrtc_was_fed() {
    for name in CALLS {
        let (_, flows) = replay(Cursor::new(capture(name)), ReplayConfig::default());
        let flow = &flows[0];
        let fed: Vec<_> = flow.streams.iter().filter(|stream| stream.fed_to_estimator).collect();
        let mut ssrcs: Vec<_> = fed.iter().map(|stream| stream.ssrc.clone()).collect();
        ssrcs.sort();
        let bytes = fed.iter().map(|stream| stream.payload_bytes).sum();
        assert_eq!((flow.packets_fed, bytes, ssrcs), reference(name), "{name}");
    }
}

#[test]
fn audio_that_comes_first_is_left_out_and_its_evidence_given() {
    let (_, flows) = replay(Cursor::new(capture("s03-steps-audio")), ReplayConfig::default());
    let audio = flows[0].streams.iter().find(|stream| stream.payload_types == [111]).unwrap();
    assert_eq!((audio.kind, audio.clock_hz, audio.fed_to_estimator), ("audio", Some(48_000), false));
    assert!(audio.why.contains("timestamps step by 960"), "{}", audio.why);
    assert!(
        flows[0]
            .inferences
            .iter()
            .any(|inference| inference.what == "abs-send-time id" && inference.value == "2")
    );
}

#[test]
fn the_first_remb_of_s03_leaves_within_5_ms_of_chromiums() {
    let rows = common::rows(&common::testdata("captures").join("s03-steps-audio.remb.csv"), true);
    let recorded = rows[0][0].parse::<f64>().unwrap();
    let (_, flows) = replay(Cursor::new(capture("s03-steps-audio")), ReplayConfig::default());
    let (events, _) = replay(Cursor::new(capture("s03-steps-audio")), ReplayConfig::default());
    let first_frame = events.iter().map(|event| event.1).min().unwrap();
    let first = events.iter().find(|event| event.2.starts_with("Remb")).unwrap().1;
    // The first event is the first video packet's, 38 ms after the first frame.
    let since_first_frame = (first - first_frame) as f64 / 1e9 + flows[0].streams[1].first_s.0 as f64 / 1e9;
    assert!((since_first_frame - recorded).abs() < 0.005, "{since_first_frame} and {recorded}");
}

/// Gives its bytes in small pieces, as a pipe does.
struct Dribble(Cursor<Vec<u8>>, usize);

impl Read for Dribble {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.1 = self.1 % 97 + 1;
        let len = buffer.len().min(self.1);
        self.0.read(&mut buffer[..len])
    }
}

#[test]
fn a_pipe_and_a_compressed_file_give_the_same_as_a_file() {
    let plain = capture("s03-steps-audio");
    let (expected, _) = replay(Cursor::new(plain.clone()), ReplayConfig::default());
    assert!(expected.len() > 3000);
    let compressed = std::fs::read(common::testdata("captures").join("s03-steps-audio.pcap.gz")).unwrap();
    assert_eq!(replay(Cursor::new(compressed), ReplayConfig::default()).0, expected);
    assert_eq!(replay(Dribble(Cursor::new(plain), 0), ReplayConfig::default()).0, expected);
}

#[test]
fn a_tape_gives_what_a_replay_gives() {
    for name in CALLS {
        let (expected, _) = replay(Cursor::new(capture(name)), ReplayConfig::default());
        let mut taping = Taping::new(SurveyConfig::default());
        let mut reader = CaptureReader::new(Box::new(Cursor::new(capture(name)))).unwrap();
        while let Some(frame) = reader.next_frame().unwrap() {
            taping.handle_frame(&frame);
        }
        let (tape, findings) = taping.finish();
        assert!(findings.nothing.is_none());
        for flow in tape.flows() {
            let name = flow.info.flow.to_string();
            let mut events = Vec::new();
            flow.replay(&ReplayConfig::default(), &mut |at, event| {
                events.push((name.clone(), at.as_nanos(), format!("{event:?}")));
            })
            .unwrap();
            let of_flow: Vec<_> = expected
                .iter()
                .filter(|event| event.0 == name && !event.2.starts_with("Recorded"))
                .cloned()
                .collect();
            assert!(of_flow.len() > 100);
            assert_eq!(events, of_flow, "{name}");
        }
    }
}

#[test]
fn one_flow_depends_on_nothing_of_another() {
    let (both, flows) = replay(Cursor::new(capture("s12-bidir")), ReplayConfig::default());
    assert_eq!(flows.len(), 2);
    assert!(both.windows(2).all(|pair| pair[0].1 <= pair[1].1), "events are in order of time");
    for flow in &flows {
        let flows = vec![flow.flow.parse().unwrap()];
        let config = surveying(SurveyConfig { flows, ..SurveyConfig::default() });
        let (alone, _) = replay(Cursor::new(capture("s12-bidir")), config);
        let of_both: Vec<_> = both.iter().filter(|event| event.0 == flow.flow).cloned().collect();
        assert_eq!(of_both, alone);
    }
}

/// Which streams are retransmissions, whose losses do not count, an SDP says sooner than their packets show.
fn without_conditions(events: Vec<(String, i64, String)>) -> Vec<(String, i64, String)> {
    let cut = |event: String| event.split(", Conditions").next().unwrap_or_default().to_owned();
    events.into_iter().map(|(flow, at, event)| (flow, at, cut(event))).collect()
}

fn sdp(name: &str) -> SessionDescription {
    let path = common::testdata("captures").join(format!("{name}.sdp"));
    SessionDescription::parse(&std::fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn sdp_and_inference_come_to_the_same() {
    let (inferred, _) = replay(Cursor::new(capture("s03-steps-audio")), ReplayConfig::default());
    for side in ["offer", "answer"] {
        let sdp = Some(sdp(&format!("s03-steps-audio.{side}")));
        let config = surveying(SurveyConfig { sdp, ..SurveyConfig::default() });
        let (told, flows) = replay(Cursor::new(capture("s03-steps-audio")), config);
        assert_eq!(without_conditions(told), without_conditions(inferred.clone()), "{side}");
        let kinds: Vec<_> =
            flows[0].streams.iter().map(|stream| (stream.kind, stream.fed_to_estimator)).collect();
        assert_eq!(kinds, [("audio", false), ("rtx", true), ("video", true)]);
    }
}

/// The queue grows from the first packet on: capture times run five times as fast as the sender's clocks.
#[test]
fn of_a_call_that_is_congested_from_its_first_packet_sdp_and_inference_say_the_same() {
    let (inferred, flows) = replay(Cursor::new(capture("u02-congested-start")), ReplayConfig::default());
    let sdp = Some(sdp("u02-congested-start.offer"));
    let (told, _) = replay(
        Cursor::new(capture("u02-congested-start")),
        surveying(SurveyConfig { sdp, ..SurveyConfig::default() }),
    );
    let (inferred, told) = (without_conditions(inferred), without_conditions(told));
    assert!(told.len() > 1000 && inferred == told, "{} and {} events", inferred.len(), told.len());
    let kinds = flows[0].streams.iter().map(|stream| (stream.kind, stream.packets_fed));
    assert_eq!(kinds.collect::<Vec<_>>(), [("audio", 0), ("rtx", 53), ("not audio", 1388)]);
}

#[test]
fn an_sdp_without_abs_send_time_leaves_rtp_timestamps() {
    let sdp = Some(sdp("s06-no-abs-send-time.offer"));
    let config = surveying(SurveyConfig { sdp, ..SurveyConfig::default() });
    let (_, flows) = replay(Cursor::new(capture("s02-fixed-1000k")), config);
    assert_eq!(flows[0].estimation.as_ref().unwrap().estimator, "rtp-timestamp");
}

#[test]
fn the_tag_of_an_encrypted_call_does_not_count_and_its_rtcp_is_unreadable() {
    let (_, flows) = replay(Cursor::new(capture("s07-encrypted")), ReplayConfig::default());
    let flow = &flows[0];
    assert_eq!((flow.srtp.encrypted, flow.srtp.tag_len), (Some(true), 10), "{}", flow.srtp.evidence);
    assert_eq!((flow.recorded.count, flow.recorded.rtcp_unreadable), (0, 406));
    let told = surveying(SurveyConfig { srtp_tag_len: Some(4), ..SurveyConfig::default() });
    let (_, with_4) = replay(Cursor::new(capture("s07-encrypted")), told);
    let bytes = |flow: &Flow| flow.streams.iter().map(|stream| stream.payload_bytes).sum::<u64>();
    let packets = flow.streams.iter().map(|stream| stream.packets).sum::<u64>();
    assert_eq!(bytes(&with_4[0]) - bytes(flow), 6 * packets);
}

#[test]
fn clear_calls_have_no_tag_and_their_rembs_are_read() {
    for (name, count, repeats) in [("s02-fixed-1000k", 415, 72), ("s14-reorder", 262, 229)] {
        let (_, flows) = replay(Cursor::new(capture(name)), ReplayConfig::default());
        let flow = &flows[0];
        assert_eq!((flow.srtp.encrypted, flow.srtp.tag_len), (Some(false), 0), "{name}");
        assert_eq!((flow.recorded.count, flow.recorded.repeats), (count, repeats), "{name}");
        assert_eq!((flow.rtt.source, flow.rtt.discarded), ("capture", 0), "{name}");
    }
}

#[test]
fn the_trendline_filter_takes_the_place_of_the_kalman_filter() {
    let mut config = ReplayConfig::default();
    config.parameters.estimator.controller.filter = DelayFilter::Trendline;
    let (events, flows) = replay(Cursor::new(capture("s03-steps-audio")), config);
    assert!(events.iter().all(|event| !event.2.contains("KalmanState")));
    let (lowest, highest) = (flows[0].estimation.as_ref().unwrap().last.estimate_bps.unwrap(), 3_000_000);
    assert!((200_000..highest).contains(&lowest), "{lowest}");
}

//! Calls made here, each for one thing that the recorded ones lack.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs::File;
use std::process::Command;

use remb_replay::capture::{Capture, CaptureReader, Frame, LinkType};
use remb_replay::decode::FiveTuple;
use remb_replay::decode::{Datagram, Decoder};
use remb_replay::model::StreamKind;
use remb_replay::remb::Remb;
use remb_replay::replay::{Event, Outcome, Replay, ReplayConfig, Sink, Taping};
use remb_replay::survey::{FlowInfo, SurveyConfig};
use remb_replay::units::{CaptureTime, Count, FrameNumber, Ssrc};

/// One packet of a stream with abs-send-time: raw IPv4, UDP, RTP; only headers are captured.
#[derive(Clone, Copy)]
struct Made {
    sent_ms: i64,
    port: u16,
    ssrc: u32,
    payload_type: u8,
    sequence_number: u16,
    clock_hz: i64,
    payload: usize,
}

const ON_THE_WAY_MS: i64 = 20;

impl Made {
    fn captured(&self) -> Vec<u8> {
        let mut rtp = vec![0x90, self.payload_type];
        rtp.extend(self.sequence_number.to_be_bytes());
        rtp.extend(((self.sent_ms * self.clock_hz / 1000) as u32).to_be_bytes());
        rtp.extend(self.ssrc.to_be_bytes());
        let [_, high, middle, low] = (((self.sent_ms << 18) / 1000) as u32).to_be_bytes();
        rtp.extend([0xbe, 0xde, 0, 1, 0x32, high, middle, low]);
        let udp_len = (8 + rtp.len() + self.payload) as u16;
        let mut ip = vec![0x45, 0];
        ip.extend((20 + udp_len).to_be_bytes());
        ip.extend([0, 0, 0x40, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]);
        ip.extend([self.port.to_be_bytes(), [0x17, 0x74]].concat());
        ip.extend(udp_len.to_be_bytes());
        ip.extend([0, 0]);
        ip.extend(rtp);
        ip
    }
}

/// A packet every `every_ms`, from one time to the other.
fn stream(first: Made, until_ms: i64, every_ms: usize) -> impl Iterator<Item = Made> {
    let times = (first.sent_ms..until_ms).step_by(every_ms);
    (0..).zip(times).map(move |(sequence_number, sent_ms)| Made { sequence_number, sent_ms, ..first })
}

const VIDEO: Made = Made {
    sent_ms: 0,
    port: 5004,
    ssrc: 0x1000,
    payload_type: 96,
    sequence_number: 0,
    clock_hz: 90_000,
    payload: 1000,
};
const AUDIO: Made = Made { ssrc: 0x2000, payload_type: 111, clock_hz: 48_000, payload: 100, ..VIDEO };

/// Keeps each event with its flow and time.
#[derive(Default)]
struct Events(Vec<(FiveTuple, i64, String)>);

impl Sink for Events {
    type Error = std::convert::Infallible;

    fn event(&mut self, flow: &FlowInfo, at: CaptureTime, event: &Event) -> Result<(), Self::Error> {
        self.0.push((flow.flow, at.as_nanos(), format!("{event:?}")));
        Ok(())
    }
}

/// Gives the packets as frames, in the order they have.
fn for_each_frame(packets: &[Made], mut handle: impl FnMut(&Frame<'_>)) {
    for (number, packet) in (1..).zip(packets) {
        let data = packet.captured();
        handle(&Frame {
            number: FrameNumber(number),
            at: CaptureTime::from_nanos(i128::from(packet.sent_ms + ON_THE_WAY_MS) * 1_000_000).unwrap(),
            nanoseconds: false,
            link_type: LinkType(101),
            data: &data,
            original_len: (data.len() + packet.payload) as u32,
            direction: None,
            log: None,
        });
    }
}

fn replayed(packets: &[Made]) -> (Events, Outcome) {
    surveyed(packets, SurveyConfig::default())
}

fn surveyed(packets: &[Made], survey: SurveyConfig) -> (Events, Outcome) {
    let config = ReplayConfig { survey, ..ReplayConfig::default() };
    let (mut replay, mut events) = (Replay::new(config).unwrap(), Events::default());
    for_each_frame(packets, |frame| {
        let Ok(()) = replay.handle_frame(frame, &mut events);
    });
    let Ok(()) = replay.finish(&mut events);
    (events, replay.outcome())
}

/// The same as a capture.
fn pcap(packets: &[Made]) -> Vec<u8> {
    let word = |word: usize| (word as u32).to_le_bytes();
    let header = [[0xd4, 0xc3, 0xb2, 0xa1], [2, 0, 4, 0], [0; 4], [0; 4], word(65_535), word(101)].concat();
    let records = packets.iter().map(|packet| {
        let (data, ms) = (packet.captured(), (packet.sent_ms + ON_THE_WAY_MS) as usize);
        let lengths = [word(data.len()), word(data.len() + packet.payload)];
        [&[word(ms / 1000), word(ms % 1000 * 1000), lengths[0], lengths[1]].concat()[..], &data].concat()
    });
    [header].into_iter().chain(records).collect::<Vec<_>>().concat()
}

/// The same as a pcapng of nanoseconds, whose interface begins so many seconds after 1970.
fn pcapng(packets: &[Made], offset_seconds: i64) -> Vec<u8> {
    let block = |kind: u32, mut body: Vec<u8>| {
        body.resize(body.len().next_multiple_of(4), 0);
        let len = (body.len() as u32 + 12).to_le_bytes();
        [&kind.to_le_bytes()[..], &len, &body, &len].concat()
    };
    let section = [&[0x4d, 0x3c, 0x2b, 0x1a, 1, 0, 0, 0][..], &[0xff; 8]].concat();
    let resolution = [9, 0, 1, 0, 9, 0, 0, 0];
    let offset = [&[14, 0, 8, 0][..], &offset_seconds.to_le_bytes()].concat();
    let interface = [&[101, 0, 0, 0, 0, 0, 0, 0][..], &resolution, &offset, &[0; 4]].concat();
    let frames = packets.iter().map(|packet| {
        let (data, nanos) = (packet.captured(), (packet.sent_ms + ON_THE_WAY_MS) as u64 * 1_000_000);
        let lengths = [data.len(), data.len() + packet.payload].map(|len| len as u32);
        let words = [0, (nanos >> 32) as u32, nanos as u32, lengths[0], lengths[1]];
        block(6, [&words.map(u32::to_le_bytes).concat()[..], &data].concat())
    });
    let head = [block(0x0a0d_0d0a, section), block(1, interface)];
    head.into_iter().chain(frames).collect::<Vec<_>>().concat()
}

/// How many frames a warning concerns, and the first.
fn warned(outcome: &Outcome, code: &str) -> Option<Count> {
    outcome.warnings.iter().find(|warning| warning.code() == code)?.count
}

/// What the library makes of the same as a file: how many REMBs, and what it came to.
fn whole(packets: &[Made]) -> (usize, Outcome) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("made.pcap");
    std::fs::write(&file, pcap(packets)).unwrap();
    let mut rembs = 0;
    let ready = remb_replay::replay(Capture::open(file).unwrap(), &ReplayConfig::default()).unwrap();
    let outcome = ready.rembs(|_, _, _| rembs += 1).unwrap();
    (rembs, outcome)
}

/// What the REMBs of a replay are, and when.
fn rembs((events, _): &(Events, Outcome)) -> Vec<(i64, String)> {
    let rembs = events.0.iter().filter(|(.., event)| event.starts_with("Remb"));
    rembs.map(|(_, at, event)| (*at, event.clone())).collect()
}

/// Audio of which one packet comes long before the others: by its header extension it is RTP, and no more can be said
/// of it when its time is up.
#[test]
fn audio_that_was_let_in_by_its_first_packet_is_found_out_and_a_second_reading_leaves_it_out() {
    let lone = Made { sent_ms: 4000, sequence_number: 65_535, ..AUDIO };
    let audio = stream(Made { sent_ms: 8000, ..AUDIO }, 30_000, 20);
    let mut packets: Vec<_> = stream(VIDEO, 30_000, 10).chain([lone]).chain(audio).collect();
    packets.sort_by_key(|packet| packet.sent_ms);
    let first = replayed(&packets);
    let audio = first.1.flows[0].streams.iter().find(|stream| stream.ssrc == Ssrc(0x2000)).unwrap();
    assert_eq!((audio.kind, audio.packets), (StreamKind::Audio, 1101));
    let fed = warned(&first.1, "W-LATE-AUDIO").unwrap();
    assert!(fed.first_frame == 402 && (1..300).contains(&fed.count), "{fed:?} packets of audio were fed");

    let learned = first.1.learned.clone();
    assert!(learned.is_some());
    let again = surveyed(&packets, SurveyConfig { learned, ..SurveyConfig::default() });
    let told =
        surveyed(&packets, SurveyConfig { exclude_ssrcs: vec![Ssrc(0x2000)], ..SurveyConfig::default() });
    assert_eq!((rembs(&again), again.1.learned.is_some()), (rembs(&told), false));
    assert_eq!(warned(&again.1, "W-LATE-AUDIO"), None);
    let whole = whole(&packets);
    let sent = rembs(&told).len();
    assert_eq!((whole.0, warned(&whole.1, "N-READ-TWICE")), (sent, Some(fed)), "and a file is, by itself");
    assert_eq!(warned(&whole.1, "W-LATE-AUDIO"), None);
    assert!(rembs(&first) != rembs(&told), "the packets that were fed matter");
}

/// A lone packet makes the flow wait, and audio begins just before its time is up: the audio waits for a time of its own.
#[test]
fn what_comes_just_before_another_streams_time_is_up_is_not_let_in_with_it() {
    let lone = Made { sent_ms: 5000, ssrc: 0x3000, payload_type: 97, ..VIDEO };
    let audio = stream(Made { sent_ms: 6990, ..AUDIO }, 30_000, 20);
    let mut packets: Vec<_> = stream(VIDEO, 30_000, 10).chain([lone]).chain(audio).collect();
    packets.sort_by_key(|packet| packet.sent_ms);
    let (_, outcome) = replayed(&packets);
    let audio = outcome.flows[0].streams.iter().find(|stream| stream.ssrc == Ssrc(0x2000)).unwrap();
    assert_eq!((audio.kind, audio.fed.count), (StreamKind::Audio, 0));
    assert_eq!(warned(&outcome, "W-LATE-AUDIO"), None);
}

/// As libwebrtc does: its setter refuses the list, and the message is sent all the same.
#[test]
fn rembs_for_more_ssrcs_than_they_can_list_are_sent_without_a_list_and_the_run_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("many.pcap");
    let of_ssrc = |ssrc: u32| stream(Made { sent_ms: i64::from(ssrc % 150), ssrc, ..VIDEO }, 10_000, 150);
    let mut packets: Vec<_> = (1..=300).flat_map(of_ssrc).collect();
    packets.sort_by_key(|packet| packet.sent_ms);
    std::fs::write(&file, pcap(&packets)).unwrap();
    let remb = folder.path().join("remb.pcap");
    let output = Command::new(env!("CARGO_BIN_EXE_remb-replay"))
        .args(["replay", file.to_str().unwrap(), "-w", remb.to_str().unwrap(), "--rtcp", "reduced"])
        .output()
        .unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{errors}");
    assert!(errors.contains("warning[W-REMB-SSRCS]: "), "{errors}");
    let mut rembs = CaptureReader::new(Box::new(File::open(remb).unwrap())).unwrap();
    let (mut decoder, mut ssrcs) = (Decoder::default(), Vec::new());
    while let Some(frame) = rembs.next_frame().unwrap() {
        let mut count =
            |datagram: &Datagram<'_>| ssrcs.push(Remb::parse(datagram.payload).unwrap().ssrcs.len());
        assert!(decoder.decode(&frame, &mut count).is_ok());
    }
    assert!(ssrcs.len() > 3 && ssrcs.iter().all(|count| *count == 0), "{ssrcs:?}");
}

/// A second flow takes time on to where the first one's timers run; then it steps back, and the first goes on.
#[test]
fn a_tape_gives_what_a_replay_gives_where_time_steps_back() {
    let other = Made { port: 5006, ssrc: 0x2000, ..VIDEO };
    let from = |sent_ms: i64, made: Made| Made { sent_ms, sequence_number: (sent_ms / 10) as u16, ..made };
    let turns = [(0, 10, VIDEO), (10, 14, other), (10, 17, VIDEO), (14, 30, other), (17, 25, VIDEO)];
    let packets: Vec<_> = turns
        .iter()
        .flat_map(|(begin, end, made)| (begin * 100..end * 100).map(|tick| from(tick * 10, *made)))
        .collect();
    let (expected, outcome) = replayed(&packets);
    assert_eq!(warned(&outcome, "W-TIME-STEPS-BACK").map(|steps| steps.count), Some(3));
    let mut taping = Taping::new(SurveyConfig::default());
    for_each_frame(&packets, |frame| taping.handle_frame(frame));
    let (tape, _) = taping.finish();
    assert_eq!(tape.flows().count(), 2);
    for taped in tape.flows() {
        let (mut events, flow) = (Vec::new(), taped.info.flow);
        taped
            .replay(&ReplayConfig::default(), &mut |at, event| {
                events.push((flow, at.as_nanos(), format!("{event:?}")));
            })
            .unwrap();
        let of_flow: Vec<_> = expected.0.iter().filter(|event| event.0 == flow).cloned().collect();
        assert!(events.len() > 1000, "{flow}");
        let first = events.iter().zip(&of_flow).find(|(one, other)| one != other);
        assert!(events == of_flow, "{flow}: {} and {}: {first:?}", events.len(), of_flow.len());
    }
}

/// Four packets that look like RTP take all the room there is; they were none, and a call has it from its first packet.
#[test]
fn what_was_no_rtp_makes_room_for_a_call_and_costs_it_no_packet() {
    let survey = SurveyConfig { max_ssrcs: 4, ..SurveyConfig::default() };
    for on_one_flow in [false, true] {
        let port = |n: u16| if on_one_flow { VIDEO.port } else { 7000 + n };
        let alike = (0..4).map(|n| Made { ssrc: 0x9000 + u32::from(n), port: port(n), ..VIDEO });
        let call = stream(Made { sent_ms: 5000, ..VIDEO }, 10_000, 20);
        let packets: Vec<_> = alike.chain(call).collect();
        let (_, outcome) = surveyed(&packets, survey.clone());
        assert_eq!(outcome.flows[0].packets_fed, 250, "{on_one_flow}");
        assert_eq!(warned(&outcome, "W-LIMIT-SSRCS"), None, "{on_one_flow}");
    }
}

/// Two calls, then both on a third flow, as on both sides of a relay.
#[test]
fn a_merged_flow_on_which_two_calls_meet_moves_once() {
    let other = Made { ssrc: 0x2000, port: 5006, ..VIDEO };
    let both = |port: u16, from_ms: i64| {
        let packets = [Made { port, ..VIDEO }, Made { port, ..other }].map(move |made| {
            let sequence_number = (from_ms / 20) as u16;
            stream(Made { sent_ms: from_ms, ..made }, from_ms + 5000, 20).map(move |packet| Made {
                sequence_number: packet.sequence_number + sequence_number,
                ..packet
            })
        });
        packets.into_iter().flatten()
    };
    let alone = stream(VIDEO, 5000, 20).chain(stream(other, 5000, 20));
    let mut packets: Vec<_> = alone.chain(both(5008, 5000)).collect();
    packets.sort_by_key(|packet| packet.sent_ms);
    let survey = SurveyConfig { merge_flows: true, ..SurveyConfig::default() };
    let (_, outcome) = surveyed(&packets, survey);
    let also_on: Vec<_> = outcome.flows.iter().map(|flow| flow.also_on.len()).collect();
    let fed: u64 = outcome.flows.iter().map(|flow| flow.packets_fed).sum();
    assert_eq!((also_on, fed), (vec![1, 0], 1000));
}

#[test]
fn what_is_asked_for_and_not_there_is_said() {
    let packets: Vec<_> = stream(VIDEO, 3000, 20).collect();
    let said = |survey: SurveyConfig| {
        let warnings = surveyed(&packets, survey).1.warnings.into_iter();
        warnings
            .filter(|warning| warning.code() == "W-UNMATCHED")
            .map(|warning| warning.message())
            .collect::<Vec<_>>()
    };
    let flow = |text: &str| text.parse::<FiveTuple>().unwrap();
    let (there, elsewhere) = ("10.0.0.1:5004-10.0.0.2:6004", "10.0.0.1:5004-10.0.0.2:6006");
    let right = SurveyConfig {
        flows: vec![flow(there)],
        ssrcs: vec![Ssrc(0x1000)],
        abs_send_time_id: Some(3),
        ..SurveyConfig::default()
    };
    assert_eq!(said(right.clone()), Vec::<String>::new());
    let mut wrong = right;
    wrong.flows.push(flow(elsewhere));
    wrong.ssrcs.push(Ssrc(0x1001));
    wrong.exclude_ssrcs.push(Ssrc(7));
    wrong.abs_send_time_id = Some(5);
    let expected = [
        "--flow 10.0.0.1:5004-10.0.0.2:6006: no such flow with RTP",
        "--ssrc 0x00001001: no such stream",
        "--exclude-ssrc 0x00000007: no such stream",
        "--abs-send-time-id 5: no packet has it",
    ];
    assert_eq!(said(wrong), expected);
}

/// Ten seconds of which the last five are after 1970.
#[test]
fn what_a_merged_capture_cannot_hold_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let [file, merged] = ["call.pcapng", "merged.pcapng"].map(|name| folder.path().join(name));
    let packets: Vec<_> = stream(VIDEO, 10_000, 20).collect();
    std::fs::write(&file, pcapng(&packets, -5)).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_remb-replay"))
        .args(["replay", file.to_str().unwrap(), "-q", "--merge", merged.to_str().unwrap()])
        .output()
        .unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{errors}");
    assert!(errors.contains("warning[W-PCAP-TIME]: 249 frames of before 1970"), "{errors}");
    assert!(errors.contains("REMBs have times that no pcap can hold"), "{errors}");
    let mut reader = CaptureReader::new(Box::new(File::open(merged).unwrap())).unwrap();
    let mut frames = 0;
    while let Some(frame) = reader.next_frame().unwrap() {
        assert!(frame.at.as_nanos() >= 0);
        frames += 1;
    }
    assert!((252..260).contains(&frames), "251 of the call, and some REMBs: {frames}");
}

/// Runs the program in a folder; what it printed, and its exit code.
fn program(folder: &std::path::Path, words: &str, input: Option<&str>) -> (String, String, Option<i32>) {
    let input =
        input.map_or_else(std::process::Stdio::null, |name| File::open(folder.join(name)).unwrap().into());
    let output = Command::new(env!("CARGO_BIN_EXE_remb-replay"))
        .args(words.split(' '))
        .current_dir(folder)
        .stdin(input)
        .output()
        .unwrap();
    let [out, err] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
    (out, err, output.status.code())
}

#[test]
fn a_file_is_read_again_told_what_was_learned_late_by_every_command_and_standard_input_is_warned() {
    let folder = tempfile::tempdir().unwrap();
    let run = |words: &str, input: Option<&str>| program(folder.path(), words, input);
    let lone = Made { sent_ms: 4000, sequence_number: 65_535, ..AUDIO };
    let audio = stream(Made { sent_ms: 8000, ..AUDIO }, 30_000, 20);
    let mut packets: Vec<_> = stream(VIDEO, 30_000, 10).chain([lone]).chain(audio).collect();
    packets.sort_by_key(|packet| packet.sent_ms);
    std::fs::write(folder.path().join("call.pcap"), pcap(&packets)).unwrap();

    let (told, ..) = run("replay call.pcap -q --rtt 50ms --exclude-ssrc 0x2000 --remb-csv -", None);
    let (again, errors, code) = run("replay call.pcap -v --rtt 50ms --remb-csv -", None);
    assert_eq!((&again, code), (&told, Some(0)));
    assert!(errors.contains("note[N-READ-TWICE]") && !errors.contains("W-LATE-AUDIO"), "{errors}");
    assert_eq!(run("replay call.pcap --rtt 50ms --strict", None).2, Some(0), "a note is no warning");

    let (once, errors, _) = run("replay - --rtt 50ms --remb-csv -", Some("call.pcap"));
    assert!(once != told && !errors.contains("N-READ-TWICE"), "{errors}");
    assert!(
        errors.contains("warning[W-LATE-AUDIO]") && errors.contains("--exclude-ssrc 0x00002000"),
        "{errors}"
    );
    assert_eq!(run("replay - --rtt 50ms --strict", Some("call.pcap")).2, Some(5));

    std::fs::write(folder.path().join("told.csv"), told).unwrap();
    let compared = run(
        "compare call.pcap -v --rtt 50ms --scheduler periodic --recorded told.csv --max-median 0% --phases 1",
        None,
    );
    assert!(compared.1.contains("N-READ-TWICE") && compared.2 == Some(0), "{compared:?}");
    let swept = run(
        "sweep call.pcap -v -L rate_control.backoff_factor=0.85,0.9 --rtt 50ms --reference told.csv",
        None,
    );
    assert!(swept.1.contains("N-READ-TWICE") && swept.2 == Some(0), "{swept:?}");
    let (inspected, ..) = run("inspect call.pcap", None);
    assert!(inspected.contains("N-READ-TWICE") && inspected.contains("1101 audio"), "{inspected}");
    std::fs::write(
        folder.path().join("case.toml"),
        "input = \"call.pcap\"\nargs = [\"--rtt\", \"50ms\"]\ngolden = \"told.csv\"\n",
    )
    .unwrap();
    assert_eq!(run("check case.toml", None).2, Some(0), "{:?}", run("check case.toml", None));
}

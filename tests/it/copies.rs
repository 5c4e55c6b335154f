//! Calls of which each packet is captured more than once, and others whose clocks are odd.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use remb_replay::capture::{Frame, LinkType};
use remb_replay::model::Warning;
use remb_replay::replay::{Event, Outcome, Replay, ReplayConfig, Sink};
use remb_replay::survey::{CopyPolicy, FlowInfo, SurveyConfig};
use remb_replay::units::{CaptureTime, FrameNumber};

/// A packet of raw IPv4, UDP and RTP with abs-send-time; only headers are captured. Times are microseconds.
#[derive(Clone, Copy)]
struct Packet {
    at: i64,
    sent: i64,
    media: i64,
    sequence_number: u16,
    ssrc: u32,
    payload_type: u8,
    payload: usize,
    source: [u8; 6],
    destination: [u8; 6],
}

const SENDER: [u8; 6] = [10, 0, 0, 1, 0x13, 0x8c];
const RECEIVER: [u8; 6] = [10, 0, 0, 2, 0x17, 0x74];
const BEHIND_NAT: [u8; 6] = [172, 17, 0, 2, 0x17, 0x74];
const EPOCH: i64 = 1_700_000_000_000_000;

impl Packet {
    fn captured(&self) -> Vec<u8> {
        let [_, high, middle, low] = ((((self.sent % 64_000_000) << 18) / 1_000_000) as u32).to_be_bytes();
        let rtp = [
            &[0x90, self.payload_type][..],
            &self.sequence_number.to_be_bytes(),
            &((self.media * 9 / 100) as u32).to_be_bytes(),
            &self.ssrc.to_be_bytes(),
            &[0xbe, 0xde, 0, 1, 0x32, high, middle, low],
        ]
        .concat();
        let udp_len = (8 + rtp.len() + self.payload) as u16;
        let (from, to) = (self.source, self.destination);
        [
            &[0x45, 0][..],
            &(20 + udp_len).to_be_bytes(),
            &[0, 0, 0x40, 0, 64, 17, 0, 0],
            &from[..4],
            &to[..4],
            &from[4..],
            &to[4..],
            &udp_len.to_be_bytes(),
            &[0, 0],
            &rtp,
        ]
        .concat()
    }
}

/// Thirty frames of four packets a second, so long, through a link on which a queue builds up to some 400 ms and drains;
/// as its receiver captures them.
fn call(seconds: i64) -> Vec<Packet> {
    let (mut free_at, mut packets) = (0, Vec::new());
    for frame in 0..seconds * 30 {
        let (media, busy) = (frame * 33_333, frame / 60 % 3 == 1);
        for place in 0..4 {
            let sent = media + place * 701 + frame * 7919 % 631;
            let payload = if busy { 1200 } else { 700 } + (frame * 13 % 50) as usize;
            free_at = free_at.max(sent) + payload as i64 * 8;
            let (at, sequence_number) =
                (free_at + 20_000 + frame * 104_729 % 997, (frame * 4 + place) as u16);
            let (source, destination) = (SENDER, RECEIVER);
            packets.push(Packet {
                at,
                sent,
                media,
                sequence_number,
                ssrc: 0x1000,
                payload_type: 96,
                payload,
                source,
                destination,
            });
        }
    }
    in_order(packets)
}

fn in_order(mut packets: Vec<Packet>) -> Vec<Packet> {
    packets.sort_by_key(|packet| packet.at);
    packets
}

/// As they are, and each again with what `change` makes of it.
fn and_again(packets: &[Packet], change: impl Fn(Packet) -> Packet) -> Vec<Packet> {
    in_order(packets.iter().flat_map(|packet| [*packet, change(*packet)]).collect())
}

fn later(micros: i64) -> impl Fn(Packet) -> Packet {
    move |packet| Packet { at: packet.at + micros, ..packet }
}

/// As the sender's host captures them.
fn where_they_are_sent(packets: &[Packet]) -> Vec<Packet> {
    in_order(packets.iter().map(|packet| Packet { at: packet.sent, ..*packet }).collect())
}

#[derive(Default)]
struct Events(Vec<(String, i64, String)>);

impl Sink for Events {
    type Error = std::convert::Infallible;

    fn event(&mut self, flow: &FlowInfo, at: CaptureTime, event: &Event) -> Result<(), Self::Error> {
        self.0.push((flow.flow.to_string(), at.as_nanos(), format!("{event:?}")));
        Ok(())
    }
}

fn surveyed(packets: &[Packet], survey: SurveyConfig) -> (Events, Outcome) {
    let config = ReplayConfig { survey, ..ReplayConfig::default() };
    let (mut replay, mut events) = (Replay::new(config).unwrap(), Events::default());
    for (number, packet) in (1..).zip(packets) {
        let data = packet.captured();
        let Ok(()) = replay.handle_frame(
            &Frame {
                number: FrameNumber(number),
                at: CaptureTime::from_nanos(i128::from(EPOCH + packet.at) * 1000).unwrap(),
                nanoseconds: false,
                link_type: LinkType(101),
                data: &data,
                original_len: (data.len() + packet.payload) as u32,
                direction: None,
                log: None,
            },
            &mut events,
        );
    }
    let Ok(()) = replay.finish(&mut events);
    (events, replay.outcome())
}

fn with(packets: &[Packet], copies: CopyPolicy) -> (Events, Outcome) {
    surveyed(packets, SurveyConfig { copies, ..SurveyConfig::default() })
}

fn merged(packets: &[Packet], copies: CopyPolicy) -> (Events, Outcome) {
    surveyed(packets, SurveyConfig { copies, merge_flows: true, ..SurveyConfig::default() })
}

fn warned(outcome: &Outcome, code: &str) -> Option<String> {
    outcome.warnings.iter().find(|warning| warning.code() == code).map(Warning::message)
}

/// What is estimated is the same, up to the end of the call without copies.
#[track_caller]
fn assert_alike((events, outcome): &(Events, Outcome), (expected, of_expected): &(Events, Outcome)) {
    let end = expected.0.iter().map(|event| event.1).max().unwrap();
    let until: Vec<_> = events.0.iter().filter(|event| event.1 <= end).collect();
    assert!(expected.0.len() > 200, "{}", expected.0.len());
    let first = until.iter().zip(&expected.0).find(|(event, expected)| **event != *expected);
    assert!(first.is_none() && until.len() == expected.0.len(), "{}: {first:?}", until.len());
    let fed = |outcome: &Outcome| outcome.flows[0].packets_fed;
    assert_eq!(fed(outcome), fed(of_expected));
    let lost = |outcome: &Outcome| outcome.flows[0].streams[0].lost;
    assert_eq!(lost(outcome), lost(of_expected));
}

#[test]
fn copies_of_one_host_count_once_however_they_came_about() {
    let call = call(12);
    let once = with(&call, CopyPolicy::First);
    assert_eq!(warned(&once.1, "W-DUPLICATES"), None);
    for (micros, apart) in [(0, "0.000 ms"), (60, "0.060 ms"), (1500, "1.500 ms"), (20_500, "20.500 ms")] {
        let twice = with(&and_again(&call, later(micros)), CopyPolicy::First);
        assert_alike(&twice, &once);
        let said = warned(&twice.1, "W-DUPLICATES").unwrap();
        let expected =
            format!("50.00 % of the RTP packets are copies, {apart} apart: the first of each counts");
        assert_eq!(said, expected);
        let stream = &twice.1.flows[0].streams[0];
        assert_eq!((stream.packets, stream.duplicates, stream.reordered), (2880, 1440, 0));
    }
    let kept = with(&and_again(&call, later(1500)), CopyPolicy::Keep);
    assert_eq!(kept.1.flows[0].packets_fed, 2880);
    assert!(warned(&kept.1, "W-DUPLICATES").unwrap().ends_with("each counts, for --copies keep"));
}

#[test]
fn five_components_that_see_each_packet_are_one_capture() {
    let call = call(12);
    let five = in_order((0..5).flat_map(|n| call.iter().copied().map(later(n * 17))).collect());
    let seen = with(&five, CopyPolicy::First);
    assert_alike(&seen, &with(&call, CopyPolicy::First));
    assert!(warned(&seen.1, "W-DUPLICATES").unwrap().starts_with("80.00 %"));
    let kind = |outcome: &Outcome| outcome.flows[0].streams[0].kind;
    assert_eq!(kind(&seen.1), kind(&with(&call, CopyPolicy::First).1));
}

#[test]
fn the_captures_of_both_ends_in_one_are_told_and_the_last_copies_are_those_that_arrived() {
    let call = call(12);
    let both = and_again(&call, |packet| Packet { at: packet.sent, ..packet });
    let queue = call.iter().map(|packet| packet.at - packet.sent).max().unwrap();
    assert!((300_000..900_000).contains(&queue), "the fixture's queue: {queue}");
    let last = with(&both, CopyPolicy::Last);
    assert_alike(&last, &with(&call, CopyPolicy::First));
    assert!(warned(&last.1, "W-DUPLICATES").unwrap().ends_with("the last of each counts"));
    assert_eq!(last.1.flows[0].streams[0].duplicates, 1440);
    let first = with(&both, CopyPolicy::First);
    assert_alike(&first, &with(&where_they_are_sent(&call), CopyPolicy::First));
    let said = warned(&first.1, "W-DUPLICATES").unwrap();
    assert!(said.contains("of two places in the network") && said.contains("--copies last"), "{said}");
}

#[test]
fn the_last_copy_is_the_only_one_of_a_packet_that_was_lost_on_the_way() {
    let call = call(12);
    let is_lost = |packet: &Packet| packet.sequence_number % 50 == 7;
    let arrived = call.iter().copied().filter(|packet| !is_lost(packet));
    let both = in_order(arrived.chain(where_they_are_sent(&call)).collect());
    let (_, outcome) = with(&both, CopyPolicy::Last);
    assert_eq!((outcome.flows[0].packets_fed, outcome.flows[0].streams[0].lost), (1440, 0));
}

#[test]
fn a_packet_that_is_sent_again_is_no_copy() {
    let call = call(12);
    let again = and_again(&call, |packet| {
        let wait = 40_000;
        Packet { at: packet.at + wait, sent: packet.sent + wait, ..packet }
    });
    let (_, outcome) = with(&again, CopyPolicy::First);
    assert_eq!((outcome.flows[0].packets_fed, warned(&outcome, "W-DUPLICATES")), (2880, None));
}

#[test]
fn both_sides_of_a_nat_are_named_and_merging_them_counts_each_packet_once() {
    let call = call(12);
    let inside = |packet| Packet { destination: BEHIND_NAT, ..later(60)(packet) };
    let both = and_again(&call, inside);
    let apart = with(&both, CopyPolicy::First);
    assert_eq!(apart.1.flows.len(), 2);
    let said = warned(&apart.1, "W-PATH-CHANGE").unwrap();
    assert!(said.contains("both sides of a relay") && !said.contains("--merge-flows"), "{said}");
    let once = with(&call, CopyPolicy::First);
    for copies in [CopyPolicy::First, CopyPolicy::Keep] {
        assert_alike(&merged(&both, copies), &once);
    }
    assert_eq!(merged(&both, CopyPolicy::Last).1.flows[0].packets_fed, 1440);
}

#[test]
fn a_path_that_changed_and_an_echo_are_told_apart() {
    let call = call(12);
    let moved: Vec<_> = call
        .iter()
        .map(|packet| match packet.at {
            ..6_000_000 => *packet,
            _ => Packet { destination: BEHIND_NAT, ..*packet },
        })
        .collect();
    let said = warned(&with(&moved, CopyPolicy::First).1, "W-PATH-CHANGE").unwrap();
    assert!(said.contains("a path that changed; --merge-flows"), "{said}");
    let back = |packet: Packet| Packet { source: RECEIVER, destination: SENDER, ..later(300)(packet) };
    let said = warned(&with(&and_again(&call, back), CopyPolicy::First).1, "W-PATH-CHANGE").unwrap();
    assert!(said.contains("an echo") && !said.contains("--merge-flows"), "{said}");
    let other = |packet: Packet| {
        let number = packet.sequence_number.wrapping_add(30_000);
        Packet { destination: BEHIND_NAT, sequence_number: number, ..packet }
    };
    let said = warned(&with(&and_again(&call, other), CopyPolicy::First).1, "W-PATH-CHANGE").unwrap();
    assert!(said.contains("other packets on each") && !said.contains("--merge-flows"), "{said}");
}

#[test]
fn a_coarse_clock_is_named_and_too_coarse_a_one_is_not_fit() {
    let cut = |grain: i64| -> Vec<_> {
        call(12).into_iter().map(|packet| Packet { at: (packet.at / grain) * grain, ..packet }).collect()
    };
    for (micros, grain, is_fit) in
        [(2000, "2 ms", true), (10_000, "10 ms", false), (15_625, "15.625 ms", false)]
    {
        let (_, outcome) = with(&cut(micros), CopyPolicy::First);
        let said = warned(&outcome, "W-COARSE-CLOCK").unwrap();
        assert!(said.contains(&format!("a grain of {grain}:")), "{said}");
        assert_eq!(outcome.flows[0].verdict.is_fit(), is_fit, "{grain}");
        assert_eq!(outcome.frames.clock_grain_s.unwrap().0, micros * 1000);
    }
    let (_, outcome) = with(&cut(1000), CopyPolicy::First);
    assert!(warned(&outcome, "N-CLOCK-GRAIN").is_some() && warned(&outcome, "W-COARSE-CLOCK").is_none());
    assert_eq!(with(&call(12), CopyPolicy::First).1.frames.clock_grain_s, None);
}

#[test]
fn a_clock_that_is_set_in_a_short_call_is_a_step_and_no_drift() {
    for micros in [200_000, 3_000_000, -3_000_000] {
        let set = |packet: Packet| {
            let by = if packet.sent >= 10_000_000 { micros } else { 0 };
            Packet { at: packet.sent + 20_000 + packet.sent % 1009 + by, ..packet }
        };
        let packets: Vec<_> = call(20).into_iter().map(set).collect();
        let (_, outcome) = with(&packets, CopyPolicy::First);
        let said = warned(&outcome, "W-CLOCK-STEP").unwrap();
        assert!(said.contains(&format!("step by {} ms", micros / 1000)), "{said}");
        for code in ["W-CLOCK-DRIFT", "W-CLOCK-RATE"] {
            assert_eq!(warned(&outcome, code), None, "{micros}");
        }
    }
    let (_, queued) = with(&call(20), CopyPolicy::First);
    for code in ["W-CLOCK-STEP", "W-CLOCK-DRIFT", "W-CLOCK-RATE"] {
        assert_eq!(warned(&queued, code), None);
    }
}

#[test]
fn the_send_times_of_two_senders_on_one_flow_are_told() {
    let beside = |offset: i64, ppm: i64| {
        let sent = move |sent: i64| sent + offset + sent * ppm / 1_000_000;
        let other = move |packet: Packet| Packet { ssrc: 0x2000, sent: sent(packet.sent), ..packet };
        with(&and_again(&call(40), other), CopyPolicy::First).1
    };
    assert_eq!(warned(&beside(0, 0), "W-SENDER-CLOCKS"), None);
    let said = warned(&beside(5_000_000, 0), "W-SENDER-CLOCKS").unwrap();
    assert!(said.contains("0x00001000 and 0x00002000 are 5.000 s apart"), "{said}");
    let said = warned(&beside(300_000, 600), "W-SENDER-CLOCKS").unwrap();
    assert!(said.contains("run apart by 60"), "{said}");
}

#[test]
fn what_is_no_rtp_has_no_copies() {
    let other = |number: i64| Packet {
        at: number * 1000,
        ssrc: number as u32 % 7 * 0x0101_0101,
        sequence_number: (number * 7919) as u16,
        ..call(1)[0]
    };
    let packets: Vec<_> = (0..200).map(other).collect();
    let (_, outcome) = with(&and_again(&packets, later(900)), CopyPolicy::First);
    assert_eq!((outcome.flows.len(), warned(&outcome, "W-DUPLICATES")), (0, None));
}

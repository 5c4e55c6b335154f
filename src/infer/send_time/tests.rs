use super::*;
use crate::infer::evidence::RunsWith;
use crate::rtp::test_packet::TestPacket;

const AUDIO: Ssrc = Ssrc(1);
const VIDEO: Ssrc = Ssrc(2);
const ID: u8 = 3;

fn clock_of(ssrc: Ssrc, _: PayloadType) -> StreamClock {
    let kind = if ssrc == AUDIO { MediaKind::Audio } else { MediaKind::NotAudio };
    StreamClock { kind: Some(kind), may_be_video: false, audio_hz: [48_000, 16_000, 8_000, 0] }
}

/// A flow whose packets have elements made of their time in microseconds and their place.
#[derive(Default)]
struct Flow {
    finder: SendTimeFinder,
    packets: u32,
    seq: [u16; 8],
}

fn three(value: i64) -> Vec<u8> {
    value.to_be_bytes()[5..].to_vec()
}

/// An abs-send-time, near its wrap.
fn send_time(micros: i64) -> Vec<u8> {
    three((63_950_000 + micros) * 262_144 / 1_000_000)
}

impl Flow {
    fn packet(&mut self, ssrc: Ssrc, timestamp: i64, micros: i64, elements: Vec<(u8, Vec<u8>)>) {
        let seq = &mut self.seq[ssrc.0 as usize % 8];
        *seq = seq.wrapping_add(1);
        self.packets += 1;
        let (seq, timestamp) = (*seq, timestamp as u32);
        let bytes = TestPacket { ssrc: ssrc.0, seq, timestamp, elements, ..TestPacket::default() }.bytes();
        // What a queue does to the capture's clock is nothing to the finder.
        let at = CaptureTime::from_nanos(i128::from(micros) * 3_000).unwrap();
        self.finder.observe(&RtpPacket::parse(&bytes, bytes.len()).unwrap(), at);
    }

    /// 20 ms of Opus a packet.
    fn audio(&mut self, packets: std::ops::Range<i64>, element: impl Fn(i64, u32) -> Vec<u8>) {
        for n in packets {
            let micros = n * 20_000 + n * 7_919 % 3_000;
            let value = element(micros, self.packets);
            self.packet(AUDIO, n * 960, micros, vec![(ID, value)]);
        }
    }

    /// Frames at 30 a second of three packets, the first of which is a key frame of 24, paced 3 ms apart.
    fn video(&mut self, frames: std::ops::Range<i64>, element: impl Fn(i64, i64, u32) -> Vec<u8>) {
        let mut free_at = 0;
        for frame in frames {
            for _ in 0..if frame == 0 { 24 } else { 3 } {
                free_at = (frame * 33_333 + frame * 7_919 % 2_000).max(free_at + 3_000);
                let value = element(free_at, frame, self.packets);
                self.packet(VIDEO, frame * 3_000, free_at, vec![(ID, value)]);
            }
        }
    }

    fn found(&self) -> Option<u8> {
        self.finder.found(clock_of).map(|found| found.id)
    }

    fn guess(&self) -> Option<u8> {
        self.finder.guess(None, clock_of).map(|found| found.id)
    }
}

#[test]
fn five_packets_of_audio_prove_it_over_its_wrap() {
    let mut flow = Flow::default();
    flow.audio(0..4, |micros, _| send_time(micros));
    assert_eq!(flow.found(), None);
    flow.audio(4..6, |micros, _| send_time(micros));
    let found = flow.finder.found(clock_of).unwrap();
    assert_eq!(found.id, ID);
    assert!(
        matches!(
            found.evidence,
            IdEvidence::Clock { runs_with: Some(RunsWith::Timestamps { hz: 48_000, .. }), .. }
        ),
        "{found:?}"
    );
}

#[test]
fn frames_of_video_prove_it_by_their_median_though_a_key_frame_is_paced() {
    let mut flow = Flow::default();
    flow.video(0..5, |micros, _, _| send_time(micros));
    assert_eq!(flow.found(), None);
    flow.video(5..9, |micros, _, _| send_time(micros));
    let found = flow.finder.found(clock_of).unwrap();
    assert!(
        matches!(found.evidence, IdEvidence::Clock { runs_with: Some(RunsWith::Frames { .. }), .. }),
        "{found:?}"
    );
}

#[test]
fn what_counts_or_runs_otherwise_is_never_taken_nor_guessed() {
    type Element = fn(i64, i64, u32) -> Vec<u8>;
    let others: [(&str, Element); 9] = [
        ("1,000 a packet", |_, _, packets| three(i64::from(packets) * 1_000)),
        ("milliseconds", |micros, _, _| three(micros / 1_000)),
        ("90 kHz", |micros, _, _| three(micros * 9 / 100)),
        ("48 kHz", |micros, _, _| three(micros * 48 / 1_000)),
        ("microseconds", |micros, _, _| three(micros)),
        ("random", |_, _, packets| three(i64::from(packets.wrapping_mul(2_654_435_761)) >> 3)),
        ("constant", |_, _, _| vec![1, 2, 3]),
        ("frame counter", |_, frame, _| three(frame)),
        ("dependency descriptor", |_, frame, packets| three((i64::from(packets % 3) << 22) | frame)),
    ];
    for (name, element) in others {
        let mut flow = Flow::default();
        flow.audio(0..30, |micros, packets| element(micros, micros / 20_000, packets));
        flow.video(0..30, element);
        assert_eq!((flow.found(), flow.guess()), (None, None), "{name}");
        assert!(!flow.finder.may_yet_be_found(clock_of), "{name}");
        let mut flow = Flow::default();
        flow.video(0..60, element);
        assert_eq!((flow.found(), flow.guess()), (None, None), "{name} on video alone");
    }
}

#[test]
fn milliseconds_of_256_units_each_want_a_second_of_audio_and_are_off_by_then() {
    let coarse = |micros: i64| three(micros / 1_000 * 256);
    let mut flow = Flow::default();
    flow.audio(0..30, |micros, _| coarse(micros));
    assert_eq!((flow.found(), flow.guess()), (None, Some(ID)), "it may be a clock that ticks so");
    flow.audio(30..250, |micros, _| coarse(micros));
    assert_eq!((flow.found(), flow.guess()), (None, None));
    let mut flow = Flow::default();
    flow.video(0..40, |micros, _, _| coarse(micros));
    assert_eq!(flow.found(), None, "video cannot tell it");
    // A clock that ticks 64 times a second.
    let mut flow = Flow::default();
    flow.audio(0..80, |micros, _| three(micros * 64 / 1_000_000 * 4_096));
    assert_eq!(flow.found(), Some(ID));
}

#[test]
fn another_clock_of_audio_than_the_usual_needs_a_second() {
    // The timestamps count at 16 kHz.
    let mut flow = Flow::default();
    flow.audio(0..12, |micros, _| send_time(micros * 3));
    assert_eq!(flow.found(), None);
    assert!(!flow.finder.rules_out(ID, clock_of), "it may be so");
    flow.audio(12..24, |micros, _| send_time(micros * 3));
    assert_eq!(flow.found(), Some(ID));
}

#[test]
fn another_clock_of_audio_is_none_where_far_more_time_went_by_in_the_capture() {
    let clock = |_, _| StreamClock {
        kind: Some(MediaKind::Audio),
        audio_hz: [48_000, 144_000, 0, 0],
        ..StreamClock::default()
    };
    let mut flow = Flow::default();
    flow.audio(0..200, |micros, _| send_time(micros / 3));
    assert_eq!(flow.finder.found(clock), None);
}

#[test]
fn what_steps_back_with_the_sequence_number_is_out() {
    let mut flow = Flow::default();
    flow.audio(0..10, |micros, _| send_time(micros));
    assert_eq!(flow.found(), Some(ID));
    flow.audio(10..12, |micros, _| send_time(micros - 400_000));
    assert!(flow.finder.rules_out(ID, clock_of));
    assert_eq!(flow.found(), None);
}

#[test]
fn the_clocks_of_two_senders_are_both_right() {
    let mut flow = Flow::default();
    for n in 0..20 {
        let micros = n * 20_000;
        flow.packet(AUDIO, n * 960, micros, vec![(ID, send_time(micros))]);
        flow.packet(Ssrc(9), n * 960, micros, vec![(ID, send_time(micros + 20_000_000))]);
    }
    let both = |_, payload_type| clock_of(AUDIO, payload_type);
    assert_eq!(flow.finder.found(both).map(|found| found.id), Some(ID));
}

#[test]
fn values_of_another_moment_on_each_stream_are_out_where_nothing_proves_them() {
    let mut flow = Flow::default();
    for n in 0..20 {
        flow.packet(VIDEO, 0, n * 1_000, vec![(ID, send_time(n * 1_000))]);
        flow.packet(Ssrc(4), 0, n * 1_000, vec![(ID, send_time(20_000_000 + n * 1_000))]);
    }
    assert!(flow.finder.rules_out(ID, clock_of));
}

#[test]
fn the_guess_is_the_element_on_the_most_streams_and_none_that_is_something_else() {
    let mut flow = Flow::default();
    for n in 0..6 {
        let micros = n * 2_000;
        let both = vec![(ID, send_time(micros)), (5, send_time(micros + 900_000))];
        flow.packet(VIDEO, 0, micros, both);
        flow.packet(Ssrc(4), 0, micros, vec![(ID, send_time(micros))]);
    }
    assert_eq!((flow.found(), flow.guess()), (None, Some(ID)));
    assert_eq!(flow.finder.guess(Some(ID), clock_of).map(|found| found.id), Some(5));
    assert_eq!(flow.finder.open(Some(ID), clock_of).map(|found| found.id), Some(5));
}

#[test]
fn what_begins_every_frame_near_zero_is_no_guess() {
    let mut flow = Flow::default();
    (0..12).for_each(|n| flow.packet(VIDEO, 0, n * 2_000, vec![(ID, three(90 + n * 180))]));
    assert_eq!(flow.guess(), None, "it is a transmission time offset");
}

#[test]
fn a_burst_whose_packets_are_a_few_units_apart_is_no_frame_counter() {
    let mut flow = Flow::default();
    (0..60).for_each(|n| flow.packet(VIDEO, 0, n * 15, vec![(ID, send_time(n * 15))]));
    assert!(!flow.finder.rules_out(ID, clock_of));
}

#[test]
fn a_key_frame_that_takes_many_frames_time_does_not_rule_it_out() {
    let mut flow = Flow::default();
    // At 2 frames a second: each key frame takes two seconds, which the frames behind it catch up with.
    let mut free_at = 0;
    for frame in 0..20_i64 {
        free_at = (frame * 500_000).max(free_at + if frame % 6 == 0 { 10_000 } else { 150_000 });
        flow.packet(VIDEO, frame * 45_000, free_at, vec![(ID, send_time(free_at))]);
        free_at += if frame % 6 == 0 { 2_000_000 } else { 0 };
    }
    assert!(!flow.finder.rules_out(ID, clock_of));
}

#[test]
fn another_payload_type_has_another_clock() {
    let mut flow = Flow::default();
    let mut send = |n: i64, payload_type: u8, timestamp: i64| {
        let elements = vec![(ID, send_time(n * 20_000))];
        let (seq, timestamp) = (n as u16, timestamp as u32);
        let bytes = TestPacket { payload_type, seq, timestamp, elements, ..TestPacket::default() }.bytes();
        let at = CaptureTime::from_nanos(i128::from(n) * 20_000_000).unwrap();
        flow.finder.observe(&RtpPacket::parse(&bytes, bytes.len()).unwrap(), at);
    };
    (0..40).for_each(|n| send(n, 8, n * 160));
    (40..80).for_each(|n| send(n, 111, 6_400 + (n - 40) * 960));
    let clock = |_, payload_type: PayloadType| {
        let hz = if payload_type == PayloadType(8) { 8_000 } else { 48_000 };
        StreamClock { audio_hz: [hz, 0, 0, 0], ..clock_of(AUDIO, payload_type) }
    };
    assert_eq!(flow.finder.found(clock).map(|found| found.id), Some(ID));
    let (nanos, ticks) = flow.finder.speed(ID, AUDIO, PayloadType(111)).unwrap();
    assert_eq!((nanos / 1_000_000, ticks), (779, 39 * 960));
}

#[test]
fn retransmissions_prove_nothing_and_what_most_streams_say_holds() {
    let rtx = |_, _| StreamClock { kind: Some(MediaKind::Rtx { of: AUDIO }), ..StreamClock::default() };
    let mut flow = Flow::default();
    flow.video(0..20, |micros, _, _| send_time(micros));
    assert_eq!(flow.found(), Some(ID));
    assert_eq!(flow.finder.found(rtx), None);
    // A stream at another speed, of fewer packets, and then of more.
    for (frames, found) in [(20, Some(ID)), (200, None)] {
        for n in 0..frames {
            flow.packet(Ssrc(7), n * 30_000, 900_000 + n * 33_333, vec![(ID, send_time(n * 33_333))]);
        }
        assert_eq!(flow.found(), found, "{frames}");
    }
}

#[test]
fn more_time_than_the_capture_took_cannot_have_gone_by() {
    let mut flow = Flow::default();
    // The capture's clock runs thrice as fast here.
    (0..400).for_each(|n| flow.packet(VIDEO, 0, n * 20_000, vec![(ID, send_time(n * 80_000))]));
    assert!(flow.finder.rules_out(ID, clock_of));
}

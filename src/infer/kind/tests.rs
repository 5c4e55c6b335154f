use super::*;
use crate::infer::PlaceAmong;
use crate::rtp::test_packet::TestPacket;

const OTHER: Ssrc = Ssrc(77);

/// A stream and its next sequence number.
#[derive(Default)]
struct Sent {
    finder: KindFinder,
    seq: u16,
}

impl Sent {
    fn packet(&mut self, packet: TestPacket) -> &mut Self {
        self.seq = self.seq.wrapping_add(1);
        let bytes = TestPacket { seq: self.seq, ..packet }.bytes();
        self.finder.observe(&RtpPacket::parse(&bytes, bytes.len()).unwrap());
        self
    }

    fn at(&mut self, timestamp: u32, marker: bool) -> &mut Self {
        self.packet(TestPacket { timestamp, marker, ..TestPacket::default() })
    }

    fn of_type(&mut self, payload_type: u8, timestamp: u32, marker: bool) -> &mut Self {
        self.packet(TestPacket { payload_type, timestamp, marker, ..TestPacket::default() })
    }

    /// A packet whose timestamp is near to the other stream's.
    fn beside(&mut self, timestamp: u32, place: PlaceAmong, marker: bool) -> &mut Self {
        self.finder.note_neighbour(Neighbour { of: OTHER, place, is_padding: false });
        self.at(timestamp, marker)
    }

    fn lose(&mut self, packets: u16) -> &mut Self {
        self.seq = self.seq.wrapping_add(packets);
        self
    }

    fn kind(&self) -> Option<MediaKind> {
        self.finder.kind()
    }

    fn guess(&self) -> (MediaKind, bool) {
        let guess = self.finder.guess(None, None);
        (guess.kind, guess.is_doubtful)
    }
}

fn sent(timestamps: impl IntoIterator<Item = u32>, marker: bool) -> Sent {
    let mut sent = Sent::default();
    for timestamp in timestamps {
        sent.at(timestamp, marker);
    }
    sent
}

const fn behind(number: u64, newer: u64, is_exact: bool) -> PlaceAmong {
    PlaceAmong { number, newer, is_exact }
}

const RTX: Option<MediaKind> = Some(MediaKind::Rtx { of: OTHER });

#[test]
fn two_frames_that_end_with_the_marker_are_no_audio() {
    let mut video = Sent::default();
    for frame in 0..3 {
        for place in 0..2 {
            video.at(frame * 3000, place == 1);
        }
        assert_eq!(video.kind().is_some(), frame == 2, "a first frame may have been cut");
    }
    video.at(9000, false);
    assert_eq!(video.kind(), Some(MediaKind::NotAudio));
}

#[test]
fn three_packets_that_repeat_a_timestamp_are_no_audio_without_any_marker() {
    assert_eq!(sent([0, 0, 0], false).kind(), None);
    assert_eq!(sent([0, 0, 0, 0], false).kind(), Some(MediaKind::NotAudio));
}

#[test]
fn five_steps_of_a_packet_time_are_audio_and_those_of_frames_are_not() {
    assert_eq!(sent((0..5).map(|n| n * 960), false).kind(), None);
    assert_eq!(sent((0..6).map(|n| n * 960), false).kind(), Some(MediaKind::Audio));
    assert_eq!(sent((0..7).map(|n| n * 882), false).kind(), Some(MediaKind::Audio), "44.1 kHz");
    assert_eq!(sent((0..20).map(|n| n * 3000), false).kind(), Some(MediaKind::NotAudio));
    assert_eq!(sent((0..20).map(|n| n * 90), false).kind(), Some(MediaKind::NotAudio));
}

#[test]
fn silence_leaves_out_packets_of_audio() {
    let steps = [960, 960, 19_200, 960, 18_240, 960, 960];
    let timestamps = steps.iter().scan(0_u32, |at, step| {
        *at += step;
        Some(*at)
    });
    assert_eq!(sent(timestamps, false).kind(), Some(MediaKind::Audio));
}

#[test]
fn audio_of_which_most_packets_are_lost_is_known_by_ticks_a_sequence_number() {
    let (mut audio, mut video) = (Sent::default(), Sent::default());
    for n in 0..7_u32 {
        audio.lose(3).at(n * 4 * 960, false);
        video.lose(3).at(n * 4 * 3000, false);
    }
    assert_eq!((audio.kind(), video.kind()), (Some(MediaKind::Audio), None));
}

#[test]
fn the_same_with_silence_in_between_is_known_by_what_all_steps_have_in_common() {
    let (mut audio, mut video) = (Sent::default(), Sent::default());
    for n in 1..11_u32 {
        audio.lose(3).at(n * n * 960, false);
        video.lose(3).at(n * n * 3000, false);
    }
    assert_eq!(audio.kind(), Some(MediaKind::Audio));
    assert_ne!(video.kind(), Some(MediaKind::Audio));
}

#[test]
fn a_marker_on_every_packet_of_audio_is_doubted_until_a_send_time_tells() {
    let marked = || sent((0..12).map(|n| n * 960), true);
    assert_eq!((marked().kind(), marked().finder.is_doubtful()), (Some(MediaKind::Audio), true));
    for (hz, kind) in [(48_000, MediaKind::Audio), (90_000, MediaKind::NotAudio)] {
        let mut told = marked();
        told.finder.note_send_time(PayloadType(96), 11 * 960 * 1_000_000_000 / hz, 11 * 960);
        assert_eq!((told.kind(), told.finder.is_doubtful()), (Some(kind), false), "{hz}");
        told.finder.forget_send_time();
        assert_eq!((told.kind(), told.finder.is_doubtful()), (Some(MediaKind::Audio), true), "as before");
    }
    let of_frames = sent((0..12).map(|n| n * 2880), true);
    assert_eq!(of_frames.kind(), Some(MediaKind::NotAudio), "31.25 frames a second");
}

#[test]
fn steps_of_60_ms_are_video_where_the_send_time_says_so() {
    let mut video = sent((0..8).map(|n| n * 2880), false);
    assert_eq!((video.kind(), video.finder.may_be_video()), (Some(MediaKind::Audio), true));
    video.finder.note_send_time(PayloadType(96), 7 * 32_000_000, 7 * 2880);
    assert_eq!(video.kind(), Some(MediaKind::NotAudio));
}

#[test]
fn timestamps_that_another_stream_had_are_retransmissions() {
    let mut rtx = Sent::default();
    rtx.beside(3000, behind(1, 4, true), false);
    assert_eq!(rtx.kind(), None, "one may be chance");
    rtx.beside(9000, behind(3, 4, true), true);
    assert_eq!(rtx.kind(), RTX);
    let shown = rtx.finder.shown();
    assert!(matches!(shown, KindShown::Beside { among: 2, timestamps: 2, .. }), "{shown:?}");
}

#[test]
fn a_timestamp_of_audio_that_is_another_streams_by_chance_changes_nothing() {
    let mut audio = Sent::default();
    for n in 0..40 {
        match n % 20 {
            0 => audio.beside(n * 960, behind(n.into(), 9, true), false),
            _ => audio.at(n * 960, false),
        };
    }
    assert_eq!(audio.kind(), Some(MediaKind::Audio));
}

#[test]
fn what_was_lost_itself_is_named_when_it_is_sent_again_but_audio_among_timestamps_is_not() {
    let mut rtx = Sent::default();
    for at in [0, 3000, 12_000, 15_000] {
        rtx.beside(at, behind(u64::from(at) / 3000, 3, false), true);
    }
    assert_eq!(rtx.kind(), RTX);
    let mut audio = Sent::default();
    for n in 0..8 {
        audio.beside(n * 960, behind(n.into(), 3, false), false);
    }
    assert_eq!(audio.kind(), Some(MediaKind::Audio));
}

#[test]
fn frame_by_frame_the_timestamps_of_another_stream_are_another_encoding() {
    let mut simulcast = Sent::default();
    for frame in 0..6 {
        simulcast.beside(frame * 3000, behind(frame.into(), 0, true), false);
        simulcast.at(frame * 3000, true);
    }
    assert_eq!(simulcast.kind(), Some(MediaKind::NotAudio));
}

#[test]
fn keys_that_are_pressed_belong_to_audio_even_at_its_begin() {
    let mut audio = Sent::default();
    for key in 0..3 {
        for place in 0..8 {
            audio.of_type(101, key * 9600, place == 0);
        }
    }
    assert_ne!(audio.kind(), Some(MediaKind::NotAudio), "nothing but keys so far");
    audio.of_type(111, 30_000, false);
    assert_eq!(audio.kind(), Some(MediaKind::Audio));
    let KindShown::Packets { keys: Some(keys), .. } = audio.finder.shown() else {
        panic!("{:?}", audio.finder.shown())
    };
    assert_eq!(keys.payload_type, PayloadType(101));
}

#[test]
fn a_payload_type_of_audio_makes_the_stream_audio_whatever_has_more_packets() {
    let mut audio = Sent::default();
    // Keys of which the first packets are lost.
    for n in 0..20 {
        audio.of_type(101, n / 5 * 9600, false);
    }
    for n in 0..8 {
        audio.of_type(111, 60_000 + n * 960, false);
    }
    assert_eq!(audio.kind(), Some(MediaKind::Audio));
}

#[test]
fn padding_says_nothing_of_steps() {
    let mut padding = Sent::default();
    for n in 0..30 {
        padding.packet(TestPacket { timestamp: n * 960, has_padding: true, ..TestPacket::default() });
    }
    assert_eq!(padding.kind(), None);
}

#[test]
fn a_stream_is_what_its_payload_type_with_the_most_packets_is_and_each_has_its_clock() {
    let mut audio = Sent::default();
    for n in 0..3 {
        audio.of_type(8, n * 160, false);
    }
    assert_eq!(audio.kind(), Some(MediaKind::Audio), "by RFC 3551");
    for n in 0..9 {
        audio.of_type(111, 480 + n * 960, false);
    }
    assert_eq!(audio.kind(), Some(MediaKind::Audio));
    let clock = |payload_type| audio.finder.clock_hz(MediaKind::Audio, PayloadType(payload_type));
    assert_eq!((clock(8), clock(111)), (Some(8_000), Some(48_000)));
    let clocks: Vec<_> = audio.finder.audio_clocks_hz(PayloadType(8)).collect();
    assert_eq!(clocks, [8_000]);
}

#[test]
fn a_send_time_tells_which_of_the_customary_clocks_it_is() {
    let mut audio = sent((0..12).map(|n| n * 960), false);
    assert_eq!(audio.finder.clock_hz(MediaKind::Audio, PayloadType(96)), Some(48_000), "the usual one");
    audio.finder.note_send_time(PayloadType(96), 600_000_000, 9_600);
    assert_eq!(audio.finder.clock_hz(MediaKind::Audio, PayloadType(96)), Some(16_000), "60 ms");
}

#[test]
fn when_time_is_up_the_best_evidence_counts() {
    let mut hit = Sent::default();
    hit.beside(0, behind(1, 2, true), false);
    assert_eq!(hit.guess(), (MediaKind::Rtx { of: OTHER }, false));
    assert_eq!(sent([0, 0], false).guess(), (MediaKind::NotAudio, false), "a repeated timestamp");
    assert_eq!(sent([0, 960, 1920], false).guess(), (MediaKind::Audio, true));
    assert_eq!(sent([0, 3000, 6000], false).guess(), (MediaKind::NotAudio, true));
    let one = sent([0], false);
    let guess = |by_type, beside| one.finder.guess(by_type, beside).kind;
    assert_eq!(guess(Some(MediaKind::Audio), Some(OTHER)), MediaKind::Audio, "as its payload type");
    assert_eq!(guess(None, Some(OTHER)), MediaKind::Rtx { of: OTHER });
}

#[test]
fn packets_of_one_frame_make_nothing_final() {
    let mut one_frame = sent([0; 200], false);
    assert!(!one_frame.finder.is_final());
    for frame in 1..200 {
        one_frame.at(frame * 3000, true);
    }
    assert!(one_frame.finder.is_final());
    one_frame.finder.reopen();
    assert!(!one_frame.finder.is_final());
}

#[test]
fn keys_say_nothing_of_a_clock() {
    let mut audio = Sent::default();
    for key in 0..3 {
        for place in 0..8 {
            audio.of_type(101, key * 9600, place == 0);
        }
    }
    assert_eq!(audio.finder.audio_clocks_hz(PayloadType(101)).count(), 0);
}

#[test]
fn audio_with_silence_is_not_taken_for_disorder_where_most_of_it_is_lost() {
    let mut audio = Sent::default();
    for n in 0..40_u32 {
        audio.lose(2).at(n * n % 7 * 960 + n * 20 * 960, n % 8 == 0);
    }
    assert_eq!(audio.kind(), Some(MediaKind::Audio));
}

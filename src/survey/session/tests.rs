use super::*;
use crate::rtp::test_packet::TestPacket;
use crate::survey::{FedPacket, Skip};
use remb::CapturedRemb;
use remb::rtt::RttSample;

/// Sequence of what is fed: frame times in milliseconds, and which of them have a send time.
#[derive(Default)]
struct Fed(Vec<(i64, bool)>);

impl Feed for Fed {
    fn flow(&mut self, _: &FlowInfo) {}
    fn hold(&mut self, _: usize, _: bool) {}
    fn step_back(&mut self, _: CaptureTime) {}
    fn time(&mut self, _: CaptureTime) {}
    fn packet(&mut self, _: usize, packet: &FedPacket) -> Result<(), Skip> {
        self.0.push((packet.at.as_nanos() / 1_000_000, packet.send_time.value().is_some()));
        Ok(())
    }
    fn rtt(&mut self, _: usize, _: RttSample) {}
    fn module(&mut self, _: usize, _: CaptureTime) {}
    fn recorded(&mut self, _: usize, _: CaptureTime, _: CaptureTime, _: CapturedRemb) {}
}

struct Flow {
    session: Session,
    config: SurveyConfig,
    ledger: Ledger,
    conversations: Conversations,
    fed: Fed,
    frame: u64,
}

impl Flow {
    fn new() -> Self {
        // Whether payloads have a tag is not the matter here.
        let config = SurveyConfig { srtp_tag_len: Some(0), ..SurveyConfig::default() };
        let flow = "10.0.0.1:1000-10.0.0.2:2000".parse().unwrap();
        let info = FlowInfo { index: 0, flow, ethernet: None };
        Self {
            session: Session::new(info, Carrier::Udp, None, &config),
            config,
            ledger: Ledger::default(),
            conversations: Conversations::default(),
            fed: Fed::default(),
            frame: 0,
        }
    }

    fn packet(&mut self, millis: i64, packet: TestPacket) {
        let ssrc = Ssrc(packet.ssrc);
        let new = || Some(Stream::new(ssrc, true, None, None));
        let (index, _) = self.session.streams.place_or_add(ssrc, new).unwrap();
        let at = CaptureTime::from_nanos(i128::from(millis) * 1_000_000).unwrap();
        let bytes = packet.bytes();
        self.frame += 1;
        let note = PacketNote {
            frame: FrameNumber(self.frame),
            len_on_wire: bytes.len(),
            truncated: false,
            order: at,
            in_range: true,
            direction: None,
            absurd_padding: false,
        };
        let packet = RtpPacket::parse(&bytes, bytes.len()).unwrap();
        let Self { session, config, ledger, conversations, fed, .. } = self;
        let context = &mut SessionContext { config, ledger, conversations };
        session.handle_packet(index, at, &packet, note, context, fed);
        session.note_steadiness();
    }

    /// 20 ms of audio.
    fn audio(&mut self, n: u16, elements: Vec<(u8, Vec<u8>)>) {
        let packet = TestPacket {
            ssrc: 1,
            payload_type: 111,
            seq: n,
            timestamp: u32::from(n) * 960,
            elements,
            ..TestPacket::default()
        };
        self.packet(i64::from(n) * 20, packet);
    }

    /// A frame of two packets, with abs-send-time.
    fn video(&mut self, frame: u16) {
        let millis = i64::from(frame) * 33;
        for place in 0..2_u16 {
            let sent = millis + i64::from(place);
            let value = (sent * 262_144 / 1_000).to_be_bytes()[5..].to_vec();
            let elements = vec![(3, value)];
            let (seq, marker) = (frame * 2 + place, place == 1);
            let timestamp = u32::from(frame) * 3_000;
            self.packet(
                millis,
                TestPacket { ssrc: 2, seq, timestamp, marker, elements, ..TestPacket::default() },
            );
        }
    }
}

#[test]
fn packets_wait_until_the_send_time_is_known_and_then_all_have_it() {
    let mut flow = Flow::new();
    (0..5).for_each(|frame| flow.video(frame));
    assert!(flow.fed.0.is_empty());
    (5..12).for_each(|frame| flow.video(frame));
    assert_eq!(flow.fed.0.len(), 24);
    assert!(flow.fed.0.iter().all(|(_, has_send_time)| *has_send_time));
    assert!(flow.fed.0.is_sorted());
}

#[test]
fn an_element_that_comes_with_a_later_stream_is_waited_for_again() {
    let mut flow = Flow::new();
    (0..60).for_each(|n| flow.audio(n, vec![(1, vec![9])]));
    assert!(flow.session.held.is_empty());
    (37..50).for_each(|frame| flow.video(frame));
    assert_eq!(flow.fed.0.len(), 26);
    assert!(flow.fed.0.iter().all(|(_, has_send_time)| *has_send_time));
}

#[test]
fn what_is_due_is_released_one_by_one_and_the_rest_waits_on() {
    let mut flow = Flow::new();
    // Nothing tells what these streams are.
    let lone = |n: u16| TestPacket { ssrc: 3 + u32::from(n.min(1)), seq: n * 9, ..TestPacket::default() };
    (0..4).for_each(|n| flow.packet(i64::from(n) * 900, lone(n)));
    assert_eq!(flow.session.held.len(), 3, "the first one waited for longer than two seconds");
    assert_eq!(flow.session.holding_since().map(|since| since.as_nanos() / 1_000_000), Some(900));
}

#[test]
fn what_came_before_a_new_element_does_not_decide_what_it_is() {
    let mut flow = Flow::new();
    // SRTP is not decided, so that audio waits on.
    flow.session.srtp_tag_len = None;
    flow.config.srtp_tag_len = None;
    (0..96).for_each(|n| flow.audio(n, vec![(1, vec![9])]));
    assert!(!flow.session.held.is_empty() && flow.session.extensions.is_settled());
    flow.video(59);
    (99..104).for_each(|n| flow.audio(n, vec![(1, vec![9])]));
    assert!(flow.session.extensions.abs_send_time.is_unknown(), "two packets have it so far");
    (60..70).for_each(|frame| flow.video(frame));
    assert_eq!(flow.session.extensions.abs_send_time.id, Some(3));
    assert!(!flow.session.extensions.abs_send_time.is_guess());
}

#[test]
fn more_that_is_learned_before_anything_was_fed_is_not_late() {
    let mut flow = Flow::new();
    (0..60).for_each(|n| flow.audio(n, vec![(1, vec![9])]));
    (37..50).for_each(|frame| flow.video(frame));
    assert!(flow.session.learned_after.is_none());
    let known = flow.session.known();
    assert_eq!(flow.session.fed_with, Some(known));
}

use proptest::prelude::*;

use super::*;
use crate::rtp::RtpPacket;
use crate::rtp::test_packet::TestPacket;
use crate::units::{CaptureTime, PayloadType, Ssrc};

/// Packets of many streams, with anything in their elements.
fn packets() -> impl Strategy<Value = Vec<(TestPacket, i64)>> {
    let element = (1_u8..15, prop::collection::vec(any::<u8>(), 1..16));
    let number = prop_oneof![0_u16..40, any::<u16>()];
    let timestamp = prop_oneof![(0_u32..40).prop_map(|n| n * 960), any::<u32>()];
    let kind = (0_u32..90, 90_u8..110, any::<bool>(), any::<bool>());
    let packet = (number, timestamp, kind, prop::collection::vec(element, 0..4), any::<i64>());
    let packet =
        packet.prop_map(|(seq, timestamp, (ssrc, payload_type, marker, has_padding), elements, at)| {
            (TestPacket { has_padding, marker, payload_type, seq, timestamp, ssrc, elements }, at)
        });
    prop::collection::vec(packet, 0..400)
}

fn clock_of(ssrc: Ssrc, _: PayloadType) -> StreamClock {
    let kind = match ssrc.0 % 4 {
        0 => None,
        1 => Some(MediaKind::Audio),
        2 => Some(MediaKind::NotAudio),
        _ => Some(MediaKind::Rtx { of: Ssrc(1) }),
    };
    StreamClock { kind, may_be_video: ssrc.0 % 8 == 1, audio_hz: [48_000, 8_000, 0, u32::MAX] }
}

proptest! {
    #[test]
    fn no_packets_make_them_panic_or_grow(packets in packets()) {
        let mut kind = KindFinder::default();
        let mut recent = RecentTimestamps::default();
        let mut send_time = SendTimeFinder::default();
        let mut capture_time = AbsCaptureTimeFinder::default();
        let mut offset = TransmissionOffsetFinder::default();
        let mut sequence = TransportCcFinder::default();
        for (packet, at) in &packets {
            let bytes = packet.bytes();
            let Ok(packet) = RtpPacket::parse(&bytes, bytes.len()) else { continue };
            let at = CaptureTime::from_nanos(i128::from(*at)).unwrap_or_default();
            if let Some(place) = recent.place(packet.timestamp()) {
                kind.note_neighbour(Neighbour { of: packet.ssrc(), place, is_padding: packet.has_padding() });
            }
            recent.note(packet.timestamp());
            kind.observe(&packet);
            send_time.observe(&packet, at);
            capture_time.observe(&packet, at);
            offset.observe(&packet);
            sequence.observe(&packet);
            if let Some((nanos, ticks)) = send_time.speed(3, packet.ssrc(), packet.payload_type()) {
                kind.note_send_time(packet.payload_type(), nanos, ticks);
            }
        }
        kind.guess(None, None);
        prop_assert_eq!(kind.shown() == KindShown::NoPacket, kind.packets() == 0);
        prop_assert!(kind.audio_clocks_hz(PayloadType(96)).count() < 100);
        send_time.found(clock_of);
        send_time.guess(Some(3), clock_of);
        send_time.open(None, clock_of);
        send_time.may_yet_be_found(clock_of);
        capture_time.found(clock_of);
        offset.found().or(offset.guess()).or(offset.open());
        sequence.guess();
        prop_assert!(send_time.len() <= 64 && kind.len() <= 16);
    }
}

//! abs-capture-time as a send time of last resort (specification 1.6; libwebrtc never does so).
//!
//! Its limits: all packets of a frame have the same time, so that a frame is one group; delays of encoder, pacer and
//! retransmission look like delays of the network; a mixer may have rewritten it.

use crate::rtp::{AbsCaptureTime, RtpPacket};
use crate::units::{AbsSendTime, CaptureTime, TimeDelta};

/// Gives every packet of a flow a send time, though senders attach abs-capture-time only now and then.
#[derive(Debug, Clone, Default)]
pub struct CaptureTimeClock {
    /// The least recently used first.
    sources: Vec<Source>,
}

/// What is known of one source: a contributing source, or the stream itself.
#[derive(Debug, Clone, Copy)]
struct Source {
    id: u32,
    clock_hz: u32,
    /// Of the last element, corrected.
    ntp: u64,
    timestamp: u32,
    at: CaptureTime,
    first_offset: Option<i64>,
    /// How far the clock offset is from the first one.
    correction: i64,
}

const MAX_SOURCES: usize = 64;
/// Older elements are not extrapolated from.
const MAX_AGE: TimeDelta = TimeDelta::from_secs(5);

impl CaptureTimeClock {
    /// The send time of a packet captured `at`, by its own element `id` or by the last one of the same source and
    /// clock. A clock offset that changes is followed, relative to the first one: a constant offset thus changes
    /// nothing, and times with and without correction never mix.
    pub fn send_time(
        &mut self,
        packet: &RtpPacket<'_>,
        id: u8,
        clock_hz: u32,
        at: CaptureTime,
    ) -> Option<AbsSendTime> {
        let source_id = packet.first_csrc().unwrap_or(packet.ssrc().0);
        let known = self.sources.iter().position(|source| source.id == source_id);
        let last = known.map(|place| self.sources.remove(place));
        let (source, ntp) = match packet.extension(id).and_then(AbsCaptureTime::parse) {
            Some(AbsCaptureTime { captured, clock_offset }) => {
                let first_offset = last.and_then(|last| last.first_offset).or(clock_offset);
                let correction = match (clock_offset, first_offset) {
                    (Some(offset), Some(first)) => offset.wrapping_sub(first),
                    _ => last.map_or(0, |last| last.correction),
                };
                let ntp = captured.wrapping_sub(correction.cast_unsigned());
                let timestamp = packet.timestamp();
                (Source { id: source_id, clock_hz, ntp, timestamp, at, first_offset, correction }, Some(ntp))
            }
            None => {
                let last = last?;
                let is_recent = at.to_timestamp() - last.at.to_timestamp() <= MAX_AGE;
                let ntp = (is_recent && last.clock_hz == clock_hz).then(|| {
                    let ticks = u64::from(packet.timestamp().wrapping_sub(last.timestamp));
                    last.ntp.wrapping_add((ticks << 32).checked_div(u64::from(clock_hz)).unwrap_or(0))
                });
                (last, ntp)
            }
        };
        if self.sources.len() >= MAX_SOURCES {
            self.sources.remove(0);
        }
        self.sources.push(source);
        ntp.map(AbsCaptureTime::send_time_of)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rtp::test_packet::TestPacket;

    const SECOND: u64 = 1 << 32;

    fn send(
        clock: &mut CaptureTimeClock,
        timestamp: u32,
        ms: i64,
        element: Option<(u64, Option<i64>)>,
    ) -> Option<u32> {
        let elements = element.map(|(captured, offset)| {
            let offset = offset.map(|offset| offset.to_be_bytes().to_vec()).unwrap_or_default();
            (9, [captured.to_be_bytes().to_vec(), offset].concat())
        });
        let bytes =
            TestPacket { timestamp, elements: elements.into_iter().collect(), ..TestPacket::default() }
                .bytes();
        let at = CaptureTime::from_nanos(i128::from(ms) * 1_000_000).unwrap();
        let packet = RtpPacket::parse(&bytes, bytes.len()).unwrap();
        clock.send_time(&packet, 9, 90_000, at).map(AbsSendTime::raw)
    }

    #[test]
    fn the_same_instant_gives_the_same_send_time() {
        assert_eq!(
            AbsCaptureTime::parse(&[0, 0, 0, 65, 0x80, 0, 0, 0]).unwrap().to_send_time().raw(),
            0x06_0000
        );
        assert_eq!(AbsCaptureTime::parse(&[0; 12]), None);
        assert_eq!(AbsCaptureTime::parse(&[0; 16]).and_then(|time| time.clock_offset), Some(0));
    }

    #[test]
    fn packets_between_two_elements_follow_the_rtp_clock_for_five_seconds() {
        let mut clock = CaptureTimeClock::default();
        assert_eq!(send(&mut clock, 1000, 0, None), None);
        assert_eq!(send(&mut clock, u32::MAX - 44_999, 0, Some((10 * SECOND, None))), Some(10 << 18));
        assert_eq!(send(&mut clock, 45_000, 1000, None), Some(11 << 18), "over the wrap of the timestamp");
        assert_eq!(send(&mut clock, 405_000, 5000, None), Some(15 << 18));
        assert_eq!(send(&mut clock, 405_000, 5001, None), None, "too old");
        assert_eq!(send(&mut clock, 500_000, 6000, Some((70 * SECOND, None))), Some(6 << 18));
    }

    #[test]
    fn a_constant_clock_offset_changes_nothing_and_a_new_one_is_followed() {
        let mut clock = CaptureTimeClock::default();
        let second = SECOND as i64;
        assert_eq!(send(&mut clock, 0, 0, Some((10 * SECOND, Some(3 * second)))), Some(10 << 18));
        assert_eq!(send(&mut clock, 0, 0, Some((11 * SECOND, Some(3 * second)))), Some(11 << 18));
        assert_eq!(send(&mut clock, 0, 0, Some((13 * SECOND, Some(4 * second)))), Some(12 << 18));
        assert_eq!(
            send(&mut clock, 0, 0, Some((14 * SECOND, None))),
            Some(13 << 18),
            "it holds until it changes"
        );
    }

    #[test]
    fn sources_are_bounded() {
        let mut clock = CaptureTimeClock::default();
        for ssrc in 0..1000 {
            let bytes = TestPacket { ssrc, elements: vec![(9, vec![0; 8])], ..TestPacket::default() }.bytes();
            let packet = RtpPacket::parse(&bytes, bytes.len()).unwrap();
            clock.send_time(&packet, 9, 90_000, CaptureTime::default());
        }
        assert_eq!(clock.sources.len(), MAX_SOURCES);
    }
}

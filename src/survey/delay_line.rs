//! Frames that wait for a later copy of theirs, where the last of each is to count (`--copies last`).
//!
//! All frames wait equally long, so that what comes behind sees them in their order, only later. Where a copy comes in the
//! meantime the earlier frame is left out. A copy that comes later than that is one of a packet that has been fed.

use std::collections::{HashMap, VecDeque};

use crate::capture::{Direction, Frame, LinkType};
use crate::decode::FiveTuple;
use crate::decode::{Datagram, Decoder};
use crate::rtp::RtpPacket;
use crate::rtp::{PacketClass, classify};
use crate::units::{CaptureTime, FrameNumber, Ssrc};

use super::places::flow_of;
use super::seen::Identity;

/// Frames that wait, in capture order.
#[derive(Debug)]
pub(super) struct DelayLine {
    decoder: Decoder,
    /// Of flows that are merged.
    any_flow: bool,
    waiting: VecDeque<Waiting>,
    bytes: usize,
    /// Frames that have left.
    left: u64,
    /// The latest of each packet that waits, by its number among all frames.
    latest: HashMap<Key, u64>,
}

/// What copies have in common, whether the header extensions of one are cut or not.
type Key = (Option<FiveTuple>, Ssrc, u64);

/// A frame that waits.
#[derive(Debug)]
pub(super) struct Waiting {
    number: FrameNumber,
    pub(super) at: CaptureTime,
    nanoseconds: bool,
    link_type: LinkType,
    data: Box<[u8]>,
    original_len: u32,
    direction: Option<Direction>,
    packet: Option<(Key, Identity)>,
    /// How much later its copy came, ns.
    pub(super) superseded: Option<i64>,
}

const MAX_WAIT_NANOS: u64 = 2_000_000_000;
const MAX_FRAMES: usize = 1 << 16;
const MAX_BYTES: usize = 32 << 20;

impl Waiting {
    pub(super) fn frame(&self) -> Frame<'_> {
        Frame {
            number: self.number,
            at: self.at,
            nanoseconds: self.nanoseconds,
            link_type: self.link_type,
            data: &self.data,
            original_len: self.original_len,
            direction: self.direction,
            log: None,
        }
    }
}

impl DelayLine {
    pub(super) fn new(any_flow: bool) -> Self {
        Self {
            decoder: Decoder::default(),
            any_flow,
            waiting: VecDeque::new(),
            bytes: 0,
            left: 0,
            latest: HashMap::new(),
        }
    }

    /// Takes the next frame; an earlier copy of it is superseded.
    pub(super) fn push(&mut self, frame: &Frame<'_>) {
        let packet = self.packet_in(frame);
        let number = self.left + self.waiting.len() as u64;
        if let Some((key, identity)) = packet
            && let Some(earlier) = self.latest.insert(key, number)
            && let Some(place) = earlier.checked_sub(self.left).and_then(|place| usize::try_from(place).ok())
            && let Some(earlier) = self.waiting.get_mut(place)
            && earlier.packet.is_some_and(|(_, known)| known.is_same(&identity))
        {
            earlier.superseded = Some(frame.at.nanos_since(earlier.at));
        }
        self.bytes += frame.data.len();
        self.waiting.push_back(Waiting {
            number: frame.number,
            at: frame.at,
            nanoseconds: frame.nanoseconds,
            link_type: frame.link_type,
            data: frame.data.into(),
            original_len: frame.original_len,
            direction: frame.direction,
            packet,
            superseded: None,
        });
    }

    /// The next frame that has waited long enough at `now`, or for which there is no room.
    pub(super) fn pop_due(&mut self, now: CaptureTime) -> Option<Waiting> {
        let waited = now.nanos_since(self.waiting.front()?.at).unsigned_abs();
        let no_room = self.waiting.len() > MAX_FRAMES || self.bytes > MAX_BYTES;
        if waited > MAX_WAIT_NANOS || no_room { self.pop() } else { None }
    }

    /// The next frame.
    pub(super) fn pop(&mut self) -> Option<Waiting> {
        let first = self.waiting.pop_front()?;
        self.bytes -= first.data.len();
        if let Some((key, _)) = first.packet
            && self.latest.get(&key) == Some(&self.left)
        {
            self.latest.remove(&key);
        }
        self.left += 1;
        Some(first)
    }

    /// Of a frame with one RTP packet; RTP over TCP comes but once.
    fn packet_in(&mut self, frame: &Frame<'_>) -> Option<(Key, Identity)> {
        let any_flow = self.any_flow;
        if let Some(datagram) = self.decoder.plain(frame) {
            return packet_of(&datagram, any_flow);
        }
        let (mut packet, mut packets) = (None, 0);
        let decoded = self.decoder.decode_in_full(frame, &mut |datagram| {
            packet = packet_of(datagram, any_flow);
            packets += 1;
        });
        packet.filter(|_| packets == 1 && decoded.is_ok())
    }
}

fn packet_of(datagram: &Datagram<'_>, any_flow: bool) -> Option<(Key, Identity)> {
    if classify(datagram.payload, datagram.payload_len) != PacketClass::Rtp {
        return None;
    }
    let packet = RtpPacket::parse(datagram.payload, datagram.payload_len).ok()?;
    let flow = (!any_flow).then(|| flow_of(datagram));
    let identity = Identity::of(&packet);
    Some(((flow, packet.ssrc(), identity.number()), identity))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rtp(sequence_number: u8) -> Vec<u8> {
        let ip = [0x45, 0, 0, 40, 0, 0, 0x40, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2];
        let udp = [0x13, 0x88, 0x17, 0x74, 0, 20, 0, 0];
        [&ip[..], &udp, &[0x80, 96, 0, sequence_number, 0, 0, 0, 0, 0, 0, 0, 1]].concat()
    }

    fn frame(data: &[u8], number: u64, millis: i64) -> Frame<'_> {
        Frame {
            number: FrameNumber(number),
            at: CaptureTime::from_nanos(i128::from(millis) * 1_000_000).unwrap(),
            nanoseconds: false,
            link_type: LinkType(101),
            data,
            original_len: 40,
            direction: None,
            log: None,
        }
    }

    #[test]
    fn the_earlier_of_two_copies_is_superseded_while_it_waits() {
        let mut line = DelayLine::new(false);
        let (one, two) = (rtp(1), rtp(2));
        for (data, number, millis) in
            [(&one, 1, 0), (&two, 2, 5), (&one, 3, 300), (&one, 4, 2001), (&two, 5, 2006)]
        {
            line.push(&frame(data, number, millis));
        }
        let now = frame(&one, 6, 2006).at;
        let mut due = || line.pop_due(now).map(|first| (first.number.0, first.superseded));
        assert_eq!(due(), Some((1, Some(300_000_000))));
        assert_eq!(due(), Some((2, Some(2_001_000_000))), "it was still there");
        assert_eq!(due(), None, "1.706 s are not enough");
        let rest: Vec<_> =
            std::iter::from_fn(|| line.pop()).map(|next| (next.number.0, next.superseded)).collect();
        assert_eq!(rest, [(3, Some(1_701_000_000)), (4, None), (5, None)]);
        assert!(line.latest.is_empty() && line.bytes == 0);
    }

    #[test]
    fn no_more_wait_than_there_is_room_for_and_time_may_step() {
        let mut line = DelayLine::new(true);
        for number in 0..100_000_u64 {
            let data = rtp(number as u8);
            let frame = frame(&data, number, 0);
            line.push(&frame);
            while line.pop_due(frame.at).is_some() {}
            assert!(line.waiting.len() <= MAX_FRAMES && line.latest.len() <= line.waiting.len());
        }
        let back = frame(&[], 1, -5000);
        line.push(&back);
        while line.pop_due(back.at).is_some() {}
        assert_eq!(line.waiting.len(), 1, "those of another time have waited long enough");
    }
}

//! Datagrams that hold several RTP packets: offload put them together, and here they are taken apart again.
//!
//! To look into every packet would cost more than to read it. It is done where something points to it: the datagram is
//! larger than any of its stream so far, or a number is missing, or the stream has such datagrams; and while a flow is not
//! yet understood.

use crate::capture::Frame;
use crate::decode::Datagram;
use crate::flow::{PacketClass, classify, segment_len};
use crate::rtp::RtpPacket;
use crate::units::SeqNum;

use super::session::Session;
use super::{Feed, Line};

/// What an Ethernet frame holds, less the headers of IPv4 and UDP.
pub(super) const MAX_PAYLOAD: usize = 1500 - 28;
/// Of an RTP header, without which nothing can be made of a packet.
const FIXED_LEN: usize = 12;

/// What is known of a stream's datagrams.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Singles {
    /// The largest that was looked into, while none held several packets.
    largest: usize,
    are_all: bool,
}

impl Session {
    /// Whether it is worth while to look into a datagram of the stream at `index`.
    #[inline]
    pub(super) fn may_be_several(&self, index: usize, number: SeqNum, payload_len: usize) -> bool {
        self.streams
            .get(index)
            .is_none_or(|stream| payload_len > stream.singles.largest || !stream.stats.continues_with(number))
    }
}

impl Singles {
    fn note(&mut self, is_single: bool, payload_len: usize) {
        self.are_all |= !is_single;
        self.largest = if self.are_all { 0 } else { self.largest.max(payload_len) };
    }
}

impl Line {
    /// A datagram that is larger than any link lets pass, or that few links do.
    #[cold]
    pub(super) fn handle_large<F: Feed>(&mut self, frame: &Frame<'_>, datagram: &Datagram<'_>, feed: &mut F) {
        match segment_len(datagram.payload, datagram.payload_len) {
            Some(len) => self.handle_several(len, frame, datagram, feed),
            None => {
                self.tally.oversized.add(frame.number.0);
                self.handle_packet::<false, F>(frame, datagram, feed);
            }
        }
    }

    /// A datagram that may hold several packets.
    #[cold]
    pub(super) fn look_at<F: Feed>(&mut self, frame: &Frame<'_>, datagram: &Datagram<'_>, feed: &mut F) {
        if let Some(len) = segment_len(datagram.payload, datagram.payload_len) {
            return self.handle_several(len, frame, datagram, feed);
        }
        self.handle_packet::<false, F>(frame, datagram, feed);
        self.note_single(datagram, true);
    }

    fn note_single(&mut self, datagram: &Datagram<'_>, is_single: bool) {
        let Ok(packet) = RtpPacket::parse(datagram.payload, datagram.payload_len) else { return };
        let Some(session) = self.session_of(datagram) else { return };
        let place = session.streams.place(packet.ssrc());
        if let Some(stream) = place.and_then(|place| session.streams.get_mut(place)) {
            stream.singles.note(is_single, datagram.payload_len);
        }
    }

    /// Packets of `segment_len` bytes each, but for the last; each comes at its frame's time.
    fn handle_several<F: Feed>(
        &mut self,
        segment_len: usize,
        frame: &Frame<'_>,
        datagram: &Datagram<'_>,
        feed: &mut F,
    ) {
        let mut left = datagram.payload_len;
        for (place, captured) in datagram.payload.chunks(segment_len).enumerate() {
            let len = left.min(segment_len);
            if captured.len() < len.min(FIXED_LEN) {
                break;
            }
            left -= len;
            let segment = Datagram { payload: captured, payload_len: len, ..*datagram };
            let class = classify(captured, len);
            if place > 0 {
                self.tally.further_segment(class);
            }
            match class {
                PacketClass::Rtp => self.handle_packet::<false, F>(frame, &segment, feed),
                _ => self.handle_uncounted(class, frame, &segment, feed),
            }
        }
        self.tally.aggregated.add(frame.number.0);
        if left > 0 {
            self.tally.oversized.add(frame.number.0);
        }
        self.note_single(datagram, false);
    }
}

//! Datagrams that hold several RTP packets: offload put them together, and here they are taken apart again.
//!
//! To look into every packet would cost more than to read it. It is done where something points to it: the datagram is
//! larger than any of its stream so far, or a number is missing, or the stream has such datagrams; and in a stream's first
//! packets, while its flow is not yet understood.

use crate::capture::Frame;
use crate::decode::Datagram;
use crate::rtp::RtpPacket;
use crate::rtp::{PacketClass, classify, segment_len};
use crate::units::{SeqNum, Ssrc};

use super::{Feed, SurveyState};

/// What an Ethernet frame holds, less the headers of IPv4 and UDP.
pub(super) const MAX_PAYLOAD: usize = 1500 - 28;
/// Of an RTP header, without which nothing can be made of a packet.
const FIXED_LEN: usize = 12;

/// What is known of a stream's datagrams.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Singles {
    /// The largest that was looked into, while none held several packets.
    largest: usize,
    holds_several: bool,
    /// While the flow is not understood: looks that were taken, and the number of the latest packet.
    looks: u8,
    latest: Option<SeqNum>,
}

/// So many are looked into in any case.
const FIRST_LOOKS: u8 = 16;

impl Singles {
    /// Whether a datagram is larger than any before it.
    #[inline]
    pub(super) fn is_larger(&self, payload_len: usize) -> bool {
        payload_len > self.largest
    }

    /// The same of a packet whose flow is not yet understood.
    fn may_be_several(&mut self, number: SeqNum, payload_len: usize) -> bool {
        let continues = self.latest.replace(number).is_some_and(|latest| number.steps_since(latest) == 1);
        if self.looks < FIRST_LOOKS {
            self.looks += 1;
            return true;
        }
        payload_len > self.largest || !continues
    }

    fn note(&mut self, is_single: bool, payload_len: usize) {
        self.holds_several |= !is_single;
        self.largest = if self.holds_several { 0 } else { self.largest.max(payload_len) };
    }
}

impl SurveyState {
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
        self.note(datagram, true);
    }

    /// Whether it is worth while to look into a packet whose flow is not yet understood.
    pub(super) fn may_be_several(&mut self, datagram: &Datagram<'_>, packet: &RtpPacket<'_>) -> bool {
        let singles = self.singles_of(datagram, packet.ssrc());
        singles.is_none_or(|singles| singles.may_be_several(packet.sequence_number(), datagram.payload_len))
    }

    fn singles_of(&mut self, datagram: &Datagram<'_>, ssrc: Ssrc) -> Option<&mut Singles> {
        let session = self.sessions.get_mut(self.flows.recent_session(datagram)?)?;
        let place = session.streams.place(ssrc)?;
        session.streams.get_mut(place).map(|stream| &mut stream.singles)
    }

    fn note(&mut self, datagram: &Datagram<'_>, is_single: bool) {
        let Ok(packet) = RtpPacket::parse(datagram.payload, datagram.payload_len) else { return };
        if let Some(singles) = self.singles_of(datagram, packet.ssrc()) {
            singles.note(is_single, datagram.payload_len);
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
                PacketClass::Rtcp if self.is_marked_media(&segment) => {
                    self.handle_packet::<false, F>(frame, &segment, feed);
                }
                _ => self.handle_uncounted(class, frame, &segment, feed),
            }
        }
        self.tally.aggregated.add(frame.number.0);
        if left > 0 {
            self.tally.oversized.add(frame.number.0);
        }
        self.note(datagram, false);
    }
}

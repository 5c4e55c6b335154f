//! Packets of a session that are understood: counted, and fed if they count.

use crate::capture::Direction;
use crate::rtp::{Reception, RtpPacket};
use crate::units::{AbsSendTimeElement, CaptureTime, DataSize, FrameNumber};

use super::conversation::From;
use super::extensions::Extensions;
use super::ledger::Unfed;
use super::session::{PacketNote, Session, Surroundings};
use super::stream::{Admission, LeftOut, Stream};
use super::{Fate, FedPacket, Feed, FlowInfo};

/// What a packet's header extensions say, by the ids that are known.
#[derive(Debug, Default)]
struct Carried {
    send_time: AbsSendTimeElement,
    transmission_offset: Option<i32>,
    transport_cc: bool,
}

/// Where the clock is not known.
const VIDEO_CLOCK_HZ: u32 = 90_000;

impl Session {
    pub(super) fn release_held<F: Feed>(&mut self, around: &mut Surroundings<'_>, feed: &mut F) {
        let held = std::mem::take(&mut self.held);
        for packet in held.iter() {
            if let Ok(parsed) = RtpPacket::parse(packet.header, packet.meta.len_on_wire) {
                let Some(index) = self.streams.place(parsed.ssrc()) else { continue };
                self.release(index, packet.at, &parsed, *packet.meta, around, feed);
            }
        }
    }

    /// Counts a packet of the stream at `index` and feeds it, if the stream is fed.
    pub(super) fn release<F: Feed>(
        &mut self,
        index: usize,
        at: CaptureTime,
        packet: &RtpPacket<'_>,
        note: PacketNote,
        around: &mut Surroundings<'_>,
        feed: &mut F,
    ) {
        let is_rtp = self.streams.get(index).is_some_and(Stream::is_decided);
        let carried = self.carried(packet, is_rtp);
        let send_time = self.send_time(index, packet, carried.send_time, at);
        let size = without_tag(packet.size(), self.srtp_tag_len.unwrap_or(0));
        let has_transport_cc = carried.transport_cc;
        let Some(stream) = self.streams.get_mut(index) else { return };
        // What is no RTP now may yet become it, and then these were its first packets.
        let reception = Reception { at, size, send_time: send_time.value(), is_truncated: note.truncated };
        stream.observe(packet, reception, has_transport_cc);
        if !is_rtp {
            return around.ledger.unfed(Unfed::NotRtp, note.frame);
        }
        self.layout.profile(packet, note.frame);
        if self.first_frame == FrameNumber(0) {
            self.first_frame = note.frame;
        }
        if note.absurd_padding {
            self.absurd_padding.add(note.frame.0);
        }
        self.received += u64::from(note.direction == Some(Direction::Inbound));
        self.sent += u64::from(note.direction == Some(Direction::Outbound));
        let unfed = match stream.admission {
            Admission::LeftOut(LeftOut::NotSelected) => Some(Unfed::NotSelected),
            Admission::LeftOut(LeftOut::Audio) => Some(Unfed::Audio),
            // Audio is only fed by `--media all`, and libwebrtc would count it neither way.
            _ if has_transport_cc && !stream.is_audio() => Some(Unfed::TransportCc),
            _ if !note.in_range => Some(Unfed::OutsideRange),
            _ if send_time == AbsSendTimeElement::Absent
                && self.extensions.abs_send_time.id.is_some()
                && header_is_cut(packet) =>
            {
                Some(Unfed::HeaderCut)
            }
            _ => None,
        };
        if let Some(unfed) = unfed {
            return around.ledger.unfed(unfed, note.frame);
        }
        let fed = FedPacket {
            at,
            order: note.order,
            time_was: self.time_was.take(),
            ssrc: packet.ssrc(),
            send_time,
            rtp_timestamp: packet.timestamp(),
            transmission_offset: carried.transmission_offset.unwrap_or(0),
            size,
        };
        if !self.is_announced {
            self.is_announced = true;
            self.announce(around, feed);
        }
        let Some(stream) = self.streams.get_mut(index) else { return };
        match feed.packet(self.index, &fed) {
            Fate::Counted => {
                self.packets_fed += 1;
                stream.fed += 1;
            }
            Fate::NoSendTime => around.ledger.unfed(Unfed::NoSendTime, note.frame),
            Fate::OverLimit => around.ledger.unfed(Unfed::EstimatedLimit, note.frame),
        }
    }

    /// Before its first packet.
    fn announce<F: Feed>(&self, around: &mut Surroundings<'_>, feed: &mut F) {
        let Self { index, flow, ethernet, .. } = self;
        feed.flow(&FlowInfo { index: *index, flow: *flow, ethernet: *ethernet });
        let conversation = self.conversation.and_then(|place| around.conversations.get_mut(place));
        if let Some(conversation) = conversation {
            conversation.media(From::of(flow)).begin(*index, feed);
        }
    }

    /// Looks through the packet's header extensions, and counts them if it is known to be RTP. Of an id that comes more
    /// than once the last one holds.
    #[inline]
    fn carried(&mut self, packet: &RtpPacket<'_>, counts: bool) -> Carried {
        let Extensions { abs_send_time, transport_cc, transmission_offset, .. } = &self.extensions;
        let mut carried = Carried::default();
        for element in packet.elements() {
            if counts {
                self.layout.element(element.id, element.value.len());
            }
            let id = Some(element.id);
            if id == abs_send_time.id {
                carried.send_time = element.abs_send_time();
            }
            if id == transmission_offset.id {
                carried.transmission_offset = element.transmission_offset();
            }
            carried.transport_cc |= id == transport_cc.id;
        }
        carried
    }

    /// abs-send-time; where the packet has none, abs-capture-time if that is wanted (specification 1.6).
    fn send_time(
        &mut self,
        index: usize,
        packet: &RtpPacket<'_>,
        element: AbsSendTimeElement,
        at: CaptureTime,
    ) -> AbsSendTimeElement {
        match (element, self.extensions.abs_capture_time.id) {
            (AbsSendTimeElement::Absent | AbsSendTimeElement::Unreadable, Some(id)) => {
                let clock_hz = self
                    .streams
                    .get_mut(index)
                    .and_then(|stream| stream.clock_hz())
                    .unwrap_or(VIDEO_CLOCK_HZ);
                let captured = self.capture_times.send_time(packet, id, clock_hz, at);
                captured.map_or(element, AbsSendTimeElement::from)
            }
            _ => element,
        }
    }
}

fn without_tag(size: DataSize, tag_len: usize) -> DataSize {
    DataSize::from_bytes((size.as_bytes() - tag_len as i64).max(0))
}

/// Whether the capture lacks a part of the header.
fn header_is_cut(packet: &RtpPacket<'_>) -> bool {
    packet.header_bytes().len() < packet.header_len()
}

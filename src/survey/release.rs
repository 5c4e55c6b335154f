//! Packets of a session that are understood: counted, and fed if they count.

use crate::capture::Direction;
use crate::rtp::{Reception, RtpPacket};
use crate::units::{AbsSendTimeElement, CaptureTime, DataSize, FrameNumber};

use super::conversation::From;
use super::extensions::Extensions;
use super::ledger::Unfed;
use super::session::{PacketNote, Session, Surroundings};
use super::stream::Stream;
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
        match is_rtp {
            true => self.release_as::<true, F>(index, at, packet, note, around, feed),
            false => self.release_as::<false, F>(index, at, packet, note, around, feed),
        }
    }

    /// The same for a packet of a stream that is RTP, or of one that is not so far.
    pub(super) fn release_as<const IS_RTP: bool, F: Feed>(
        &mut self,
        index: usize,
        at: CaptureTime,
        packet: &RtpPacket<'_>,
        note: PacketNote,
        around: &mut Surroundings<'_>,
        feed: &mut F,
    ) {
        let carried = self.carried(packet, IS_RTP);
        let send_time = self.send_time(index, packet, carried.send_time, at);
        let size = without_tag(packet.size(), self.srtp_tag_len.unwrap_or(0));
        let Some(stream) = self.streams.get_mut(index) else { return };
        // What is no RTP now may yet become it, and then these were its first packets.
        let reception = Reception { at, size, send_time: send_time.value(), is_truncated: note.truncated };
        stream.observe(packet, reception, carried.transport_cc);
        if !IS_RTP {
            return around.ledger.unfed(Unfed::NotRtp, note.frame);
        }
        let why_not = match send_time {
            AbsSendTimeElement::Value(_) if !carried.transport_cc && note.in_range => stream.why_not_fed(),
            _ => self.why_not_fed(index, packet, &carried, note.in_range, send_time),
        };
        self.count(packet, &note);
        if let Some(unfed) = why_not {
            return around.ledger.unfed(unfed, note.frame);
        }
        if !self.is_announced {
            self.is_announced = true;
            self.announce(around, feed);
        }
        let is_first = self.streams.get(index).is_some_and(|stream| stream.fed == 0);
        let fed = FedPacket {
            at,
            order: note.order,
            time_was: self.time_was.take(),
            ssrc: packet.ssrc(),
            is_first,
            send_time,
            rtp_timestamp: packet.timestamp(),
            transmission_offset: carried.transmission_offset,
            size,
        };
        match (feed.packet(self.index, &fed), self.streams.get_mut(index)) {
            (Fate::Counted, Some(stream)) => stream.fed += 1,
            (Fate::Counted, None) => {}
            (Fate::NoSendTime, _) => around.ledger.unfed(Unfed::NoSendTime, note.frame),
            (Fate::OverLimit, _) => around.ledger.unfed(Unfed::EstimatedLimit, note.frame),
        }
    }

    /// Counts what concerns the whole flow.
    #[inline]
    fn count(&mut self, packet: &RtpPacket<'_>, note: &PacketNote) {
        self.layout.profile(packet, note.frame);
        if self.first_frame == FrameNumber(0) {
            self.first_frame = note.frame;
        }
        if note.absurd_padding {
            self.absurd_padding.add(note.frame.0);
        }
        match note.direction {
            None => {}
            Some(Direction::Inbound) => self.received += 1,
            Some(Direction::Outbound) => self.sent += 1,
        }
    }

    /// Why a packet of the stream at `index` is not fed, if it is not.
    #[cold]
    fn why_not_fed(
        &self,
        index: usize,
        packet: &RtpPacket<'_>,
        carried: &Carried,
        in_range: bool,
        send_time: AbsSendTimeElement,
    ) -> Option<Unfed> {
        let stream = self.streams.get(index)?;
        let lacks_send_time =
            send_time == AbsSendTimeElement::Absent && self.extensions.abs_send_time.id.is_some();
        match stream.why_not_fed() {
            Some(unfed) => Some(unfed),
            // Audio is only fed by `--media all`, and libwebrtc would count it neither way.
            None if carried.transport_cc && !stream.is_audio() => Some(Unfed::TransportCc),
            None if !in_range => Some(Unfed::OutsideRange),
            None if lacks_send_time && header_is_cut(packet) => Some(Unfed::HeaderCut),
            None => None,
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
    #[inline(always)]
    fn carried(&mut self, packet: &RtpPacket<'_>, counts: bool) -> Carried {
        let Extensions { abs_send_time, transport_cc, transmission_offset, .. } = &self.extensions;
        // No element has id 0.
        let [sent, congestion, offset] =
            [abs_send_time.id, transport_cc.id, transmission_offset.id].map(|id| id.unwrap_or(0));
        let mut carried = Carried::default();
        for element in packet.elements() {
            if counts {
                self.layout.element(element.id, element.value.len());
            }
            if element.id == sent {
                carried.send_time = element.abs_send_time();
            }
            if element.id == offset {
                carried.transmission_offset = element.transmission_offset();
            }
            carried.transport_cc |= element.id == congestion;
        }
        carried
    }

    /// abs-send-time; where the packet has none, abs-capture-time if that is wanted (specification 1.6).
    #[inline]
    fn send_time(
        &mut self,
        index: usize,
        packet: &RtpPacket<'_>,
        element: AbsSendTimeElement,
        at: CaptureTime,
    ) -> AbsSendTimeElement {
        match (element, self.extensions.abs_capture_time.id) {
            (AbsSendTimeElement::Value(_), _) | (_, None) => element,
            (_, Some(id)) => {
                let stream = self.streams.get(index);
                let clock_hz = stream.and_then(Stream::clock_hz).unwrap_or(VIDEO_CLOCK_HZ);
                let captured = self.capture_times.send_time(packet, id, clock_hz, at);
                captured.map_or(element, AbsSendTimeElement::from)
            }
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

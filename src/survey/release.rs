//! Packets of a session that are understood: counted, and fed if they count.

use crate::capture::Direction;
use crate::rtp::{RtpPacket, VIDEO_CLOCK_HZ};
use crate::streams::Reception;
use crate::units::{AbsSendTimeElement, CaptureTime, DataSize, FrameNumber};

use super::conversation::SenderEnd;
use super::ledger::Skip;
use super::session::{PacketNote, Session, SessionContext};
use super::shapes::Carried;
use super::stream::Stream;
use super::{FedPacket, Feed, FlowInfo};

impl Session {
    /// Counts a packet of the stream at `index` and feeds it, if the stream is fed.
    pub(super) fn release<F: Feed>(
        &mut self,
        index: usize,
        at: CaptureTime,
        packet: &RtpPacket<'_>,
        note: PacketNote,
        context: &mut SessionContext<'_>,
        feed: &mut F,
    ) {
        if !self.streams.get(index).is_some_and(Stream::is_decided) {
            return self.release_as((index, false), at, packet, note, context, feed);
        }
        if self.first_frame == FrameNumber(0) {
            self.first_frame = note.frame;
            self.fed_with = Some(self.known());
        }
        self.release_as((index, true), at, packet, note, context, feed);
        if self.streams.get(index).is_some_and(|stream| stream.has_module.is_none()) {
            self.decide_module(index, packet, context, feed);
        }
    }

    /// The same for a packet of a stream that is RTP, or of one that is not so far.
    #[inline(always)]
    pub(super) fn release_as<F: Feed>(
        &mut self,
        (index, is_rtp): (usize, bool),
        at: CaptureTime,
        packet: &RtpPacket<'_>,
        note: PacketNote,
        context: &mut SessionContext<'_>,
        feed: &mut F,
    ) {
        let carried = match is_rtp {
            true => self.layout.observe(packet, note.frame),
            false => Carried::of(packet, self.extensions.known_ids(), |_, _| {}),
        };
        let send_time = self.send_time(index, packet, carried.send_time, at);
        let size = without_tag(packet.size(), self.srtp_tag_len.unwrap_or(0));
        let Some(stream) = self.streams.get_mut(index) else { return };
        // What is no RTP now may yet become it, and then these were its first packets.
        let reception = Reception { at, size, send_time: send_time.value(), is_truncated: note.truncated };
        stream.observe(packet, reception, carried.transport_cc);
        if !is_rtp {
            return context.ledger.skip_packet(Skip::NotRtp, note.frame);
        }
        if note.absurd_padding {
            self.absurd_padding.add(note.frame.0);
        }
        match note.direction {
            None => {}
            Some(Direction::Inbound) => self.received += 1,
            Some(Direction::Outbound) => self.sent += 1,
        }
        let why_not = match send_time {
            AbsSendTimeElement::Value(_) if !carried.transport_cc && note.in_range => stream.why_not_fed(),
            _ => {
                let has_id = self.extensions.abs_send_time.id.is_some();
                let cut =
                    (send_time == AbsSendTimeElement::Absent && header_is_cut(packet)).then_some(has_id);
                if cut == Some(false) {
                    self.cut_extensions.add(note.frame.0);
                }
                why_not_fed(stream, carried.transport_cc, note.in_range, cut == Some(true))
            }
        };
        if let Some(skip) = why_not {
            if skip == Skip::Audio {
                stream.left_out.add(note.frame.0);
            }
            if self.is_announced {
                feed.aside(self.index);
            }
            return context.ledger.skip_packet(skip, note.frame);
        }
        if !self.is_announced {
            self.is_announced = true;
            let info = FlowInfo { index: self.index, flow: self.flow, ethernet: self.ethernet };
            announce(&info, self.conversation, context, feed);
        }
        let fed = FedPacket {
            at,
            order: note.order,
            ssrc: packet.ssrc(),
            is_first: stream.fed.count == 0,
            is_rtx: stream.is_rtx,
            frame: note.frame,
            sequence_number: packet.sequence_number(),
            send_time,
            rtp_timestamp: packet.timestamp(),
            clock_hz: send_time.value().map_or_else(|| stream.clock_hz(), |_| None),
            transmission_offset: carried.transmission_offset,
            size,
        };
        match feed.packet(self.index, &fed) {
            Ok(()) => {
                stream.fed.add(note.frame.0);
                if fed.is_first {
                    self.decide_module(index, packet, context, feed);
                }
            }
            Err(skip) => context.ledger.skip_packet(skip, note.frame),
        }
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

/// Why a packet of a stream is not fed, if it is not.
#[cold]
fn why_not_fed(stream: &Stream, has_transport_cc: bool, in_range: bool, is_cut: bool) -> Option<Skip> {
    match stream.why_not_fed() {
        Some(skip) => Some(skip),
        // Audio is only fed by `--media all`, and libwebrtc would count it neither way.
        None if has_transport_cc && !stream.is_audio() => Some(Skip::TransportCc),
        None if !in_range => Some(Skip::OutsideRange),
        None if is_cut => Some(Skip::HeaderCut),
        None => None,
    }
}

/// Before a flow's first packet.
#[cold]
fn announce<F: Feed>(
    info: &FlowInfo,
    conversation: Option<usize>,
    context: &mut SessionContext<'_>,
    feed: &mut F,
) {
    feed.flow(info);
    if let Some(place) = conversation {
        context.conversations.begin((place, SenderEnd::of(&info.flow)), info.index, feed);
    }
}

pub(super) fn without_tag(size: DataSize, tag_len: usize) -> DataSize {
    DataSize::from_bytes((size.as_bytes() - tag_len as i64).max(0))
}

/// Whether the capture lacks a part of the header.
fn header_is_cut(packet: &RtpPacket<'_>) -> bool {
    packet.header_bytes().len() < packet.header_len()
}

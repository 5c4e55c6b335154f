//! One directed flow: its packets wait until what they are is decided, then go to its timeline in order.

use crate::capture::Direction;
use crate::decode::Carrier;
use crate::flow::{FiveTuple, HoldBack};
use crate::report::summary::Inference;
use crate::rtp::infer::{MediaClock, SrtpVerdict};
use crate::rtp::{CaptureTimeClock, Reception, RtpPacket};
use crate::units::{AbsSendTimeElement, CaptureTime, Count, DataSize, FrameNumber, Ssrc};

use super::extensions::Extensions;
use super::layout::Layout;
use super::ledger::{Ledger, Unfed};
use super::stream::{Admission, ElementIds, LeftOut, Stream, element_ids_of_rtp};
use super::{Fate, FedPacket, Feed, SurveyConfig};

/// What is noted of a packet beside its header.
#[derive(Debug, Clone, Copy)]
pub(super) struct PacketNote {
    pub(super) frame: FrameNumber,
    pub(super) len_on_wire: usize,
    pub(super) truncated: bool,
    /// The latest frame time when it was read: its place in the order of all flows' events.
    pub(super) order: CaptureTime,
    /// Within `--from` and `--to`.
    pub(super) in_range: bool,
    pub(super) direction: Option<Direction>,
    /// The padding count is zero, or more than there is.
    pub(super) absurd_padding: bool,
}

/// What a session works with.
pub(super) struct Surroundings<'a> {
    pub(super) config: &'a SurveyConfig,
    pub(super) ledger: &'a mut Ledger,
    /// From the RTCP of both directions.
    pub(super) srtp: Option<SrtpVerdict>,
}

/// A flow with RTP, or with what looks like it.
#[derive(Debug)]
pub(super) struct Session {
    index: usize,
    pub(super) flow: FiveTuple,
    /// Further flows that were merged into this one.
    pub(super) also_on: Vec<FiveTuple>,
    pub(super) carrier: Carrier,
    /// Where RTCP of both directions is kept.
    pub(super) conversation: Option<usize>,
    pub(super) streams: Vec<Stream>,
    pub(super) extensions: Extensions,
    /// Bytes of authentication tag at the end of every payload; `None` until it is decided.
    pub(super) srtp_tag_len: Option<usize>,
    pub(super) packets_fed: u64,
    /// Which header extensions its packets have.
    pub(super) layout: Layout,
    pub(super) first_frame: FrameNumber,
    pub(super) absurd_padding: Count,
    /// Packets that the capturing host received and sent, where the capture says so.
    pub(super) received: u64,
    pub(super) sent: u64,
    last_stream: usize,
    capture_times: CaptureTimeClock,
    held: HoldBack<PacketNote>,
    time_was: Option<CaptureTime>,
}

impl Session {
    pub(super) fn new(
        index: usize,
        flow: FiveTuple,
        carrier: Carrier,
        conversation: Option<usize>,
        config: &SurveyConfig,
    ) -> Self {
        Self {
            index,
            flow,
            also_on: Vec::new(),
            carrier,
            conversation,
            streams: Vec::new(),
            extensions: Extensions::new(config),
            srtp_tag_len: config.srtp_tag_len,
            packets_fed: 0,
            layout: Layout::default(),
            first_frame: FrameNumber(0),
            absurd_padding: Count::default(),
            received: 0,
            sent: 0,
            last_stream: 0,
            capture_times: CaptureTimeClock::default(),
            held: HoldBack::default(),
            time_was: None,
        }
    }

    /// The stream's place; `None` where it would be one too many.
    pub(super) fn stream_index(&mut self, ssrc: Ssrc, new: impl FnOnce() -> Option<Stream>) -> Option<usize> {
        if self.streams.get(self.last_stream).is_none_or(|stream| stream.ssrc != ssrc) {
            self.last_stream = match self.streams.iter().position(|stream| stream.ssrc == ssrc) {
                Some(index) => index,
                None => {
                    self.streams.push(new()?);
                    self.streams.len() - 1
                }
            };
        }
        Some(self.last_stream)
    }

    /// Takes a packet of the stream at `index`.
    pub(super) fn handle_packet<F: Feed>(
        &mut self,
        index: usize,
        at: CaptureTime,
        packet: &RtpPacket<'_>,
        note: PacketNote,
        around: &mut Surroundings<'_>,
        feed: &mut F,
    ) {
        if self.held.expired(at) {
            self.flush(around, feed);
        }
        let holding = !self.held.is_empty();
        let Some(stream) = self.streams.get_mut(index) else { return };
        let undecided = stream.admission == Admission::Undecided;
        if undecided {
            stream.observe_sequence(packet);
        }
        let was_settled = self.extensions.is_settled();
        self.extensions.observe(packet, at);
        if !holding && !undecided && self.is_settled() {
            self.observe_late(index, at, packet, around.config);
            self.release(at, packet, note, around, feed);
            return;
        }
        self.held.push(at, packet.header_bytes(), note);
        if !was_settled && self.extensions.is_settled() {
            self.refit_clocks();
        } else if was_settled && undecided {
            self.observe_clock(index, at, packet);
        }
        self.decide(around, feed);
    }

    /// Time stepped back from `last`; timers of a flow that holds packets back were not that far.
    pub(super) fn time_was(&mut self, last: CaptureTime) {
        if self.held.is_empty() {
            self.time_was = Some(self.time_was.map_or(last, |before| before.max(last)));
        }
    }

    /// When the first packet that waits was read.
    pub(super) fn holding_since(&self) -> Option<CaptureTime> {
        self.held.first().map(|note| note.order)
    }

    /// Memory taken by packets that wait, bytes.
    pub(super) fn held_bytes(&self) -> usize {
        self.held.bytes()
    }

    /// Decides with what evidence there is, and feeds what waits: time or room is up.
    pub(super) fn flush<F: Feed>(&mut self, around: &mut Surroundings<'_>, feed: &mut F) {
        if self.held.is_empty() {
            return;
        }
        if !self.extensions.is_settled() {
            self.extensions.settle();
            self.refit_clocks();
        }
        self.srtp_tag_len.get_or_insert(tag_len(around.srtp));
        let of_rtp = element_ids_of_rtp(&self.streams);
        for stream in &mut self.streams {
            stream.decide_at_last(around.config.media, of_rtp);
        }
        self.release_held(around, feed);
    }

    /// What was inferred of the flow and its streams, and by what.
    pub(super) fn inferences(&self) -> impl Iterator<Item = Inference> {
        let of_streams = self.rtp_streams().map(Stream::inference);
        self.extensions.inferences().chain(of_streams)
    }

    /// Whether anything in it is RTP.
    pub(super) fn carries_rtp(&self) -> bool {
        self.rtp_streams().next().is_some()
    }

    /// The streams that are RTP.
    pub(super) fn rtp_streams(&self) -> impl Iterator<Item = &Stream> {
        self.streams.iter().filter(|stream| stream.admission != Admission::Undecided)
    }

    fn is_settled(&self) -> bool {
        self.extensions.is_settled() && self.srtp_tag_len.is_some()
    }

    /// Feeds what waits if nothing more is to be waited for.
    fn decide<F: Feed>(&mut self, around: &mut Surroundings<'_>, feed: &mut F) {
        if !self.extensions.is_settled() {
            return;
        }
        for stream in &mut self.streams {
            stream.decide(around.config.media);
        }
        if self.srtp_tag_len.is_none() && around.srtp.is_some() {
            self.srtp_tag_len = Some(tag_len(around.srtp));
        }
        let all_decided = self.streams.iter().all(|stream| stream.admission != Admission::Undecided);
        if all_decided && self.is_settled() {
            self.release_held(around, feed);
        }
    }

    /// Fits the clocks of all undecided streams to the packets that wait: it can be done only once the id of the send
    /// time is known.
    fn refit_clocks(&mut self) {
        let held = std::mem::take(&mut self.held);
        for stream in self.streams.iter_mut().filter(|stream| stream.admission == Admission::Undecided) {
            stream.clock = MediaClock::default();
        }
        for packet in held.iter() {
            if let Ok(parsed) = RtpPacket::parse(packet.header, packet.meta.len_on_wire)
                && let Some(index) = self.stream_index(parsed.ssrc(), || None)
            {
                self.observe_clock(index, packet.at, &parsed);
            }
        }
        self.held = held;
    }

    fn observe_clock(&mut self, index: usize, at: CaptureTime, packet: &RtpPacket<'_>) {
        let sent = self.extensions.abs_send_time.id.and_then(|id| packet.abs_send_time(id).value());
        if let Some(stream) = self.streams.get_mut(index) {
            stream.clock.observe(packet, sent, at);
        }
    }

    /// A stream that was admitted undecided may yet show itself to be audio, or its clock.
    fn observe_late(&mut self, index: usize, at: CaptureTime, packet: &RtpPacket<'_>, config: &SurveyConfig) {
        if self.streams.get(index).is_some_and(|stream| !stream.is_settled()) {
            self.observe_clock(index, at, packet);
            if let Some(stream) = self.streams.get_mut(index) {
                stream.decide_at_last(config.media, ElementIds::default());
            }
        }
    }

    fn release_held<F: Feed>(&mut self, around: &mut Surroundings<'_>, feed: &mut F) {
        let held = std::mem::take(&mut self.held);
        for packet in held.iter() {
            if let Ok(parsed) = RtpPacket::parse(packet.header, packet.meta.len_on_wire) {
                self.release(packet.at, &parsed, *packet.meta, around, feed);
            }
        }
    }

    /// Counts a packet and feeds it, if its stream is fed.
    fn release<F: Feed>(
        &mut self,
        at: CaptureTime,
        packet: &RtpPacket<'_>,
        note: PacketNote,
        around: &mut Surroundings<'_>,
        feed: &mut F,
    ) {
        let Some(index) = self.stream_index(packet.ssrc(), || None) else { return };
        let send_time = self.send_time(index, packet, at);
        let size = without_tag(packet.size(), self.srtp_tag_len.unwrap_or(0));
        let has_transport_cc =
            self.extensions.transport_cc.id.is_some_and(|id| packet.extension(id).is_some());
        let id_but_cut = self.extensions.abs_send_time.id.is_some() && header_is_cut(packet);
        let Some(stream) = self.streams.get_mut(index) else { return };
        // What is no RTP now may yet become it, and then these were its first packets.
        let reception = Reception { at, size, send_time: send_time.value(), is_truncated: note.truncated };
        stream.observe(packet, reception, has_transport_cc);
        if stream.admission == Admission::Undecided {
            return around.ledger.unfed(Unfed::NotRtp, note.frame);
        }
        self.layout.observe(packet, note.frame);
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
            _ if id_but_cut && send_time == AbsSendTimeElement::Absent => Some(Unfed::HeaderCut),
            _ => None,
        };
        if let Some(unfed) = unfed {
            return around.ledger.unfed(unfed, note.frame);
        }
        let offset = self.extensions.transmission_offset.id.and_then(|id| packet.transmission_offset(id));
        let fed = FedPacket {
            at,
            order: note.order,
            time_was: self.time_was.take(),
            ssrc: packet.ssrc(),
            send_time,
            rtp_timestamp: packet.timestamp(),
            transmission_offset: offset.unwrap_or(0),
            size,
        };
        match feed.packet(self.index, &fed) {
            Fate::Counted => {
                self.packets_fed += 1;
                stream.fed += 1;
            }
            Fate::NoSendTime => around.ledger.unfed(Unfed::NoSendTime, note.frame),
            Fate::OverLimit => around.ledger.unfed(Unfed::EstimatedLimit, note.frame),
        }
    }

    /// abs-send-time; where the packet has none, abs-capture-time if that is wanted (specification 1.6).
    fn send_time(&mut self, index: usize, packet: &RtpPacket<'_>, at: CaptureTime) -> AbsSendTimeElement {
        let element = match self.extensions.abs_send_time.id {
            Some(id) => packet.abs_send_time(id),
            None => AbsSendTimeElement::Absent,
        };
        match (element, self.extensions.abs_capture_time.id) {
            (AbsSendTimeElement::Absent | AbsSendTimeElement::Unreadable, Some(id)) => {
                let clock_hz = self.streams.get(index).and_then(Stream::clock_hz).unwrap_or(VIDEO_CLOCK_HZ);
                let captured = self.capture_times.send_time(packet, id, clock_hz, at);
                captured.map_or(element, AbsSendTimeElement::from)
            }
            _ => element,
        }
    }
}

/// Where the clock is not known.
const VIDEO_CLOCK_HZ: u32 = 90_000;

/// How many bytes of each payload are an authentication tag.
fn tag_len(srtp: Option<SrtpVerdict>) -> usize {
    match srtp {
        Some(SrtpVerdict::Encrypted) => DEFAULT_TAG_LEN,
        Some(SrtpVerdict::Clear) | None => 0,
    }
}

/// HMAC-SHA1-80, which WebRTC prefers.
const DEFAULT_TAG_LEN: usize = 10;

fn without_tag(size: DataSize, tag_len: usize) -> DataSize {
    DataSize::from_bytes((size.as_bytes() - tag_len as i64).max(0))
}

/// Whether the capture lacks a part of the header.
fn header_is_cut(packet: &RtpPacket<'_>) -> bool {
    packet.header_bytes().len() < packet.header_len()
}

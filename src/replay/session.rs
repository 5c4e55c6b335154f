//! One directed flow: its packets wait until what they are is decided, then go to its timeline in order.

use crate::bwe::Controller;
use crate::flow::{FiveTuple, HoldBack};
use crate::report::summary::Inference;
use crate::rtp::infer::{MediaClock, SrtpVerdict};
use crate::rtp::{CaptureTimeClock, Reception, RtpPacket};
use crate::units::{AbsSendTimeElement, CaptureTime, DataSize, FrameNumber, Ssrc};

use super::ReplayConfig;
use super::event::Event;
use super::extensions::Extensions;
use super::ledger::{Ledger, Unfed};
use super::rtt_samples::RttSamples;
use super::stream::{Admission, LeftOut, Stream};
use super::timeline::{FedPacket, Timeline};

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
}

/// Where events of a flow go: their place in time, the time they carry, and what happened.
pub(super) type Emit<'a> = dyn FnMut(CaptureTime, CaptureTime, Event) + 'a;

/// What a session works with.
pub(super) struct Surroundings<'a> {
    pub(super) config: &'a ReplayConfig,
    pub(super) ledger: &'a mut Ledger,
    /// From the RTCP of both directions.
    pub(super) rtt: &'a mut RttSamples,
    pub(super) srtp: Option<SrtpVerdict>,
    pub(super) emit: &'a mut Emit<'a>,
}

/// A flow with RTP, or with what looks like it.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) flow: FiveTuple,
    /// Where RTCP of both directions is kept.
    pub(super) conversation: Option<usize>,
    pub(super) streams: Vec<Stream>,
    pub(super) extensions: Extensions,
    /// Bytes of authentication tag at the end of every payload; `None` until it is decided.
    pub(super) srtp_tag_len: Option<usize>,
    pub(super) packets_fed: u64,
    pub(super) timeline: Option<Timeline>,
    last_stream: usize,
    /// The stream that was announced to the timeline last.
    bound_stream: Option<Ssrc>,
    capture_times: CaptureTimeClock,
    held: HoldBack<PacketNote>,
    order: Option<CaptureTime>,
}

impl Session {
    pub(super) fn new(flow: FiveTuple, conversation: Option<usize>, config: &ReplayConfig) -> Self {
        Self {
            flow,
            conversation,
            streams: Vec::new(),
            extensions: Extensions::new(config),
            srtp_tag_len: config.srtp_tag_len,
            packets_fed: 0,
            timeline: None,
            last_stream: 0,
            bound_stream: None,
            capture_times: CaptureTimeClock::default(),
            held: HoldBack::default(),
            order: None,
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
    pub(super) fn handle_packet(
        &mut self,
        index: usize,
        at: CaptureTime,
        packet: &RtpPacket<'_>,
        note: PacketNote,
        around: &mut Surroundings<'_>,
    ) {
        if self.held.expired(at) {
            self.flush(around);
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
            self.release(at, packet, note, around);
            return;
        }
        self.held.push(at, packet.header_bytes(), note);
        if !was_settled && self.extensions.is_settled() {
            self.refit_clocks();
        } else if was_settled && undecided {
            self.observe_clock(index, at, packet);
        }
        self.decide(around);
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
    pub(super) fn flush(&mut self, around: &mut Surroundings<'_>) {
        if self.held.is_empty() {
            return;
        }
        if !self.extensions.is_settled() {
            self.extensions.settle();
            self.refit_clocks();
        }
        self.srtp_tag_len.get_or_insert(tag_len(around.srtp));
        let beside_rtp = self.streams.iter().any(Stream::is_rtp);
        for stream in &mut self.streams {
            stream.decide_at_last(around.config.media, beside_rtp);
        }
        self.release_held(around);
    }

    /// Runs timers due at or before `at`; a flow that holds packets back is not that far yet.
    pub(super) fn advance(&mut self, at: CaptureTime, around: &mut Surroundings<'_>) {
        if let (true, Some(timeline)) = (self.held.is_empty(), &mut self.timeline) {
            let (order, emit) = (&mut self.order, &mut around.emit);
            timeline.advance(at, around.rtt, &mut |event_at, event| {
                emit(in_order(order, event_at), event_at, event);
            });
        }
    }

    /// When the next timer is due.
    pub(super) fn next_timer(&self) -> Option<CaptureTime> {
        if self.held.is_empty() { self.timeline.as_ref()?.next_timer() } else { None }
    }

    /// The estimator, if any packet was fed.
    pub(super) fn estimator(&self) -> Option<&Controller> {
        self.timeline.as_ref().map(Timeline::estimator)
    }

    /// What was inferred of the flow and its streams, and by what.
    pub(super) fn inferences(&self) -> impl Iterator<Item = Inference> {
        let of_streams = self.rtp_streams().map(Stream::inference);
        self.extensions.inferences().chain(of_streams)
    }

    /// The streams that are RTP.
    pub(super) fn rtp_streams(&self) -> impl Iterator<Item = &Stream> {
        self.streams.iter().filter(|stream| stream.admission != Admission::Undecided)
    }

    fn is_settled(&self) -> bool {
        self.extensions.is_settled() && self.srtp_tag_len.is_some()
    }

    /// Feeds what waits if nothing more is to be waited for.
    fn decide(&mut self, around: &mut Surroundings<'_>) {
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
            self.release_held(around);
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
    fn observe_late(&mut self, index: usize, at: CaptureTime, packet: &RtpPacket<'_>, config: &ReplayConfig) {
        if self.streams.get(index).is_some_and(|stream| !stream.is_settled()) {
            self.observe_clock(index, at, packet);
            if let Some(stream) = self.streams.get_mut(index) {
                stream.decide_at_last(config.media, false);
            }
        }
    }

    fn release_held(&mut self, around: &mut Surroundings<'_>) {
        let held = std::mem::take(&mut self.held);
        for packet in held.iter() {
            if let Ok(parsed) = RtpPacket::parse(packet.header, packet.meta.len_on_wire) {
                self.release(packet.at, &parsed, *packet.meta, around);
            }
        }
    }

    /// Counts a packet and feeds it, if its stream is fed.
    fn release(
        &mut self,
        at: CaptureTime,
        packet: &RtpPacket<'_>,
        note: PacketNote,
        around: &mut Surroundings<'_>,
    ) {
        let Some(index) = self.stream_index(packet.ssrc(), || None) else { return };
        let send_time = self.send_time(index, packet, at);
        let size = without_tag(packet.size(), self.srtp_tag_len.unwrap_or(0));
        let has_transport_cc =
            self.extensions.transport_cc.id.is_some_and(|id| packet.extension(id).is_some());
        let room = self.timeline.is_some() || around.ledger.flows_left > 0;
        let id_but_cut = self.extensions.abs_send_time.id.is_some() && header_is_cut(packet);
        let Some(stream) = self.streams.get_mut(index) else { return };
        let unfed = match stream.admission {
            Admission::Undecided => Some(Unfed::NotRtp),
            Admission::LeftOut(LeftOut::NotSelected) => Some(Unfed::NotSelected),
            Admission::Fed | Admission::LeftOut(LeftOut::Audio) if has_transport_cc => {
                Some(Unfed::TransportCc)
            }
            Admission::LeftOut(LeftOut::Audio) => Some(Unfed::Audio),
            Admission::Fed if !note.in_range => Some(Unfed::OutsideRange),
            Admission::Fed if id_but_cut && send_time == AbsSendTimeElement::Absent => Some(Unfed::HeaderCut),
            Admission::Fed if !room => Some(Unfed::Limit),
            Admission::Fed => None,
        };
        if stream.admission != Admission::Undecided {
            let sent = send_time.value();
            stream
                .stats
                .observe(packet, Reception { at, size, send_time: sent, is_truncated: note.truncated });
            stream.abs_send_times += u64::from(sent.is_some());
        }
        stream.transport_cc += u64::from(has_transport_cc);
        if let Some(unfed) = unfed {
            return around.ledger.unfed(unfed, note.frame);
        }
        let offset = self.extensions.transmission_offset.id.and_then(|id| packet.transmission_offset(id));
        let fed = FedPacket {
            at,
            ssrc: packet.ssrc(),
            send_time,
            rtp_timestamp: packet.timestamp(),
            transmission_offset: offset.unwrap_or(0),
            size,
        };
        if self.feed(&fed, note.order, around) {
            self.packets_fed += 1;
            if let Some(stream) = self.streams.get_mut(index) {
                stream.fed += 1;
            }
        } else {
            around.ledger.unfed(Unfed::NoSendTime, note.frame);
        }
    }

    /// Whether the packet was of use.
    fn feed(&mut self, packet: &FedPacket, place: CaptureTime, around: &mut Surroundings<'_>) -> bool {
        let (ledger, config) = (&mut around.ledger, around.config);
        let timeline = self.timeline.get_or_insert_with(|| {
            ledger.flows_left -= 1;
            config.timeline()
        });
        if self.bound_stream != Some(packet.ssrc) {
            self.bound_stream = Some(packet.ssrc);
            timeline.bind_stream(packet.ssrc);
        }
        let (order, emit) = (&mut self.order, &mut around.emit);
        timeline.handle_packet(packet, around.rtt, &mut |event_at, event| {
            let place = if event_at == packet.at { place } else { event_at };
            emit(in_order(order, place), event_at, event);
        })
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

/// A place in time that never decreases within a flow.
fn in_order(order: &mut Option<CaptureTime>, place: CaptureTime) -> CaptureTime {
    let place = order.map_or(place, |last| last.max(place));
    *order = Some(place);
    place
}

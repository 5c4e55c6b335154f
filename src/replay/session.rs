//! One directed flow: its packets wait until what they are is decided, then go to its timeline in order.

use crate::bwe::Controller;
use crate::flow::{FiveTuple, HoldBack};
use crate::rtp::infer::{AbsSendTimeEvidence, AbsSendTimeFinder, MediaClock};
use crate::rtp::{Reception, RtpPacket};
use crate::units::{AbsSendTime, AbsSendTimeElement, CaptureTime, FrameNumber, Ssrc};

use super::ReplayConfig;
use super::event::Event;
use super::ledger::{Ledger, Unfed};

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

/// How the id of abs-send-time is known.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum SendTimeId {
    /// Not yet.
    Unknown,
    /// By flag.
    Given(u8),
    /// By its behaviour.
    Inferred(AbsSendTimeEvidence),
    /// By flag: there is none.
    NotNegotiated,
}

impl SendTimeId {
    fn id(&self) -> Option<u8> {
        match self {
            Self::Given(id) => Some(*id),
            Self::Inferred(inferred) => Some(inferred.id),
            Self::Unknown | Self::NotNegotiated => None,
        }
    }
}

/// Where events of a flow go: their place in time, the time they carry, and what happened.
pub(super) type Emit<'a> = dyn FnMut(CaptureTime, CaptureTime, Event) + 'a;

/// A flow with RTP, or with what looks like it.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) flow: FiveTuple,
    pub(super) streams: Vec<Stream>,
    pub(super) send_time_id: SendTimeId,
    pub(super) packets_fed: u64,
    pub(super) timeline: Option<Timeline>,
    last_stream: usize,
    finder: AbsSendTimeFinder,
    /// Whether waiting for the id of abs-send-time is over, found or not.
    id_is_settled: bool,
    held: HoldBack<PacketNote>,
    order: Option<CaptureTime>,
}

impl Session {
    pub(super) fn new(flow: FiveTuple, config: &ReplayConfig) -> Self {
        Self {
            flow,
            streams: Vec::new(),
            send_time_id: match config.abs_send_time_id {
                None => SendTimeId::Unknown,
                Some(0) => SendTimeId::NotNegotiated,
                Some(id) => SendTimeId::Given(id),
            },
            packets_fed: 0,
            timeline: None,
            last_stream: 0,
            finder: AbsSendTimeFinder::default(),
            id_is_settled: config.abs_send_time_id.is_some(),
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
    #[allow(clippy::too_many_arguments, reason = "one packet's circumstances")]
    pub(super) fn handle_packet(
        &mut self,
        index: usize,
        at: CaptureTime,
        packet: &RtpPacket<'_>,
        note: PacketNote,
        config: &ReplayConfig,
        ledger: &mut Ledger,
        emit: &mut Emit<'_>,
    ) {
        if self.held.expired(at) {
            self.flush(config, ledger, emit);
        }
        let holding = !self.held.is_empty();
        let Some(stream) = self.streams.get_mut(index) else { return };
        let undecided = stream.admission == Admission::Undecided;
        if undecided {
            stream.observe_sequence(packet);
        }
        self.look_for_send_time(at, packet);
        if !holding && !undecided {
            self.observe_late(index, at, packet, config);
            self.release(at, packet, note, ledger, config, emit);
            return;
        }
        self.held.push(at, packet.header_bytes(), note);
        self.decide(index, at, packet, config, ledger, emit);
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
    pub(super) fn flush(&mut self, config: &ReplayConfig, ledger: &mut Ledger, emit: &mut Emit<'_>) {
        if self.held.is_empty() {
            return;
        }
        if !self.id_is_settled {
            self.refit_clocks();
        }
        for stream in &mut self.streams {
            stream.decide(config.media, true);
        }
        self.release_held(ledger, config, emit);
    }

    /// Runs timers due at or before `at`; a flow that holds packets back is not that far yet.
    pub(super) fn advance(&mut self, at: CaptureTime, emit: &mut Emit<'_>) {
        if let (true, Some(timeline)) = (self.held.is_empty(), &mut self.timeline) {
            let order = &mut self.order;
            timeline.advance(at, &mut |event_at, event| emit(in_order(order, event_at), event_at, event));
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

    /// The id of abs-send-time.
    pub(super) fn abs_send_time_id(&self) -> Option<u8> {
        self.send_time_id.id()
    }

    fn decide(
        &mut self,
        index: usize,
        at: CaptureTime,
        packet: &RtpPacket<'_>,
        config: &ReplayConfig,
        ledger: &mut Ledger,
        emit: &mut Emit<'_>,
    ) {
        if !self.id_is_settled {
            return;
        }
        let sent = send_time(packet, self.abs_send_time_id());
        if let Some(stream) =
            self.streams.get_mut(index).filter(|stream| stream.admission == Admission::Undecided)
        {
            stream.clock.observe(packet, sent, at);
            stream.decide(config.media, false);
        }
        if self.streams.iter().all(|stream| stream.admission != Admission::Undecided) {
            self.release_held(ledger, config, emit);
        }
    }

    /// Clocks are fitted against the send time, so they wait until its id is found or given up.
    fn look_for_send_time(&mut self, at: CaptureTime, packet: &RtpPacket<'_>) {
        if self.send_time_id != SendTimeId::Unknown {
            return;
        }
        self.finder.observe(packet, at);
        if let Some(evidence) = self.finder.found() {
            self.send_time_id = SendTimeId::Inferred(evidence);
            self.id_is_settled = true;
            self.refit_clocks();
        } else if !self.id_is_settled && !self.finder.may_yet_be_found() {
            self.id_is_settled = true;
            self.refit_clocks();
        }
    }

    /// Fits the clocks of all undecided streams to the packets that wait.
    fn refit_clocks(&mut self) {
        let id = self.abs_send_time_id();
        for stream in self.streams.iter_mut().filter(|stream| stream.admission == Admission::Undecided) {
            stream.clock = MediaClock::default();
            for held in self.held.iter() {
                match RtpPacket::parse(held.header, held.meta.len_on_wire) {
                    Ok(packet) if packet.ssrc() == stream.ssrc => {
                        stream.clock.observe(&packet, send_time(&packet, id), held.at);
                    }
                    _ => {}
                }
            }
        }
    }

    /// A stream that was admitted undecided may yet show itself to be audio, or its clock.
    fn observe_late(&mut self, index: usize, at: CaptureTime, packet: &RtpPacket<'_>, config: &ReplayConfig) {
        let id = self.abs_send_time_id();
        let Some(stream) = self.streams.get_mut(index).filter(|stream| !stream.is_settled()) else { return };
        stream.clock.observe(packet, send_time(packet, id), at);
        stream.decide(config.media, true);
    }

    fn release_held(&mut self, ledger: &mut Ledger, config: &ReplayConfig, emit: &mut Emit<'_>) {
        let held = std::mem::take(&mut self.held);
        for packet in held.iter() {
            if let Ok(parsed) = RtpPacket::parse(packet.header, packet.meta.len_on_wire) {
                self.release(packet.at, &parsed, *packet.meta, ledger, config, emit);
            }
        }
    }

    /// Counts a packet and feeds it, if its stream is fed.
    fn release(
        &mut self,
        at: CaptureTime,
        packet: &RtpPacket<'_>,
        note: PacketNote,
        ledger: &mut Ledger,
        config: &ReplayConfig,
        emit: &mut Emit<'_>,
    ) {
        let sent = send_time(packet, self.abs_send_time_id());
        let Some(index) = self.stream_index(packet.ssrc(), || None) else { return };
        let Some(stream) = self.streams.get_mut(index) else { return };
        let unfed = match stream.admission {
            Admission::Undecided => Some(Unfed::NotRtp),
            Admission::LeftOut(LeftOut::NotSelected) => Some(Unfed::NotSelected),
            Admission::LeftOut(LeftOut::Audio) => Some(Unfed::Audio),
            Admission::Fed if !note.in_range => Some(Unfed::OutsideRange),
            Admission::Fed if sent.is_none() && header_is_cut(packet) => Some(Unfed::HeaderCut),
            Admission::Fed if sent.is_none() => Some(Unfed::NoSendTime),
            Admission::Fed if self.timeline.is_none() && ledger.flows_left == 0 => Some(Unfed::Limit),
            Admission::Fed => None,
        };
        if stream.admission != Admission::Undecided {
            let size = packet.size();
            stream
                .stats
                .observe(packet, Reception { at, size, send_time: sent, is_truncated: note.truncated });
            stream.abs_send_times += u64::from(sent.is_some());
        }
        if let Some(unfed) = unfed {
            return ledger.unfed(unfed, note.frame);
        }
        let Some(send_time) = sent.map(AbsSendTimeElement::from) else { return };
        stream.fed += 1;
        let first_of_stream = stream.fed == 1;
        self.packets_fed += 1;
        let fed = FedPacket {
            at,
            ssrc: packet.ssrc(),
            send_time,
            rtp_timestamp: packet.timestamp(),
            transmission_offset: 0,
            size: packet.size(),
        };
        let timeline = self.timeline.get_or_insert_with(|| {
            ledger.flows_left -= 1;
            config.timeline()
        });
        if first_of_stream {
            timeline.bind_stream(fed.ssrc);
        }
        let order = &mut self.order;
        timeline.handle_packet(&fed, &mut |event_at, event| {
            let place = if event_at == at { note.order } else { event_at };
            emit(in_order(order, place), event_at, event);
        });
    }
}

/// The packet's send time, if it is readable.
fn send_time(packet: &RtpPacket<'_>, id: Option<u8>) -> Option<AbsSendTime> {
    packet.abs_send_time(id?).value()
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

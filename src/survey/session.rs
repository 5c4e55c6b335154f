//! One directed flow: its packets wait until what they are is decided, then go to its timeline in order.

use crate::capture::{Direction, Frame};
use crate::decode::{Carrier, Datagram};
use crate::flow::{FiveTuple, HoldBack};
use crate::report::summary::Inference;
use crate::rtp::infer::{MediaClock, SrtpVerdict};
use crate::rtp::{CaptureTimeClock, RtpPacket};
use crate::units::{CaptureTime, Count, FrameNumber, SeqNum, Ssrc};

use super::conversations::Conversations;
use super::extensions::Extensions;
use super::layout::Layout;
use super::ledger::Ledger;
use super::stream::{Admission, ElementIds, Stream, element_ids_of_rtp};
use super::streams::Streams;
use super::{Feed, FlowInfo, SurveyConfig};

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

impl PacketNote {
    #[inline]
    pub(super) fn new(
        frame: &Frame<'_>,
        datagram: &Datagram<'_>,
        packet: &RtpPacket<'_>,
        order: CaptureTime,
        in_range: bool,
    ) -> Self {
        Self {
            frame: frame.number,
            len_on_wire: packet.len_on_wire(),
            truncated: frame.is_truncated(),
            order,
            in_range,
            direction: datagram.direction,
            absurd_padding: packet.has_absurd_padding(),
        }
    }
}

/// What a session works with.
pub(super) struct Surroundings<'a> {
    pub(super) config: &'a SurveyConfig,
    pub(super) ledger: &'a mut Ledger,
    pub(super) conversations: &'a mut Conversations,
}

/// A flow with RTP, or with what looks like it.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) index: usize,
    pub(super) flow: FiveTuple,
    pub(super) ethernet: Option<[[u8; 6]; 2]>,
    /// Whether those who are fed know of it.
    pub(super) is_announced: bool,
    /// Further flows that were merged into this one.
    pub(super) also_on: Vec<FiveTuple>,
    pub(super) carrier: Carrier,
    /// Where RTCP of both directions is kept.
    pub(super) conversation: Option<usize>,
    pub(super) streams: Streams,
    pub(super) extensions: Extensions,
    /// Bytes of authentication tag at the end of every payload; `None` until it is decided.
    pub(super) srtp_tag_len: Option<usize>,
    /// Which header extensions its packets have.
    pub(super) layout: Layout,
    pub(super) first_frame: FrameNumber,
    pub(super) absurd_padding: Count,
    /// Packets whose header extensions the snaplen cut, while the id of the send time is not known.
    pub(super) cut_extensions: Count,
    /// Packets that the capturing host received and sent, where the capture says so.
    pub(super) received: u64,
    pub(super) sent: u64,
    pub(super) capture_times: CaptureTimeClock,
    pub(super) held: HoldBack<PacketNote>,
    /// Nothing waits, and of the flow nothing is to be found out any more.
    is_steady: bool,
}

impl Session {
    pub(super) fn new(
        FlowInfo { index, flow, ethernet }: FlowInfo,
        carrier: Carrier,
        conversation: Option<usize>,
        config: &SurveyConfig,
    ) -> Self {
        Self {
            index,
            flow,
            ethernet,
            is_announced: false,
            also_on: Vec::new(),
            carrier,
            conversation,
            streams: Streams::default(),
            extensions: Extensions::new(config),
            srtp_tag_len: config.srtp_tag_len,
            layout: Layout::default(),
            first_frame: FrameNumber(0),
            absurd_padding: Count::default(),
            cut_extensions: Count::default(),
            received: 0,
            sent: 0,
            capture_times: CaptureTimeClock::default(),
            held: HoldBack::default(),
            is_steady: false,
        }
    }

    /// The place of a stream of which no packet needs to wait and nothing is to be found out any more.
    #[inline]
    pub(super) fn steady_stream(&mut self, ssrc: Ssrc) -> Option<usize> {
        if !self.is_steady {
            return None;
        }
        let index = self.streams.place(ssrc)?;
        self.streams.get(index)?.is_steady.then_some(index)
    }

    /// Whether a packet of the stream at `index` is certain to be no repeat.
    #[inline]
    pub(super) fn is_next(&self, index: usize, number: SeqNum) -> bool {
        self.streams.get(index).is_some_and(|stream| stream.stats.is_next(number))
    }

    /// The same of a packet of any stream; packets that wait are not yet counted in it.
    pub(super) fn is_new(&mut self, packet: &RtpPacket<'_>) -> bool {
        let place = self.streams.place(packet.ssrc()).filter(|_| self.held.is_empty());
        place.is_some_and(|index| self.is_next(index, packet.sequence_number()))
    }

    /// Notes whether anything waits or is to be found out; after each change of that.
    pub(super) fn note_steadiness(&mut self) {
        self.is_steady =
            self.held.is_empty() && self.is_settled() && !self.extensions.abs_send_time.is_open();
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
        let Some(stream) = self.streams.get_mut(index) else { return };
        let undecided = !stream.is_decided();
        if undecided {
            stream.observe_sequence(packet);
        }
        let was_settled = self.extensions.is_settled();
        self.extensions.observe(packet, at);
        self.layout.set_ids(self.extensions.known_ids());
        let is_decided = self.streams.get(index).is_some_and(Stream::is_decided);
        if self.held.is_empty() && self.is_settled() && is_decided {
            self.observe_late(index, at, packet, around.config);
            self.release(index, at, packet, note, around, feed);
            return;
        }
        self.held.push(at, packet.header_bytes(), note);
        if !self.extensions.is_settled() {
            return;
        }
        let media = around.config.media;
        if !was_settled {
            self.refit_clocks();
            self.streams.iter_mut().for_each(|stream| stream.decide(media));
        } else if undecided {
            self.observe_clock(index, at, packet);
            self.streams.get_mut(index).into_iter().for_each(|stream| stream.decide(media));
        }
        self.release_if_decided(around, feed);
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
        let srtp = self.srtp(around);
        self.srtp_tag_len.get_or_insert(tag_len(srtp));
        let of_rtp = element_ids_of_rtp(self.streams.iter());
        for stream in self.streams.iter_mut() {
            stream.decide_at_last(around.config.media, of_rtp);
        }
        self.release_held(around, feed);
    }

    /// What was inferred of the flow and its streams, and by what.
    pub(super) fn inferences(&self) -> impl Iterator<Item = Inference> {
        let of_streams = self.rtp_streams().map(Stream::inference);
        self.extensions.inferences().chain(of_streams)
    }

    /// Forgets streams that were no RTP so far, unless their packets wait; says how many.
    pub(super) fn forget_others_than_rtp(&mut self) -> usize {
        if !self.held.is_empty() {
            return 0;
        }
        self.streams.forget_others_than_rtp()
    }

    /// Packets of all streams that were fed.
    pub(super) fn packets_fed(&self) -> u64 {
        self.streams.iter().map(|stream| stream.fed.count).sum()
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

    /// What RTCP and DTLS say of encryption.
    fn srtp(&self, around: &Surroundings<'_>) -> Option<SrtpVerdict> {
        around.conversations.get(self.conversation?)?.srtp.verdict()
    }

    /// Feeds what waits if nothing more is to be waited for.
    fn release_if_decided<F: Feed>(&mut self, around: &mut Surroundings<'_>, feed: &mut F) {
        let srtp = self.srtp(around);
        if self.srtp_tag_len.is_none() && srtp.is_some() {
            self.srtp_tag_len = Some(tag_len(srtp));
        }
        if self.streams.all_are_decided() && self.is_settled() {
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
                && let Some(index) = self.streams.place(parsed.ssrc())
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
        if self.streams.get_mut(index).is_some_and(|stream| !stream.is_settled()) {
            self.observe_clock(index, at, packet);
            if let Some(stream) = self.streams.get_mut(index) {
                stream.decide_at_last(config.media, ElementIds::default());
            }
        }
    }
}

/// How many bytes of each payload are an authentication tag.
fn tag_len(srtp: Option<SrtpVerdict>) -> usize {
    match srtp {
        Some(SrtpVerdict::Encrypted) => DEFAULT_TAG_LEN,
        Some(SrtpVerdict::Clear) | None => 0,
    }
}

/// HMAC-SHA1-80, which WebRTC prefers.
const DEFAULT_TAG_LEN: usize = 10;

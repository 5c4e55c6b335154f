//! One directed flow: its packets wait until what they are is decided, then go to its timeline in order.

use crate::capture::{Direction, Frame};
use crate::decode::FiveTuple;
use crate::decode::{Carrier, Datagram};
use crate::infer::SrtpVerdict;
use crate::model::Inference;
use crate::rtp::RtpPacket;
use crate::streams::CaptureTimeClock;
use crate::survey::holdback::HoldBack;
use crate::units::{CaptureTime, Count, FrameNumber, PayloadType, Ssrc};

use super::conversations::Conversations;
use super::extensions::Extensions;
use super::fed_with::FedWith;
use super::layout::Layout;
use super::ledger::Ledger;
use super::stream::{Admission, Stream};
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
pub(super) struct SessionContext<'a> {
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
    /// What was known when its first packet was fed.
    pub(super) fed_with: Option<FedWith>,
    /// Packets that were fed before more was known.
    pub(super) learned_after: Option<Count>,
    /// Since then extensions are sought; of earlier packets all is known.
    reopened: FrameNumber,
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
        let learned = config.learned.as_ref().and_then(|learned| learned.flow(&flow));
        Self {
            index,
            flow,
            ethernet,
            is_announced: false,
            also_on: Vec::new(),
            carrier,
            conversation,
            streams: Streams::default(),
            extensions: Extensions::new(config, learned),
            srtp_tag_len: config.said_tag_len().or(learned.and_then(|learned| learned.srtp_tag_len)),
            layout: Layout::default(),
            first_frame: FrameNumber(0),
            absurd_padding: Count::default(),
            cut_extensions: Count::default(),
            received: 0,
            sent: 0,
            capture_times: CaptureTimeClock::default(),
            held: HoldBack::default(),
            fed_with: None,
            learned_after: None,
            reopened: FrameNumber(0),
            is_steady: false,
        }
    }

    /// The place of a stream of which no packet needs to wait and nothing is to be found out any more.
    #[inline]
    pub(super) fn steady_stream(&mut self, ssrc: Ssrc, payload_type: PayloadType) -> Option<usize> {
        if !self.is_steady || self.layout.has_news() {
            return None;
        }
        let index = self.streams.place(ssrc)?;
        let stream = self.streams.get(index)?;
        (stream.is_steady && stream.stats.has_seen(payload_type)).then_some(index)
    }

    /// Notes whether anything waits or is to be found out; after each change of that.
    pub(super) fn note_steadiness(&mut self) {
        self.is_steady = self.held.is_empty() && self.is_settled() && self.extensions.are_final();
    }

    /// Takes a packet of the stream at `index`.
    pub(super) fn handle_packet<F: Feed>(
        &mut self,
        index: usize,
        at: CaptureTime,
        packet: &RtpPacket<'_>,
        note: PacketNote,
        context: &mut SessionContext<'_>,
        feed: &mut F,
    ) {
        if self.held.is_full() {
            self.flush(context, feed);
        }
        if !self.held.is_empty() {
            self.release_ready(Some(at), context, feed);
        }
        let is_new_to_layout = self.layout.take_news();
        if self.extensions.has_new_element(packet) || is_new_to_layout {
            if self.extensions.is_settled() {
                self.reopened = note.frame;
            }
            self.extensions.reopen();
        }
        let was_settled = self.extensions.is_settled();
        self.find_kind(index, packet, context.config);
        let streams = &self.streams;
        let send_time = self.extensions.abs_send_time.id;
        self.extensions.observe(packet, at, &|ssrc, payload_type| streams.clock_of(ssrc, payload_type));
        if send_time.is_some() && send_time != self.extensions.abs_send_time.id {
            self.forget_speed();
        }
        self.note_speed(index, packet.payload_type());
        self.layout.set_ids(self.extensions.known_ids());
        self.note_learned(note.frame);
        if self.held.is_empty() && self.is_ready(index, note.frame) {
            self.decide_again(index, packet, context.config);
            self.release(index, at, packet, note, context, feed);
            return;
        }
        self.held.push(at, packet.header_bytes(), note);
        if !self.extensions.is_settled() {
            return;
        }
        if was_settled {
            self.decide(index, context.config);
        } else {
            (0..self.streams.len()).for_each(|index| self.note_speed_of_last(index));
            (0..self.streams.len()).for_each(|index| self.decide(index, context.config));
        }
        self.note_srtp(context);
        self.release_ready(Some(at), context, feed);
    }

    /// Notes what is known before the first packet is fed, and when more was learned.
    fn note_learned(&mut self, frame: FrameNumber) {
        let Some(then) = self.fed_with.filter(|_| self.learned_after.is_none()) else { return };
        if self.known() == then {
            return;
        }
        match self.packets_fed() {
            0 => self.fed_with = Some(self.known()),
            count if self.knows_otherwise(then) => {
                self.learned_after = Some(Count { count, first_frame: frame.0 });
            }
            _ => {}
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

    /// Feeds what waits, in order, up to the first packet of which something is yet to be found out. A packet that
    /// waited long enough is fed with what evidence there is; `now` is `None` when no more evidence is to come.
    pub(super) fn release_ready<F: Feed>(
        &mut self,
        now: Option<CaptureTime>,
        context: &mut SessionContext<'_>,
        feed: &mut F,
    ) {
        let mut held = std::mem::take(&mut self.held);
        while let Some(first) = held.front() {
            let is_due = now.is_none_or(|now| held.first_is_due(now));
            if let Ok(packet) = RtpPacket::parse(first.header, first.meta.len_on_wire)
                && let Some(index) = self.streams.place(packet.ssrc())
            {
                if is_due {
                    self.decide_at_last(index, context.config);
                    self.settle(first.meta.frame, context);
                } else if !self.is_ready(index, first.meta.frame) {
                    break;
                }
                self.release(index, first.at, &packet, *first.meta, context, feed);
            }
            held.remove_first();
        }
        if held.is_empty() {
            held.clear();
        }
        self.held = held;
    }

    /// Whether a packet of the stream at `index` need not wait.
    fn is_ready(&self, index: usize, frame: FrameNumber) -> bool {
        let is_settled = self.srtp_tag_len.is_some() && self.knows_extensions_of(frame);
        is_settled && self.streams.get(index).is_some_and(Stream::is_decided)
    }

    /// Whether the elements of a packet are known, or that they cannot be.
    fn knows_extensions_of(&self, frame: FrameNumber) -> bool {
        self.extensions.is_settled() || frame < self.reopened
    }

    /// Feeds all that waits, with what evidence there is: the capture or the room for it is at its end.
    pub(super) fn flush<F: Feed>(&mut self, context: &mut SessionContext<'_>, feed: &mut F) {
        self.release_ready(None, context, feed);
    }

    /// The same at the capture's end: what is still not known is taken for what is most plausible, for a second reading.
    pub(super) fn finish<F: Feed>(&mut self, context: &mut SessionContext<'_>, feed: &mut F) {
        self.flush(context, feed);
        let streams = &self.streams;
        self.extensions.settle(&|ssrc, payload_type| streams.clock_of(ssrc, payload_type));
    }

    /// Takes of the flow what is most plausible, for a packet that is not to wait any longer.
    fn settle(&mut self, frame: FrameNumber, context: &mut SessionContext<'_>) {
        if !self.knows_extensions_of(frame) {
            let streams = &self.streams;
            self.extensions.settle(&|ssrc, payload_type| streams.clock_of(ssrc, payload_type));
            self.layout.set_ids(self.extensions.known_ids());
            self.note_learned(frame);
        }
        let srtp = self.srtp(context);
        self.srtp_tag_len.get_or_insert(tag_len(srtp));
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
    fn srtp(&self, context: &SessionContext<'_>) -> Option<SrtpVerdict> {
        context.conversations.get(self.conversation?)?.srtp.verdict()
    }

    /// Takes what is known of encryption.
    fn note_srtp(&mut self, context: &SessionContext<'_>) {
        if self.srtp_tag_len.is_none() {
            let srtp = self.srtp(context);
            self.srtp_tag_len = srtp.map(|srtp| tag_len(Some(srtp)));
        }
    }
}

/// How many bytes of each payload are an authentication tag.
pub(super) fn tag_len(srtp: Option<SrtpVerdict>) -> usize {
    match srtp {
        Some(SrtpVerdict::Encrypted) => DEFAULT_TAG_LEN,
        Some(SrtpVerdict::Clear) | None => 0,
    }
}

/// HMAC-SHA1-80, which WebRTC prefers.
const DEFAULT_TAG_LEN: usize = 10;

#[cfg(test)]
mod tests;

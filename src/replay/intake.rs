//! What comes in with a datagram: media goes to its flow's session, RTCP and DTLS to the conversation of both directions,
//! and everything is counted.

use crate::capture::Frame;
use crate::decode::Datagram;
use crate::flow::{FiveTuple, PacketClass, classify};
use crate::report::summary::Count;
use crate::rtp::RtpPacket;
use crate::units::CaptureTime;

use super::conversation::From;
use super::event::{Event, Stamped};
use super::ledger::Unfed;
use super::session::{PacketNote, Session};
use super::stream::{Described, Stream};
use super::{FlowInfo, Replay, TimeBound};

/// What was seen, flow or not.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) frames: u64,
    pub(super) classes: [u64; CLASSES.len()],
    pub(super) rtp_packets: u64,
    pub(super) truncated: u64,
    pub(super) time_steps_back: Count,
    pub(super) last_at: Option<CaptureTime>,
    pub(super) over_flow_limit: Count,
    pub(super) over_ssrc_limit: Count,
    pub(super) decided_early: Count,
}

pub(super) const CLASSES: [PacketClass; 8] = [
    PacketClass::Rtp,
    PacketClass::Rtcp,
    PacketClass::Stun,
    PacketClass::Dtls,
    PacketClass::TurnChannel,
    PacketClass::Quic,
    PacketClass::Zrtp,
    PacketClass::Other,
];

impl Replay {
    pub(super) fn handle_datagram(&mut self, frame: &Frame<'_>, datagram: &Datagram<'_>) {
        let class = classify(datagram.payload);
        if let Some(count) =
            CLASSES.iter().position(|known| *known == class).and_then(|at| self.counts.classes.get_mut(at))
        {
            *count += 1;
        }
        let flow = FiveTuple { source: datagram.source, destination: datagram.destination };
        if class != PacketClass::Rtp {
            self.handle_control(class, frame, &flow, datagram);
            return self.ledger.unfed(Unfed::NotRtpClass, frame.number);
        }
        let packet = match RtpPacket::parse(datagram.payload, datagram.payload_len) {
            Ok(packet) => packet,
            Err(_) => return self.ledger.unfed(Unfed::Malformed, frame.number),
        };
        self.counts.rtp_packets += 1;
        if self.dedup.is_repeat(frame.at, frame.number, &flow, &packet) && self.config.dedup {
            return self.ledger.unfed(Unfed::Duplicate, frame.number);
        }
        match self.session_index(frame, flow, datagram.ethernet) {
            Ok(session) => self.handle_rtp(session, frame, &packet),
            Err(reason) => self.ledger.unfed(reason, frame.number),
        }
    }

    /// What tells something of a flow without being its media.
    fn handle_control(
        &mut self,
        class: PacketClass,
        frame: &Frame<'_>,
        flow: &FiveTuple,
        datagram: &Datagram<'_>,
    ) {
        let index = match class {
            PacketClass::Rtcp => self.conversations.index_for_rtcp(flow, self.config.max_flows),
            PacketClass::Dtls => self.conversations.index(flow, self.config.max_flows),
            _ => None,
        };
        let Some(conversation) = index.and_then(|index| self.conversations.get_mut(index)) else { return };
        if class == PacketClass::Dtls {
            return conversation.srtp.observe_dtls(datagram.payload);
        }
        let (order, queue) = (self.clock, &mut self.queue);
        conversation.handle_rtcp(
            From::of(flow),
            datagram.payload,
            datagram.payload_len,
            frame.at,
            |session, remb| {
                queue.push(order, Stamped { at: frame.at, flow: session, event: Event::Recorded(remb) })
            },
        );
    }

    fn handle_rtp(&mut self, session: usize, frame: &Frame<'_>, packet: &RtpPacket<'_>) {
        let (streams, config, ssrc) = (self.streams, &self.config, packet.ssrc());
        let Some(known) = self.sessions.get_mut(session) else { return };
        let streams_before = known.streams.len();
        let index = known.stream_index(ssrc, || {
            let described = || config.sdp.as_ref().and_then(|sdp| Described::find(sdp, packet));
            (streams < config.max_ssrcs).then(|| Stream::new(ssrc, config.selects(ssrc), described()))
        });
        self.streams += known.streams.len() - streams_before;
        let Some(index) = index else {
            self.counts.over_ssrc_limit.add(frame.number.0);
            return self.ledger.unfed(Unfed::Limit, frame.number);
        };
        let note = PacketNote {
            frame: frame.number,
            len_on_wire: packet.len_on_wire(),
            truncated: frame.data.len() < usize::try_from(frame.original_len).unwrap_or(usize::MAX),
            order: self.clock,
            in_range: self.in_range(frame.at),
        };
        self.with_session(session, |session, around| {
            session.handle_packet(index, frame.at, packet, note, around);
        });
    }

    /// The session of a flow; a new one while there is room.
    fn session_index(
        &mut self,
        frame: &Frame<'_>,
        flow: FiveTuple,
        ethernet: Option<[[u8; 6]; 2]>,
    ) -> Result<usize, Unfed> {
        if let Some((last, index)) = self.last_flow
            && last == flow
        {
            return index.ok_or(self.unselected_or_limit(&flow));
        }
        let index = match self.by_flow.get(&flow) {
            Some(index) => *index,
            None if self.by_flow.len() >= self.config.max_flows => {
                self.counts.over_flow_limit.add(frame.number.0);
                return Err(Unfed::Limit);
            }
            None => {
                let wanted = self.config.flows.is_empty() || self.config.flows.contains(&flow);
                let index = wanted.then(|| self.new_session(flow, ethernet));
                self.by_flow.insert(flow, index);
                index
            }
        };
        self.last_flow = Some((flow, index));
        index.ok_or(self.unselected_or_limit(&flow))
    }

    fn new_session(&mut self, flow: FiveTuple, ethernet: Option<[[u8; 6]; 2]>) -> usize {
        let index = self.sessions.len();
        let conversation = self.conversations.index(&flow, self.config.max_flows);
        if let Some(conversation) = conversation.and_then(|place| self.conversations.get_mut(place)) {
            conversation.media(From::of(&flow)).session = Some(index);
        }
        self.sessions.push(Session::new(flow, conversation, &self.config));
        self.infos.push(FlowInfo { index, flow, ethernet });
        index
    }

    fn unselected_or_limit(&self, flow: &FiveTuple) -> Unfed {
        if self.config.flows.is_empty() || self.config.flows.contains(flow) {
            Unfed::Limit
        } else {
            Unfed::NotSelected
        }
    }

    fn in_range(&self, at: CaptureTime) -> bool {
        let first = self.first_at.unwrap_or(at).as_nanos();
        let nanos = |bound: TimeBound| match bound {
            TimeBound::SinceFirst(nanos) => first.saturating_add(nanos),
            TimeBound::At(at) => at.as_nanos(),
        };
        self.config.from.is_none_or(|from| at.as_nanos() >= nanos(from))
            && self.config.to.is_none_or(|to| at.as_nanos() <= nanos(to))
    }
}

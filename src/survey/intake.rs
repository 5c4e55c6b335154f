//! What comes in with a datagram: media goes to its flow's session, RTCP and DTLS to the conversation of both directions,
//! and everything is counted.

use std::collections::HashMap;

use crate::capture::Frame;
use crate::decode::Datagram;
use crate::flow::{FiveTuple, PacketClass, classify};
use crate::rtp::RtpPacket;
use crate::units::Ssrc;

use super::conversation::From;
use super::ledger::Unfed;
use super::session::{PacketNote, Session};
use super::stream::{Described, Stream};
use super::{Feed, FlowInfo, Line};

/// Which session a flow belongs to.
#[derive(Debug, Default)]
pub(super) struct Flows {
    /// `None`: not selected.
    by_flow: HashMap<FiveTuple, Option<usize>>,
    last: Option<(FiveTuple, Option<usize>)>,
    /// The session in which a stream was first seen; the flow that it came on.
    homes: HashMap<Ssrc, usize>,
    /// Streams of all sessions.
    streams: usize,
}

impl Line {
    pub(super) fn handle_datagram<F: Feed>(
        &mut self,
        frame: &Frame<'_>,
        datagram: &Datagram<'_>,
        feed: &mut F,
    ) {
        let class = classify(datagram.payload);
        self.tally.datagram(class, datagram, frame.number.0);
        let flow = FiveTuple { source: datagram.source, destination: datagram.destination };
        if class != PacketClass::Rtp {
            self.handle_control(class, frame, &flow, datagram, feed);
            return self.ledger.unfed(Unfed::NotRtpClass, frame.number);
        }
        let packet = match RtpPacket::parse(datagram.payload, datagram.payload_len) {
            Ok(packet) => packet,
            Err(_) => return self.ledger.unfed(Unfed::Malformed, frame.number),
        };
        self.tally.rtp_packets += 1;
        if self.dedup.is_repeat(frame.at, frame.number, &flow, &packet) && self.config.dedup {
            return self.ledger.unfed(Unfed::Duplicate, frame.number);
        }
        match self.session_index(frame, flow, datagram, feed) {
            Ok(session) => self.handle_rtp(session, frame, datagram, &packet, feed),
            Err(reason) => self.ledger.unfed(reason, frame.number),
        }
    }

    /// What tells something of a flow without being its media.
    fn handle_control<F: Feed>(
        &mut self,
        class: PacketClass,
        frame: &Frame<'_>,
        flow: &FiveTuple,
        datagram: &Datagram<'_>,
        feed: &mut F,
    ) {
        let max_flows = self.config.max_flows;
        let index = match class {
            PacketClass::Rtcp => self.conversations.index_for_rtcp(flow, max_flows),
            PacketClass::Dtls => self.conversations.index(flow, max_flows),
            _ => None,
        };
        let Some(conversation) = index.and_then(|index| self.conversations.get_mut(index)) else { return };
        if class == PacketClass::Dtls {
            return conversation.srtp.observe_dtls(datagram.payload);
        }
        conversation.handle_rtcp(From::of(flow), datagram, (frame.at, self.clock), feed);
    }

    fn handle_rtp<F: Feed>(
        &mut self,
        session: usize,
        frame: &Frame<'_>,
        datagram: &Datagram<'_>,
        packet: &RtpPacket<'_>,
        feed: &mut F,
    ) {
        let Self { config, sessions, flows, .. } = self;
        let ssrc = packet.ssrc();
        let Some(known) = sessions.get_mut(session) else { return };
        let room = flows.streams < config.max_ssrcs;
        let streams_before = known.streams.len();
        let index = known.stream_index(ssrc, || {
            let described = || config.sdp.as_ref().and_then(|sdp| Described::find(sdp, packet));
            room.then(|| Stream::new(ssrc, config.selects(ssrc), described()))
        });
        let Some(index) = index else {
            self.tally.over_ssrc_limit.add(frame.number.0);
            return self.ledger.unfed(Unfed::Limit, frame.number);
        };
        if known.streams.len() > streams_before {
            flows.streams += 1;
            let home = *flows.homes.entry(ssrc).or_insert(session);
            if config.merge_flows && home != session {
                return self.move_to(home, session, frame, datagram, packet, feed);
            }
        }
        let note = PacketNote {
            frame: frame.number,
            len_on_wire: packet.len_on_wire(),
            truncated: frame.is_truncated(),
            order: self.clock,
            in_range: self.config.in_range(self.first_at.unwrap_or(frame.at), frame.at),
            direction: datagram.direction,
            absurd_padding: packet.has_absurd_padding(),
        };
        self.with_session(session, feed, |session, around, feed| {
            session.handle_packet(index, frame.at, packet, note, around, feed);
        });
    }

    /// A stream that has come to another flow brings the flow along.
    fn move_to<F: Feed>(
        &mut self,
        home: usize,
        from: usize,
        frame: &Frame<'_>,
        datagram: &Datagram<'_>,
        packet: &RtpPacket<'_>,
        feed: &mut F,
    ) {
        if let Some(session) = self.sessions.get_mut(from) {
            session.streams.pop();
            self.flows.streams -= 1;
        }
        let flow = FiveTuple { source: datagram.source, destination: datagram.destination };
        self.flows.by_flow.insert(flow, Some(home));
        self.flows.last = None;
        if let Some(session) = self.sessions.get_mut(home) {
            session.also_on.push(flow);
        }
        self.handle_rtp(home, frame, datagram, packet, feed);
    }

    /// The session of a flow; a new one while there is room.
    fn session_index<F: Feed>(
        &mut self,
        frame: &Frame<'_>,
        flow: FiveTuple,
        datagram: &Datagram<'_>,
        feed: &mut F,
    ) -> Result<usize, Unfed> {
        if let Some((last, index)) = self.flows.last
            && last == flow
        {
            return index.ok_or(Unfed::NotSelected);
        }
        let index = match self.flows.by_flow.get(&flow) {
            Some(index) => *index,
            None if self.flows.by_flow.len() >= self.config.max_flows => {
                self.tally.over_flow_limit.add(frame.number.0);
                return Err(Unfed::Limit);
            }
            None => {
                let wanted = self.config.selects_flow(&flow);
                let index = wanted.then(|| self.new_session(flow, datagram, feed));
                self.flows.by_flow.insert(flow, index);
                index
            }
        };
        self.flows.last = Some((flow, index));
        index.ok_or(Unfed::NotSelected)
    }

    fn new_session<F: Feed>(&mut self, flow: FiveTuple, datagram: &Datagram<'_>, feed: &mut F) -> usize {
        let index = self.sessions.len();
        feed.flow(&FlowInfo { index, flow, ethernet: datagram.ethernet });
        let conversation = self.conversations.index(&flow, self.config.max_flows);
        if let Some(conversation) = conversation.and_then(|place| self.conversations.get_mut(place)) {
            conversation.media(From::of(&flow)).begin(index, feed);
        }
        self.sessions.push(Session::new(index, flow, datagram.carrier, conversation, &self.config));
        index
    }
}

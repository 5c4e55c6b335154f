//! What comes in with a datagram: media goes to its flow's session, RTCP and DTLS to the conversation of both directions,
//! and everything is counted.

use std::collections::HashMap;
use std::net::IpAddr;

use crate::capture::Frame;
use crate::decode::Datagram;
use crate::decode::FiveTuple;
use crate::rtp::{Malformed, RtpPacket};
use crate::rtp::{PacketClass, classify};
use crate::units::{CaptureTime, PayloadType, SeqNum, Ssrc, TimeDelta};

use super::conversation::SenderEnd;
use super::ledger::Skip;
use super::places::{Place, Places, flow_of};
use super::session::{PacketNote, Session, SessionContext};
use super::several::MAX_PAYLOAD;
use super::stream::{Described, Stream};
use super::{Feed, FlowInfo, MAX_HOLD, SurveyState};

/// All flows, and what their streams take up.
#[derive(Debug, Default)]
pub(super) struct Flows {
    places: Places,
    /// The session in which a stream was first seen, while flows are merged.
    homes: HashMap<Ssrc, usize>,
    /// When the first packet of a flow's stream was captured, of flows that are not selected too.
    first_packets: HashMap<(u32, Ssrc), CaptureTime>,
    /// Sessions by their hosts and streams; to be looked at, not to be trusted.
    pub(super) by_hosts: HashMap<(IpAddr, IpAddr, Ssrc), usize>,
    /// RTCP on ports of its own, by its flow: the media's flow that way.
    pub(super) rtcp_ports: HashMap<FiveTuple, FiveTuple>,
    /// Streams of all sessions.
    streams: usize,
    /// When room was last sought in vain.
    was_full_at: Option<CaptureTime>,
    /// Frames until room was last sought.
    sought_room_at: Option<u64>,
}

impl Flows {
    /// The place of a flow's session, if it is one that was selected.
    pub(super) fn session(&self, flow: &FiveTuple) -> Option<usize> {
        self.places.session(flow)
    }

    /// Flows that were not selected, in order of appearance.
    pub(super) fn unselected(&self) -> Vec<FiveTuple> {
        self.places.unselected()
    }

    /// When the first packet of a flow's stream was captured, if it was noted.
    pub(super) fn first_packet(&self, flow: &FiveTuple, ssrc: Ssrc) -> Option<CaptureTime> {
        let place = self.places.get(flow)?;
        self.first_packets.get(&(place.flow, ssrc)).copied()
    }

    /// Notes it, while there is room.
    fn note_packet(&mut self, flow: u32, ssrc: Ssrc, at: CaptureTime, max_streams: usize) {
        let has_room = self.first_packets.len() < max_streams;
        if has_room && !self.first_packets.contains_key(&(flow, ssrc)) {
            self.first_packets.insert((flow, ssrc), at);
        }
    }

    /// Whether a flow was seen and not selected.
    pub(super) fn is_left_out(&self, flow: &FiveTuple) -> bool {
        self.places.get(flow).is_some_and(|place| place.session.is_none())
    }

    /// The same of a datagram of a recent flow.
    pub(super) fn recent_session(&self, datagram: &Datagram<'_>) -> Option<usize> {
        self.places.recent(datagram)?.session
    }
}

/// Places and streams that are looked through for room, for each frame since it was last done.
const LOOKED_THROUGH_A_FRAME: usize = 8;

impl SurveyState {
    #[inline(always)]
    pub(super) fn handle_datagram<F: Feed>(
        &mut self,
        frame: &Frame<'_>,
        datagram: &Datagram<'_>,
        feed: &mut F,
    ) {
        let class = classify(datagram.payload, datagram.payload_len);
        if class != PacketClass::Rtp {
            return self.handle_control(class, frame, datagram, feed);
        }
        self.tally.datagram(PacketClass::Rtp, datagram);
        match datagram.payload_len {
            0..=MAX_PAYLOAD => self.handle_packet::<true, F>(frame, datagram, feed),
            _ => self.handle_large(frame, datagram, feed),
        }
    }

    /// An RTP packet; where `LOOKS`, what looks like one and may be several.
    /// Most are of a stream that is known, of a flow that was seen just before: without a way of their own inspect needs twice as many
    /// instructions, replay 1.6 times.
    #[inline(always)]
    pub(super) fn handle_packet<const LOOKS: bool, F: Feed>(
        &mut self,
        frame: &Frame<'_>,
        datagram: &Datagram<'_>,
        feed: &mut F,
    ) {
        // By reference: moved, it waits for its parts to be written (5 % of inspect's time).
        let parsed = RtpPacket::parse(datagram.payload, datagram.payload_len);
        let packet = match &parsed {
            Ok(packet) => packet,
            Err(Malformed::HeaderCut { .. }) => return self.ledger.skip_packet(Skip::CutShort, frame.number),
            Err(_) => return self.ledger.skip_packet(Skip::Malformed, frame.number),
        };
        let Self { config, sessions, flows, conversations, ledger, copies, .. } = self;
        let known = flows.places.recent(datagram);
        let session = known.and_then(|place| Some((place.flow, sessions.get_mut(place.session?)?)));
        let Some((flow, session)) = session else {
            return self.handle_unsteady::<LOOKS, F>(frame, datagram, packet, feed);
        };
        let steady = session.steady_stream(packet.ssrc(), packet.payload_type());
        let known = steady.and_then(|index| Some((index, session.streams.get_mut(index)?)));
        let Some((stream, known)) = known else {
            return self.handle_unsteady::<LOOKS, F>(frame, datagram, packet, feed);
        };
        let continues = known.stats.continues_with(packet.sequence_number());
        if LOOKS && (!continues || known.singles.is_larger(datagram.payload_len)) {
            return self.look_at(frame, datagram, feed);
        }
        let is_new = continues || known.stats.is_next(packet.sequence_number());
        if copies.leaves_out(packet, flow, &mut known.seen, (frame.at, frame.number), is_new) {
            session.count_copy(stream, frame.at, packet, datagram.direction);
            return ledger.skip_packet(Skip::Duplicate, frame.number);
        }
        known.recent.note(packet.timestamp());
        let in_range = self.range.contains(frame.at);
        let note = PacketNote::new(frame, datagram, packet, self.clock, in_range);
        let mut context = SessionContext { config, ledger, conversations };
        session.release_as((stream, true), frame.at, packet, note, &mut context, feed);
    }

    /// A packet of which something is yet to be found out, or of a flow whose packets wait.
    fn handle_unsteady<const LOOKS: bool, F: Feed>(
        &mut self,
        frame: &Frame<'_>,
        datagram: &Datagram<'_>,
        packet: &RtpPacket<'_>,
        feed: &mut F,
    ) {
        if LOOKS && self.may_be_several(datagram, packet) {
            return self.look_at(frame, datagram, feed);
        }
        let Some(place) = self.place_of(frame, datagram) else {
            return self.ledger.skip_packet(Skip::Limit, frame.number);
        };
        match place.session {
            Some(session) => self.handle_rtp((session, place.flow), frame, datagram, packet, feed),
            None => {
                self.flows.note_packet(place.flow, packet.ssrc(), frame.at, self.config.max_ssrcs);
                self.ledger.skip_packet(Skip::NotSelected, frame.number);
            }
        }
    }

    /// What tells something of a flow without being its media.
    #[cold]
    fn handle_control<F: Feed>(
        &mut self,
        class: PacketClass,
        frame: &Frame<'_>,
        datagram: &Datagram<'_>,
        feed: &mut F,
    ) {
        if class == PacketClass::Rtcp && self.is_marked_media(datagram) {
            self.tally.datagram(PacketClass::Rtp, datagram);
            return self.handle_packet::<false, F>(frame, datagram, feed);
        }
        self.tally.datagram(class, datagram);
        self.handle_uncounted(class, frame, datagram, feed);
    }

    /// The same once it is counted.
    pub(super) fn handle_uncounted<F: Feed>(
        &mut self,
        class: PacketClass,
        frame: &Frame<'_>,
        datagram: &Datagram<'_>,
        feed: &mut F,
    ) {
        if class == PacketClass::Rtcp {
            return self.handle_rtcp(frame, datagram, feed);
        }
        self.ledger.skip_packet(Skip::NotRtpClass, frame.number);
        if class == PacketClass::Dtls
            && let Some(index) = self.conversation_of(&flow_of(datagram), feed)
            && let Some(conversation) = self.conversations.get_mut(index)
        {
            conversation.srtp.observe_dtls(datagram.payload);
        }
    }

    /// Whether what could be RTCP is a packet of one of the flow's streams, with a payload type that the stream is known to
    /// have, and the marker bit.
    pub(super) fn is_marked_media(&mut self, datagram: &Datagram<'_>) -> bool {
        let Some(&[_, second, n0, n1, .., s0, s1, s2, s3]) = datagram.payload.first_chunk::<12>() else {
            return false;
        };
        let Some(session) = self.session_of(datagram) else { return false };
        let ssrc = Ssrc(u32::from_be_bytes([s0, s1, s2, s3]));
        let stream = session.streams.place(ssrc).and_then(|place| session.streams.get(place));
        let number = SeqNum(u16::from_be_bytes([n0, n1]));
        stream.is_some_and(|stream| stream.has_like(PayloadType(second & 0x7f), number))
    }

    /// The session of a datagram's flow, if it has one.
    pub(super) fn session_of(&mut self, datagram: &Datagram<'_>) -> Option<&mut Session> {
        let place = self.flows.session(&flow_of(datagram))?;
        self.sessions.get_mut(place)
    }

    fn handle_rtp<F: Feed>(
        &mut self,
        (session, flow): (usize, u32),
        frame: &Frame<'_>,
        datagram: &Datagram<'_>,
        packet: &RtpPacket<'_>,
        feed: &mut F,
    ) {
        let is_known = |known: &Session| known.streams.knows(packet.ssrc());
        if self.is_full() && !self.sessions.get(session).is_some_and(is_known) {
            self.make_room(frame.at);
            if self.sessions.get(session).is_none() {
                self.begin_session(session, flow_of(datagram), datagram);
            }
        }
        let Self { config, sessions, flows, copies, .. } = self;
        let ssrc = packet.ssrc();
        let room = flows.streams < config.max_ssrcs;
        let described = || {
            let log = config.log.as_ref().and_then(|log| Described::logged(log, ssrc, datagram.direction));
            config.sdp.as_ref().and_then(|sdp| Described::find(sdp, packet)).or(log)
        };
        let learned = |flow| config.learned.as_ref()?.flow(flow)?.streams.get(&ssrc).cloned();
        let known_as = sessions.get(session).map(|known| known.flow);
        let learned = || known_as.as_ref().and_then(learned);
        let new = || room.then(|| Stream::new(ssrc, config.selects(ssrc), described(), learned()));
        let known = sessions.get_mut(session);
        let Some((index, is_new)) = known.and_then(|known| known.streams.place_or_add(ssrc, new)) else {
            self.tally.over_ssrc_limit.add(frame.number.0);
            return self.ledger.skip_packet(Skip::Limit, frame.number);
        };
        if is_new {
            flows.streams += 1;
            let FiveTuple { source, destination, .. } = flow_of(datagram);
            flows.by_hosts.insert((source.ip(), destination.ip(), ssrc), session);
            flows.note_packet(flow, ssrc, frame.at, config.max_ssrcs);
            if config.merge_flows {
                let home = *flows.homes.entry(ssrc).or_insert(session);
                // A flow that has moved stays where it is, whatever else comes on it.
                let has_moved = sessions.get(session).is_some_and(|own| !own.flow.means(&flow_of(datagram)));
                if home != session && !has_moved && sessions.get(home).is_some() {
                    return self.move_to(home, (session, flow), frame, datagram, packet, feed);
                }
            }
        }
        let captured = (frame.at, frame.number);
        if let Some(known) = sessions.get_mut(session)
            && let Some(stream) = known.streams.get_mut(index)
            && copies.leaves_out(packet, flow, &mut stream.seen, captured, false)
        {
            known.count_copy(index, frame.at, packet, datagram.direction);
            return self.ledger.skip_packet(Skip::Duplicate, frame.number);
        }
        if is_new && self.conversations.await_stream(&flow_of(datagram), ssrc) {
            self.adopt_rembs(&flow_of(datagram), ssrc, feed);
        }
        let in_range = self.range.contains(frame.at);
        let note = PacketNote::new(frame, datagram, packet, self.clock, in_range);
        self.with_session(session, feed, |session, context, feed| {
            session.handle_packet(index, frame.at, packet, note, context, feed);
        });
    }

    /// A stream that has come to another flow brings the flow along.
    fn move_to<F: Feed>(
        &mut self,
        home: usize,
        (from, number): (usize, u32),
        frame: &Frame<'_>,
        datagram: &Datagram<'_>,
        packet: &RtpPacket<'_>,
        feed: &mut F,
    ) {
        if let Some(session) = self.sessions.get_mut(from) {
            session.streams.remove_last();
            self.flows.streams -= 1;
        }
        let flow = flow_of(datagram);
        self.flows.places.move_to(&flow, home);
        if let Some(session) = self.sessions.get_mut(home) {
            session.also_on.push(self.flows.places.name(&flow));
        }
        self.handle_rtp((home, number), frame, datagram, packet, feed);
    }

    /// The place of a datagram's flow, and its session if it is selected; `None` beyond the limit.
    fn place_of(&mut self, frame: &Frame<'_>, datagram: &Datagram<'_>) -> Option<Place> {
        match self.flows.places.recent(datagram) {
            Some(place) if place.session.is_none_or(|index| self.sessions.get(index).is_some()) => {
                Some(*place)
            }
            _ => self.find_place(frame, datagram),
        }
    }

    /// The same by the flow's addresses; a session is begun while there is room.
    fn find_place(&mut self, frame: &Frame<'_>, datagram: &Datagram<'_>) -> Option<Place> {
        let flow = flow_of(datagram);
        let place = match self.flows.places.get(&flow) {
            Some(place) => place,
            None if self.flows.places.len() >= self.config.max_flows => {
                self.tally.over_flow_limit.add(frame.number.0);
                return None;
            }
            None => {
                let wanted = self.config.selects_flow(&flow);
                let session = wanted.then(|| self.sessions.new_place());
                self.flows.places.add(flow, session)
            }
        };
        if let Some(index) = place.session
            && self.sessions.get(index).is_none()
        {
            if self.is_full() {
                self.make_room(frame.at);
            }
            self.begin_session(index, flow, datagram);
        }
        self.flows.places.remember(datagram, place);
        Some(place)
    }

    /// A session, while there is room for a stream in it.
    fn begin_session(&mut self, index: usize, flow: FiveTuple, datagram: &Datagram<'_>) {
        if self.is_full() {
            return;
        }
        let conversation = self.conversations.find(&flow);
        if let Some(place) = conversation {
            self.conversations.give_session((place, SenderEnd::of(&flow)), index);
        }
        let name = self.flows.places.name(&flow);
        let info = FlowInfo { index, flow: name, ethernet: datagram.ends.ethernet };
        self.sessions.put(index, Session::new(info, datagram.carrier, conversation, &self.config));
    }

    /// Whether there is no room for another stream.
    fn is_full(&self) -> bool {
        self.flows.streams >= self.config.max_ssrcs
    }

    /// Forgets what was no RTP so far: a new stream needs its room. Where that was in vain it is not tried again before
    /// what waits now has been decided; and never so often that it would be the frames' main work.
    fn make_room(&mut self, at: CaptureTime) {
        let frames = self.tally.frames;
        let work = (self.sessions.places() + self.flows.streams) / LOOKED_THROUGH_A_FRAME;
        let is_too_soon = self.flows.sought_room_at.is_some_and(|then| frames - then < work as u64);
        let was_full = self.flows.was_full_at.is_some_and(|then| {
            let since = at.to_timestamp() - then.to_timestamp();
            (TimeDelta::ZERO..=MAX_HOLD).contains(&since)
        });
        if is_too_soon || was_full {
            return;
        }
        self.flows.sought_room_at = Some(frames);
        let freed = self.sessions.make_room();
        self.flows.streams -= freed;
        self.flows.was_full_at = (freed < self.config.max_ssrcs / 8).then_some(at);
        let sessions = &self.sessions;
        self.conversations.forget_early(|session| sessions.get(session).is_some());
        self.flows.by_hosts.retain(|(.., ssrc), place| {
            sessions.get(*place).is_some_and(|session| session.streams.knows(*ssrc))
        });
        self.flows
            .homes
            .retain(|ssrc, home| sessions.get(*home).is_some_and(|home| home.streams.knows(*ssrc)));
    }
}

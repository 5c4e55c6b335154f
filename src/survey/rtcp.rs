//! Which flow RTCP speaks of, and which one a REMB in it steers: by ports, and where these tell nothing by the SSRCs that
//! it names.

use std::net::IpAddr;

use crate::capture::Frame;
use crate::decode::Datagram;
use crate::decode::FiveTuple;
use crate::model::{Unusable, Unusables};
use crate::rtp::{Block, Blocks, Report};
use crate::units::Ssrc;
use remb::CapturedRemb;

use super::conversation::{SenderEnd, below};
use super::early::EarlyRemb;
use super::ledger::Skip;
use super::places::{flow_of, transport_of};
use super::session::Session;
use super::{Feed, SurveyState};

/// Pairs of ports that were found to be those of another flow's RTCP.
const MAX_RTCP_PORTS: usize = 8192;

impl SurveyState {
    #[cold]
    pub(super) fn handle_rtcp<F: Feed>(&mut self, frame: &Frame<'_>, datagram: &Datagram<'_>, feed: &mut F) {
        let flow = flow_of(datagram);
        if self.rtcp_copies.is_copy(frame.at, &flow, datagram) {
            return self.ledger.skip_packet(Skip::RtcpCopy, frame.number);
        }
        self.ledger.skip_packet(Skip::NotRtpClass, frame.number);
        let media = self.media_of_rtcp(&flow, datagram);
        let Some(index) = self.conversation_of(&media, feed) else {
            return self.tally.over_conversation_limit.add(frame.number.0);
        };
        let Self { flows, conversations, config, .. } = self;
        // What it sends itself goes the other way than what is said of it.
        let first_packet_of = |ssrc| {
            let created = config.log.as_ref().and_then(|log| log.sender_created(ssrc));
            created.or_else(|| flows.first_packet(&media.reversed(), ssrc))
        };
        let rembs = conversations.handle_rtcp(
            (index, SenderEnd::of(&media)),
            datagram,
            frame.at,
            first_packet_of,
            feed,
        );
        for remb in rembs {
            self.handle_remb(&media, remb, frame, feed);
        }
    }

    /// A REMB that goes the way of `media`, and so steers what comes the other way.
    fn handle_remb<F: Feed>(
        &mut self,
        media: &FiveTuple,
        remb: Result<CapturedRemb, Unusable>,
        frame: &Frame<'_>,
        feed: &mut F,
    ) {
        if !self.range.contains(frame.at) {
            return;
        }
        let steered = remb.and_then(|remb| Ok((self.steered_by(media, &remb)?, remb)));
        let by_ports = media.reversed();
        let Some(index) = self.conversation_of(steered.as_ref().map_or(&by_ports, |(flow, _)| flow), feed)
        else {
            return self.tally.over_conversation_limit.add(frame.number.0);
        };
        match steered {
            Ok((flow, remb)) => {
                let remb = EarlyRemb { at: frame.at, order: self.clock, frame: frame.number.0, remb };
                self.conversations.handle_remb((index, SenderEnd::of(&flow)), remb, feed);
            }
            Err(why) => {
                if let Some(conversation) = self.conversations.get_mut(index) {
                    conversation.media(SenderEnd::of(&by_ports)).unusable.add(why, frame.number.0);
                }
            }
        }
    }

    /// The flow that a REMB steers: that of its ports if this has one of the streams listed, else the one between the same
    /// hosts that has; where none is known that of its ports, for it may come yet.
    fn steered_by(&self, media: &FiveTuple, remb: &CapturedRemb) -> Result<FiveTuple, Unusable> {
        let by_ports = media.reversed();
        let listed = remb.ssrcs.as_deref().unwrap_or(&[]);
        let has_listed = |flow: &FiveTuple| {
            self.session_on(flow)
                .is_some_and(|session| listed.iter().any(|ssrc| session.streams.knows(*ssrc)))
        };
        let between =
            |from: IpAddr, to: IpAddr| listed.iter().find_map(|ssrc| self.flow_between((from, to), *ssrc));
        let (from, to) = (by_ports.source.ip(), by_ports.destination.ip());
        if has_listed(&by_ports) {
            return Ok(by_ports);
        }
        if let Some(flow) = between(from, to) {
            return if from == to && flow == *media { Err(Unusable::OwnDirection) } else { Ok(flow) };
        }
        let is_alone = listed.is_empty() && self.session_on(&by_ports).is_none();
        let goes_with_media = (is_alone && self.session_on(media).is_some()) || between(to, from).is_some();
        if goes_with_media { Err(Unusable::OwnDirection) } else { Ok(by_ports) }
    }

    /// The flow whose media RTCP speaks of, in the direction that the RTCP goes: that of its own ports, or, without RTP
    /// there, that of the ports below them (RFC 3550 section 11), else that of the streams that it names.
    fn media_of_rtcp(&mut self, flow: &FiveTuple, datagram: &Datagram<'_>) -> FiveTuple {
        let has_media =
            |flow: &FiveTuple| self.session_on(flow).or_else(|| self.session_on(&flow.reversed())).is_some();
        if has_media(flow) {
            return *flow;
        }
        if let Some(below) = below(flow).filter(has_media) {
            return below;
        }
        if let Some(known) = self.flows.rtcp_ports.get(flow) {
            return *known;
        }
        let Some(named) = self.media_named(flow, datagram) else { return *flow };
        if self.flows.rtcp_ports.len() < MAX_RTCP_PORTS {
            self.flows.rtcp_ports.insert(*flow, named);
            self.flows.rtcp_ports.insert(flow.reversed(), named.reversed());
        }
        named
    }

    fn media_named(&self, flow: &FiveTuple, datagram: &Datagram<'_>) -> Option<FiveTuple> {
        let (from, to) = (flow.source.ip(), flow.destination.ip());
        let received = |ssrc| self.flow_between((to, from), ssrc).map(|media| media.reversed());
        let sent = |ssrc| self.flow_between((from, to), ssrc);
        Blocks::new(datagram.payload, datagram.payload_len).find_map(|block| {
            let sender = block.sender_ssrc().and_then(sent);
            sender.or_else(|| named_by(&block).into_iter().find_map(received))
        })
    }

    /// The flow from one host to another that has a stream.
    fn flow_between(&self, (from, to): (IpAddr, IpAddr), ssrc: Ssrc) -> Option<FiveTuple> {
        let place = self.flows.by_hosts.get(&(from, to, ssrc))?;
        let session = self.sessions.get(*place)?;
        session.streams.knows(ssrc).then(|| session.flow.over(transport_of(session.carrier)))
    }

    fn session_on(&self, flow: &FiveTuple) -> Option<&Session> {
        self.flows.session(flow).and_then(|place| self.sessions.get(place))
    }

    /// What both directions of a flow say of each other; its sessions get to know it.
    pub(super) fn conversation_of<F: Feed>(&mut self, flow: &FiveTuple, feed: &mut F) -> Option<usize> {
        let (index, is_new) = self.conversations.find_or_begin(flow)?;
        if !is_new {
            return Some(index);
        }
        for flow in [*flow, flow.reversed()] {
            let Some(place) = self.flows.session(&flow) else { continue };
            let Some(session) = self.sessions.get_mut(place) else { continue };
            session.conversation = Some(index);
            self.conversations.give_session((index, SenderEnd::of(&flow)), place);
            if session.is_announced {
                self.conversations.begin((index, SenderEnd::of(&flow)), place, feed);
            }
        }
        Some(index)
    }

    /// A stream has begun, of which REMBs on other ports may have spoken already.
    #[cold]
    pub(super) fn adopt_rembs<F: Feed>(&mut self, flow: &FiveTuple, ssrc: Ssrc, feed: &mut F) {
        if let Some(index) = self.conversation_of(flow, feed) {
            self.conversations.adopt(flow, ssrc, (index, SenderEnd::of(flow)), feed);
        }
    }

    /// REMBs that are not used, by reason.
    pub(super) fn unusable_rembs(&self) -> Unusables {
        let mut all = Unusables::default();
        for conversation in self.conversations.iter() {
            for sender in [SenderEnd::Lower, SenderEnd::Higher] {
                let (flow, direction) = (conversation.flow_of(sender), conversation.media_of(sender));
                all.join(&direction.unusable);
                if self.may_steer(&flow) {
                    let is_rtp = |place| self.sessions.get(place).is_some_and(Session::carries_rtp);
                    all.add_all(Unusable::NoFlow, direction.ownerless(is_rtp));
                }
            }
        }
        all
    }

    /// Whether a flow on these ports, or on those below, might be looked at: all but those that `--flow` leaves out.
    fn may_steer(&self, flow: &FiveTuple) -> bool {
        let is_left_out = |flow: &FiveTuple| self.flows.is_left_out(flow);
        let selected = &self.config.flows;
        let has_hosts = selected.is_empty() || selected.iter().any(|selected| selected.has_hosts_of(flow));
        has_hosts && !is_left_out(flow) && !below(flow).as_ref().is_some_and(is_left_out)
    }
}

/// Streams whose reception a block is about.
fn named_by(block: &Block<'_>) -> Vec<Ssrc> {
    let reported = match block.report() {
        Some(Report::Sender(report)) => report.blocks.map(|block| block.ssrc).collect(),
        Some(Report::Receiver(report)) => report.blocks.map(|block| block.ssrc).collect(),
        Some(Report::Extended(_)) | None => Vec::new(),
    };
    let listed = block.remb().ok().and_then(|remb| remb.ssrcs);
    [reported, listed.unwrap_or_default()].concat()
}

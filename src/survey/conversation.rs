//! What both directions of a 5-tuple say of each other: RTCP gives a flow its round trip times and the REMBs that its
//! receiver really sent; DTLS and RTCP tell whether it is encrypted.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;

use crate::decode::Datagram;
use crate::flow::FiveTuple;
use crate::remb::CapturedRemb;
use crate::report::summary::Recorded;
use crate::rtp::infer::{SrtpDetector, SrtpVerdict};
use crate::rtp::{Blocks, CapturePoint, RttSample, RttSampler, Side, Turnaround};
use crate::units::{CaptureTime, TimeDelta};

use super::Feed;

/// Two hosts that talk over one pair of ports.
#[derive(Debug, Default)]
pub(super) struct Conversation {
    pub(super) srtp: SrtpDetector,
    pub(super) turnaround: Turnaround,
    /// By the media's direction: from the lower address to the higher, and back.
    pub(super) directions: [Direction; 2],
}

/// What is known of one directed media flow from RTCP.
#[derive(Debug, Default)]
pub(super) struct Direction {
    /// The flow's session, once it has one.
    pub(super) session: Option<usize>,
    pub(super) sampler: RttSampler,
    pub(super) rtt: RttTally,
    /// Samples from before the flow's first packet.
    early: VecDeque<RttSample>,
    pub(super) recorded: RecordedRembs,
    /// RTCP by type, of the media's sender and of its receiver.
    pub(super) rtcp_of_sender: RtcpTypes,
    pub(super) rtcp_of_receiver: RtcpTypes,
}

/// More than a flow's estimate could make use of; beyond, the oldest are dropped.
const MAX_EARLY: usize = 1024;

/// How many round trip times, and of what range.
#[derive(Debug, Default)]
pub(super) struct RttTally {
    pub(super) count: u64,
    /// The smallest and the largest.
    pub(super) range: Option<(TimeDelta, TimeDelta)>,
}

/// RTCP packets by type, 192 to 223.
#[derive(Debug, Default)]
pub(super) struct RtcpTypes([u64; 32]);

const FIRST_RTCP_TYPE: u8 = 192;

impl RtcpTypes {
    fn add(&mut self, packet_type: u8) {
        let place = packet_type.checked_sub(FIRST_RTCP_TYPE).map(usize::from);
        if let Some(count) = place.and_then(|place| self.0.get_mut(place)) {
            *count += 1;
        }
    }

    /// Types seen, ascending, and how often.
    pub(super) fn seen(&self) -> impl Iterator<Item = (u8, u64)> {
        (FIRST_RTCP_TYPE..).zip(self.0).filter(|(_, count)| *count > 0)
    }
}

impl Direction {
    /// The flow has a session now.
    pub(super) fn begin<F: Feed>(&mut self, session: usize, feed: &mut F) {
        self.session = Some(session);
        self.early.drain(..).for_each(|sample| feed.rtt(session, sample));
    }

    fn sample<F: Feed>(&mut self, sample: RttSample, feed: &mut F) {
        self.rtt.count += 1;
        let (least, most) = self.rtt.range.unwrap_or((sample.rtt, sample.rtt));
        self.rtt.range = Some((least.min(sample.rtt), most.max(sample.rtt)));
        match self.session {
            Some(session) => feed.rtt(session, sample),
            None => {
                if self.early.len() >= MAX_EARLY {
                    self.early.pop_front();
                }
                self.early.push_back(sample);
            }
        }
    }
}

/// The REMBs that steer one flow.
#[derive(Debug, Default)]
pub(super) struct RecordedRembs {
    last: Option<CapturedRemb>,
    pub(super) tally: Recorded,
}

impl RecordedRembs {
    /// Takes the next REMB; whether it is another than the one before.
    fn observe(&mut self, remb: &CapturedRemb) -> bool {
        self.tally.count += 1;
        self.tally.cut += u64::from(remb.ssrcs.is_none());
        if self.last.as_ref().is_some_and(|last| remb.is_repeat_of(last)) {
            self.tally.repeats += 1;
            return false;
        }
        let bps = remb.bitrate.as_bps();
        self.tally.sender_ssrc = Some(remb.sender_ssrc.to_string());
        self.tally.first_bps.get_or_insert(bps);
        self.tally.last_bps = Some(bps);
        self.tally.min_bps = Some(self.tally.min_bps.map_or(bps, |min| min.min(bps)));
        self.tally.max_bps = Some(self.tally.max_bps.map_or(bps, |max| max.max(bps)));
        self.last = Some(remb.clone());
        true
    }
}

/// Who sends: the lower of the two addresses, or the higher.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum From {
    Lower,
    Higher,
}

impl From {
    /// The one who sends on a flow.
    pub(super) fn of(flow: &FiveTuple) -> Self {
        if flow.source <= flow.destination { Self::Lower } else { Self::Higher }
    }

    const fn other(self) -> Self {
        match self {
            Self::Lower => Self::Higher,
            Self::Higher => Self::Lower,
        }
    }

    const fn side(self) -> Side {
        match self {
            Self::Lower => Side::A,
            Self::Higher => Side::B,
        }
    }
}

impl Conversation {
    /// What is known of the media that `sender` sends.
    pub(super) fn media(&mut self, sender: From) -> &mut Direction {
        let [lower, higher] = &mut self.directions;
        match sender {
            From::Lower => lower,
            From::Higher => higher,
        }
    }

    /// The same, to look at.
    pub(super) fn media_of(&self, sender: From) -> &Direction {
        let [lower, higher] = &self.directions;
        match sender {
            From::Lower => lower,
            From::Higher => higher,
        }
    }

    /// At whose end the capture was taken, as far as RTCP tells, and by what.
    pub(super) fn captured_at(&self) -> Option<(From, CapturePoint)> {
        let point = self.turnaround.captured_at()?;
        let end = match point.near {
            Side::A => From::Lower,
            Side::B => From::Higher,
        };
        Some((end, point))
    }

    /// Takes an RTCP datagram of `sender`, captured `at`; `order` is the latest frame time.
    pub(super) fn handle_rtcp<F: Feed>(
        &mut self,
        sender: From,
        datagram: &Datagram<'_>,
        (at, order): (CaptureTime, CaptureTime),
        feed: &mut F,
    ) {
        let (captured, len_on_wire) = (datagram.payload, datagram.payload_len);
        self.srtp.observe_rtcp(captured, len_on_wire);
        let encrypted = self.srtp.verdict().is_some_and(|verdict| verdict != SrtpVerdict::Clear);
        let steered = &mut self.media(sender.other()).recorded.tally;
        steered.rtcp_packets += 1;
        steered.rtcp_unreadable += u64::from(encrypted);
        // Of an encrypted compound the first header can be read, and no more.
        let readable = if encrypted { 1 } else { usize::MAX };
        let mut samples = Vec::new();
        for block in Blocks::new(captured, len_on_wire).take(readable) {
            self.media(sender).rtcp_of_sender.add(block.packet_type);
            self.media(sender.other()).rtcp_of_receiver.add(block.packet_type);
            if encrypted {
                return;
            }
            self.turnaround.observe(sender.side(), &block, at);
            let own = self.media(sender);
            own.sampler.observe_incoming(&block, at, &mut samples);
            samples.drain(..).for_each(|sample| own.sample(sample, feed));
            let steered = self.media(sender.other());
            steered.sampler.observe_outgoing(&block, at);
            if let Ok(remb) = CapturedRemb::from_block(&block)
                && steered.recorded.observe(&remb)
                && let Some(session) = steered.session
            {
                feed.recorded(session, at, order, remb);
            }
        }
    }
}

/// All conversations of a capture.
#[derive(Debug, Default)]
pub(super) struct Conversations {
    /// By the flow from the lower address to the higher.
    by_pair: HashMap<FiveTuple, usize>,
    all: Vec<Conversation>,
}

impl Conversations {
    /// The place of a flow's conversation; a new one while there are fewer than `max`.
    pub(super) fn index(&mut self, flow: &FiveTuple, max: usize) -> Option<usize> {
        let pair = pair_of(flow);
        if let Some(index) = self.by_pair.get(&pair) {
            return Some(*index);
        }
        if self.all.len() >= max {
            return None;
        }
        self.all.push(Conversation::default());
        self.by_pair.insert(pair, self.all.len() - 1);
        Some(self.all.len() - 1)
    }

    /// The place of the conversation that RTCP belongs to: that of its own ports, or, without RTP there, that of the
    /// ports below them (RFC 3550 section 11).
    pub(super) fn index_for_rtcp(&mut self, flow: &FiveTuple, max: usize) -> Option<usize> {
        let has_media = |index: &usize| {
            let directions = self.all.get(*index).map(|conversation| &conversation.directions);
            directions.is_some_and(|directions| directions.iter().any(|media| media.session.is_some()))
        };
        let own = self.by_pair.get(&pair_of(flow)).filter(|index| has_media(index));
        let below = || self.by_pair.get(&pair_of(&below(flow)?)).filter(|index| has_media(index));
        match own.or_else(below) {
            Some(index) => Some(*index),
            None => self.index(flow, max),
        }
    }

    pub(super) fn get(&self, index: usize) -> Option<&Conversation> {
        self.all.get(index)
    }

    pub(super) fn get_mut(&mut self, index: usize) -> Option<&mut Conversation> {
        self.all.get_mut(index)
    }
}

fn pair_of(flow: &FiveTuple) -> FiveTuple {
    match From::of(flow) {
        From::Lower => *flow,
        From::Higher => flow.reversed(),
    }
}

/// The flow on the ports below.
fn below(flow: &FiveTuple) -> Option<FiveTuple> {
    let below = |address: SocketAddr| Some(SocketAddr::new(address.ip(), address.port().checked_sub(1)?));
    Some(FiveTuple { source: below(flow.source)?, destination: below(flow.destination)? })
}

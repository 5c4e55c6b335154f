//! What both directions of a 5-tuple say of each other: RTCP gives a flow its round trip times and the REMBs that its
//! receiver really sent; DTLS and RTCP tell whether it is encrypted.

use std::net::SocketAddr;

use crate::decode::Datagram;
use crate::decode::FiveTuple;
use crate::infer::{SrtpDetector, SrtpVerdict};
use crate::model::{Unusable, Unusables};
use crate::rtp::{Blocks, CompoundEnd};
use crate::streams::{CapturePoint, RttSampler, Side, Turnaround};
use crate::units::{CaptureTime, Count, Ssrc, TimeDelta};
use remb::CapturedRemb;
use remb::rtt::{RttSample, SampleOf};

use super::Feed;
use super::early::{Early, EarlyRemb};
use super::recorded::{RecordedRembs, RtcpTypes};
use super::unusable::{read_remb, rembs_within};

/// Two hosts that talk over one pair of ports.
#[derive(Debug)]
pub(super) struct Conversation {
    /// The flow from the lower address to the higher.
    pub(super) pair: FiveTuple,
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
    /// Whether the session is fed.
    pub(super) is_fed: bool,
    pub(super) sampler: RttSampler,
    pub(super) rtt: RttTally,
    /// What came while it was not yet known whether the flow is RTP.
    pub(super) early: Early,
    pub(super) recorded: RecordedRembs,
    /// REMBs of the media's receiver that are not used.
    pub(super) unusable: Unusables,
    /// RTCP by type, of the media's sender and of its receiver.
    pub(super) rtcp_of_sender: RtcpTypes,
    pub(super) rtcp_of_receiver: RtcpTypes,
}

/// How many round trip times, and of what range.
#[derive(Debug, Default)]
pub(super) struct RttTally {
    pub(super) count: u64,
    /// The smallest and the largest.
    pub(super) range: Option<(TimeDelta, TimeDelta)>,
}

impl Direction {
    /// The flow's session is fed from now on.
    pub(super) fn begin<F: Feed>(&mut self, session: usize, feed: &mut F) {
        self.is_fed = true;
        self.early.give(session, feed);
    }

    /// Takes a REMB that steers the flow, counted if it is known whose it is.
    pub(super) fn remb<F: Feed>(&mut self, remb: EarlyRemb, feed: &mut F) {
        match self.session {
            None => self.early.keep_remb(remb),
            Some(session) if self.recorded.observe(&remb) => match self.is_fed {
                true => feed.recorded(session, remb.at, remb.order, remb.remb),
                false => self.early.keep_remb(remb),
            },
            Some(_) => {}
        }
    }

    /// The flow has a session; REMBs that waited for one count from now on.
    pub(super) fn give_session(&mut self, session: usize) {
        let had_none = self.session.replace(session).is_none();
        if had_none {
            let waiting = self.early.take_rembs();
            waiting
                .into_iter()
                .filter(|remb| self.recorded.observe(remb))
                .for_each(|remb| self.early.keep_remb(remb));
        }
    }

    /// REMBs of a session for which there was no room.
    pub(super) fn dropped(&self) -> Count {
        if self.session.is_some() { self.early.dropped() } else { Count::default() }
    }

    /// REMBs that are not known to steer anything, if so: those of no session, and those of one that was no RTP.
    pub(super) fn ownerless(&self, is_rtp: impl Fn(usize) -> bool) -> Count {
        match self.session {
            None => self.early.rembs(),
            Some(session) if !is_rtp(session) => self.recorded.all,
            Some(_) => Count::default(),
        }
    }

    fn sample<F: Feed>(&mut self, sample: RttSample, feed: &mut F) {
        self.rtt.count += 1;
        let (least, most) = self.rtt.range.unwrap_or((sample.rtt, sample.rtt));
        self.rtt.range = Some((least.min(sample.rtt), most.max(sample.rtt)));
        match self.session {
            Some(session) if self.is_fed => feed.rtt(session, sample),
            _ => self.early.keep_rtt(sample),
        }
    }
}

/// Who sends: the lower of the two addresses, or the higher.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SenderEnd {
    Lower,
    Higher,
}

impl SenderEnd {
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
    pub(super) fn new(pair: FiveTuple) -> Self {
        let (srtp, turnaround, directions) = Default::default();
        Self { pair, srtp, turnaround, directions }
    }

    /// The flow of the media that `sender` sends.
    pub(super) fn flow_of(&self, sender: SenderEnd) -> FiveTuple {
        match sender {
            SenderEnd::Lower => self.pair,
            SenderEnd::Higher => self.pair.reversed(),
        }
    }

    /// What is known of the media that `sender` sends.
    pub(super) fn media(&mut self, sender: SenderEnd) -> &mut Direction {
        let [lower, higher] = &mut self.directions;
        match sender {
            SenderEnd::Lower => lower,
            SenderEnd::Higher => higher,
        }
    }

    /// The same, to look at.
    pub(super) fn media_of(&self, sender: SenderEnd) -> &Direction {
        let [lower, higher] = &self.directions;
        match sender {
            SenderEnd::Lower => lower,
            SenderEnd::Higher => higher,
        }
    }

    /// At whose end the capture was taken, as far as RTCP tells, and by what.
    pub(super) fn captured_at(&self) -> Option<(SenderEnd, CapturePoint)> {
        let point = self.turnaround.captured_at()?;
        let end = match point.near {
            Side::A => SenderEnd::Lower,
            Side::B => SenderEnd::Higher,
        };
        Some((end, point))
    }

    /// Memory of what is not yet known to be of use, bytes.
    pub(super) fn early_bytes(&self) -> usize {
        self.directions.iter().map(|direction| direction.early.bytes()).sum()
    }

    /// Takes RTCP of `sender`; the REMBs in it are left to the caller, who knows what they steer.
    pub(super) fn handle_rtcp<F: Feed>(
        &mut self,
        sender: SenderEnd,
        datagram: &Datagram<'_>,
        at: CaptureTime,
        first_packet_of: impl Fn(Ssrc) -> Option<CaptureTime>,
        feed: &mut F,
    ) -> Vec<Result<CapturedRemb, Unusable>> {
        let (captured, len_on_wire) = (datagram.payload, datagram.payload_len);
        self.srtp.observe_rtcp(captured, len_on_wire);
        let encrypted = self.srtp.verdict().is_some_and(|verdict| verdict != SrtpVerdict::Clear);
        let steered = &mut self.media(sender.other()).recorded.tally;
        steered.rtcp_packets += 1;
        steered.rtcp_unreadable += u64::from(encrypted);
        steered.rtcp_cut += u64::from(captured.len() < len_on_wire);
        // Of an encrypted compound the first header can be read, and no more.
        let readable = if encrypted { 1 } else { usize::MAX };
        let (mut samples, mut rembs) = (Vec::new(), Vec::new());
        let mut blocks = Blocks::new(captured, len_on_wire);
        for block in blocks.by_ref().take(readable) {
            self.media(sender).rtcp_of_sender.add(block.packet_type);
            self.media(sender.other()).rtcp_of_receiver.add(block.packet_type);
            if encrypted {
                return rembs;
            }
            self.turnaround.observe(sender.side(), &block, at);
            let own = self.media(sender);
            own.sampler.observe_incoming(&block, at, &mut samples);
            for mut sample in samples.drain(..) {
                if let SampleOf::Sender { ssrc, since } = &mut sample.of {
                    *since = first_packet_of(*ssrc).map_or(*since, CaptureTime::to_timestamp);
                }
                own.sample(sample, feed);
            }
            self.media(sender.other()).sampler.observe_outgoing(&block, at);
            rembs.extend(read_remb(&block));
        }
        if let Some(CompoundEnd::NotRtcp { offset }) = blocks.end() {
            let behind = captured.get(offset..).unwrap_or_default();
            rembs.extend((0..rembs_within(behind)).map(|_| Err(Unusable::Broken)));
        }
        rembs
    }
}

/// The flow on the ports below.
pub(super) fn below(flow: &FiveTuple) -> Option<FiveTuple> {
    let below = |address: SocketAddr| Some(SocketAddr::new(address.ip(), address.port().checked_sub(1)?));
    Some(FiveTuple { source: below(flow.source)?, destination: below(flow.destination)?, ..*flow })
}

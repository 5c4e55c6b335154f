//! What both directions of a 5-tuple say of each other: RTCP gives a flow its round trip times and the REMBs that its
//! receiver really sent; DTLS and RTCP tell whether it is encrypted.

use std::collections::HashMap;
use std::net::SocketAddr;

use crate::decode::Datagram;
use crate::flow::FiveTuple;
use crate::remb::CapturedRemb;
use crate::report::summary::Recorded;
use crate::rtp::infer::{SrtpDetector, SrtpVerdict};
use crate::rtp::{Blocks, CapturePoint, RttSample, RttSampler, Side, Turnaround};
use crate::units::{CaptureTime, Count, TimeDelta};

use super::Feed;
use super::early::Early;

/// Two hosts that talk over one pair of ports.
#[derive(Debug, Default)]
pub(super) struct Conversation {
    pub(super) srtp: SrtpDetector,
    pub(super) turnaround: Turnaround,
    /// By the media's direction: from the lower address to the higher, and back.
    pub(super) directions: [Direction; 2],
}

/// When RTCP was captured.
#[derive(Debug, Clone, Copy)]
pub(super) struct RtcpCapture {
    pub(super) frame: u64,
    pub(super) at: CaptureTime,
    /// The latest frame time.
    pub(super) order: CaptureTime,
    /// Within `--from` and `--to`: REMBs count only there.
    pub(super) in_range: bool,
}

/// What is known of one directed media flow from RTCP.
#[derive(Debug, Default)]
pub(super) struct Direction {
    /// The flow's session, once it has one.
    pub(super) session: Option<usize>,
    /// Whether the session is fed.
    is_fed: bool,
    pub(super) sampler: RttSampler,
    pub(super) rtt: RttTally,
    /// What came while it was not yet known whether the flow is RTP.
    early: Early,
    pub(super) recorded: RecordedRembs,
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

/// RTCP packets by type, 192 to 223, ascending.
#[derive(Debug, Default)]
pub(super) struct RtcpTypes(Vec<(u8, u64)>);

impl RtcpTypes {
    fn add(&mut self, packet_type: u8) {
        match self.0.binary_search_by_key(&packet_type, |(known, _)| *known) {
            Ok(place) => self.0.iter_mut().skip(place).take(1).for_each(|(_, count)| *count += 1),
            Err(place) => self.0.insert(place, (packet_type, 1)),
        }
    }

    /// Types seen, ascending, and how often.
    pub(super) fn seen(&self) -> impl Iterator<Item = (u8, u64)> {
        self.0.iter().copied()
    }
}

impl Direction {
    /// The flow's session is fed from now on.
    fn begin<F: Feed>(&mut self, session: usize, feed: &mut F) {
        self.is_fed = true;
        self.early.give(session, feed);
    }

    fn remb<F: Feed>(&mut self, at: CaptureTime, order: CaptureTime, remb: CapturedRemb, feed: &mut F) {
        match self.session {
            Some(session) if self.is_fed => feed.recorded(session, at, order, remb),
            Some(_) => self.early.keep_remb(at, order, remb),
            None => {}
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

    /// Memory of what is not yet known to be of use, bytes.
    fn early_bytes(&self) -> usize {
        self.directions.iter().map(|direction| direction.early.bytes()).sum()
    }

    fn handle_rtcp<F: Feed>(
        &mut self,
        sender: From,
        datagram: &Datagram<'_>,
        &RtcpCapture { at, order, in_range, .. }: &RtcpCapture,
        feed: &mut F,
    ) {
        let (captured, len_on_wire) = (datagram.payload, datagram.payload_len);
        self.srtp.observe_rtcp(captured, len_on_wire);
        let encrypted = self.srtp.verdict().is_some_and(|verdict| verdict != SrtpVerdict::Clear);
        let steered = &mut self.media(sender.other()).recorded.tally;
        steered.rtcp_packets += 1;
        steered.rtcp_unreadable += u64::from(encrypted);
        steered.rtcp_cut += u64::from(captured.len() < len_on_wire);
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
            if in_range
                && let Ok(remb) = CapturedRemb::from_block(&block)
                && steered.recorded.observe(&remb)
            {
                steered.remb(at, order, remb, feed);
            }
        }
    }
}

/// Pairs of ports with RTCP or DTLS that are kept.
const MAX_CONVERSATIONS: usize = 8192;
/// REMBs of all flows that are not yet known to be RTP, bytes.
const MAX_EARLY_BYTES: usize = 4 << 20;

/// All conversations of a capture.
#[derive(Debug, Default)]
pub(super) struct Conversations {
    /// By the flow from the lower address to the higher.
    by_pair: HashMap<FiveTuple, usize>,
    all: Vec<Conversation>,
    /// Memory of what is not yet known to be of use in all of them, bytes.
    early_bytes: usize,
    /// REMBs that were dropped, for these take too much.
    dropped: Count,
}

impl Conversations {
    /// Takes an RTCP datagram of `sender`.
    pub(super) fn handle_rtcp<F: Feed>(
        &mut self,
        (index, sender): (usize, From),
        datagram: &Datagram<'_>,
        captured: &RtcpCapture,
        feed: &mut F,
    ) {
        let Some(conversation) = self.all.get_mut(index) else { return };
        self.early_bytes -= conversation.early_bytes();
        conversation.handle_rtcp(sender, datagram, captured, feed);
        while self.early_bytes + conversation.early_bytes() > MAX_EARLY_BYTES
            && conversation.media(sender.other()).early.drop_oldest_remb()
        {
            self.dropped.add(captured.frame);
        }
        self.early_bytes += conversation.early_bytes();
    }

    /// A session is fed with the media of `sender` from now on.
    pub(super) fn begin<F: Feed>(&mut self, (index, sender): (usize, From), session: usize, feed: &mut F) {
        let Some(conversation) = self.all.get_mut(index) else { return };
        self.early_bytes -= conversation.early_bytes();
        conversation.media(sender).begin(session, feed);
        self.early_bytes += conversation.early_bytes();
    }

    /// Forgets what was kept for sessions that are no more.
    pub(super) fn forget_early(&mut self, is_left: impl Fn(usize) -> bool) {
        for direction in self.all.iter_mut().flat_map(|conversation| &mut conversation.directions) {
            if direction.session.is_some_and(|session| !is_left(session)) {
                self.early_bytes -= direction.early.bytes();
                direction.early.forget();
            }
        }
    }

    /// REMBs that were recorded before their flow was understood and found no room.
    pub(super) fn dropped(&self) -> Count {
        self.dropped
    }

    /// The place of a flow's conversation, if there was any.
    pub(super) fn find(&self, flow: &FiveTuple) -> Option<usize> {
        self.by_pair.get(&pair_of(flow)).copied()
    }

    /// The place of a flow's conversation, and whether it is new; `None` where it would be one too many.
    pub(super) fn find_or_begin(&mut self, flow: &FiveTuple) -> Option<(usize, bool)> {
        if let Some(index) = self.find(flow) {
            return Some((index, false));
        }
        if self.all.len() >= MAX_CONVERSATIONS {
            return None;
        }
        self.all.push(Conversation::default());
        self.by_pair.insert(pair_of(flow), self.all.len() - 1);
        Some((self.all.len() - 1, true))
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
pub(super) fn below(flow: &FiveTuple) -> Option<FiveTuple> {
    let below = |address: SocketAddr| Some(SocketAddr::new(address.ip(), address.port().checked_sub(1)?));
    Some(FiveTuple { source: below(flow.source)?, destination: below(flow.destination)?, ..*flow })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::{Carrier, Ends};
    use crate::remb::Remb;
    use crate::survey::{Fate, FedPacket, FlowInfo};
    use crate::units::{Bitrate, Ssrc};

    /// Keeps the rates of recorded REMBs and the round trip times.
    #[derive(Default)]
    struct Given {
        bps: Vec<i64>,
        rtts_ms: Vec<i64>,
    }

    impl Feed for Given {
        fn flow(&mut self, _: &FlowInfo) {}
        fn hold(&mut self, _: usize, _: bool) {}
        fn step_back(&mut self, _: CaptureTime) {}
        fn time(&mut self, _: CaptureTime) {}
        fn packet(&mut self, _: usize, _: &FedPacket) -> Fate {
            Fate::Counted
        }
        fn rtt(&mut self, _: usize, sample: RttSample) {
            self.rtts_ms.push(sample.rtt.to_millis());
        }
        fn recorded(&mut self, _: usize, _: CaptureTime, _: CaptureTime, remb: CapturedRemb) {
            self.bps.push(remb.bitrate.as_bps());
        }
    }

    #[test]
    fn what_was_said_of_flows_that_may_be_no_rtp_takes_bounded_memory() {
        let (mut conversations, mut given) = (Conversations::default(), Given::default());
        let ssrcs: Vec<_> = (0..255).map(Ssrc).collect();
        for pair in 0..20_u16 {
            let flow: FiveTuple = format!("10.0.0.1:{}-10.0.0.2:5004", 1000 + pair).parse().unwrap();
            let (place, _) = conversations.find_or_begin(&flow).unwrap();
            conversations.get_mut(place).unwrap().media(From::Lower).session = Some(place);
            let [source, destination] = [flow.destination, flow.source];
            let ends = Ends { source, destination, ethernet: None, mark: None };
            for bps in 0..400 {
                let mut rtcp = Vec::new();
                Remb::encode(Ssrc(9), Bitrate::from_bps(bps), &ssrcs, &mut rtcp).unwrap();
                let (payload, payload_len) = (&rtcp[..], rtcp.len());
                let datagram =
                    Datagram { ends: &ends, payload, payload_len, carrier: Carrier::Udp, direction: None };
                let at = CaptureTime::default();
                let captured = RtcpCapture { frame: 7, at, order: at, in_range: true };
                conversations.handle_rtcp((place, From::Higher), &datagram, &captured, &mut given);
                assert!(conversations.early_bytes <= MAX_EARLY_BYTES);
            }
        }
        assert!(given.bps.is_empty());
        for place in 0..20 {
            conversations.begin((place, From::Lower), place, &mut given);
        }
        let kept = given.bps.len();
        assert!(kept > 3000 && kept as u64 + conversations.dropped().count == 20 * 400, "{kept}");
        assert_eq!(given.bps[..400], Vec::from_iter(0..400), "all of those that came first");
        assert_eq!((conversations.early_bytes, conversations.dropped().first_frame), (0, 7));
    }

    #[test]
    fn the_newest_round_trip_times_are_kept() {
        let (mut early, mut given) = (Early::default(), Given::default());
        let sample = |ms| RttSample { at: CaptureTime::default(), rtt: TimeDelta::from_millis(ms) };
        (0..5000).for_each(|ms| early.keep_rtt(sample(ms)));
        early.give(0, &mut given);
        assert_eq!(given.rtts_ms, Vec::from_iter(5000 - 64..5000));
    }
}

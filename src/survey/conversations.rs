//! All conversations of a capture, and the REMBs in them that wait for their flow.

use std::collections::HashMap;
use std::net::IpAddr;

use crate::decode::Datagram;
use crate::decode::FiveTuple;
use crate::model::Unusable;
use crate::units::{CaptureTime, Count, Ssrc};
use remb::CapturedRemb;

use super::Feed;
use super::conversation::{Conversation, SenderEnd};
use super::early::EarlyRemb;

/// Pairs of ports with RTCP or DTLS that are kept.
const MAX_CONVERSATIONS: usize = 8192;
/// REMBs of all flows that are not yet known to be RTP, bytes.
const MAX_EARLY_BYTES: usize = 4 << 20;
/// Streams that are listed there and may yet come.
const MAX_OWNERLESS: usize = 16_384;

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
    /// Where REMBs wait of which it is not known what they steer, by the hosts of the media and what they list.
    ownerless: HashMap<(IpAddr, IpAddr, Ssrc), (usize, SenderEnd)>,
}

impl Conversations {
    /// Takes an RTCP datagram of `sender`; the REMBs in it.
    pub(super) fn handle_rtcp<F: Feed>(
        &mut self,
        (index, sender): (usize, SenderEnd),
        datagram: &Datagram<'_>,
        at: CaptureTime,
        first_packet_of: impl Fn(Ssrc) -> Option<CaptureTime>,
        feed: &mut F,
    ) -> Vec<Result<CapturedRemb, Unusable>> {
        let Some(conversation) = self.all.get_mut(index) else { return Vec::new() };
        conversation.handle_rtcp(sender, datagram, at, first_packet_of, feed)
    }

    /// Takes a REMB that steers the media of `sender`.
    pub(super) fn handle_remb<F: Feed>(
        &mut self,
        (index, sender): (usize, SenderEnd),
        remb: EarlyRemb,
        feed: &mut F,
    ) {
        let Some(conversation) = self.all.get_mut(index) else { return };
        let frame = remb.frame;
        self.early_bytes -= conversation.early_bytes();
        let (flow, direction) = (conversation.flow_of(sender), conversation.media(sender));
        if direction.session.is_none() {
            for ssrc in remb.remb.ssrcs.iter().flatten() {
                let place = (flow.source.ip(), flow.destination.ip(), *ssrc);
                if self.ownerless.len() < MAX_OWNERLESS || self.ownerless.contains_key(&place) {
                    self.ownerless.insert(place, (index, sender));
                }
            }
        }
        direction.remb(remb, feed);
        while self.early_bytes + conversation.early_bytes() > MAX_EARLY_BYTES
            && conversation.media(sender).early.drop_oldest_remb()
        {
            self.dropped.add(frame);
        }
        self.early_bytes += conversation.early_bytes();
    }

    /// Whether REMBs wait that list this stream of a flow between these hosts.
    pub(super) fn await_stream(&self, flow: &FiveTuple, ssrc: Ssrc) -> bool {
        let place = || (flow.source.ip(), flow.destination.ip(), ssrc);
        !self.ownerless.is_empty() && self.ownerless.contains_key(&place())
    }

    /// A flow's media, those of `sender`, have a session.
    pub(super) fn give_session(&mut self, (index, sender): (usize, SenderEnd), session: usize) {
        let Some(conversation) = self.all.get_mut(index) else { return };
        self.early_bytes -= conversation.early_bytes();
        conversation.media(sender).give_session(session);
        self.early_bytes += conversation.early_bytes();
    }

    /// Hands over to a flow's media the REMBs that waited on other ports of the same hosts and list a stream of it, which
    /// has just begun. What is fed is not told of times that are gone.
    pub(super) fn adopt<F: Feed>(
        &mut self,
        flow: &FiveTuple,
        ssrc: Ssrc,
        target: (usize, SenderEnd),
        feed: &mut F,
    ) {
        let is_fed = |conversation: &Conversation| conversation.media_of(target.1).is_fed;
        if self.all.get(target.0).is_none_or(is_fed) {
            return;
        }
        let waiting = self.ownerless.remove(&(flow.source.ip(), flow.destination.ip(), ssrc));
        let Some((index, sender)) = waiting else { return };
        let Some(conversation) = self.all.get_mut(index) else { return };
        let direction = conversation.media(sender);
        if direction.session.is_some() {
            return;
        }
        self.early_bytes -= direction.early.bytes();
        let adopted =
            direction.early.take_rembs_if(|remb| remb.ssrcs.iter().flatten().any(|listed| *listed == ssrc));
        self.early_bytes += direction.early.bytes();
        adopted.into_iter().for_each(|remb| self.handle_remb(target, remb, feed));
    }

    /// A session is fed with the media of `sender` from now on.
    pub(super) fn begin<F: Feed>(
        &mut self,
        (index, sender): (usize, SenderEnd),
        session: usize,
        feed: &mut F,
    ) {
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
        let directions = self.all.iter().flat_map(|conversation| &conversation.directions);
        directions.map(super::conversation::Direction::dropped).fold(self.dropped, Count::join)
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
        self.all.push(Conversation::new(pair_of(flow)));
        self.by_pair.insert(pair_of(flow), self.all.len() - 1);
        Some((self.all.len() - 1, true))
    }

    /// All, in order of appearance.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Conversation> {
        self.all.iter()
    }

    pub(super) fn get(&self, index: usize) -> Option<&Conversation> {
        self.all.get(index)
    }

    pub(super) fn get_mut(&mut self, index: usize) -> Option<&mut Conversation> {
        self.all.get_mut(index)
    }
}

fn pair_of(flow: &FiveTuple) -> FiveTuple {
    match SenderEnd::of(flow) {
        SenderEnd::Lower => *flow,
        SenderEnd::Higher => flow.reversed(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::survey::early::Early;
    use crate::survey::{FedPacket, FlowInfo, Skip};
    use crate::units::Bitrate;
    use crate::units::TimeDelta;
    use remb::rtt::{RttSample, SampleOf};

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
        fn packet(&mut self, _: usize, _: &FedPacket) -> Result<(), Skip> {
            Ok(())
        }
        fn module(&mut self, _: usize, _: CaptureTime) {}
        fn rtt(&mut self, _: usize, sample: RttSample) {
            self.rtts_ms.push(sample.rtt.to_millis());
        }
        fn recorded(&mut self, _: usize, _: CaptureTime, _: CaptureTime, remb: CapturedRemb) {
            self.bps.push(remb.bitrate.as_bps());
        }
    }

    fn remb(bps: i64, frame: u64) -> EarlyRemb {
        let (sender_ssrc, bitrate, ssrcs) = (Ssrc(9), Bitrate::from_bps(bps), Some(vec![Ssrc(1)]));
        let (at, remb) = (CaptureTime::default(), CapturedRemb { sender_ssrc, bitrate, ssrcs });
        EarlyRemb { at, order: at, frame, remb }
    }

    #[test]
    fn what_waits_for_a_session_is_booked_out_when_it_turns_out_to_be_repeats() {
        let (mut conversations, mut given) = (Conversations::default(), Given::default());
        let flow: FiveTuple = "10.0.0.1:1000-10.0.0.2:5004".parse().unwrap();
        let (place, _) = conversations.find_or_begin(&flow).unwrap();
        (1..=100).for_each(|frame| {
            conversations.handle_remb((place, SenderEnd::Lower), remb(5, frame), &mut given)
        });
        conversations.give_session((place, SenderEnd::Lower), 0);
        let booked = conversations.early_bytes;
        conversations.begin((place, SenderEnd::Lower), 0, &mut given);
        assert_eq!((given.bps, conversations.early_bytes), (vec![5], 0), "{booked}");
    }

    #[test]
    fn rembs_beyond_those_that_are_kept_are_counted() {
        let (mut conversations, mut given) = (Conversations::default(), Given::default());
        let flow: FiveTuple = "10.0.0.1:1000-10.0.0.2:5004".parse().unwrap();
        let (place, _) = conversations.find_or_begin(&flow).unwrap();
        for frame in 1..=5000 {
            conversations.handle_remb((place, SenderEnd::Lower), remb(frame as i64, frame), &mut given);
        }
        let ownerless = conversations.get(place).unwrap().media_of(SenderEnd::Lower).ownerless(|_| false);
        assert_eq!(ownerless, Count { count: 5000, first_frame: 1 });
        conversations.give_session((place, SenderEnd::Lower), 0);
        conversations.begin((place, SenderEnd::Lower), 0, &mut given);
        assert_eq!(given.bps.len() as u64 + conversations.dropped().count, 5000);
        assert_eq!(conversations.dropped().first_frame, 1);
    }

    #[test]
    fn what_was_said_of_flows_that_may_be_no_rtp_takes_bounded_memory() {
        let (mut conversations, mut given) = (Conversations::default(), Given::default());
        let ssrcs: Vec<_> = (0..255).map(Ssrc).collect();
        for pair in 0..20_u16 {
            let flow: FiveTuple = format!("10.0.0.1:{}-10.0.0.2:5004", 1000 + pair).parse().unwrap();
            let (place, _) = conversations.find_or_begin(&flow).unwrap();
            conversations.give_session((place, SenderEnd::Lower), place);
            for bps in 0..400 {
                let (sender_ssrc, bitrate, ssrcs) = (Ssrc(9), Bitrate::from_bps(bps), Some(ssrcs.clone()));
                let remb = CapturedRemb { sender_ssrc, bitrate, ssrcs };
                let at = CaptureTime::default();
                let remb = EarlyRemb { at, order: at, frame: 7, remb };
                conversations.handle_remb((place, SenderEnd::Lower), remb, &mut given);
                assert!(conversations.early_bytes <= MAX_EARLY_BYTES);
            }
        }
        assert!(given.bps.is_empty());
        for place in 0..20 {
            conversations.begin((place, SenderEnd::Lower), place, &mut given);
        }
        let kept = given.bps.len();
        assert!(kept > 3000 && kept as u64 + conversations.dropped().count == 20 * 400, "{kept}");
        assert_eq!(given.bps[..400], Vec::from_iter(0..400), "all of those that came first");
        assert_eq!((conversations.early_bytes, conversations.dropped().first_frame), (0, 7));
    }

    #[test]
    fn the_newest_round_trip_times_are_kept() {
        let (mut early, mut given) = (Early::default(), Given::default());
        let sample = |ms| RttSample {
            at: CaptureTime::default().to_timestamp(),
            rtt: TimeDelta::from_millis(ms),
            of: SampleOf::Receiver,
        };
        (0..5000).for_each(|ms| early.keep_rtt(sample(ms)));
        early.give(0, &mut given);
        assert_eq!(given.rtts_ms, Vec::from_iter(5000 - 64..5000));
    }
}

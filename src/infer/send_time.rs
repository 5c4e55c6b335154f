//! Which header extension element is abs-send-time: the 3-byte one that runs with the sender's other clocks.
//!
//! The capture's clock is bent by the very queue that a capture is taken for. Not bent are a stream's own RTP timestamps:
//! abs-send-time runs as they do, at 2¹⁸ a second, and never steps back from one sequence number to the next.

mod candidate;
mod pair;

use super::evidence::IdEvidence;
use super::kind::MediaKind;
use crate::rtp::RtpPacket;
use crate::units::{AbsSendTime, CaptureTime, PayloadType, Ssrc};
use candidate::Candidate;
use pair::{Pair, Reading};

/// What is known of a stream, to hold an element against its timestamps.
#[derive(Debug, Clone, Copy, Default)]
pub struct StreamClock {
    /// Audio or not; `None` while that is not known.
    pub kind: Option<MediaKind>,
    /// It passes for audio, and may be video after all.
    pub may_be_video: bool,
    /// The clocks that its timestamps may count in, the usual one first; 0 where there are fewer.
    pub audio_hz: [u32; 4],
}

/// Looks for the abs-send-time element of one flow, over all its SSRCs.
#[derive(Debug, Clone, Default)]
pub struct SendTimeFinder {
    /// What each SSRC shows of each id.
    pairs: Vec<Pair>,
    /// Sorted by id.
    candidates: Vec<Candidate>,
    packets: u32,
    /// Few packets have the element, at regular times: these tell nothing of its grain.
    is_sparse: bool,
}

/// An id and how it was recognised.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FoundId {
    /// The id.
    pub id: u8,
    /// By what.
    pub evidence: IdEvidence,
}

/// Pairs of SSRC and id that are followed; further ones are not looked at.
const MAX_PAIRS: usize = 64;
/// Ids that are told apart.
const MAX_IDS: usize = 32;
/// So few say nothing.
const FEW_STEPS: u32 = 8;
/// Before so many packets nothing is ruled out.
const FEW: u32 = 20;

impl SendTimeFinder {
    /// Takes the next packet of the flow, captured `at`.
    pub fn observe(&mut self, packet: &RtpPacket<'_>, at: CaptureTime) {
        self.observe_as(packet, at, |value| match *value {
            [high, middle, low] => Some(AbsSendTime::from_be_bytes([high, middle, low])),
            _ => None,
        });
    }

    /// Whether an id's values are all a whole number of coarse units apart, and its proof has to be the better.
    const fn needs_more(&self, candidate: &Candidate) -> bool {
        !self.is_sparse && candidate.is_coarse()
    }

    /// The same for elements that hold a time in another form.
    pub(super) fn observe_as(
        &mut self,
        packet: &RtpPacket<'_>,
        at: CaptureTime,
        read: impl Fn(&[u8]) -> Option<AbsSendTime>,
    ) {
        self.packets = self.packets.saturating_add(1);
        for element in packet.elements() {
            if let (id @ 1.., Some(value)) = (element.id, read(element.value)) {
                let (number, timestamp) = (packet.sequence_number(), packet.timestamp());
                let payload_type = packet.payload_type();
                self.take(packet.ssrc(), id, Reading { payload_type, number, timestamp, value, at });
            }
        }
    }

    /// The id, once it is beyond doubt.
    pub fn found(&self, clock_of: impl Fn(Ssrc, PayloadType) -> StreamClock) -> Option<FoundId> {
        let proven = self.candidates.iter().filter_map(|candidate| {
            let needs_more = self.needs_more(candidate);
            let pairs =
                self.pairs_of(candidate.id).map(|pair| (pair, clock_of(pair.ssrc, pair.payload_type())));
            let mut pairs = pairs.filter(|(pair, clock)| !needs_more || pair.tells_coarse(*clock));
            let proof = pairs.find_map(|(pair, clock)| pair.proof(clock))?;
            (!self.is_out(candidate, &clock_of)).then_some((candidate, proof))
        });
        let (best, proof) = proven.max_by_key(|(candidate, _)| (candidate.ssrcs, candidate.moves))?;
        Some(FoundId { id: best.id, evidence: best.evidence(Some(proof)) })
    }

    /// The id that is the most plausible one, where nothing is beyond doubt and no more is to come; not `taken`, which
    /// is something else.
    pub fn guess(
        &self,
        taken: Option<u8>,
        clock_of: impl Fn(Ssrc, PayloadType) -> StreamClock,
    ) -> Option<FoundId> {
        let plausible = self.candidates.iter().filter(|candidate| {
            Some(candidate.id) != taken
                && !self.is_out(candidate, &clock_of)
                && candidate.is_plausible()
                && self
                    .pairs_of(candidate.id)
                    .all(|pair| pair.is_plausible(clock_of(pair.ssrc, pair.payload_type())))
        });
        let rank = |candidate: &&Candidate| (!self.needs_more(candidate), candidate.ssrcs, candidate.moves);
        let best = plausible.max_by_key(rank)?;
        Some(FoundId { id: best.id, evidence: best.evidence(None) })
    }

    /// An id that may be it, and was not taken: it moves, and nothing rules it out.
    pub fn open(
        &self,
        taken: Option<u8>,
        clock_of: impl Fn(Ssrc, PayloadType) -> StreamClock,
    ) -> Option<FoundId> {
        let is_open = |candidate: &&Candidate| {
            let tells = candidate.moves > 0 || candidate.steps < FEW_STEPS;
            Some(candidate.id) != taken && tells && !self.is_out(candidate, &clock_of)
        };
        let most = self.candidates.iter().filter(is_open).max_by_key(|candidate| candidate.moves)?;
        Some(FoundId { id: most.id, evidence: most.evidence(None) })
    }

    /// Whether this id cannot be it.
    pub fn rules_out(&self, id: u8, clock_of: impl Fn(Ssrc, PayloadType) -> StreamClock) -> bool {
        self.candidate(id).is_some_and(|candidate| self.is_out(candidate, &clock_of))
    }

    /// Whether more packets may show one: there were few yet, or some element is not ruled out.
    pub fn may_yet_be_found(&self, clock_of: impl Fn(Ssrc, PayloadType) -> StreamClock) -> bool {
        let open = |candidate: &Candidate| {
            !self.is_out(candidate, &clock_of) && (candidate.steps < FEW || candidate.moves > 0)
        };
        self.packets < FEW || self.candidates.iter().any(open)
    }

    /// Whether any packet has an element with this id that could hold a time.
    pub fn shows(&self, id: u8) -> bool {
        self.candidate(id).is_some()
    }

    /// A finder of what few packets have.
    pub(super) fn of_sparse() -> Self {
        Self { is_sparse: true, ..Self::default() }
    }

    /// How much send time went by, by this id, while the timestamps of a payload type did, nanoseconds and ticks.
    pub fn speed(&self, id: u8, ssrc: Ssrc, payload_type: PayloadType) -> Option<(i64, i64)> {
        let mut pairs = self.pairs_of(id).filter(|pair| pair.ssrc == ssrc);
        pairs.find(|pair| pair.payload_type() == payload_type).map(Pair::speed)
    }

    /// Steps of this id from one packet of an SSRC to its next, and over how long a send time.
    pub fn seen(&self, id: u8) -> (u32, i64) {
        let steps = self.candidate(id).map_or(0, |candidate| candidate.steps);
        (steps, self.pairs_of(id).map(|pair| pair.sent_nanos()).max().unwrap_or(0))
    }

    /// Pairs of SSRC and id that are remembered.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.pairs.len()
    }

    fn candidate(&self, id: u8) -> Option<&Candidate> {
        self.candidates.iter().find(|candidate| candidate.id == id)
    }

    fn pairs_of(&self, id: u8) -> impl Iterator<Item = &Pair> {
        self.pairs.iter().filter(move |pair| pair.id == id)
    }

    fn is_out(&self, candidate: &Candidate, clock_of: &impl Fn(Ssrc, PayloadType) -> StreamClock) -> bool {
        let clocks =
            || self.pairs_of(candidate.id).map(|pair| (pair, clock_of(pair.ssrc, pair.payload_type())));
        let by_audio = || clocks().any(|(pair, clock)| pair.disagrees_with_audio(clock));
        if candidate.is_out() || (!self.is_sparse && candidate.counts()) || by_audio() {
            return true;
        }
        // Retransmissions that are not yet known as such have another speed, and two senders' clocks, as behind an SFU,
        // are apart; each is right with its own stream. What most of it says holds.
        let weight = |says: &dyn Fn(&Pair, StreamClock) -> bool| {
            clocks()
                .filter(|(pair, clock)| says(pair, *clock))
                .map(|(pair, _)| u64::from(pair.steps()))
                .sum::<u64>()
        };
        let against = weight(&|pair, clock| pair.disagrees_with_video(clock));
        let may_be_out = against > 0 || candidate.disagrees_between_streams();
        may_be_out && {
            let for_it = weight(&|pair, clock| pair.proof(clock).is_some());
            for_it == 0 || for_it < against
        }
    }

    fn take(&mut self, ssrc: Ssrc, id: u8, now: Reading) {
        let place = match self.candidates.binary_search_by_key(&id, |candidate| candidate.id) {
            Ok(place) => place,
            Err(_) if self.candidates.len() >= MAX_IDS => return,
            Err(place) => {
                self.candidates.reserve_exact(1);
                self.candidates.insert(place, Candidate::new(id));
                place
            }
        };
        let Some(candidate) = self.candidates.get_mut(place) else { return };
        candidate.take_neighbour(ssrc, now);
        let has_room = self.pairs.len() < MAX_PAIRS;
        match self.pairs.iter_mut().find(|pair| pair.ssrc == ssrc && pair.id == id) {
            Some(pair) => {
                if let Some(step) = pair.take(now) {
                    candidate.take(step);
                    if step.is_new_frame {
                        candidate.take_begin(now.value);
                    }
                }
            }
            None if has_room => {
                candidate.ssrcs += 1;
                candidate.take_begin(now.value);
                self.pairs.reserve_exact(1);
                self.pairs.push(Pair::new(ssrc, id, now));
            }
            None => {}
        }
    }
}

#[cfg(test)]
mod tests;

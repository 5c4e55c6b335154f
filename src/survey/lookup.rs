//! The id of one header extension: how it came to be known, and whether it may still change.

use crate::infer::{
    AbsCaptureTimeFinder, FoundId, IdEvidence, SaidBy, SendTimeFinder, StreamClock, TransmissionOffsetFinder,
    TransportCcFinder,
};
use crate::model::{Disagreement, Extension, WhyDisagrees};
use crate::rtp::RtpPacket;
use crate::units::{CaptureTime, PayloadType, Ssrc};

/// What is known of a stream's clock.
pub(super) type ClockOf<'a> = dyn Fn(Ssrc, PayloadType) -> StreamClock + 'a;

/// Something that recognises an extension.
pub(super) trait Finder: Default {
    fn observe(&mut self, packet: &RtpPacket<'_>, at: CaptureTime);
    /// The id, once it is beyond doubt.
    fn found(&self, clock_of: &ClockOf<'_>) -> Option<FoundId>;
    /// The most plausible id; not `taken`, which is another extension's.
    fn guess(&self, _taken: Option<u8>, _clock_of: &ClockOf<'_>) -> Option<FoundId> {
        None
    }
    /// An id that may be it, and was not taken; nor is it `taken`.
    fn open(&self, _taken: Option<u8>, _clock_of: &ClockOf<'_>) -> Option<FoundId> {
        None
    }
    /// Whether this id cannot be it, after all.
    fn rules_out(&self, _id: u8, _clock_of: &ClockOf<'_>) -> bool {
        false
    }
    fn may_yet_be_found(&self, clock_of: &ClockOf<'_>) -> bool;
    /// Whether any packet has an element with this id that could be it.
    fn shows(&self, id: u8) -> bool;
    /// Whether an id that was found is not to be looked at again.
    fn has_seen_enough_of(&self, _id: u8) -> bool {
        true
    }
}

/// How an id is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    /// It is not.
    Nothing,
    /// By a flag or an SDP, or by an earlier reading of the same capture: whatever the packets show.
    Said,
    Learned,
    Inferred,
    /// It was the most plausible one when time was up.
    Guessed,
}

/// What an earlier reading of a capture found out.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct LearnedId {
    id: Option<u8>,
    evidence: Option<IdEvidence>,
    is_guess: bool,
    may_be: Option<FoundId>,
}

/// One extension's id.
#[derive(Debug)]
pub(super) struct Lookup<F> {
    extension: Extension,
    /// `None` once nothing can change any more.
    finder: Option<F>,
    pub(super) id: Option<u8>,
    /// `None` while nothing was known of it.
    evidence: Option<IdEvidence>,
    source: Source,
    packets: u32,
    /// Packets in a row in which nothing could be it.
    in_vain: u32,
    is_guess: bool,
    /// What it may be, as an earlier reading of the capture left it.
    may_be: Option<FoundId>,
    /// It is not looked for any more.
    is_over: bool,
}

/// After so many packets in a row in which nothing shows an extension it is not there, unless another element comes; after
/// so many it is not there though something might be it.
const ENOUGH_PACKETS: u32 = 300;
const MAX_PACKETS: u32 = 10_000;
/// An id that was proven is looked at again after so many packets.
const PACKETS_A_LOOK: u32 = 16;
/// So many packets are held against what was said.
const PACKETS_TO_DISAGREE: u32 = 500;

impl<F: Finder> Lookup<F> {
    /// With a given id, 0 for absent, there is nothing to find.
    pub(super) fn new(
        extension: Extension,
        given: Option<(u8, SaidBy)>,
        learned: Option<&LearnedId>,
    ) -> Self {
        let unknown = Self {
            extension,
            finder: None,
            id: None,
            evidence: None,
            source: Source::Nothing,
            packets: 0,
            in_vain: 0,
            is_guess: false,
            may_be: None,
            is_over: false,
        };
        match (given, learned) {
            (Some((id, by)), _) => {
                let id = Some(id).filter(|id| *id > 0);
                // What is said is held against what the packets show.
                let finder = id.map(|_| F::default());
                Self { finder, id, evidence: Some(IdEvidence::Said(by)), source: Source::Said, ..unknown }
            }
            (None, Some(LearnedId { id, evidence, is_guess, may_be })) => Self {
                id: *id,
                evidence: *evidence,
                may_be: *may_be,
                source: Source::Learned,
                is_guess: *is_guess,
                ..unknown
            },
            (None, None) => Self { finder: Some(F::default()), ..unknown },
        }
    }

    pub(super) fn observe(&mut self, packet: &RtpPacket<'_>, at: CaptureTime, clock_of: &ClockOf<'_>) {
        let Some(finder) = self.finder.as_mut().filter(|_| !self.is_over) else { return };
        self.packets = self.packets.saturating_add(1);
        finder.observe(packet, at);
        if self.source == Source::Said {
            self.is_over = self.packets >= PACKETS_TO_DISAGREE;
            return;
        }
        // What was proven is held against further packets now and then.
        let is_due = self.source != Source::Inferred || self.packets.is_multiple_of(PACKETS_A_LOOK);
        if is_due && self.id.is_some_and(|id| finder.rules_out(id, clock_of)) {
            (self.id, self.source) = (None, Source::Nothing);
        }
        if self.source != Source::Inferred
            && let Some(FoundId { id, evidence }) = finder.found(clock_of)
        {
            (self.id, self.evidence, self.source) = (Some(id), Some(evidence), Source::Inferred);
        }
        let has_seen_enough = match (self.source, self.id) {
            (Source::Inferred, Some(id)) => finder.has_seen_enough_of(id),
            _ => {
                let shows = finder.may_yet_be_found(clock_of);
                self.in_vain = if shows { 0 } else { self.in_vain + 1 };
                self.in_vain >= ENOUGH_PACKETS || self.packets >= MAX_PACKETS
            }
        };
        if has_seen_enough {
            self.finder = None;
        }
    }

    /// Takes the most plausible id where none is known; not `taken`, which is another extension's.
    pub(super) fn guess(&mut self, taken: Option<u8>, clock_of: &ClockOf<'_>) {
        if self.source == Source::Nothing
            && let Some(FoundId { id, evidence }) =
                self.finder.as_ref().and_then(|finder| finder.guess(taken, clock_of))
        {
            (self.id, self.evidence, self.source) = (Some(id), Some(evidence), Source::Guessed);
        }
    }

    /// Begins to look again, if nothing was found.
    pub(super) fn reopen(&mut self) {
        if self.source == Source::Nothing {
            self.finder.get_or_insert_with(F::default);
            (self.packets, self.in_vain) = (0, 0);
        }
    }

    /// Whether waiting may help.
    pub(super) fn may_yet_be_found(&self) -> bool {
        self.finder.is_some() && self.is_unknown() && self.in_vain == 0
    }

    /// Whether nothing is known of it.
    pub(super) fn is_unknown(&self) -> bool {
        self.source == Source::Nothing
    }

    /// An id that may be it where none is known, and is not `taken`.
    pub(super) fn may_be(&self, taken: Option<u8>, clock_of: &ClockOf<'_>) -> Option<FoundId> {
        let seen = || self.finder.as_ref().filter(|_| self.is_unknown())?.open(taken, clock_of);
        self.may_be.or_else(seen)
    }

    /// What recognises it, while that is at work.
    pub(super) fn finder(&self) -> Option<&F> {
        self.finder.as_ref()
    }

    /// Whether nothing can change any more.
    pub(super) fn is_final(&self) -> bool {
        self.finder.is_none() || self.is_over
    }

    /// Whether it was taken without proof, and none came.
    pub(super) fn is_guess(&self) -> bool {
        self.source == Source::Guessed || self.is_guess
    }

    /// Which extension, which id, and how that is known.
    pub(super) fn known(&self) -> Option<(Extension, u8, IdEvidence)> {
        Some((self.extension, self.id?, self.evidence?))
    }

    /// Which extension and which id, if the packets told it.
    pub(super) fn inferred(&self) -> Option<(Extension, u8)> {
        (self.source != Source::Said).then_some((self.extension, self.id?))
    }

    /// What a second reading of the capture is told.
    pub(super) fn learned(&self, clock_of: &ClockOf<'_>) -> LearnedId {
        let may_be = self.may_be(None, clock_of);
        LearnedId { id: self.id, evidence: self.evidence, is_guess: self.is_guess(), may_be }
    }

    /// What is wrong with an id that was said, if the packets show that.
    pub(super) fn disagreement(&self, clock_of: &ClockOf<'_>) -> Option<Disagreement> {
        let (said, finder) = (self.id?, self.finder.as_ref()?);
        let Some(IdEvidence::Said(by)) = self.evidence else { return None };
        let shows = finder.shows(said);
        let why = match (self.source, shows, finder.rules_out(said, clock_of)) {
            (Source::Said, false, _) => WhyDisagrees::Absent,
            (Source::Said, true, true) => WhyDisagrees::OtherValues,
            _ => return None,
        };
        let other = finder.found(clock_of).filter(|found| found.id != said);
        // Where no packet has it, and nothing is like it, it may be negotiated and not used.
        (other.is_some() || shows).then(|| Disagreement {
            by,
            extension: self.extension,
            said,
            why,
            other: other.map(|FoundId { id, evidence }| (id, evidence)),
        })
    }
}

impl Finder for SendTimeFinder {
    fn observe(&mut self, packet: &RtpPacket<'_>, at: CaptureTime) {
        self.observe(packet, at);
    }

    fn found(&self, clock_of: &ClockOf<'_>) -> Option<FoundId> {
        self.found(clock_of)
    }

    fn guess(&self, taken: Option<u8>, clock_of: &ClockOf<'_>) -> Option<FoundId> {
        self.guess(taken, clock_of)
    }

    fn open(&self, taken: Option<u8>, clock_of: &ClockOf<'_>) -> Option<FoundId> {
        self.open(taken, clock_of)
    }

    fn rules_out(&self, id: u8, clock_of: &ClockOf<'_>) -> bool {
        self.rules_out(id, clock_of)
    }

    fn may_yet_be_found(&self, clock_of: &ClockOf<'_>) -> bool {
        self.may_yet_be_found(clock_of)
    }

    fn shows(&self, id: u8) -> bool {
        self.shows(id)
    }

    fn has_seen_enough_of(&self, id: u8) -> bool {
        let (steps, nanos) = self.seen(id);
        steps >= ENOUGH_STEPS && nanos >= ENOUGH_NANOS
    }
}

/// An abs-send-time that was right so often, over so long, is one.
const ENOUGH_STEPS: u32 = 64;
const ENOUGH_NANOS: i64 = 3_000_000_000;

impl Finder for TransportCcFinder {
    fn observe(&mut self, packet: &RtpPacket<'_>, _at: CaptureTime) {
        self.observe(packet);
    }

    fn found(&self, _clock_of: &ClockOf<'_>) -> Option<FoundId> {
        self.found()
    }

    fn guess(&self, _taken: Option<u8>, _clock_of: &ClockOf<'_>) -> Option<FoundId> {
        self.guess()
    }

    fn shows(&self, id: u8) -> bool {
        self.shows(id)
    }

    fn may_yet_be_found(&self, _clock_of: &ClockOf<'_>) -> bool {
        self.may_yet_be_found()
    }
}

impl Finder for TransmissionOffsetFinder {
    fn observe(&mut self, packet: &RtpPacket<'_>, _at: CaptureTime) {
        self.observe(packet);
    }

    fn found(&self, _clock_of: &ClockOf<'_>) -> Option<FoundId> {
        self.found()
    }

    fn guess(&self, _taken: Option<u8>, _clock_of: &ClockOf<'_>) -> Option<FoundId> {
        self.guess()
    }

    fn open(&self, _taken: Option<u8>, _clock_of: &ClockOf<'_>) -> Option<FoundId> {
        self.open()
    }

    fn shows(&self, id: u8) -> bool {
        self.shows(id)
    }

    fn rules_out(&self, id: u8, _clock_of: &ClockOf<'_>) -> bool {
        self.rules_out(id)
    }

    fn may_yet_be_found(&self, _clock_of: &ClockOf<'_>) -> bool {
        self.may_yet_be_found()
    }
}

impl Finder for AbsCaptureTimeFinder {
    fn observe(&mut self, packet: &RtpPacket<'_>, at: CaptureTime) {
        self.observe(packet, at);
    }

    fn found(&self, clock_of: &ClockOf<'_>) -> Option<FoundId> {
        self.found(clock_of)
    }

    fn shows(&self, id: u8) -> bool {
        self.shows(id)
    }

    fn may_yet_be_found(&self, clock_of: &ClockOf<'_>) -> bool {
        self.may_yet_be_found(clock_of)
    }
}

#[cfg(test)]
mod tests;

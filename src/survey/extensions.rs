//! Which header extension is which on a flow: said by a flag, by the SDP, or found out by how the elements behave.

use crate::capture::LogFacts;
use crate::infer::{
    AbsCaptureTimeFinder, IdEvidence, SaidBy, SendTimeFinder, TransmissionOffsetFinder, TransportCcFinder,
};
use crate::model::{Extension, Inference};
use crate::rtp::RtpPacket;
use crate::rtp::sdp::HeaderExtension;
use crate::units::{CaptureTime, PayloadType, Ssrc};

use super::SurveyConfig;
use super::learned::LearnedFlow;
use super::lookup::{ClockOf, Lookup};
use super::shapes::KnownIds;

fn made_id(log: &LogFacts, extension: HeaderExtension) -> u8 {
    let [send_time, offset, transport] = log.made_extensions();
    match extension {
        HeaderExtension::AbsSendTime => send_time,
        HeaderExtension::TransmissionOffset => offset,
        HeaderExtension::TransportSequenceNumber02 => transport,
        _ => 0,
    }
}

/// The ids of a flow's extensions.
#[derive(Debug)]
pub(super) struct Extensions {
    pub(super) abs_send_time: Lookup<SendTimeFinder>,
    pub(super) transport_cc: Lookup<TransportCcFinder>,
    pub(super) transmission_offset: Lookup<TransmissionOffsetFinder>,
    pub(super) abs_capture_time: Lookup<AbsCaptureTimeFinder>,
    /// Ids that came so far, a bit each.
    ids: [u64; 4],
    /// Whether waiting is over, all found or not.
    is_settled: bool,
}

impl Extensions {
    pub(super) fn new(config: &SurveyConfig, learned: Option<&LearnedFlow>) -> Self {
        let made = config.log.as_ref().filter(|log| log.has_made_headers);
        let by_log = |extension| Some((made_id(made?, extension), SaidBy::Log));
        let by_sdp = |extension| config.sdp.as_ref().map(|sdp| sdp.extension_id(extension).ok().flatten());
        let flag = |id: Option<u8>| id.map(|id| (id, SaidBy::Flag));
        let given = |id: Option<(u8, SaidBy)>, extension| {
            let said = || Some((by_sdp(extension)?.unwrap_or(0), SaidBy::Sdp));
            id.or_else(|| by_log(extension)).or_else(said)
        };
        let transport_cc = if config.ignore_transport_cc {
            Some((0, SaidBy::Flag))
        } else {
            let first = by_sdp(HeaderExtension::TransportSequenceNumber).flatten().filter(|_| made.is_none());
            given(first.map(|id| (id, SaidBy::Sdp)), HeaderExtension::TransportSequenceNumber02)
        };
        let abs_capture_time = if config.uses_capture_time() {
            given(flag(config.abs_capture_time_id), HeaderExtension::AbsCaptureTime)
        } else {
            Some((0, SaidBy::Flag))
        };
        let abs_send_time = given(flag(config.abs_send_time_id), HeaderExtension::AbsSendTime);
        let transmission_offset = given(flag(config.toffset_id), HeaderExtension::TransmissionOffset);
        Self {
            abs_send_time: Lookup::new(
                Extension::AbsSendTime,
                abs_send_time,
                learned.map(|flow| &flow.abs_send_time),
            ),
            transport_cc: Lookup::new(
                Extension::TransportSequenceNumber,
                transport_cc,
                learned.map(|flow| &flow.transport_cc),
            ),
            transmission_offset: Lookup::new(
                Extension::TransmissionOffset,
                transmission_offset,
                learned.map(|flow| &flow.transmission_offset),
            ),
            abs_capture_time: Lookup::new(
                Extension::AbsCaptureTime,
                abs_capture_time,
                learned.map(|flow| &flow.abs_capture_time),
            ),
            ids: [0; 4],
            is_settled: false,
        }
    }

    /// Looks at a packet for what is not yet known, or not for certain.
    pub(super) fn observe(&mut self, packet: &RtpPacket<'_>, at: CaptureTime, clock_of: &ClockOf<'_>) {
        let was_guess = self.abs_send_time.is_guess();
        self.abs_send_time.observe(packet, at, clock_of);
        if was_guess && self.abs_send_time.is_unknown() {
            self.guess_send_time(clock_of);
        }
        self.transport_cc.observe(packet, at, clock_of);
        self.transmission_offset.observe(packet, at, clock_of);
        self.abs_capture_time.observe(packet, at, clock_of);
        if self.is_settled {
            return;
        }
        let without_send_time = self.abs_send_time.id.is_none();
        let waits = self.abs_send_time.may_yet_be_found()
            || self.transport_cc.may_yet_be_found()
            || (without_send_time && self.transmission_offset.may_yet_be_found())
            || (without_send_time && self.abs_capture_time.may_yet_be_found());
        self.is_settled = !waits;
    }

    /// Whether a packet has an element that none had before.
    pub(super) fn has_new_element(&mut self, packet: &RtpPacket<'_>) -> bool {
        let mut is_new = false;
        for element in packet.elements() {
            let (place, bit) = (usize::from(element.id / 64), 1_u64 << (element.id % 64));
            if let Some(ids) = self.ids.get_mut(place) {
                is_new |= *ids & bit == 0;
                *ids |= bit;
            }
        }
        is_new
    }

    /// A kind of element has come that was not there before.
    pub(super) fn reopen(&mut self) {
        if self.abs_send_time.id.is_none() {
            self.abs_send_time.reopen();
            self.transmission_offset.reopen();
        }
        self.transport_cc.reopen();
        // What it is has to be known before its packet is fed.
        self.is_settled = false;
    }

    /// How much send time went by in all while the timestamps of a payload type did, nanoseconds and ticks.
    pub(super) fn speed(&self, ssrc: Ssrc, payload_type: PayloadType) -> Option<(i64, i64)> {
        self.abs_send_time.finder()?.speed(self.abs_send_time.id?, ssrc, payload_type)
    }

    /// Those that are sought in every packet.
    pub(super) fn known_ids(&self) -> KnownIds {
        KnownIds {
            send_time: self.abs_send_time.id.unwrap_or(0),
            transmission_offset: self.transmission_offset.id.unwrap_or(0),
            transport_cc: self.transport_cc.id.unwrap_or(0),
        }
    }

    /// Whether waiting is over.
    pub(super) fn is_settled(&self) -> bool {
        self.is_settled
    }

    /// Whether further packets tell nothing.
    pub(super) fn are_final(&self) -> bool {
        self.is_settled
            && self.abs_send_time.is_final()
            && self.transport_cc.is_final()
            && (self.abs_send_time.id.is_some() || self.transmission_offset.is_final())
            && self.abs_capture_time.is_final()
    }

    /// Ends the waiting: what is most plausible is taken.
    pub(super) fn settle(&mut self, clock_of: &ClockOf<'_>) {
        self.is_settled = true;
        self.transport_cc.guess(None, clock_of);
        self.transmission_offset.guess(None, clock_of);
        self.guess_send_time(clock_of);
    }

    fn guess_send_time(&mut self, clock_of: &ClockOf<'_>) {
        let offset = self.transmission_offset.id.filter(|_| !self.transmission_offset.is_guess());
        self.abs_send_time.guess(offset, clock_of);
    }

    /// What the element with this id is, and how that is known.
    pub(super) fn meaning(&self, id: u8) -> Option<(Extension, IdEvidence)> {
        self.known().find(|(_, known, _)| *known == id).map(|(what, _, evidence)| (what, evidence))
    }

    /// Ids that were found by how the elements behave.
    pub(super) fn inferred(&self) -> impl Iterator<Item = (Extension, u8)> {
        [
            self.abs_send_time.inferred(),
            self.transport_cc.inferred(),
            self.transmission_offset.inferred(),
            self.abs_capture_time.inferred(),
        ]
        .into_iter()
        .flatten()
    }

    fn known(&self) -> impl Iterator<Item = (Extension, u8, IdEvidence)> {
        [
            self.abs_send_time.known(),
            self.transport_cc.known(),
            self.transmission_offset.known(),
            self.abs_capture_time.known(),
        ]
        .into_iter()
        .flatten()
    }

    /// What is known, and how.
    pub(super) fn inferences(&self) -> impl Iterator<Item = Inference> {
        self.known().map(|(extension, id, evidence)| Inference::ExtensionId { extension, id, evidence })
    }
}

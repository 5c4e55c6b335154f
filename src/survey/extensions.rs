//! Which header extension is which on a flow: said by a flag, by the SDP, or found out by how the elements behave.

use crate::report::summary::Inference;
use crate::rtp::RtpPacket;
use crate::rtp::infer::{
    AbsCaptureTimeFinder, AbsSendTimeFinder, TransmissionOffsetFinder, TransportCcFinder,
};
use crate::rtp::sdp::HeaderExtension;
use crate::units::CaptureTime;

use super::SurveyConfig;
use super::shapes::KnownIds;

/// The ids of a flow's extensions.
#[derive(Debug)]
pub(super) struct Extensions {
    pub(super) abs_send_time: Lookup<AbsSendTimeFinder>,
    pub(super) transport_cc: Lookup<TransportCcFinder>,
    pub(super) transmission_offset: Lookup<TransmissionOffsetFinder>,
    pub(super) abs_capture_time: Lookup<AbsCaptureTimeFinder>,
    /// Whether waiting is over, all found or not.
    is_settled: bool,
}

impl Extensions {
    pub(super) fn new(config: &SurveyConfig) -> Self {
        let by_sdp = |extension| config.sdp.as_ref().map(|sdp| sdp.extension_id(extension).ok().flatten());
        let flag = |id: Option<u8>, name: &str| id.map(|id| (id, name.to_owned()));
        let given = |id: Option<(u8, String)>, extension| {
            id.or_else(|| Some((by_sdp(extension)?.unwrap_or(0), "SDP".to_owned())))
        };
        let transport_cc = if config.ignore_transport_cc {
            Some((0, "--ignore-transport-cc".to_owned()))
        } else {
            let first = by_sdp(HeaderExtension::TransportSequenceNumber).flatten();
            given(first.map(|id| (id, "SDP".to_owned())), HeaderExtension::TransportSequenceNumber02)
        };
        let abs_capture_time = if config.uses_capture_time() {
            given(flag(config.abs_capture_time_id, "--abs-capture-time-id"), HeaderExtension::AbsCaptureTime)
        } else {
            Some((0, String::new()))
        };
        let abs_send_time =
            given(flag(config.abs_send_time_id, "--abs-send-time-id"), HeaderExtension::AbsSendTime);
        let transmission_offset =
            given(flag(config.toffset_id, "--toffset-id"), HeaderExtension::TransmissionOffset);
        Self {
            abs_send_time: Lookup::new("abs-send-time", abs_send_time),
            transport_cc: Lookup::new("transport-wide sequence number", transport_cc),
            transmission_offset: Lookup::new("transmission time offset", transmission_offset),
            abs_capture_time: Lookup::new("abs-capture-time", abs_capture_time),
            is_settled: false,
        }
    }

    /// Looks at a packet for what is not yet known.
    pub(super) fn observe(&mut self, packet: &RtpPacket<'_>, at: CaptureTime) {
        if self.is_settled && !self.abs_send_time.is_open() {
            return;
        }
        self.abs_send_time.observe(packet, at);
        if self.is_settled {
            return;
        }
        self.transport_cc.observe(packet, at);
        self.transmission_offset.observe(packet, at);
        self.abs_capture_time.observe(packet, at);
        let without_send_time = self.abs_send_time.id.is_none();
        let waits = self.abs_send_time.may_yet_be_found()
            || self.transport_cc.may_yet_be_found()
            || (without_send_time && self.transmission_offset.may_yet_be_found())
            || (without_send_time && self.abs_capture_time.may_yet_be_found());
        self.is_settled = !waits;
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

    /// Ends the waiting.
    pub(super) fn settle(&mut self) {
        self.is_settled = true;
    }

    /// What the element with this id is, and how that is known.
    pub(super) fn meaning(&self, id: u8) -> Option<(&'static str, &str)> {
        self.known().find(|(_, known, _)| *known == id).map(|(what, _, evidence)| (what, evidence))
    }

    /// Ids that were found by how the elements behave.
    pub(super) fn inferred(&self) -> impl Iterator<Item = (&'static str, u8)> {
        [
            (self.abs_send_time.was_inferred, self.abs_send_time.known()),
            (self.transport_cc.was_inferred, self.transport_cc.known()),
            (self.transmission_offset.was_inferred, self.transmission_offset.known()),
            (self.abs_capture_time.was_inferred, self.abs_capture_time.known()),
        ]
        .into_iter()
        .filter_map(|(inferred, known)| known.filter(|_| inferred).map(|(what, id, _)| (what, id)))
    }

    fn known(&self) -> impl Iterator<Item = (&'static str, u8, &str)> {
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
        self.known().map(|(what, id, evidence)| Inference {
            what: format!("{what} id"),
            value: id.to_string(),
            evidence: evidence.to_owned(),
        })
    }
}

/// Something that recognises an extension.
pub(super) trait Finder: Default {
    fn observe(&mut self, packet: &RtpPacket<'_>, at: CaptureTime);
    /// The id and the evidence for it.
    fn found(&self) -> Option<(u8, String)>;
    fn may_yet_be_found(&self) -> bool;
}

/// One extension's id.
#[derive(Debug)]
pub(super) struct Lookup<F> {
    what: &'static str,
    /// `None` once the id is known, or known to be absent.
    finder: Option<F>,
    pub(super) id: Option<u8>,
    evidence: String,
    was_inferred: bool,
}

impl<F: Finder> Lookup<F> {
    /// With a given id, 0 for absent, there is nothing to find.
    fn new(what: &'static str, given: Option<(u8, String)>) -> Self {
        match given {
            Some((id, evidence)) => {
                let id = Some(id).filter(|id| *id > 0);
                Self { what, finder: None, id, evidence, was_inferred: false }
            }
            None => {
                let finder = Some(F::default());
                Self { what, finder, id: None, evidence: String::new(), was_inferred: false }
            }
        }
    }

    /// Whether it is still looked for.
    pub(super) fn is_open(&self) -> bool {
        self.finder.is_some()
    }

    fn observe(&mut self, packet: &RtpPacket<'_>, at: CaptureTime) {
        let Some(finder) = &mut self.finder else { return };
        finder.observe(packet, at);
        if let Some((id, evidence)) = finder.found() {
            (self.id, self.evidence, self.finder) = (Some(id), evidence, None);
            self.was_inferred = true;
        }
    }

    fn may_yet_be_found(&self) -> bool {
        self.finder.as_ref().is_some_and(F::may_yet_be_found)
    }

    /// What, which id, and how that is known.
    fn known(&self) -> Option<(&'static str, u8, &str)> {
        Some((self.what, self.id?, &self.evidence))
    }
}

impl Finder for AbsSendTimeFinder {
    fn observe(&mut self, packet: &RtpPacket<'_>, at: CaptureTime) {
        self.observe(packet, at);
    }

    fn found(&self) -> Option<(u8, String)> {
        self.found().map(|found| {
            let evidence = format!(
                "advances at {:.3} × 2^18 a second; {} of {} steps agree with capture time in the first {:.2} s",
                found.rate, found.agreeing, found.steps, found.span_s
            );
            (found.id, evidence)
        })
    }

    fn may_yet_be_found(&self) -> bool {
        self.may_yet_be_found()
    }
}

impl Finder for TransportCcFinder {
    fn observe(&mut self, packet: &RtpPacket<'_>, _at: CaptureTime) {
        self.observe(packet);
    }

    fn found(&self) -> Option<(u8, String)> {
        self.found().map(|found| {
            let evidence =
                format!("counts the flow's packets: {} of {} steps are by one", found.by_one, found.steps);
            (found.id, evidence)
        })
    }

    fn may_yet_be_found(&self) -> bool {
        self.may_yet_be_found()
    }
}

impl Finder for TransmissionOffsetFinder {
    fn observe(&mut self, packet: &RtpPacket<'_>, at: CaptureTime) {
        self.observe(packet, at);
    }

    fn found(&self) -> Option<(u8, String)> {
        self.found().map(|found| {
            let evidence = format!(
                "with it RTP timestamps are {:.1} ms off capture time over {} steps, without it {:.1} ms",
                found.off_with_ms, found.steps, found.off_without_ms
            );
            (found.id, evidence)
        })
    }

    fn may_yet_be_found(&self) -> bool {
        self.may_yet_be_found()
    }
}

impl Finder for AbsCaptureTimeFinder {
    fn observe(&mut self, packet: &RtpPacket<'_>, at: CaptureTime) {
        self.observe(packet, at);
    }

    fn found(&self) -> Option<(u8, String)> {
        self.found().map(|found| {
            let evidence =
                format!("advances at {:.3} times the capture's clock over {:.2} s", found.rate, found.span_s);
            (found.id, evidence)
        })
    }

    fn may_yet_be_found(&self) -> bool {
        self.may_yet_be_found()
    }
}

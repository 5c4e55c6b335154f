//! What was found out of a flow after packets had been fed without it, and what never was for certain.

use crate::infer::FoundId;
use crate::model::{Disagreement, Doubt, Extension, Guess, Late, LateFinding};
use crate::units::Count;

use super::SurveyState;
use super::doubts::FlowDoubts;
use super::extensions::Extensions;
use super::fed_with::FedWith;
use super::session::{Session, tag_len};
use super::stream::Stream;

impl Session {
    /// What is known now.
    pub(super) fn known(&self) -> FedWith {
        FedWith {
            send_time: self.extensions.abs_send_time.id,
            transmission_offset: self.extensions.transmission_offset.id,
            transport_cc: self.extensions.transport_cc.id,
            capture_time: self.extensions.abs_capture_time.id,
            srtp_tag_len: self.srtp_tag_len.unwrap_or(0),
        }
    }

    /// Whether packets that were fed had no send time: their offset matters.
    fn fed_without_send_time(&self) -> bool {
        self.rtp_streams().any(|stream| stream.fed.count > stream.abs_send_times)
    }

    /// Whether packets that were fed when that was known would be fed otherwise now.
    pub(super) fn knows_otherwise(&self, then: FedWith) -> bool {
        let now = self.known();
        let offset_matters =
            then.transmission_offset != now.transmission_offset && self.fed_without_send_time();
        offset_matters || then != FedWith { transmission_offset: then.transmission_offset, ..now }
    }

    /// The bytes of tag that the whole capture tells of.
    pub(super) fn srtp_tag_len_at_last(&self, state: &SurveyState) -> usize {
        let used = self.srtp_tag_len.unwrap_or(0);
        let is_told = state.config.srtp_tag_len.is_some() || state.config.learned.is_some();
        let verdict = || state.conversation(self).and_then(|conversation| conversation.srtp.verdict());
        match is_told {
            true => used,
            false => verdict().map_or(used, |verdict| tag_len(Some(verdict))),
        }
    }

    /// What packets were fed without.
    pub(super) fn late_findings(&self, state: &SurveyState) -> Vec<LateFinding> {
        let mut late = Vec::new();
        let Some(then) = self.fed_with.filter(|_| self.packets_fed() > 0) else { return late };
        let now = FedWith { srtp_tag_len: self.srtp_tag_len_at_last(state), ..self.known() };
        let flow = self.flow;
        let all = Count { count: self.packets_fed(), first_frame: self.first_frame.0 };
        let before = self.learned_after.unwrap_or(all);
        let ids = [
            (Extension::AbsSendTime, then.send_time, now.send_time),
            (Extension::TransportSequenceNumber, then.transport_cc, now.transport_cc),
            (Extension::AbsCaptureTime, then.capture_time, now.capture_time),
        ];
        let offset = (Extension::TransmissionOffset, then.transmission_offset, now.transmission_offset);
        let offset = Some(offset).filter(|_| then.send_time == now.send_time && self.fed_without_send_time());
        let changed = ids.into_iter().chain(offset).filter(|(_, then, now)| then != now);
        late.extend(changed.map(|(extension, _, now)| LateFinding {
            flow,
            what: Late::ExtensionId(extension, now),
            packets: before,
        }));
        if late.is_empty() && self.learned_after.is_some() {
            late.push(LateFinding { flow, what: Late::Extensions, packets: before });
        }
        if then.srtp_tag_len != now.srtp_tag_len {
            let what = Late::SrtpTagLen { now: now.srtp_tag_len, then: then.srtp_tag_len };
            late.push(LateFinding { flow, what, packets: all });
        }
        late.extend(self.rtp_streams().filter_map(|stream| self.late_kind(stream)));
        late
    }

    fn late_kind(&self, stream: &Stream) -> Option<LateFinding> {
        let Stream { ssrc, fed, left_out, .. } = *stream;
        let (what, packets) = match () {
            () if stream.turned_out_to_be_audio() => (Late::Audio(ssrc), fed),
            () if stream.turned_out_to_count() => (Late::NotAudio(ssrc), left_out),
            () => return None,
        };
        Some(LateFinding { flow: self.flow, what, packets })
    }

    /// What was taken without proof, and is in doubt to the end.
    fn guesses(&self, doubts: &mut FlowDoubts<'_>) {
        let all = Count { count: self.packets_fed(), first_frame: self.first_frame.0 };
        let mut add = |guess| doubts.add_any(Doubt::Uncertain(guess), all);
        let Extensions { abs_send_time, transmission_offset, transport_cc, .. } = &self.extensions;
        let offset_matters = abs_send_time.id.is_none();
        let taken = [
            abs_send_time.known().filter(|_| abs_send_time.is_guess()),
            transport_cc.known().filter(|_| transport_cc.is_guess()),
            transmission_offset.known().filter(|_| transmission_offset.is_guess() && offset_matters),
        ];
        for (extension, id, evidence) in taken.into_iter().flatten() {
            add(Guess::Taken(extension, id, evidence));
        }
        let clock_of = |ssrc, payload_type| self.streams.clock_of(ssrc, payload_type);
        if let Some(FoundId { id, evidence }) = abs_send_time.may_be(transmission_offset.id, &clock_of) {
            add(Guess::MayBe(Extension::AbsSendTime, id, evidence));
        }
        let may_be = transmission_offset.may_be(None, &clock_of).filter(|_| offset_matters);
        if let Some(FoundId { id, evidence }) = may_be {
            add(Guess::MayBe(Extension::TransmissionOffset, id, evidence));
        }
        for stream in self.rtp_streams().filter(|stream| stream.is_guess()) {
            let first_frame = if stream.fed.count > 0 { stream.fed } else { stream.left_out }.first_frame;
            let count = Count { count: stream.stats.packets(), first_frame };
            let guess = Guess::Kind(stream.ssrc, stream.stream_kind(), stream.kind_evidence());
            doubts.add_any(Doubt::Uncertain(guess), count);
        }
    }

    /// Where an SDP or a flag says otherwise than the packets.
    fn disagreements(&self) -> impl Iterator<Item = Disagreement> {
        let clock_of = |ssrc, payload_type| self.streams.clock_of(ssrc, payload_type);
        [
            self.extensions.abs_send_time.disagreement(&clock_of),
            self.extensions.transmission_offset.disagreement(&clock_of),
            self.extensions.transport_cc.disagreement(&clock_of),
        ]
        .into_iter()
        .flatten()
    }
}

impl SurveyState {
    /// Doubts about what was inferred.
    pub(super) fn of_inference(&self, session: &Session, doubts: &mut FlowDoubts<'_>) {
        for late in session.late_findings(self) {
            doubts.add_any(Doubt::LearnedLate(late.what), late.packets);
        }
        session.guesses(doubts);
        let packets = session.rtp_streams().map(|stream| stream.stats.packets()).sum();
        let all = Count { count: packets, first_frame: session.first_frame.0 };
        session.disagreements().for_each(|what| doubts.add_any(Doubt::SdpDisagrees(what), all));
    }
}

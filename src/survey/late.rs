//! What was found out of a flow after packets had been fed without it, and what never was for certain.

use crate::report::summary::Warning;
use crate::rtp::infer::FoundId;
use crate::units::Count;

use super::Line;
use super::learned::LateFinding;
use super::session::{Session, tag_len};
use super::stream::Stream;

/// What was known of a flow when its first packet was fed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FedWith {
    send_time: Option<u8>,
    transmission_offset: Option<u8>,
    transport_cc: Option<u8>,
    capture_time: Option<u8>,
    srtp_tag_len: usize,
}

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
    pub(super) fn srtp_tag_len_at_last(&self, line: &Line) -> usize {
        let used = self.srtp_tag_len.unwrap_or(0);
        let is_told = line.config.srtp_tag_len.is_some() || line.config.learned.is_some();
        let verdict = || line.conversation(self).and_then(|conversation| conversation.srtp.verdict());
        match is_told {
            true => used,
            false => verdict().map_or(used, |verdict| tag_len(Some(verdict))),
        }
    }

    /// What packets were fed without.
    pub(super) fn late_findings(&self, line: &Line) -> Vec<LateFinding> {
        let mut late = Vec::new();
        let Some(then) = self.fed_with.filter(|_| self.packets_fed() > 0) else { return late };
        let now = FedWith { srtp_tag_len: self.srtp_tag_len_at_last(line), ..self.known() };
        let add = |late: &mut Vec<_>, what: String, flag: String, packets: Count| {
            late.push(LateFinding { flow: self.flow, what, flag, packets, is_audio: false });
        };
        let all = Count { count: self.packets_fed(), first_frame: self.first_frame.0 };
        let before = self.learned_after.unwrap_or(all);
        let ids = [
            ("abs-send-time", "--abs-send-time-id", then.send_time, now.send_time),
            ("the transport-wide sequence number", "--sdp, with the", then.transport_cc, now.transport_cc),
            ("abs-capture-time", "--abs-capture-time-id", then.capture_time, now.capture_time),
        ];
        let offset = (
            "the transmission time offset",
            "--toffset-id",
            then.transmission_offset,
            now.transmission_offset,
        );
        let offset = Some(offset).filter(|_| then.send_time == now.send_time && self.fed_without_send_time());
        for (what, flag, then, now) in ids.into_iter().chain(offset) {
            if then != now {
                let found = match now {
                    Some(id) => format!("{what} was found to be element {id}"),
                    None => format!("{what} was found not to be there"),
                };
                let flag = format!("{flag} {}", now.unwrap_or(0));
                add(
                    &mut late,
                    format!("{found} after {} packets were fed without", before.count),
                    flag,
                    before,
                );
            }
        }
        if late.is_empty() && self.learned_after.is_some() {
            let what = format!(
                "header extensions were in doubt for a while, {} packets after the first",
                before.count
            );
            add(&mut late, what, "--sdp".to_owned(), before);
        }
        if then.srtp_tag_len != now.srtp_tag_len {
            let what = format!(
                "payloads were found to end in {} bytes of SRTP tag after packets were fed with {}",
                now.srtp_tag_len, then.srtp_tag_len
            );
            add(&mut late, what, format!("--srtp-tag-len {}", now.srtp_tag_len), all);
        }
        late.extend(self.rtp_streams().filter_map(|stream| self.late_kind(stream)));
        late
    }

    fn late_kind(&self, stream: &Stream) -> Option<LateFinding> {
        let Stream { ssrc, fed, left_out, .. } = stream;
        let flow = self.flow;
        if stream.turned_out_to_be_audio() {
            let what = format!("{ssrc} turned out to be audio after {} of its packets were fed", fed.count);
            let flag = format!("--sdp or --exclude-ssrc {ssrc}");
            return Some(LateFinding { flow, what, flag, packets: *fed, is_audio: true });
        }
        stream.turned_out_to_count().then(|| {
            let left = left_out.count;
            let what = format!("{ssrc} turned out not to be audio after {left} of its packets were left out");
            LateFinding { flow, what, flag: "--sdp".to_owned(), packets: *left_out, is_audio: false }
        })
    }

    /// What was taken without proof, and is in doubt to the end.
    fn guesses(&self) -> Vec<(String, Count)> {
        let all = Count { count: self.packets_fed(), first_frame: self.first_frame.0 };
        let mut guesses = Vec::new();
        let send_time = &self.extensions.abs_send_time;
        let offset = &self.extensions.transmission_offset;
        if let Some((what, id, evidence)) = send_time.known().filter(|_| send_time.is_guess()) {
            guesses.push((format!("{what} is taken to be element {id}: {evidence}"), all));
        }
        let sequence = &self.extensions.transport_cc;
        if let Some((what, id, evidence)) = sequence.known().filter(|_| sequence.is_guess()) {
            guesses.push((format!("the {what} is taken to be element {id}: {evidence}"), all));
        }
        if let Some((what, id, evidence)) =
            offset.known().filter(|_| offset.is_guess() && send_time.id.is_none())
        {
            guesses.push((format!("the {what} is taken to be element {id}: {evidence}"), all));
        }
        let clock_of = |ssrc, payload_type| self.streams.clock_of(ssrc, payload_type);
        let open = |what: &str, FoundId { id, evidence }| {
            (format!("whether element {id} is {what} was not to be decided: {evidence}"), all)
        };
        let may_be = send_time.may_be(offset.id, &clock_of);
        guesses.extend(may_be.map(|found| open("abs-send-time", found)));
        let may_be = offset.may_be(None, &clock_of).filter(|_| send_time.id.is_none());
        guesses.extend(may_be.map(|found| open("the transmission time offset", found)));
        let unsure = |stream: &&Stream| stream.is_guess();
        guesses.extend(self.rtp_streams().filter(unsure).map(|stream| {
            let first_frame = if stream.fed.count > 0 { stream.fed } else { stream.left_out }.first_frame;
            let count = Count { count: stream.stats.packets(), first_frame };
            let inference = stream.inference();
            (format!("{} is taken to be {}: {}", stream.ssrc, inference.value, inference.evidence), count)
        }));
        guesses
    }
}

impl Line {
    /// Doubts about what was inferred.
    pub(super) fn of_inference(&self, session: &Session) -> Vec<Warning> {
        let doubt = |code, message, count| Warning {
            code,
            flow: Some(session.flow.to_string()),
            message,
            count: Some(count),
        };
        let late = session.late_findings(self).into_iter().map(|late| {
            let code = if late.is_audio { "W-LATE-AUDIO" } else { "W-LEARNED-LATE" };
            doubt(code, format!("{}; {} tells it from the start", late.what, late.flag), late.packets)
        });
        let guesses = session.guesses().into_iter().map(|(what, count)| doubt("W-UNCERTAIN", what, count));
        let packets = session.rtp_streams().map(|stream| stream.stats.packets()).sum();
        let all = Count { count: packets, first_frame: session.first_frame.0 };
        let disagreements = session.disagreements();
        let disagreements = disagreements.into_iter().map(|what| doubt("W-SDP-DISAGREES", what, all));
        late.chain(guesses).chain(disagreements).collect()
    }
}

impl Session {
    /// Where an SDP or a flag says otherwise than the packets.
    fn disagreements(&self) -> Vec<String> {
        let clock_of = |ssrc, payload_type| self.streams.clock_of(ssrc, payload_type);
        [
            self.extensions.abs_send_time.disagreement(&clock_of),
            self.extensions.transmission_offset.disagreement(&clock_of),
            self.extensions.transport_cc.disagreement(&clock_of),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

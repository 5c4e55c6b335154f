//! What a survey found.

use std::collections::BTreeMap;

use crate::capture::LogFacts;
use crate::capture::log_facts::made_ids;
use crate::infer::{IdEvidence, SaidBy, SrtpDetector, SrtpVerdict};
use crate::model::{
    self, End, Extension, Flow, Frames, Nothing, RecordedRembs, RtcpSeen, Rtt, RttSource, Srtp, SrtpEvidence,
    Warning,
};
use crate::units::{CaptureTime, Seconds, TimeDelta};

use super::conversation::{Conversation, Direction, SenderEnd};
use super::learned::Learned;
use super::ledger::Skip;
use super::session::Session;
use super::stream::Stream;
use super::{Survey, SurveyState};

/// What a survey found.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Findings {
    /// Frames by what they carried.
    pub frames: Frames,
    /// What is known beside the packets, of a log.
    pub log: Option<LogFacts>,
    /// Flows with RTP, in order of appearance.
    pub flows: Vec<Flow>,
    /// The flows' places among all that were fed, in the same order.
    pub places: Vec<usize>,
    /// Doubts; their flows are those of this list.
    pub warnings: Vec<Warning>,
    /// Why there was nothing to estimate, if so.
    pub nothing: Option<Nothing>,
    /// What all times are multiples of, if that is a millisecond or more.
    pub grain: Option<TimeDelta>,
    /// From the first frame's time to the latest.
    pub span: Option<Seconds>,
    /// From the first frame's time to the latest that counts: not beyond `--to`.
    pub counted_span: Option<Seconds>,
    /// What was found out of the flows, where some of it came too late: a second reading is to be told.
    pub learned: Option<Learned>,
}

/// So many flows are named that were not fed.
const MAX_REASONS: usize = 3;

impl Survey {
    /// What was found; call it after [`Survey::finish`].
    pub fn findings(&self) -> Findings {
        let state = &self.state;
        let with_rtp = || state.sessions.enumerate().filter(|(_, session)| session.carries_rtp());
        Findings {
            frames: state.frame_counts(),
            log: state.config.log.clone(),
            flows: with_rtp().map(|(_, session)| state.flow(session)).collect(),
            places: with_rtp().map(|(place, _)| place).collect(),
            warnings: self.doubts(),
            nothing: state.nothing(),
            grain: state.tally.grain.found(),
            span: state.since_first(state.clock),
            counted_span: state.since_first(state.range.until(state.clock)),
            learned: Some(self.learned()).filter(|learned| !learned.late().is_empty()),
        }
    }
}

impl SurveyState {
    fn since_first(&self, at: CaptureTime) -> Option<Seconds> {
        self.first_at.map(|first| Seconds(at.as_nanos() - first.as_nanos()))
    }

    fn frame_counts(&self) -> Frames {
        Frames {
            total: self.tally.frames,
            link_types: self.tally.link_types(),
            carriers: self.tally.carriers(),
            classes: self.tally.classes(),
            skipped: self.ledger.counts(),
            truncated: self.tally.truncated,
            time_steps_back: self.tally.time_steps_back.count,
            clock_grain_s: self.tally.grain.found().map(|grain| Seconds(grain.as_micros() * 1000)),
        }
    }

    /// The sessions with RTP, in order of appearance.
    pub(super) fn with_rtp(&self) -> impl Iterator<Item = &Session> {
        self.sessions.iter().filter(|session| session.carries_rtp())
    }

    fn flow(&self, session: &Session) -> Flow {
        let conversation = self.conversation(session);
        let media = conversation.map(|conversation| conversation.media_of(SenderEnd::of(&session.flow)));
        Flow {
            flow: session.flow,
            also_on: session.also_on.clone(),
            carrier: session.carrier,
            packets_fed: session.packets_fed(),
            inferences: session.inferences().collect(),
            extensions: extensions(session, self.config.log.as_ref()),
            srtp: self.srtp(session, conversation),
            rtt: rtt(media),
            captured_at: self.capture_point(session),
            streams: session.rtp_streams().map(|stream| self.stream(session, stream)).collect(),
            rtcp: media.map(rtcp).unwrap_or_default(),
            recorded: media.map(recorded).unwrap_or_default(),
            verdict: self.verdict(session),
            estimation: None,
            events: Vec::new(),
        }
    }

    /// What both directions of a session's 5-tuple say of each other.
    pub(super) fn conversation(&self, session: &Session) -> Option<&Conversation> {
        self.conversations.get(session.conversation?)
    }

    fn srtp(&self, session: &Session, conversation: Option<&Conversation>) -> Srtp {
        let detector = conversation.map(|conversation| &conversation.srtp);
        let is_logged = self.config.log.as_ref().is_some_and(|log| log.srtp_tag_len.is_some());
        let evidence = match self.config.srtp_tag_len {
            Some(_) => Some(SrtpEvidence::Flag),
            None if is_logged => Some(SrtpEvidence::Log),
            None => detector.map(|detector| {
                let (handshakes, clear_rtcp, encrypted_rtcp) = detector.seen();
                SrtpEvidence::Seen { handshakes, clear_rtcp, encrypted_rtcp }
            }),
        };
        Srtp {
            encrypted: match evidence {
                Some(SrtpEvidence::Log) => Some(self.config.said_tag_len() != Some(0)),
                _ => detector.and_then(SrtpDetector::verdict).map(|verdict| verdict != SrtpVerdict::Clear),
            },
            tag_len: session.srtp_tag_len.unwrap_or(0),
            evidence,
        }
    }

    fn stream(&self, session: &Session, stream: &Stream) -> model::Stream {
        let since_first = |at: CaptureTime| Seconds(at.as_nanos() - self.first_at.unwrap_or(at).as_nanos());
        let stats = &stream.stats;
        model::Stream {
            ssrc: stream.ssrc,
            payload_types: stats.payload_types().collect(),
            kind: stream.stream_kind(),
            kind_evidence: stream.kind_evidence(),
            clock_hz: stream.clock_hz(),
            packets: stats.packets(),
            payload_bytes: stats.payload_bytes(),
            first: since_first(stats.first_at().unwrap_or_default()),
            last: since_first(stats.last_at().unwrap_or_default()),
            sequence_range: stats.sequence_range(),
            lost: stats.lost(),
            reordered: stats.reordered(),
            duplicates: stats.duplicates(),
            jitter_ms: stats.jitter_ms(),
            abs_send_time_id: session.extensions.abs_send_time.id.filter(|_| stream.abs_send_times > 0),
            abs_send_times: stream.abs_send_times,
            drift_ppm: stats.drift_ppm(),
            frames: stats.frames(),
            delay_spread_ms: stats.delay_spread().p99_ms(),
            truncated: stats.truncated(),
            fed: stream.fed,
            treatment: stream.treatment(),
        }
    }

    /// Exit code 4, and why.
    fn nothing(&self) -> Option<Nothing> {
        if self.sessions.iter().any(|session| session.packets_fed() > 0) {
            return None;
        }
        if let Some(session) = self.with_rtp().next() {
            let reasons = self.with_rtp().take(MAX_REASONS);
            return Some(Nothing::NotFed {
                flows: self.with_rtp().count(),
                streams: session.rtp_streams().count(),
                reasons: reasons.map(|session| (session.flow, self.why_not(session))).collect(),
            });
        }
        let unselected = self.ledger.get(Skip::NotSelected).count;
        if unselected > 0 {
            return Some(Nothing::NoSuchFlow { packets: unselected, there: self.flows.unselected() });
        }
        let (seen, is_cut) = (self.what_was_seen(), self.cut_short().count > 0);
        Some(Nothing::NoRtp { frames: self.tally.frames, seen, is_cut })
    }

    fn what_was_seen(&self) -> Vec<(&'static str, u64)> {
        let classes = self.tally.classes().into_iter().filter(|(name, _)| *name != "rtp");
        let skipped = self.ledger.counts().into_iter().map(|(name, count)| (name, count.count));
        let skipped = skipped.filter(|(name, _)| *name != Skip::NotRtpClass.name());
        classes.chain(skipped).collect::<BTreeMap<_, _>>().into_iter().collect()
    }
}

fn rtt(media: Option<&Direction>) -> Rtt {
    let range = media.and_then(|media| media.rtt.range);
    Rtt {
        source: if range.is_some() { RttSource::Capture } else { RttSource::Default },
        value: None,
        samples: media.map_or(0, |media| media.rtt.count),
        range,
        discarded: media.map_or(0, |media| media.sampler.discarded()),
    }
}

fn extensions(session: &Session, log: Option<&LogFacts>) -> Vec<model::ElementSeen> {
    let made = |id| match id {
        _ if log.is_none_or(|log| !log.has_made_headers) => None,
        made_ids::AUDIO_LEVEL => Some((Extension::AudioLevel, IdEvidence::Said(SaidBy::Log))),
        made_ids::ROTATION => Some((Extension::VideoOrientation, IdEvidence::Said(SaidBy::Log))),
        _ => None,
    };
    let meaning = |id| session.extensions.meaning(id).or(made(id));
    let seen = session.layout.elements().into_iter().map(|element| model::ElementSeen {
        id: element.id,
        packets: element.packets,
        shortest: element.shortest,
        longest: element.longest,
        meaning: meaning(element.id),
    });
    seen.collect()
}

fn recorded(media: &Direction) -> RecordedRembs {
    RecordedRembs { unusable: media.unusable, ..media.recorded.tally.clone() }
}

fn rtcp(media: &Direction) -> Vec<RtcpSeen> {
    let of = |from, types: &super::recorded::RtcpTypes| {
        let seen = types.seen().map(move |(packet_type, count)| RtcpSeen { from, packet_type, count });
        seen.collect::<Vec<_>>()
    };
    [of(End::Receiver, &media.rtcp_of_receiver), of(End::Sender, &media.rtcp_of_sender)].concat()
}

//! What a survey found, for the summary.

use std::collections::BTreeMap;

use crate::report::counted;
use crate::report::summary::Stream as StreamSummary;
use crate::report::summary::{ElementSeen, Flow, Frames, Recorded, RtcpSeen, Rtt, Seconds, Srtp, Warning};
use crate::rtp::infer::{SrtpDetector, SrtpVerdict};
use crate::rtp::packet_type_name;
use crate::units::{CaptureTime, TimeDelta};

use super::capture_point::CapturePoint;
use super::conversation::{Conversation, Direction, From};
use super::learned::Learned;
use super::ledger::Unfed;
use super::session::Session;
use super::stream::Stream;
use super::verdict::in_short;
use super::{Line, Survey};

/// What a survey found.
#[derive(Debug, Clone, PartialEq)]
pub struct Findings {
    /// Frames by what they carried.
    pub frames: Frames,
    /// Flows with RTP, in order of appearance.
    pub flows: Vec<Flow>,
    /// The flows' places among all that were fed, in the same order.
    pub places: Vec<usize>,
    /// Doubts.
    pub warnings: Vec<Warning>,
    /// Why there was nothing to estimate, if so.
    pub nothing: Option<String>,
    /// What all times are multiples of, if that is a millisecond or more.
    pub grain: Option<TimeDelta>,
    /// From the first frame's time to the latest.
    pub span: Option<Seconds>,
    /// From the first frame's time to the latest that counts: not beyond `--to`.
    pub counted_span: Option<Seconds>,
    /// What was found out of the flows, where some of it came too late: a second reading is to be told.
    pub learned: Option<Learned>,
}

impl Survey {
    /// What was found; call it after [`Survey::finish`].
    pub fn findings(&self) -> Findings {
        let line = &self.line;
        let with_rtp = || line.sessions.enumerate().filter(|(_, session)| session.carries_rtp());
        Findings {
            frames: line.frame_counts(),
            flows: with_rtp().map(|(_, session)| line.flow(session)).collect(),
            places: with_rtp().map(|(place, _)| place).collect(),
            warnings: self.doubts(),
            nothing: line.nothing(),
            grain: line.tally.grain.found(),
            span: line.since_first(line.clock),
            counted_span: line.since_first(line.range.until(line.clock)),
            learned: Some(self.learned()).filter(|learned| !learned.late().is_empty()),
        }
    }
}

impl Line {
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

    fn flow(&self, session: &Session) -> Flow {
        let conversation = self.conversation(session);
        let media = conversation.map(|conversation| conversation.media_of(From::of(&session.flow)));
        Flow {
            flow: session.flow.to_string(),
            also_on: session.also_on.iter().map(ToString::to_string).collect(),
            carrier: session.carrier.name(),
            packets_fed: session.packets_fed(),
            inferences: session.inferences().collect(),
            extensions: extensions(session),
            srtp: self.srtp(session, conversation),
            rtt: self.rtt(media),
            captured_at: self.capture_point(session).map(CapturePoint::into_summary),
            streams: session.rtp_streams().map(|stream| self.stream(session, stream)).collect(),
            rtcp: media.map(rtcp).unwrap_or_default(),
            recorded: media.map(recorded).unwrap_or_default(),
            verdict: self.verdict(session),
            estimation: None,
        }
    }

    /// What both directions of a session's 5-tuple say of each other.
    pub(super) fn conversation(&self, session: &Session) -> Option<&Conversation> {
        self.conversations.get(session.conversation?)
    }

    fn rtt(&self, media: Option<&Direction>) -> Rtt {
        let ms = |rtt: TimeDelta| rtt.as_micros() as f64 / 1e3;
        let range = media.and_then(|media| media.rtt.range);
        Rtt {
            source: if range.is_some() { "capture" } else { "default" },
            value_ms: None,
            samples: media.map_or(0, |media| media.rtt.count),
            min_ms: range.map(|(min, _)| ms(min)),
            max_ms: range.map(|(_, max)| ms(max)),
            discarded: media.map_or(0, |media| media.sampler.discarded()),
        }
    }

    fn srtp(&self, session: &Session, conversation: Option<&Conversation>) -> Srtp {
        let detector = conversation.map(|conversation| &conversation.srtp);
        Srtp {
            encrypted: detector.and_then(SrtpDetector::verdict).map(|verdict| verdict != SrtpVerdict::Clear),
            tag_len: session.srtp_tag_len.unwrap_or(0),
            evidence: match (self.config.srtp_tag_len, detector) {
                (Some(_), _) => "--srtp-tag-len".to_owned(),
                (None, Some(detector)) => detector.evidence(),
                (None, None) => String::new(),
            },
        }
    }

    fn stream(&self, session: &Session, stream: &Stream) -> StreamSummary {
        let since_first = |at: CaptureTime| Seconds(at.as_nanos() - self.first_at.unwrap_or(at).as_nanos());
        let stats = &stream.stats;
        let (first_sequence_number, last_sequence_number) = stats.sequence_range().unzip();
        StreamSummary {
            ssrc: stream.ssrc.to_string(),
            payload_types: stats.payload_types().map(|payload_type| payload_type.0).collect(),
            kind: stream.kind_name(),
            retransmits: stream.retransmits().map(|of| of.to_string()),
            clock_hz: stream.clock_hz(),
            packets: stats.packets(),
            payload_bytes: stats.payload_bytes(),
            first_s: since_first(stats.first_at().unwrap_or_default()),
            last_s: since_first(stats.last_at().unwrap_or_default()),
            first_sequence_number: first_sequence_number.map(|number| number.0),
            last_sequence_number: last_sequence_number.map(|number| number.0),
            lost: stats.lost(),
            reordered: stats.reordered(),
            duplicates: stats.duplicates(),
            jitter_ms: stats.jitter_ms(),
            abs_send_time_id: session.extensions.abs_send_time.id.filter(|_| stream.abs_send_times > 0),
            abs_send_times: stream.abs_send_times,
            drift_ppm: stats.drift_ppm(),
            truncated: stats.truncated(),
            fed_to_estimator: stream.fed.count > 0,
            packets_fed: stream.fed.count,
            why: stream.why(),
        }
    }

    /// Exit code 4, and why.
    fn nothing(&self) -> Option<String> {
        if self.sessions.iter().any(|session| session.packets_fed() > 0) {
            return None;
        }
        let with_rtp: Vec<_> = self.sessions.iter().filter(|session| session.carries_rtp()).collect();
        if let Some(session) = with_rtp.first() {
            let reasons: Vec<_> = with_rtp
                .iter()
                .take(3)
                .map(|session| format!("{}: {}", session.flow, self.why_not(session)))
                .collect();
            let one = with_rtp.len() == 1;
            let streams = session.rtp_streams().count();
            let what = if one {
                format!("one flow with RTP ({})", counted(streams as u64, "streams"))
            } else {
                format!("{} flows with RTP", with_rtp.len())
            };
            return Some(format!("nothing to estimate in {what}: {}", reasons.join("; ")));
        }
        let unselected = self.ledger.get(Unfed::NotSelected).count;
        if unselected > 0 {
            let there: Vec<_> = self.flows.unselected().iter().map(ToString::to_string).collect();
            let others = format!("{unselected} packets of others look like RTP");
            return Some(format!("no flow that --flow names; {others}; there {}", in_short(&there)));
        }
        let hint = match self.cut_short().count {
            0 => "",
            _ => "; the snaplen cut RTP headers: capture at least 128 bytes a frame",
        };
        Some(format!("no RTP in {}: {}{hint}", counted(self.tally.frames, "frames"), self.what_was_seen()))
    }

    fn what_was_seen(&self) -> String {
        let classes = self.tally.classes().into_iter().filter(|(name, _)| *name != "rtp");
        let skipped = self.ledger.counts().into_iter().map(|(name, count)| (name, count.count));
        let seen: BTreeMap<_, _> =
            classes.chain(skipped.filter(|(name, _)| *name != Unfed::NotRtpClass.name())).collect();
        let seen: Vec<_> = seen.iter().map(|(name, count)| format!("{count} {name}")).collect();
        if seen.is_empty() { "it is empty".to_owned() } else { format!("saw {}", seen.join(", ")) }
    }
}

fn extensions(session: &Session) -> Vec<ElementSeen> {
    let seen = session.layout.elements().into_iter().map(|element| {
        let (what, evidence) = session.extensions.meaning(element.id).unzip();
        ElementSeen {
            id: element.id,
            packets: element.packets,
            shortest: element.shortest,
            longest: element.longest,
            what,
            evidence: evidence.map(str::to_owned),
        }
    });
    seen.collect()
}

fn recorded(media: &Direction) -> Recorded {
    Recorded { unusable: media.unusable.by_reason(), ..media.recorded.tally.clone() }
}

fn rtcp(media: &Direction) -> Vec<RtcpSeen> {
    let of = |from, types: &super::recorded::RtcpTypes| {
        let seen = types.seen().map(move |(packet_type, count)| RtcpSeen {
            from,
            packet_type,
            name: packet_type_name(packet_type),
            count,
        });
        seen.collect::<Vec<_>>()
    };
    [of("receiver", &media.rtcp_of_receiver), of("sender", &media.rtcp_of_sender)].concat()
}

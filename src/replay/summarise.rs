//! The summary of a replay.

use crate::bwe::EstimatorChoice;
use crate::report::csv::{estimator_name, rate_state_name, usage_name};
use crate::report::summary::Stream as StreamSummary;
use crate::report::summary::{Flow, Frames, LastState, Rembs, Rtt, Seconds, Srtp, Warning};
use crate::rtp::infer::{SrtpDetector, SrtpVerdict};
use crate::units::{CaptureTime, TimeDelta};

use super::Replay;
use super::capture_point::CapturePoint;
use super::conversation::{Direction, From};
use super::intake::CLASSES;
use super::ledger::Unfed;
use super::session::Session;
use super::stream::{Admission, LeftOut, Stream};
use super::timeline::Timeline;

/// What a replay came to, but for what only its owner knows.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// Frames by what they carried.
    pub frames: Frames,
    /// Flows with RTP, in order of appearance.
    pub flows: Vec<Flow>,
    /// Doubts.
    pub warnings: Vec<Warning>,
    /// Why there was nothing to work on, if so.
    pub nothing: Option<String>,
    /// From the first frame's time to the latest.
    pub span: Option<Seconds>,
}

impl Replay {
    /// What the replay came to; call it after [`Replay::finish`].
    pub fn outcome(&self) -> Outcome {
        let flows: Vec<_> = self
            .sessions
            .iter()
            .filter(|session| session.carries_rtp())
            .map(|session| self.flow(session))
            .collect();
        Outcome {
            frames: self.frame_counts(),
            warnings: self.warnings(),
            nothing: self.nothing(),
            span: self.first_at.map(|first| Seconds(self.clock.as_nanos() - first.as_nanos())),
            flows,
        }
    }

    fn frame_counts(&self) -> Frames {
        let classes = CLASSES.iter().map(|class| class.name()).zip(self.counts.classes);
        Frames {
            total: self.counts.frames,
            classes: classes.filter(|(_, count)| *count > 0).collect(),
            skipped: self.ledger.counts(),
            truncated: self.counts.truncated,
            time_steps_back: self.counts.time_steps_back.count,
        }
    }

    fn flow(&self, session: &Session) -> Flow {
        let estimated = session.packets_fed > 0;
        let media = session.media(self);
        Flow {
            flow: session.flow.to_string(),
            estimated,
            why_not: (!estimated).then(|| self.why_not(session)),
            packets_fed: session.packets_fed,
            estimator: session.estimator().map(|estimator| estimator_name(estimator.kind())),
            inferences: session.inferences().collect(),
            srtp: self.srtp(session),
            rtt: self.rtt(session, media),
            captured_at: self.capture_point(session).map(CapturePoint::into_summary),
            streams: session.rtp_streams().map(|stream| self.stream(session, stream)).collect(),
            rembs: Rembs::default(),
            recorded: media.map(|media| media.recorded.tally.clone()).unwrap_or_default(),
            last: session.estimator().map(|estimator| LastState {
                estimate_bps: estimator.estimate().map(|rate| rate.as_bps()),
                usage: usage_name(estimator.usage()),
                rate_state: rate_state_name(estimator.rate_control_state()),
            }),
        }
    }

    fn rtt(&self, session: &Session, media: Option<&Direction>) -> Rtt {
        let delivered = session.timeline.as_ref().and_then(Timeline::delivered_rtt);
        let default = self.config.parameters.estimator.rate_control.default_rtt;
        let ms = |rtt: TimeDelta| rtt.as_micros() as f64 / 1e3;
        let range = media.and_then(|media| media.rtt.range);
        Rtt {
            source: match (self.config.rtt, delivered) {
                (Some(_), _) => "flag",
                (None, Some(_)) => "capture",
                (None, None) => "default",
            },
            value_ms: ms(self.config.rtt.or(delivered).unwrap_or(default)),
            samples: media.map_or(0, |media| media.rtt.count),
            min_ms: range.map(|(min, _)| ms(min)),
            max_ms: range.map(|(_, max)| ms(max)),
            discarded: media.map_or(0, |media| media.sampler.discarded()),
        }
    }

    fn srtp(&self, session: &Session) -> Srtp {
        let conversation = session.conversation.and_then(|place| self.conversations.get(place));
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
        StreamSummary {
            ssrc: stream.ssrc.to_string(),
            payload_types: stream.stats.payload_types().map(|payload_type| payload_type.0).collect(),
            kind: stream.kind_name(),
            clock_hz: stream.clock_hz(),
            packets: stream.stats.packets(),
            payload_bytes: stream.stats.payload_bytes(),
            first_s: since_first(stream.stats.first_at().unwrap_or_default()),
            last_s: since_first(stream.stats.last_at().unwrap_or_default()),
            lost: stream.stats.lost(),
            reordered: stream.stats.reordered(),
            duplicates: stream.stats.duplicates(),
            jitter_ms: stream.stats.jitter_ms(),
            abs_send_time_id: session.extensions.abs_send_time.id.filter(|_| stream.abs_send_times > 0),
            drift_ppm: stream.stats.drift_ppm(),
            truncated: stream.stats.truncated(),
            fed_to_estimator: stream.fed > 0,
            why: stream.why(),
        }
    }

    fn why_not(&self, session: &Session) -> String {
        let streams: Vec<_> = session.rtp_streams().collect();
        let all = |admission| streams.iter().all(|stream| stream.admission == admission);
        if all(Admission::LeftOut(LeftOut::Audio)) {
            "only audio, which libwebrtc does not count; --media all feeds it all the same".to_owned()
        } else if streams.iter().all(|stream| matches!(stream.admission, Admission::LeftOut(_))) {
            "no stream that is both selected and counted".to_owned()
        } else if streams.iter().all(|stream| stream.transport_cc > 0 || stream.fed == 0)
            && streams.iter().any(|stream| stream.transport_cc > 0)
        {
            let id = session.extensions.transport_cc.id.unwrap_or(0);
            format!(
                "every packet that would count has a transport-wide sequence number (id {id}), by which its sender \
                 estimates: libwebrtc would send no REMB; --ignore-transport-cc tells what it would have said"
            )
        } else if self.config.parameters.estimator.controller.estimator == EstimatorChoice::AbsSendTime
            && session.extensions.abs_send_time.id.is_none()
        {
            "no header extension behaves like abs-send-time; --abs-send-time-id names it, and without \
             --estimator abs-send-time RTP timestamps serve"
                .to_owned()
        } else if self.ledger.flows_left == 0 {
            format!("more than {} flows", super::MAX_ESTIMATED_FLOWS)
        } else {
            "no packet with a readable send time between --from and --to".to_owned()
        }
    }

    /// Exit code 4, and why.
    fn nothing(&self) -> Option<String> {
        if self.sessions.iter().any(|session| session.packets_fed > 0) {
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
                format!("one flow with RTP ({streams} {})", if streams == 1 { "stream" } else { "streams" })
            } else {
                format!("{} flows with RTP", with_rtp.len())
            };
            return Some(format!("nothing to estimate in {what}: {}", reasons.join("; ")));
        }
        let unselected = self.ledger.get(Unfed::NotSelected).count;
        if unselected > 0 {
            return Some(format!("no flow that --flow names; {unselected} packets of others look like RTP"));
        }
        Some(format!("no RTP in {} frames: {}", self.counts.frames, self.what_was_seen()))
    }

    fn what_was_seen(&self) -> String {
        let classes = self.frame_counts().classes;
        let of = |name: &str, count: u64| format!("{count} {name}");
        let skipped = self.ledger.counts();
        let seen: Vec<_> = classes
            .iter()
            .filter(|(name, _)| **name != "rtp")
            .map(|(name, count)| of(name, *count))
            .chain(
                skipped
                    .iter()
                    .filter(|(name, _)| **name != Unfed::NotRtpClass.name())
                    .map(|(name, count)| of(name, count.count)),
            )
            .collect();
        if seen.is_empty() { "it is empty".to_owned() } else { format!("saw {}", seen.join(", ")) }
    }
}

impl Session {
    pub(super) fn carries_rtp(&self) -> bool {
        self.rtp_streams().next().is_some()
    }

    fn media<'a>(&self, replay: &'a Replay) -> Option<&'a Direction> {
        let conversation = replay.conversations.get(self.conversation?)?;
        Some(conversation.media_of(From::of(&self.flow)))
    }
}

/// Counts a flow's REMBs as they are sent.
#[derive(Debug, Clone, Default)]
pub struct RembTally {
    rembs: Rembs,
}

impl RembTally {
    /// Notes one REMB, `since_first` after the first frame.
    pub fn add(&mut self, since_first: Seconds, remb: &super::SentRemb) {
        let (rembs, bps) = (&mut self.rembs, remb.bitrate.as_bps());
        rembs.count += 1;
        *rembs.reasons.entry(remb.reason.name()).or_default() += 1;
        rembs.first_s.get_or_insert(since_first);
        rembs.first_bps.get_or_insert(bps);
        rembs.last_bps = Some(bps);
        rembs.min_bps = Some(rembs.min_bps.map_or(bps, |min| min.min(bps)));
        rembs.max_bps = Some(rembs.max_bps.map_or(bps, |max| max.max(bps)));
    }

    /// All of them.
    pub fn rembs(&self) -> &Rembs {
        &self.rembs
    }
}

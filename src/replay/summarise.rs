//! The summary of a replay.

use crate::report::csv::{rate_state_name, usage_name};
use crate::report::summary::Stream as StreamSummary;
use crate::report::summary::{Count, Flow, Frames, Inference, LastState, Rembs, Rtt, Seconds, Warning};
use crate::rtp::infer::MediaKind;
use crate::units::CaptureTime;

use super::ledger::Unfed;
use super::session::{SendTimeId, Session};
use super::stream::{Admission, LeftOut, Stream, describe};
use super::{CLASSES, Replay};

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
        let rtt = self.config.rtt;
        Flow {
            flow: session.flow.to_string(),
            estimated,
            why_not: (!estimated).then(|| self.why_not(session)),
            packets_fed: session.packets_fed,
            inferences: session.inferences(),
            rtt: Rtt {
                source: if rtt.is_some() { "flag" } else { "default" },
                value_ms: rtt.unwrap_or(self.config.parameters.estimator.rate_control.default_rtt).as_micros()
                    as f64
                    / 1e3,
            },
            streams: session.rtp_streams().map(|stream| self.stream(session, stream)).collect(),
            rembs: Rembs::default(),
            last: session.estimator().map(|estimator| LastState {
                estimate_bps: estimator.estimate().map(|rate| rate.as_bps()),
                usage: usage_name(estimator.usage()),
                rate_state: rate_state_name(estimator.rate_control_state()),
            }),
        }
    }

    fn stream(&self, session: &Session, stream: &Stream) -> StreamSummary {
        let since_first = |at: CaptureTime| Seconds(at.as_nanos() - self.first_at.unwrap_or(at).as_nanos());
        StreamSummary {
            ssrc: stream.ssrc.to_string(),
            payload_types: stream.stats.payload_types().map(|payload_type| payload_type.0).collect(),
            kind: stream.kind_name(),
            clock_hz: stream.clock.nominal_hz(),
            packets: stream.stats.packets(),
            payload_bytes: stream.stats.payload_bytes(),
            first_s: since_first(stream.stats.first_at().unwrap_or_default()),
            last_s: since_first(stream.stats.last_at().unwrap_or_default()),
            lost: stream.stats.lost(),
            reordered: stream.stats.reordered(),
            duplicates: stream.stats.duplicates(),
            jitter_ms: stream.stats.jitter_ms(),
            abs_send_time_id: session.abs_send_time_id().filter(|_| stream.abs_send_times > 0),
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
        } else if session.abs_send_time_id().is_none() {
            let flag = "if it has one, name it by --abs-send-time-id";
            format!("no usable send time: no header extension behaves like abs-send-time; {flag}")
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
                format!("one flow with RTP ({streams} streams)")
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

    fn warnings(&self) -> Vec<Warning> {
        let mut warnings = Vec::new();
        let mut warn =
            |code, message: String, count: Option<Count>| warnings.push(Warning { code, message, count });
        let estimated = self.sessions.iter().filter(|session| session.packets_fed > 0);
        if self.config.rtt.is_none() && estimated.clone().next().is_some() {
            let cost = "where the real one is shorter, the estimate rises too slowly near the link's capacity and falls too seldom";
            warn(
                "W-RTT-DEFAULT",
                format!("round trip time not known, 200 ms taken: {cost}; --rtt sets it"),
                None,
            );
        }
        for session in estimated
            .filter(|session| session.estimator().is_some_and(|estimator| estimator.estimate().is_none()))
        {
            let needed = "5 s of throughput, a packet train or an over-use is needed";
            warn("W-NO-ESTIMATE", format!("{}: no estimate before its end; {needed}", session.flow), None);
        }
        for stream in self
            .sessions
            .iter()
            .flat_map(|session| &session.streams)
            .filter(|stream| stream.turned_out_to_be_audio())
        {
            let message = format!(
                "{} turned out to be audio after {} of its packets were fed",
                stream.ssrc, stream.fed
            );
            warn("W-LATE-AUDIO", message, None);
        }
        let count = |count: Count| (count.count > 0).then_some(count);
        if let Some(steps) = count(self.counts.time_steps_back) {
            warn("W-TIME-STEPS-BACK", format!("capture time steps back {} times", steps.count), Some(steps));
        }
        if let Some(repeats) = count(self.dedup.repeats()).filter(|_| !self.config.dedup) {
            let share = 100.0 * repeats.count as f64 / self.counts.rtp_packets.max(1) as f64;
            let message =
                format!("{share:.2} % of the RTP packets repeat one of the last 1 ms; --dedup drops them");
            warn("W-DUPLICATES", message, Some(repeats));
        }
        if let Some(cut) = count(self.ledger.get(Unfed::HeaderCut)) {
            let message = format!("{} RTP headers are cut by the snaplen before their send time", cut.count);
            warn("W-TRUNCATED", message, Some(cut));
        }
        if let Some(without) = count(self.ledger.get(Unfed::NoSendTime)).filter(|_| self.nothing().is_none())
        {
            let message =
                format!("{} packets of counted streams have no send time and were left out", without.count);
            warn("W-NO-SEND-TIME", message, Some(without));
        }
        for (code, limit, over) in [
            ("W-LIMIT-FLOWS", format!("--max-flows {}", self.config.max_flows), self.counts.over_flow_limit),
            ("W-LIMIT-SSRCS", format!("--max-ssrcs {}", self.config.max_ssrcs), self.counts.over_ssrc_limit),
            ("W-LIMIT-HELD", "memory for packets that wait".to_owned(), self.counts.decided_early),
        ] {
            if let Some(over) = count(over) {
                warn(code, format!("{limit} reached: {} frames beyond it", over.count), Some(over));
            }
        }
        warnings
    }
}

impl Session {
    fn rtp_streams(&self) -> impl Iterator<Item = &Stream> {
        self.streams.iter().filter(|stream| stream.admission != Admission::Undecided)
    }

    fn carries_rtp(&self) -> bool {
        self.rtp_streams().next().is_some()
    }

    fn inferences(&self) -> Vec<Inference> {
        let mut inferences = Vec::new();
        match &self.send_time_id {
            SendTimeId::Inferred(inferred) => inferences.push(Inference {
                what: "abs-send-time id".to_owned(),
                value: inferred.id.to_string(),
                evidence: format!(
                    "3-byte element that advanced at {:.3} × 2^18 per second of capture time; {} of {} steps agree, over {:.2} s",
                    inferred.rate, inferred.agreeing, inferred.steps, inferred.span_s
                ),
            }),
            SendTimeId::Given(id) => inferences.push(Inference {
                what: "abs-send-time id".to_owned(),
                value: id.to_string(),
                evidence: "--abs-send-time-id".to_owned(),
            }),
            SendTimeId::Unknown | SendTimeId::NotNegotiated => {}
        }
        for stream in self.rtp_streams() {
            let value = match stream.clock.kind() {
                Some(MediaKind::Audio) => "audio",
                Some(MediaKind::NotAudio) => "not audio",
                None => "undecided, taken as not audio",
            };
            let (what, evidence) =
                (format!("media kind of {}", stream.ssrc), describe(&stream.clock.evidence()));
            inferences.push(Inference { what, value: value.to_owned(), evidence });
        }
        inferences
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

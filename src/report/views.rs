//! The model as the summary shows it: names, sentences and plain numbers in the place of types.

use super::evidence_text;
use super::explain::Explained;
use super::inference_text;
use super::summary::{
    Apart, CapturedAt, ElementSeen, Estimation, Flow, Inference, LastState, Recorded, Rembs, RtcpSeen, Rtt,
    Srtp, Stream, Verdict, Warning,
};
use super::tables::{estimator_name, rate_state_name, usage_name};
use crate::model;
use crate::rtp::packet_type_name;
use crate::units::{Bitrate, Count, TimeDelta};

/// So many events are in a summary's text.
const MOST_IMPORTANT: usize = 3;

/// What is said of the flows, by their names.
pub fn warnings(warnings: &[model::Warning], flows: &[model::Flow]) -> Vec<Warning> {
    let name = |index: usize| flows.get(index).map(|flow| flow.flow.to_string());
    warnings.iter().map(|warning| Warning::of(warning, warning.flow.and_then(name))).collect()
}

/// That the round trip time of a flow by this name is not known.
pub fn rtt_is_default(flow: &str, packets: u64) -> Warning {
    let all = Count { count: packets, first_frame: 0 };
    Warning::of(&model::Warning::of_flow(model::Doubt::RttDefault, 0, all), Some(flow.to_owned()))
}

impl Warning {
    /// A doubt in words; of a flow by this name, if of one.
    pub fn of(warning: &model::Warning, flow: Option<String>) -> Self {
        Self { code: warning.code(), flow, message: warning.message(), count: warning.count }
    }
}

impl From<&model::Flow> for Flow {
    fn from(flow: &model::Flow) -> Self {
        let explained = Explained::of(flow);
        Self {
            most_important: explained.most_important(MOST_IMPORTANT).into_iter().map(str::to_owned).collect(),
            events: explained.events,
            flow: flow.flow.to_string(),
            also_on: flow.also_on.iter().map(ToString::to_string).collect(),
            carrier: flow.carrier.name(),
            packets_fed: flow.packets_fed,
            inferences: flow.inferences.iter().map(Inference::from).collect(),
            extensions: flow.extensions.iter().map(ElementSeen::from).collect(),
            srtp: Srtp {
                encrypted: flow.srtp.encrypted,
                tag_len: flow.srtp.tag_len,
                evidence: inference_text::srtp_evidence(flow.srtp.evidence),
            },
            rtt: Rtt::from(&flow.rtt),
            captured_at: flow.captured_at.as_ref().map(CapturedAt::from),
            streams: flow.streams.iter().map(Stream::from).collect(),
            rtcp: flow.rtcp.iter().map(RtcpSeen::from).collect(),
            recorded: Recorded::from(&flow.recorded),
            verdict: Verdict { fit: flow.verdict.is_fit(), why: flow.verdict.to_string() },
            estimation: flow.estimation.as_ref().map(Estimation::from),
        }
    }
}

impl From<&model::Inference> for Inference {
    fn from(inference: &model::Inference) -> Self {
        match inference {
            model::Inference::ExtensionId { extension, id, evidence } => Self {
                what: format!("{} id", extension.name()),
                value: id.to_string(),
                evidence: evidence_text::of_id(*extension, evidence),
            },
            model::Inference::MediaKind { ssrc, kind, evidence } => Self {
                what: format!("media kind of {ssrc}"),
                value: inference_text::kind_in_words(*kind),
                evidence: evidence_text::of_kind(evidence),
            },
        }
    }
}

impl From<&model::ElementSeen> for ElementSeen {
    fn from(element: &model::ElementSeen) -> Self {
        let evidence = element.meaning.map(|(what, evidence)| evidence_text::of_id(what, &evidence));
        let model::ElementSeen { id, packets, shortest, longest, .. } = *element;
        Self { id, packets, shortest, longest, what: element.meaning.map(|(what, _)| what.name()), evidence }
    }
}

impl From<&model::RtcpSeen> for RtcpSeen {
    fn from(seen: &model::RtcpSeen) -> Self {
        let model::RtcpSeen { from, packet_type, count } = *seen;
        Self { from: from.name(), packet_type, name: packet_type_name(packet_type), count }
    }
}

impl From<&model::Rtt> for Rtt {
    fn from(rtt: &model::Rtt) -> Self {
        let ms = |rtt: TimeDelta| rtt.as_micros() as f64 / 1e3;
        Self {
            source: rtt.source.name(),
            value_ms: rtt.value.map(ms),
            samples: rtt.samples,
            min_ms: rtt.range.map(|(min, _)| ms(min)),
            max_ms: rtt.range.map(|(_, max)| ms(max)),
            discarded: rtt.discarded,
        }
    }
}

impl From<&model::CapturePoint> for CapturedAt {
    fn from(point: &model::CapturePoint) -> Self {
        let evidence = inference_text::capture_point_evidence(point.end, &point.evidence);
        Self { end: point.end.name(), evidence }
    }
}

impl From<&model::Stream> for Stream {
    fn from(stream: &model::Stream) -> Self {
        let (first, last) = stream.sequence_range.unzip();
        Self {
            ssrc: stream.ssrc.to_string(),
            payload_types: stream.payload_types.iter().map(|payload_type| payload_type.0).collect(),
            kind: stream.kind.name(),
            retransmits: match stream.kind {
                model::StreamKind::Rtx { of } => of.map(|of| of.to_string()),
                _ => None,
            },
            clock_hz: stream.clock_hz,
            packets: stream.packets,
            payload_bytes: stream.payload_bytes,
            first_s: stream.first,
            last_s: stream.last,
            first_sequence_number: first.map(|number| number.0),
            last_sequence_number: last.map(|number| number.0),
            lost: stream.lost,
            reordered: stream.reordered,
            duplicates: stream.duplicates,
            jitter_ms: stream.jitter_ms,
            abs_send_time_id: stream.abs_send_time_id,
            abs_send_times: stream.abs_send_times,
            drift_ppm: stream.drift_ppm,
            truncated: stream.truncated,
            fed_to_estimator: stream.fed.count > 0,
            packets_fed: stream.fed.count,
            why: inference_text::why_treated(stream),
            bitrate_bps: stream.bitrate_bps().map(|bps| bps.round() as i64),
            lost_percent: stream.losses().and_then(model::Losses::percent).map(hundredths),
            frames_per_s: stream.frames_per_second().map(hundredths),
            delay_spread_ms: stream.delay_spread_ms,
        }
    }
}

impl From<&model::RecordedRembs> for Recorded {
    fn from(recorded: &model::RecordedRembs) -> Self {
        let bps = |rate: fn(&model::RateRange) -> Bitrate| recorded.rates.map(|rates| rate(&rates).as_bps());
        Self {
            count: recorded.count,
            repeats: recorded.repeats,
            cut: recorded.cut,
            sender_ssrc: recorded.sender_ssrc.map(|ssrc| ssrc.to_string()),
            first_bps: bps(|rates| rates.first),
            last_bps: bps(|rates| rates.last),
            min_bps: bps(|rates| rates.min),
            max_bps: bps(|rates| rates.max),
            rtcp_packets: recorded.rtcp_packets,
            rtcp_unreadable: recorded.rtcp_unreadable,
            rtcp_cut: recorded.rtcp_cut,
            unusable: recorded.unusable.seen().map(|(why, count)| (why.name(), count)).collect(),
        }
    }
}

impl From<&model::Estimation> for Estimation {
    fn from(estimation: &model::Estimation) -> Self {
        let rembs = &estimation.rembs;
        let bps = |rate: fn(&model::RateRange) -> Bitrate| rembs.rates.map(|rates| rate(&rates).as_bps());
        Self {
            estimator: estimator_name(estimation.estimator),
            rembs: Rembs {
                count: rembs.count,
                reasons: rembs.reasons.clone(),
                first_s: rembs.first,
                first_bps: bps(|rates| rates.first),
                last_bps: bps(|rates| rates.last),
                min_bps: bps(|rates| rates.min),
                max_bps: bps(|rates| rates.max),
                apart: rembs.apart.map(Apart::from),
            },
            last: LastState {
                estimate_bps: estimation.estimate.map(Bitrate::as_bps),
                usage: usage_name(estimation.usage),
                rate_state: rate_state_name(estimation.rate_state),
            },
        }
    }
}

impl From<model::Apart> for Apart {
    fn from(found: model::Apart) -> Self {
        let (longest_from_s, longest_until_s) = found.longest.unzip();
        let (compared_s, apart_s, is_long) = (found.compared, found.apart, found.for_long().is_some());
        Self { compared_s, apart_s, longest_from_s, longest_until_s, is_long }
    }
}

/// More digits would say more than is known.
fn hundredths(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

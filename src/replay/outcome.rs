//! What a replay came to: what its survey found, completed by the estimation.

use crate::report::csv::{estimator_name, rate_state_name, usage_name};
use crate::report::summary::{self, Count, Flow, Frames, LastState, Rembs, Seconds, Warning};
use crate::survey::{Findings, Learned, Survey};

use super::estimation::Estimation;
use super::timeline::Timeline;
use super::{Event, SentRemb};
use crate::units::CaptureTime;

/// What a replay came to, but for what only its owner knows.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// Frames by what they carried.
    pub frames: Frames,
    /// Flows with RTP, in order of appearance.
    pub flows: Vec<Flow>,
    /// Their places among all flows of the events, in the same order.
    pub places: Vec<usize>,
    /// Doubts.
    pub warnings: Vec<Warning>,
    /// Why there was nothing to work on, if so.
    pub nothing: Option<String>,
    /// From the first frame's time to the latest.
    pub span: Option<Seconds>,
    /// From the first frame's time to the latest that counts: not beyond `--to`.
    pub counted_span: Option<Seconds>,
    /// What was found out of the flows, where some of it came too late: a second replay is to be told.
    pub learned: Option<Learned>,
}

/// Joins what a survey found and what an estimation made of it.
pub(super) fn complete(survey: &Survey, estimation: &Estimation) -> Outcome {
    let findings = survey.findings();
    let (mut flows, mut warnings) = (findings.flows, Vec::new());
    let first_at = survey.first_at().unwrap_or_default();
    for (flow, place) in flows.iter_mut().zip(&findings.places) {
        let timeline = estimation.timeline(*place);
        let rembs = estimation.rembs(*place).map(|tally| tally.rembs(first_at));
        estimation.complete(flow, timeline, rembs.unwrap_or_default());
        warnings.extend(estimation.doubts(flow, timeline));
    }
    warnings.extend(findings.warnings);
    let Findings { frames, places, nothing, span, counted_span, learned, .. } = findings;
    Outcome { frames, flows, places, warnings, nothing, span, counted_span, learned }
}

impl Estimation {
    fn complete(&self, flow: &mut Flow, timeline: Option<&Timeline>, rembs: Rembs) {
        let delivered = timeline.and_then(Timeline::delivered_rtt);
        let default = self.config().parameters.estimator.rate_control.default_rtt;
        let rtt = self.config().rtt.or(delivered).unwrap_or(default);
        flow.rtt.value_ms = Some(rtt.as_micros() as f64 / 1e3);
        flow.rtt.source = match (self.config().rtt, delivered) {
            (Some(_), _) => "flag",
            (None, Some(_)) => "capture",
            (None, None) => "default",
        };
        flow.estimation = timeline.filter(|_| flow.packets_fed > 0).map(|timeline| {
            let estimator = timeline.estimator();
            summary::Estimation {
                estimator: estimator_name(estimator.kind()),
                rembs,
                last: LastState {
                    estimate_bps: estimator.estimate().map(|rate| rate.as_bps()),
                    usage: usage_name(estimator.usage()),
                    rate_state: rate_state_name(estimator.rate_control_state()),
                },
            }
        });
    }

    fn doubts(&self, flow: &Flow, timeline: Option<&Timeline>) -> Vec<Warning> {
        let mut doubts = Vec::new();
        let Some(estimation) = &flow.estimation else { return doubts };
        if flow.rtt.source == "default" {
            doubts.push(rtt_is_default(&flow.flow, flow.packets_fed));
        }
        let had_estimate = timeline.is_some_and(Timeline::had_estimate);
        if estimation.last.estimate_bps.is_none() && !had_estimate {
            let message =
                "no estimate before its end; 5 s of throughput, a packet train or an over-use is needed";
            doubts.push(doubt("W-NO-ESTIMATE", &flow.flow, flow.packets_fed, message));
        }
        doubts
    }
}

/// The round trip time of a flow is not known.
pub fn rtt_is_default(flow: &str, packets: u64) -> Warning {
    doubt(
        "W-RTT-DEFAULT",
        flow,
        packets,
        "round trip time not known, 200 ms taken: where the real one is shorter, the estimate rises too slowly near \
         the link's capacity and falls too seldom; --rtt sets it",
    )
}

fn doubt(code: &'static str, flow: &str, packets: u64, message: &str) -> Warning {
    let count = Some(Count { count: packets, first_frame: 0 });
    Warning { code, flow: Some(flow.to_owned()), message: message.to_owned(), count }
}

/// Counts a flow's REMBs as they are sent.
#[derive(Debug, Clone, Default)]
pub(super) struct RembTally {
    first_at: Option<CaptureTime>,
    rembs: Rembs,
}

impl RembTally {
    /// Notes an event, if it is a REMB that was sent.
    #[inline]
    pub(super) fn note(&mut self, at: CaptureTime, event: &Event) {
        if let Event::Remb(remb) = event {
            self.add(at, remb);
        }
    }

    fn add(&mut self, at: CaptureTime, remb: &SentRemb) {
        let (rembs, bps) = (&mut self.rembs, remb.bitrate.as_bps());
        rembs.count += 1;
        *rembs.reasons.entry(remb.reason.name()).or_default() += 1;
        self.first_at.get_or_insert(at);
        rembs.first_bps.get_or_insert(bps);
        rembs.last_bps = Some(bps);
        rembs.min_bps = Some(rembs.min_bps.map_or(bps, |min| min.min(bps)));
        rembs.max_bps = Some(rembs.max_bps.map_or(bps, |max| max.max(bps)));
    }

    /// All of them; times count from `first_frame_at`.
    fn rembs(&self, first_frame_at: CaptureTime) -> Rembs {
        let first_s = self.first_at.map(|at| Seconds(at.as_nanos() - first_frame_at.as_nanos()));
        Rembs { first_s, ..self.rembs.clone() }
    }
}

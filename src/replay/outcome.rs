//! What a replay came to: what its survey found, completed by the estimation.

use crate::explain::{Explainer, no_remb};
use crate::model::{self, Doubt, Flow, Frames, Nothing, RttSource, Warning};
use crate::survey::{Findings, Learned, Survey, TimeBound};

use super::estimation::Estimation;
use super::timeline::Timeline;
use crate::units::{CaptureTime, Count, Seconds};

/// What a replay came to, but for what only its owner knows.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
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
    pub nothing: Option<Nothing>,
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
    for (index, (flow, place)) in flows.iter_mut().zip(&findings.places).enumerate() {
        let timeline = estimation.timeline(*place);
        let rembs = estimation.rembs(*place).map(|tally| tally.rembs(first_at));
        estimation.complete(flow, timeline, rembs.unwrap_or_default());
        warnings.extend(estimation.doubts(index, flow, timeline));
        if let Some(explainer) = timeline.and_then(Timeline::explainer) {
            flow.events = explainer.events(index, flow, first_at);
            let left_out = Count { count: explainer.left_out(), first_frame: 0 };
            if left_out.count > 0 {
                warnings.push(Warning::of_flow(Doubt::Limit(model::Limit::Events), index, left_out));
            }
        }
        if estimation.config().events {
            let since_first = |at: CaptureTime| Seconds(at.nanos_since(first_at));
            let began = timeline.and_then(Timeline::explainer).and_then(Explainer::began).map(since_first);
            let from = estimation.config().survey.from.map(|from| match from {
                TimeBound::SinceFirst(nanos) => Seconds(nanos),
                TimeBound::At(at) => since_first(at),
            });
            if let Some(event) = no_remb(index, flow, began, from) {
                let place = flow.events.partition_point(|before| before.at <= event.at);
                flow.events.insert(place, event);
            }
        }
    }
    warnings.extend(findings.warnings);
    let Findings { frames, places, nothing, span, counted_span, learned, .. } = findings;
    Outcome { frames, flows, places, warnings, nothing, span, counted_span, learned }
}

impl Estimation {
    fn complete(&self, flow: &mut Flow, timeline: Option<&Timeline>, rembs: model::RembTally) {
        let delivered = timeline.and_then(Timeline::delivered_rtt);
        let default = self.config().parameters.estimator.rate_control.default_rtt;
        flow.rtt.value = Some(self.config().rtt.or(delivered).unwrap_or(default));
        flow.rtt.source = match (self.config().rtt, delivered) {
            (Some(_), _) => RttSource::Flag,
            (None, Some(_)) => RttSource::Capture,
            (None, None) => RttSource::Default,
        };
        flow.estimation = timeline.filter(|_| flow.packets_fed > 0).map(|timeline| {
            let estimator = timeline.estimator();
            model::Estimation {
                estimator: estimator.kind(),
                rembs,
                estimate: estimator.estimate(),
                usage: estimator.usage(),
                rate_state: estimator.rate_control_state(),
                timer: timeline.timer_runs(),
            }
        });
    }

    fn doubts(&self, index: usize, flow: &Flow, timeline: Option<&Timeline>) -> Vec<Warning> {
        let mut doubts = Vec::new();
        let Some(estimation) = &flow.estimation else { return doubts };
        let all = Count { count: flow.packets_fed, first_frame: 0 };
        if flow.rtt.source == RttSource::Default {
            doubts.push(Warning::of_flow(Doubt::RttDefault, index, all));
        }
        let had_estimate = timeline.is_some_and(Timeline::had_estimate);
        if estimation.estimate.is_none() && !had_estimate {
            doubts.push(Warning::of_flow(Doubt::NoEstimate, index, all));
        }
        doubts
    }
}

//! The timer of the estimator by RTP timestamps: a capture does not tell when the receiver's ran, but its REMBs do. A second
//! replay with these times is taken where it comes nearer.

use serde::Serialize;

use super::band::Band;
use super::phases::Replays;
use super::{MeanMetrics, Settings};
use crate::config::Parameters;
use crate::model::TimerRuns;
use crate::replay::{Outcome, SentTimes};
use remb::Profile;
use remb::bwe::EstimatorKind;

/// What it brings that a flow's timer runs when its receiver's did. Both sets of figures are means over the phases.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct TimerFit {
    #[serde(skip)]
    pub(super) place: usize,
    /// Whether it is nearer, and so taken for all other figures.
    pub is_taken: bool,
    /// Updates by the timer, as many as a replay at the first phase has.
    pub updates: u64,
    /// Those at a REMB of the receiver, which tells their time.
    pub at_rembs: u64,
    /// How late these are, in the median, microseconds.
    pub late_us: Option<i64>,
    /// With a timer that begins with the first packet and is never late.
    pub punctual: TimerFigures,
    /// With one that runs at the receiver's REMBs.
    pub at_receivers_rembs: TimerFigures,
}

/// [`MeanMetrics`], those that matter.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[expect(missing_docs, reason = "the fields are those of `Metrics`")]
pub struct TimerFigures {
    pub median: f64,
    pub mean_absolute: f64,
    pub within_1: f64,
    pub within_5: f64,
}

impl From<&MeanMetrics> for TimerFigures {
    fn from(mean: &MeanMetrics) -> Self {
        let MeanMetrics { median, mean_absolute, within_1, within_5, .. } = *mean;
        Self { median, mean_absolute, within_1, within_5 }
    }
}

impl Replays {
    /// When the receivers sent their REMBs of flows that are estimated by RTP timestamps, as far as each has one receiver
    /// and the replay its schedule.
    pub(super) fn sent_times(&self, outcome: &Outcome, parameters: &Parameters) -> SentTimes {
        if parameters.remb.scheduler != Profile::Libwebrtc {
            return SentTimes::default();
        }
        let flows = outcome.places.iter().zip(&outcome.flows).filter(|(_, flow)| {
            flow.estimation.as_ref().is_some_and(|of| of.estimator == EstimatorKind::RtpTimestamp)
        });
        let times = flows.filter_map(|(place, _)| {
            let [listed] = &self.phases.first()?.at(*place)?.recorded.series()[..] else { return None };
            let sent_at = listed.series.iter().map(|(at_ns, _)| self.first_at.saturating_add_nanos(at_ns));
            Some((*place, sent_at.collect()))
        });
        times.collect()
    }

    /// What other replays of the same capture bring for the flows whose timers run in these as the receivers' did.
    pub(super) fn fit_timers(
        &self,
        outcome: &Outcome,
        (others, other): (&Self, &Outcome),
        settings: Settings,
    ) -> Vec<TimerFit> {
        let timed = other.places.iter().zip(&other.flows).filter_map(|(place, flow)| {
            Some((*place, flow.estimation.as_ref()?.timer.filter(|runs| runs.at_rembs > 0)?))
        });
        let fit = |(place, runs): (usize, TimerRuns)| {
            let recorded = self.phases.first()?.at(place)?.recorded.as_one();
            let band = |replays: &Self| {
                let mut band = Band::new(&recorded, settings.window(outcome));
                let flows = replays.phases.iter().filter_map(|phase| phase.at(place));
                flows.for_each(|flow| band.add(&flow.replayed));
                Some((band.distance()?, TimerFigures::from(&band.mean()?)))
            };
            let ((before, punctual), (after, at_receivers_rembs)) = (band(self)?, band(others)?);
            let TimerRuns { count: updates, at_rembs, late } = runs;
            let late_us = late.map(|late| late.as_micros());
            let is_taken = after < before;
            Some(TimerFit { place, is_taken, updates, at_rembs, late_us, punctual, at_receivers_rembs })
        };
        timed.filter_map(fit).collect()
    }
}

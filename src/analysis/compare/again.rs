//! A second reading of a capture, for what its recorded REMBs tell of the receiver: that no start-up probe succeeded, and when
//! the timer of the estimator by RTP timestamps ran.

use super::Settings;
use super::phases::{Collector, Replays};
use super::probe::{FalseProbe, without_probing};
use crate::replay::{Outcome, ReplayConfig, SentTimes};

/// Why a capture is read once more, if it is. So there are at most twice as many replays as phases.
#[derive(Debug, Clone, Default)]
pub struct SecondReading {
    probes: Vec<FalseProbe>,
    sent: SentTimes,
}

impl SecondReading {
    /// After the first reading, which these are the replays of.
    pub fn of(replays: &Replays, outcome: &Outcome, config: &ReplayConfig) -> Self {
        let sent = replays.sent_times(outcome, &config.parameters);
        Self { probes: replays.false_probes(outcome), sent }
    }

    /// Whether there is a reason.
    pub fn is_wanted(&self) -> bool {
        !self.probes.is_empty() || !self.sent.is_empty()
    }

    /// What it is replayed with.
    pub fn config(&self, config: &ReplayConfig) -> ReplayConfig {
        let parameters = match self.probes.is_empty() {
            true => config.parameters.clone(),
            false => without_probing(config.parameters.clone()),
        };
        ReplayConfig { parameters, sent: self.sent.clone(), ..config.clone() }
    }

    /// Puts what came of it in the place of the first, for the flows that it is nearer for.
    pub fn take(
        &self,
        replays: &mut Replays,
        outcome: &mut Outcome,
        (others, other): (Replays, Outcome),
        settings: Settings,
    ) {
        replays.timers = replays.fit_timers(outcome, (&others, &other), settings);
        let fitted = replays.timers.iter().filter(|fit| fit.is_taken).map(|fit| fit.place);
        // None is both: a probe is of a flow by abs-send-time, a timer of one by RTP timestamps.
        let places: Vec<_> = self.probes.iter().map(|found| found.place).chain(fitted).collect();
        replays.replace(outcome, &places, (others, other));
    }

    /// In words; `is_done` unless the capture could be read but once.
    pub fn notes(&self, is_done: bool) -> Vec<String> {
        let probes = self.probes.iter().map(|found| found.note(is_done));
        let timers = (!is_done && !self.sent.is_empty()).then(|| ONCE.to_owned());
        probes.chain(timers).collect()
    }
}

const ONCE: &str = "what is no file is read once, so that the timer of the estimator by RTP timestamps is never late here; of a file it runs \
                    when the receiver sent its REMBs";

impl Replays {
    /// Takes the flows at these places from another replay of the same capture, and what came of them.
    fn replace(&mut self, outcome: &mut Outcome, places: &[usize], (mut others, other): (Self, Outcome)) {
        for (own, other) in self.phases.iter_mut().zip(&mut others.phases) {
            places.iter().for_each(|place| own.take_replayed(*place, other));
        }
        for (place, flow) in other.places.into_iter().zip(other.flows) {
            let own = outcome.places.iter().position(|own| *own == place);
            let own = own.filter(|_| places.contains(&place));
            if let Some(own) = own.and_then(|own| outcome.flows.get_mut(own)) {
                *own = flow;
            }
        }
    }
}

impl Collector {
    fn take_replayed(&mut self, place: usize, other: &mut Self) {
        if let (Some(own), Some(other)) = (self.at_mut(place), other.at_mut(place)) {
            own.replayed = std::mem::take(&mut other.replayed);
        }
        if let (Some(own), Some(other)) = (&mut self.page, &mut other.page) {
            own.take_from(place, other);
        }
    }
}

//! The start-up probe: it needs arrival times that neither a log nor a capture has to the microsecond. Without it the first estimate
//! takes five seconds of throughput, so that the first recorded REMB tells whether one succeeded (event log 10.3).

use super::phases::Replays;
use crate::config::Parameters;
use crate::replay::Outcome;
use remb::bwe::EstimatorKind;

/// A first REMB so long after the first packet that counts was not made by a probe, nanoseconds.
const WITHOUT_PROBE: i64 = 4_900_000_000;
/// No packet is larger, and none is taken for a probe.
const ALL_SIZES: u32 = 65_535;

/// A flow of whose receiver no probe succeeded, while one does in the replay.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct FalseProbe {
    /// The flow's place.
    pub(super) place: usize,
    /// The flow.
    flow: String,
    /// The first REMBs, recorded and replayed, seconds after the first packet that counts.
    first_s: (f64, f64),
}

impl FalseProbe {
    /// In words.
    pub(super) fn note(&self, is_redone: bool) -> String {
        let (recorded, replayed) = self.first_s;
        let what = match is_redone {
            true => "probing is off for it here",
            false => {
                "what is no file is read once, so that it is compared as it is; --set probe.max_ignored_size=65535 switches probing off"
            }
        };
        format!(
            "{}: its receiver's first REMB came {recorded:.3} s after the first packet, as without a start-up probe that succeeds; \
             in the replay one does, after {replayed:.3} s, for arrival times are not known to the microsecond: {what}",
            self.flow
        )
    }
}

/// The same parameters without the search for probes.
pub(super) fn without_probing(mut parameters: Parameters) -> Parameters {
    parameters.estimator.probe.max_ignored_size = ALL_SIZES;
    parameters
}

impl Replays {
    /// The flows of whose receivers no probe succeeded, while one does here. The estimator by RTP timestamps has no probes: an early
    /// first REMB is an over-use there.
    pub(super) fn false_probes(&self, outcome: &Outcome) -> Vec<FalseProbe> {
        let Some(first_phase) = self.phases.first() else { return Vec::new() };
        let flows = outcome.places.iter().zip(&outcome.flows).filter(|(_, flow)| {
            flow.estimation.as_ref().is_some_and(|of| of.estimator == EstimatorKind::AbsSendTime)
        });
        let found = flows.filter_map(|(place, flow)| {
            let fed = flow.streams.iter().filter(|stream| stream.fed.count > 0);
            let begin = fed.map(|stream| stream.first.0).min()?;
            let collected = first_phase.at(*place)?;
            let recorded = collected.recorded.first_ns()? - begin;
            let replayed = collected.replayed.first_ns()? - begin;
            let first_s = (recorded as f64 / 1e9, replayed as f64 / 1e9);
            let is_false = recorded > WITHOUT_PROBE && replayed < WITHOUT_PROBE;
            is_false.then(|| FalseProbe { place: *place, flow: flow.flow.to_string(), first_s })
        });
        found.collect()
    }
}

//! A capture's replays, held against what its receivers sent, or against what a file has of it.

use super::assign::Estimated;
use super::flow::{FlowComparison, Manner};
use super::phases::Replays;
use super::{CompareError, Window, assign};
use crate::analysis::series::SeriesFile;
use crate::model::{Doubt, Warning};
use crate::replay::{MAX_ESTIMATED_FLOWS, Outcome};
use crate::report::summary::{CapturedAt, Rtt};
use crate::units::TimeDelta;

/// What is compared, and how.
#[derive(Debug, Clone, Copy, Default)]
pub struct Settings {
    /// The beginning that is left out.
    pub skip: TimeDelta,
    /// What is added to the times of a file.
    pub offset: TimeDelta,
    /// Whether the series are kept for a picture.
    pub draws: bool,
    /// Whether a constant offset is looked for, where a file's clock may be another.
    pub finds_offset: bool,
}

/// What a comparison came to.
#[derive(Debug, Clone, Default)]
pub struct Comparison {
    /// A flow has more than one where its receivers are told apart.
    pub flows: Vec<FlowComparison>,
    /// About series from files, and flows without a comparison.
    pub notes: Vec<String>,
}

impl Settings {
    /// The part of a capture that is compared.
    pub(super) fn window(self, outcome: &Outcome) -> Window {
        let end_ns = outcome.counted_span.map_or(0, |span| span.0);
        Window { from_ns: self.skip.as_micros().saturating_mul(1000), end_ns }
    }
}

impl Comparison {
    /// Holds a capture's replays against what its receivers sent; or against `recorded`, where a file has that.
    ///
    /// # Errors
    /// If there is nothing to compare, or it is not clear of which flow the file speaks.
    pub fn of_capture(
        outcome: &Outcome,
        mut replays: Replays,
        recorded: Option<SeriesFile>,
        settings: Settings,
    ) -> Result<Self, CompareError> {
        let Settings { offset, draws, .. } = settings;
        if let Some(why) = &outcome.nothing {
            return Err(CompareError::Nothing(why.to_string()));
        }
        let estimated: Vec<Estimated<'_>> = outcome
            .places
            .iter()
            .copied()
            .zip(&outcome.flows)
            .filter(|(_, flow)| flow.estimation.is_some())
            .collect();
        let manner = Manner { window: settings.window(outcome), spread: replays.spread, offset, draws };
        let is_from_file = recorded.is_some();
        let mut comparison = Self::default();
        if let (Some(file), Some(first)) = (recorded, replays.phases.first_mut()) {
            let shift_ns = file.shift_ns(offset, replays.first_at);
            comparison.notes = assign::take(first, file.moved(shift_ns), &estimated)?;
            if let Some(why) = assign::beside_the_capture(first, manner) {
                return Err(CompareError::Nothing(why));
            }
        }
        let finds_offset = is_from_file && settings.finds_offset;
        for (place, flow) in estimated.iter().take(MAX_ESTIMATED_FLOWS) {
            let (recorded, replayed) = replays.take(*place);
            let is_single = recorded.len() == 1;
            for listed in &recorded {
                let compared = FlowComparison::new(&flow.flow.to_string(), &listed.series, &replayed, manner);
                let Some(mut compared) = compared else {
                    comparison.notes.push(format!("{}: {NO_COMMON_TIME}", flow.flow));
                    continue;
                };
                compared.rtt = Some(Rtt::from(&flow.rtt));
                compared.timer = replays.timers.iter().find(|fit| fit.place == *place).cloned();
                compared.captured_at = flow.captured_at.as_ref().map(CapturedAt::from);
                if finds_offset {
                    compared.look_for_offset(&listed.series, &replayed, manner);
                }
                compared.repeats += if is_from_file || !is_single { 0 } else { flow.recorded.repeats };
                comparison.flows.push(if is_single { compared } else { compared.of_several(listed) });
            }
        }
        match (comparison.flows.is_empty(), is_from_file) {
            (false, _) => Ok(comparison),
            (true, true) => Err(CompareError::Nothing(NO_COMMON_TIME.to_owned())),
            (true, false) => Err(CompareError::Nothing(nothing_in_common(&estimated, &outcome.warnings))),
        }
    }
}

const NO_COMMON_TIME: &str = "no time at which there are both a recorded REMB and a replayed one";

fn nothing_in_common(estimated: &[Estimated<'_>], warnings: &[Warning]) -> String {
    let unusable = warnings.iter().find(|warning| matches!(warning.doubt, Doubt::RembsUnusable(_)));
    let unreadable: u64 = estimated.iter().map(|(_, flow)| flow.recorded.rtcp_unreadable).sum();
    let cut: u64 = estimated.iter().map(|(_, flow)| flow.recorded.rtcp_cut).sum();
    let readable: u64 = estimated.iter().map(|(_, flow)| flow.recorded.count).sum();
    if readable > 0 {
        NO_COMMON_TIME.to_owned()
    } else if let Some(warning) = unusable {
        format!("no REMB was recorded that can be used: {}", warning.message())
    } else if unreadable > 0 {
        format!(
            "{unreadable} RTCP packets are encrypted and their REMBs cannot be read; --recorded FILE.csv takes them \
             from the receiver's own log"
        )
    } else if cut > 0 {
        format!(
            "{cut} RTCP packets are cut by the snaplen, and any REMBs with them; --recorded FILE.csv takes them from \
             elsewhere"
        )
    } else {
        "no REMB was recorded against an estimated flow; --recorded FILE.csv takes them from elsewhere"
            .to_owned()
    }
}

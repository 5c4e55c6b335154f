//! One flow: its replays at all phases, held against what was recorded.

use serde::Serialize;

use super::phases::Spread;
use super::{Band, BandRun, MeanMetrics, Metrics, Offset, Run, TimerFit, Window, constant_offset, runs};
use crate::analysis::series::{ListedSeries, Series};
use crate::report::summary::{CapturedAt, Rtt};
use crate::units::TimeDelta;

/// One flow's comparison.
#[derive(Debug, Clone, Serialize)]
pub struct FlowComparison {
    /// Source and destination of the media; empty for CSV files without flows.
    pub flow: String,
    /// The streams that the recorded REMBs list, where the flow has REMBs for others, too.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ssrcs: Vec<String>,
    /// Round trip time of the replay.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rtt: Option<Rtt>,
    /// Where it was captured, as far as RTCP tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub captured_at: Option<CapturedAt>,
    /// Recorded REMBs that were compared, repeats left out.
    pub recorded: usize,
    /// Their repeats.
    pub repeats: u64,
    /// Replayed REMBs at the first phase.
    pub replayed: usize,
    /// The figures at the first phase, which is the clock of the capture itself.
    pub first_phase: Metrics,
    /// The mean of every figure over all phases.
    pub mean: MeanMetrics,
    /// The phase that comes nearest to the record, where there are several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nearest: Option<Nearest>,
    /// When its receiver's timer ran, where it is estimated by RTP timestamps and REMBs tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timer: Option<TimerFit>,
    /// What would bring a record from elsewhere nearer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset: Option<Offset>,
    /// The figures of every phase; null where it has nothing in common with the record.
    pub phases: Vec<Option<Metrics>>,
    /// Where the phases are.
    #[serde(skip)]
    pub spread: Spread,
    /// What a picture shows, where one is wanted.
    #[serde(skip)]
    pub drawn: Option<Drawn>,
    /// What the two series are called, where they are not one that was recorded and one that was replayed.
    #[serde(skip)]
    pub names: Option<[String; 2]>,
}

/// A phase of the receiver's clock by which a replay is like what was recorded.
#[derive(Debug, Clone, Serialize)]
pub struct Nearest {
    /// Which.
    pub phase: usize,
    /// How far the receiver's clock is ahead of the capture's there.
    pub clock_offset_us: i64,
    /// The figures there.
    pub metrics: Metrics,
}

/// The series behind a comparison.
#[derive(Debug, Clone)]
pub struct Drawn {
    /// What was recorded.
    pub recorded: Series,
    /// The replay at the first phase.
    pub first: Series,
    /// At the nearest, where there are several.
    pub nearest: Option<Series>,
    /// Where all phases lie, where there are several.
    pub band: Vec<BandRun>,
    /// How far the first phase is from what was recorded.
    pub runs: Vec<Run>,
    /// What was compared.
    pub window: Window,
}

/// How a comparison is made.
#[derive(Debug, Clone, Copy)]
pub struct Manner {
    /// What is compared.
    pub window: Window,
    /// Where the phases are.
    pub spread: Spread,
    /// What the recorded times were moved by.
    pub offset: TimeDelta,
    /// Whether the series are kept for a picture.
    pub draws: bool,
}

impl FlowComparison {
    /// Holds the replays at all phases against what was recorded; `None` without a common stretch.
    pub fn new(flow: &str, recorded: &Series, phases: &[Series], manner: Manner) -> Option<Self> {
        let Manner { window, spread, draws, .. } = manner;
        let mut band = Band::new(recorded, window);
        phases.iter().for_each(|phase| band.add(phase));
        let first = phases.first()?;
        let nearest = band.nearest().filter(|_| phases.len() > 1);
        let nearest_series = nearest.and_then(|phase| phases.get(phase));
        Some(Self {
            flow: flow.to_owned(),
            ssrcs: Vec::new(),
            rtt: None,
            captured_at: None,
            recorded: recorded.len(),
            repeats: recorded.repeats(),
            replayed: first.len(),
            first_phase: band.phases().first()?.clone()?,
            mean: band.mean()?,
            nearest: nearest.and_then(|phase| {
                let metrics = band.phases().get(phase)?.clone()?;
                Some(Nearest { phase, clock_offset_us: spread.offset(phase).as_micros(), metrics })
            }),
            timer: None,
            offset: None,
            phases: band.phases().to_vec(),
            spread,
            drawn: draws.then(|| Drawn::new(recorded, (first, nearest_series), &band, window)),
            names: None,
        })
    }

    /// Says which of the flow's series it is.
    pub fn of_several(mut self, listed: &ListedSeries) -> Self {
        let unknown = || vec!["unknown".to_owned()];
        let ssrcs: Vec<_> = listed.ssrcs.iter().map(ToString::to_string).collect();
        self.ssrcs = if ssrcs.is_empty() { unknown() } else { ssrcs };
        // Lists that are apart cannot be that of a receiver that hears all streams.
        let metrics = self.phases.iter_mut().flatten().chain([&mut self.first_phase]);
        let nearest = self.nearest.iter_mut().map(|nearest| &mut nearest.metrics);
        metrics.chain(nearest).for_each(|metrics| metrics.ssrcs_equal = None);
        self.mean.ssrcs_equal = None;
        self
    }

    /// Looks for a constant offset of the record's clock.
    pub fn look_for_offset(&mut self, recorded: &Series, phases: &[Series], manner: Manner) {
        let nearest = self.nearest.as_ref().map_or(0, |nearest| nearest.phase);
        let found =
            phases.get(nearest).and_then(|replayed| constant_offset(recorded, replayed, manner.window));
        self.offset = found.map(|found| found.beyond(manner.offset));
    }
}

impl Drawn {
    fn new(
        recorded: &Series,
        (first, nearest): (&Series, Option<&Series>),
        band: &Band<'_>,
        window: Window,
    ) -> Self {
        let has_band = band.phases().len() > 1;
        Self {
            recorded: recorded.clone(),
            first: first.clone(),
            nearest: nearest.cloned(),
            band: if has_band { band.runs().collect() } else { Vec::new() },
            runs: runs(recorded, first, window),
            window,
        }
    }
}

//! The flows of a capture, kept to be replayed at every point.

use super::points::Points;
use super::{Origin, Score, ScoredFlow, mean};
use crate::analysis::series::{ListedSeries, Recordings, Series, SeriesEvent, SeriesFile};
use crate::capture::Frame;
use crate::replay::{Event, TapedFlow, Taping};
use crate::report::summary::Warning;
use crate::report::views;
use crate::survey::{Learned, SurveyConfig};
use crate::units::{CaptureTime, TimeDelta};
use remb::encoded_bitrate;

/// A capture that is read, for every survey that the points need.
#[derive(Debug)]
pub struct SweptCapture(Vec<Taping>);

/// What is in a capture for a sweep.
#[derive(Debug, Clone, Default)]
pub struct SweptFlows {
    /// In order of appearance.
    pub flows: Vec<SweptFlow>,
    /// Why there is none.
    pub nothing: Option<String>,
    /// Doubts of the first survey.
    pub warnings: Vec<Warning>,
    /// What a second reading is to be told.
    pub learned: Option<Learned>,
}

/// A flow, and what its replays are held against.
#[derive(Debug, Clone)]
pub struct SweptFlow {
    /// Source and destination.
    pub flow: String,
    /// What its replays are held against, a series for each receiver.
    pub references: Option<(Origin, Vec<Series>)>,
    /// The capture's span.
    pub end_ns: i64,
    place: usize,
    /// By survey; one that sees nothing to estimate in the flow has none.
    tapes: Vec<Option<TapedFlow>>,
    first_at: CaptureTime,
}

/// What flows are held against.
#[derive(Debug, Clone, Copy)]
pub struct Against<'a> {
    /// Series that come before what was recorded.
    pub file: Option<&'a SeriesFile>,
    /// Whether the round trip time is given; without it a doubt is raised where the capture does not tell it.
    pub rtt_is_given: bool,
}

impl SweptCapture {
    /// Before the first frame; `told` is what an earlier reading learned.
    pub fn new(points: &Points, told: Option<&Learned>) -> Self {
        let told = |survey: &SurveyConfig| SurveyConfig { learned: told.cloned(), ..survey.clone() };
        Self(points.surveys.iter().map(|survey| Taping::new(told(survey))).collect())
    }

    /// Takes the next frame.
    pub fn handle_frame(&mut self, frame: &Frame<'_>) {
        self.0.iter_mut().for_each(|taping| taping.handle_frame(frame));
    }

    /// The capture's flows, after its last frame.
    pub fn finish(self, against: Against<'_>) -> SweptFlows {
        let count = self.0.len();
        let mut swept = SweptFlows::default();
        let mut nothing = None;
        for (survey, taping) in self.0.into_iter().enumerate() {
            let (tape, findings) = taping.finish();
            nothing = nothing.or(findings.nothing.map(|nothing| nothing.to_string()));
            swept.learned = swept.learned.or(findings.learned);
            let is_first = survey == 0;
            if is_first {
                swept.warnings = views::warnings(&findings.warnings, &findings.flows);
            }
            let (first_at, end_ns) = (tape.first_at(), tape.span_nanos());
            for taped in tape.into_flows() {
                if is_first && !against.rtt_is_given && !taped.has_rtt() {
                    let flow = taped.info.flow.to_string();
                    swept.warnings.push(views::rtt_is_default(&flow, taped.packets() as u64));
                }
                let place = taped.info.index;
                let known = swept.flows.iter().position(|known| known.place == place);
                let known = known.unwrap_or_else(|| {
                    let (flow, references) = (taped.info.flow.to_string(), against.of(&taped, first_at));
                    let tapes = vec![None; count];
                    swept.flows.push(SweptFlow { flow, references, end_ns, place, tapes, first_at });
                    swept.flows.len() - 1
                });
                if let Some(tape) = swept.flows.get_mut(known).and_then(|known| known.tapes.get_mut(survey)) {
                    *tape = Some(taped);
                }
            }
        }
        swept.nothing = nothing.filter(|_| swept.flows.is_empty());
        swept
    }
}

impl Against<'_> {
    /// What the file has for the flow; else what the receiver sent. One for each receiver.
    fn of(self, taped: &TapedFlow, first_at: CaptureTime) -> Option<(Origin, Vec<Series>)> {
        let series = |recorded: &Recordings| {
            recorded.series().into_iter().map(|ListedSeries { series, .. }| series).collect()
        };
        if let Some(file) = self.file
            && let Some(given) = file.flows.get(&taped.info.flow.to_string()).or_else(|| file.flows.get(""))
        {
            let shift_ns = file.shift_ns(TimeDelta::ZERO, first_at);
            return Some((Origin::File, series(&given.clone().shifted(shift_ns))));
        }
        let recorded = taped.recorded.iter().map(|(at, remb)| {
            let at_ns = at.as_nanos() - first_at.as_nanos();
            SeriesEvent { at_ns, bps: remb.bitrate.as_bps(), ssrcs: remb.ssrcs.clone() }
        });
        let recorded: Vec<Series> = series(&recorded.collect());
        (!recorded.is_empty()).then_some((Origin::Recorded, recorded))
    }
}

impl SweptFlow {
    /// How a point does on it, as the mean over the phases; `None` if no estimate comes of it.
    pub fn score(&self, points: &Points, point: usize) -> Option<Score> {
        let references = self.references.as_ref().map_or(&[][..], |(_, all)| all);
        let estimated = self.replays(points, point)?.filter(|series| !series.is_empty());
        let scores = estimated.flat_map(|series| match references {
            [] => vec![Score::new(&series, None, self.end_ns)],
            all => all.iter().map(|one| Score::new(&series, Some(one), self.end_ns)).collect(),
        });
        let scores: Vec<_> = scores.collect();
        mean(scores.iter())
    }

    /// The REMBs at a point, for every phase of the receiver's clock.
    pub fn replays<'a>(
        &'a self,
        points: &'a Points,
        point: usize,
    ) -> Option<impl Iterator<Item = Series> + 'a> {
        let configs = points.configs(point)?;
        let taped = self.tapes.get(configs.survey)?.as_ref()?;
        // A point with a parameter out of range has no series; `Points` has none.
        Some(configs.phases.iter().filter_map(move |config| {
            let mut series = Series::default();
            let replayed = taped.replay(config, &mut |at, event| {
                if let Event::Remb(remb) = event {
                    let at_ns = at.as_nanos() - self.first_at.as_nanos();
                    let bps = encoded_bitrate(remb.bitrate).as_bps();
                    series.push(SeriesEvent { at_ns, bps, ssrcs: Some(remb.ssrcs) });
                }
            });
            replayed.ok().map(|()| series)
        }))
    }

    /// With how every point does on it; `capture` is the capture's name for a person.
    pub fn scored(&self, capture: &str, scores: Vec<Option<Score>>) -> ScoredFlow {
        let references = self.references.as_ref();
        ScoredFlow {
            capture: capture.to_owned(),
            flow: self.flow.clone(),
            packets: self.tapes.iter().flatten().map(TapedFlow::packets).max().unwrap_or(0),
            reference: references.and_then(|(origin, all)| {
                let scores: Vec<_> = all.iter().map(|series| Score::new(series, None, self.end_ns)).collect();
                Some((*origin, mean(scores.iter())?))
            }),
            scores,
        }
    }
}

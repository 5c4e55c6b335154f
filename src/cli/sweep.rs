//! `remb-replay sweep`: a grid of parameters over captures. Each capture is read once and replayed at every point.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use indicatif::{ProgressBar, ProgressStyle};
use rayon::prelude::*;

use super::args::{BehaveArgs, PlotKind, Progress, SweepArgs, WriteFlags};
use super::outputs::Plan;
use super::ranking::{Origin, Ranking, ScoredFlow, SweptPoint, in_words};
use super::resolve::{Resolved, resolve};
use super::series_files;
use super::source::{ReadCapture, Source};
use super::{Exit, Failure, messages, print};
use crate::analysis::compare::{GRAIN, ListedSeries, Recordings, Series, SeriesEvent, at_phase, named};
use crate::analysis::series::SeriesFile;
use crate::analysis::sweep::{Axis, Grid, Score, mean};
use crate::analysis::twice::{self, Reading};
use crate::remb::{Profile, encoded_bitrate};
use crate::replay::{Event, ReplayConfig, TapedFlow, Taping, rtt_is_default};
use crate::report::plot::{MAX_BEST, MAX_PANELS, OverlayPanel};
use crate::report::summary::Warning;
use crate::survey::{Learned, SurveyConfig};
use crate::units::{CaptureTime, TimeDelta};

pub(super) fn run(args: &SweepArgs) -> Result<Exit, Failure> {
    let usage = |error: anyhow::Error| Failure::new(Exit::Usage, error);
    let opened = |error: anyhow::Error| Failure::new(Exit::Open, error);
    let resolved = resolve(&args.flags, &WriteFlags::default(), &args.parameters, Profile::Libwebrtc);
    let resolved = resolved.map_err(Failure::of_settings)?;
    if args.parameters.print_config {
        return print(&resolved.print());
    }
    let points = Points::new(args, &resolved).map_err(usage)?;
    let kind = points.plot_kind(args).map_err(usage)?;
    let is_stdin = |path: &&std::path::PathBuf| path.as_os_str() == "-";
    if args.captures.iter().filter(is_stdin).count() > 1 {
        return Err(usage(anyhow!("standard input can be read once, and two captures are -")));
    }
    for path in args.captures.iter().filter(|path| !is_stdin(path)) {
        is_readable(path).with_context(|| path.display().to_string()).map_err(opened)?;
    }
    let reference = args.reference.as_deref().map(|path| series_files::read(path, &args.columns));
    let reference = reference.transpose().context("--reference").map_err(Failure::of_settings)?;
    if let Some(reference) = reference.as_ref().filter(|_| !args.behave.quiet) {
        reference.notes.iter().for_each(|note| messages::say(&format!("note: {note}")));
    }
    let plan = Plan::for_sweep(args).map_err(opened)?;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(args.threads.map_or(0, usize::from)).build();
    let pool = pool.context("threads").map_err(opened)?;
    let keeps_panels = plan.plot.is_some() && kind == PlotKind::Overlay;
    let sweep = Sweep { args, points, reference, rtt: resolved.config.rtt, keeps_panels };
    pool.install(|| sweep.run(&plan, resolved.profile))
}

/// A pipe is not opened: whoever writes into it would find it closed again.
fn is_readable(path: &Path) -> io::Result<()> {
    if fs::metadata(path)?.is_file() {
        File::open(path)?;
    }
    Ok(())
}

/// What is replayed with each capture.
struct Points {
    axes: Vec<Axis>,
    points: Vec<SweptPoint>,
    /// The configurations of a point, one for each phase of the receiver's clock, and which survey serves them.
    configs: Vec<(Vec<ReplayConfig>, usize)>,
    surveys: Vec<SurveyConfig>,
}

impl Points {
    /// All points of the grid; and the settings as they are, if they are none of them. Every point is valid.
    fn new(args: &SweepArgs, resolved: &Resolved) -> anyhow::Result<Self> {
        let lists = args.lists.iter().map(|text| Axis::list(text).context("-L"));
        let ranges = args.ranges.iter().map(|text| Axis::range(text).context("-P"));
        let axes = lists.chain(ranges).collect::<Result<Vec<_>, _>>()?;
        if axes.is_empty() {
            return Err(anyhow!("nothing is swept: -L NAME=a,b,c or -P NAME=low:high:step is needed"));
        }
        let grid = Grid::new(axes)?;
        let mut points = Self { axes: grid.axes.clone(), points: vec![], configs: vec![], surveys: vec![] };
        for values in grid.points() {
            let names = grid.axes.iter().map(|axis| axis.name.as_str());
            let config = resolved.with(names.zip(values.iter().map(String::as_str)))?;
            let is_base = config.parameters == resolved.config.parameters;
            points.push(SweptPoint { values, is_base }, &config, args.phases);
        }
        if !points.points.iter().any(|point| point.is_base) {
            let table = resolved.config.parameters.to_table();
            let values = grid.axes.iter().map(|axis| value_of(&table, &axis.name)).collect();
            points.push(SweptPoint { values, is_base: true }, &resolved.config, args.phases);
        }
        Ok(points)
    }

    fn push(&mut self, point: SweptPoint, config: &ReplayConfig, phases: u16) {
        let survey = config.survey();
        let known = self.surveys.iter().position(|known| *known == survey);
        let place = known.unwrap_or_else(|| {
            self.surveys.push(survey);
            self.surveys.len() - 1
        });
        let configs = (0..phases).map(|phase| at_phase(config, phase, phases, GRAIN)).collect();
        self.points.push(point);
        self.configs.push((configs, place));
    }

    fn plot_kind(&self, args: &SweepArgs) -> anyhow::Result<PlotKind> {
        match (args.plot_kind, self.axes.len()) {
            (Some(PlotKind::Map) | None, 2) => Ok(PlotKind::Map),
            (Some(PlotKind::Map), _) => Err(anyhow!("--plot-kind map needs two parameters")),
            _ => Ok(PlotKind::Overlay),
        }
    }
}

fn value_of(table: &toml::Table, name: &str) -> String {
    let mut words = name.split('.');
    let first = words.next().and_then(|word| table.get(word));
    match words.fold(first, |value, word| value?.as_table()?.get(word)) {
        Some(toml::Value::String(text)) => text.clone(),
        Some(value) => value.to_string(),
        None => String::new(),
    }
}

struct Sweep<'a> {
    args: &'a SweepArgs,
    points: Points,
    reference: Option<SeriesFile>,
    /// As told by a flag.
    rtt: Option<TimeDelta>,
    /// Whether flows are kept for the picture.
    keeps_panels: bool,
}

/// A flow, and what its replays are held against.
struct Held {
    capture: String,
    /// The same without its folder.
    name: String,
    flow: String,
    /// By survey; one that sees nothing to estimate in the flow has none.
    tapes: Vec<Option<TapedFlow>>,
    /// One for each receiver.
    references: Option<(Origin, Vec<Series>)>,
    first_at: CaptureTime,
    end_ns: i64,
}

/// A capture, its flows; or why there are none.
struct ReadFlows {
    read: ReadCapture,
    held: Vec<Held>,
    nothing: Option<String>,
    /// Doubts of the first survey.
    warnings: Vec<Warning>,
    learned: Option<Learned>,
}

impl Reading for ReadFlows {
    fn learned(&self) -> Option<&Learned> {
        self.learned.as_ref()
    }
}

impl Sweep<'_> {
    fn run(mut self, plan: &Plan, profile: &'static str) -> Result<Exit, Failure> {
        let bar = progress_bar(&self.args.behave, self.args.captures.len() * self.points.points.len());
        let (mut flows, mut kept) = (Vec::new(), Vec::new());
        let mut exit = Exit::Done;
        let mut paths = self.args.captures.iter();
        let [first, second] = [paths.next(), paths.next()];
        let read = |path: Option<&PathBuf>| path.map(|path| self.read(path));
        // Two are read ahead, lest a thread wait for the first, or for the next.
        let (first, second) = rayon::join(|| read(first), || read(second));
        let mut read_ahead: VecDeque<_> = first.into_iter().chain(second).collect();
        while let Some(result) = read_ahead.pop_front() {
            let ReadFlows { read, held, nothing, warnings, .. } = result?;
            let (scored, next) =
                rayon::join(|| self.score(&held, &bar), || paths.next().map(|path| self.read(path)));
            read_ahead.extend(next);
            let is_whole = read.exit(&warnings, &self.args.behave) == Exit::Done;
            bar.suspend(|| messages::doubts(&warnings, &read, &self.args.behave, "swept"));
            if let Some(why) = nothing {
                bar.suspend(|| messages::say(&format!("warning[W-NOTHING]: {}: {why}", read.shown)));
            }
            if !is_whole || (held.is_empty() && self.args.behave.strict) {
                exit = Exit::Incomplete;
            }
            flows.extend(scored);
            let room = if self.keeps_panels { MAX_PANELS - kept.len().min(MAX_PANELS) } else { 0 };
            kept.extend(held.into_iter().take(room));
        }
        bar.finish_and_clear();
        if let Some(note) = self.unused_reference(&flows).filter(|_| !self.args.behave.quiet) {
            messages::say(&format!("note: {note}"));
        }
        if flows.is_empty() {
            let why = anyhow!("no flow to estimate in {}", in_words(self.args.captures.len(), "capture"));
            return Err(Failure::new(Exit::Nothing, why));
        }
        let (axes, points) = (std::mem::take(&mut self.points.axes), std::mem::take(&mut self.points.points));
        let mut ranking = Ranking::new(profile, self.args.captures.len(), axes, points, flows);
        let drawn = ranking.drawn();
        ranking.panels = kept.iter().map(|held| self.panel(held, &drawn)).collect();
        ranking.finish(self.args, plan).map_err(|error| Failure::new(Exit::Open, error))?;
        Ok(exit)
    }

    /// Series of `--reference` that name a flow which no capture has.
    fn unused_reference(&self, flows: &[ScoredFlow]) -> Option<String> {
        let file = self.reference.as_ref()?;
        let is_unused =
            |name: &&String| !name.is_empty() && !flows.iter().any(|scored| scored.flow == **name);
        let unused: Vec<_> = file.flows.keys().filter(is_unused).collect();
        let what =
            || format!("{}: no estimated flow for what it has of {}", file.shown, named(unused.iter()));
        (!unused.is_empty()).then(what)
    }

    fn read(&self, path: &Path) -> Result<ReadFlows, Failure> {
        let source = Source::open(path, false, None).map_err(|error| Failure::new(Exit::Open, error))?;
        let (mut flows, told) = source.read_told(|source, told| self.read_once(source, told))?;
        flows.warnings.extend(twice::notes(told.as_ref()));
        Ok(flows)
    }

    fn read_once(&self, source: Source, told: Option<&Learned>) -> Result<ReadFlows, Failure> {
        let surveys = self.points.surveys.iter();
        let told = |survey: &SurveyConfig| SurveyConfig { learned: told.cloned(), ..survey.clone() };
        let mut tapings: Vec<_> = surveys.map(|survey| Taping::new(told(survey))).collect();
        let quietly = BehaveArgs { progress: Progress::Never, ..self.args.behave.clone() };
        let read = source.read(&quietly, |frame| {
            tapings.iter_mut().for_each(|taping| taping.handle_frame(frame));
            Ok(())
        })?;
        let count = tapings.len();
        let mut flows: Vec<Held> = Vec::new();
        let (mut nothing, mut warnings, mut learned) = (None, Vec::new(), None);
        for (survey, taping) in tapings.into_iter().enumerate() {
            let (tape, findings) = taping.finish();
            nothing = nothing.or(findings.nothing);
            learned = learned.or(findings.learned);
            let is_first = survey == 0;
            if is_first {
                warnings = findings.warnings;
            }
            let (first_at, end_ns) = (tape.first_at(), tape.span_nanos());
            for taped in tape.into_flows() {
                let flow = taped.info.flow.to_string();
                if is_first && self.rtt.is_none() && !taped.has_rtt() {
                    warnings.push(rtt_is_default(&flow, taped.packets() as u64));
                }
                let place = flows.iter().position(|held| held.flow == flow).unwrap_or_else(|| {
                    let references = self.references_of(&taped, first_at);
                    let (capture, name) = (read.shown.clone(), read.input.file.clone());
                    let tapes = vec![None; count];
                    flows.push(Held { capture, name, flow, tapes, references, first_at, end_ns });
                    flows.len() - 1
                });
                if let Some(tape) = flows.get_mut(place).and_then(|held| held.tapes.get_mut(survey)) {
                    *tape = Some(taped);
                }
            }
        }
        let nothing = nothing.filter(|_| flows.is_empty());
        Ok(ReadFlows { read, held: flows, nothing, warnings, learned })
    }

    /// What the file has for the flow; else what the receiver sent.
    fn references_of(&self, taped: &TapedFlow, first_at: CaptureTime) -> Option<(Origin, Vec<Series>)> {
        let series = |recorded: &Recordings| {
            recorded.series().into_iter().map(|ListedSeries { series, .. }| series).collect()
        };
        if let Some(file) = &self.reference
            && let Some(given) = file.flows.get(&taped.info.flow.to_string()).or_else(|| file.flows.get(""))
        {
            let shift_ns = file.shift_ns(TimeDelta::ZERO, first_at);
            return Some((Origin::File, series(&given.clone().shifted(shift_ns))));
        }
        let recorded = taped.recorded.iter().map(|(at, remb)| {
            let at_ns = at.as_nanos() - first_at.as_nanos();
            SeriesEvent { at_ns, bps: remb.bitrate.as_bps(), ssrcs: remb.ssrcs.clone() }
        });
        let recorded = series(&recorded.collect());
        (!recorded.is_empty()).then_some((Origin::Recorded, recorded))
    }

    /// The scores of each flow at every point.
    fn score(&self, flows: &[Held], bar: &ProgressBar) -> Vec<ScoredFlow> {
        let points = self.points.points.len();
        let jobs = (0..flows.len() * points).into_par_iter();
        let scores = jobs.map(|job| {
            let (place, point) = (job / points, job % points);
            let score = flows.get(place).and_then(|held| self.points.score(held, point));
            if place == 0 {
                bar.inc(1);
            }
            score
        });
        let scores: Vec<_> = scores.collect();
        let of_flow = |(held, scores): (&Held, &[Option<Score>])| ScoredFlow {
            capture: held.capture.clone(),
            flow: held.flow.clone(),
            packets: held.tapes.iter().flatten().map(TapedFlow::packets).max().unwrap_or(0),
            reference: held.references.as_ref().and_then(|(origin, all)| {
                let scores: Vec<_> = all.iter().map(|series| Score::new(series, None, held.end_ns)).collect();
                Some((*origin, mean(scores.iter())?))
            }),
            scores: scores.to_vec(),
        };
        flows.iter().zip(scores.chunks(points.max(1))).map(of_flow).collect()
    }

    /// The flow's REMBs at the points that are drawn.
    fn panel(&self, held: &Held, drawn: &[usize]) -> OverlayPanel {
        let series = drawn.par_iter().map(|point| {
            let first_phase = self.points.replays(held, *point).and_then(|mut phases| phases.next());
            first_phase.map(|series| in_seconds(&series)).unwrap_or_default()
        });
        let mut series: Vec<_> = series.collect();
        let others = series.split_off(MAX_BEST.min(series.len()));
        OverlayPanel {
            title: format!("{}: {}", held.name, held.flow),
            end: held.end_ns as f64 / 1e9,
            reference: held.references.iter().flat_map(|(_, all)| all.first()).flat_map(in_seconds).collect(),
            best: series,
            others,
        }
    }
}

impl Points {
    /// The mean over the phases; `None` if no estimate comes of this point.
    fn score(&self, held: &Held, point: usize) -> Option<Score> {
        let references = held.references.as_ref().map_or(&[][..], |(_, all)| all);
        let estimated = self.replays(held, point)?.filter(|series| !series.is_empty());
        let scores = estimated.flat_map(|series| match references {
            [] => vec![Score::new(&series, None, held.end_ns)],
            all => all.iter().map(|one| Score::new(&series, Some(one), held.end_ns)).collect(),
        });
        let scores: Vec<_> = scores.collect();
        mean(scores.iter())
    }

    /// The REMBs at a point, for every phase.
    fn replays<'a>(&'a self, held: &'a Held, point: usize) -> Option<impl Iterator<Item = Series> + 'a> {
        let (configs, survey) = self.configs.get(point)?;
        let taped = held.tapes.get(*survey)?.as_ref()?;
        Some(configs.iter().map(move |config| {
            let mut series = Series::default();
            taped.replay(config, &mut |at, event| {
                if let Event::Remb(remb) = event {
                    let at_ns = at.as_nanos() - held.first_at.as_nanos();
                    let bps = encoded_bitrate(remb.bitrate).as_bps();
                    series.push(SeriesEvent { at_ns, bps, ssrcs: Some(remb.ssrcs) });
                }
            });
            series
        }))
    }
}

fn in_seconds(series: &Series) -> Vec<(f64, f64)> {
    series.iter().map(|(at_ns, bps)| (at_ns as f64 / 1e9, bps as f64)).collect()
}

fn progress_bar(args: &BehaveArgs, points: usize) -> ProgressBar {
    if args.progress == Progress::Never || args.quiet || !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(points as u64);
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} replays, {eta} left") {
        bar.set_style(style);
    }
    bar
}

//! `remb-replay sweep`: a grid of parameters over captures. Each capture is read once and replayed at every point.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use indicatif::{ProgressBar, ProgressStyle};
use rayon::prelude::*;

use super::args::{BehaveArgs, PlotKind, Progress, SweepArgs, WriteFlags};
use super::inputs::{Input, inputs};
use super::outputs::{Format, Kind, Output, Plan};
use super::resolve::{Logs, Resolved, resolve};
use super::series_files;
use super::source::{ReadCapture, Source};
use super::sweep_picture::{self, figure};
use super::{Exit, Failure, messages, print, to_stdout};
use remb_replay::analysis::compare::named;
use remb_replay::analysis::series::SeriesFile;
use remb_replay::analysis::sweep::{
    Against, Axis, Grid, Points, Ranking, Score, ScoredFlow, SweptCapture, SweptFlow, SweptFlows,
};
use remb_replay::analysis::twice::{self, Reading};
use remb_replay::capture::CaptureError;
use remb_replay::remb::Profile;
use remb_replay::report::counted;
use remb_replay::report::csv::CsvTable;
use remb_replay::report::plot::{MAX_BEST, MAX_PANELS, OverlayPanel, render_sweep_png, render_sweep_svg};
use remb_replay::report::summary::Warning;
use remb_replay::survey::Learned;

pub(super) fn run(args: &SweepArgs) -> Result<Exit, Failure> {
    let usage = |error: anyhow::Error| Failure::new(Exit::Usage, error);
    let opened = |error: anyhow::Error| Failure::new(Exit::Open, error);
    let resolved = resolve(&args.settings, &WriteFlags::default(), Profile::Libwebrtc);
    let resolved = resolved.map_err(Failure::of_settings)?;
    if args.settings.parameters.print_config {
        return print(&resolved.print());
    }
    if let Some(doubt) = resolved.doubt() {
        messages::say(&Warning::of(&doubt, None).to_string());
    }
    let points = points(args, &resolved).map_err(usage)?;
    let kind = plot_kind(&points, args).map_err(usage)?;
    let is_stdin = |path: &&PathBuf| path.as_os_str() == "-";
    if args.captures.iter().filter(is_stdin).count() > 1 {
        return Err(usage(anyhow!("standard input can be read once, and two captures are -")));
    }
    let captures = inputs(&args.captures, None, None).map_err(opened)?;
    for Input { path, .. } in captures.iter().filter(|input| !input.is_found && !is_stdin(&&input.path)) {
        is_readable(path).with_context(|| path.display().to_string()).map_err(opened)?;
    }
    let reference = args.reference.as_deref().map(|path| series_files::read(path, &args.columns));
    let reference = reference.transpose().context("--reference").map_err(Failure::of_settings)?;
    if let Some(reference) = reference.as_ref().filter(|_| !args.settings.behave.quiet) {
        reference.notes.iter().for_each(|note| messages::say(&format!("note: {note}")));
    }
    let read = captures.iter().map(|input| &input.path).chain(&args.reference);
    let read: Vec<_> = read.map(PathBuf::as_path).collect();
    let plan = Plan::new(args.asked(), &read, args.force).map_err(opened)?;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(args.threads.map_or(0, usize::from)).build();
    let pool = pool.context("threads").map_err(opened)?;
    let keeps_panels = plan.has(Kind::Picture) && kind == PlotKind::Overlay;
    let (rtt_is_given, logs) = (resolved.config.rtt.is_some(), resolved.logs);
    let sweep = Sweep { args, captures, points, reference, rtt_is_given, logs, keeps_panels };
    pool.install(|| sweep.run(&plan, resolved.profile))
}

/// A pipe is not opened: whoever writes into it would find it closed again.
fn is_readable(path: &Path) -> io::Result<()> {
    if fs::metadata(path)?.is_file() {
        File::open(path)?;
    }
    Ok(())
}

/// The grid of the flags. Every point is valid.
fn points(args: &SweepArgs, resolved: &Resolved) -> anyhow::Result<Points> {
    let lists = args.lists.iter().map(|text| Axis::list(text).context("-L"));
    let ranges = args.ranges.iter().map(|text| Axis::range(text).context("-P"));
    let axes = lists.chain(ranges).collect::<Result<Vec<_>, _>>()?;
    if axes.is_empty() {
        return Err(anyhow!("nothing is swept: -L NAME=a,b,c or -P NAME=low:high:step is needed"));
    }
    Ok(Points::new(Grid::new(axes)?, &resolved.config, args.phases)?)
}

fn plot_kind(points: &Points, args: &SweepArgs) -> anyhow::Result<PlotKind> {
    match (args.plot_kind, points.axes.len()) {
        (Some(PlotKind::Map) | None, 2) => Ok(PlotKind::Map),
        (Some(PlotKind::Map), _) => Err(anyhow!("--plot-kind map needs two parameters")),
        _ => Ok(PlotKind::Overlay),
    }
}

struct Sweep<'a> {
    args: &'a SweepArgs,
    captures: Vec<Input>,
    points: Points,
    reference: Option<SeriesFile>,
    rtt_is_given: bool,
    logs: Logs,
    /// Whether flows are kept for the picture.
    keeps_panels: bool,
}

/// A capture, and its flows.
struct Swept {
    read: ReadCapture,
    swept: SweptFlows,
}

impl Reading for Swept {
    fn learned(&self) -> Option<&Learned> {
        self.swept.learned.as_ref()
    }
}

impl Sweep<'_> {
    fn run(self, plan: &Plan, profile: &'static str) -> Result<Exit, Failure> {
        let bar = progress_bar(&self.args.settings.behave, self.captures.len() * self.points.len());
        let (mut flows, mut kept) = (Vec::new(), Vec::new());
        let mut exit = Exit::Done;
        let (mut count, mut paths) = (0, self.captures.iter());
        let [first, second] = [paths.next(), paths.next()];
        let read = |input: Option<&Input>| input.map(|input| self.read(input));
        // Two are read ahead, lest a thread wait for the first, or for the next.
        let (first, second) = rayon::join(|| read(first), || read(second));
        let mut read_ahead: VecDeque<_> = first.into_iter().chain(second).collect();
        while let Some(result) = read_ahead.pop_front() {
            let read = match result? {
                Ok(read) => read,
                Err(left_out) => {
                    read_ahead.extend(paths.next().map(|input| self.read(input)));
                    if let Some(why) = left_out {
                        bar.suspend(|| messages::say(&format!("error: {why}; it is left out")));
                        exit = Exit::Incomplete;
                    }
                    continue;
                }
            };
            count += 1;
            let Swept { read, swept } = read;
            let (scored, next) = rayon::join(
                || self.score(&read.shown, &swept.flows, &bar),
                || paths.next().map(|input| self.read(input)),
            );
            read_ahead.extend(next);
            let is_whole = read.exit(&swept.warnings, &self.args.settings.behave) == Exit::Done;
            bar.suspend(|| messages::doubts(&swept.warnings, &read, &self.args.settings.behave, "swept"));
            if let Some(why) = &swept.nothing {
                bar.suspend(|| messages::say(&format!("warning[W-NOTHING]: {}: {why}", read.shown)));
            }
            if !is_whole || (swept.flows.is_empty() && self.args.settings.behave.strict) {
                exit = Exit::Incomplete;
            }
            flows.extend(scored);
            let room = if self.keeps_panels { MAX_PANELS - kept.len().min(MAX_PANELS) } else { 0 };
            let name = |flow| (read.input.file.clone(), flow);
            kept.extend(swept.flows.into_iter().take(room).map(name));
        }
        bar.finish_and_clear();
        if let Some(note) = self.unused_reference(&flows).filter(|_| !self.args.settings.behave.quiet) {
            messages::say(&format!("note: {note}"));
        }
        if flows.is_empty() {
            let captures = counted(count, "captures");
            return Err(Failure::new(Exit::Nothing, anyhow!("no flow to estimate in {captures}")));
        }
        let ranking = Ranking::new(profile, count as usize, &self.points, flows);
        let drawn = ranking.drawn(MAX_BEST);
        let panels = kept.iter().map(|(name, flow)| self.panel(name, flow, &drawn)).collect();
        finish(self.args, plan, &ranking, panels).map_err(|error| Failure::new(Exit::Open, error))?;
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

    /// What was found in a folder and cannot be read is left out, and why; without a word, if it is a text and no capture.
    fn read(&self, input: &Input) -> Result<Result<Swept, Option<String>>, Failure> {
        if input.is_found && !input.path.is_file() {
            return Ok(Err(Some(format!("{}: no file", input.path.display()))));
        }
        match self.read_file(&input.path) {
            Err(failure) if input.is_found => {
                let is_foreign = matches!(failure.error.downcast_ref(), Some(CaptureError::NotACapture(_)));
                let is_passed_over = is_foreign && input.is_text_found();
                Ok(Err((!is_passed_over).then(|| format!("{:#}", failure.error))))
            }
            result => result.map(Ok),
        }
    }

    fn read_file(&self, path: &Path) -> Result<Swept, Failure> {
        let source = Source::open(path, false, None).map_err(|error| Failure::new(Exit::Open, error))?;
        let source = source.with(&self.logs)?;
        let (mut read, told) = source.read_told(|source, told| self.read_once(source, told))?;
        read.swept.warnings.extend(twice::notes_in_words(told.as_ref()));
        Ok(read)
    }

    fn read_once(&self, source: Source, told: Option<&Learned>) -> Result<Swept, Failure> {
        let mut capture = SweptCapture::new(&self.points, told);
        let quietly = BehaveArgs { progress: Progress::Never, ..self.args.settings.behave.clone() };
        let read = source.read(&quietly, |frame| {
            capture.handle_frame(frame);
            Ok(())
        })?;
        let against = Against { file: self.reference.as_ref(), rtt_is_given: self.rtt_is_given };
        Ok(Swept { read, swept: capture.finish(against) })
    }

    /// The scores of each flow at every point.
    fn score(&self, capture: &str, flows: &[SweptFlow], bar: &ProgressBar) -> Vec<ScoredFlow> {
        let points = self.points.len();
        let jobs = (0..flows.len() * points).into_par_iter();
        let scores = jobs.map(|job| {
            let (place, point) = (job / points, job % points);
            let score = flows.get(place).and_then(|flow| flow.score(&self.points, point));
            if place == 0 {
                bar.inc(1);
            }
            score
        });
        let scores: Vec<_> = scores.collect();
        let of_flow = |(flow, scores): (&SweptFlow, &[Option<Score>])| flow.scored(capture, scores.to_vec());
        flows.iter().zip(scores.chunks(points.max(1))).map(of_flow).collect()
    }

    /// The flow's REMBs at the points that are drawn.
    fn panel(&self, capture: &str, flow: &SweptFlow, drawn: &[usize]) -> OverlayPanel {
        let series = drawn.par_iter().map(|point| {
            let first_phase = flow.replays(&self.points, *point).and_then(|mut phases| phases.next());
            first_phase.unwrap_or_default()
        });
        sweep_picture::panel(capture, flow, series.collect())
    }
}

/// Writes and prints.
fn finish(args: &SweepArgs, plan: &Plan, ranking: &Ranking, panels: Vec<OverlayPanel>) -> anyhow::Result<()> {
    let mut outputs = Vec::new();
    plan.write(Kind::SweepCsv, &mut outputs, |output| Ok(ranking.write(&mut CsvTable::new(output))?))?;
    plan.write_json(&mut outputs, &ranking.to_json())?;
    if let Some((mut output, format)) = plan.open_picture(0)? {
        let figure = figure(ranking, panels, args.plot_kind);
        match format {
            Format::Svg => render_sweep_svg(&figure, &mut output)?,
            Format::Png => render_sweep_png(&figure, &mut output)?,
        }
        outputs.push(output);
    }
    if !args.settings.behave.quiet && !plan.uses_stdout() {
        to_stdout(&ranking.to_text(args.top))?;
    }
    Output::finish_all(outputs)
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

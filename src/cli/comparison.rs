//! What a comparison came to: the figures of each flow, for a person, as JSON, as CSV and as a picture.

use std::fmt::Write as _;

use anyhow::Result;
use serde::Serialize;

use super::args::{ComparisonArgs, Percent};
use super::outputs::Target;
use super::outputs::{Output, Plan, is_svg, numbered};
use super::phases::Spread;
use crate::analysis::compare::{
    Band, ListedSeries, MeanMetrics, Metrics, Offset, Series, Window, constant_offset, runs,
};
use crate::report::plot::{CompareFigure, render_compare_png, render_compare_svg};
use crate::report::summary::{CapturedAt, Rtt};
use crate::units::TimeDelta;

/// One flow's comparison.
#[derive(Debug, Serialize)]
pub(super) struct FlowComparison {
    /// Source and destination of the media; empty for CSV files without flows.
    pub(super) flow: String,
    /// The streams that the recorded REMBs list, where the flow has REMBs for others, too.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) ssrcs: Vec<String>,
    /// Round trip time of the replay.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) rtt: Option<Rtt>,
    /// Where it was captured, as far as RTCP tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) captured_at: Option<CapturedAt>,
    /// Recorded REMBs that were compared, repeats left out.
    pub(super) recorded: usize,
    /// Their repeats.
    pub(super) repeats: u64,
    /// Replayed REMBs at the first phase.
    pub(super) replayed: usize,
    /// The figures at the first phase, which is the clock of the capture itself.
    pub(super) first_phase: Metrics,
    /// The mean of every figure over all phases.
    pub(super) mean: MeanMetrics,
    /// The phase that comes nearest to the record, where there are several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) nearest: Option<Nearest>,
    /// What would bring a record from elsewhere nearer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) offset: Option<Offset>,
    /// The figures of every phase; null where it has nothing in common with the record.
    pub(super) phases: Vec<Option<Metrics>>,
    /// Where the phases are.
    #[serde(skip)]
    pub(super) spread: Spread,
    #[serde(skip)]
    figure: Option<CompareFigure>,
}

/// A phase of the receiver's clock by which a replay is like what was recorded.
#[derive(Debug, Serialize)]
pub(super) struct Nearest {
    pub(super) phase: usize,
    /// How far the receiver's clock is ahead of the capture's there.
    clock_offset_us: i64,
    metrics: Metrics,
}

/// How a comparison is made.
#[derive(Debug, Clone, Copy)]
pub(super) struct Manner {
    pub(super) window: Window,
    pub(super) spread: Spread,
    /// What the recorded times were moved by.
    pub(super) offset: TimeDelta,
    pub(super) draws: bool,
}

impl FlowComparison {
    /// Holds the replays at all phases against what was recorded; `None` without a common stretch.
    pub(super) fn new(flow: &str, recorded: &Series, phases: &[Series], manner: Manner) -> Option<Self> {
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
            offset: None,
            phases: band.phases().to_vec(),
            spread,
            figure: draws.then(|| figure(recorded, [Some(first), nearest_series], &band, window)),
        })
    }

    /// Says which of the flow's series it is.
    pub(super) fn of_several(mut self, listed: &ListedSeries) -> Self {
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
    pub(super) fn look_for_offset(&mut self, recorded: &Series, phases: &[Series], manner: Manner) {
        let nearest = self.nearest.as_ref().map_or(0, |nearest| nearest.phase);
        let found =
            phases.get(nearest).and_then(|replayed| constant_offset(recorded, replayed, manner.window));
        self.offset = found.map(|found| found.beyond(manner.offset));
    }

    /// The offset that was found, in numbers.
    pub(super) fn hint(&self) -> Option<String> {
        let Metrics { median, falls, .. } =
            self.nearest.as_ref().map_or(&self.first_phase, |nearest| &nearest.metrics);
        let without = format!(
            "median error {:.2} %, {} of {} falls found without it",
            median * 100.0,
            falls.found,
            falls.recorded
        );
        let flow = if self.flow.is_empty() { String::new() } else { format!("{}: ", self.flow) };
        self.offset.as_ref().map(|offset| format!("{flow}{}; {without}", offset_in_words(offset)))
    }

    /// For a person.
    pub(super) fn write_text(&self, out: &mut String) -> std::fmt::Result {
        if !self.flow.is_empty() {
            writeln!(out, "\nflow {}", self.flow)?;
        }
        if !self.ssrcs.is_empty() {
            let list = in_short(&self.ssrcs);
            let others = "other lists of this flow have no stream in common with it";
            match self.rtt {
                None => writeln!(out, "  the REMBs that list {list}: {others}")?,
                Some(_) => writeln!(
                    out,
                    "  the REMBs that list {list}: {others}, as of\n  several receivers behind it; the replay is of one \
                     that hears all streams"
                )?,
            }
        }
        if let Some(rtt) = &self.rtt {
            writeln!(out, "  {}", rtt.in_words())?;
        }
        if self.captured_at.as_ref().is_some_and(|at| at.end == "sender") {
            writeln!(out, "  captured where it was sent: its capture times are no arrival times")?;
        }
        let (first, mean) = (&self.first_phase, &self.mean);
        writeln!(
            out,
            "  {} REMBs recorded ({} repeats left out), {} replayed, {} samples compared",
            self.recorded, self.repeats, self.replayed, first.samples
        )?;
        writeln!(
            out,
            "  first REMB: recorded {:.3} s, replayed {:.3} s",
            first.first_recorded_s, first.first_replayed_s
        )?;
        let nearest = self.nearest.as_ref();
        if let Some(Nearest { phase, clock_offset_us, .. }) = nearest {
            let phases = format!("mean of {} phases", mean.phases);
            let nearest = format!("nearest: {phase} ({:+.2} ms)", *clock_offset_us as f64 / 1e3);
            writeln!(out, "  {:<28}{:>14}{phases:>19}{nearest:>26}", "", "capture's clock")?;
        }
        let mut line = |name: &str, of: fn(&Metrics) -> String, mean: String| {
            let first = of(first);
            let others = nearest.map(|nearest| format!("{mean:>19}{:>26}", of(&nearest.metrics)));
            writeln!(out, "  {name:<28}{first:>15}{}", others.unwrap_or_default())
        };
        line("median error", |of| percent(of.median), percent(mean.median))?;
        line("90th percentile", |of| percent(of.p90), percent(mean.p90))?;
        line("largest error", |of| percent(of.max), percent(mean.max))?;
        line("mean signed error", |of| percent(of.mean_signed), percent(mean.mean_signed))?;
        line("within 1 %", |of| percent(of.within_1), percent(mean.within_1))?;
        line("within 5 %", |of| percent(of.within_5), percent(mean.within_5))?;
        line("within 10 %", |of| percent(of.within_10), percent(mean.within_10))?;
        line("falls recorded", |of| of.falls.recorded.to_string(), format!("{:.1}", mean.falls.recorded))?;
        line("  found within 1 s", |of| of.falls.found.to_string(), format!("{:.1}", mean.falls.found))?;
        line("  tight (20 ms, 1 %)", |of| of.falls.tight.to_string(), format!("{:.1}", mean.falls.tight))?;
        if let (Some(_), Some(mean)) = (first.ssrcs_equal, mean.ssrcs_equal) {
            line("SSRC lists equal", |of| of.ssrcs_equal.map(percent).unwrap_or_default(), percent(mean))?;
        }
        Ok(())
    }

    /// Why the flow is outside the tolerance, if it is.
    pub(super) fn outside(&self, args: &ComparisonArgs) -> Option<String> {
        let percent = |limit: Option<Percent>| limit.map(|Percent(limit)| limit);
        let names = ["--max-median", "--min-within-5"];
        self.too_far(percent(args.max_median), percent(args.min_within_5), names)
    }

    /// The same with limits in percent, which have names.
    pub(super) fn too_far(
        &self,
        max_median: Option<f64>,
        min_within_5: Option<f64>,
        [median_name, within_name]: [&str; 2],
    ) -> Option<String> {
        let (median, within) = (self.mean.median * 100.0, self.mean.within_5 * 100.0);
        let too_far = max_median.filter(|most| median > *most);
        let too_seldom = min_within_5.filter(|least| within < *least);
        let reasons: Vec<_> = too_far
            .map(|most| format!("median error {median:.2} % is above {median_name} {most} %"))
            .into_iter()
            .chain(too_seldom.map(|least| {
                format!("{within:.2} % of the time within 5 % is below {within_name} {least} %")
            }))
            .collect();
        let flow = if self.flow.is_empty() { String::new() } else { format!("{}: ", self.flow) };
        (!reasons.is_empty()).then(|| format!("{flow}{}", reasons.join("; ")))
    }

    fn title(&self, name: &str) -> [String; 2] {
        let flow = if self.flow.is_empty() { String::new() } else { format!(": {}", self.flow) };
        let list = if self.ssrcs.is_empty() {
            String::new()
        } else {
            format!(", REMBs of {}", in_short(&self.ssrcs))
        };
        let rtt = self.rtt.as_ref().and_then(Rtt::in_short).map(|rtt| format!("; {rtt}"));
        [format!("{name}{flow}{list}"), format!("{}{}", self.mean.key_figures(), rtt.unwrap_or_default())]
    }
}

/// An offset, and what it would bring.
pub(super) fn offset_in_words(offset: &Offset) -> String {
    let Offset { offset_s, steps, metrics } = offset;
    format!(
        "with --offset {offset_s:+.3}s, on which {steps} steps of both agree, the median error is {}, and {} of {} falls are found",
        percent(metrics.median),
        metrics.falls.found,
        metrics.falls.recorded
    )
}

/// A fraction.
fn percent(fraction: f64) -> String {
    format!("{:.2} %", fraction * 100.0)
}

/// So many streams are named.
const MAX_NAMED: usize = 4;

fn in_short(ssrcs: &[String]) -> String {
    let named: Vec<_> = ssrcs.iter().take(MAX_NAMED).map(String::as_str).collect();
    match ssrcs.len() - named.len() {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}

/// The data of the picture; of the replays the first, and the nearest if there are several.
fn figure(
    recorded: &Series,
    [first, nearest]: [Option<&Series>; 2],
    band: &Band<'_>,
    window: Window,
) -> CompareFigure {
    let seconds = |nanos: i64| nanos as f64 / 1e9;
    let mut figure = CompareFigure::new(seconds(window.end_ns));
    recorded.iter().for_each(|(at, bps)| figure.recorded(seconds(at), bps as f64));
    for (at, bps) in first.iter().flat_map(|series| series.iter()) {
        figure.replayed(seconds(at), bps as f64);
    }
    for (at, bps) in nearest.iter().flat_map(|series| series.iter()) {
        figure.nearest(seconds(at), bps as f64);
    }
    if band.phases().len() > 1 {
        for run in band.runs() {
            let span = (seconds(run.from_ns), seconds(run.to_ns));
            figure.band(span, run.min_bps as f64, run.max_bps as f64);
        }
    }
    for run in first.iter().flat_map(|first| runs(recorded, first, window)) {
        figure.error((run.from_s(), run.to_s()), run.error());
    }
    figure
}

/// Draws a picture for each flow; `name` is the capture's.
pub(super) fn draw(
    plan: &Plan,
    target: &Target,
    name: &str,
    flows: &mut [FlowComparison],
) -> Result<Vec<Output>> {
    let mut outputs = Vec::new();
    for flow in flows {
        let title = flow.title(name);
        let Some(figure) = &mut flow.figure else { continue };
        figure.set_title(&title);
        let target = match target {
            Target::Stdout => Target::Stdout,
            Target::File(path) => Target::File(numbered(path, outputs.len())),
        };
        let mut output = plan.open(&target)?;
        match is_svg(&target) {
            true => render_compare_svg(figure, &mut output)?,
            false => render_compare_png(figure, &mut output)?,
        }
        outputs.push(output);
        if target == Target::Stdout {
            break;
        }
    }
    Ok(outputs)
}

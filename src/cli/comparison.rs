//! What a comparison came to: the figures of each flow, for a person, as JSON, as CSV and as a picture.

use std::fmt::Write as _;
use std::io::Write;

use anyhow::Result;
use serde::Serialize;

use super::args::{ComparisonArgs, Percent};
use super::outputs::Target;
use super::outputs::{Output, Plan, is_svg, numbered};
use crate::compare::{Band, MeanMetrics, Metrics, Series, Window, runs};
use crate::report::plot::{CompareFigure, render_compare_png, render_compare_svg};
use crate::report::summary::{CapturedAt, Rtt};

/// One flow's comparison.
#[derive(Debug, Serialize)]
pub(super) struct FlowComparison {
    /// Source and destination of the media; empty for CSV files without flows.
    pub(super) flow: String,
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
    /// The figures of every phase; null where it has nothing in common with the record.
    pub(super) phases: Vec<Option<Metrics>>,
    #[serde(skip)]
    figure: Option<CompareFigure>,
}

impl FlowComparison {
    /// Holds the replays at all phases against what was recorded; `None` without a common stretch.
    pub(super) fn new(
        flow: &str,
        recorded: &Series,
        phases: &[Series],
        window: Window,
        draws: bool,
    ) -> Option<Self> {
        let mut band = Band::new(recorded, window);
        phases.iter().for_each(|phase| band.add(phase));
        let first = phases.first()?;
        Some(Self {
            flow: flow.to_owned(),
            rtt: None,
            captured_at: None,
            recorded: recorded.len(),
            repeats: recorded.repeats(),
            replayed: first.len(),
            first_phase: band.phases().first()?.clone()?,
            mean: band.mean()?,
            phases: band.phases().to_vec(),
            figure: draws.then(|| figure(recorded, first, &band, window)),
        })
    }

    /// For a person.
    pub(super) fn write_text(&self, out: &mut String) -> std::fmt::Result {
        if !self.flow.is_empty() {
            writeln!(out, "\nflow {}", self.flow)?;
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
        let several = self.phases.len() > 1;
        if several {
            writeln!(
                out,
                "  {:<28}{:>14}{:>19}",
                "",
                "capture's clock",
                format!("mean of {} phases", mean.phases)
            )?;
        }
        let mut line = |name: &str, first: String, mean: String| {
            let mean = if several { format!("{mean:>19}") } else { String::new() };
            writeln!(out, "  {name:<28}{first:>15}{mean}")
        };
        let percent = |fraction: f64| format!("{:.2} %", fraction * 100.0);
        line("median error", percent(first.median), percent(mean.median))?;
        line("90th percentile", percent(first.p90), percent(mean.p90))?;
        line("largest error", percent(first.max), percent(mean.max))?;
        line("mean signed error", percent(first.mean_signed), percent(mean.mean_signed))?;
        line("within 1 %", percent(first.within_1), percent(mean.within_1))?;
        line("within 5 %", percent(first.within_5), percent(mean.within_5))?;
        line("within 10 %", percent(first.within_10), percent(mean.within_10))?;
        line("falls recorded", first.falls.recorded.to_string(), format!("{:.1}", mean.falls.recorded))?;
        line("  found within 1 s", first.falls.found.to_string(), format!("{:.1}", mean.falls.found))?;
        line("  tight (20 ms, 1 %)", first.falls.tight.to_string(), format!("{:.1}", mean.falls.tight))?;
        if let (Some(first), Some(mean)) = (first.ssrcs_equal, mean.ssrcs_equal) {
            line("SSRC lists equal", percent(first), percent(mean))?;
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
        let rtt = self.rtt.as_ref().and_then(Rtt::in_short).map(|rtt| format!("; {rtt}"));
        [format!("{name}{flow}"), format!("{}{}", self.mean.key_figures(), rtt.unwrap_or_default())]
    }
}

/// The data of the picture.
fn figure(recorded: &Series, replayed: &Series, band: &Band<'_>, window: Window) -> CompareFigure {
    let seconds = |nanos: i64| nanos as f64 / 1e9;
    let mut figure = CompareFigure::new(seconds(window.end_ns));
    recorded.iter().for_each(|(at, bps)| figure.recorded(seconds(at), bps as f64));
    replayed.iter().for_each(|(at, bps)| figure.replayed(seconds(at), bps as f64));
    if band.phases().len() > 1 {
        for run in band.runs() {
            let span = (seconds(run.from_ns), seconds(run.to_ns));
            figure.band(span, run.min_bps as f64, run.max_bps as f64);
        }
    }
    for run in runs(recorded, replayed, window) {
        figure.error((run.from_s(), run.to_s()), run.error());
    }
    figure
}

/// Columns of the CSV: a row for each phase and one for their mean.
const COLUMNS: [&str; 16] = [
    "flow",
    "phase",
    "samples",
    "median_pct",
    "p90_pct",
    "max_pct",
    "mean_signed_pct",
    "within_1_pct",
    "within_5_pct",
    "within_10_pct",
    "falls_recorded",
    "falls_found",
    "falls_tight",
    "first_recorded_s",
    "first_replayed_s",
    "ssrcs_equal_pct",
];

pub(super) fn write_csv(writer: impl Write, flows: &[FlowComparison]) -> csv::Result<()> {
    let mut writer = csv::Writer::from_writer(writer);
    writer.write_record(COLUMNS)?;
    for flow in flows {
        for (index, phase) in flow.phases.iter().enumerate() {
            if let Some(phase) = phase {
                writer.write_record(row(&flow.flow, &index.to_string(), phase))?;
            }
        }
        writer.write_record(mean_row(&flow.flow, &flow.mean))?;
    }
    Ok(writer.flush()?)
}

fn row(flow: &str, phase: &str, of: &Metrics) -> [String; COLUMNS.len()] {
    let percent = |fraction: f64| format!("{:.2}", fraction * 100.0);
    [
        flow.to_owned(),
        phase.to_owned(),
        of.samples.to_string(),
        percent(of.median),
        percent(of.p90),
        percent(of.max),
        percent(of.mean_signed),
        percent(of.within_1),
        percent(of.within_5),
        percent(of.within_10),
        of.falls.recorded.to_string(),
        of.falls.found.to_string(),
        of.falls.tight.to_string(),
        format!("{:.6}", of.first_recorded_s),
        format!("{:.6}", of.first_replayed_s),
        of.ssrcs_equal.map(percent).unwrap_or_default(),
    ]
}

fn mean_row(flow: &str, of: &MeanMetrics) -> [String; COLUMNS.len()] {
    let percent = |fraction: f64| format!("{:.2}", fraction * 100.0);
    [
        flow.to_owned(),
        "mean".to_owned(),
        format!("{:.0}", of.samples),
        percent(of.median),
        percent(of.p90),
        percent(of.max),
        percent(of.mean_signed),
        percent(of.within_1),
        percent(of.within_5),
        percent(of.within_10),
        format!("{:.2}", of.falls.recorded),
        format!("{:.2}", of.falls.found),
        format!("{:.2}", of.falls.tight),
        format!("{:.6}", of.first_recorded_s),
        format!("{:.6}", of.first_replayed_s),
        of.ssrcs_equal.map(percent).unwrap_or_default(),
    ]
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

//! What a sweep came to: the ranked table, CSV, JSON and the picture's data.

use std::io::Write;

use anyhow::Result;
use serde::Serialize;
use serde_json::json;

use super::args::{PlotKind, SweepArgs};
use super::outputs::{Output, Plan, is_svg};
use super::table::table;
use super::to_stdout;
use crate::analysis::sweep::{Axis, Distance, Score, mean, rank};
use crate::report::plot::{
    MAX_BEST, MAX_PANELS, OverlayPanel, SweepContent, SweepFigure, render_sweep_png, render_sweep_svg,
};
use crate::report::summary::Tool;

/// What every output says.
const OPEN_LOOP: &str = "A replay is open loop: what the sender sent does not change with the estimate.";
/// A picture with more lines shows nothing.
const MAX_LINES: usize = 200;

/// Where a reference comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Origin {
    /// The capture's own REMBs.
    Recorded,
    /// `--reference`.
    File,
}

/// A point of the grid.
#[derive(Debug)]
pub(super) struct SweptPoint {
    /// In the order of the axes.
    pub(super) values: Vec<String>,
    /// Whether these are the settings without the sweep.
    pub(super) is_base: bool,
}

/// A flow, and how every point does on it.
#[derive(Debug)]
pub(super) struct ScoredFlow {
    pub(super) capture: String,
    pub(super) flow: String,
    pub(super) packets: usize,
    pub(super) reference: Option<(Origin, Score)>,
    /// By point.
    pub(super) scores: Vec<Option<Score>>,
}

/// All points, in order.
pub(super) struct Ranking {
    profile: &'static str,
    captures: usize,
    axes: Vec<Axis>,
    points: Vec<SweptPoint>,
    flows: Vec<ScoredFlow>,
    /// The mean of each point over the flows that are held against something; if none is, over all.
    means: Vec<Score>,
    /// Places of the points, the best first.
    order: Vec<usize>,
    /// For a picture of lines.
    pub(super) panels: Vec<OverlayPanel>,
}

impl Ranking {
    pub(super) fn new(
        profile: &'static str,
        captures: usize,
        axes: Vec<Axis>,
        points: Vec<SweptPoint>,
        flows: Vec<ScoredFlow>,
    ) -> Self {
        let any_reference = flows.iter().any(|flow| flow.reference.is_some());
        let counting = flows.iter().filter(|flow| flow.reference.is_some() == any_reference);
        let of_point = |place: usize| {
            let scores = counting.clone().filter_map(move |flow| flow.scores.get(place)?.as_ref());
            mean(scores).unwrap_or_default()
        };
        let means: Vec<_> = (0..points.len()).map(of_point).collect();
        let order = rank(&means);
        Self { profile, captures, axes, points, flows, means, order, panels: Vec::new() }
    }

    /// The points that a picture of lines shows: the best, then others evenly.
    pub(super) fn drawn(&self) -> Vec<usize> {
        let (best, others) = self.order.split_at(MAX_BEST.min(self.order.len()));
        let step = others.len().div_ceil(MAX_LINES).max(1);
        best.iter().chain(others.iter().step_by(step)).copied().collect()
    }

    fn is_ranked(&self) -> bool {
        self.means.iter().any(|score| score.distance.is_some())
    }

    /// Prints and writes.
    pub(super) fn finish(mut self, args: &SweepArgs, plan: &Plan) -> Result<()> {
        let mut outputs = Vec::new();
        if let Some(target) = &plan.sweep_csv {
            let mut output = plan.open(target)?;
            self.write_csv(&mut output)?;
            outputs.push(output);
        }
        if let Some(target) = &plan.json {
            let mut output = plan.open(target)?;
            serde_json::to_writer_pretty(&mut output, &self.to_json())?;
            output.write_all(b"\n")?;
            outputs.push(output);
        }
        if let Some(target) = &plan.plot {
            let mut output = plan.open(target)?;
            let figure = self.figure(args.plot_kind);
            match is_svg(target) {
                true => render_sweep_svg(&figure, &mut output)?,
                false => render_sweep_png(&figure, &mut output)?,
            }
            outputs.push(output);
        }
        if !args.behave.quiet && !plan.uses_stdout() {
            to_stdout(&self.to_text(args.top))?;
        }
        Output::finish_all(outputs)
    }

    fn to_text(&self, top: usize) -> String {
        let mut text = format!("{}\n{OPEN_LOOP}\n\n", self.in_a_sentence());
        let mut head = vec![if self.is_ranked() { "rank" } else { "" }.to_owned(), String::new()];
        head.extend(self.axes.iter().map(|axis| axis.name.clone()));
        let figures = if self.is_ranked() { &FIGURES[..] } else { &FIGURES[DISTANCES..] };
        head.extend(figures.iter().map(|(name, _)| (*name).to_owned()));
        let mut rows = vec![head];
        for (rank, place) in self.order.iter().enumerate() {
            let (Some(point), Some(mean)) = (self.points.get(*place), self.means.get(*place)) else {
                continue;
            };
            if rank >= top && !point.is_base {
                continue;
            }
            let rank = if self.is_ranked() { (rank + 1).to_string() } else { String::new() };
            let mut row = vec![rank, if point.is_base { "*" } else { "" }.to_owned()];
            row.extend(point.values.iter().cloned());
            row.extend(figures.iter().map(|(_, of)| of(mean)));
            rows.push(row);
        }
        let references = self.flows.iter().filter_map(|flow| flow.reference.as_ref().map(|(_, score)| score));
        if let Some(reference) = mean(references) {
            let mut row = vec![String::new(), String::new(), "reference".to_owned()];
            row.resize(2 + self.axes.len(), String::new());
            row.extend(figures.iter().map(|(_, of)| of(&reference)));
            rows.push(row);
        }
        text.push_str(&table(&rows, 2 + self.axes.len()));
        text.push_str("\n* as it is without the sweep\n");
        let left = self.order.len().saturating_sub(top);
        if left > 0 {
            text.push_str(&format!("{left} points further down are in --csv and --json\n"));
        }
        text
    }

    fn in_a_sentence(&self) -> String {
        let of = |origin| {
            let is = |flow: &&ScoredFlow| flow.reference.as_ref().is_some_and(|(known, _)| *known == origin);
            self.flows.iter().filter(is).count()
        };
        let left_out = self.flows.len() - of(Origin::Recorded) - of(Origin::File);
        let against = match (of(Origin::Recorded), of(Origin::File)) {
            (0, 0) => "nothing to hold them against: points are in the order of the grid".to_owned(),
            (recorded, 0) => format!("{recorded} held against the REMBs that were recorded"),
            (0, file) => format!("{file} held against --reference, whatever was recorded"),
            (recorded, file) => {
                format!(
                    "{file} held against --reference, {recorded} that it does not name against the REMBs that were recorded"
                )
            }
        };
        let left_out = match left_out {
            0 => String::new(),
            _ if !self.is_ranked() => String::new(),
            several => format!(", {several} against nothing and in no mean"),
        };
        format!(
            "{}, {}, {}; {against}{left_out}",
            in_words(self.captures, "capture"),
            in_words(self.flows.len(), "flow"),
            in_words(self.points.len(), "point")
        )
    }

    /// A row for each point and flow, and before them one for their mean.
    fn write_csv(&self, writer: impl Write) -> csv::Result<()> {
        let mut writer = csv::Writer::from_writer(writer);
        let axes = self.axes.iter().map(|axis| axis.name.as_str());
        let head: Vec<_> = ["profile", "rank", "base"].into_iter().chain(axes).chain(COLUMNS).collect();
        writer.write_record(head)?;
        for (rank, place) in self.order.iter().enumerate() {
            let (Some(point), Some(mean)) = (self.points.get(*place), self.means.get(*place)) else {
                continue;
            };
            let rank = if self.is_ranked() { (rank + 1).to_string() } else { String::new() };
            let mut start = vec![self.profile.to_owned(), rank, u8::from(point.is_base).to_string()];
            start.extend(point.values.iter().cloned());
            let mut row = |place: [&str; 3], score: &Score| {
                let place = place.map(str::to_owned);
                writer.write_record(start.iter().chain(&place).chain(&cells(score)))
            };
            row(["mean", "", ""], mean)?;
            for flow in &self.flows {
                if let Some(Some(score)) = flow.scores.get(*place) {
                    let origin = flow.reference.as_ref().map_or("", |(origin, _)| origin.name());
                    row([&flow.capture, &flow.flow, origin], score)?;
                }
            }
        }
        Ok(writer.flush()?)
    }

    fn to_json(&self) -> serde_json::Value {
        let flows = self.flows.iter().map(|flow| {
            let (origin, reference) = flow.reference.as_ref().map(|(origin, score)| (origin, score)).unzip();
            json!({"capture": flow.capture, "flow": flow.flow, "packets": flow.packets, "held_against": origin,
                "reference": reference})
        });
        let points = self.order.iter().enumerate().filter_map(|(rank, place)| {
            let (point, mean) = self.points.get(*place).zip(self.means.get(*place))?;
            let names = self.axes.iter().map(|axis| axis.name.clone());
            let values: serde_json::Map<_, _> =
                names.zip(point.values.iter().map(|value| value.clone().into())).collect();
            let scores: Vec<_> = self.flows.iter().map(|flow| flow.scores.get(*place)).collect();
            let rank = self.is_ranked().then_some(rank + 1);
            Some(
                json!({"rank": rank, "base": point.is_base, "values": values, "mean": mean, "flows": scores}),
            )
        });
        json!({"tool": Tool::default(), "profile": self.profile, "note": OPEN_LOOP,
            "flows": flows.collect::<Vec<_>>(), "points": points.collect::<Vec<_>>()})
    }

    fn figure(&mut self, kind: Option<PlotKind>) -> SweepFigure {
        let axes: Vec<_> = self.axes.iter().map(|axis| axis.name.as_str()).collect();
        let is_map = axes.len() == 2 && kind != Some(PlotKind::Overlay);
        let framed = if is_map { " The frame: as it is without the sweep." } else { "" };
        let title = [axes.join(" × "), format!("{}. {OPEN_LOOP}{framed}", self.in_a_sentence())];
        let content = match &self.axes[..] {
            [y, x] if is_map => self.map(x, y),
            _ => self.overlay(),
        };
        SweepFigure { title, content }
    }

    fn map(&self, x: &Axis, y: &Axis) -> SweepContent {
        let is_ranked = self.is_ranked();
        let value = |score: &Score| match is_ranked {
            true => score.distance.map(|distance| distance.median * 100.0),
            false => Some(score.mean_bps / 1000.0),
        };
        // The last axis runs fastest, which is x.
        let rows = self.means.chunks(x.values.len()).take(y.values.len());
        let in_grid = x.values.len() * y.values.len();
        let base = self.points.iter().position(|point| point.is_base).filter(|place| *place < in_grid);
        SweepContent::Map {
            x: (x.name.clone(), x.values.clone()),
            y: (y.name.clone(), y.values.clone()),
            cells: rows.map(|row| row.iter().map(value).collect()).collect(),
            base: base.map(|place| (place % x.values.len(), place / x.values.len())),
            what: if is_ranked { "median error [%]" } else { "mean rate [kbit/s]" }.to_owned(),
            less_is_better: is_ranked,
        }
    }

    fn overlay(&mut self) -> SweepContent {
        let best = self.order.iter().take(MAX_BEST).filter_map(|place| {
            let point = self.points.get(*place)?;
            let base = if point.is_base { " (as it is)" } else { "" };
            Some(point.values.join(", ") + base)
        });
        let best = best.collect();
        self.panels.truncate(MAX_PANELS);
        SweepContent::Overlay { panels: std::mem::take(&mut self.panels), best }
    }
}

impl Origin {
    fn name(self) -> &'static str {
        match self {
            Self::Recorded => "recorded",
            Self::File => "file",
        }
    }
}

/// `1 flow`, `2 flows`.
pub(super) fn in_words(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// How a figure is written.
type Figure = fn(&Score) -> String;

/// The figures of the table: their names, and how they are written.
const FIGURES: [(&str, Figure); 9] = [
    ("median", |score| percent(score, |distance| distance.median)),
    ("90th", |score| percent(score, |distance| distance.p90)),
    ("within 5 %", |score| percent(score, |distance| distance.within_5)),
    ("above", |score| percent(score, |distance| distance.over)),
    ("below", |score| percent(score, |distance| distance.under)),
    ("mean rate", |score| format!("{:.0} kbit/s", score.mean_bps / 1000.0)),
    ("REMBs", |score| format!("{:.1}", score.rembs)),
    ("falls", |score| format!("{:.1}", score.falls)),
    ("first fall", |score| score.first_fall_s.map_or("–".to_owned(), |at| format!("{at:.1} s"))),
];
/// So many of them, from the first, need a reference.
const DISTANCES: usize = 5;

fn percent(score: &Score, of: fn(&Distance) -> f64) -> String {
    score.distance.as_ref().map_or(String::new(), |distance| format!("{:.2} %", of(distance) * 100.0))
}

/// Columns of the CSV behind the parameters.
const COLUMNS: [&str; 12] = [
    "capture",
    "flow",
    "held_against",
    "median_pct",
    "p90_pct",
    "within_5_pct",
    "over_pct",
    "under_pct",
    "mean_bps",
    "rembs",
    "falls",
    "first_fall_s",
];

fn cells(score: &Score) -> Vec<String> {
    let far = |of: fn(&Distance) -> f64| {
        score.distance.as_ref().map_or(String::new(), |distance| format!("{:.4}", of(distance) * 100.0))
    };
    vec![
        far(|distance| distance.median),
        far(|distance| distance.p90),
        far(|distance| distance.within_5),
        far(|distance| distance.over),
        far(|distance| distance.under),
        format!("{:.0}", score.mean_bps),
        format!("{:.2}", score.rembs),
        format!("{:.2}", score.falls),
        score.first_fall_s.map(|at| format!("{at:.6}")).unwrap_or_default(),
    ]
}

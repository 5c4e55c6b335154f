//! The picture of a sweep.

use super::args::PlotKind;
use remb_replay::analysis::series::Series;
use remb_replay::analysis::sweep::{Axis, OPEN_LOOP, Ranking, Score, SweptFlow};
use remb_replay::report::plot::{MAX_BEST, MAX_PANELS, OverlayPanel, SweepContent, SweepFigure};

/// A map of colours over two parameters, or the REMBs over each other.
pub(super) fn figure(ranking: &Ranking, panels: Vec<OverlayPanel>, kind: Option<PlotKind>) -> SweepFigure {
    let axes: Vec<_> = ranking.axes.iter().map(|axis| axis.name.as_str()).collect();
    let is_map = axes.len() == 2 && kind != Some(PlotKind::Overlay);
    let framed = if is_map { " The frame: as it is without the sweep." } else { "" };
    let title = [axes.join(" × "), format!("{}. {OPEN_LOOP}{framed}", ranking.in_a_sentence())];
    let content = match &ranking.axes[..] {
        [y, x] if is_map => map(ranking, x, y),
        _ => overlay(ranking, panels),
    };
    SweepFigure { title, content }
}

fn map(ranking: &Ranking, x: &Axis, y: &Axis) -> SweepContent {
    let is_ranked = ranking.is_ranked();
    let value = |score: &Score| match is_ranked {
        true => score.distance.map(|distance| distance.median * 100.0),
        false => Some(score.mean_bps / 1000.0),
    };
    // The last axis runs fastest, which is x.
    let rows = ranking.means.chunks(x.values.len()).take(y.values.len());
    let in_grid = x.values.len() * y.values.len();
    let base = ranking.points.iter().position(|point| point.is_base).filter(|place| *place < in_grid);
    SweepContent::Map {
        x: (x.name.clone(), x.values.clone()),
        y: (y.name.clone(), y.values.clone()),
        cells: rows.map(|row| row.iter().map(value).collect()).collect(),
        base: base.map(|place| (place % x.values.len(), place / x.values.len())),
        what: if is_ranked { "median error [%]" } else { "mean rate [kbit/s]" }.to_owned(),
        less_is_better: is_ranked,
    }
}

fn overlay(ranking: &Ranking, mut panels: Vec<OverlayPanel>) -> SweepContent {
    let best = ranking.order.iter().take(MAX_BEST).filter_map(|place| {
        let point = ranking.points.get(*place)?;
        let base = if point.is_base { " (as it is)" } else { "" };
        Some(point.values.join(", ") + base)
    });
    let best = best.collect();
    panels.truncate(MAX_PANELS);
    SweepContent::Overlay { panels, best }
}

/// A flow's REMBs at the points that are drawn, the best first.
pub(super) fn panel(capture: &str, flow: &SweptFlow, drawn: Vec<Series>) -> OverlayPanel {
    let mut series: Vec<_> = drawn.iter().map(in_seconds).collect();
    let others = series.split_off(MAX_BEST.min(series.len()));
    OverlayPanel {
        title: format!("{capture}: {}", flow.flow),
        end: flow.end_ns as f64 / 1e9,
        reference: flow.references.iter().flat_map(|(_, all)| all.first()).flat_map(in_seconds).collect(),
        best: series,
        others,
    }
}

fn in_seconds(series: &Series) -> Vec<(f64, f64)> {
    series.iter().map(|(at_ns, bps)| (at_ns as f64 / 1e9, bps as f64)).collect()
}

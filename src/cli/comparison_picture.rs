//! The pictures of a comparison.

use anyhow::Result;

use super::outputs::{Format, Output, Plan};
use remb_replay::analysis::compare::{Drawn, FlowComparison};
use remb_replay::report::plot::{CompareFigure, render_compare_png, render_compare_svg};

/// Draws a picture for each flow, if that was asked for; `name` is the capture's.
pub(super) fn draw(plan: &Plan, name: &str, flows: &[FlowComparison]) -> Result<Vec<Output>> {
    let mut outputs = Vec::new();
    for flow in flows {
        let Some(drawn) = &flow.drawn else { continue };
        let Some((mut output, format)) = plan.open_picture(outputs.len())? else { break };
        let mut figure = figure(drawn);
        figure.set_title(&flow.title(name));
        figure.set_names(flow.names.as_ref());
        match format {
            Format::Svg => render_compare_svg(&figure, &mut output)?,
            Format::Png => render_compare_png(&figure, &mut output)?,
        }
        outputs.push(output);
    }
    Ok(outputs)
}

fn figure(drawn: &Drawn) -> CompareFigure {
    let seconds = |nanos: i64| nanos as f64 / 1e9;
    let mut figure = CompareFigure::new(seconds(drawn.window.end_ns));
    drawn.recorded.iter().for_each(|(at, bps)| figure.recorded(seconds(at), bps as f64));
    drawn.first.iter().for_each(|(at, bps)| figure.replayed(seconds(at), bps as f64));
    for (at, bps) in drawn.nearest.iter().flat_map(|series| series.iter()) {
        figure.nearest(seconds(at), bps as f64);
    }
    for run in &drawn.band {
        let span = (seconds(run.from_ns), seconds(run.to_ns));
        figure.band(span, run.min_bps as f64, run.max_bps as f64);
    }
    for run in &drawn.runs {
        figure.error((run.from_s(), run.to_s()), run.error());
    }
    figure
}

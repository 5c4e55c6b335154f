//! The figures of a comparison as CSV.

use std::io::Write;

use super::{FlowComparison, MeanMetrics, Metrics};

/// Columns of the CSV: a row for each phase and one for their mean.
const COLUMNS: [&str; 19] = [
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
    "clock_offset_us",
    "nearest",
    "series",
];

/// Writes it, whole.
///
/// # Errors
/// Those of the writer.
pub fn write_csv(writer: impl Write, flows: &[FlowComparison]) -> std::io::Result<()> {
    let mut writer = ::csv::Writer::from_writer(writer);
    writer.write_record(COLUMNS)?;
    for flow in flows {
        let series = flow.ssrcs.join(" ");
        for (index, phase) in flow.phases.iter().enumerate() {
            let Some(phase) = phase else { continue };
            let is_nearest = flow.nearest.as_ref().is_some_and(|nearest| nearest.phase == index);
            let offset = flow.spread.offset(index).as_micros().to_string();
            let cells = row(&flow.flow, &index.to_string(), phase);
            writer.write_record(cells.into_iter().chain([
                offset,
                u8::from(is_nearest).to_string(),
                series.clone(),
            ]))?;
        }
        let cells = mean_row(&flow.flow, &flow.mean);
        writer.write_record(cells.into_iter().chain([String::new(), String::new(), series]))?;
    }
    writer.flush()
}

/// Cells that come from the figures; the others are behind them.
const FIGURES: usize = COLUMNS.len() - 3;

fn row(flow: &str, phase: &str, of: &Metrics) -> [String; FIGURES] {
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

fn mean_row(flow: &str, of: &MeanMetrics) -> [String; FIGURES] {
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

//! Two panels over one time axis: the rates above, below them the delay gradient against its threshold.

use plotters::prelude::DrawingBackend;

use super::axis::Axis;
use super::canvas::Canvas;
use super::columns::Range;
use super::error::PlotError;
use super::figure::{Figure, Sample};
use super::sheet::{
    BLUE, GREEN, INK, LOWER, LineLook, Mark, NAVY, ORANGE, PURPLE, RED, SKY, Sheet, UPPER, WHITE,
};

const MAX_DOTS_RADIUS: f64 = 3.6;

/// Draws the whole figure.
pub(super) fn draw<B: DrawingBackend>(figure: &Figure, canvas: &Canvas<'_, B>) -> Result<(), PlotError> {
    let drawing =
        Drawing { figure, sheet: Sheet::new(canvas, &figure.title, (figure.begin(), figure.end()))? };
    drawing.rates()?;
    drawing.gradient()
}

struct Drawing<'a, B: DrawingBackend> {
    figure: &'a Figure,
    sheet: Sheet<'a, B>,
}

impl<B: DrawingBackend> Drawing<'_, B> {
    fn rates(&self) -> Result<(), PlotError> {
        let samples = || self.figure.samples.columns.iter();
        let tops = |of: fn(&Sample) -> Option<Range>| {
            samples().filter_map(of).map(|range| f64::from(range.max)).collect()
        };
        let recorded = || self.figure.recorded.iter().filter_map(|(at, column)| Some((at, column.0?)));
        let mut estimates: Vec<f64> = tops(|sample| sample.estimate);
        estimates.extend(recorded().map(|(_, range)| f64::from(range.max)));
        let axis = Axis::bitrate(estimates, tops(|sample| sample.incoming));
        let sheet = &self.sheet;
        sheet.frame(UPPER, &axis, false)?;
        let width = self.figure.samples.width;
        sheet.shade(UPPER, self.each(|sample| sample.overuse), width, RED)?;
        sheet.ranges((UPPER, &axis), self.some(|sample| sample.incoming), ORANGE, false)?;
        let estimate = LineLook { width: 2.2, colour: BLUE };
        sheet.steps((UPPER, &axis), self.some(|sample| sample.estimate), None, estimate)?;
        let end = Some(self.figure.end());
        sheet.steps((UPPER, &axis), recorded(), end, LineLook { width: 1.6, colour: PURPLE })?;
        let rembs = &self.figure.rembs;
        let radius = (900.0 / rembs.len().max(1) as f64).clamp(2.2, MAX_DOTS_RADIUS);
        for (seconds, bps) in rembs {
            let (x, y) = (sheet.x(*seconds), UPPER.y(&axis, *bps));
            sheet.canvas.dot(x, y, radius + 0.8, WHITE)?;
            sheet.canvas.dot(x, y, radius, NAVY)?;
        }
        if samples().all(|sample| sample.estimate.is_none()) {
            sheet.note(UPPER, "no estimate in this capture")?;
        }
        let mut legend = vec![
            (Mark::Band(ORANGE), "incoming bit rate"),
            (Mark::Line(BLUE), "estimate"),
            (Mark::Dot(NAVY), "REMB sent"),
        ];
        if recorded().next().is_some() {
            legend.push((Mark::Line(PURPLE), "REMBs recorded in the capture"));
        }
        legend.push((Mark::Shade(RED), "over-use"));
        sheet.legend(UPPER, &legend)
    }

    fn gradient(&self) -> Result<(), PlotError> {
        let samples = || self.figure.samples.columns.iter();
        let thresholds: Vec<_> =
            samples().filter_map(|sample| sample.threshold).map(|range| f64::from(range.max)).collect();
        let side = |of: fn(Range) -> f32| {
            let values =
                samples().filter_map(|sample| sample.gradient).map(move |range| f64::from(of(range)));
            let mut values: Vec<_> = values.filter(|value| *value > 0.0).collect();
            values.extend(&thresholds);
            values
        };
        let axis = Axis::offset(side(|range| range.max), side(|range| -range.min));
        let sheet = &self.sheet;
        sheet.frame(LOWER, &axis, true)?;
        let width = self.figure.samples.width;
        sheet.shade(LOWER, self.each(|sample| sample.overuse), width, RED)?;
        sheet.shade(LOWER, self.each(|sample| sample.underuse), width, SKY)?;
        sheet.ranges((LOWER, &axis), self.some(|sample| sample.gradient), GREEN, true)?;
        for sign in [1.0, -1.0] {
            let thresholds = self.some(|sample| sample.threshold);
            let points = thresholds.map(|(seconds, range)| (seconds, sign * f64::from(range.last)));
            sheet.polyline((LOWER, &axis), points, LineLook { width: 1.8, colour: INK })?;
        }
        sheet.legend(
            LOWER,
            &[
                (Mark::Band(GREEN), "delay gradient: min(number of deltas, 60) × offset"),
                (Mark::Line(INK), "± adaptive threshold"),
                (Mark::Shade(RED), "over-use"),
                (Mark::Shade(SKY), "under-use"),
            ],
        )
    }

    /// Something of every column.
    fn each<T>(&self, of: fn(&Sample) -> T) -> impl Iterator<Item = (f64, T)> {
        self.figure.samples.iter().map(move |(seconds, sample)| (seconds, of(sample)))
    }

    /// Something of the columns that have it.
    fn some<T>(&self, of: fn(&Sample) -> Option<T>) -> impl Iterator<Item = (f64, T)> {
        self.each(of).filter_map(|(seconds, value)| Some((seconds, value?)))
    }
}

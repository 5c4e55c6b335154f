//! Three panels over one time axis: the rates, below them what the path was like, below that the delay gradient against its
//! threshold.

use super::axis::Axis;
use super::canvas::Canvas;
use super::colour::Colour;
use super::columns::Range;
use super::figure::{Figure, Sample};
use super::sheet::{
    BLACK_RED, BLUE, GRADIENT, GREEN, GREY, INK, LineLook, Mark, NAVY, ORANGE, PATH, PURPLE, Panel, RATES,
    RED, SHADE, SKY, Sheet, VIOLET, WHITE,
};
use crate::units::Ssrc;

const MAX_DOTS_RADIUS: f64 = 3.6;
/// REMBs of several receivers; beyond these they begin again.
const RECORDED: [Colour; 4] = [PURPLE, VIOLET, Colour(140, 86, 75), Colour(127, 127, 0)];

/// Draws the whole figure.
pub(super) fn draw(figure: &Figure, canvas: &Canvas) {
    let time = match figure.view {
        Some((from, to)) => Axis::view(from, if to.is_finite() { to } else { figure.end() }),
        None => Axis::time(figure.begin(), figure.end()),
    };
    let mut sheet = Sheet::new(canvas, &figure.title, time);
    sheet.pauses = figure.silences.iter().map(|silence| (silence.from, silence.to)).collect();
    let drawing = Drawing { figure, sheet };
    drawing.rates();
    drawing.path();
    drawing.gradient();
}

pub(super) struct Drawing<'a> {
    pub(super) figure: &'a Figure,
    pub(super) sheet: Sheet<'a>,
}

impl Drawing<'_> {
    fn rates(&self) {
        let Self { figure, sheet } = self;
        let tops =
            |of: fn(&Sample) -> Option<Range>| self.some(of).map(|(_, range)| f64::from(range.max)).collect();
        let recorded = || {
            let of = |columns| -> Vec<(f64, Range)> { recorded_of(columns).collect() };
            figure.recorded.iter().map(of).zip(RECORDED.iter().copied().cycle())
        };
        let mut estimates: Vec<f64> = tops(|sample| sample.estimate);
        estimates.extend(recorded().flat_map(|(series, _)| series).map(|(_, range)| f64::from(range.max)));
        let axis = Axis::bitrate(estimates, tops(|sample| sample.incoming));
        sheet.frame(RATES, &axis, false);
        self.silences(RATES);
        let width = figure.samples.width;
        sheet.shade(RATES, self.each(|sample| sample.overuse), width, RED);
        sheet.ranges((RATES, &axis), self.some(|sample| sample.incoming), ORANGE, false);
        let estimate = LineLook { width: 2.2, colour: BLUE };
        sheet.steps((RATES, &axis), self.some(|sample| sample.estimate), None, estimate);
        let end = Some(sheet.time.high);
        for (series, colour) in recorded() {
            sheet.steps((RATES, &axis), series.into_iter(), end, LineLook { width: 1.6, colour });
        }
        let rembs = &figure.rembs;
        let radius = (900.0 / rembs.len().max(1) as f64).clamp(2.2, MAX_DOTS_RADIUS);
        for (seconds, bps) in rembs {
            let (x, y) = (sheet.x(*seconds), RATES.y(&axis, *bps));
            sheet.canvas.dot(x, y, radius + 0.8, WHITE);
            sheet.canvas.dot(x, y, radius, NAVY);
        }
        sheet.clipped((RATES, &axis), self.some(|sample| sample.incoming), ORANGE, rate);
        sheet.clipped((RATES, &axis), self.some(|sample| sample.estimate), BLUE, rate);
        for (series, colour) in recorded() {
            sheet.clipped((RATES, &axis), series.into_iter(), colour, rate);
        }
        if self.some(|sample| sample.estimate).next().is_none() {
            let what = if figure.view.is_some() {
                "no estimate in this part"
            } else {
                "no estimate in this capture"
            };
            sheet.note(RATES, what);
        }
        let mut legend = vec![
            (Mark::Band(ORANGE), "incoming bit rate".to_owned()),
            (Mark::Line(BLUE), "estimate".to_owned()),
            (Mark::Dot(NAVY), "replayed REMB".to_owned()),
        ];
        legend.extend(self.recorded_legend());
        legend.push((Mark::Shade(RED), "over-use".to_owned()));
        legend.extend(self.silences_legend());
        sheet.legend(RATES, &legend);
    }

    fn recorded_legend(&self) -> Vec<(Mark, String)> {
        let figure = self.figure;
        let shown: Vec<_> = figure
            .recorded
            .iter()
            .zip(figure.receivers.iter().zip(RECORDED.iter().copied().cycle()))
            .filter(|(columns, _)| recorded_of(columns).next().is_some())
            .collect();
        let several = shown.len() > 1;
        let name = |ssrcs: &[Ssrc]| match (several, ssrcs) {
            (true, [first, ..]) => format!("recorded REMB for {first}"),
            _ => "recorded REMB".to_owned(),
        };
        shown.into_iter().map(|(_, (ssrcs, colour))| (Mark::Line(colour), name(ssrcs))).collect()
    }

    fn gradient(&self) {
        let Self { figure, sheet } = self;
        let thresholds: Vec<_> =
            self.some(|sample| sample.threshold).map(|(_, range)| f64::from(range.max)).collect();
        let side = |of: fn(Range) -> f32| {
            let values = self.some(|sample| sample.gradient).map(move |(_, range)| f64::from(of(range)));
            let mut values: Vec<_> = values.filter(|value| *value > 0.0).collect();
            values.extend(&thresholds);
            values
        };
        let axis = Axis::offset(side(|range| range.max), side(|range| -range.min));
        sheet.frame(GRADIENT, &axis, true);
        self.silences(GRADIENT);
        let width = figure.samples.width;
        sheet.shade(GRADIENT, self.each(|sample| sample.overuse), width, RED);
        sheet.shade(GRADIENT, self.each(|sample| sample.underuse), width, SKY);
        sheet.ranges((GRADIENT, &axis), self.some(|sample| sample.gradient), GREEN, true);
        for sign in [1.0, -1.0] {
            let thresholds = self.some(|sample| sample.threshold);
            let points = thresholds.map(|(seconds, range)| (seconds, sign * f64::from(range.last)));
            sheet.polyline((GRADIENT, &axis), points, LineLook { width: 1.8, colour: INK });
        }
        sheet.clipped((GRADIENT, &axis), self.some(|sample| sample.gradient), GREEN, ms);
        sheet.legend(
            GRADIENT,
            &[
                (Mark::Band(GREEN), "delay gradient: min(number of deltas, 60) × offset".to_owned()),
                (Mark::Line(INK), "± adaptive threshold".to_owned()),
                (Mark::Shade(RED), "over-use".to_owned()),
                (Mark::Shade(SKY), "under-use".to_owned()),
            ],
        );
    }

    /// Shades pauses and outages, each in its colour.
    pub(super) fn silences(&self, panel: Panel) {
        for silence in &self.figure.silences {
            let colour = if silence.is_outage { BLACK_RED } else { GREY };
            self.sheet.shade_span(panel, (silence.from, silence.to), colour.mix(SHADE));
        }
    }

    fn silences_legend(&self) -> Vec<(Mark, String)> {
        let is_shown = |is_outage: bool| {
            let silences = self.figure.silences.iter().filter(|silence| silence.is_outage == is_outage);
            silences.into_iter().any(|silence| self.sheet.shows_span((silence.from, silence.to)))
        };
        let kinds = [(false, GREY, "pause"), (true, BLACK_RED, "outage")];
        let kinds = kinds.into_iter().filter(|(is_outage, ..)| is_shown(*is_outage));
        kinds.map(|(_, colour, name)| (Mark::Shade(colour), name.to_owned())).collect()
    }

    /// Something of every column.
    pub(super) fn each<T>(&self, of: fn(&Sample) -> T) -> impl Iterator<Item = (f64, T)> {
        self.figure.samples.iter().map(move |(seconds, sample)| (seconds, of(sample)))
    }

    /// Something of the columns that have it.
    pub(super) fn some<T>(&self, of: fn(&Sample) -> Option<T>) -> impl Iterator<Item = (f64, T)> {
        self.each(of).filter_map(|(seconds, value)| Some((seconds, value?)))
    }

    /// The panel between, of the path.
    fn path(&self) {
        super::draw_path::draw_path(self, PATH);
    }
}

fn recorded_of(
    columns: &super::columns::Columns<super::figure::Recorded>,
) -> impl Iterator<Item = (f64, Range)> {
    columns.iter().filter_map(|(at, column)| Some((at, column.0?)))
}

fn rate(bps: f64) -> String {
    if bps >= 1e6 { format!("{:.1} Mbit/s", bps / 1e6) } else { format!("{:.0} kbit/s", bps / 1e3) }
}

pub(super) fn ms(ms: f64) -> String {
    format!("{ms:.0} ms")
}

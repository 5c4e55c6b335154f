//! Two panels over one time axis: the rates above, below them the delay gradient against its threshold.

use plotters::prelude::{DrawingBackend, RGBColor};
use plotters::style::Color;

use super::axis::Axis;
use super::canvas::{Anchor, Canvas, TextLook};
use super::columns::Range;
use super::figure::{Figure, Sample};
use super::render::PlotError;

/// The picture's width in units; a PNG's pixels.
pub(super) const WIDTH: u32 = 1600;
/// The picture's height.
pub(super) const HEIGHT: u32 = 960;

const INK: RGBColor = RGBColor(34, 34, 34);
const GREY: RGBColor = RGBColor(110, 110, 110);
const GRID: RGBColor = RGBColor(226, 226, 226);
const WHITE: RGBColor = RGBColor(255, 255, 255);
// Colours that the colour-blind tell apart (Okabe and Ito).
const ORANGE: RGBColor = RGBColor(230, 159, 0);
const BLUE: RGBColor = RGBColor(0, 90, 181);
const NAVY: RGBColor = RGBColor(0, 38, 84);
const GREEN: RGBColor = RGBColor(0, 158, 115);
const RED: RGBColor = RGBColor(213, 60, 30);
const SKY: RGBColor = RGBColor(86, 180, 233);
const SHADE: f64 = 0.22;

const LEFT: f64 = 92.0;
const RIGHT: f64 = 1572.0;
const RATES: Panel = Panel { top: 112.0, bottom: 548.0 };
const GRADIENT: Panel = Panel { top: 600.0, bottom: 884.0 };
/// Series are not joined over a longer silence, seconds.
const MAX_JOIN: f64 = 2.5;
const MAX_DOTS_RADIUS: f64 = 3.6;

#[derive(Debug, Clone, Copy)]
struct Panel {
    top: f64,
    bottom: f64,
}

/// Draws the whole figure.
pub(super) fn draw<B: DrawingBackend>(figure: &Figure, canvas: &Canvas<'_, B>) -> Result<(), PlotError> {
    canvas.fill(0.0, 0.0, WIDTH.into(), HEIGHT.into(), WHITE.to_rgba())?;
    let [title, subtitle] = &figure.title;
    canvas.text(title, LEFT, 30.0, Anchor::Left, TextLook { size: 23.0, bold: true, colour: INK })?;
    canvas.text(subtitle, LEFT, 59.0, Anchor::Left, TextLook { size: 15.5, bold: false, colour: GREY })?;
    let time = Axis::time(figure.end());
    let drawing = Drawing { figure, canvas, time };
    drawing.rates()?;
    drawing.gradient()
}

struct Drawing<'a, B: DrawingBackend> {
    figure: &'a Figure,
    canvas: &'a Canvas<'a, B>,
    time: Axis,
}

impl<B: DrawingBackend> Drawing<'_, B> {
    fn rates(&self) -> Result<(), PlotError> {
        let samples = || self.figure.samples.columns.iter();
        let tops = |of: fn(&Sample) -> Option<Range>| {
            samples().filter_map(of).map(|range| f64::from(range.max)).collect()
        };
        let axis = Axis::bitrate(tops(|sample| sample.estimate), tops(|sample| sample.incoming));
        self.frame(RATES, &axis, false)?;
        self.shade(RATES, |sample| sample.overuse, RED)?;
        self.ranges(RATES, &axis, |sample| sample.incoming, ORANGE, false)?;
        self.steps(RATES, &axis)?;
        let rembs = &self.figure.rembs;
        let radius = (900.0 / rembs.len().max(1) as f64).clamp(2.2, MAX_DOTS_RADIUS);
        for (seconds, bps) in rembs {
            let (x, y) = (self.x(*seconds), y(RATES, &axis, *bps));
            self.canvas.dot(x, y, radius + 0.8, WHITE)?;
            self.canvas.dot(x, y, radius, NAVY)?;
        }
        if samples().all(|sample| sample.estimate.is_none()) {
            let look = TextLook { size: 22.0, bold: true, colour: GREY };
            let (x, y) = ((LEFT + RIGHT) / 2.0, (RATES.top + RATES.bottom) / 2.0);
            self.canvas.text("no estimate in this capture", x, y, Anchor::Centre, look)?;
        }
        self.legend(
            RATES,
            &[
                (Mark::Band(ORANGE), "incoming bit rate"),
                (Mark::Line(BLUE), "estimate"),
                (Mark::Dot(NAVY), "REMB sent"),
                (Mark::Shade(RED), "over-use"),
            ],
        )
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
        self.frame(GRADIENT, &axis, true)?;
        self.shade(GRADIENT, |sample| sample.overuse, RED)?;
        self.shade(GRADIENT, |sample| sample.underuse, SKY)?;
        self.ranges(GRADIENT, &axis, |sample| sample.gradient, GREEN, true)?;
        for sign in [1.0, -1.0] {
            let threshold = |sample: &Sample| sample.threshold.map(|range| sign * f64::from(range.last));
            self.polyline(GRADIENT, &axis, threshold, INK)?;
        }
        self.legend(
            GRADIENT,
            &[
                (Mark::Band(GREEN), "delay gradient: min(number of deltas, 60) × offset"),
                (Mark::Line(INK), "± adaptive threshold"),
                (Mark::Shade(RED), "over-use"),
                (Mark::Shade(SKY), "under-use"),
            ],
        )
    }

    /// Grid, ticks, axes and their titles.
    fn frame(&self, panel: Panel, axis: &Axis, with_time: bool) -> Result<(), PlotError> {
        let label = TextLook { size: 15.0, bold: false, colour: INK };
        for (value, text) in axis.ticks() {
            let y = y(panel, axis, value);
            self.canvas.line(&[(LEFT, y), (RIGHT, y)], 1.0, GRID)?;
            self.canvas.text(&text, LEFT - 10.0, y, Anchor::Right, label)?;
        }
        for (seconds, text) in self.time.ticks() {
            let x = self.x(seconds);
            self.canvas.line(&[(x, panel.top), (x, panel.bottom)], 1.0, GRID)?;
            if with_time {
                self.canvas.line(&[(x, panel.bottom), (x, panel.bottom + 5.0)], 1.0, INK)?;
                self.canvas.text(&text, x, panel.bottom + 18.0, Anchor::Centre, label)?;
            }
        }
        self.canvas.line(&[(LEFT, panel.top), (LEFT, panel.bottom), (RIGHT, panel.bottom)], 1.4, INK)?;
        self.canvas.text(&axis.title, 26.0, (panel.top + panel.bottom) / 2.0, Anchor::Turned, label)?;
        if with_time {
            let x = (LEFT + RIGHT) / 2.0;
            self.canvas.text(&self.time.title, x, panel.bottom + 46.0, Anchor::Centre, label)?;
        }
        Ok(())
    }

    fn shade(&self, panel: Panel, is_shaded: fn(&Sample) -> bool, colour: RGBColor) -> Result<(), PlotError> {
        let half = self.figure.samples.width / 2.0;
        let mut span: Option<(f64, f64)> = None;
        let fill = |span: Option<(f64, f64)>| match span {
            Some((from, to)) => {
                let (left, right) = (self.x(from), self.x(to).max(self.x(from) + 1.5));
                self.canvas.fill(left, panel.top, right.min(RIGHT), panel.bottom, colour.mix(SHADE))
            }
            None => Ok(()),
        };
        for (seconds, sample) in self.figure.samples.iter() {
            span = match (is_shaded(sample), span) {
                (true, None) => Some((seconds - half, seconds + half)),
                (true, Some((from, _))) => Some((from, seconds + half)),
                (false, span) => {
                    fill(span)?;
                    None
                }
            };
        }
        fill(span)
    }

    /// A noisy series: a bar from least to greatest in each column, joined to the one before.
    fn ranges(
        &self,
        panel: Panel,
        axis: &Axis,
        of: fn(&Sample) -> Option<Range>,
        colour: RGBColor,
        over_gaps: bool,
    ) -> Result<(), PlotError> {
        let mut before: Option<(f64, f64)> = None;
        for (seconds, sample) in self.figure.samples.iter() {
            let Some(range) = of(sample) else { continue };
            let x = self.x(seconds);
            let joined = before.filter(|(at, _)| over_gaps || seconds - at <= MAX_JOIN);
            if let Some((at, value)) = joined {
                let from = (self.x(at), y(panel, axis, value));
                self.canvas.line(&[from, (x, y(panel, axis, range.first.into()))], 1.3, colour)?;
            }
            if range.max > range.min || joined.is_none() {
                let (top, bottom) = (y(panel, axis, range.max.into()), y(panel, axis, range.min.into()));
                self.canvas.fill(x - 0.65, top - 0.65, x + 0.65, bottom + 0.65, colour.to_rgba())?;
            }
            before = Some((seconds, range.last.into()));
        }
        Ok(())
    }

    /// The estimate: it stands until it is changed.
    fn steps(&self, panel: Panel, axis: &Axis) -> Result<(), PlotError> {
        const WIDTH: f64 = 2.2;
        let mut before: Option<(f64, f64)> = None;
        for (seconds, sample) in self.figure.samples.iter() {
            let Some(range) = sample.estimate else { continue };
            let x = self.x(seconds);
            let place = |value: f32| y(panel, axis, value.into());
            if let Some((last_x, last_y)) = before {
                self.canvas.line(&[(last_x, last_y), (x, last_y)], WIDTH, BLUE)?;
                self.canvas.line(&[(x, last_y), (x, place(range.first))], WIDTH, BLUE)?;
            }
            self.canvas.line(&[(x, place(range.min)), (x, place(range.max))], WIDTH, BLUE)?;
            before = Some((x, place(range.last)));
        }
        Ok(())
    }

    fn polyline(
        &self,
        panel: Panel,
        axis: &Axis,
        of: impl Fn(&Sample) -> Option<f64>,
        colour: RGBColor,
    ) -> Result<(), PlotError> {
        let points = self.figure.samples.iter().filter_map(|(seconds, sample)| Some((seconds, of(sample)?)));
        let points: Vec<_> =
            points.map(|(seconds, value)| (self.x(seconds), y(panel, axis, value))).collect();
        points.windows(2).try_for_each(|pair| self.canvas.line(pair, 1.8, colour))
    }

    /// Above the panel, so that it hides nothing.
    fn legend(&self, panel: Panel, entries: &[(Mark, &str)]) -> Result<(), PlotError> {
        let look = TextLook { size: 15.0, bold: false, colour: INK };
        let (mut x, y) = (LEFT, panel.top - 18.0);
        for (mark, text) in entries {
            let end = x + 30.0;
            match mark {
                Mark::Band(colour) => self.canvas.fill(x, y - 3.0, end, y + 3.0, colour.to_rgba())?,
                Mark::Line(colour) => self.canvas.line(&[(x, y), (end, y)], 2.4, *colour)?,
                Mark::Dot(colour) => self.canvas.dot(x + 15.0, y, 4.2, *colour)?,
                Mark::Shade(colour) => self.canvas.fill(x, y - 8.0, end, y + 8.0, colour.mix(SHADE))?,
            }
            self.canvas.text(text, end + 9.0, y, Anchor::Left, look)?;
            x = end + 9.0 + self.canvas.text_width(text, look)? + 28.0;
        }
        Ok(())
    }

    fn x(&self, seconds: f64) -> f64 {
        LEFT + self.time.share(seconds).clamp(0.0, 1.0) * (RIGHT - LEFT)
    }
}

enum Mark {
    Band(RGBColor),
    Line(RGBColor),
    Dot(RGBColor),
    Shade(RGBColor),
}

/// A value's height in a panel; what is beyond the range lies on its edge.
fn y(panel: Panel, axis: &Axis, value: f64) -> f64 {
    panel.bottom - axis.share(value).clamp(0.0, 1.0) * (panel.bottom - panel.top)
}

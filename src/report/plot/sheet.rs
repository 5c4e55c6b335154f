//! The sheet that every picture is drawn on: title, panels over one time axis, legends, and the ways to draw a series.

use plotters::prelude::{DrawingBackend, RGBColor};
use plotters::style::Color;

use super::axis::Axis;
use super::canvas::{Anchor, Canvas, TextLook};
use super::columns::Range;
use super::error::PlotError;

/// The picture's width in units; a PNG's pixels.
pub(super) const WIDTH: u32 = 1600;
/// The picture's height.
pub(super) const HEIGHT: u32 = 960;

pub(super) const INK: RGBColor = RGBColor(34, 34, 34);
pub(super) const GREY: RGBColor = RGBColor(110, 110, 110);
const GRID: RGBColor = RGBColor(226, 226, 226);
pub(super) const WHITE: RGBColor = RGBColor(255, 255, 255);
// Colours that the colour-blind tell apart (Okabe and Ito).
pub(super) const ORANGE: RGBColor = RGBColor(230, 159, 0);
pub(super) const BLUE: RGBColor = RGBColor(0, 90, 181);
pub(super) const NAVY: RGBColor = RGBColor(0, 38, 84);
pub(super) const GREEN: RGBColor = RGBColor(0, 158, 115);
pub(super) const RED: RGBColor = RGBColor(213, 60, 30);
pub(super) const SKY: RGBColor = RGBColor(86, 180, 233);
pub(super) const PURPLE: RGBColor = RGBColor(184, 72, 138);
const SHADE: f64 = 0.22;

pub(super) const LEFT: f64 = 92.0;
pub(super) const RIGHT: f64 = 1572.0;
pub(super) const UPPER: Panel = Panel { top: 112.0, bottom: 548.0 };
pub(super) const LOWER: Panel = Panel { top: 600.0, bottom: 884.0 };
/// Series are not joined over a longer silence, seconds.
const MAX_JOIN: f64 = 2.5;

#[derive(Debug, Clone, Copy)]
pub(super) struct Panel {
    pub(super) top: f64,
    pub(super) bottom: f64,
}

/// How a line looks.
#[derive(Debug, Clone, Copy)]
pub(super) struct LineLook {
    pub(super) width: f64,
    pub(super) colour: RGBColor,
}

/// What stands before a legend's text.
pub(super) enum Mark {
    Band(RGBColor),
    Line(RGBColor),
    Dot(RGBColor),
    Shade(RGBColor),
    Area(RGBColor),
}

pub(super) struct Sheet<'a, B: DrawingBackend> {
    pub(super) canvas: &'a Canvas<'a, B>,
    time: Axis,
}

impl<'a, B: DrawingBackend> Sheet<'a, B> {
    /// A white sheet with a title, a line below it, and time from zero to `end`.
    pub(super) fn new(
        canvas: &'a Canvas<'a, B>,
        [title, subtitle]: &[String; 2],
        (begin, end): (f64, f64),
    ) -> Result<Self, PlotError> {
        canvas.fill(0.0, 0.0, WIDTH.into(), HEIGHT.into(), WHITE.to_rgba())?;
        canvas.text(title, LEFT, 30.0, Anchor::Left, TextLook { size: 23.0, bold: true, colour: INK })?;
        canvas.text(
            subtitle,
            LEFT,
            59.0,
            Anchor::Left,
            TextLook { size: 15.5, bold: false, colour: GREY },
        )?;
        Ok(Self { canvas, time: Axis::time(begin, end) })
    }

    /// Grid, ticks, axes and their titles.
    pub(super) fn frame(&self, panel: Panel, axis: &Axis, with_time: bool) -> Result<(), PlotError> {
        let label = TextLook { size: 15.0, bold: false, colour: INK };
        for (value, text) in axis.ticks() {
            let y = panel.y(axis, value);
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

    /// Above the panel, so that it hides nothing.
    pub(super) fn legend(&self, panel: Panel, entries: &[(Mark, &str)]) -> Result<(), PlotError> {
        let look = TextLook { size: 15.0, bold: false, colour: INK };
        let (mut x, y) = (LEFT, panel.top - 18.0);
        for (mark, text) in entries {
            let end = x + 30.0;
            match mark {
                Mark::Band(colour) => self.canvas.fill(x, y - 3.0, end, y + 3.0, colour.to_rgba())?,
                Mark::Line(colour) => self.canvas.line(&[(x, y), (end, y)], 2.4, *colour)?,
                Mark::Dot(colour) => self.canvas.dot(x + 15.0, y, 4.2, *colour)?,
                Mark::Shade(colour) => self.canvas.fill(x, y - 8.0, end, y + 8.0, colour.mix(SHADE))?,
                Mark::Area(colour) => self.canvas.fill(x, y - 8.0, end, y + 8.0, colour.to_rgba())?,
            }
            self.canvas.text(text, end + 9.0, y, Anchor::Left, look)?;
            x = end + 9.0 + self.canvas.text_width(text, look)? + 28.0;
        }
        Ok(())
    }

    /// Says in a panel why it is empty.
    pub(super) fn note(&self, panel: Panel, text: &str) -> Result<(), PlotError> {
        let look = TextLook { size: 22.0, bold: true, colour: GREY };
        let (x, y) = ((LEFT + RIGHT) / 2.0, (panel.top + panel.bottom) / 2.0);
        self.canvas.text(text, x, y, Anchor::Centre, look)
    }

    /// Shades the columns, `width` seconds each, that are marked.
    pub(super) fn shade(
        &self,
        panel: Panel,
        columns: impl Iterator<Item = (f64, bool)>,
        width: f64,
        colour: RGBColor,
    ) -> Result<(), PlotError> {
        let half = width / 2.0;
        let mut span: Option<(f64, f64)> = None;
        let fill = |span: Option<(f64, f64)>| match span {
            Some((from, to)) => {
                let (left, right) = (self.x(from), self.x(to).max(self.x(from) + 1.5));
                self.canvas.fill(left, panel.top, right.min(RIGHT), panel.bottom, colour.mix(SHADE))
            }
            None => Ok(()),
        };
        for (seconds, is_shaded) in columns {
            span = match (is_shaded, span) {
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
    pub(super) fn ranges(
        &self,
        (panel, axis): (Panel, &Axis),
        columns: impl Iterator<Item = (f64, Range)>,
        colour: RGBColor,
        over_gaps: bool,
    ) -> Result<(), PlotError> {
        let mut before: Option<(f64, f64)> = None;
        for (seconds, range) in columns {
            let x = self.x(seconds);
            let joined = before.filter(|(at, _)| over_gaps || seconds - at <= MAX_JOIN);
            if let Some((at, value)) = joined {
                let from = (self.x(at), panel.y(axis, value));
                self.canvas.line(&[from, (x, panel.y(axis, range.first.into()))], 1.3, colour)?;
            }
            if range.max > range.min || joined.is_none() {
                let (top, bottom) = (panel.y(axis, range.max.into()), panel.y(axis, range.min.into()));
                self.canvas.fill(x - 0.65, top - 0.65, x + 0.65, bottom + 0.65, colour.to_rgba())?;
            }
            before = Some((seconds, range.last.into()));
        }
        Ok(())
    }

    /// A step function: a value stands until it is changed, the last one until the end if there is one.
    pub(super) fn steps(
        &self,
        (panel, axis): (Panel, &Axis),
        columns: impl Iterator<Item = (f64, Range)>,
        end: Option<f64>,
        LineLook { width, colour }: LineLook,
    ) -> Result<(), PlotError> {
        let mut before: Option<(f64, f64)> = None;
        for (seconds, range) in columns {
            let x = self.x(seconds);
            let place = |value: f32| panel.y(axis, value.into());
            if let Some((last_x, last_y)) = before {
                self.canvas.line(&[(last_x, last_y), (x, last_y)], width, colour)?;
                self.canvas.line(&[(x, last_y), (x, place(range.first))], width, colour)?;
            }
            self.canvas.line(&[(x, place(range.min)), (x, place(range.max))], width, colour)?;
            before = Some((x, place(range.last)));
        }
        match (before, end) {
            (Some((x, y)), Some(end)) => self.canvas.line(&[(x, y), (self.x(end), y)], width, colour),
            _ => Ok(()),
        }
    }

    pub(super) fn polyline(
        &self,
        (panel, axis): (Panel, &Axis),
        points: impl Iterator<Item = (f64, f64)>,
        LineLook { width, colour }: LineLook,
    ) -> Result<(), PlotError> {
        let points: Vec<_> = points.map(|(seconds, value)| (self.x(seconds), panel.y(axis, value))).collect();
        points.windows(2).try_for_each(|pair| self.canvas.line(pair, width, colour))
    }

    pub(super) fn x(&self, seconds: f64) -> f64 {
        LEFT + self.time.share(seconds).clamp(0.0, 1.0) * (RIGHT - LEFT)
    }
}

impl Panel {
    /// A value's height; what is beyond the range lies on its edge.
    pub(super) fn y(self, axis: &Axis, value: f64) -> f64 {
        self.bottom - axis.share(value).clamp(0.0, 1.0) * (self.bottom - self.top)
    }
}

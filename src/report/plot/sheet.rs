//! The sheet that every picture is drawn on: title, panels over one time axis, legends, and the ways to draw a series.

use super::axis::Axis;
use super::canvas::{Anchor, Canvas, TextLook};
use super::colour::{Colour, Paint};
use super::columns::Range;

/// The picture's width in units; a PNG's pixels.
pub(super) const WIDTH: u32 = 1600;
/// The picture's height.
pub(super) const HEIGHT: u32 = 960;

pub(super) const INK: Colour = Colour(34, 34, 34);
pub(super) const GREY: Colour = Colour(110, 110, 110);
const GRID: Colour = Colour(226, 226, 226);
pub(super) const WHITE: Colour = Colour(255, 255, 255);
// Colours that the colour-blind tell apart (Okabe and Ito).
pub(super) const ORANGE: Colour = Colour(230, 159, 0);
pub(super) const BLUE: Colour = Colour(0, 90, 181);
pub(super) const NAVY: Colour = Colour(0, 38, 84);
pub(super) const GREEN: Colour = Colour(0, 158, 115);
pub(super) const RED: Colour = Colour(213, 60, 30);
pub(super) const SKY: Colour = Colour(86, 180, 233);
pub(super) const VIOLET: Colour = Colour(107, 79, 160);
pub(super) const BLACK_RED: Colour = Colour(122, 0, 0);
pub(super) const PURPLE: Colour = Colour(184, 72, 138);
pub(super) const SHADE: f32 = 0.22;

pub(super) const LEFT: f64 = 92.0;
pub(super) const RIGHT: f64 = 1572.0;
pub(super) const UPPER: Panel = Panel { top: 112.0, bottom: 548.0 };
pub(super) const LOWER: Panel = Panel { top: 600.0, bottom: 884.0 };
/// Three panels: bit rates, what the path was like, the gradient.
pub(super) const RATES: Panel = Panel { top: 112.0, bottom: 440.0 };
pub(super) const PATH: Panel = Panel { top: 496.0, bottom: 640.0 };
pub(super) const GRADIENT: Panel = Panel { top: 696.0, bottom: 884.0 };
/// What is written beside a mark takes so much.
const LABEL_WIDTH: f64 = 70.0;
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
    pub(super) colour: Colour,
}

/// What stands before a legend's text.
pub(super) enum Mark {
    Band(Colour),
    Line(Colour),
    Dot(Colour),
    Shade(Colour),
    Tick(Colour),
    Area(Colour),
}

pub(super) struct Sheet<'a> {
    pub(super) canvas: &'a Canvas,
    pub(super) time: Axis,
    /// Nothing is drawn across these, seconds.
    pub(super) pauses: Vec<(f64, f64)>,
}

impl<'a> Sheet<'a> {
    /// A white sheet with a title and a line below it.
    pub(super) fn new(canvas: &'a Canvas, [title, subtitle]: &[String; 2], time: Axis) -> Self {
        canvas.fill(0.0, 0.0, WIDTH.into(), HEIGHT.into(), WHITE);
        canvas.text(title, LEFT, 30.0, Anchor::Left, TextLook { size: 23.0, bold: true, colour: INK });
        canvas.text(subtitle, LEFT, 59.0, Anchor::Left, TextLook { size: 15.5, bold: false, colour: GREY });
        Self { canvas, time, pauses: Vec::new() }
    }

    /// Grid, ticks, axes and their titles.
    pub(super) fn frame(&self, panel: Panel, axis: &Axis, with_time: bool) {
        let label = TextLook { size: 15.0, bold: false, colour: INK };
        for (value, text) in axis.ticks() {
            let y = panel.y(axis, value);
            self.canvas.line(&[(LEFT, y), (RIGHT, y)], 1.0, GRID);
            self.canvas.text(&text, LEFT - 10.0, y, Anchor::Right, label);
        }
        for (seconds, text) in self.time.ticks() {
            let x = self.x(seconds);
            self.canvas.line(&[(x, panel.top), (x, panel.bottom)], 1.0, GRID);
            if with_time {
                self.canvas.line(&[(x, panel.bottom), (x, panel.bottom + 5.0)], 1.0, INK);
                self.canvas.text(&text, x, panel.bottom + 18.0, Anchor::Centre, label);
            }
        }
        self.canvas.line(&[(LEFT, panel.top), (LEFT, panel.bottom), (RIGHT, panel.bottom)], 1.4, INK);
        self.canvas.text(&axis.title, 26.0, (panel.top + panel.bottom) / 2.0, Anchor::Turned, label);
        if with_time {
            let x = (LEFT + RIGHT) / 2.0;
            self.canvas.text(&self.time.title, x, panel.bottom + 46.0, Anchor::Centre, label);
        }
    }

    /// Above the panel, so that it hides nothing.
    pub(super) fn legend(&self, panel: Panel, entries: &[(Mark, String)]) {
        let look = TextLook { size: 15.0, bold: false, colour: INK };
        let (mut x, y) = (LEFT, panel.top - 18.0);
        for (mark, text) in entries {
            let end = x + 30.0;
            match mark {
                Mark::Band(colour) => self.canvas.fill(x, y - 3.0, end, y + 3.0, *colour),
                Mark::Line(colour) => self.canvas.line(&[(x, y), (end, y)], 2.4, *colour),
                Mark::Dot(colour) => self.canvas.dot(x + 15.0, y, 4.2, *colour),
                Mark::Shade(colour) => self.canvas.fill(x, y - 8.0, end, y + 8.0, colour.mix(SHADE)),
                Mark::Tick(colour) => self.canvas.fill(x + 14.0, y - 7.0, x + 16.0, y + 7.0, *colour),
                Mark::Area(colour) => self.canvas.fill(x, y - 8.0, end, y + 8.0, *colour),
            }
            self.canvas.text(text, end + 9.0, y, Anchor::Left, look);
            x = end + 9.0 + self.canvas.text_width(text, look) + 28.0;
        }
    }

    /// Says in a panel why it is empty.
    pub(super) fn note(&self, panel: Panel, text: &str) {
        let look = TextLook { size: 22.0, bold: true, colour: GREY };
        let (x, y) = ((LEFT + RIGHT) / 2.0, (panel.top + panel.bottom) / 2.0);
        self.canvas.text(text, x, y, Anchor::Centre, look)
    }

    /// Shades the columns, `width` seconds each, that are marked; not over pauses.
    pub(super) fn shade(
        &self,
        panel: Panel,
        columns: impl Iterator<Item = (f64, bool)>,
        width: f64,
        colour: Colour,
    ) {
        let half = width / 2.0;
        let mut span: Option<(f64, f64)> = None;
        let fill = |span: Option<(f64, f64)>| {
            if let Some((from, to)) = span {
                self.shade_span(panel, (from, to), colour.mix(SHADE));
            }
        };
        for (seconds, is_shaded) in columns {
            let is_shaded = is_shaded && !self.is_in_pause(seconds);
            span = match (is_shaded, span) {
                (true, None) => Some((seconds - half, seconds + half)),
                (true, Some((from, _))) => Some((from, seconds + half)),
                (false, span) => {
                    fill(span);
                    None
                }
            };
        }
        fill(span);
    }

    /// Shades from one time to another, as far as it is in view.
    pub(super) fn shade_span(&self, panel: Panel, (from, to): (f64, f64), paint: Paint) {
        if self.shows_span((from, to)) {
            let left = self.x(from);
            let right = self.x(to).max(left + 1.5).min(RIGHT);
            self.canvas.fill(left, panel.top, right, panel.bottom, paint);
        }
    }

    /// A noisy series: from least to greatest in each column, joined to the one before.
    pub(super) fn ranges(
        &self,
        (panel, axis): (Panel, &Axis),
        columns: impl Iterator<Item = (f64, Range)>,
        colour: Colour,
        over_gaps: bool,
    ) {
        let mut path = Path::new(self.canvas, LineLook { width: 1.3, colour });
        let mut before: Option<f64> = None;
        for (seconds, range) in columns {
            let is_joined =
                |at: f64| (over_gaps || seconds - at <= MAX_JOIN) && !self.has_pause((at, seconds));
            if !before.is_some_and(is_joined) {
                path.end();
            }
            let x = self.x(seconds);
            [range.first, range.min, range.max, range.last]
                .into_iter()
                .for_each(|value| path.to((x, panel.y(axis, value.into()))));
            before = Some(seconds);
        }
        path.end();
    }

    /// A step function: a value stands until it is changed, the last one until the end if there is one.
    pub(super) fn steps(
        &self,
        (panel, axis): (Panel, &Axis),
        columns: impl Iterator<Item = (f64, Range)>,
        end: Option<f64>,
        look: LineLook,
    ) {
        let mut path = Path::new(self.canvas, look);
        let mut before: Option<(f64, f64)> = None;
        for (seconds, range) in columns {
            let x = self.x(seconds);
            let place = |value: f32| panel.y(axis, value.into());
            if let Some((at, last)) = before {
                match self.pause_in((at, seconds)) {
                    Some((from, _)) => {
                        path.to((self.x(from), last));
                        path.end();
                    }
                    None => path.to((x, last)),
                }
            }
            [range.first, range.min, range.max, range.last]
                .into_iter()
                .for_each(|value| path.to((x, place(value))));
            before = Some((seconds, place(range.last)));
        }
        if let (Some((at, y)), Some(end)) = (before, end) {
            let end = self.pause_in((at, end)).map_or(end, |(from, _)| from);
            path.to((self.x(end), y));
        }
        path.end();
    }

    pub(super) fn polyline(
        &self,
        (panel, axis): (Panel, &Axis),
        points: impl Iterator<Item = (f64, f64)>,
        look: LineLook,
    ) {
        let mut path = Path::new(self.canvas, look);
        let mut before = None;
        for (seconds, value) in points {
            if before.is_some_and(|at| self.has_pause((at, seconds))) {
                path.end();
            }
            path.to((self.x(seconds), panel.y(axis, value)));
            before = Some(seconds);
        }
        path.end();
    }

    /// Marks with triangles where a series leaves the range, and says how far it goes at most.
    pub(super) fn clipped(
        &self,
        (panel, axis): (Panel, &Axis),
        columns: impl Iterator<Item = (f64, Range)>,
        colour: Colour,
        say: fn(f64) -> String,
    ) {
        let columns: Vec<_> =
            columns.filter(|(seconds, _)| (self.time.low..=self.time.high).contains(seconds)).collect();
        let above = columns.iter().map(|(seconds, range)| (*seconds, f64::from(range.max)));
        let below = columns.iter().map(|(seconds, range)| (*seconds, f64::from(range.min)));
        self.marks((panel.top, 1.0), above.filter(|(_, value)| *value > axis.high).collect(), colour, say);
        self.marks((panel.bottom, -1.0), below.filter(|(_, value)| *value < axis.low).collect(), colour, say);
    }

    fn marks(
        &self,
        (edge, down): (f64, f64),
        beyond: Vec<(f64, f64)>,
        colour: Colour,
        say: fn(f64) -> String,
    ) {
        let farthest = beyond.iter().copied().max_by(|a, b| (a.1 * down).total_cmp(&(b.1 * down)));
        let Some((seconds, value)) = farthest else { return };
        let mut drawn: Vec<f64> = Vec::new();
        for x in beyond.iter().map(|(seconds, _)| self.x(*seconds)) {
            if drawn.last().is_none_or(|last| x - last >= 10.0) {
                let base = edge + down * 8.0;
                self.canvas.polygon(&[(x, edge), (x - 5.0, base), (x + 5.0, base)], colour);
                drawn.push(x);
            }
        }
        // Beside the marks, not on them.
        let clear = |x: f64, mark: &f64| if (mark - x).abs() < LABEL_WIDTH { *mark } else { x };
        let x = self.x(seconds);
        let (x, anchor) = if x > (LEFT + RIGHT) / 2.0 {
            (drawn.iter().rev().fold(x, |x, mark| clear(x, mark).min(x)) - 9.0, Anchor::Right)
        } else {
            (drawn.iter().fold(x, |x, mark| clear(x, mark).max(x)) + 9.0, Anchor::Left)
        };
        let look = TextLook { size: 14.0, bold: false, colour: INK };
        self.canvas.text(&say(value), x, edge + down * 9.0, anchor, look);
    }

    /// A pause that lies between two times for most of its length, so that nothing is drawn from one to the other.
    fn pause_in(&self, (from, to): (f64, f64)) -> Option<(f64, f64)> {
        let common = |pause: &(f64, f64)| to.min(pause.1) - from.max(pause.0);
        self.pauses.iter().copied().find(|pause| common(pause) > 0.5 * (pause.1 - pause.0))
    }

    fn has_pause(&self, span: (f64, f64)) -> bool {
        self.pause_in(span).is_some()
    }

    fn is_in_pause(&self, seconds: f64) -> bool {
        self.pauses.iter().any(|(from, to)| (*from..*to).contains(&seconds))
    }

    /// Whether something of a span is in view.
    pub(super) fn shows_span(&self, (from, to): (f64, f64)) -> bool {
        to >= self.time.low && from <= self.time.high
    }

    pub(super) fn x(&self, seconds: f64) -> f64 {
        LEFT + self.time.share(seconds).clamp(0.0, 1.0) * (RIGHT - LEFT)
    }
}

/// A line that may have gaps.
struct Path<'a> {
    canvas: &'a Canvas,
    look: LineLook,
    points: Vec<(f64, f64)>,
}

impl<'a> Path<'a> {
    fn new(canvas: &'a Canvas, look: LineLook) -> Self {
        Self { canvas, look, points: Vec::new() }
    }

    fn to(&mut self, point: (f64, f64)) {
        if self.points.last() != Some(&point) {
            self.points.push(point);
        }
    }

    /// What comes is not joined to what was. A point alone is a dot.
    fn end(&mut self) {
        let mut points = std::mem::take(&mut self.points);
        if let [(x, y)] = points[..] {
            points.push((x + 0.1, y));
        }
        self.canvas.line(&points, self.look.width, self.look.colour);
    }
}

impl Panel {
    /// A value's height; what is beyond the range lies on its edge.
    pub(super) fn y(self, axis: &Axis, value: f64) -> f64 {
        self.bottom - axis.share(value).clamp(0.0, 1.0) * (self.bottom - self.top)
    }
}

//! Two panels over one time axis: the recorded and the replayed rates above, below them the relative error.

use super::axis::Axis;
use super::canvas::{Anchor, Canvas, TextLook};
use super::colour::Colour;
use super::columns::Range;
use super::compare_figure::{Both, CLOSE, CompareFigure};
use super::sheet::{
    BLUE, GREY, INK, LEFT, LOWER, LineLook, Mark, ORANGE, PURPLE, Panel, RED, RIGHT, Sheet, UPPER,
};

/// The band over the phases.
const PALE_BLUE: Colour = Colour(183, 212, 240);
const RECORDED: LineLook = LineLook { width: 4.4, colour: INK };
const REPLAYED: LineLook = LineLook { width: 2.2, colour: Colour(51, 144, 255) };
const NEAREST: LineLook = LineLook { width: 1.6, colour: PURPLE };
/// How thick the bar is that marks what is beyond the range.
const CLIPPED: f64 = 5.0;

/// Draws the whole figure.
pub(super) fn draw_compare(figure: &CompareFigure, canvas: &Canvas) {
    let last = figure.columns.columns.len() as f64 * figure.columns.width;
    let end = if figure.end > 0.0 { figure.end } else { last };
    let drawing =
        Drawing { figure, sheet: Sheet::new(canvas, &figure.title, Axis::time(figure.begin(), end)), end };
    drawing.rates();
    drawing.errors()
}

struct Drawing<'a> {
    figure: &'a CompareFigure,
    sheet: Sheet<'a>,
    end: f64,
}

impl Drawing<'_> {
    fn rates(&self) {
        let (figure, sheet) = (self.figure, &self.sheet);
        let tops = |of: fn(&Both) -> Option<Range>| figure.some(of).map(|(_, range)| f64::from(range.max));
        let both = tops(|column| column.recorded).chain(tops(|column| column.replayed));
        let axis = Axis::bitrate(
            both.chain(tops(|column| column.band)).chain(tops(|column| column.nearest)).collect(),
            Vec::new(),
        );
        let has_band = self.has(|column| column.band);
        self.apart(UPPER);
        self.band(UPPER, &axis);
        sheet.frame(UPPER, &axis, false);
        sheet.steps((UPPER, &axis), figure.some(|column| column.recorded), Some(self.end), RECORDED);
        sheet.steps((UPPER, &axis), figure.some(|column| column.replayed), Some(self.end), REPLAYED);
        sheet.steps((UPPER, &axis), figure.some(|column| column.nearest), Some(self.end), NEAREST);
        let missing = match (self.has(|column| column.recorded), self.has(|column| column.replayed)) {
            (true, true) => None,
            (true, false) => Some("no REMB was replayed"),
            (false, true) => Some("no REMB was recorded"),
            (false, false) => Some("no REMB was recorded, and none replayed"),
        };
        if let Some(text) = missing {
            sheet.note(UPPER, text);
        }
        let mut legend = vec![
            (Mark::Band(RECORDED.colour), "recorded REMB".to_owned()),
            (Mark::Line(REPLAYED.colour), "replayed REMB".to_owned()),
        ];
        if self.has(|column| column.nearest) {
            legend.push((Mark::Line(NEAREST.colour), "replayed, nearest clock phase".to_owned()));
        }
        if has_band {
            legend.push((Mark::Area(PALE_BLUE), "replayed, all clock phases".to_owned()));
        }
        legend.push((Mark::Shade(ORANGE), "more than 5 % apart".to_owned()));
        sheet.legend(UPPER, &legend)
    }

    fn errors(&self) {
        let (figure, sheet) = (self.figure, &self.sheet);
        let errors =
            || figure.some(|column| column.error).map(|(seconds, range)| (seconds, in_percent(range)));
        let axis = Axis::relative_error(
            errors().map(|(_, range)| f64::from(range.max)).collect(),
            errors().map(|(_, range)| -f64::from(range.min)).collect(),
        );
        sheet.frame(LOWER, &axis, true);
        self.apart(LOWER);
        let across = |value: f64, look: LineLook| {
            let y = LOWER.y(&axis, value);
            sheet.canvas.line(&[(LEFT, y), (RIGHT, y)], look.width, look.colour)
        };
        across(0.0, LineLook { width: 1.2, colour: GREY });
        sheet.steps((LOWER, &axis), errors(), None, LineLook { width: 2.0, colour: BLUE });
        for sign in [1.0, -1.0] {
            across(sign * CLOSE * 100.0, LineLook { width: 1.2, colour: RED });
        }
        let is_clipped = self.clipped(&axis, errors());
        let mut legend = vec![
            (Mark::Line(BLUE), "relative error: (replayed − recorded) / recorded".to_owned()),
            (Mark::Line(RED), "± 5 %".to_owned()),
            (Mark::Shade(ORANGE), "more than 5 % apart".to_owned()),
        ];
        if is_clipped {
            legend.push((Mark::Band(RED), "beyond the range".to_owned()));
        }
        sheet.legend(LOWER, &legend)
    }

    /// From the least to the greatest of the phases, in every column.
    fn band(&self, panel: Panel, axis: &Axis) {
        let half = self.figure.columns.width / 2.0;
        for (seconds, range) in self.figure.some(|column| column.band) {
            let (left, right) = (self.sheet.x(seconds - half), self.sheet.x(seconds + half));
            let (top, bottom) = (panel.y(axis, range.max.into()), panel.y(axis, range.min.into()));
            self.sheet.canvas.fill(left, top, right, bottom, PALE_BLUE);
        }
    }

    fn apart(&self, panel: Panel) {
        let columns = self.figure.columns.iter().map(|(seconds, column)| (seconds, column.is_apart()));
        self.sheet.shade(panel, columns, self.figure.columns.width, ORANGE)
    }

    /// Marks at the panel's edges where the error lies beyond the range, and writes the greatest there. Tells whether
    /// there is any.
    fn clipped(&self, axis: &Axis, errors: impl Iterator<Item = (f64, Range)>) -> bool {
        let half = self.figure.columns.width / 2.0;
        let (mut above, mut below) = (None, None);
        for (seconds, range) in errors {
            let (max, min) = (f64::from(range.max), f64::from(range.min));
            let (left, right) = (self.sheet.x(seconds - half), self.sheet.x(seconds + half));
            let mark = |edge: f64| {
                let (left, right) = (left - 1.0, right.max(left + 2.0) + 1.0);
                self.sheet.canvas.fill(left, edge - CLIPPED / 2.0, right, edge + CLIPPED / 2.0, RED)
            };
            if max > axis.high {
                mark(LOWER.top);
                above = above.filter(|(_, greatest)| *greatest >= max).or(Some((seconds, max)));
            }
            if min < axis.low {
                mark(LOWER.bottom);
                below = below.filter(|(_, least)| *least <= min).or(Some((seconds, min)));
            }
        }
        let extremes = [(above, LOWER.top + 15.0), (below, LOWER.bottom - 15.0)];
        for ((seconds, error), y) in extremes.into_iter().filter_map(|(extreme, y)| Some((extreme?, y))) {
            let look = TextLook { size: 14.0, bold: false, colour: RED };
            let x = self.sheet.x(seconds);
            let (x, anchor) =
                if x > (LEFT + RIGHT) / 2.0 { (x - 8.0, Anchor::Right) } else { (x + 8.0, Anchor::Left) };
            self.sheet.canvas.text(&format!("{error:+.0} %"), x, y, anchor, look);
        }
        above.is_some() || below.is_some()
    }

    fn has(&self, of: fn(&Both) -> Option<Range>) -> bool {
        self.figure.some(of).next().is_some()
    }
}

fn in_percent(range: Range) -> Range {
    let Range { first, min, max, last } = range;
    Range { first: first * 100.0, min: min * 100.0, max: max * 100.0, last: last * 100.0 }
}

//! A sweep on its sheet.

use super::axis::Axis;
use super::canvas::{Anchor, Canvas, TextLook};
use super::colour::Colour;
use super::sheet::{BLUE, GREEN, GREY, HEIGHT, INK, LEFT, ORANGE, PURPLE, RIGHT, WHITE, WIDTH};
use super::sweep_figure::{MAX_BEST, MAX_PANELS, OverlayPanel, SweepContent, SweepFigure};

const BEST: [Colour; MAX_BEST] = [BLUE, ORANGE, GREEN, PURPLE];
const PALE: Colour = Colour(200, 204, 210);
const GRID: Colour = Colour(226, 226, 226);
const TOP: f64 = 150.0;
const BOTTOM: f64 = 884.0;
/// Between panels.
const GAP: (f64, f64) = (92.0, 84.0);
const LABEL: TextLook = TextLook { size: 15.0, bold: false, colour: INK };
/// From good to bad; the middle ones are told apart by lightness too.
const SCALE: [Colour; 5] = [
    Colour(0, 68, 136),
    Colour(86, 155, 199),
    Colour(242, 238, 220),
    Colour(236, 160, 90),
    Colour(160, 50, 20),
];

/// Draws the whole figure.
pub(super) fn draw_sweep(figure: &SweepFigure, canvas: &Canvas) {
    let [title, subtitle] = &figure.title;
    canvas.fill(0.0, 0.0, WIDTH.into(), HEIGHT.into(), WHITE);
    canvas.text(title, LEFT, 30.0, Anchor::Left, TextLook { size: 23.0, bold: true, colour: INK });
    canvas.text(subtitle, LEFT, 59.0, Anchor::Left, TextLook { size: 15.5, bold: false, colour: GREY });
    match &figure.content {
        SweepContent::Overlay { panels, best } => overlay(canvas, panels, best),
        SweepContent::Map { x, y, cells, what, base, less_is_better } => {
            let map = Map { canvas, x, y, cells, what, base: *base, less_is_better: *less_is_better };
            map.draw()
        }
    }
}

#[derive(Clone, Copy)]
struct Area {
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
}

fn overlay(canvas: &Canvas, panels: &[OverlayPanel], best: &[String]) {
    let panels = panels.get(..MAX_PANELS).unwrap_or(panels);
    let has_reference = panels.iter().any(|panel| !panel.reference.is_empty());
    let mut entries: Vec<(Colour, &str)> = BEST.into_iter().zip(best.iter().map(String::as_str)).collect();
    if has_reference {
        entries.insert(0, (INK, "reference"));
    }
    if panels.iter().any(|panel| !panel.others.is_empty()) {
        entries.push((PALE, "all other points"));
    }
    let mut x = LEFT;
    for (colour, text) in entries {
        canvas.line(&[(x, 92.0), (x + 30.0, 92.0)], 3.4, colour);
        canvas.text(text, x + 39.0, 92.0, Anchor::Left, LABEL);
        x += 39.0 + canvas.text_width(text, LABEL) + 28.0;
    }
    let columns = if panels.len() > 1 { 2 } else { 1 };
    let rows = panels.len().div_ceil(columns).max(1);
    let width = (RIGHT - LEFT - GAP.0 * (columns - 1) as f64) / columns as f64;
    let height = (BOTTOM - TOP - GAP.1 * (rows - 1) as f64) / rows as f64;
    for (place, panel) in panels.iter().enumerate() {
        let (column, row) = ((place % columns) as f64, (place / columns) as f64);
        let (left, top) = (LEFT + column * (width + GAP.0), TOP + row * (height + GAP.1));
        let area = Area { left, right: left + width, top, bottom: top + height };
        draw_panel(canvas, panel, area);
    }
}

fn draw_panel(canvas: &Canvas, panel: &OverlayPanel, area: Area) {
    let Area { left, right, top, bottom } = area;
    let all = || panel.best.iter().chain(&panel.others).chain(std::iter::once(&panel.reference));
    let rates = Axis::bitrate(all().flatten().map(|(_, bps)| *bps).collect(), Vec::new());
    let time = Axis::time(0.0, panel.end);
    let place = |seconds: f64, bps: f64| {
        let share = |axis: &Axis, value| axis.share(value).clamp(0.0, 1.0);
        (left + share(&time, seconds) * (right - left), bottom - share(&rates, bps) * (bottom - top))
    };
    for (bps, text) in rates.ticks() {
        let (_, y) = place(0.0, bps);
        canvas.line(&[(left, y), (right, y)], 1.0, GRID);
        canvas.text(&text, left - 10.0, y, Anchor::Right, LABEL);
    }
    for (seconds, text) in time.ticks() {
        let (x, _) = place(seconds, 0.0);
        canvas.line(&[(x, top), (x, bottom)], 1.0, GRID);
        canvas.text(&text, x, bottom + 18.0, Anchor::Centre, LABEL);
    }
    canvas.text(&rates.title, left - 66.0, (top + bottom) / 2.0, Anchor::Turned, LABEL);
    canvas.text(&time.title, (left + right) / 2.0, bottom + 42.0, Anchor::Centre, LABEL);
    canvas.text(&panel.title, left, top - 18.0, Anchor::Left, TextLook { bold: true, ..LABEL });
    let steps = |series: &[(f64, f64)], width: f64, colour: Colour| {
        let mut points = Vec::new();
        for (seconds, bps) in series {
            let (x, y) = place(*seconds, *bps);
            if let Some((_, last)) = points.last().copied() {
                points.push((x, last));
            }
            points.push((x, y));
        }
        if let Some((_, last)) = points.last().copied() {
            points.push((right, last));
        }
        canvas.line(&points, width, colour);
    };
    panel.others.iter().for_each(|series| steps(series, 1.2, PALE));
    steps(&panel.reference, 4.0, INK);
    let ranked = panel.best.iter().zip(BEST).collect::<Vec<_>>();
    ranked.into_iter().rev().for_each(|(series, colour)| steps(series, 2.2, colour));
    canvas.line(&[(left, top), (left, bottom), (right, bottom)], 1.4, INK)
}

struct Map<'a> {
    canvas: &'a Canvas,
    x: &'a (String, Vec<String>),
    y: &'a (String, Vec<String>),
    cells: &'a [Vec<Option<f64>>],
    what: &'a str,
    base: Option<(usize, usize)>,
    less_is_better: bool,
}

impl Map<'_> {
    fn draw(&self) {
        let (left, right, top, bottom) = (LEFT + 130.0, RIGHT - 200.0, 110.0, BOTTOM - 20.0);
        let known = || self.cells.iter().flatten().flatten().copied().filter(|value| value.is_finite());
        let (low, high) = known()
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
        let (columns, rows) = (self.x.1.len().max(1) as f64, self.y.1.len().max(1) as f64);
        let (width, height) = ((right - left) / columns, (bottom - top) / rows);
        let look = TextLook { size: (height * 0.3).min(width * 0.2).clamp(9.0, 17.0), ..LABEL };
        for (row, cells) in self.cells.iter().enumerate() {
            for (column, value) in cells.iter().enumerate() {
                let (x, y) = (left + column as f64 * width, bottom - (row + 1) as f64 * height);
                let Some(value) = value.filter(|value| value.is_finite()) else {
                    self.canvas.text("–", x + width / 2.0, y + height / 2.0, Anchor::Centre, look);
                    continue;
                };
                let share = if high > low { (value - low) / (high - low) } else { 0.0 };
                let badness = if self.less_is_better { share } else { 1.0 - share };
                let colour = scale(badness);
                self.canvas.fill(x + 1.0, y + 1.0, x + width - 1.0, y + height - 1.0, colour);
                let text = TextLook { colour: readable_on(colour), ..look };
                self.canvas.text(&number(value), x + width / 2.0, y + height / 2.0, Anchor::Centre, text);
            }
        }
        if let Some((column, row)) = self.base {
            let (x, y) = (left + column as f64 * width + 3.0, bottom - row as f64 * height - 3.0);
            let (right, top) = (x + width - 6.0, y - height + 6.0);
            self.canvas.line(&[(x, y), (right, y), (right, top), (x, top), (x, y)], 4.0, INK);
        }
        for (column, text) in self.x.1.iter().enumerate() {
            let x = left + (column as f64 + 0.5) * width;
            self.canvas.text(text, x, bottom + 20.0, Anchor::Centre, LABEL);
        }
        for (row, text) in self.y.1.iter().enumerate() {
            let y = bottom - (row as f64 + 0.5) * height;
            self.canvas.text(text, left - 12.0, y, Anchor::Right, LABEL);
        }
        let title = TextLook { bold: true, ..LABEL };
        self.canvas.text(&self.x.0, (left + right) / 2.0, bottom + 52.0, Anchor::Centre, title);
        self.canvas.text(&self.y.0, LEFT - 50.0, (top + bottom) / 2.0, Anchor::Turned, title);
        self.key((right + 40.0, top, bottom), (low, high))
    }

    /// What the colours mean.
    fn key(&self, (left, top, bottom): (f64, f64, f64), (low, high): (f64, f64)) {
        const STEPS: usize = 60;
        let height = (bottom - top - 60.0) / STEPS as f64;
        for step in 0..STEPS {
            let share = step as f64 / (STEPS - 1) as f64;
            let badness = if self.less_is_better { share } else { 1.0 - share };
            let y = bottom - (step + 1) as f64 * height;
            self.canvas.fill(left, y, left + 24.0, y + height + 0.6, scale(badness));
        }
        if low.is_finite() {
            self.canvas.text(&number(low), left + 32.0, bottom - 8.0, Anchor::Left, LABEL);
            self.canvas.text(&number(high), left + 32.0, top + 68.0, Anchor::Left, LABEL);
        }
        self.canvas.text(self.what, left, top + 36.0, Anchor::Left, LABEL)
    }
}

/// Three digits.
fn number(value: f64) -> String {
    match value.abs() {
        magnitude if magnitude >= 100.0 => format!("{value:.0}"),
        magnitude if magnitude >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

fn scale(badness: f64) -> Colour {
    let at = badness.clamp(0.0, 1.0) * (SCALE.len() - 1) as f64;
    let below = (at.floor() as usize).min(SCALE.len() - 2);
    let (Some(a), Some(b)) = (SCALE.get(below), SCALE.get(below + 1)) else { return GREY };
    let mix = |a: u8, b: u8| {
        let share = at - below as f64;
        (f64::from(a) + (f64::from(b) - f64::from(a)) * share).round() as u8
    };
    Colour(mix(a.0, b.0), mix(a.1, b.1), mix(a.2, b.2))
}

fn readable_on(Colour(red, green, blue): Colour) -> Colour {
    let lightness = 0.299 * f64::from(red) + 0.587 * f64::from(green) + 0.114 * f64::from(blue);
    if lightness < 130.0 { WHITE } else { INK }
}

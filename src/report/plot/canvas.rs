//! What is drawn, as shapes in order; a PNG or an SVG is made of them.

use std::cell::Cell;

use plotters::coord::Shift;
use plotters::element::{CoordMapper, Drawable, PointCollection};
use plotters::prelude::{
    Circle, DrawingArea, IntoDrawingArea, IntoFont, PathElement, Polygon, RGBColor, Rectangle, Text,
};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, FontStyle, FontTransform, ShapeStyle, TextStyle};

use super::backend::{Backend, Shapes, UNITS};
use super::colour::{Colour, Paint};
use super::error::PlotError;
use super::font::Fonts;

/// Where a text lies relative to its point; its middle is at the point's height.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Anchor {
    Left,
    Centre,
    Right,
    /// Turned by a quarter, centred.
    Turned,
}

/// How a text looks.
#[derive(Debug, Clone, Copy)]
pub(super) struct TextLook {
    pub(super) size: f64,
    pub(super) bold: bool,
    pub(super) colour: Colour,
}

/// Something to be drawn, in units of the sheet.
#[derive(Debug, Clone)]
pub(super) enum Shape {
    /// Left, top, right, bottom.
    Rectangle([f64; 4], Paint),
    /// Points that are joined, and how wide.
    Line(Vec<(f64, f64)>, f64, Colour),
    /// Corners of what is filled.
    Polygon(Vec<(f64, f64)>, Colour),
    /// Middle and radius.
    Dot((f64, f64), f64, Colour),
    /// Text at a point.
    Text(String, (f64, f64), Anchor, TextLook),
}

/// A surface with coordinates in pixels and their fractions.
pub(super) struct Canvas {
    area: DrawingArea<Backend, Shift>,
    shapes: Shapes,
    /// The first that went wrong.
    failed: Cell<Option<PlotError>>,
}

impl Canvas {
    pub(super) fn new(size: (u32, u32), fonts: &'static Fonts) -> Self {
        let shapes = Shapes::default();
        let backend = Backend { size, fonts, shapes: Shapes::clone(&shapes) };
        Self { area: backend.into_drawing_area(), shapes, failed: Cell::default() }
    }

    pub(super) fn fill(&self, left: f64, top: f64, right: f64, bottom: f64, paint: impl Into<Paint>) {
        let Paint { colour: Colour(red, green, blue), opacity } = paint.into();
        let colour = RGBColor(red, green, blue).mix(opacity.into());
        self.draw(&Rectangle::new([units(left, top), units(right, bottom)], colour.filled()));
    }

    pub(super) fn line(&self, points: &[(f64, f64)], width: f64, colour: Colour) {
        let points: Vec<_> = points.iter().map(|(x, y)| units(*x, *y)).collect();
        if points.len() > 1 {
            let width = (width * UNITS).round() as u32;
            let style = ShapeStyle { color: of(colour).to_rgba(), filled: false, stroke_width: width };
            self.draw(&PathElement::new(points, style));
        }
    }

    pub(super) fn polygon(&self, points: &[(f64, f64)], colour: Colour) {
        let points: Vec<_> = points.iter().map(|(x, y)| units(*x, *y)).collect();
        self.draw(&Polygon::new(points, of(colour).filled()));
    }

    pub(super) fn dot(&self, x: f64, y: f64, radius: f64, colour: Colour) {
        self.draw(&Circle::new(units(x, y), (radius * UNITS).round() as i32, of(colour).filled()));
    }

    pub(super) fn text(&self, text: &str, x: f64, y: f64, anchor: Anchor, look: TextLook) {
        let horizontal = match anchor {
            Anchor::Left => HPos::Left,
            Anchor::Right => HPos::Right,
            Anchor::Centre | Anchor::Turned => HPos::Center,
        };
        let colour = of(look.colour);
        let mut style = style(look).color(&colour).pos(Pos::new(horizontal, VPos::Center));
        if anchor == Anchor::Turned {
            style.font = style.font.transform(FontTransform::Rotate270);
        }
        self.draw(&Text::new(text, units(x, y), style));
    }

    /// How wide a text is.
    pub(super) fn text_width(&self, text: &str, look: TextLook) -> f64 {
        let size = self.area.estimate_text_size(text, &style(look));
        size.map_or(0.0, |(width, _)| f64::from(width) / UNITS)
    }

    /// What was drawn, in order.
    pub(super) fn into_shapes(self) -> Result<Vec<Shape>, PlotError> {
        self.failed.take().map_or_else(|| Ok(self.shapes.take()), Err)
    }

    fn draw<'a, E, B>(&self, element: &'a E)
    where
        B: CoordMapper,
        E: Drawable<Backend, B>,
        &'a E: PointCollection<'a, (i32, i32), B>,
    {
        if let Err(error) = self.area.draw(element) {
            self.failed.set(self.failed.take().or(Some(PlotError::Drawing(error.to_string()))));
        }
    }
}

fn style(look: TextLook) -> TextStyle<'static> {
    let face = if look.bold { FontStyle::Bold } else { FontStyle::Normal };
    TextStyle::from(("sans-serif", look.size * UNITS, face).into_font())
}

fn of(Colour(red, green, blue): Colour) -> RGBColor {
    RGBColor(red, green, blue)
}

fn units(x: f64, y: f64) -> (i32, i32) {
    ((x * UNITS).round() as i32, (y * UNITS).round() as i32)
}

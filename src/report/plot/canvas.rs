//! A surface with coordinates of its own, whatever the resolution it is drawn at.

use plotters::coord::Shift;
use plotters::prelude::{
    Circle, DrawingArea, DrawingBackend, IntoTextStyle, PathElement, RGBAColor, RGBColor, Rectangle, Text,
};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, FontStyle, FontTransform, ShapeStyle, TextStyle};

use super::error::PlotError;

/// Where a text lies relative to its point.
#[derive(Debug, Clone, Copy)]
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
    pub(super) colour: RGBColor,
}

/// The surface; `scale` pixels are one unit.
pub(super) struct Canvas<'a, B: DrawingBackend> {
    pub(super) area: &'a DrawingArea<B, Shift>,
    pub(super) scale: f64,
}

impl<B: DrawingBackend> Canvas<'_, B> {
    pub(super) fn fill(
        &self,
        left: f64,
        top: f64,
        right: f64,
        bottom: f64,
        colour: RGBAColor,
    ) -> Result<(), PlotError> {
        let corners = [self.point(left, top), self.point(right, bottom)];
        self.area.draw(&Rectangle::new(corners, colour.filled())).map_err(PlotError::drawing)
    }

    pub(super) fn line(&self, points: &[(f64, f64)], width: f64, colour: RGBColor) -> Result<(), PlotError> {
        let points: Vec<_> = points.iter().map(|(x, y)| self.point(*x, *y)).collect();
        let style = ShapeStyle { color: colour.to_rgba(), filled: false, stroke_width: self.pixels(width) };
        self.area.draw(&PathElement::new(points, style)).map_err(PlotError::drawing)
    }

    pub(super) fn dot(&self, x: f64, y: f64, radius: f64, colour: RGBColor) -> Result<(), PlotError> {
        let radius = (radius * self.scale).round() as i32;
        self.area.draw(&Circle::new(self.point(x, y), radius, colour.filled())).map_err(PlotError::drawing)
    }

    pub(super) fn text(
        &self,
        text: &str,
        x: f64,
        y: f64,
        anchor: Anchor,
        look: TextLook,
    ) -> Result<(), PlotError> {
        let mut style = self.style(look).color(&look.colour);
        let horizontal = match anchor {
            Anchor::Left => HPos::Left,
            Anchor::Right => HPos::Right,
            Anchor::Centre | Anchor::Turned => HPos::Center,
        };
        if matches!(anchor, Anchor::Turned) {
            style.font = style.font.transform(FontTransform::Rotate270);
        }
        let style = style.pos(Pos::new(horizontal, VPos::Center));
        self.area.draw(&Text::new(text, self.point(x, y), style)).map_err(PlotError::drawing)
    }

    /// How wide a text is.
    pub(super) fn text_width(&self, text: &str, look: TextLook) -> Result<f64, PlotError> {
        let (width, _) = self.area.estimate_text_size(text, &self.style(look)).map_err(PlotError::drawing)?;
        Ok(f64::from(width) / self.scale)
    }

    /// The face must be named from the start: a font that is made bold later keeps the glyphs that it has.
    fn style(&self, look: TextLook) -> TextStyle<'static> {
        let face = if look.bold { FontStyle::Bold } else { FontStyle::Normal };
        ("sans-serif", look.size * self.scale, face).into_text_style(self.area)
    }

    fn point(&self, x: f64, y: f64) -> (i32, i32) {
        ((x * self.scale).round() as i32, (y * self.scale).round() as i32)
    }

    fn pixels(&self, width: f64) -> u32 {
        (width * self.scale).round().max(1.0) as u32
    }
}

#[cfg(test)]
mod tests {
    use plotters::prelude::{BitMapBackend, IntoDrawingArea};

    use super::*;
    use crate::report::plot::render::register_fonts;

    #[test]
    fn bold_text_has_more_ink_and_is_wider() {
        register_fonts().unwrap();
        let drawn = |bold| {
            let look = TextLook { size: 24.0, bold, colour: RGBColor(0, 0, 0) };
            let mut pixels = vec![0xff_u8; 400 * 60 * 3];
            let width = {
                let area = BitMapBackend::with_buffer(&mut pixels, (400, 60)).into_drawing_area();
                let canvas = Canvas { area: &area, scale: 1.0 };
                canvas.text("call.pcap", 10.0, 30.0, Anchor::Left, look).unwrap();
                canvas.text_width("call.pcap", look).unwrap()
            };
            (pixels.iter().map(|value| u64::from(255 - value)).sum::<u64>(), width)
        };
        let (regular, bold) = (drawn(false), drawn(true));
        assert!(regular.0 > 0 && bold.0 * 10 > regular.0 * 11, "{regular:?} {bold:?}");
        assert!(bold.1 > regular.1, "{regular:?} {bold:?}");
    }
}

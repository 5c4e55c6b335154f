//! A backend of plotters that takes down what it is to draw, in fractions of a pixel: pixels by what is covered of them, and SVG,
//! are made of that. plotters' own draws whole pixels, and twice the size to be averaged costs four times the work.

use std::cell::RefCell;
use std::convert::Infallible;
use std::rc::Rc;

use plotters::prelude::DrawingBackend;
use plotters::style::FontStyle;
use plotters::style::text_anchor::HPos;
use plotters_backend::{
    BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingErrorKind, FontTransform,
};

use super::canvas::{Anchor, Shape, TextLook};
use super::colour::{Colour, Paint};
use super::font::Fonts;

/// So many are a pixel.
pub(super) const UNITS: f64 = 64.0;

/// Something to be drawn, in order.
pub(super) type Shapes = Rc<RefCell<Vec<Shape>>>;

/// Takes down shapes.
pub(super) struct Backend {
    pub(super) size: (u32, u32),
    pub(super) fonts: &'static Fonts,
    pub(super) shapes: Shapes,
}

type Drawn = Result<(), DrawingErrorKind<Infallible>>;

impl Backend {
    #[expect(clippy::unnecessary_wraps, reason = "what plotters asks for")]
    fn draw(&self, shape: Shape) -> Drawn {
        self.shapes.borrow_mut().push(shape);
        Ok(())
    }
}

impl DrawingBackend for Backend {
    type ErrorType = Infallible;

    fn get_size(&self) -> (u32, u32) {
        let units = |pixels: u32| (f64::from(pixels) * UNITS) as u32;
        (units(self.size.0), units(self.size.1))
    }

    fn ensure_prepared(&mut self) -> Drawn {
        Ok(())
    }

    fn present(&mut self) -> Drawn {
        Ok(())
    }

    fn draw_pixel(&mut self, point: BackendCoord, color: BackendColor) -> Drawn {
        let (x, y) = pixels(point);
        self.draw(Shape::Rectangle([x, y, x + 1.0 / UNITS, y + 1.0 / UNITS], paint(color)))
    }

    fn draw_rect<S: BackendStyle>(
        &mut self,
        upper_left: BackendCoord,
        bottom_right: BackendCoord,
        style: &S,
        _fill: bool,
    ) -> Drawn {
        let ((left, top), (right, bottom)) = (pixels(upper_left), pixels(bottom_right));
        self.draw(Shape::Rectangle([left, top, right, bottom], paint(style.color())))
    }

    fn draw_line<S: BackendStyle>(&mut self, from: BackendCoord, to: BackendCoord, style: &S) -> Drawn {
        self.draw_path([from, to], style)
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        path: I,
        style: &S,
    ) -> Drawn {
        let width = f64::from(style.stroke_width()) / UNITS;
        self.draw(Shape::Line(path.into_iter().map(pixels).collect(), width, colour(style.color())))
    }

    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        corners: I,
        style: &S,
    ) -> Drawn {
        self.draw(Shape::Polygon(corners.into_iter().map(pixels).collect(), colour(style.color())))
    }

    fn draw_circle<S: BackendStyle>(
        &mut self,
        centre: BackendCoord,
        radius: u32,
        style: &S,
        _fill: bool,
    ) -> Drawn {
        self.draw(Shape::Dot(pixels(centre), f64::from(radius) / UNITS, colour(style.color())))
    }

    fn draw_text<S: BackendTextStyle>(&mut self, text: &str, style: &S, at: BackendCoord) -> Drawn {
        let anchor = match (style.transform(), style.anchor().h_pos) {
            (FontTransform::None, HPos::Left) => Anchor::Left,
            (FontTransform::None, HPos::Center) => Anchor::Centre,
            (FontTransform::None, HPos::Right) => Anchor::Right,
            _ => Anchor::Turned,
        };
        let look = TextLook { colour: colour(style.color()), ..look(style) };
        self.draw(Shape::Text(text.to_owned(), pixels(at), anchor, look))
    }

    fn estimate_text_size<S: BackendTextStyle>(
        &self,
        text: &str,
        style: &S,
    ) -> Result<(u32, u32), DrawingErrorKind<Infallible>> {
        let look = look(style);
        let (_, width) = self.fonts.layout(text, look.size, look.bold);
        Ok(((width * UNITS).round() as u32, (look.size * UNITS).round() as u32))
    }
}

fn look<S: BackendTextStyle>(style: &S) -> TextLook {
    let bold = matches!(style.style(), FontStyle::Bold);
    TextLook { size: style.size() / UNITS, bold, colour: colour(style.color()) }
}

fn pixels((x, y): BackendCoord) -> (f64, f64) {
    (f64::from(x) / UNITS, f64::from(y) / UNITS)
}

fn colour(BackendColor { rgb: (red, green, blue), .. }: BackendColor) -> Colour {
    Colour(red, green, blue)
}

fn paint(color: BackendColor) -> Paint {
    colour(color).mix(color.alpha as f32)
}

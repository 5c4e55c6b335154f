//! Shapes as pixels: each pixel takes as much of a colour as the shape covers of it.

use std::ops::Range;

use ab_glyph::{OutlineCurve, Point, point};
use ab_glyph_rasterizer::Rasterizer;

use super::canvas::{Anchor, Shape, TextLook};
use super::colour::{Colour, Paint};
use super::font::Fonts;

const CHANNELS: usize = 3;
/// So many pieces of a line are drawn at once, over the rectangle that holds them.
const PIECES: usize = 24;
/// A colour's share of a pixel is counted in so many.
const SHARES: f32 = 256.0;
/// Less than this changes nothing.
const LEAST_SHARE: f32 = 0.5 / SHARES;

/// A picture of pixels, red, green and blue.
pub(super) struct Raster {
    width: usize,
    height: usize,
    pixels: Vec<u8>,
    rasterizer: Rasterizer,
}

impl Raster {
    /// White.
    pub(super) fn new(width: usize, height: usize) -> Self {
        let pixels = vec![0xff; width * height * CHANNELS];
        Self { width, height, pixels, rasterizer: Rasterizer::new(1, 1) }
    }

    pub(super) fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    pub(super) fn draw(&mut self, shape: &Shape, fonts: &Fonts) {
        match shape {
            Shape::Rectangle(edges, paint) => self.rectangle(*edges, *paint),
            Shape::Line(points, width, colour) => self.line(points, *width, *colour),
            Shape::Polygon(points, colour) => self.outlines(std::slice::from_ref(points), *colour),
            Shape::Dot((x, y), radius, colour) => {
                let corner = |step: i32| {
                    let (sin, cos) = (f64::from(step) * std::f64::consts::TAU / 24.0).sin_cos();
                    (x + radius * cos, y + radius * sin)
                };
                self.outlines(&[(0..24).map(corner).collect::<Vec<_>>()], *colour);
            }
            Shape::Text(text, at, anchor, look) => self.text(text, *at, *anchor, *look, fonts),
        }
    }

    /// A rectangle's columns but for the first and the last are covered alike, so that a row is three runs.
    fn rectangle(&mut self, [left, top, right, bottom]: [f64; 4], paint: Paint) {
        let cover = |from: f64, to: f64, place: usize| {
            let place = place as f64;
            (to.min(place + 1.0) - from.max(place)).clamp(0.0, 1.0) as f32
        };
        let within = |from: f64, to: f64, most: usize| {
            from.floor().clamp(0.0, most as f64) as usize..to.ceil().clamp(0.0, most as f64) as usize
        };
        let columns = within(left, right, self.width);
        let (first, last) = (columns.start, columns.end.saturating_sub(1));
        for row in within(top, bottom, self.height) {
            let of_row = cover(top, bottom, row) * paint.opacity;
            for (columns, of_column) in [
                (first..last.min(first + 1), cover(left, right, first)),
                (first + 1..last, 1.0),
                (last..columns.end, cover(left, right, last)),
            ] {
                self.blend(row, columns, of_row * of_column, paint.colour);
            }
        }
    }

    /// Pieces that are longer where the line turns, so that its joints are closed, and nowhere else, so that they are not doubled.
    fn line(&mut self, points: &[(f64, f64)], width: f64, colour: Colour) {
        let half = width / 2.0;
        let mut directions = Vec::with_capacity(points.len());
        for pair in points.windows(2) {
            if let [(x0, y0), (x1, y1)] = pair {
                let length = (x1 - x0).hypot(y1 - y0);
                directions.push(if length > 0.0 {
                    ((x1 - x0) / length, (y1 - y0) / length)
                } else {
                    (1.0, 0.0)
                });
            }
        }
        // The tangent of half the angle; square where the line begins and ends.
        let longer = |before: Option<usize>, after: usize| {
            let pair = before.and_then(|before| Some((directions.get(before)?, directions.get(after)?)));
            let tangent = pair.map(|((ax, ay), (bx, by))| {
                let (sin, cos) = ((ax * by - ay * bx).abs(), ax * bx + ay * by);
                sin / (1.0 + cos).max(1e-9)
            });
            half * tangent.unwrap_or(1.0).min(1.0)
        };
        let mut pieces = Vec::with_capacity(directions.len());
        for (place, (pair, (dx, dy))) in points.windows(2).zip(&directions).enumerate() {
            let [(x0, y0), (x1, y1)] = pair else { continue };
            let (begin, end) = (longer(place.checked_sub(1), place), longer(Some(place), place + 1));
            let corner = |x: f64, y: f64, along: f64, across: f64| {
                (x + dx * along - dy * across, y + dy * along + dx * across)
            };
            pieces.push([
                corner(*x0, *y0, -begin, half),
                corner(*x1, *y1, end, half),
                corner(*x1, *y1, end, -half),
                corner(*x0, *y0, -begin, -half),
            ]);
        }
        pieces.chunks(PIECES).for_each(|pieces| self.outlines(pieces, colour));
    }

    /// Outlines that turn the same way; where several cover a pixel it takes no more than all of the colour.
    fn outlines<P: AsRef<[(f64, f64)]>>(&mut self, outlines: &[P], colour: Colour) {
        let all = || outlines.iter().flat_map(|outline| outline.as_ref());
        let curves = outlines.iter().flat_map(|outline| {
            let corners = outline.as_ref();
            let next = corners.iter().skip(1).chain(corners.first());
            corners.iter().zip(next).map(|(a, b)| OutlineCurve::Line(to_point(*a), to_point(*b)))
        });
        let (low, high) = bounds(all().copied().map(to_point));
        self.curves((low, high), curves, colour);
    }

    fn text(&mut self, text: &str, (x, y): (f64, f64), anchor: Anchor, look: TextLook, fonts: &Fonts) {
        let (glyphs, width) = fonts.layout(text, look.size, look.bold);
        let (unit, below) = fonts.metrics(look.size, look.bold);
        let begin = match anchor {
            Anchor::Left => 0.0,
            Anchor::Centre | Anchor::Turned => -width / 2.0,
            Anchor::Right => -width,
        };
        for (glyph, along) in glyphs {
            let place = |at: Point| {
                let (right, down) = (begin + along + f64::from(at.x) * unit, below - f64::from(at.y) * unit);
                match anchor {
                    Anchor::Turned => to_point((x + down, y - right)),
                    _ => to_point((x + right, y.round() + down)),
                }
            };
            let curves = fonts.outline(glyph, look.bold).into_iter().map(|curve| match curve {
                OutlineCurve::Line(a, b) => OutlineCurve::Line(place(a), place(b)),
                OutlineCurve::Quad(a, b, c) => OutlineCurve::Quad(place(a), place(b), place(c)),
                OutlineCurve::Cubic(a, b, c, d) => {
                    OutlineCurve::Cubic(place(a), place(b), place(c), place(d))
                }
            });
            let curves: Vec<_> = curves.collect();
            let box_of = bounds(curves.iter().flat_map(|curve| match *curve {
                OutlineCurve::Line(a, b) => [a, b, b, b],
                OutlineCurve::Quad(a, b, c) => [a, b, c, c],
                OutlineCurve::Cubic(a, b, c, d) => [a, b, c, d],
            }));
            self.curves(box_of, curves.into_iter(), look.colour);
        }
    }

    /// What closed curves within a box cover. A box that does not touch the picture is not drawn.
    fn curves(
        &mut self,
        (low, high): (Point, Point),
        curves: impl Iterator<Item = OutlineCurve>,
        colour: Colour,
    ) {
        let (left, top) = (low.x.floor(), low.y.floor());
        let (width, height) = ((high.x.ceil() - left) as usize + 1, (high.y.ceil() - top) as usize + 1);
        let touches =
            high.x >= 0.0 && high.y >= 0.0 && low.x <= self.width as f32 && low.y <= self.height as f32;
        if !touches || width > 2 * self.width || height > 2 * self.height {
            return;
        }
        let mut rasterizer = std::mem::replace(&mut self.rasterizer, Rasterizer::new(0, 0));
        rasterizer.reset(width, height);
        let origin = point(left, top);
        for curve in curves {
            match curve {
                OutlineCurve::Line(a, b) => rasterizer.draw_line(a - origin, b - origin),
                OutlineCurve::Quad(a, b, c) => rasterizer.draw_quad(a - origin, b - origin, c - origin),
                OutlineCurve::Cubic(a, b, c, d) => {
                    rasterizer.draw_cubic(a - origin, b - origin, c - origin, d - origin);
                }
            }
        }
        // Most of a box is not covered: where a pixel lies is asked only of those that are.
        rasterizer.for_each_pixel(|index, covered| {
            if covered >= LEAST_SHARE {
                let (column, row) =
                    (left as i64 + (index % width) as i64, top as i64 + (index / width) as i64);
                if let (Ok(column), Ok(row)) = (usize::try_from(column), usize::try_from(row)) {
                    self.blend(row, column..column + 1, covered.min(1.0), colour);
                }
            }
        });
        self.rasterizer = rasterizer;
    }

    /// Mixes a share of a colour into pixels of a row.
    #[inline]
    fn blend(&mut self, row: usize, columns: Range<usize>, share: f32, Colour(red, green, blue): Colour) {
        let share = (share * SHARES + 0.5) as i32;
        let (first, end) = (columns.start.min(self.width), columns.end.min(self.width));
        let place = |column: usize| (row * self.width + column) * CHANNELS;
        let Some(pixels) = self.pixels.get_mut(place(first)..place(end)) else { return };
        let colour = [red, green, blue];
        if share == SHARES as i32 {
            return pixels.as_chunks_mut().0.fill(colour);
        }
        for pixel in pixels.chunks_exact_mut(CHANNELS) {
            for (own, new) in pixel.iter_mut().zip(colour) {
                *own = (i32::from(*own) + (((i32::from(new) - i32::from(*own)) * share + 128) >> 8)) as u8;
            }
        }
    }
}

fn to_point((x, y): (f64, f64)) -> Point {
    point(x as f32, y as f32)
}

fn bounds(points: impl Iterator<Item = Point>) -> (Point, Point) {
    let (nowhere, anywhere) = (point(f32::MAX, f32::MAX), point(f32::MIN, f32::MIN));
    points.fold((nowhere, anywhere), |(low, high), at| {
        (point(low.x.min(at.x), low.y.min(at.y)), point(high.x.max(at.x), high.y.max(at.y)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const BLACK: Colour = Colour(0, 0, 0);

    fn drawn(shape: &Shape) -> Vec<u8> {
        let mut raster = Raster::new(40, 20);
        raster.draw(shape, Fonts::get().unwrap());
        raster.pixels().chunks(CHANNELS).map(|pixel| pixel[0]).collect()
    }

    fn ink(pixels: &[u8]) -> f64 {
        pixels.iter().map(|value| f64::from(255 - value) / 255.0).sum()
    }

    #[test]
    fn a_rectangle_covers_its_area_and_an_edge_is_mixed() {
        let pixels = drawn(&Shape::Rectangle([2.5, 3.0, 10.0, 5.25], BLACK.into()));
        assert!((ink(&pixels) - 7.5 * 2.25).abs() < 0.1, "{}", ink(&pixels));
        assert_eq!((pixels[3 * 40 + 4], pixels[3 * 40 + 11]), (0, 255));
        assert!((120..136).contains(&pixels[3 * 40 + 2]));
    }

    #[test]
    fn a_line_is_as_wide_as_said_whatever_its_direction_and_its_joints_are_not_doubled() {
        for (points, length) in
            [(vec![(5.0, 10.0), (35.0, 10.0)], 30.0), (vec![(5.0, 3.0), (20.0, 10.0), (35.0, 17.0)], 33.1)]
        {
            let pixels = drawn(&Shape::Line(points, 2.0, BLACK));
            assert!((ink(&pixels) - (length + 2.0) * 2.0).abs() < 3.0, "{}", ink(&pixels));
        }
    }

    #[test]
    fn a_line_of_many_pieces_is_as_dark_as_one_of_one() {
        let pieces = (0..31).map(|step| (5.0 + f64::from(step), 10.3)).collect();
        let of_pieces = drawn(&Shape::Line(pieces, 1.3, BLACK));
        let of_one = drawn(&Shape::Line(vec![(5.0, 10.3), (35.0, 10.3)], 1.3, BLACK));
        let apart = of_pieces.iter().zip(&of_one).map(|(a, b)| a.abs_diff(*b)).max().unwrap();
        assert!(apart <= 24, "{apart}");
    }

    #[test]
    fn what_lies_outside_is_not_drawn_and_does_no_harm() {
        for points in [
            vec![(-50.0, -50.0), (-20.0, -30.0)],
            vec![(-5.0, 10.0), (1e9, 10.0)],
            vec![(f64::NAN, 1.0), (2.0, 2.0)],
        ] {
            drawn(&Shape::Line(points, 2.0, BLACK));
        }
        drawn(&Shape::Rectangle([-1e9, -5.0, 1e9, 1e12], BLACK.into()));
    }

    #[test]
    fn bold_text_has_more_ink() {
        let [regular, bold] = [false, true].map(|bold| {
            let look = TextLook { size: 14.0, bold, colour: BLACK };
            ink(&drawn(&Shape::Text("abc".to_owned(), (2.0, 10.0), Anchor::Left, look)))
        });
        assert!(regular > 10.0 && bold > regular * 1.1, "{regular} {bold}");
    }
}

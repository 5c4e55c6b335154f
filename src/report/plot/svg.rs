//! Shapes as SVG. Text is drawn by outlines, so that it needs no font, and lies over them once more, unseen, to be searched
//! and copied.

use std::collections::BTreeSet;
use std::fmt::{self, Write};

use ab_glyph::{GlyphId, OutlineCurve};

use super::canvas::{Anchor, Shape, TextLook};
use super::font::Fonts;

/// The whole document.
pub(super) fn svg(shapes: &[Shape], (width, height): (u32, u32), fonts: &Fonts) -> String {
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _ = write_svg(&mut out, shapes, (width, height), fonts);
    out
}

fn write_svg(out: &mut String, shapes: &[Shape], (width, height): (u32, u32), fonts: &Fonts) -> fmt::Result {
    writeln!(
        out,
        "<svg width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" xmlns=\"http://www.w3.org/2000/svg\">"
    )?;
    let mut glyphs = BTreeSet::new();
    for shape in shapes {
        if let Shape::Text(text, _, _, look) = shape {
            let (own, _) = fonts.layout(text, look.size, look.bold);
            glyphs.extend(own.into_iter().map(|(glyph, _)| (look.bold, glyph)));
        }
    }
    writeln!(out, "<defs>")?;
    for (bold, glyph) in glyphs {
        let curves = fonts.outline(glyph, bold);
        if !curves.is_empty() {
            write!(out, "<path id=\"{}\" d=\"", id(bold, glyph))?;
            outline(out, &curves)?;
            writeln!(out, "\"/>")?;
        }
    }
    writeln!(out, "</defs>")?;
    shapes.iter().try_for_each(|shape| write_shape(out, shape, fonts))?;
    writeln!(out, "</svg>")
}

fn write_shape(out: &mut String, shape: &Shape, fonts: &Fonts) -> fmt::Result {
    match shape {
        Shape::Rectangle([left, top, right, bottom], paint) => {
            let (width, height) = ((right - left).max(0.0), (bottom - top).max(0.0));
            write!(out, "<rect x=\"{left:.2}\" y=\"{top:.2}\" width=\"{width:.2}\" height=\"{height:.2}\" ")?;
            writeln!(out, "opacity=\"{}\" fill=\"{}\"/>", paint.opacity, paint.colour)
        }
        Shape::Line(points, width, colour) => {
            write!(
                out,
                "<polyline fill=\"none\" stroke=\"{colour}\" stroke-width=\"{width}\" stroke-linecap=\"square\" points=\""
            )?;
            corners(out, points)?;
            writeln!(out, "\"/>")
        }
        Shape::Polygon(points, colour) => {
            write!(out, "<polygon fill=\"{colour}\" points=\"")?;
            corners(out, points)?;
            writeln!(out, "\"/>")
        }
        Shape::Dot((x, y), radius, colour) => {
            writeln!(out, "<circle cx=\"{x:.2}\" cy=\"{y:.2}\" r=\"{radius:.2}\" fill=\"{colour}\"/>")
        }
        Shape::Text(text, at, anchor, look) => write_text(out, text, *at, *anchor, *look, fonts),
    }
}

fn write_text(
    out: &mut String,
    text: &str,
    (x, y): (f64, f64),
    anchor: Anchor,
    look: TextLook,
    fonts: &Fonts,
) -> fmt::Result {
    let (glyphs, width) = fonts.layout(text, look.size, look.bold);
    let (unit, below) = fonts.metrics(look.size, look.bold);
    let begin = match anchor {
        Anchor::Left => 0.0,
        Anchor::Centre | Anchor::Turned => -width / 2.0,
        Anchor::Right => -width,
    };
    let turn = if anchor == Anchor::Turned { " rotate(-90)" } else { "" };
    let colour = look.colour;
    write!(out, "<g transform=\"translate({x:.2} {y:.2}){turn} translate({begin:.2} {below:.2})\">")?;
    write!(out, "<g aria-hidden=\"true\" fill=\"{colour}\" transform=\"scale({unit:.6} {:.6})\">", -unit)?;
    for (glyph, along) in glyphs {
        write!(out, "<use href=\"#{}\" x=\"{:.0}\"/>", id(look.bold, glyph), along / unit)?;
    }
    let escaped = text.chars().map(|c| match c {
        '&' => "&amp;".to_owned(),
        '<' => "&lt;".to_owned(),
        '>' => "&gt;".to_owned(),
        c if c.is_control() => '\u{fffd}'.to_string(),
        c => c.to_string(),
    });
    let escaped: String = escaped.collect();
    writeln!(
        out,
        "</g><text fill-opacity=\"0\" font-family=\"sans-serif\" font-size=\"{:.1}\" textLength=\"{width:.1}\" \
         lengthAdjust=\"spacingAndGlyphs\">{escaped}</text></g>",
        look.size * 0.73
    )
}

fn id(bold: bool, glyph: GlyphId) -> String {
    format!("{}{}", if bold { 'b' } else { 'r' }, glyph.0)
}

fn corners(out: &mut String, points: &[(f64, f64)]) -> fmt::Result {
    points.iter().try_for_each(|(x, y)| write!(out, "{x:.1},{y:.1} "))
}

/// Curves that follow each other are one part of the path.
fn outline(out: &mut String, curves: &[OutlineCurve]) -> fmt::Result {
    let mut last = None;
    for curve in curves {
        let (from, to) = match curve {
            OutlineCurve::Line(a, b) | OutlineCurve::Quad(a, _, b) | OutlineCurve::Cubic(a, _, _, b) => {
                (*a, *b)
            }
        };
        if last != Some(from) {
            write!(out, "M{:.0} {:.0}", from.x, from.y)?;
        }
        match curve {
            OutlineCurve::Line(..) => write!(out, "L{:.0} {:.0}", to.x, to.y)?,
            OutlineCurve::Quad(_, b, _) => write!(out, "Q{:.0} {:.0} {:.0} {:.0}", b.x, b.y, to.x, to.y)?,
            OutlineCurve::Cubic(_, b, c, _) => {
                write!(out, "C{:.0} {:.0} {:.0} {:.0} {:.0} {:.0}", b.x, b.y, c.x, c.y, to.x, to.y)?;
            }
        }
        last = Some(to);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::plot::colour::Colour;

    #[test]
    fn text_of_strangers_is_no_markup_and_is_drawn_without_a_font() {
        let look = TextLook { size: 15.0, bold: false, colour: Colour(0, 0, 0) };
        let shape = Shape::Text("<script>&\u{7}".to_owned(), (0.0, 0.0), Anchor::Left, look);
        let document = svg(&[shape], (10, 10), Fonts::get().unwrap());
        let parsed = roxmltree::Document::parse(&document).unwrap();
        let count = |name: &str| parsed.descendants().filter(|node| node.has_tag_name(name)).count();
        assert_eq!((count("script"), count("use")), (0, 10));
        assert!(count("path") >= 8 && document.contains("&lt;script&gt;&amp;\u{fffd}"));
    }
}

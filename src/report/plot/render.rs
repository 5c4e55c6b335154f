//! A figure as PNG or SVG.

use std::io::Write;

use super::canvas::{Canvas, Shape};
use super::compare_figure::CompareFigure;
use super::draw::draw;
use super::draw_compare::draw_compare;
use super::draw_sweep::draw_sweep;
use super::error::PlotError;
use super::figure::Figure;
use super::font::Fonts;
use super::raster::Raster;
use super::sheet::{HEIGHT, WIDTH};
use super::svg;
use super::sweep_figure::SweepFigure;

/// What can be drawn on a canvas.
trait Drawable {
    fn draw(&self, canvas: &Canvas);
}

impl Drawable for Figure {
    fn draw(&self, canvas: &Canvas) {
        draw(self, canvas);
    }
}

impl Drawable for CompareFigure {
    fn draw(&self, canvas: &Canvas) {
        draw_compare(self, canvas);
    }
}

impl Drawable for SweepFigure {
    fn draw(&self, canvas: &Canvas) {
        draw_sweep(self, canvas);
    }
}

/// Writes the figure of a sweep as PNG, 1600 × 960.
///
/// # Errors
/// Those of the writer and of the drawing.
pub fn render_sweep_png(figure: &SweepFigure, writer: impl Write) -> Result<(), PlotError> {
    png(figure, writer)
}

/// Writes the figure of a sweep as SVG.
///
/// # Errors
/// Those of the writer and of the drawing.
pub fn render_sweep_svg(figure: &SweepFigure, writer: impl Write) -> Result<(), PlotError> {
    svg(figure, writer)
}

/// Writes a figure as PNG, 1600 × 960.
///
/// # Errors
/// Those of the writer and of the drawing.
pub fn render_png(figure: &Figure, writer: impl Write) -> Result<(), PlotError> {
    png(figure, writer)
}

/// Writes a figure as SVG.
///
/// # Errors
/// Those of the writer and of the drawing.
pub fn render_svg(figure: &Figure, writer: impl Write) -> Result<(), PlotError> {
    svg(figure, writer)
}

/// Writes the figure of a comparison as PNG, 1600 × 960.
///
/// # Errors
/// Those of the writer and of the drawing.
pub fn render_compare_png(figure: &CompareFigure, writer: impl Write) -> Result<(), PlotError> {
    png(figure, writer)
}

/// Writes the figure of a comparison as SVG.
///
/// # Errors
/// Those of the writer and of the drawing.
pub fn render_compare_svg(figure: &CompareFigure, writer: impl Write) -> Result<(), PlotError> {
    svg(figure, writer)
}

fn png(figure: &impl Drawable, writer: impl Write) -> Result<(), PlotError> {
    let fonts = Fonts::get()?;
    let mut raster = Raster::new(WIDTH as usize, HEIGHT as usize);
    shapes(figure, fonts)?.iter().for_each(|shape| raster.draw(shape, fonts));
    let mut encoder = png::Encoder::new(writer, WIDTH, HEIGHT);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Fast);
    // One filter for all rows: a third of the time of trying each, for 4 % more bytes.
    encoder.set_filter(png::Filter::Paeth);
    let mut image = encoder.write_header().map_err(PlotError::png)?;
    image.write_image_data(raster.pixels()).map_err(PlotError::png)?;
    Ok(())
}

fn svg(figure: &impl Drawable, mut writer: impl Write) -> Result<(), PlotError> {
    let fonts = Fonts::get()?;
    let document = svg::svg(&shapes(figure, fonts)?, (WIDTH, HEIGHT), fonts);
    Ok(writer.write_all(document.as_bytes())?)
}

fn shapes(figure: &impl Drawable, fonts: &'static Fonts) -> Result<Vec<Shape>, PlotError> {
    let canvas = Canvas::new((WIDTH, HEIGHT), fonts);
    figure.draw(&canvas);
    canvas.into_shapes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use remb::bwe::BandwidthUsage;

    fn figure() -> Figure {
        let mut figure = Figure::new();
        figure.set_title(&["call.pcap".to_owned(), "a test".to_owned()]);
        for k in 0..500 {
            let seconds = f64::from(k) * 0.1;
            figure.rates(seconds, Some(1e6 + f64::from(k % 7) * 1e4), (k > 50).then_some(9e5));
            figure.gradient(
                seconds,
                f64::from(k % 20) - 10.0,
                6.0,
                if k % 50 < 5 { BandwidthUsage::Overusing } else { BandwidthUsage::Normal },
            );
            if k % 10 == 0 {
                figure.remb(seconds, 9e5);
            }
        }
        figure
    }

    #[test]
    fn a_png_has_its_size_and_its_colours_and_is_the_same_each_time() {
        let render = || {
            let mut bytes = Vec::new();
            render_png(&figure(), &mut bytes).unwrap();
            bytes
        };
        let bytes = render();
        assert_eq!(bytes, render());
        let decoder = png::Decoder::new(std::io::Cursor::new(bytes));
        let mut reader = decoder.read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        assert_eq!((info.width, info.height), (WIDTH, HEIGHT));
        let blue = pixels.chunks(3).filter(|pixel| pixel[2] > 150 && pixel[0] < 40).count();
        assert!(blue > 1000, "{blue} blue pixels of the estimate");
    }

    #[test]
    fn an_empty_figure_says_so() {
        let mut svg = Vec::new();
        render_svg(&Figure::new(), &mut svg).unwrap();
        assert!(String::from_utf8(svg).unwrap().contains("no estimate"));
    }

    fn comparison(error: f64) -> CompareFigure {
        let mut figure = CompareFigure::new(60.0);
        figure.set_title(&["call.pcap".to_owned(), "a test".to_owned()]);
        for second in 0..60 {
            let seconds = f64::from(second);
            figure.recorded(seconds, 1e6);
            figure.replayed(seconds, 1e6 * (1.0 + error));
            figure.band((seconds, seconds + 1.0), 9e5, 1.1e6);
            figure.error((seconds, seconds + 1.0), error);
        }
        figure
    }

    fn svg_of(figure: &CompareFigure) -> String {
        let mut bytes = Vec::new();
        render_compare_svg(figure, &mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_comparison_marks_what_is_apart_and_what_is_beyond_the_range() {
        let shades = |figure: &CompareFigure| svg_of(figure).matches("fill=\"#E69F00\"").count();
        let (near, apart) = (comparison(0.049), comparison(-0.051));
        assert_eq!((shades(&near), shades(&apart)), (2, 4), "two in the legends, one in each panel");
        assert!(!svg_of(&apart).contains("beyond the range"));
        let far = svg_of(&comparison(3.2));
        assert!(far.contains("beyond the range") && far.contains("+320 %"));
    }

    #[test]
    fn a_comparison_without_a_side_says_so() {
        let mut figure = CompareFigure::new(10.0);
        assert!(svg_of(&figure).contains("no REMB was recorded, and none replayed"));
        figure.recorded(1.0, 1e6);
        assert!(svg_of(&figure).contains("no REMB was replayed"));
        let mut png = Vec::new();
        render_compare_png(&figure, &mut png).unwrap();
        assert!(png.starts_with(b"\x89PNG"));
    }
}

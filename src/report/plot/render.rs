//! A figure as PNG or SVG. The PNG is drawn at twice its size and averaged down, for crisp text.

use std::io::Write;
use std::sync::OnceLock;

use plotters::prelude::{BitMapBackend, DrawingBackend, IntoDrawingArea, SVGBackend};
use plotters::style::{FontStyle, register_font};

use super::canvas::Canvas;
use super::compare_figure::CompareFigure;
use super::draw::draw;
use super::draw_compare::draw_compare;
use super::draw_sweep::draw_sweep;
use super::error::PlotError;
use super::figure::Figure;
use super::sheet::{HEIGHT, WIDTH};
use super::sweep_figure::SweepFigure;

const OVERSAMPLING: u32 = 2;
const CHANNELS: usize = 3;

/// What can be drawn on a canvas, whatever the backend.
trait Drawable {
    fn draw<B: DrawingBackend>(&self, canvas: &Canvas<'_, B>) -> Result<(), PlotError>;
}

impl Drawable for Figure {
    fn draw<B: DrawingBackend>(&self, canvas: &Canvas<'_, B>) -> Result<(), PlotError> {
        draw(self, canvas)
    }
}

impl Drawable for CompareFigure {
    fn draw<B: DrawingBackend>(&self, canvas: &Canvas<'_, B>) -> Result<(), PlotError> {
        draw_compare(self, canvas)
    }
}

impl Drawable for SweepFigure {
    fn draw<B: DrawingBackend>(&self, canvas: &Canvas<'_, B>) -> Result<(), PlotError> {
        draw_sweep(self, canvas)
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
    register_fonts()?;
    let (width, height) = (WIDTH * OVERSAMPLING, HEIGHT * OVERSAMPLING);
    let mut pixels = vec![0xff; width as usize * height as usize * CHANNELS];
    {
        let area = BitMapBackend::with_buffer(&mut pixels, (width, height)).into_drawing_area();
        figure.draw(&Canvas { area: &area, scale: f64::from(OVERSAMPLING) })?;
        area.present().map_err(PlotError::drawing)?;
    }
    let averaged = average_in_place(&mut pixels, width as usize);
    let mut encoder = png::Encoder::new(writer, WIDTH, HEIGHT);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Balanced);
    let mut image = encoder.write_header().map_err(PlotError::png)?;
    let mut stream = image.stream_writer_with_size(1 << 16).map_err(PlotError::png)?;
    stream.write_all(averaged)?;
    stream.finish().map_err(PlotError::png)?;
    Ok(())
}

fn svg(figure: &impl Drawable, mut writer: impl Write) -> Result<(), PlotError> {
    register_fonts()?;
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, (WIDTH, HEIGHT)).into_drawing_area();
        figure.draw(&Canvas { area: &area, scale: 1.0 })?;
        area.present().map_err(PlotError::drawing)?;
    }
    writer.write_all(svg.as_bytes())?;
    Ok(())
}

/// The font is part of the program, so that pictures are the same everywhere.
pub(super) fn register_fonts() -> Result<(), PlotError> {
    static REGISTERED: OnceLock<bool> = OnceLock::new();
    let registered = REGISTERED.get_or_init(|| {
        register_font("sans-serif", FontStyle::Normal, notosans::REGULAR_TTF).is_ok()
            && register_font("sans-serif", FontStyle::Bold, notosans::BOLD_TTF).is_ok()
    });
    if *registered { Ok(()) } else { Err(PlotError::Drawing("the font is damaged".to_owned())) }
}

/// Every 2 × 2 pixels become one, at the buffer's beginning.
fn average_in_place(pixels: &mut [u8], width: usize) -> &[u8] {
    let row_len = width * CHANNELS;
    let rows = pixels.len() / row_len / 2;
    let mut written = 0;
    for row in 0..rows {
        for column in 0..width / 2 {
            for channel in 0..CHANNELS {
                let at = 2 * row * row_len + 2 * column * CHANNELS + channel;
                let four = [at, at + CHANNELS, at + row_len, at + row_len + CHANNELS];
                let sum: u16 =
                    four.iter().filter_map(|at| pixels.get(*at)).map(|value| u16::from(*value)).sum();
                if let Some(pixel) = pixels.get_mut(written) {
                    *pixel = ((sum + 2) / 4) as u8;
                }
                written += 1;
            }
        }
    }
    pixels.get(..written).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::plot::Usage;

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
                if k % 50 < 5 { Usage::Overuse } else { Usage::Normal },
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

    #[test]
    fn averaging_keeps_a_plain_colour_and_mixes_an_edge() {
        let mut pixels = vec![200; 4 * 2 * CHANNELS];
        pixels[..CHANNELS].fill(0);
        assert_eq!(average_in_place(&mut pixels, 4), [150, 150, 150, 200, 200, 200]);
    }
}

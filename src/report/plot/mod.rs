//! The pictures of a flow and of a comparison: data gathered as the replay goes, in memory that does not grow with the
//! capture; drawn last.

mod axis;
mod backend;
mod canvas;
mod colour;
mod columns;
mod compare_figure;
mod draw;
mod draw_compare;
mod draw_path;
mod draw_sweep;
mod error;
mod figure;
mod font;
mod raster;
mod render;
mod sheet;
mod svg;
mod sweep_figure;

pub use compare_figure::CompareFigure;
pub use error::PlotError;
pub use figure::{Figure, Silence};
pub use render::{
    render_compare_png, render_compare_svg, render_png, render_svg, render_sweep_png, render_sweep_svg,
};
pub use sweep_figure::{MAX_BEST, MAX_PANELS, OverlayPanel, SweepContent, SweepFigure};

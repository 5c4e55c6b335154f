//! The pictures of a flow and of a comparison: data gathered as the replay goes, in memory that does not grow with the
//! capture; drawn last.

mod axis;
mod canvas;
mod columns;
mod compare_figure;
mod draw;
mod draw_compare;
mod draw_sweep;
mod error;
mod figure;
mod render;
mod sheet;
mod sweep_figure;

pub use compare_figure::CompareFigure;
pub use error::PlotError;
pub use figure::{Figure, Usage};
pub use render::{
    render_compare_png, render_compare_svg, render_png, render_svg, render_sweep_png, render_sweep_svg,
};
pub use sweep_figure::{MAX_BEST, MAX_PANELS, OverlayPanel, SweepContent, SweepFigure};

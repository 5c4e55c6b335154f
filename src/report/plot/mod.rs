//! The pictures of a flow and of a comparison: data gathered as the replay goes, in memory that does not grow with the
//! capture; drawn last.

mod axis;
mod canvas;
mod columns;
mod compare_figure;
mod draw;
mod draw_compare;
mod figure;
mod render;
mod sheet;

pub use compare_figure::CompareFigure;
pub use figure::{Figure, Usage};
pub use render::{PlotError, render_compare_png, render_compare_svg, render_png, render_svg};

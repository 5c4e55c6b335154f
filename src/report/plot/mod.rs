//! The picture of a flow: data gathered as the replay goes, in memory that does not grow with the capture; drawn last.

mod axis;
mod canvas;
mod columns;
mod draw;
mod figure;
mod render;

pub use figure::{Figure, Usage};
pub use render::{PlotError, render_png, render_svg};

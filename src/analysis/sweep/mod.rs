//! A grid of parameters over captures: which points there are, and how well each does.

mod grid;
mod score;

pub use grid::{Axis, Grid, GridError, MAX_POINTS};
pub use score::{Distance, Score, mean, rank};

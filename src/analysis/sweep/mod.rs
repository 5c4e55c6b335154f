//! A grid of parameters over captures: which points there are, and how well each does.

mod flows;
mod grid;
mod json;
mod points;
mod ranking;
mod rows;
mod score;
mod text;

pub use flows::{Against, SweptCapture, SweptFlow, SweptFlows};
pub use grid::{Axis, Grid, GridError, MAX_POINTS};
pub use points::{Points, SweptPoint};
pub use ranking::{Origin, Ranking, ScoredFlow};
pub use score::{Distance, Score, mean, rank};
pub use text::OPEN_LOOP;

//! What is made of replays: two series held against each other, a grid of parameters ranked, recorded cases checked.
//!
//! On outcomes, series and texts that somebody else read. Nothing here knows of flags, opens a file or prints.

pub mod check;
pub mod compare;
pub mod series;
pub mod sweep;
pub mod tables;
pub mod twice;

//! The page: one HTML file that works from disk, offline, with every row of a replay in it, to zoom.
//!
//! A [`FlowPage`] takes a flow's rows as the replay goes, in columns of small numbers. [`write_page`] puts them, compressed,
//! and the summary into a document, together with the scripts beside this file and the plotting library.

mod document;
mod flow_page;
mod packed;
mod pages;
mod rembs;
mod row;
mod rows;
mod thin;

pub use document::{PageContent, write_page};
pub use flow_page::{Band, FlowPage};
pub use pages::Pages;
pub use row::Row;

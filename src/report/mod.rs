//! What is written: each format serialises plain data into a writer that somebody else opened.

pub mod codes;
pub mod csv;
pub mod decimal;
mod inspect_text;
pub mod pcap;
#[cfg(feature = "plot")]
pub mod plot;
pub mod summary;
mod summary_text;

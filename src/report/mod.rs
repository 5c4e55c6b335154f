//! What is written: each format serialises plain data into a writer that somebody else opened.
//!
//! ```
//! use remb_replay::capture::Capture;
//! use remb_replay::report::csv::CsvTable;
//! use remb_replay::report::summary::Flow;
//! use remb_replay::report::tables::write_streams;
//!
//! let capture = Capture::open("testdata/captures/s03-steps-audio.pcap.gz")?;
//! let outcome = remb_replay::replay(capture, &Default::default())?.rembs(|_, _, _| {})?;
//! let (flows, mut table) = (outcome.flows.iter().map(Flow::from).collect::<Vec<_>>(), CsvTable::new(Vec::new()));
//! write_streams(&mut table, &flows, false)?;
//! assert!(String::from_utf8(table.into_inner())?.lines().count() > 2);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod codes;
pub mod columns;
pub mod convert;
pub mod csv;
pub mod decimal;
mod doubt_text;
mod event_text;
pub mod events;
mod evidence_text;
pub mod explain;
pub mod fleet;
mod halved;
pub mod inference_text;
mod inspect_text;
pub mod kind;
mod log_text;
pub mod merge;
mod no_frame;
pub mod page;
#[cfg(feature = "parquet")]
pub mod parquet;
pub mod pcap;
pub mod pcapng;
#[cfg(feature = "plot")]
pub mod plot;
pub mod ranking;
mod receivers;
pub mod rows;
pub mod summary;
mod summary_text;
pub mod table;
pub mod tables;
pub mod title;
mod unusable_text;
mod verdict_text;
pub mod views;

pub use no_frame::no_frame;

/// A number of things, the one thing without its s.
pub fn counted(count: u64, things: &str) -> String {
    match count {
        1 => format!("1 {}", things.strip_suffix('s').unwrap_or(things)),
        _ => format!("{count} {things}"),
    }
}

/// The kind of a stream of retransmissions.
pub(crate) const RTX: &str = "rtx";

#[cfg(test)]
mod tests {
    use super::counted;

    #[test]
    fn one_thing_is_not_two_things() {
        assert_eq!(
            (counted(1, "frames"), counted(0, "frames")),
            ("1 frame".to_owned(), "0 frames".to_owned())
        );
    }
}

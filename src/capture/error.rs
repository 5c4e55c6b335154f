//! Why a capture is not read, or not to its end.

use std::io;

use crate::units::FrameNumber;

/// Why reading ended before the capture did. What was read before stands.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CaptureError {
    /// The first bytes are those of no capture.
    #[error("not a capture (neither pcap, pcapng nor a log that is read): {0}")]
    NotACapture(String),
    /// The bytes could not be read.
    #[error("cannot be read after byte {offset}: {source}")]
    Io {
        /// Bytes read before, decompressed.
        offset: u64,
        /// Why.
        source: io::Error,
    },
    /// The file ends inside a record.
    #[error("cut off in frame {frame} at byte {offset}")]
    CutOff {
        /// The frame that is not whole.
        frame: FrameNumber,
        /// Where its record starts, decompressed.
        offset: u64,
    },
    /// A log of a kind that is not read.
    #[error("a WebRTC event log {0}")]
    UnreadLog(String),
    /// The log has no such session.
    #[error("has no session {wanted}: {sessions} in all")]
    NoSuchSession {
        /// Its number, from 1.
        wanted: usize,
        /// So many there are.
        sessions: usize,
    },
    /// A session was asked for of what has none.
    #[error("has no session {wanted}: only a WebRTC event log has sessions, and this is {format}")]
    NoSessions {
        /// Its number, from 1.
        wanted: usize,
        /// What it is.
        format: String,
    },
    /// A log that ends inside a record.
    #[error("cut off in record {record} at byte {offset}")]
    CutOffRecord {
        /// The record that is not whole, from 1.
        record: u64,
        /// Where it starts, decompressed.
        offset: u64,
    },
    /// A record of a log that makes no sense, and with it all that follows.
    #[error("damaged at record {record}, byte {offset}: {what}")]
    DamagedRecord {
        /// The record, from 1.
        record: u64,
        /// Where it starts, decompressed.
        offset: u64,
        /// What is wrong.
        what: String,
    },
    /// Records of a log that make no sense each by itself; all others were read.
    #[error(
        "{count} of its records are damaged and left out, the first is record {record} at byte {offset}: {what}"
    )]
    DamagedRecords {
        /// How many.
        count: u64,
        /// The first, from 1.
        record: u64,
        /// Where it starts, decompressed.
        offset: u64,
        /// What is wrong with it.
        what: String,
    },
    /// A compressed file that grows without end.
    #[error("decompresses to more than {times} times its size: given up at byte {offset}")]
    Expansion {
        /// Bytes given out before, decompressed.
        offset: u64,
        /// What is allowed.
        times: u64,
    },
    /// A record that makes no sense, and with it all that follows.
    #[error("damaged at frame {frame}, byte {offset}: {what}")]
    Damaged {
        /// The frame whose record it would be.
        frame: FrameNumber,
        /// Where its record starts, decompressed.
        offset: u64,
        /// What is wrong.
        what: String,
    },
}

//! Reference traces: packets in, state rows and REMBs as libwebrtc computed them.
#![allow(
    dead_code,
    clippy::panic,
    clippy::unwrap_used,
    reason = "each test uses its part, and fails by panicking"
)]

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use remb_replay::bwe::PacketArrival;
use remb_replay::units::{AbsSendTime, AbsSendTimeElement, DataSize, Ssrc, Timestamp};

/// A folder of `testdata`.
pub(crate) fn testdata(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata").join(folder)
}

pub(crate) const SUFFIXES: [&str; 3] = ["csv", "csv.gz", "csv.zst"];

/// The file `NAME.PART.csv` in any of the forms it may have.
pub(crate) fn find(folder: &Path, name: &str, part: &str) -> Option<PathBuf> {
    SUFFIXES.iter().map(|suffix| folder.join(format!("{name}.{part}.{suffix}"))).find(|path| path.is_file())
}

/// A file's content, decompressed by its suffix.
pub(crate) fn read(path: &Path) -> Vec<u8> {
    let file = BufReader::new(File::open(path).unwrap_or_else(|error| panic!("{}: {error}", path.display())));
    let mut reader: Box<dyn Read> = match path.extension().and_then(|extension| extension.to_str()) {
        Some("gz") => Box::new(flate2::read::MultiGzDecoder::new(file)),
        Some("zst") => Box::new(ruzstd::decoding::StreamingDecoder::new(file).unwrap()),
        _ => Box::new(file),
    };
    let mut content = Vec::new();
    reader.read_to_end(&mut content).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    content
}

/// The rows of a CSV file; `heading` says whether the first line names the columns.
pub(crate) fn rows(path: &Path, heading: bool) -> Vec<csv::StringRecord> {
    let content = read(path);
    let mut reader = csv::ReaderBuilder::new().has_headers(heading).from_reader(&content[..]);
    reader.records().map(|row| row.unwrap_or_else(|error| panic!("{}: {error}", path.display()))).collect()
}

/// The packets of a trace.
pub(crate) fn packets(path: &Path) -> Vec<PacketArrival> {
    rows(path, true).iter().map(packet).collect()
}

fn packet(row: &csv::StringRecord) -> PacketArrival {
    let at = Timestamp::from_micros(row[0].parse().unwrap());
    PacketArrival {
        at,
        now: if row[7].is_empty() { at } else { Timestamp::from_micros(row[7].parse().unwrap()) },
        ssrc: Ssrc(row[1].parse().unwrap()),
        send_time: row[3].parse().map_or(AbsSendTimeElement::Absent, |raw| AbsSendTime::from_raw(raw).into()),
        rtp_timestamp: row[2].parse().unwrap(),
        transmission_offset: row[4].parse().unwrap_or(0),
        size: DataSize::from_bytes(row[5].parse().unwrap()),
    }
}

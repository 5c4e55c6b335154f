//! A file's bytes, decompressed if they ask for it.

use std::io::Read;

use flate2::read::MultiGzDecoder;

use super::buffer::{CountingReader, FillBuffer};
use super::{CaptureError, zstd};

const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// The first bytes of a file, at most so many; decompressed, if they ask for it.
///
/// # Errors
/// If they cannot be read.
pub fn first_bytes(source: Box<dyn Read + Send>, most: usize) -> Result<Vec<u8>, CaptureError> {
    let (mut buffer, _) = unpacked(source)?;
    let start = buffer.peek(most)?;
    Ok(start.get(..most).unwrap_or(start).to_vec())
}

/// A file's bytes, decompressed, and the compression.
pub(super) fn unpacked(
    source: Box<dyn Read + Send>,
) -> Result<(FillBuffer, Option<&'static str>), CaptureError> {
    let counting = CountingReader::new(source);
    let bytes_read = counting.counter();
    let mut buffer = FillBuffer::new(Box::new(counting), bytes_read);
    let compression = match buffer.peek(4)? {
        start if start.starts_with(&GZIP_MAGIC) => Some("gzip"),
        start if zstd::is_zstd(start) => Some("zstd"),
        _ => None,
    };
    if let Some(compression) = compression {
        buffer = buffer.decompressed(|raw| decoder(compression, raw));
    }
    Ok((buffer, compression))
}

fn decoder(compression: &'static str, raw: Box<dyn Read + Send>) -> Box<dyn Read + Send> {
    match compression {
        "gzip" => Box::new(MultiGzDecoder::new(raw)),
        _ => Box::new(zstd::ZstdReader::new(raw)),
    }
}

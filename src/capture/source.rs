//! Where a capture comes from.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::{CaptureError, CaptureReader};

/// A capture that is not read yet: a file, which can be read again, or a stream of bytes, which cannot.
pub struct Capture(Source);

enum Source {
    File(PathBuf, File),
    Stream(Box<dyn Read + Send>),
}

impl Capture {
    /// A file by its path. A pipe is read as a stream.
    ///
    /// # Errors
    /// If it cannot be opened.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, CaptureError> {
        let io = |source| CaptureError::Io { offset: 0, source };
        let path = path.as_ref();
        let file = File::open(path).map_err(io)?;
        Ok(match file.metadata().map_err(io)?.is_file() {
            true => Self(Source::File(path.to_owned(), file)),
            false => Self(Source::Stream(Box::new(file))),
        })
    }

    /// Bytes from anywhere.
    pub fn from_reader(reader: impl Read + Send + 'static) -> Self {
        Self(Source::Stream(Box::new(reader)))
    }

    /// The same file once more; `None` of a stream.
    ///
    /// # Errors
    /// If it cannot be opened any more.
    pub fn again(&self) -> Result<Option<Self>, CaptureError> {
        match &self.0 {
            Source::File(path, _) => Self::open(path).map(Some),
            Source::Stream(_) => Ok(None),
        }
    }

    /// Looks at the first bytes.
    ///
    /// # Errors
    /// If these are no capture, or cannot be read.
    pub fn into_reader(self) -> Result<CaptureReader, CaptureError> {
        match self.0 {
            Source::File(_, file) => CaptureReader::new(Box::new(file)),
            Source::Stream(stream) => CaptureReader::new(stream),
        }
    }
}

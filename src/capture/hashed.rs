//! A capture's file that is hashed as it is read, and only until somebody ends it.

use std::fs::{self, File};
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use sha2::{Digest, Sha256};

/// Bytes that are read at once where they are only hashed.
const AT_ONCE: usize = 1 << 17;

/// A SHA-256 that grows as its input is read; clones are the same one.
#[derive(Debug, Clone, Default)]
pub struct SharedHash(Arc<Mutex<(Sha256, u64)>>);

impl SharedHash {
    /// What is read goes into the hash.
    pub fn reading<R: Read>(&self, reader: R) -> Hashing<R> {
        Hashing { reader, hash: self.clone() }
    }

    /// Of the bytes so far, hexadecimal.
    pub fn hex(&self) -> String {
        hex(self.0.lock().map(|hash| hash.0.clone()).unwrap_or_default())
    }

    fn bytes(&self) -> u64 {
        self.0.lock().map_or(0, |hash| hash.1)
    }
}

/// The SHA-256 of these bytes, hexadecimal.
pub fn sha256(bytes: impl AsRef<[u8]>) -> String {
    hex(Sha256::new_with_prefix(bytes))
}

fn hex(hash: Sha256) -> String {
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A reader whose bytes are hashed.
#[derive(Debug)]
pub struct Hashing<R> {
    reader: R,
    hash: SharedHash,
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(buffer)?;
        if let Ok(mut hash) = self.hash.0.lock() {
            hash.0.update(buffer.get(..read).unwrap_or_default());
            hash.1 += read as u64;
        }
        Ok(read)
    }
}

/// Whether a reading is to end.
type IsOver = Arc<dyn Fn() -> bool + Send + Sync>;

/// The file of one capture. What is no file is not opened: a pipe may never answer.
pub struct HashedFile {
    path: PathBuf,
    is_over: IsOver,
    hash: Option<SharedHash>,
}

impl HashedFile {
    /// By its path; `is_over` is asked before each piece of it is read.
    pub fn new(path: &Path, is_over: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        Self { path: path.to_owned(), is_over: Arc::new(is_over), hash: None }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its bytes from the beginning, hashed the first time.
    ///
    /// # Errors
    /// If it is no file, or cannot be opened. To read is an error once it is over.
    pub fn open(&mut self) -> io::Result<Box<dyn Read + Send>> {
        let file = self.opened()?;
        Ok(match &self.hash {
            Some(_) => Box::new(file),
            None => Box::new(self.hash.insert(SharedHash::default()).reading(file)),
        })
    }

    /// SHA-256 of the whole file, hexadecimal; what was not read of it is read now.
    ///
    /// # Errors
    /// If it is no file, cannot be read, or is over before its end.
    pub fn sha256(&mut self) -> io::Result<String> {
        let hash = self.hash.take().unwrap_or_default();
        let mut rest = self.opened()?;
        rest.file.seek(SeekFrom::Start(hash.bytes()))?;
        io::copy(&mut BufReader::with_capacity(AT_ONCE, hash.reading(rest)), &mut io::sink())?;
        Ok(hash.hex())
    }

    fn opened(&self) -> io::Result<Ending> {
        let metadata = fs::metadata(&self.path)?;
        if metadata.is_dir() {
            return Err(io::Error::other("a folder that cannot be read"));
        }
        if !metadata.is_file() {
            return Err(io::Error::other("no file but a pipe, socket or device: only files are read here"));
        }
        Ok(Ending { file: File::open(&self.path)?, is_over: Arc::clone(&self.is_over) })
    }
}

/// Ends when the time has come: a reader that skips what it reads asks nobody else.
struct Ending {
    file: File,
    is_over: IsOver,
}

impl Read for Ending {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if (self.is_over)() {
            return Err(io::Error::other("given up"));
        }
        self.file.read(buffer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicBool, Ordering};

    #[test]
    fn the_hash_is_of_the_whole_file_wherever_its_reading_ended() {
        let path = "testdata/captures/s14-reorder.pcap.gz";
        let whole = sha256(fs::read(path).unwrap());
        for first in [None, Some(0), Some(1000), Some(u64::MAX)] {
            let mut file = HashedFile::new(Path::new(path), || false);
            for read in first.into_iter().chain([500]) {
                io::copy(&mut file.open().unwrap().take(read), &mut io::sink()).unwrap();
            }
            assert_eq!(file.sha256().unwrap(), whole, "{first:?}");
        }
        assert_eq!(sha256("abc")[..8], *"ba7816bf", "FIPS 180-4");
    }

    #[test]
    fn nothing_is_read_once_it_is_over() {
        static IS_OVER: AtomicBool = AtomicBool::new(false);
        let path = Path::new("testdata/captures/s14-reorder.pcap.gz");
        let mut file = HashedFile::new(path, || IS_OVER.load(Ordering::Relaxed));
        let mut open = file.open().unwrap();
        assert_eq!(open.read(&mut [0; 8]).unwrap(), 8);
        IS_OVER.store(true, Ordering::Relaxed);
        assert!(open.read(&mut [0; 8]).is_err() && file.sha256().is_err());
    }
}

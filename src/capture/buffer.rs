//! A buffer that is filled until what is wanted is there: partial reads, interruptions and the text of errors are kept.

use std::io::{self, Cursor, ErrorKind, Read};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::CaptureError;

const READ_SIZE: usize = 1 << 18;
/// Room for what is left of a read before the next; grows as needed.
const START_ROOM: usize = 4096;
const CACHE_LINE: usize = 64;
/// What a compressed capture may come to: so many bytes for each of its own, and so many for nothing. Captures compress
/// to a fifth, header-only ones of silence to a hundredth.
const MAX_EXPANSION: u64 = 256;
const FREE_EXPANSION: u64 = 64 << 20;

/// Counts the bytes that pass.
pub(super) struct CountingReader {
    source: Box<dyn Read + Send>,
    count: Arc<AtomicU64>,
}

impl CountingReader {
    pub(super) fn new(source: Box<dyn Read + Send>) -> Self {
        Self { source, count: Arc::default() }
    }

    pub(super) fn counter(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.count)
    }
}

impl Read for CountingReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.source.read(buffer)?;
        self.count.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

/// Bytes read but not yet consumed.
pub(super) struct FillBuffer {
    source: Box<dyn Read + Send>,
    data: Vec<u8>,
    /// Where reads are put.
    reads_at: usize,
    start: usize,
    end: usize,
    /// Where in the stream `data` would begin, if all of it were filled.
    data_offset: i64,
    bytes_read: Arc<AtomicU64>,
    ended_early: bool,
    is_compressed: bool,
}

impl FillBuffer {
    pub(super) fn new(source: Box<dyn Read + Send>, bytes_read: Arc<AtomicU64>) -> Self {
        Self {
            source,
            data: Vec::new(),
            reads_at: 0,
            start: 0,
            end: 0,
            data_offset: 0,
            bytes_read,
            ended_early: false,
            is_compressed: false,
        }
    }

    /// The same input seen through a decoder.
    pub(super) fn decompressed(
        mut self,
        decoder: impl FnOnce(Box<dyn Read + Send>) -> Box<dyn Read + Send>,
    ) -> Self {
        let seen = self.data.get(self.start..self.end).unwrap_or_default().to_vec();
        let source = std::mem::replace(&mut self.source, Box::new(io::empty()));
        let source = decoder(Box::new(Cursor::new(seen).chain(source)));
        Self { source, end: self.start, is_compressed: true, ..self }
    }

    /// The next `wanted` bytes, or fewer at the end.
    #[inline]
    pub(super) fn peek(&mut self, wanted: usize) -> Result<&[u8], CaptureError> {
        if self.end - self.start < wanted {
            self.fill(wanted)?;
        }
        let end = self.end.min(self.start + wanted);
        Ok(self.data.get(self.start..end).unwrap_or_default())
    }

    /// Drops bytes that were peeked at.
    pub(super) fn consume(&mut self, count: usize) {
        self.start += count.min(self.end - self.start);
    }

    /// What is there without reading, and the position to move by what is used of it.
    #[inline]
    pub(super) fn available(&mut self) -> (&[u8], &mut usize) {
        (self.data.get(self.start..self.end).unwrap_or_default(), &mut self.start)
    }

    /// Moves past `skip` and `len` bytes, and says where the latter are until more is read; `None` if there are fewer.
    #[inline]
    pub(super) fn take(&mut self, skip: usize, len: usize) -> Result<Option<Range<usize>>, CaptureError> {
        if self.peek(skip + len)?.len() < skip + len {
            return Ok(None);
        }
        let data = self.start + skip..self.start + skip + len;
        self.start = data.end;
        Ok(Some(data))
    }

    /// Drops bytes that need not be in memory at once; gives how many there were.
    pub(super) fn skip(&mut self, count: u64) -> Result<u64, CaptureError> {
        let mut left = count;
        while left > 0 {
            let step = usize::try_from(left).unwrap_or(READ_SIZE).min(READ_SIZE);
            let found = self.peek(step)?.len();
            if found == 0 {
                break;
            }
            self.consume(found);
            left -= found as u64;
        }
        Ok(count - left)
    }

    /// Bytes just consumed, by their place in the buffer.
    pub(super) fn consumed(&self, range: Range<usize>) -> &[u8] {
        self.data.get(range).unwrap_or_default()
    }

    /// Where the next byte lies in the buffer.
    pub(super) fn position(&self) -> usize {
        self.start
    }

    /// Whether the input's end came before its compressed stream's.
    pub(super) fn ended_early(&self) -> bool {
        self.ended_early
    }

    /// Bytes consumed so far.
    pub(super) fn offset(&self) -> u64 {
        (self.data_offset + self.start as i64).unsigned_abs()
    }

    pub(super) fn bytes_read(&self) -> u64 {
        self.bytes_read.load(Ordering::Relaxed)
    }

    fn check_expansion(&self) -> Result<(), CaptureError> {
        let most = self.bytes_read().saturating_mul(MAX_EXPANSION).saturating_add(FREE_EXPANSION);
        if self.is_compressed && self.offset() > most {
            return Err(CaptureError::Expansion { offset: self.offset(), times: MAX_EXPANSION });
        }
        Ok(())
    }

    #[cold]
    fn fill(&mut self, wanted: usize) -> Result<(), CaptureError> {
        self.make_room(wanted);
        self.check_expansion()?;
        while self.end - self.start < wanted {
            let Some(free) = self.data.get_mut(self.end..) else { break };
            match self.source.read(free) {
                Ok(0) => break,
                Ok(read) => self.end += read,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // A compressed stream that ends early is a capture that ends early.
                Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
                    self.ended_early = true;
                    break;
                }
                Err(source) => return Err(CaptureError::Io { offset: self.offset(), source }),
            }
        }
        Ok(())
    }

    /// Moves what is left to just before the place of the next read. That place stays: a copy of whole pages to whole
    /// cache lines is the fastest.
    fn make_room(&mut self, wanted: usize) {
        let left = self.start..self.end;
        let size = READ_SIZE.max(wanted.saturating_sub(left.len()));
        if self.reads_at < left.len() || self.data.len() < self.reads_at + size {
            let old = std::mem::take(&mut self.data);
            self.reads_at = self.allocate(left.len().max(START_ROOM), size);
            let room = self.data.get_mut(self.reads_at - left.len()..self.reads_at);
            if let (Some(room), Some(left)) = (room, old.get(left.clone())) {
                room.copy_from_slice(left);
            }
        } else {
            self.data.copy_within(left.clone(), self.reads_at - left.len());
        }
        (self.start, self.end) = (self.reads_at - left.len(), self.reads_at);
        self.data_offset += left.start as i64 - self.start as i64;
    }

    /// Gives a place with so much before and behind it.
    fn allocate(&mut self, before: usize, behind: usize) -> usize {
        self.data = vec![0; before + CACHE_LINE + behind];
        let start = self.data.as_ptr().addr();
        let place = (start + before).next_multiple_of(CACHE_LINE) - start;
        self.data.truncate(place + behind);
        place
    }
}

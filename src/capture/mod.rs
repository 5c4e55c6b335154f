//! Captures: bytes in, frames out, in one pass with bounded memory. The format is told from the content.
//!
//! ```
//! use remb_replay::capture::Capture;
//!
//! let mut reader = Capture::open("testdata/captures/s03-steps-audio.pcap.gz")?.into_reader()?;
//! let mut frames = 0;
//! while let Some(frame) = reader.next_frame()? {
//!     frames = frame.number.0;
//! }
//! assert!(frames > 10_000 && reader.format() == "pcap, gzip", "{}", reader.format());
//! # Ok::<(), remb_replay::capture::CaptureError>(())
//! ```

mod annotated;
mod buffer;
mod error;
mod event_log;
mod foreign;
mod format;
mod hashed;
mod headers;
mod joined;
mod link_type;
mod log;
pub mod log_facts;
pub mod made;
mod pcap;
mod pcapng;
mod rtpdump;
mod skip;
mod source;
mod text_log;
mod unpack;
mod zstd;

use std::io::{self, Read};
use std::num::NonZeroUsize;

use crate::units::{CaptureTime, Count, FrameNumber};

use buffer::FillBuffer;
use format::Format;
use unpack::unpacked;

pub use annotated::Annotated;
pub use error::CaptureError;
pub use hashed::{HashedFile, Hashing, SharedHash, sha256};
pub use link_type::LinkType;
pub use log::LogNotes;
pub use log_facts::LogFacts;
pub use skip::{Skip, SkipCounts};
pub use source::Capture;
pub use unpack::first_bytes;

/// The largest record that is read, bytes.
const MAX_RECORD: usize = 262_144;

/// One captured frame.
#[derive(Debug, Clone, Copy)]
pub struct Frame<'a> {
    /// Its number as Wireshark counts: every packet record, from 1.
    pub number: FrameNumber,
    /// When it was captured.
    pub at: CaptureTime,
    /// Whether that may be finer than a microsecond.
    pub nanoseconds: bool,
    /// Its link layer.
    pub link_type: LinkType,
    /// What was captured of it.
    pub data: &'a [u8],
    /// Its length on the wire, bytes.
    pub original_len: u32,
    /// Whether the capturing host received or sent it, where the capture format says so.
    pub direction: Option<Direction>,
    /// What is known besides, where this is of a log and not of a network; the same for all its frames.
    pub log: Option<&'a LogFacts>,
}

impl Frame<'_> {
    /// Whether the snaplen cut it.
    pub fn is_truncated(&self) -> bool {
        self.data.len() < usize::try_from(self.original_len).unwrap_or(usize::MAX)
    }
}

/// Which way a frame went, seen from the capturing host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Received.
    Inbound,
    /// Sent.
    Outbound,
}

/// A packet record as found: where it lies in the buffer, or why it is no frame.
#[derive(Debug)]
enum Record {
    Packet(Packet),
    Skipped(Skip),
    /// Here begins a file that was put behind the one before it.
    NextFile,
    /// So does a section of a pcapng, which is read like any other.
    NextSection,
    End,
}

/// A packet of the capture, its bytes by where they lie.
#[derive(Debug)]
struct Packet {
    at: CaptureTime,
    link_type: LinkType,
    data: std::ops::Range<usize>,
    original_len: u32,
    direction: Option<Direction>,
}

impl Packet {
    #[inline]
    fn frame<'a>(
        self,
        number: FrameNumber,
        nanoseconds: bool,
        data: &'a [u8],
        log: Option<&'a LogFacts>,
    ) -> Frame<'a> {
        let Self { at, link_type, original_len, direction, .. } = self;
        Frame { number, at, nanoseconds, link_type, data, original_len, direction, log }
    }
}

/// Frames that need not be waited for.
pub struct Buffered<'a> {
    format: &'a Format,
    rest: &'a [u8],
    position: &'a mut usize,
    frames: &'a mut u64,
    nanoseconds: bool,
    log: Option<&'a LogFacts>,
}

impl<'a> Iterator for Buffered<'a> {
    type Item = Frame<'a>;

    #[inline(always)]
    fn next(&mut self) -> Option<Frame<'a>> {
        let (packet, len) = match self.format {
            Format::Pcap(reader) => reader.buffered_record(self.rest)?,
            Format::Pcapng(reader) => reader.buffered_record(self.rest)?,
            Format::Log(_) => return None,
        };
        let (record, rest) = self.rest.split_at_checked(len)?;
        let data = record.get(packet.data.clone())?;
        self.rest = rest;
        *self.position += len;
        *self.frames += 1;
        Some(packet.frame(FrameNumber(*self.frames), self.nanoseconds, data, self.log))
    }
}

/// Reads a capture, frame by frame.
pub struct CaptureReader {
    buffer: FillBuffer,
    format: Format,
    compression: Option<&'static str>,
    frames: u64,
    skipped: SkipCounts,
    /// Files and sections behind the first, and the frame that each begins with.
    concatenated: Count,
    /// What the files before this one said of their clocks and their snaplen.
    nanoseconds_before: bool,
    snaplen_before: Option<(u32, u32)>,
    /// Opens the next file, where it is one of several.
    rest: Option<NextFile>,
    /// Bytes of the files before this one, and what was noticed in them.
    bytes_before: u64,
    notes_before: LogNotes,
    /// What they were, each kind once.
    formats_before: Vec<String>,
}

/// Opens the next of several files; `None` behind the last.
pub type NextFile = Box<dyn FnMut() -> Option<io::Result<Box<dyn Read + Send>>> + Send>;

impl CaptureReader {
    /// Looks at the first bytes and decompresses if they ask for it.
    ///
    /// # Errors
    /// If these are no capture, or cannot be read.
    pub fn new(source: Box<dyn Read + Send>) -> Result<Self, CaptureError> {
        Self::of_session(source, None)
    }

    /// The same; of an event log with several sessions this one, from 1, else the first with media.
    ///
    /// # Errors
    /// As above, and if there is no such session, or it is no event log.
    pub fn of_session(
        source: Box<dyn Read + Send>,
        session: Option<NonZeroUsize>,
    ) -> Result<Self, CaptureError> {
        let (buffer, format, compression) = begin(source, session)?;
        let reader = Self {
            buffer,
            format,
            compression,
            frames: 0,
            skipped: SkipCounts::default(),
            concatenated: Count::default(),
            nanoseconds_before: false,
            snaplen_before: None,
            rest: None,
            bytes_before: 0,
            notes_before: LogNotes::default(),
            formats_before: Vec::new(),
        };
        match session {
            Some(wanted) if !reader.has_sessions() => {
                Err(CaptureError::NoSessions { wanted: wanted.get(), format: reader.format() })
            }
            _ => Ok(reader),
        }
    }

    fn has_sessions(&self) -> bool {
        matches!(&self.format, Format::Log(log) if log.facts().event_log.is_some())
    }

    /// Reads what stands before the first packet, so that [`Self::snaplen`] and [`Self::log`] know a pcapng's.
    ///
    /// # Errors
    /// If the capture is cut off or damaged there. Then reading is over.
    pub fn read_head(&mut self) -> Result<(), CaptureError> {
        let number = FrameNumber(self.frames + 1);
        while let Format::Pcapng(reader) = &mut self.format
            && let Record::NextSection = reader.read_head(&mut self.buffer, number)?
        {
            self.concatenated.add(number.0);
        }
        Ok(())
    }

    /// The next frame; `None` at the end.
    ///
    /// # Errors
    /// If the capture is cut off or damaged here. Then reading is over.
    pub fn next_frame(&mut self) -> Result<Option<Frame<'_>>, CaptureError> {
        loop {
            match self.next_record()? {
                None => return Ok(None),
                Some(Err(_)) => {}
                Some(Ok(packet)) => {
                    let nanoseconds = self.nanoseconds();
                    let data = self.format.data(&self.buffer, packet.data.clone());
                    let log = self.format.log();
                    return Ok(Some(packet.frame(FrameNumber(self.frames), nanoseconds, data, log)));
                }
            }
        }
    }

    /// The next packet, or why it is no frame; both are counted.
    fn next_record(&mut self) -> Result<Option<Result<Packet, Skip>>, CaptureError> {
        loop {
            let number = FrameNumber(self.frames + 1);
            let record = match &mut self.format {
                Format::Pcap(reader) => reader.next_record(&mut self.buffer, number)?,
                Format::Pcapng(reader) => reader.next_record(&mut self.buffer, number)?,
                Format::Log(log) => log.next_record(&mut self.buffer, number)?,
            };
            match record {
                Record::End if self.buffer.ended_early() => {
                    return Err(CaptureError::CutOff { frame: number, offset: self.buffer.offset() });
                }
                Record::End if self.open_next()? => {}
                Record::End => return Ok(None),
                Record::NextFile => self.begin_next_file(number)?,
                Record::NextSection => self.concatenated.add(number.0),
                Record::Skipped(reason) => {
                    self.frames += 1;
                    if let Some((count, first)) = self.skipped.get_mut(reason as usize) {
                        *first = if *count == 0 { number } else { *first };
                        *count += 1;
                    }
                    return Ok(Some(Err(reason)));
                }
                Record::Packet(packet) => {
                    self.frames += 1;
                    return Ok(Some(Ok(packet)));
                }
            }
        }
    }

    /// The next frames as far as they are in memory already and plain packets; [`Self::next_frame`] gives the one behind them, or
    /// the end. Without them inspect needs 28 % more instructions.
    #[inline]
    pub fn buffered(&mut self) -> Buffered<'_> {
        let nanoseconds = self.nanoseconds();
        let Self { buffer, format, frames, .. } = self;
        let (rest, position) = buffer.available();
        Buffered { format, rest, position, frames, nanoseconds, log: format.log() }
    }

    /// Whether time stamps are finer than a microsecond; of pcapng, those of any interface described so far.
    pub fn nanoseconds(&self) -> bool {
        self.format.nanoseconds() || self.nanoseconds_before
    }

    /// The most bytes of a frame that were kept, as the capture declares it: the smallest and the largest of its
    /// interfaces. `None` without a limit.
    pub fn snaplen(&self) -> Option<(u32, u32)> {
        let both = self.snaplen_before.into_iter().chain(self.format.snaplen());
        both.reduce(|(least, most), (lower, upper)| (least.min(lower), most.max(upper)))
    }

    /// Files and pcapng sections that follow the first in the same input, and the frame that the first of them begins
    /// with.
    pub fn concatenated(&self) -> Count {
        self.concatenated
    }

    /// What is known beside the packets, of a log.
    pub fn log(&self) -> Option<&LogFacts> {
        self.format.log()
    }

    /// Bytes of the input so far, compressed as they are.
    pub fn bytes_read(&self) -> u64 {
        self.bytes_before + self.buffer.bytes_read()
    }

    /// Frames so far, with those that could not be given.
    pub fn frames(&self) -> u64 {
        self.frames
    }

    /// Packet records that could not be given as frames, by reason.
    pub fn skipped(&self) -> &SkipCounts {
        &self.skipped
    }
}

/// A file's format and compression, by its first bytes.
fn begin(
    source: Box<dyn Read + Send>,
    session: Option<NonZeroUsize>,
) -> Result<(FillBuffer, Format, Option<&'static str>), CaptureError> {
    let (mut buffer, compression) = unpacked(source)?;
    let format = match Format::begin(&mut buffer)? {
        Some(format) => Some(format),
        None => Format::begin_log(&mut buffer, session)?,
    };
    match format {
        Some(format) => Ok((buffer, format, compression)),
        None if buffer.ended_early() && buffer.peek(1)?.is_empty() => {
            Err(CaptureError::CutOff { frame: FrameNumber(1), offset: 0 })
        }
        None => Err(CaptureError::NotACapture(foreign::what_it_is(buffer.peek(foreign::LOOKED_AT)?))),
    }
}

#[cfg(test)]
mod tests;

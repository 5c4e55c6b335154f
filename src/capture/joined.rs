//! Several files read as one: those of a rotated capture, and what was put one behind the other.

use std::io::Read;

use super::format::Format;
use super::log::LogNotes;
use super::{CaptureError, CaptureReader, NextFile, begin, pcap};
use crate::units::FrameNumber;

impl CaptureReader {
    /// Reads the files of one rotated capture as one: the first, and then what `rest` opens, each when the one before has
    /// ended. Frames are numbered on; each file may have a format and a compression of its own.
    ///
    /// # Errors
    /// If the first is no capture, or cannot be read.
    pub fn joined(first: Box<dyn Read + Send>, rest: NextFile) -> Result<Self, CaptureError> {
        Ok(Self { rest: Some(rest), ..Self::new(first)? })
    }

    /// Goes on with the next of several files; whether there is one.
    pub(super) fn open_next(&mut self) -> Result<bool, CaptureError> {
        let Some(next) = self.rest.as_mut().and_then(|rest| rest()) else { return Ok(false) };
        let source = next.map_err(|source| CaptureError::Io { offset: 0, source })?;
        let (buffer, format, compression) = begin(source, None)?;
        self.nanoseconds_before = self.nanoseconds();
        self.snaplen_before = self.snaplen();
        self.bytes_before += self.buffer.bytes_read();
        self.notes_before = self.log_notes();
        let before = self.own_format();
        if !self.formats_before.contains(&before) {
            self.formats_before.push(before);
        }
        (self.buffer, self.format, self.compression) = (buffer, format, compression);
        Ok(true)
    }

    /// What follows is read as the file that it is.
    pub(super) fn begin_next_file(&mut self, number: FrameNumber) -> Result<(), CaptureError> {
        self.nanoseconds_before = self.nanoseconds();
        self.snaplen_before = self.snaplen();
        let offset = self.buffer.offset();
        if self.buffer.peek(pcap::HEADER_LEN)?.len() < pcap::HEADER_LEN {
            return Err(CaptureError::CutOff { frame: number, offset });
        }
        self.format = match Format::begin(&mut self.buffer) {
            Ok(Some(format)) => format,
            Ok(None) | Err(CaptureError::NotACapture(_)) => {
                let what = "another file begins there, of a kind that is not read".to_owned();
                return Err(CaptureError::Damaged { frame: number, offset, what });
            }
            Err(error) => return Err(error),
        };
        self.concatenated.add(number.0);
        Ok(())
    }

    /// The format in words: `pcap`, `pcapng, gzip` …; of joined files those of all so far, `pcap and pcap, gzip`.
    pub fn format(&self) -> String {
        let own = self.own_format();
        let others = self.formats_before.iter().filter(|before| **before != own);
        others.cloned().chain([own.clone()]).collect::<Vec<_>>().join(" and ")
    }

    fn own_format(&self) -> String {
        let format = match &self.format {
            Format::Pcap(_) => "pcap",
            Format::Pcapng(_) => "pcapng",
            Format::Log(log) => log.name(),
        };
        self.compression.map_or(format.to_owned(), |compression| format!("{format}, {compression}"))
    }

    /// What the reader of a log noticed so far.
    pub fn log_notes(&self) -> LogNotes {
        match &self.format {
            Format::Log(log) => self.notes_before.and(log.notes()),
            Format::Pcap(_) | Format::Pcapng(_) => self.notes_before,
        }
    }
}

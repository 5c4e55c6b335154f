//! Which format a file has, told from its first bytes.

use std::num::NonZeroUsize;
use std::ops::Range;

use super::buffer::FillBuffer;
use super::log::Log;
use super::{CaptureError, LogFacts, event_log, headers, pcap, pcapng, rtpdump, text_log};

#[derive(Debug)]
pub(super) enum Format {
    Pcap(pcap::PcapReader),
    Pcapng(pcapng::PcapngReader),
    Log(Box<dyn Log>),
}

impl Format {
    /// By a file's first bytes, which are consumed as far as they tell the format; `None` if it is no capture.
    pub(super) fn begin(buffer: &mut FillBuffer) -> Result<Option<Self>, CaptureError> {
        let start = buffer.peek(pcap::HEADER_LEN)?;
        if headers::is_section_header(start) {
            return Ok(Some(Self::Pcapng(pcapng::PcapngReader::default())));
        }
        let Some(reader) = pcap::PcapReader::from_header(start)? else { return Ok(None) };
        buffer.consume(pcap::HEADER_LEN);
        Ok(Some(Self::Pcap(reader)))
    }

    /// The same for what is no capture of a network.
    pub(super) fn begin_log(
        buffer: &mut FillBuffer,
        session: Option<NonZeroUsize>,
    ) -> Result<Option<Self>, CaptureError> {
        if event_log::begins(buffer.peek(event_log::START_LEN)?)? {
            return Ok(Some(Self::Log(Box::new(event_log::EventLog::read(buffer, session)?))));
        }
        if let Some(log) = rtpdump::begin(buffer)? {
            return Ok(Some(Self::Log(Box::new(log))));
        }
        let text = text_log::begins(buffer.peek(text_log::LOOK_AHEAD)?);
        Ok(text.map(|log| Self::Log(Box::new(log))))
    }

    pub(super) fn snaplen(&self) -> Option<(u32, u32)> {
        match self {
            Self::Pcap(reader) => reader.snaplen(),
            Self::Pcapng(reader) => reader.snaplen(),
            Self::Log(_) => None,
        }
    }

    #[inline]
    pub(super) fn nanoseconds(&self) -> bool {
        match self {
            Self::Pcap(reader) => reader.nanoseconds(),
            Self::Pcapng(reader) => reader.nanoseconds(),
            Self::Log(_) => false,
        }
    }

    /// Bytes of the packet that was read last.
    pub(super) fn data<'a>(&'a self, buffer: &'a FillBuffer, place: Range<usize>) -> &'a [u8] {
        match self {
            Self::Log(log) => log.frame().get(place).unwrap_or_default(),
            Self::Pcap(_) | Self::Pcapng(_) => buffer.consumed(place),
        }
    }

    /// What is known beside the packets.
    #[inline]
    pub(super) fn log(&self) -> Option<&LogFacts> {
        match self {
            Self::Pcap(_) => None,
            Self::Pcapng(reader) => reader.log(),
            Self::Log(log) => Some(log.facts()),
        }
    }
}

//! Classic pcap: both byte orders, microseconds and nanoseconds, and the modified form of old Linux tools.

use pcap_parser::{
    PcapHeader, parse_pcap_frame, parse_pcap_frame_be, parse_pcap_frame_modified, parse_pcap_header,
};

use crate::units::{CaptureTime, FrameNumber};

use super::buffer::FillBuffer;
use super::{CaptureError, LinkType, MAX_RECORD, Packet, Record, Unread};

/// The file header, bytes.
pub(super) const HEADER_LEN: usize = 24;
const RECORD_HEADER_LEN: usize = 16;
const MODIFIED_RECORD_HEADER_LEN: usize = 24;
const BIG_ENDIAN_MODIFIED_MAGIC: [u8; 4] = 0xa1b2_cd34_u32.to_be_bytes();
/// The upper bits of the link type field say something of frame check sequences.
const LINK_TYPE_MASK: i32 = 0x03ff_ffff;

/// What the file header says.
#[derive(Debug)]
pub(super) struct PcapReader {
    big_endian: bool,
    modified: bool,
    nanoseconds: bool,
    link_type: LinkType,
    snaplen: u32,
}

impl PcapReader {
    /// Reads the file header; `None` if it is none.
    pub(super) fn from_header(start: &[u8]) -> Result<Option<Self>, CaptureError> {
        if start.starts_with(&BIG_ENDIAN_MODIFIED_MAGIC) {
            let what =
                "a big-endian capture in the modified pcap format of old Linux tools, which is not read";
            return Err(CaptureError::NotACapture(what.to_owned()));
        }
        let Ok((_, header)) = parse_pcap_header(start) else { return Ok(None) };
        Ok(Some(Self::new(&header)))
    }

    fn new(header: &PcapHeader) -> Self {
        let link_type = u16::try_from(header.network.0 & LINK_TYPE_MASK).unwrap_or(u16::MAX);
        Self {
            big_endian: header.is_bigendian(),
            modified: header.is_modified_format(),
            nanoseconds: header.is_nanosecond_precision(),
            link_type: LinkType(link_type),
            snaplen: header.snaplen,
        }
    }

    pub(super) fn snaplen(&self) -> Option<(u32, u32)> {
        (self.snaplen > 0).then_some((self.snaplen, self.snaplen))
    }

    pub(super) fn nanoseconds(&self) -> bool {
        self.nanoseconds
    }

    pub(super) fn next_record(
        &mut self,
        buffer: &mut FillBuffer,
        number: FrameNumber,
    ) -> Result<Record, CaptureError> {
        let offset = buffer.offset();
        let header_len = if self.modified { MODIFIED_RECORD_HEADER_LEN } else { RECORD_HEADER_LEN };
        let header = buffer.peek(header_len)?;
        if header.is_empty() {
            return Ok(Record::End);
        }
        let Some(captured_len) = self.captured_len(header).filter(|_| header.len() == header_len) else {
            return Err(CaptureError::CutOff { frame: number, offset });
        };
        if captured_len > MAX_RECORD {
            let what = format!("a record of {captured_len} bytes, more than {MAX_RECORD}");
            return Err(CaptureError::Damaged { frame: number, offset, what });
        }
        let record = buffer.peek(header_len + captured_len)?;
        let parsed = match (self.modified, self.big_endian) {
            (true, _) => parse_pcap_frame_modified(record),
            (false, true) => parse_pcap_frame_be(record),
            (false, false) => parse_pcap_frame(record),
        };
        let Ok((_, parsed)) = parsed else { return Err(CaptureError::CutOff { frame: number, offset }) };
        let fraction = i128::from(parsed.ts_usec) * if self.nanoseconds { 1 } else { 1000 };
        let at = CaptureTime::from_nanos(i128::from(parsed.ts_sec) * 1_000_000_000 + fraction);
        let original_len = parsed.origlen;
        let data_start = buffer.position() + header_len;
        buffer.consume(header_len + captured_len);
        Ok(match at {
            Some(at) => Record::Packet(Packet {
                at,
                link_type: self.link_type,
                data: data_start..data_start + captured_len,
                original_len,
                direction: None,
            }),
            None => Record::Unread(Unread::AbsurdTime),
        })
    }

    fn captured_len(&self, header: &[u8]) -> Option<usize> {
        let bytes = *header.get(8..12)?.first_chunk()?;
        let len = if self.big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) };
        usize::try_from(len).ok()
    }
}

//! Classic pcap: both byte orders, microseconds and nanoseconds, and the modified form of old Linux tools.

use pcap_parser::{PcapHeader, parse_pcap_header};

use crate::units::{CaptureTime, FrameNumber};

use super::buffer::FillBuffer;
use super::headers::{is_file_header, is_section_header};
use super::{CaptureError, LinkType, MAX_RECORD, Packet, Record};

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
    record_header_len: usize,
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
            record_header_len: match header.is_modified_format() {
                true => MODIFIED_RECORD_HEADER_LEN,
                false => RECORD_HEADER_LEN,
            },
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

    /// The record at the beginning of `available` and its length, if it is whole.
    #[inline]
    pub(super) fn buffered_record(&self, available: &[u8]) -> Option<(Packet, usize)> {
        let words = self.words(available.first_chunk()?);
        let [_, _, captured_len, _] = words;
        let len = self.record_header_len + captured_len as usize;
        // What looks like a record without bytes may be another file's header.
        let is_whole = (1..=MAX_RECORD as u32).contains(&captured_len) && len <= available.len();
        is_whole.then(|| (self.packet(words), len))
    }

    /// Takes the next record.
    pub(super) fn next_record(
        &mut self,
        buffer: &mut FillBuffer,
        number: FrameNumber,
    ) -> Result<Record, CaptureError> {
        let offset = buffer.offset();
        let cut_off = CaptureError::CutOff { frame: number, offset };
        let header = buffer.peek(self.record_header_len)?;
        if header.is_empty() {
            return Ok(Record::End);
        }
        if is_file_header(header) || is_section_header(header) {
            return Ok(Record::NextFile);
        }
        let is_whole = header.len() == self.record_header_len;
        let Some(words) = header.first_chunk().filter(|_| is_whole).map(|words| self.words(words)) else {
            return Err(cut_off);
        };
        let [_, _, captured_len, _] = words;
        if captured_len > MAX_RECORD as u32 {
            let what = format!("a record of {captured_len} bytes, more than {MAX_RECORD}");
            return Err(CaptureError::Damaged { frame: number, offset, what });
        }
        match buffer.take(self.record_header_len, captured_len as usize)? {
            Some(data) => Ok(Record::Packet(Packet { data, ..self.packet(words) })),
            None => Err(cut_off),
        }
    }

    /// Seconds, fraction, captured and original length: the first words of a record in all forms.
    #[inline]
    fn words(&self, bytes: &[u8; 16]) -> [u32; 4] {
        let &[s0, s1, s2, s3, f0, f1, f2, f3, c0, c1, c2, c3, o0, o1, o2, o3] = bytes;
        let words = [[s0, s1, s2, s3], [f0, f1, f2, f3], [c0, c1, c2, c3], [o0, o1, o2, o3]];
        match self.big_endian {
            true => words.map(u32::from_be_bytes),
            false => words.map(u32::from_le_bytes),
        }
    }

    /// Where it is counts from the record's beginning.
    #[inline]
    fn packet(&self, [seconds, fraction, captured_len, original_len]: [u32; 4]) -> Packet {
        Packet {
            at: CaptureTime::from_unix(seconds, fraction, if self.nanoseconds { 1 } else { 1000 }),
            link_type: self.link_type,
            data: self.record_header_len..self.record_header_len + captured_len as usize,
            original_len,
            direction: None,
        }
    }
}

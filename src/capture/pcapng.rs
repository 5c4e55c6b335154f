//! pcapng: sections of either byte order, interfaces with their own resolution and offset, and the obsolete packet block.
//!
//! Blocks and options are walked here, in the section's byte order and within their own lengths: one bad block costs
//! one packet, and the crate's own time stamp arithmetic knows neither all resolutions nor negative offsets.

mod clock;

use pcap_parser::OptionCode;

use crate::units::FrameNumber;

use super::buffer::FillBuffer;
use super::headers::{BLOCK_HEADER_LEN, SECTION_HEADER, is_file_header, section_is_big_endian};
use super::log_facts::{FACTS_PREFIX, LogFacts, MAX_JSON};
use super::{CaptureError, Direction, LinkType, MAX_RECORD, Packet, Record, Skip};

use clock::{Clock, Resolution};

const INTERFACE_DESCRIPTION: u32 = 1;
const OBSOLETE_PACKET: u32 = 2;
const SIMPLE_PACKET: u32 = 3;
const ENHANCED_PACKET: u32 = 6;
/// Block types that matter here; others are skipped.
const READ_BLOCKS: [u32; 4] = [INTERFACE_DESCRIPTION, OBSOLETE_PACKET, SIMPLE_PACKET, ENHANCED_PACKET];
/// Type and both lengths.
const MIN_BLOCK_LEN: usize = 12;
const MAX_BLOCK_LEN: usize = 16 << 20;
const MAX_INTERFACES: usize = 1024;
const SNAPLEN_AT: usize = 12;
/// After link type, reserved bytes and snaplen.
const INTERFACE_OPTIONS_AT: usize = 16;
/// Of both packet blocks, before the packet's bytes.
const PACKET_HEADER_LEN: usize = 28;
/// Options of both packet blocks: the lowest two bits tell the direction.
const PACKET_FLAGS: u16 = 2;

/// The present section.
#[derive(Debug, Default)]
pub(super) struct PcapngReader {
    has_section: bool,
    big_endian: bool,
    interfaces: Vec<Interface>,
    /// Descriptions beyond those that are kept.
    further_interfaces: u32,
    nanoseconds: bool,
    /// The smallest and the largest of all interfaces so far.
    snaplen: Option<(u32, u32)>,
    /// Where the packet block lies that was found last, in the buffer.
    last_block: std::ops::Range<usize>,
    /// What is known beside the packets, where they are of a log.
    log: Option<Box<LogFacts>>,
}

/// What a Simple Packet Block has: no time.
#[derive(Debug)]
pub(super) struct SimplePacket<'a> {
    pub(super) link_type: LinkType,
    pub(super) data: &'a [u8],
    pub(super) original_len: u32,
}

#[derive(Debug, Clone, Copy)]
struct Interface {
    link_type: LinkType,
    clock: Clock,
    snaplen: u32,
}

impl PcapngReader {
    pub(super) fn nanoseconds(&self) -> bool {
        self.nanoseconds
    }

    pub(super) fn snaplen(&self) -> Option<(u32, u32)> {
        self.snaplen
    }

    /// What was known beside the packets when this was made of a log.
    #[inline]
    pub(super) fn log(&self) -> Option<&LogFacts> {
        self.log.as_deref()
    }

    /// The Enhanced Packet Block at the beginning of `available` and its length, if it is whole and gives a packet.
    #[inline]
    pub(super) fn buffered_record(&self, available: &[u8]) -> Option<(Packet, usize)> {
        let len = usize::try_from(self.u32_at(available, 4)).ok()?;
        if self.u32_at(available, 0) != ENHANCED_PACKET || len % 4 != 0 || len > MAX_BLOCK_LEN {
            return None;
        }
        match self.packet(available.get(..len)?, false) {
            Record::Packet(packet) => Some((packet, len)),
            _ => None,
        }
    }

    /// Walks on to the next packet block.
    pub(super) fn next_record(
        &mut self,
        buffer: &mut FillBuffer,
        number: FrameNumber,
    ) -> Result<Record, CaptureError> {
        self.walk(buffer, number, false)
    }

    /// The same, but stays before that block, which is told as the end is.
    pub(super) fn read_head(
        &mut self,
        buffer: &mut FillBuffer,
        number: FrameNumber,
    ) -> Result<Record, CaptureError> {
        self.walk(buffer, number, true)
    }

    fn walk(
        &mut self,
        buffer: &mut FillBuffer,
        number: FrameNumber,
        stays_before_packets: bool,
    ) -> Result<Record, CaptureError> {
        loop {
            let offset = buffer.offset();
            let cut_off = CaptureError::CutOff { frame: number, offset };
            let damaged = |what| CaptureError::Damaged { frame: number, offset, what };
            let header = buffer.peek(MIN_BLOCK_LEN)?;
            if header.is_empty() {
                return Ok(Record::End);
            }
            if header.len() < MIN_BLOCK_LEN {
                return Err(cut_off);
            }
            if is_file_header(header) {
                return Ok(Record::NextFile);
            }
            let had_section = self.has_section;
            let begins_section = header.starts_with(&SECTION_HEADER.to_le_bytes());
            if begins_section {
                let big_endian = section_is_big_endian(header);
                self.begin_section(
                    big_endian.ok_or_else(|| damaged("a section without a byte order".into()))?,
                );
            }
            let (block_type, declared_len) = (self.u32_at(header, 0), self.u32_at(header, 4));
            // Some writers pad a block and do not count that.
            let len = usize::try_from(declared_len).unwrap_or(usize::MAX).checked_next_multiple_of(4);
            let len = len.unwrap_or(usize::MAX);
            if len < MIN_BLOCK_LEN {
                return Err(damaged(format!("a block of {declared_len} bytes")));
            }
            if !READ_BLOCKS.contains(&block_type) {
                if buffer.skip(len as u64)? < len as u64 {
                    return Err(cut_off);
                }
                if begins_section && had_section {
                    return Ok(Record::NextSection);
                }
                continue;
            }
            if stays_before_packets && block_type != INTERFACE_DESCRIPTION {
                return Ok(Record::End);
            }
            if len > MAX_BLOCK_LEN {
                return Err(damaged(format!("a block of {len} bytes, more than {MAX_BLOCK_LEN}")));
            }
            let block = buffer.peek(len)?;
            if block.len() < len {
                return Err(cut_off);
            }
            let record = self.record(block_type, block);
            let start = buffer.position();
            buffer.consume(len);
            self.last_block = start..start + len;
            match record {
                None => {}
                Some(Record::Packet(packet)) => {
                    let data = start + packet.data.start..start + packet.data.end;
                    return Ok(Record::Packet(Packet { data, ..packet }));
                }
                Some(record) => return Ok(record),
            }
        }
    }

    fn begin_section(&mut self, big_endian: bool) {
        self.has_section = true;
        self.big_endian = big_endian;
        self.interfaces.clear();
        self.further_interfaces = 0;
    }

    fn record(&mut self, block_type: u32, block: &[u8]) -> Option<Record> {
        match block_type {
            INTERFACE_DESCRIPTION => {
                self.add_interface(self.interface(block));
                self.log = self.log.take().or_else(|| self.facts(block));
                None
            }
            SIMPLE_PACKET => Some(Record::Skipped(Skip::SimplePacket)),
            _ => Some(self.packet(block, block_type == OBSOLETE_PACKET)),
        }
    }

    /// An Enhanced Packet Block, or an obsolete Packet Block, whose interface has 16 bits.
    fn packet(&self, block: &[u8], obsolete: bool) -> Record {
        if block.len() < PACKET_HEADER_LEN + 4 {
            return Record::Skipped(Skip::MalformedBlock);
        }
        let id = if obsolete { u32::from(self.u16_at(block, 8)) } else { self.u32_at(block, 8) };
        let Some(interface) = usize::try_from(id).ok().and_then(|id| self.interfaces.get(id)) else {
            let is_further = id.saturating_sub(MAX_INTERFACES as u32) < self.further_interfaces;
            return Record::Skipped(if is_further { Skip::InterfaceLimit } else { Skip::UnknownInterface });
        };
        let stamp = u64::from(self.u32_at(block, 12)) << 32 | u64::from(self.u32_at(block, 16));
        let captured_len = usize::try_from(self.u32_at(block, 20)).unwrap_or(usize::MAX);
        if captured_len > MAX_RECORD || captured_len > block.len() - PACKET_HEADER_LEN - 4 {
            return Record::Skipped(Skip::MalformedBlock);
        }
        match interface.clock.to_capture_time(stamp) {
            Some(at) => Record::Packet(Packet {
                at,
                link_type: interface.link_type,
                data: PACKET_HEADER_LEN..PACKET_HEADER_LEN + captured_len,
                original_len: self.u32_at(block, 24),
                direction: self.direction(block, captured_len),
            }),
            None => Record::Skipped(Skip::AbsurdTime),
        }
    }

    /// What the flags behind a packet's bytes say.
    fn direction(&self, block: &[u8], captured_len: usize) -> Option<Direction> {
        let options_at = PACKET_HEADER_LEN + captured_len.next_multiple_of(4);
        let mut options = block.get(options_at..block.len().saturating_sub(4))?;
        while let Some((code, value, rest)) = self.option(options) {
            match (OptionCode(code), value) {
                (OptionCode::EndOfOpt, _) => return None,
                (OptionCode(PACKET_FLAGS), [_, _, _, _]) => {
                    return match self.u32_at(value, 0) & 3 {
                        1 => Some(Direction::Inbound),
                        2 => Some(Direction::Outbound),
                        _ => None,
                    };
                }
                _ => options = rest,
            }
        }
        None
    }

    /// Where the packet block lies that [`Self::next_record`] found last, until it is called again.
    pub(super) fn last_block(&self) -> std::ops::Range<usize> {
        self.last_block.clone()
    }

    /// The comments of a packet block.
    pub(super) fn comments<'a>(&self, block: &'a [u8]) -> Vec<&'a [u8]> {
        let captured_len = usize::try_from(self.u32_at(block, 20)).unwrap_or(usize::MAX).min(MAX_RECORD);
        let options_at = PACKET_HEADER_LEN + captured_len.next_multiple_of(4);
        let mut options = block.get(options_at..block.len().saturating_sub(4)).unwrap_or_default();
        let mut comments = Vec::new();
        while let Some((code, value, rest)) = self.option(options) {
            match OptionCode(code) {
                OptionCode::EndOfOpt => break,
                OptionCode::Comment => comments.push(value),
                _ => {}
            }
            options = rest;
        }
        comments
    }

    /// A Simple Packet Block, which is of the first interface and is cut at its snaplen.
    pub(super) fn simple_packet<'a>(&self, block: &'a [u8]) -> Option<SimplePacket<'a>> {
        let interface = self.interfaces.first()?;
        let original_len = self.u32_at(block, BLOCK_HEADER_LEN);
        let limit = if interface.snaplen > 0 { interface.snaplen } else { u32::MAX };
        let captured_len = usize::try_from(original_len.min(limit)).ok()?;
        let data = block.get(MIN_BLOCK_LEN..block.len().checked_sub(4)?)?;
        let (link_type, data) = (interface.link_type, data.get(..captured_len)?);
        Some(SimplePacket { link_type, data, original_len })
    }

    /// `None` for a description that makes no sense; its packets are then of an unknown link type.
    fn interface(&self, block: &[u8]) -> Option<Interface> {
        let mut clock = Clock { units_per_second: Resolution::PowerOfTen(6), offset_seconds: 0 };
        let mut options = block.get(INTERFACE_OPTIONS_AT..block.len() - 4)?;
        while let Some((code, value, rest)) = self.option(options) {
            match (OptionCode(code), value) {
                (OptionCode::EndOfOpt, _) => break,
                (OptionCode::IfTsresol, [resolution, ..]) => {
                    clock.units_per_second = match resolution {
                        bits if bits & 0x80 != 0 => Resolution::PowerOfTwo(bits & 0x7f),
                        digits => Resolution::PowerOfTen(*digits),
                    };
                }
                (OptionCode::IfTsoffset, value) => {
                    let bytes = *value.first_chunk()?;
                    clock.offset_seconds =
                        if self.big_endian { i64::from_be_bytes(bytes) } else { i64::from_le_bytes(bytes) };
                }
                _ => {}
            }
            options = rest;
        }
        let link_type = LinkType(self.u16_at(block, BLOCK_HEADER_LEN));
        Some(Interface { link_type, clock, snaplen: self.u32_at(block, SNAPLEN_AT) })
    }

    /// Facts of a log, in the comments of an interface.
    fn facts(&self, block: &[u8]) -> Option<Box<LogFacts>> {
        let mut options = block.get(INTERFACE_OPTIONS_AT..block.len() - 4)?;
        let mut text = Vec::new();
        while let Some((code, value, rest)) = self.option(options) {
            match OptionCode(code) {
                OptionCode::EndOfOpt => break,
                OptionCode::Comment if text.len() <= MAX_JSON => {
                    text.extend_from_slice(value.strip_prefix(FACTS_PREFIX).unwrap_or_default());
                }
                _ => {}
            }
            options = rest;
        }
        LogFacts::from_json(&text).map(Box::new)
    }

    /// The next option's code and value, and what follows it.
    fn option<'a>(&self, options: &'a [u8]) -> Option<(u16, &'a [u8], &'a [u8])> {
        let (_, rest) = options.split_at_checked(4)?;
        let len = usize::from(self.u16_at(options, 2));
        let value = rest.get(..len)?;
        Some((self.u16_at(options, 0), value, rest.get(len.next_multiple_of(4)..).unwrap_or_default()))
    }

    fn add_interface(&mut self, interface: Option<Interface>) {
        if self.interfaces.len() >= MAX_INTERFACES {
            self.further_interfaces = self.further_interfaces.saturating_add(1);
            return;
        }
        let unknown = Interface {
            link_type: LinkType(u16::MAX),
            clock: Clock { units_per_second: Resolution::PowerOfTen(6), offset_seconds: 0 },
            snaplen: 0,
        };
        let interface = interface.unwrap_or(unknown);
        if interface.snaplen > 0 {
            let (least, most) = self.snaplen.unwrap_or((interface.snaplen, interface.snaplen));
            self.snaplen = Some((least.min(interface.snaplen), most.max(interface.snaplen)));
        }
        self.nanoseconds |= interface.clock.is_finer_than_microseconds();
        self.interfaces.push(interface);
    }

    fn u32_at(&self, block: &[u8], at: usize) -> u32 {
        let bytes = block.get(at..).and_then(|rest| rest.first_chunk()).copied().unwrap_or_default();
        if self.big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) }
    }

    fn u16_at(&self, block: &[u8], at: usize) -> u16 {
        let bytes = block.get(at..).and_then(|rest| rest.first_chunk()).copied().unwrap_or_default();
        if self.big_endian { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) }
    }
}

//! Frames of several link layers in one capture: a pcapng of one section, an interface for each link layer, times in
//! nanoseconds.

use std::collections::HashMap;
use std::io::{self, Write};
use std::net::Ipv4Addr;

use crate::capture::log_facts::FACTS_PREFIX;
use crate::capture::{Direction, Frame, LinkType, LogFacts};

const SECTION_HEADER: u32 = 0x0a0d_0d0a;
const BYTE_ORDER_MAGIC: u32 = 0x1a2b_3c4d;
const INTERFACE_DESCRIPTION: u32 = 1;
const SIMPLE_PACKET: u32 = 3;
const ENHANCED_PACKET: u32 = 6;
const OPTION_COMMENT: u16 = 1;
const OPTION_APPLICATION: u16 = 4;
const OPTION_NAME: u16 = 2;
const OPTION_RESOLUTION: u16 = 9;
const OPTION_FLAGS: u16 = 2;
const NANOSECONDS: u8 = 9;
const MICROSECONDS: u8 = 6;
const NAME_RESOLUTION: u32 = 4;
const NAME_IPV4: u16 = 1;
/// An option has 16 bits for its length.
const MAX_COMMENT: usize = 60_000;

/// Writes frames as they come.
#[derive(Debug)]
pub struct Pcapng<W> {
    writer: W,
    /// Numbers of the section's interfaces.
    interfaces: HashMap<Interface, u32>,
    block: Vec<u8>,
    /// Comments on the section, and on each interface.
    comments: Vec<String>,
    interface_comments: Vec<Vec<u8>>,
}

/// Where a frame comes from, its link layer, the snaplen, which is 0 for none, and what its time stamps are powers of ten of.
type Interface = (&'static str, LinkType, u32, u8);

impl<W: Write> Pcapng<W> {
    /// Writes the section header.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn new(writer: W) -> io::Result<Self> {
        Self::with_comments(writer, &[])
    }

    /// The same with comments on the section.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn with_comments(writer: W, comments: &[String]) -> io::Result<Self> {
        let (interfaces, block) = (HashMap::new(), Vec::new());
        let mut pcapng =
            Self { writer, interfaces, block, comments: comments.to_vec(), interface_comments: Vec::new() };
        pcapng.section()?;
        Ok(pcapng)
    }

    /// Gives addresses names, which Wireshark shows where it is told to.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn names(&mut self, names: &[(Ipv4Addr, &str)]) -> io::Result<()> {
        self.begin();
        for (address, name) in names {
            let len = 4 + name.len() as u16 + 1;
            self.block.extend(NAME_IPV4.to_le_bytes());
            self.block.extend(len.to_le_bytes());
            self.block.extend(address.octets());
            self.block.extend(name.as_bytes());
            self.block.push(0);
            self.pad();
        }
        self.block.extend([0; 4]);
        self.write(NAME_RESOLUTION)
    }

    /// What a log says beside its packets goes into the comments of the first interface, from where it is read again.
    pub fn facts(&mut self, facts: &LogFacts) {
        let json = serde_json::to_vec(facts).unwrap_or_default();
        let parts = json.chunks(MAX_COMMENT);
        self.interface_comments = parts.map(|part| [FACTS_PREFIX, part].concat()).collect();
    }

    /// Writes a frame with the resolution that its time was read with, of an interface with this snaplen.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn frame_as_read(
        &mut self,
        (name, snaplen): (&'static str, u32),
        frame: &Frame<'_>,
        comments: &[&[u8]],
    ) -> io::Result<bool> {
        let digits = if frame.nanoseconds { NANOSECONDS } else { MICROSECONDS };
        self.frame_of((name, frame.link_type, snaplen, digits), frame, comments)
    }

    /// Writes a frame of the interface with this name, and comments on it; a time before 1970 cannot be written, and the
    /// answer is no.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn frame(&mut self, name: &'static str, frame: &Frame<'_>, comments: &[&[u8]]) -> io::Result<bool> {
        self.frame_of((name, frame.link_type, 0, NANOSECONDS), frame, comments)
    }

    fn frame_of(&mut self, interface: Interface, frame: &Frame<'_>, comments: &[&[u8]]) -> io::Result<bool> {
        let Ok(stamp) = u64::try_from(frame.at.as_nanos()) else { return Ok(false) };
        let stamp = if interface.3 == NANOSECONDS { stamp } else { stamp / 1000 };
        let interface = self.interface(interface)?;
        let len = u32::try_from(frame.data.len()).map_err(io::Error::other)?;
        self.begin();
        // The high and the low half are meant.
        self.words(&[interface, (stamp >> 32) as u32, stamp as u32, len, frame.original_len]);
        self.block.extend_from_slice(frame.data);
        self.pad();
        if let Some(direction) = frame.direction {
            let flags: u32 = if direction == Direction::Inbound { 1 } else { 2 };
            self.option(OPTION_FLAGS, &flags.to_le_bytes());
        }
        comments.iter().for_each(|comment| self.option(OPTION_COMMENT, comment));
        if frame.direction.is_some() || !comments.is_empty() {
            self.end_options();
        }
        self.write(ENHANCED_PACKET)?;
        Ok(true)
    }

    /// Writes a packet without a time. Such are of a section's first interface; where that is another, a section begins.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn untimed(
        &mut self,
        (name, link_type): (&'static str, LinkType),
        data: &[u8],
        original_len: u32,
    ) -> io::Result<()> {
        let len = u32::try_from(data.len()).map_err(io::Error::other)?;
        // Its captured length is not written: it is cut at the snaplen.
        let interface = (name, link_type, if len < original_len { len } else { 0 }, NANOSECONDS);
        if !self.interfaces.is_empty() && self.interfaces.get(&interface) != Some(&0) {
            self.section()?;
        }
        self.interface(interface)?;
        self.begin();
        self.words(&[original_len]);
        self.block.extend_from_slice(data);
        self.pad();
        self.write(SIMPLE_PACKET)
    }

    /// Begins a section, in which no interface is known.
    fn section(&mut self) -> io::Result<()> {
        self.interfaces.clear();
        self.begin();
        self.words(&[BYTE_ORDER_MAGIC]);
        self.block.extend([1, 0, 0, 0]);
        self.block.extend([0xff; 8]);
        for comment in std::mem::take(&mut self.comments) {
            self.option(OPTION_COMMENT, comment.as_bytes());
        }
        self.option(OPTION_APPLICATION, concat!("remb-replay ", env!("CARGO_PKG_VERSION")).as_bytes());
        self.end_options();
        self.write(SECTION_HEADER)
    }

    /// The writer, after the last frame.
    pub fn into_inner(self) -> W {
        self.writer
    }

    /// The number of an interface; a new one is described first.
    fn interface(&mut self, interface: Interface) -> io::Result<u32> {
        if let Some(number) = self.interfaces.get(&interface) {
            return Ok(*number);
        }
        let (name, link_type, snaplen, digits) = interface;
        self.begin();
        self.block.extend(link_type.0.to_le_bytes());
        self.block.extend([0; 2]);
        self.words(&[snaplen]);
        self.option(OPTION_NAME, name.as_bytes());
        self.option(OPTION_RESOLUTION, &[digits]);
        let comments = std::mem::take(&mut self.interface_comments);
        comments.iter().for_each(|comment| self.option(OPTION_COMMENT, comment));
        self.end_options();
        self.write(INTERFACE_DESCRIPTION)?;
        let number = u32::try_from(self.interfaces.len()).map_err(io::Error::other)?;
        self.interfaces.insert(interface, number);
        Ok(number)
    }

    /// Leaves room for type and length.
    fn begin(&mut self) {
        self.block.clear();
        self.block.extend([0; 8]);
    }

    fn words(&mut self, words: &[u32]) {
        words.iter().for_each(|word| self.block.extend(word.to_le_bytes()));
    }

    fn option(&mut self, code: u16, value: &[u8]) {
        self.block.extend(code.to_le_bytes());
        // Names and versions are short, and comments come from such a field.
        self.block.extend((value.len() as u16).to_le_bytes());
        self.block.extend_from_slice(value);
        self.pad();
    }

    fn end_options(&mut self) {
        self.block.extend([0; 4]);
    }

    fn pad(&mut self) {
        self.block.resize(self.block.len().next_multiple_of(4), 0);
    }

    fn write(&mut self, kind: u32) -> io::Result<()> {
        let len = u32::try_from(self.block.len() + 4).map_err(io::Error::other)?.to_le_bytes();
        if let Some((head, _)) = self.block.split_first_chunk_mut::<8>() {
            head[..4].copy_from_slice(&kind.to_le_bytes());
            head[4..].copy_from_slice(&len);
        }
        self.writer.write_all(&self.block)?;
        self.writer.write_all(&len)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;
    use crate::capture::{Annotated, Capture, CaptureReader};
    use crate::units::{CaptureTime, FrameNumber};

    fn frame(number: u64, nanos: i64, link_type: u16, data: &[u8]) -> Frame<'_> {
        Frame {
            number: FrameNumber(number),
            at: CaptureTime::from_nanos(nanos.into()).unwrap(),
            nanoseconds: false,
            link_type: LinkType(link_type),
            data,
            original_len: 100,
            direction: (number == 2).then_some(Direction::Outbound),
            log: None,
        }
    }

    #[test]
    fn what_is_written_is_read_back_with_all_it_had() {
        let frames = [
            frame(1, 1_700_000_000_000_000_001, 1, b"first"),
            frame(2, 1_700_000_000_000_000_002, 101, b""),
            frame(3, 0, 1, b"third"),
        ];
        let mut pcapng = Pcapng::new(Vec::new()).unwrap();
        assert!(frames.iter().all(|frame| pcapng.frame("capture", frame, &[]).unwrap()));
        assert!(!pcapng.frame("capture", &frame(4, -1, 1, b"before 1970"), &[]).unwrap());
        let mut reader = CaptureReader::new(Box::new(Cursor::new(pcapng.into_inner()))).unwrap();
        for expected in &frames {
            let found = reader.next_frame().unwrap().unwrap();
            assert_eq!((found.number, found.at, found.data), (expected.number, expected.at, expected.data));
            assert_eq!((found.link_type, found.original_len), (expected.link_type, expected.original_len));
            assert_eq!(found.direction, expected.direction);
        }
        assert!(reader.next_frame().unwrap().is_none());
    }

    #[test]
    fn comments_and_packets_without_a_time_are_read_back() {
        let mut pcapng = Pcapng::new(Vec::new()).unwrap();
        let both: [&[u8]; 2] = [b"lost here", "µ".as_bytes()];
        pcapng.frame("capture", &frame(1, 7, 1, b"first"), &both).unwrap();
        pcapng.untimed(("capture", LinkType(1)), b"whole", 5).unwrap();
        pcapng.untimed(("capture", LinkType(101)), b"cut", 9).unwrap();
        pcapng.frame("capture", &frame(2, 8, 1, b"last"), &both[..1]).unwrap();
        let mut reader = CaptureReader::new(Box::new(Cursor::new(pcapng.into_inner()))).unwrap();
        let mut found = Vec::new();
        while let Some(packet) = reader.next_annotated().unwrap() {
            found.push(match packet {
                Annotated::Frame(frame, comments) => {
                    (frame.link_type.0, frame.data.to_vec(), frame.at.as_nanos(), comments.len())
                }
                Annotated::Untimed { link_type, data, original_len } => {
                    (link_type.0, data.to_vec(), -1, original_len as usize)
                }
            });
        }
        let expected = [
            (1, b"first".to_vec(), 7, 2),
            (1, b"whole".to_vec(), -1, 5),
            (101, b"cut".to_vec(), -1, 9),
            (1, b"last".to_vec(), 8, 1),
        ];
        assert_eq!(found, expected);
    }

    /// Facts as a reader finds them behind the first packet.
    fn read_back(facts: &LogFacts) -> Option<LogFacts> {
        let mut pcapng = Pcapng::new(Vec::new()).unwrap();
        pcapng.facts(facts);
        pcapng.frame("log", &frame(1, 7, 1, b"first"), &[]).unwrap();
        let mut reader = CaptureReader::new(Box::new(Cursor::new(pcapng.into_inner()))).unwrap();
        reader.next_frame().unwrap().unwrap().log.cloned()
    }

    #[test]
    fn facts_of_a_log_are_read_back_and_those_that_no_log_has_are_refused() {
        let log = Capture::open("testdata/event-logs/u05-bidir-log.receiver.log.gz").unwrap();
        let facts = log.into_reader().unwrap().log().unwrap().clone();
        assert_eq!(read_back(&facts).as_ref(), Some(&facts));
        let changed = |change: fn(&mut LogFacts)| {
            let mut facts = facts.clone();
            change(&mut facts);
            read_back(&facts)
        };
        // Of DTLS, a byte each; streams; a name that moves a terminal's cursor.
        assert_eq!(
            changed(|facts| facts.event_log.as_mut().unwrap().dtls = vec!["x".to_owned(); 100_000]),
            None
        );
        assert_eq!(changed(|facts| facts.streams = vec![facts.streams[0]; 4097]), None);
        assert!(changed(|facts| facts.streams = vec![facts.streams[0]; 4096]).is_some());
        assert_eq!(changed(|facts| "\x1b[2J".clone_into(&mut facts.source)), None);
        assert_eq!(changed(|facts| facts.source = "x".repeat(101)), None);
        assert!(changed(|facts| facts.source = "x".repeat(100)).is_some());
    }
}

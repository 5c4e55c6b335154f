//! Packets with all that a capture says about them, for whoever writes them again.

use super::pcapng::SimplePacket;
use super::{CaptureError, CaptureReader, Format, Frame, LinkType, Skip};
use crate::units::FrameNumber;

/// A packet of a capture.
#[derive(Debug)]
pub enum Annotated<'a> {
    /// A frame, and the comments on it.
    Frame(Frame<'a>, Vec<&'a [u8]>),
    /// A packet without a time, from a Simple Packet Block.
    Untimed {
        /// Its link layer.
        link_type: LinkType,
        /// What was captured of it.
        data: &'a [u8],
        /// Its length on the wire, bytes.
        original_len: u32,
    },
}

impl CaptureReader {
    /// The next frame, as [`Self::next_frame`] has it, or a packet that has no time.
    ///
    /// # Errors
    /// If the capture is cut off or damaged here. Then reading is over.
    pub fn next_annotated(&mut self) -> Result<Option<Annotated<'_>>, CaptureError> {
        let packet = loop {
            match self.next_record()? {
                None => return Ok(None),
                Some(Ok(packet)) => break Some(packet),
                Some(Err(Skip::SimplePacket)) if self.simple_packet().is_some() => break None,
                Some(Err(_)) => {}
            }
        };
        let Some(packet) = packet else { return Ok(self.simple_packet()) };
        let comments = match &self.format {
            Format::Pcap(_) | Format::Log(_) => Vec::new(),
            Format::Pcapng(reader) => reader.comments(self.buffer.consumed(reader.last_block())),
        };
        let data = self.format.data(&self.buffer, packet.data.clone());
        let log = self.format.log();
        let frame = packet.frame(FrameNumber(self.frames), self.format.nanoseconds(), data, log);
        Ok(Some(Annotated::Frame(frame, comments)))
    }

    /// The packet without a time that was read last.
    fn simple_packet(&self) -> Option<Annotated<'_>> {
        let Format::Pcapng(reader) = &self.format else { return None };
        let SimplePacket { link_type, data, original_len } =
            reader.simple_packet(self.buffer.consumed(reader.last_block()))?;
        Some(Annotated::Untimed { link_type, data, original_len })
    }
}

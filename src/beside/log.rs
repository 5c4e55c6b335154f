//! An event log for the purpose of finding its packets in a capture.

use std::collections::HashMap;

use crate::capture::{CaptureError, CaptureReader, Direction, LogFacts};
use crate::decode::Decoder;
use crate::rtp::{PacketClass, RtpPacket, classify};
use crate::units::CaptureTime;

/// What tells a packet in both: its stream, its number and its RTP timestamp.
pub(super) type Key = (u32, u16, u32);

/// A packet of the log.
#[derive(Debug, Clone, Copy)]
pub(super) struct Logged {
    pub(super) at: CaptureTime,
    pub(super) direction: Direction,
    /// Header, payload and padding, bytes.
    pub(super) len: usize,
}

/// RTCP of the log, in order of time.
#[derive(Debug, Clone)]
pub(super) struct LoggedRtcp {
    pub(super) at: CaptureTime,
    pub(super) direction: Direction,
    pub(super) packet: Vec<u8>,
}

/// Packets beyond these are not looked for: they are enough to bring two clocks together.
const MAX_PACKETS: usize = 1 << 20;
/// RTCP beyond this is left out.
const MAX_RTCP_BYTES: usize = 64 << 20;

/// A log that is no event log, or cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NotALog {
    /// It is something else.
    #[error("is no WebRTC event log but {0}")]
    Other(String),
    /// It cannot be read.
    #[error(transparent)]
    Capture(#[from] CaptureError),
}

/// The packets and the RTCP of one session of a log.
#[derive(Debug)]
pub struct LogIndex {
    pub(super) packets: HashMap<Key, Logged>,
    pub(super) rtcp: Vec<LoggedRtcp>,
    pub(super) facts: LogFacts,
    /// Why reading ended early, if it did; what was read before counts.
    pub ended_early: Option<String>,
}

impl LogIndex {
    /// Reads it to its end.
    ///
    /// # Errors
    /// If it is no event log.
    pub fn read(mut reader: CaptureReader) -> Result<Self, NotALog> {
        let facts = match reader.log() {
            Some(facts) if facts.event_log.is_some() => facts.clone(),
            _ => return Err(NotALog::Other(reader.format())),
        };
        let mut index = Self { packets: HashMap::new(), rtcp: Vec::new(), facts, ended_early: None };
        let (mut decoder, mut rtcp_bytes) = (Decoder::default(), 0);
        loop {
            let frame = match reader.next_frame() {
                Ok(Some(frame)) => frame,
                Ok(None) => return Ok(index),
                Err(error) => {
                    index.ended_early = Some(error.to_string());
                    return Ok(index);
                }
            };
            let (at, Some(direction)) = (frame.at, frame.direction) else { continue };
            // Frames that were made are all of one datagram.
            let _ = decoder.decode(&frame, &mut |datagram| {
                let class = classify(datagram.payload, datagram.payload_len);
                if class == PacketClass::Rtcp && rtcp_bytes < MAX_RTCP_BYTES {
                    rtcp_bytes += size_of::<LoggedRtcp>() + datagram.payload.len();
                    index.rtcp.push(LoggedRtcp { at, direction, packet: datagram.payload.to_vec() });
                }
                if let Ok(packet) = RtpPacket::parse(datagram.payload, datagram.payload_len)
                    && class == PacketClass::Rtp
                    && index.packets.len() < MAX_PACKETS
                {
                    let logged = Logged { at, direction, len: datagram.payload_len };
                    index.packets.entry(key(&packet)).or_insert(logged);
                }
            });
        }
    }
}

pub(super) fn key(packet: &RtpPacket<'_>) -> Key {
    (packet.ssrc().0, packet.sequence_number().0, packet.timestamp())
}

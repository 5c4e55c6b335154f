//! WebRTC event logs, format 2, as the internals page of Chromium writes them: to frames. All events of a flush of some seconds stand
//! by kind and stream, so a session is read to its end, its batches kept as they are, and its packets then given in order of time.

mod delta;
mod facts;
mod header;
mod merge;
mod rtcp_batch;
mod rtp_batch;
mod session;
mod wire;

use std::num::NonZeroUsize;

use super::buffer::FillBuffer;
use super::log::Log;
use super::log_facts::{LogFacts, LogSession, MAX_SESSIONS};
use super::{CaptureError, Direction, Packet, Record, made};
use crate::units::FrameNumber;

use merge::{Event, InOrder};
use session::{Begin, Session};
use wire::{Broken, varint};

/// Of a record its tag and its length.
const MAX_RECORD_HEADER: usize = 2 * wire::MAX_VARINT;
/// The largest record, bytes: libwebrtc's own limit.
const MAX_RECORD: u64 = 10_000_000;
const BEGIN: u64 = 16;
/// The tag of a begin record.
const BEGIN_TAG: [u8; 2] = [0x82, 0x01];
const VERSION: u64 = 2;
/// So many bytes tell it.
pub(super) const START_LEN: usize = 24;

/// Whether a file's first bytes are those of an event log, and what kind of one is not read.
pub(super) fn begins(start: &[u8]) -> Result<bool, CaptureError> {
    let unread = |what: &str| Err(CaptureError::UnreadLog(what.to_owned()));
    match start {
        [0x80 | 0x81, 0xd6, 0x80, 0x25, ..] => {
            unread("format 3, which is experimental and no protobuf; format 2 is read")
        }
        // Behind the length of an event its time, and its type.
        [0x0a, len @ 1..0x80, 0x08, ..] if *len > 3 => {
            unread("the legacy format 1, of Chrome before about 2019; format 2 is read")
        }
        [first, second, len @ ..0x40, message @ ..] if [*first, *second] == BEGIN_TAG => {
            let message = message.get(..usize::from(*len)).unwrap_or(message);
            match Begin::read(message) {
                Ok((_, VERSION)) => Ok(true),
                Ok((_, version)) => unread(&format!("format version {version}; version 2 is read")),
                Err(_) => Ok(false),
            }
        }
        _ => Ok(false),
    }
}

/// Gives the packets of one session.
#[derive(Debug)]
pub(super) struct EventLog {
    session: Session,
    order: InOrder,
    facts: LogFacts,
    /// Why reading ended early, or what could not be read.
    error: Option<CaptureError>,
    frame: Vec<u8>,
    last_rtcp: Vec<u8>,
}

impl EventLog {
    /// Reads the log to its end. Of several sessions this one is taken, or the first with media, or the first.
    pub(super) fn read(buffer: &mut FillBuffer, wanted: Option<NonZeroUsize>) -> Result<Self, CaptureError> {
        let mut reading = Reading { wanted, ..Reading::default() };
        let error = reading.read(buffer).err().or(reading.damaged_records());
        reading.end_session();
        let Reading { taken, sessions, more, .. } = reading;
        let Some((number, mut session)) = taken else {
            return Err(match (error, wanted) {
                (_, Some(wanted)) => {
                    CaptureError::NoSuchSession { wanted: wanted.get(), sessions: sessions.len() }
                }
                (Some(error), None) => error,
                (None, None) => CaptureError::UnreadLog("without a session".to_owned()),
            });
        };
        let facts = session.facts(sessions, more, number);
        let order = InOrder::new(&mut session);
        Ok(Self { session, order, facts, error, frame: Vec::new(), last_rtcp: Vec::new() })
    }

    fn frame_of(&mut self, event: &Event) -> Option<Packet> {
        let (direction, time_ms, len) = match event {
            Event::Rtp(direction, event) => {
                made::begin_unknown(&mut self.frame, *direction);
                let header = header::write(event, &mut self.frame);
                let len = header + usize::from(event.payload) + usize::from(event.padding);
                made::set_len(&mut self.frame, len);
                (*direction, event.time_ms, len)
            }
            Event::Rtcp(direction, time_ms, place) => {
                let packet = self.session.store.get(place.clone()).unwrap_or_default();
                if *direction == Direction::Inbound {
                    let is_repeat = self.last_rtcp == packet;
                    self.last_rtcp.clear();
                    self.last_rtcp.extend_from_slice(packet);
                    if is_repeat {
                        return None;
                    }
                }
                if packet.is_empty() {
                    return None;
                }
                made::begin(&mut self.frame, *direction, packet.len());
                self.frame.extend_from_slice(packet);
                (*direction, *time_ms, packet.len())
            }
        };
        Some(Packet {
            at: self.session.begin.capture_time(time_ms)?,
            link_type: made::LINK_TYPE,
            data: 0..self.frame.len(),
            original_len: (made::HEADERS_LEN + len.min(made::MAX_PACKET)) as u32,
            direction: Some(direction),
        })
    }
}

impl Log for EventLog {
    fn next_record(
        &mut self,
        _buffer: &mut FillBuffer,
        _number: FrameNumber,
    ) -> Result<Record, CaptureError> {
        while let Some(event) = self.order.next(&self.session.store) {
            if let Some(packet) = self.frame_of(&event) {
                return Ok(Record::Packet(packet));
            }
        }
        self.error.take().map_or(Ok(Record::End), Err)
    }

    fn frame(&self) -> &[u8] {
        &self.frame
    }

    fn facts(&self) -> &LogFacts {
        &self.facts
    }

    fn name(&self) -> &'static str {
        "WebRTC event log"
    }
}

/// A log while it is read.
#[derive(Debug, Default)]
struct Reading {
    wanted: Option<NonZeroUsize>,
    sessions: Vec<LogSession>,
    more: u64,
    current: Option<Session>,
    /// The session that is taken, so far, and its number.
    taken: Option<(usize, Session)>,
    /// Records so far, and the damaged ones.
    records: u64,
    damaged: u64,
    first_damaged: Option<(u64, u64, Broken)>,
}

impl Reading {
    fn read(&mut self, buffer: &mut FillBuffer) -> Result<(), CaptureError> {
        loop {
            let offset = buffer.offset();
            let record = self.records + 1;
            let cut = || CaptureError::CutOffRecord { record, offset };
            let damaged = |what: &str| CaptureError::DamagedRecord { record, offset, what: what.to_owned() };
            let start = buffer.peek(MAX_RECORD_HEADER)?;
            if start.is_empty() {
                return if buffer.ended_early() { Err(cut()) } else { Ok(()) };
            }
            let framing = |broken: Broken| damaged(broken.0);
            let (tag, tag_len) = varint(start).map_err(framing)?.ok_or_else(cut)?;
            let length = varint(start.get(tag_len..).unwrap_or_default()).map_err(framing)?;
            if tag & 7 != 2 || tag >> 3 == 0 {
                return Err(damaged("what begins there is no record"));
            }
            let (len, length_len) = length.ok_or_else(cut)?;
            if len > MAX_RECORD {
                return Err(damaged("a record of more than 10,000,000 bytes"));
            }
            let header = tag_len + length_len;
            let whole = header + len as usize;
            let bytes = buffer.peek(whole)?;
            if bytes.len() < whole {
                return Err(cut());
            }
            self.records = record;
            if let Err(broken) = self.record(tag >> 3, bytes.get(header..).unwrap_or_default()) {
                self.damaged += 1;
                self.first_damaged.get_or_insert((record, offset, broken));
            }
            buffer.consume(whole);
        }
    }

    fn record(&mut self, number: u64, message: &[u8]) -> Result<(), Broken> {
        if number == BEGIN {
            let (begin, version) = Begin::read(message)?;
            if version != VERSION {
                return Err(Broken("a session of another version of the format"));
            }
            self.end_session();
            self.current = Some(Session::new(begin));
            return Ok(());
        }
        let is_kept = match self.wanted {
            Some(wanted) => self.number() == wanted.get(),
            None => self.taken.as_ref().is_none_or(|(_, taken)| !taken.counted().has_media()),
        };
        self.current.as_mut().map_or(Ok(()), |session| session.record(number, message, is_kept))
    }

    /// The number of the session that is read.
    fn number(&self) -> usize {
        self.sessions.len() + usize::try_from(self.more).unwrap_or(usize::MAX) + 1
    }

    fn end_session(&mut self) {
        let number = self.number();
        let Some(session) = self.current.take() else { return };
        let counted = session.counted();
        match self.sessions.len() < MAX_SESSIONS {
            true => self.sessions.push(counted),
            false => self.more += 1,
        }
        let is_taken = match (self.wanted, &self.taken) {
            (Some(wanted), _) => wanted.get() == number,
            (None, None) => true,
            (None, Some((_, taken))) => !taken.counted().has_media() && counted.has_media(),
        };
        if is_taken {
            self.taken = Some((number, session));
        }
    }

    fn damaged_records(&self) -> Option<CaptureError> {
        let (record, offset, Broken(what)) = self.first_damaged?;
        Some(CaptureError::DamagedRecords { count: self.damaged, record, offset, what: what.to_owned() })
    }
}

#[cfg(test)]
mod tests;

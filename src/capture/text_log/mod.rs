//! Text packet logs: one packet a line, as Chrome, Firefox, Janus and re write them for text2pcap. There are no addresses, and no date.

mod clock;
mod line;

use std::collections::VecDeque;

use super::buffer::FillBuffer;
use super::log::{Log, LogNotes};
use super::log_facts::LogFacts;
use super::{CaptureError, Direction, Packet, Record, Skip, made};
use crate::units::{CaptureTime, FrameNumber};

use clock::{Clock, Fractions};
use line::{Content, Line, Producer};

/// The longest line that is read; a packet of 65,507 bytes has three characters for each.
const MAX_LINE: usize = 1 << 18;
/// Among so many bytes a packet is looked for before a file is something else.
pub(super) const LOOK_AHEAD: usize = 1 << 20;
/// Lines that are looked at before the one that is given.
const LINES_AHEAD: usize = 4;
const MIN_RTP: usize = 12;
const MIN_RTCP: usize = 8;
/// An old Firefox writes this of a payload, or of its first byte alone.
const CLEAR_PAYLOAD: usize = 6;
/// So many packets of the same greatest length are cut rather than made so.
const MANY_LONGEST: u64 = 100;

/// Whether there is a line with a packet among a file's first bytes, and who wrote it.
pub(super) fn begins(start: &[u8]) -> Option<TextLog> {
    let mut fractions = Fractions::default();
    let mut first = None;
    for line in start.split(|byte| *byte == b'\n') {
        if let Some(Ok(line)) = line::parse(line).filter(|_| line.len() <= MAX_LINE) {
            fractions.note(line.producer, line.time);
            first.get_or_insert(line.producer);
        }
    }
    first.map(|producer| {
        let clock = anchored(start, TextLog::new(producer, fractions));
        TextLog { clock, ..TextLog::new(producer, fractions) }
    })
}

/// The clock as it is before the first line. Where a prefix is known only further on, what is in front of it has its day, too.
fn anchored(start: &[u8], mut trial: TextLog) -> Clock {
    for line in start.split(|byte| *byte == b'\n') {
        trial.line(line, true);
        trial.waiting.clear();
        if trial.clock.is_anchored() {
            break;
        }
    }
    trial.clock.anchored()
}

/// A packet with its time, which waits until the lines behind it are known.
#[derive(Debug)]
struct Waiting {
    /// Nanoseconds since 1970, as if the log had begun on its first day, or in 1972 where it has day and month.
    at: i64,
    direction: Direction,
    bytes: Vec<u8>,
}

/// Gives the packets of a text log.
#[derive(Debug)]
pub(super) struct TextLog {
    facts: LogFacts,
    producer: Producer,
    fractions: Fractions,
    clock: Clock,
    /// The time of Chrome's own prefix, and how many lines ago it was.
    prefix: Option<(i64, u32)>,
    waiting: VecDeque<Result<Waiting, Skip>>,
    last: Option<i64>,
    is_at_end: bool,
    frame: Vec<u8>,
    notes: LogNotes,
    longest: (usize, u64),
}

impl TextLog {
    fn new(producer: Producer, fractions: Fractions) -> Self {
        let source = match producer {
            Producer::Libwebrtc => "text packet log of Chrome or libwebrtc",
            Producer::Firefox => "text packet log of Firefox",
            Producer::OldFirefox => "text packet log of an old Firefox, payloads zeroed",
            Producer::Janus => "text packet log of Janus",
            Producer::Other => "text packet log",
        };
        Self {
            facts: LogFacts::of_packets(source, Some(0)),
            producer,
            fractions,
            clock: Clock::default(),
            prefix: None,
            waiting: VecDeque::new(),
            last: None,
            is_at_end: false,
            frame: Vec::new(),
            notes: LogNotes::default(),
            longest: (0, 0),
        }
    }

    /// Reads lines until enough wait.
    fn fill(&mut self, buffer: &mut FillBuffer) -> Result<(), CaptureError> {
        while !self.is_at_end && self.waiting.len() <= LINES_AHEAD {
            let Some((place, is_whole)) = next_line(buffer)? else {
                self.is_at_end = true;
                break;
            };
            self.line(buffer.consumed(place), is_whole);
        }
        Ok(())
    }

    fn line(&mut self, line: &[u8], is_whole: bool) {
        self.prefix = match (line::prefix_time(line), self.prefix) {
            (Some(time), _) => Some((time, 0)),
            (None, Some((time, lines))) if lines < 2 => Some((time, lines + 1)),
            _ => None,
        };
        match line::parse(line) {
            None => {}
            Some(Err(())) => self.waiting.push_back(Err(Skip::DamagedLine)),
            Some(Ok(parsed)) => {
                let text = line.get(parsed.bytes.clone()).unwrap_or_default();
                let mut bytes = Vec::with_capacity(text.len() / 3 + 1);
                line::append_bytes(text, &mut bytes);
                self.take(&parsed, bytes, is_whole);
            }
        }
    }

    fn take(&mut self, line: &Line, bytes: Vec<u8>, is_whole: bool) {
        if line.content == Content::Data {
            return self.waiting.push_back(Err(Skip::DataChannel));
        }
        let is_rtcp = matches!(bytes.get(1), Some(192..=223));
        let least = if is_rtcp { MIN_RTCP } else { MIN_RTP };
        // The mark is the last of what is written.
        let has_lost_its_mark =
            !is_whole || (self.producer == Producer::Libwebrtc && line.producer == Producer::Other);
        if bytes.len() < least || bytes.len() > made::MAX_PACKET || has_lost_its_mark {
            return self.waiting.push_back(Err(Skip::DamagedLine));
        }
        self.fractions.note(line.producer, line.time);
        let of_day = self.fractions.nanos(line.producer, line.time);
        let at = self.clock.time(of_day, self.prefix.take().map(|(micros, _)| micros * 1000));
        if line.producer == Producer::OldFirefox && !is_rtcp && is_zeroed(&bytes) {
            self.notes.zeroed += 1;
        }
        if !is_rtcp && bytes.len() >= self.longest.0 {
            let (len, count) = self.longest;
            self.longest = (bytes.len(), if len == bytes.len() { count + 1 } else { 1 });
        }
        self.waiting.push_back(Ok(Waiting { at, direction: line.direction, bytes }));
    }

    fn packet(&mut self, waiting: &Waiting) -> Option<Packet> {
        let following = self.waiting.iter().flatten().map(|next| next.at);
        let is_early = self.last.is_some_and(|last| clock::is_second_too_early(last, waiting.at, following));
        let at = if is_early { waiting.at + 1_000_000_000 } else { waiting.at };
        self.last = Some(at);
        made::begin(&mut self.frame, waiting.direction, waiting.bytes.len());
        self.frame.extend_from_slice(&waiting.bytes);
        Some(Packet {
            at: CaptureTime::from_nanos(at.into())?,
            link_type: made::LINK_TYPE,
            data: 0..self.frame.len(),
            original_len: self.frame.len() as u32,
            direction: Some(waiting.direction),
        })
    }
}

impl Log for TextLog {
    fn next_record(&mut self, buffer: &mut FillBuffer, _number: FrameNumber) -> Result<Record, CaptureError> {
        self.fill(buffer)?;
        match self.waiting.pop_front() {
            None => Ok(Record::End),
            Some(Err(skip)) => Ok(Record::Skipped(skip)),
            Some(Ok(waiting)) => {
                Ok(self.packet(&waiting).map_or(Record::Skipped(Skip::AbsurdTime), Record::Packet))
            }
        }
    }

    fn frame(&self) -> &[u8] {
        &self.frame
    }

    fn facts(&self) -> &LogFacts {
        &self.facts
    }

    fn name(&self) -> &'static str {
        "text packet log"
    }

    fn notes(&self) -> LogNotes {
        let (len, count) = self.longest;
        // A line of Janus holds no more than some 1,600 bytes, and less where it was told so.
        let is_cut = self.producer == Producer::Janus && count >= MANY_LONGEST;
        LogNotes { cut_to: is_cut.then_some((len, count)), long_gaps: self.clock.long_gaps, ..self.notes }
    }
}

/// Where the next line is, without its end, and whether it has one; what is too long to be one is given in parts.
fn next_line(buffer: &mut FillBuffer) -> Result<Option<(std::ops::Range<usize>, bool)>, CaptureError> {
    let mut wanted = 4096;
    loop {
        let found = buffer.peek(wanted)?;
        let (is_all, found_len) = (found.len() < wanted, found.len());
        let (len, end) = match found.iter().position(|byte| *byte == b'\n') {
            Some(len) => (len, 1),
            None if found_len == 0 => return Ok(None),
            // What is cut off is no line, whatever it has.
            None if is_all && buffer.ended_early() => return Ok(None),
            None if is_all || wanted >= MAX_LINE => (found_len, 0),
            None => {
                wanted *= 2;
                continue;
            }
        };
        let start = buffer.position();
        buffer.consume(len + end);
        // The last line of a file may have no end, if it has its mark.
        return Ok(Some((start..start + len, end == 1 || is_all)));
    }
}

/// Whether all of a payload but its first bytes are zeros.
fn is_zeroed(packet: &[u8]) -> bool {
    let header = crate::capture::text_log::header_len(packet);
    let payload = packet.get(header..).unwrap_or_default();
    let clear = if payload.len() < CLEAR_PAYLOAD { 1 } else { CLEAR_PAYLOAD };
    payload.len() > clear && payload.iter().skip(clear).all(|byte| *byte == 0)
}

/// Of an RTP packet, as far as it can be told.
fn header_len(packet: &[u8]) -> usize {
    let Some(first) = packet.first() else { return 0 };
    let fixed = MIN_RTP + 4 * usize::from(first & 0x0f);
    let words =
        packet.get(fixed + 2..).and_then(|rest| rest.first_chunk()).map(|len| u16::from_be_bytes(*len));
    match (first & 0x10, words) {
        (0, _) | (_, None) => fixed,
        (_, Some(words)) => fixed + 4 + 4 * usize::from(words),
    }
}

#[cfg(test)]
mod tests;

//! RTP over TCP: segments in order, messages out. A message is given with the segment that completes it.
//!
//! What the snaplen cut is skipped by the lengths on the wire; where a gap swallows the beginning of a message, reading
//! goes on at the next segment that begins with one. Streams that show no framing soon are left alone.

use std::collections::HashMap;
use std::net::SocketAddr;

use etherparse::TcpSlice;

use super::framing::{ENOUGH, Extent, Framing};
use super::{Ends, IpPayload, Origin, Payload, Skip};
use crate::units::{Count, FrameNumber};

/// Directed streams that are followed; further ones are counted as TCP.
const MAX_STREAMS: usize = 1024;
/// Segments, and bytes, that wait for one before them.
const MAX_WAITING: usize = 32;
const MAX_WAITING_BYTES: usize = 1 << 14;
/// Segments after which a stream without framing is none.
const MAX_ATTEMPTS: u8 = 16;
/// What is kept of a message that spans segments; a header and any RTCP fit.
const MAX_KEPT: usize = 4096;

/// What became of TCP streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TcpCounts {
    /// Directed streams with framing.
    pub streams: u64,
    /// Messages that were read.
    pub messages: u64,
    /// Places where bytes are missing, and the messages with them.
    pub gaps: Count,
    /// Segments of streams beyond those that are followed.
    pub over_limit: Count,
}

/// All directed TCP streams.
#[derive(Debug, Default)]
pub(super) struct TcpStreams {
    streams: HashMap<(SocketAddr, SocketAddr), Stream>,
    counts: TcpCounts,
}

#[derive(Debug, Default)]
struct Stream {
    /// Sequence number of the next byte.
    next: Option<u32>,
    framing: Option<Framing>,
    attempts: u8,
    message: Message,
    waiting: Vec<Segment>,
}

/// The message that is being read.
#[derive(Debug, Default)]
struct Message {
    /// What was captured of it, from its first byte on without a hole.
    kept: Vec<u8>,
    /// Bytes of it that have passed.
    passed: usize,
    extent: Option<Extent>,
}

/// A segment, of which `captured` are at hand.
#[derive(Debug)]
struct Segment {
    sequence: u32,
    captured: Vec<u8>,
    len: usize,
}

/// Bytes of a stream, in order.
struct Bytes<'a> {
    captured: &'a [u8],
    len: usize,
}

impl TcpStreams {
    pub(super) fn counts(&self) -> TcpCounts {
        self.counts
    }

    /// Takes a segment; gives the messages that it completes to `each`, and says how many.
    pub(super) fn segment<F: FnMut(&Ends, Framing, Payload<'_>)>(
        &mut self,
        transport: IpPayload<'_>,
        origin: Origin,
        each: &mut F,
    ) -> Result<usize, Skip> {
        let tcp = TcpSlice::from_slice(transport.data).map_err(|_| Skip::CutShort)?;
        let header_len = transport.data.len() - tcp.payload().len();
        let len = transport.len_on_wire.saturating_sub(header_len);
        let source = SocketAddr::new(transport.source, tcp.source_port());
        let destination = SocketAddr::new(transport.destination, tcp.destination_port());
        if self.streams.len() >= MAX_STREAMS && !self.streams.contains_key(&(source, destination)) {
            self.streams.retain(|_, stream| stream.framing.is_some());
            if self.streams.len() >= MAX_STREAMS {
                self.counts.over_limit.add(origin.number.0);
                return Ok(0);
            }
        }
        let stream = self.streams.entry((source, destination)).or_default();
        if tcp.syn() {
            *stream = Stream { next: Some(tcp.sequence_number().wrapping_add(1)), ..Stream::default() };
            return Ok(0);
        }
        let captured = tcp.payload().get(..len).unwrap_or(tcp.payload());
        let before = self.counts.messages;
        let mut reading = Reading { counts: &mut self.counts, frame: origin.number };
        let ends = Ends { source, destination, ethernet: None, mark: None };
        let mut give = |framing: Framing, captured: &[u8], len: usize| {
            each(&ends, framing, Payload { captured, len });
        };
        stream.take(tcp.sequence_number(), &Bytes { captured, len }, &mut reading, &mut give);
        Ok(usize::try_from(self.counts.messages - before).unwrap_or(usize::MAX))
    }
}

/// What is counted while a stream is read.
struct Reading<'a> {
    counts: &'a mut TcpCounts,
    frame: FrameNumber,
}

impl Reading<'_> {
    fn gap(&mut self) {
        self.counts.gaps.add(self.frame.0);
    }
}

impl Stream {
    fn take<G: FnMut(Framing, &[u8], usize)>(
        &mut self,
        sequence: u32,
        bytes: &Bytes<'_>,
        reading: &mut Reading<'_>,
        give: &mut G,
    ) {
        if bytes.len == 0 || (self.framing.is_none() && self.attempts >= MAX_ATTEMPTS) {
            return;
        }
        let next = *self.next.get_or_insert(sequence);
        let ahead = sequence.wrapping_sub(next).cast_signed();
        if ahead > 0 {
            self.wait(sequence, bytes);
            if self.waits_too_long() {
                self.skip_gap(reading);
                self.take_waiting(reading, give);
            }
            return;
        }
        self.read_from(ahead, bytes, reading, give);
        self.take_waiting(reading, give);
    }

    /// Reads bytes of which the first `-ahead` were seen before.
    fn read_from<G: FnMut(Framing, &[u8], usize)>(
        &mut self,
        ahead: i32,
        bytes: &Bytes<'_>,
        reading: &mut Reading<'_>,
        give: &mut G,
    ) {
        let seen = usize::try_from(ahead.unsigned_abs()).unwrap_or(usize::MAX);
        if seen >= bytes.len {
            return;
        }
        let new = Bytes { captured: bytes.captured.get(seen..).unwrap_or_default(), len: bytes.len - seen };
        // A segment is far shorter than the sequence numbers' range.
        self.next = self.next.map(|next| next.wrapping_add(new.len as u32));
        self.read(new, reading, give);
    }

    fn wait(&mut self, sequence: u32, bytes: &Bytes<'_>) {
        if self.waiting.iter().any(|segment| segment.sequence == sequence && segment.len >= bytes.len) {
            return;
        }
        self.waiting.push(Segment { sequence, captured: bytes.captured.to_vec(), len: bytes.len });
    }

    fn waits_too_long(&self) -> bool {
        self.waiting.len() > MAX_WAITING
            || self.waiting.iter().map(|segment| segment.captured.len()).sum::<usize>() > MAX_WAITING_BYTES
    }

    /// Gives up what is missing before the first segment that waits.
    fn skip_gap(&mut self, reading: &mut Reading<'_>) {
        let Some(next) = self.next else { return };
        let first = self.waiting.iter().min_by_key(|segment| segment.sequence.wrapping_sub(next));
        self.next = first.map(|segment| segment.sequence).or(self.next);
        if self.framing.is_some() {
            reading.gap();
        }
        self.message.clear();
    }

    fn take_waiting<G: FnMut(Framing, &[u8], usize)>(&mut self, reading: &mut Reading<'_>, give: &mut G) {
        while let Some(next) = self.next {
            let ahead = |segment: &Segment| segment.sequence.wrapping_sub(next).cast_signed();
            let Some(place) = self.waiting.iter().position(|segment| ahead(segment) <= 0) else { return };
            let segment = self.waiting.swap_remove(place);
            let bytes = Bytes { captured: &segment.captured, len: segment.len };
            self.read_from(ahead(&segment), &bytes, reading, give);
        }
    }

    /// Reads on from where the stream is.
    fn read<G: FnMut(Framing, &[u8], usize)>(
        &mut self,
        mut bytes: Bytes<'_>,
        reading: &mut Reading<'_>,
        give: &mut G,
    ) {
        while bytes.len > 0 {
            let framing = match self.framing {
                Some(framing) => framing,
                None => {
                    self.attempts += 1;
                    let Some(framing) = Framing::recognise(bytes.captured, bytes.len) else { return };
                    reading.counts.streams += 1;
                    *self.framing.insert(framing)
                }
            };
            match self.message.take(&mut bytes, framing) {
                Progress::More => {}
                Progress::Lost => {
                    // The next segment may begin with a message.
                    self.message.clear();
                    return reading.gap();
                }
                Progress::Whole(extent) => {
                    let kept = self.message.kept.get(extent.prefix..).unwrap_or_default();
                    give(framing, kept.get(..extent.len).unwrap_or(kept), extent.len);
                    reading.counts.messages += 1;
                    self.message.clear();
                }
            }
        }
    }
}

enum Progress {
    /// It is not whole yet.
    More,
    /// No message begins here.
    Lost,
    Whole(Extent),
}

impl Message {
    fn clear(&mut self) {
        self.kept.clear();
        self.passed = 0;
        self.extent = None;
    }

    /// Takes what belongs to the message off the front of `bytes`.
    fn take(&mut self, bytes: &mut Bytes<'_>, framing: Framing) -> Progress {
        if self.extent.is_none() {
            self.keep(bytes, ENOUGH.saturating_sub(self.passed));
            let ends_early = self.passed < ENOUGH;
            if ends_early && self.kept.len() == self.passed {
                return Progress::More;
            }
            self.extent = framing.extent(&self.kept);
        }
        let Some(extent) = self.extent else { return Progress::Lost };
        self.keep(bytes, extent.total().saturating_sub(self.passed));
        if self.passed < extent.total() { Progress::More } else { Progress::Whole(extent) }
    }

    /// Passes up to `count` bytes and keeps them, as far as they were captured and no hole lies before them.
    fn keep(&mut self, bytes: &mut Bytes<'_>, count: usize) {
        let count = count.min(bytes.len);
        let captured = bytes.captured.get(..count).unwrap_or(bytes.captured);
        if self.kept.len() == self.passed {
            let room = MAX_KEPT.saturating_sub(self.kept.len());
            self.kept.extend_from_slice(captured.get(..room).unwrap_or(captured));
        }
        self.passed += count;
        bytes.captured = bytes.captured.get(count..).unwrap_or_default();
        bytes.len -= count;
    }
}

//! The records of one session: what is known of it, and its batches of RTP and RTCP, kept as they are in the file until their turn
//! comes.

use std::collections::BTreeMap;
use std::ops::Range;

use super::facts::{Gathered, Numbers};
use super::rtcp_batch::RtcpBatch;
use super::rtp_batch::{RtpBatch, RtpEvent};
use super::wire::Broken;
use crate::capture::Direction;
use crate::capture::log_facts::{
    EventLogFacts, LogEvidence, LogFacts, LogKind, LogSession, LogStream, MAX_STREAMS,
};
use crate::units::CaptureTime;

/// The two clocks at a session's begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Begin {
    time_ms: i64,
    utc_ms: i64,
}

impl Begin {
    pub(super) fn read(message: &[u8]) -> Result<(Self, u64), Broken> {
        let numbers = Numbers::of(message)?;
        let utc = numbers.get(3).ok_or(Broken("a session without a time of day"))?;
        let version = numbers.get(2).ok_or(Broken("a session without a version"))?;
        Ok((Self { time_ms: numbers.time()?, utc_ms: utc.cast_signed() }, version))
    }

    /// A time of the log as one of day.
    pub(super) fn capture_time(self, time_ms: i64) -> Option<CaptureTime> {
        let ms = i128::from(self.utc_ms) + i128::from(time_ms) - i128::from(self.time_ms);
        CaptureTime::from_nanos(ms * 1_000_000)
    }
}

/// What a batch is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Rtp(Direction),
    Rtcp(Direction),
}

impl Kind {
    pub(super) fn of(record: u64) -> Option<Self> {
        Some(match record {
            2 => Self::Rtp(Direction::Inbound),
            3 => Self::Rtp(Direction::Outbound),
            4 => Self::Rtcp(Direction::Inbound),
            5 => Self::Rtcp(Direction::Outbound),
            _ => return None,
        })
    }

    /// Its place among what is of the same time (event log 6.4).
    pub(super) const fn rank(self) -> u8 {
        match self {
            Self::Rtp(Direction::Inbound) => 0,
            Self::Rtcp(Direction::Inbound) => 1,
            Self::Rtp(Direction::Outbound) => 2,
            Self::Rtcp(Direction::Outbound) => 3,
        }
    }
}

/// A batch by where it is in the store, which has less than 2³² bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Batch {
    pub(super) time_ms: i64,
    start: u32,
    len: u32,
    pub(super) kind: Kind,
}

impl Batch {
    fn new(time_ms: i64, kind: Kind, place: &Range<usize>) -> Self {
        Self { time_ms, start: place.start as u32, len: place.len() as u32, kind }
    }

    pub(super) fn place(&self) -> Range<usize> {
        let start = self.start as usize;
        start..start + self.len as usize
    }
}

/// A session of which no more is kept: more than Chromium lets a log grow to, 60,000,000 bytes.
const MAX_BYTES: usize = 64 << 20;
/// Nor more batches: all may begin in the same millisecond, and one that is open takes 1.3 kB. Logs of 60,000,000 bytes have some
/// 50,000.
pub(super) const MAX_BATCHES: usize = 1 << 17;

/// A session that is being read, or was.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) begin: Begin,
    pub(super) store: Vec<u8>,
    pub(super) batches: Vec<Batch>,
    gathered: Gathered,
    counted: LogSession,
    times: Option<(i64, i64)>,
    /// Whether any packet has abs-send-time, a transmission time offset, a transport-wide sequence number.
    has: [bool; 3],
    /// What packets of a stream carry: numbers of others, audio levels.
    carried: BTreeMap<(bool, u32), (bool, bool)>,
    /// The RTCP packet received last, by where it is.
    last_rtcp: Option<Range<usize>>,
}

impl Session {
    pub(super) fn new(begin: Begin) -> Self {
        Self {
            begin,
            store: Vec::new(),
            batches: Vec::new(),
            gathered: Gathered::default(),
            counted: LogSession {
                begin: begin.capture_time(begin.time_ms).unwrap_or_default().as_nanos(),
                ..LogSession::default()
            },
            times: None,
            has: [false; 3],
            carried: BTreeMap::new(),
            last_rtcp: None,
        }
    }

    /// Takes a record. Of a session that is only counted no bytes are kept.
    pub(super) fn record(&mut self, number: u64, message: &[u8], is_kept: bool) -> Result<(), Broken> {
        if let Some(kind) = Kind::of(number) {
            return self.batch(kind, message, is_kept);
        }
        let time = match number {
            1 => return Err(Broken("an event of the legacy format")),
            17 => {
                self.counted.has_end = true;
                Numbers::of(message)?.time()?
            }
            18 | 19 => self.gathered.estimates(number, message)?,
            21..=28 | 32 | 101..=104 => self.gathered.event(number, message)?,
            // Nothing that is shown is in them.
            6 | 7 | 20 | 29..=31 | 33..=35 => return Ok(()),
            _ => {
                self.gathered.log.unknown_records += 1;
                return Ok(());
            }
        };
        self.note_time(time);
        Ok(())
    }

    fn batch(&mut self, kind: Kind, message: &[u8], is_kept: bool) -> Result<(), Broken> {
        let start = self.store.len();
        if start + message.len() > MAX_BYTES {
            return Err(Broken("a session of more than 64 MiB of packets, of which the rest is not read"));
        }
        if self.batches.len() >= MAX_BATCHES {
            return Err(Broken("a session of more than 131,072 batches, of which the rest is not read"));
        }
        self.store.extend_from_slice(message);
        let place = start..self.store.len();
        let read = match kind {
            Kind::Rtp(direction) => self.rtp(direction, place.clone()),
            Kind::Rtcp(direction) => self.rtcp(direction, place.clone()),
        };
        match read {
            Ok(time_ms) if is_kept => self.batches.push(Batch::new(time_ms, kind, &place)),
            _ => {
                self.store.truncate(start);
                self.last_rtcp = None;
            }
        }
        read.map(drop)
    }

    /// Looks at all packets of a batch: that they can be read, and what they have. Gives the first time.
    fn rtp(&mut self, direction: Direction, place: Range<usize>) -> Result<i64, Broken> {
        let check = |event: &RtpEvent| {
            let is_in_range = self.begin.capture_time(event.time_ms).is_some();
            is_in_range.then_some(()).ok_or(Broken("a time that cannot be"))
        };
        let mut batch = RtpBatch::new(&self.store, place)?;
        let mut ahead = batch.clone();
        while let Some(event) = ahead.next(&self.store)? {
            check(&event)?;
        }
        let is_received = direction == Direction::Inbound;
        let (mut first, mut carried) = (None, None);
        while let Some(event) = batch.next(&self.store)? {
            first.get_or_insert(event.time_ms);
            self.counted.rtp[usize::from(!is_received)] += 1;
            let has = [
                event.abs_send_time.is_some(),
                event.transmission_offset.is_some(),
                event.transport_sequence_number.is_some(),
            ];
            self.has.iter_mut().zip(has).for_each(|(any, has)| *any |= has);
            self.note_time(event.time_ms);
            // A batch is of one stream, and what one of its packets carries most carry.
            let of = (event.ssrc, event.original_sequence_number.is_some(), event.audio_level.is_some());
            if carried.replace(of) != Some(of) {
                self.note_carried(is_received, of);
            }
        }
        first.ok_or(Broken("a batch without packets"))
    }

    fn note_carried(&mut self, is_received: bool, (ssrc, repeats, has_level): (u32, bool, bool)) {
        let key = (is_received, ssrc);
        if self.carried.len() < MAX_STREAMS || self.carried.contains_key(&key) {
            let carried = self.carried.entry(key).or_default();
            carried.0 |= repeats;
            carried.1 |= has_level;
        }
    }

    fn rtcp(&mut self, direction: Direction, place: Range<usize>) -> Result<i64, Broken> {
        let is_received = direction == Direction::Inbound;
        let mut check = RtcpBatch::new(&self.store, place.clone())?;
        while let Some((time, _)) = check.next(&self.store)? {
            self.begin.capture_time(time).ok_or(Broken("a time that cannot be"))?;
        }
        let mut batch = RtcpBatch::new(&self.store, place)?;
        let mut first = None;
        while let Some((time, packet)) = batch.next(&self.store)? {
            first.get_or_insert(time);
            self.note_time(time);
            if packet.is_empty() {
                self.gathered.log.empty_rtcp += 1;
            } else if is_received && self.is_repeat(&packet) {
                self.gathered.log.repeated_rtcp += 1;
            } else {
                self.counted.rtcp[usize::from(!is_received)] += 1;
            }
            if is_received {
                self.last_rtcp = Some(packet);
            }
        }
        first.ok_or(Broken("a batch without packets"))
    }

    /// Whether RTCP that was received has the bytes of the one before: older versions log it for audio and for video.
    fn is_repeat(&self, packet: &Range<usize>) -> bool {
        let bytes = |place: &Range<usize>| self.store.get(place.clone());
        self.last_rtcp.as_ref().is_some_and(|last| bytes(last) == bytes(packet))
    }

    fn note_time(&mut self, time: i64) {
        let (first, last) = self.times.unwrap_or((time, time));
        self.times = Some((first.min(time), last.max(time)));
    }

    /// What is to be told of it among all of the file.
    pub(super) fn counted(&self) -> LogSession {
        let span = self.times.map_or(0, |(first, last)| last.saturating_sub(first));
        // Beyond, it is no duration.
        LogSession { duration_ms: span.min(i64::from(u32::MAX)), ..self.counted }
    }

    /// All that is known of it, once it is read.
    pub(super) fn facts(
        &mut self,
        sessions: Vec<LogSession>,
        more_sessions: u64,
        session: usize,
    ) -> LogFacts {
        let gathered = std::mem::take(&mut self.gathered);
        let Gathered { mut streams, log } = gathered;
        for stream in &mut streams {
            let at = stream.since.and_then(|time| self.begin.capture_time(time));
            stream.since = at.map(CaptureTime::as_nanos);
        }
        let mut all = Gathered { streams, ..Gathered::default() };
        for ((is_received, ssrc), (repeats, has_levels)) in &self.carried {
            let (kind, by) = match (repeats, has_levels) {
                (true, _) => (LogKind::Rtx(None), LogEvidence::OriginalNumbers),
                (false, true) => (LogKind::Audio, LogEvidence::AudioLevels),
                (false, false) => continue,
            };
            all.add(LogStream { ssrc: *ssrc, is_received: *is_received, kind, by, since: None });
        }
        let [has_abs_send_times, has_transmission_offsets, has_transport_sequence_numbers] = self.has;
        LogFacts {
            source: "WebRTC event log".to_owned(),
            has_made_headers: true,
            has_abs_send_times,
            has_transmission_offsets,
            has_transport_sequence_numbers,
            srtp_tag_len: Some(0),
            streams: all.streams,
            event_log: Some(EventLogFacts { sessions, more_sessions, session, ..log }),
        }
    }
}

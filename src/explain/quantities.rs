//! What the packets tell of the path: queue, losses, frames.

use crate::model::Conditions;
use crate::streams::{Arrival, SequenceTracker};
use crate::survey::FedPacket;
use crate::units::{AbsSendTimeElement, CaptureTime, Ssrc, TimeDelta};

use super::delay::{Delay, Delays, SentBy};
use super::frames::FrameIntervals;
use super::standing::StandingQueue;

/// Of more streams a flow's packets are looked at only as far as they are packets.
const MAX_STREAMS: usize = 64;

/// What is known of a flow's path after its latest packet.
#[derive(Debug, Default)]
pub(crate) struct Quantities {
    streams: Vec<Stream>,
    /// Where the latest packet's stream is.
    latest: usize,
    delays: Delays,
    standing: StandingQueue,
    intervals: FrameIntervals,
    /// Of the latest packet.
    queue_nanos: Option<i64>,
    /// Of the latest one of which it was known, before one of which it is not.
    queue_known: Option<i64>,
    /// Packets missing, and as of the last row.
    missing: i64,
    missing_told: i64,
}

/// A stream as far as the path is concerned.
#[derive(Debug)]
struct Stream {
    ssrc: Ssrc,
    sequence: SequenceTracker,
    missing: i64,
    is_rtx: bool,
    sent_by: Option<SentBy>,
    /// Its latest frame: RTP timestamp, and when that began to come.
    frame: (u32, CaptureTime),
    frame_bytes: u64,
}

/// What a packet is among those of its stream.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen {
    /// Above the least delay, ns.
    pub(super) queue_nanos: Option<i64>,
    /// The same of the packet before, or of the latest one of which it was known.
    pub(super) queue_before: Option<i64>,
    /// Packets missing more than before it; −1 where it was missed itself.
    pub(super) missing: i64,
    /// The one behind those that are missing.
    pub(super) arrival: Arrival,
    /// It begins a frame; the one before had so many bytes.
    pub(super) frame_ended: Option<u64>,
    /// What was a queue so far was none.
    pub(super) was_wrong: bool,
    /// Its stream's place, if that has one.
    pub(super) stream: Option<usize>,
}

impl Quantities {
    /// Takes the next packet.
    #[inline]
    pub(super) fn observe(&mut self, packet: &FedPacket) -> Seen {
        let Some(place) = self.place(packet) else { return Seen::nothing() };
        let Some(stream) = self.streams.get_mut(place) else { return Seen::nothing() };
        let at = packet.at;
        let is_next = stream.sequence.continues_with(packet.sequence_number);
        let arrival = stream.sequence.observe(packet.sequence_number);
        let mut missing = 0;
        if !is_next || packet.is_rtx != stream.is_rtx {
            missing = stream.count_missing(packet.is_rtx);
            self.missing += missing;
        }
        let frame_ended = match packet.is_rtx {
            true => None,
            false => stream.add_to_frame(packet, arrival, &mut self.intervals),
        };
        let queue_before = self.queue_nanos.or(self.queue_known);
        let delay = self.delays.observe(&mut stream.sent_by, packet);
        let mut was_wrong = false;
        self.queue_nanos = match delay {
            Delay::Queue(nanos) => {
                self.standing.observe(nanos, at);
                Some(nanos)
            }
            Delay::Unknown => None,
            Delay::WasWrong => {
                self.standing = StandingQueue::default();
                was_wrong = true;
                None
            }
        };
        if self.queue_nanos.is_none() {
            self.queue_known = queue_before;
        }
        let (queue_nanos, stream) = (self.queue_nanos, Some(place));
        Seen { queue_nanos, queue_before, missing, arrival, frame_ended, was_wrong, stream }
    }

    /// The short way of most packets: the next one of a known stream, with a send time. `None`, and nothing changed, where it
    /// is another, or `allows` not.
    #[inline(always)]
    pub(super) fn observe_next(
        &mut self,
        packet: &FedPacket,
        allows: impl FnOnce(usize) -> bool,
    ) -> Option<Seen> {
        let place = self.known_place(packet)?;
        let stream = self.streams.get_mut(place)?;
        let (Some(SentBy::Clock(clock)), AbsSendTimeElement::Value(raw)) =
            (&stream.sent_by, packet.send_time)
        else {
            return None;
        };
        let is_next = stream.sequence.continues_with(packet.sequence_number);
        if !is_next || packet.is_rtx || stream.is_rtx || !allows(place) {
            return None;
        }
        let queue_nanos = self.delays.observe_by(*clock, raw, packet.at)?;
        stream.sequence.observe_next();
        let arrival = Arrival::New;
        let frame_ended = stream.add_to_frame(packet, arrival, &mut self.intervals);
        self.standing.observe(queue_nanos, packet.at);
        let queue_before = self.queue_nanos.replace(queue_nanos).or(self.queue_known);
        let (queue_nanos, stream) = (Some(queue_nanos), Some(place));
        Some(Seen { queue_nanos, queue_before, missing: 0, arrival, frame_ended, was_wrong: false, stream })
    }

    /// Bytes so far of the frame that the latest packet is of.
    pub(super) fn frame_bytes(&self) -> u64 {
        self.streams.get(self.latest).map_or(0, |stream| stream.frame_bytes)
    }

    /// What it was like at a step of the estimator, which a packet caused or a timer.
    pub(super) fn conditions(
        &mut self,
        standing: Option<i64>,
        is_packet: bool,
        rtt: TimeDelta,
    ) -> Conditions {
        let ms = |nanos: i64| nanos as f64 / 1e6;
        let lost = self.missing - self.missing_told;
        self.missing_told = self.missing;
        Conditions {
            queue_ms: self.queue_nanos.filter(|_| is_packet).map(ms),
            standing_queue_ms: standing.map(ms),
            rtt,
            lost,
        }
    }

    /// The standing queue, ns.
    pub(super) fn standing_nanos(&mut self, at: CaptureTime) -> Option<i64> {
        self.standing.least(at, self.intervals.median_nanos())
    }

    /// A bound that nine in ten intervals between frames stay within, ns.
    pub(super) fn long_frame_interval(&self) -> Option<i64> {
        self.intervals.percentile_nanos(90)
    }

    /// The least delay is greater by so much: what was queue is none.
    pub(super) fn raise_floor(&mut self, nanos: i64) {
        self.delays.rise(nanos);
        self.standing.lower(nanos);
    }

    fn place(&mut self, packet: &FedPacket) -> Option<usize> {
        self.known_place(packet).or_else(|| self.add(packet))
    }

    #[inline(always)]
    fn known_place(&mut self, packet: &FedPacket) -> Option<usize> {
        if self.streams.get(self.latest).is_none_or(|stream| stream.ssrc != packet.ssrc) {
            self.latest = self.streams.iter().position(|stream| stream.ssrc == packet.ssrc)?;
        }
        Some(self.latest)
    }

    #[cold]
    fn add(&mut self, packet: &FedPacket) -> Option<usize> {
        let stream = Stream {
            ssrc: packet.ssrc,
            sequence: SequenceTracker::default(),
            missing: 0,
            is_rtx: packet.is_rtx,
            sent_by: None,
            frame: (packet.rtp_timestamp.wrapping_sub(1), packet.at),
            frame_bytes: 0,
        };
        let has_room = self.streams.len() < MAX_STREAMS;
        has_room.then(|| self.streams.push(stream)).map(|()| {
            self.latest = self.streams.len() - 1;
            self.latest
        })
    }
}

impl Stream {
    /// Bytes of the frame before, where the packet begins one.
    #[inline(always)]
    fn add_to_frame(
        &mut self,
        packet: &FedPacket,
        arrival: Arrival,
        intervals: &mut FrameIntervals,
    ) -> Option<u64> {
        let begins = packet.rtp_timestamp != self.frame.0 && arrival == Arrival::New;
        let ended = if begins { self.begin_frame(packet, intervals) } else { None };
        self.frame_bytes += packet.size.as_bytes().max(0).unsigned_abs();
        ended
    }

    #[inline(never)]
    fn begin_frame(&mut self, packet: &FedPacket, intervals: &mut FrameIntervals) -> Option<u64> {
        let (_, before) = std::mem::replace(&mut self.frame, (packet.rtp_timestamp, packet.at));
        intervals.observe(before, packet.at);
        Some(std::mem::take(&mut self.frame_bytes)).filter(|bytes| *bytes > 0)
    }

    /// Packets missing more than before. What is lost of retransmissions is no loss of the call.
    #[inline(never)]
    fn count_missing(&mut self, is_rtx: bool) -> i64 {
        self.is_rtx = is_rtx;
        let missing = if is_rtx { 0 } else { self.sequence.lost().cast_signed() };
        missing - std::mem::replace(&mut self.missing, missing)
    }
}

impl Seen {
    const fn nothing() -> Self {
        Self {
            queue_nanos: None,
            queue_before: None,
            missing: 0,
            arrival: Arrival::New,
            frame_ended: None,
            was_wrong: false,
            stream: None,
        }
    }
}

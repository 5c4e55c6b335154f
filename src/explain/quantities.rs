//! What the packets tell of the path: queue, losses, frames.

use crate::model::Conditions;
use crate::streams::{Arrival, SequenceTracker};
use crate::survey::FedPacket;
use crate::units::{CaptureTime, Ssrc, TimeDelta};

use super::delay::{Delays, SentBy};
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
    queue_nanos: Option<i64>,
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
    /// Packets missing more than before it; −1 where it was missed itself.
    pub(super) missing: i64,
    /// The one behind those that are missing.
    pub(super) arrival: Arrival,
    /// It begins a frame; the one before had so many bytes.
    pub(super) frame_ended: Option<u64>,
    /// Bytes of its frame so far.
    pub(super) frame_bytes: u64,
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
        let arrival = stream.sequence.observe(packet.sequence_number);
        // What is lost of retransmissions is no loss of the call.
        let missing = if packet.is_rtx { 0 } else { stream.sequence.lost().cast_signed() };
        let more = missing - stream.missing;
        stream.missing = missing;
        self.missing += more;
        let mut frame_ended = None;
        let begins_frame =
            !packet.is_rtx && arrival == Arrival::New && packet.rtp_timestamp != stream.frame.0;
        if begins_frame {
            let (_, before) = std::mem::replace(&mut stream.frame, (packet.rtp_timestamp, at));
            self.intervals.observe(before, at);
            frame_ended = Some(std::mem::take(&mut stream.frame_bytes)).filter(|bytes| *bytes > 0);
        }
        if !packet.is_rtx {
            stream.frame_bytes += packet.size.as_bytes().max(0).unsigned_abs();
        }
        let frame_bytes = stream.frame_bytes;
        self.queue_nanos = self.delays.observe(&mut stream.sent_by, packet);
        let was_wrong = self.delays.take_wrong();
        if was_wrong {
            self.standing = StandingQueue::default();
        }
        if let Some(queue_nanos) = self.queue_nanos {
            self.standing.observe(queue_nanos, at);
        }
        let queue_nanos = self.queue_nanos;
        Seen { queue_nanos, missing: more, arrival, frame_ended, frame_bytes, was_wrong, stream: Some(place) }
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

    #[inline]
    fn place(&mut self, packet: &FedPacket) -> Option<usize> {
        if self.streams.get(self.latest).is_some_and(|stream| stream.ssrc == packet.ssrc) {
            return Some(self.latest);
        }
        let known = self.streams.iter().position(|stream| stream.ssrc == packet.ssrc);
        self.latest = known.or_else(|| self.add(packet))?;
        Some(self.latest)
    }

    #[cold]
    fn add(&mut self, packet: &FedPacket) -> Option<usize> {
        let stream = Stream {
            ssrc: packet.ssrc,
            sequence: SequenceTracker::default(),
            missing: 0,
            sent_by: None,
            frame: (packet.rtp_timestamp.wrapping_sub(1), packet.at),
            frame_bytes: 0,
        };
        let has_room = self.streams.len() < MAX_STREAMS;
        has_room.then(|| self.streams.push(stream)).map(|()| self.streams.len() - 1)
    }
}

impl Seen {
    const fn nothing() -> Self {
        Self {
            queue_nanos: None,
            missing: 0,
            arrival: Arrival::New,
            frame_ended: None,
            frame_bytes: 0,
            was_wrong: false,
            stream: None,
        }
    }
}

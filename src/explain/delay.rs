//! One-way delay above a floor: the queue.

use crate::streams::SendClock;
use crate::survey::FedPacket;
use crate::units::{AbsSendTime, AbsSendTimeElement, CaptureTime};

use super::SECOND;

/// The floor may rise by a nanosecond after so many, by 250 ppm: two clocks drift apart.
const RISES_AFTER: u64 = 1_000_000 / 250;
/// Streams whose send times are further apart are of different clocks.
const SAME_CLOCK_NANOS: i64 = 1_000_000_000;
/// No queue grows by so much more than the time that passes: a clock was set.
const STEP_NANOS: i64 = 1_000_000_000;
/// Timestamps that after so long have come no farther than a seventh of it run by another clock than was thought.
const CLOCK_SHOWS_NANOS: i64 = 7 * SECOND / 10;
const SLOWEST: i64 = 7;
/// No queue is longer: more is a clock's doing.
const LONGEST_NANOS: i64 = 3600 * SECOND;

/// The least delay so far, which rises slowly.
#[derive(Debug, Clone, Copy)]
struct Floor {
    nanos: i64,
    at: CaptureTime,
}

/// What one sender's clock shows.
#[derive(Debug, Clone)]
struct Clock {
    send: SendClock,
    began: CaptureTime,
    floor: Floor,
    last: (i64, CaptureTime),
}

/// RTP timestamps without their wrap.
#[derive(Debug, Clone, Copy)]
struct Ticks {
    last: u32,
    sum: i64,
    began: CaptureTime,
    hz: i64,
}

/// How the send time of a stream is told.
#[derive(Debug, Clone, Copy)]
pub(super) enum SentBy {
    /// By abs-send-time, of the clock in this place.
    Clock(usize),
    /// By its RTP timestamps, with a clock of its own in this place.
    Ticks(usize, RtpClock),
    /// By nothing: its RTP timestamps run by another clock than was thought.
    Nothing,
}

/// RTP timestamps as a clock.
#[derive(Debug, Clone, Copy)]
pub(super) struct RtpClock(Ticks);

/// Delays of a flow's packets above the least.
#[derive(Debug, Clone, Default)]
pub(super) struct Delays {
    clocks: Vec<Clock>,
}

/// What a packet tells of the queue.
#[derive(Debug, Clone, Copy)]
pub(super) enum Delay {
    /// Above the floor, ns.
    Queue(i64),
    /// Nothing.
    Unknown,
    /// What was a queue so far was none: timestamps ran by another clock.
    WasWrong,
}

impl Delays {
    /// Takes the next packet of a stream.
    #[inline]
    pub(super) fn observe(&mut self, sent_by: &mut Option<SentBy>, packet: &FedPacket) -> Delay {
        if sent_by.is_none() {
            *sent_by = self.begin(packet);
        }
        let Some(sent_by) = sent_by else { return Delay::Unknown };
        let at = packet.at;
        let (place, delay) = match (&mut *sent_by, packet.send_time) {
            (SentBy::Clock(place), AbsSendTimeElement::Value(raw)) => {
                return self.observe_by(*place, raw, at).map_or(Delay::Unknown, Delay::Queue);
            }
            (SentBy::Ticks(place, RtpClock(ticks)), _) if !packet.is_rtx => {
                let place = *place;
                let (passed, sent) = (at.nanos_since(ticks.began), ticks.sent_nanos(packet));
                if passed >= CLOCK_SHOWS_NANOS && sent < passed / SLOWEST {
                    *sent_by = SentBy::Nothing;
                    return Delay::WasWrong;
                }
                (place, passed.saturating_sub(sent))
            }
            _ => return Delay::Unknown,
        };
        let clock = self.clocks.get_mut(place);
        clock.map_or(Delay::Unknown, |clock| Delay::Queue(clock.above_floor(delay, at).min(LONGEST_NANOS)))
    }

    /// The same of a packet of a stream whose clock is known, ns.
    #[inline(always)]
    pub(super) fn observe_by(&mut self, place: usize, raw: AbsSendTime, at: CaptureTime) -> Option<i64> {
        let clock = self.clocks.get_mut(place)?;
        let delay = at.nanos_since(clock.began).wrapping_sub(clock.send.observe(raw, at));
        Some(clock.above_floor(delay, at).min(LONGEST_NANOS))
    }

    /// The floor is where the delay is now, of all clocks.
    pub(super) fn rise(&mut self, nanos: i64) {
        for clock in &mut self.clocks {
            clock.floor.nanos = clock.floor.nanos.saturating_add(nanos);
        }
    }

    #[cold]
    fn begin(&mut self, packet: &FedPacket) -> Option<SentBy> {
        let at = packet.at;
        let floor = Floor { nanos: 0, at };
        let AbsSendTimeElement::Value(raw) = packet.send_time else {
            // A clock that is not known makes queues of nothing.
            let hz = packet.clock_hz.filter(|hz| *hz > 0 && !packet.is_rtx)?.into();
            self.clocks.push(Clock { send: SendClock::new(), began: at, floor, last: (0, at) });
            let ticks = Ticks { last: packet.rtp_timestamp, sum: 0, began: at, hz };
            return Some(SentBy::Ticks(self.clocks.len() - 1, RtpClock(ticks)));
        };
        let is_same = |clock: &Clock| {
            let sent = clock.send.clone().observe(raw, at);
            let delay = at.nanos_since(clock.began).saturating_sub(sent);
            delay.saturating_sub(clock.last.0).abs() <= SAME_CLOCK_NANOS
        };
        if let Some(place) = self.clocks.iter().position(is_same) {
            return Some(SentBy::Clock(place));
        }
        self.clocks.push(Clock { send: SendClock::new(), began: at, floor, last: (0, at) });
        Some(SentBy::Clock(self.clocks.len() - 1))
    }
}

impl Clock {
    #[inline(always)]
    fn above_floor(&mut self, delay: i64, at: CaptureTime) -> i64 {
        // Wraps for spans that no capture has.
        let (last_delay, last_at) = std::mem::replace(&mut self.last, (delay, at));
        let passed = at.nanos_since(self.floor.at).max(0);
        let grown = delay.wrapping_sub(last_delay).wrapping_sub(at.nanos_since(last_at).max(0));
        let risen = self.floor.nanos.wrapping_add((passed.unsigned_abs() / RISES_AFTER).cast_signed());
        let nanos = if grown > STEP_NANOS { delay } else { risen.min(delay) };
        self.floor = Floor { nanos, at: self.floor.at.max(at) };
        delay.wrapping_sub(nanos)
    }
}

impl Ticks {
    fn sent_nanos(&mut self, packet: &FedPacket) -> i64 {
        self.sum += i64::from(packet.rtp_timestamp.wrapping_sub(self.last).cast_signed());
        self.last = packet.rtp_timestamp;
        let ticks = self.sum.saturating_add(packet.transmission_offset.unwrap_or(0).into());
        (ticks / self.hz).saturating_mul(SECOND).saturating_add(ticks % self.hz * SECOND / self.hz)
    }
}

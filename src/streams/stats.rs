//! What the packets of one SSRC add up to: the columns of `streams.csv`.

use super::delay_spread::DelaySpread;
use super::drift::{ClockDrift, ClockOffset};
use super::sequence::{Arrival, SequenceTracker};
use crate::rtp::RtpPacket;
use crate::units::{AbsSendTime, CaptureTime, DataSize, PayloadType, SeqNum, TimeDelta};

/// Counts and measures of one stream, in constant memory and time per packet.
#[derive(Debug, Clone, Default)]
pub struct StreamStats {
    packets: u64,
    payload_bytes: u64,
    /// Packets that were told to be copies of others, and their bytes.
    copies: u64,
    copied_bytes: u64,
    truncated: u64,
    /// Bit n: payload type n was seen.
    payload_types: u128,
    last_payload_type: PayloadType,
    /// The clocks of payload types, as far as they are known, and how many packets each has.
    clocks: Clocks,
    /// Of the first and the last packet.
    captured: (CaptureTime, CaptureTime),
    sequence: SequenceTracker,
    media_time: MediaTime,
    jitter: Option<Jitter>,
    drift: ClockDrift,
    delay_spread: DelaySpread,
}

/// What is known of a packet besides its header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reception {
    /// When it was captured.
    pub at: CaptureTime,
    /// What it counts for: [`RtpPacket::size`], less an SRTP tag.
    pub size: DataSize,
    /// Its abs-send-time, if it has a readable one.
    pub send_time: Option<AbsSendTime>,
    /// Whether the capture has less of it than was on the wire.
    pub is_truncated: bool,
}

impl StreamStats {
    /// Takes the next packet in capture order.
    #[inline(always)]
    pub fn observe(&mut self, packet: &RtpPacket<'_>, reception: Reception) {
        let Reception { at, size, send_time, is_truncated } = reception;
        if self.packets == 0 {
            self.begin(packet, at);
        }
        self.packets += 1;
        self.payload_bytes += size.as_bytes().max(0).unsigned_abs();
        self.truncated += u64::from(is_truncated);
        if self.last_payload_type != packet.payload_type() {
            self.payload_type(packet.payload_type());
        }
        self.captured.1 = at;
        if self.sequence.observe(packet.sequence_number()) == Arrival::Duplicate {
            return;
        }
        let media_ticks = self.media_time.observe(packet.timestamp());
        if let Some(jitter) = &mut self.jitter {
            jitter.observe(media_ticks, at);
        }
        if let Some(send_time) = send_time {
            let delay_nanos = self.drift.observe(send_time, at);
            self.delay_spread.observe(delay_nanos, at);
        }
    }

    /// Counts a packet that is a copy of one that was observed, or will be.
    pub fn count_copy(&mut self, size: DataSize, at: CaptureTime) {
        self.copies += 1;
        self.copied_bytes += size.as_bytes().max(0).unsigned_abs();
        if self.packets > 0 {
            self.captured.1 = at;
        }
    }

    #[cold]
    fn begin(&mut self, packet: &RtpPacket<'_>, at: CaptureTime) {
        self.payload_type(packet.payload_type());
        self.captured = (at, at);
        self.media_time = MediaTime::begin(packet.timestamp());
    }

    #[cold]
    fn payload_type(&mut self, payload_type: PayloadType) {
        self.clocks.count(self.last_payload_type, self.packets);
        self.last_payload_type = payload_type;
        self.payload_types |= 1 << (payload_type.0 & 0x7f);
        self.follow_clock();
    }

    /// Whether a payload type was seen.
    #[inline]
    pub fn has_seen(&self, payload_type: PayloadType) -> bool {
        self.last_payload_type == payload_type || self.has_seen_before(payload_type)
    }

    #[cold]
    fn has_seen_before(&self, payload_type: PayloadType) -> bool {
        self.payload_types >> (payload_type.0 & 0x7f) & 1 == 1
    }

    /// Jitter is measured by the clock of the payload type in use (RFC 7160); by another clock it begins anew.
    fn follow_clock(&mut self) {
        let hz = self.clocks.of(self.last_payload_type);
        match (hz, self.jitter) {
            (Some(hz), Some(jitter)) if jitter.hz == hz => {}
            (Some(hz), _) => self.jitter = Some(Jitter { hz, last: None, ticks: 0.0 }),
            (None, Some(jitter)) => self.jitter = Some(Jitter { last: None, ..jitter }),
            (None, None) => {}
        }
    }

    /// Whether the next packet with this sequence number is certain to be no repeat.
    #[inline]
    pub fn is_next(&self, number: SeqNum) -> bool {
        self.sequence.is_ahead(number)
    }

    /// Whether this is the sequence number that is next.
    #[inline]
    pub fn continues_with(&self, number: SeqNum) -> bool {
        self.sequence.continues_with(number)
    }

    /// Names the clock that the timestamps of a payload type count in, in Hz; jitter is measured from here on. Setting it
    /// again to the same value changes nothing.
    pub fn set_clock_hz(&mut self, payload_type: PayloadType, hz: u32) {
        if hz > 0 && self.clocks.set(payload_type, hz) && payload_type == self.last_payload_type {
            self.follow_clock();
        }
    }

    /// The clock of the payload type with the most packets, of those whose clock is known, in Hz.
    pub fn clock_hz(&self) -> Option<u32> {
        let mut clocks = self.clocks;
        clocks.count(self.last_payload_type, self.packets);
        clocks.main()
    }

    /// Packets, repeats included.
    pub const fn packets(&self) -> u64 {
        self.packets + self.copies
    }

    /// Packets without those that were told to be copies.
    pub const fn originals(&self) -> u64 {
        self.packets
    }

    /// Bytes of payload and padding on the wire (specification 1.9), repeats included.
    pub const fn payload_bytes(&self) -> u64 {
        self.payload_bytes + self.copied_bytes
    }

    /// Payload types seen, ascending.
    pub fn payload_types(&self) -> impl Iterator<Item = PayloadType> + use<> {
        let seen = self.payload_types;
        (0..128).filter(move |&n| seen >> n & 1 == 1).map(PayloadType)
    }

    /// When the first packet was captured.
    pub fn first_at(&self) -> Option<CaptureTime> {
        (self.packets > 0).then_some(self.captured.0)
    }

    /// When the last packet, in capture order, was captured.
    pub fn last_at(&self) -> Option<CaptureTime> {
        (self.packets > 0).then_some(self.captured.1)
    }

    /// Frames: RTP timestamps that are ahead of all before. Of video each is a picture.
    pub const fn frames(&self) -> u64 {
        self.media_time.frames
    }

    /// The RTP timestamp of the last packet that was no repeat.
    pub fn last_timestamp(&self) -> Option<u32> {
        (self.packets > 0).then_some(self.media_time.last)
    }

    /// Sequence numbers between the lowest and the highest that never came.
    pub fn lost(&self) -> u64 {
        self.sequence.lost()
    }

    /// The lowest and the highest sequence number since the last restart.
    pub fn sequence_range(&self) -> Option<(SeqNum, SeqNum)> {
        (self.packets > 0).then(|| self.sequence.range())
    }

    /// Whether capture times advance by less than a tenth of what RTP timestamps do, over at least a second of these. With
    /// an unknown clock the fastest in use is taken, by which the timestamps' time is the shortest. Capture times may be off
    /// by `grain`.
    pub fn is_squashed(&self, grain: TimeDelta) -> bool {
        let (first, last) = self.captured;
        let hz = i64::from(self.jitter.map_or(FASTEST_CLOCK_HZ, |jitter| jitter.hz));
        let captured_nanos = last.as_nanos().saturating_sub(first.as_nanos());
        let at_most_nanos = captured_nanos.saturating_add(grain.as_micros().saturating_mul(1000));
        self.media_time.ticks >= hz
            && captured_nanos >= 0
            && at_most_nanos < self.media_time.ticks.saturating_mul(1_000_000_000 / 10) / hz
    }

    /// RTP ticks that went by, and the capture time that did.
    pub fn media_and_capture(&self) -> (i64, i64) {
        let (first, last) = self.captured;
        (self.media_time.ticks, last.nanos_since(first))
    }

    /// Packets that came after one with a higher sequence number.
    pub const fn reordered(&self) -> u64 {
        self.sequence.reordered()
    }

    /// Packets that repeat one of the last 128 sequence numbers, and copies.
    pub const fn duplicates(&self) -> u64 {
        self.sequence.duplicates() + self.copies
    }

    /// Interarrival jitter after the last packet in milliseconds (RFC 3550 section 6.4.1); `None` without a clock.
    pub fn jitter_ms(&self) -> Option<f64> {
        self.jitter.map(|jitter| jitter.ticks * 1000.0 / f64::from(jitter.hz))
    }

    /// Parts per million by which the capture's clock is faster than the sender's; `None` without abs-send-time or
    /// under 10 s.
    pub fn drift_ppm(&self) -> Option<f64> {
        self.drift.ppm()
    }

    /// The same, with steps of either clock and the time over which it was measured.
    pub const fn drift(&self) -> &ClockDrift {
        &self.drift
    }

    /// The sender's clock against the capture's over time.
    pub fn clock_offsets(&self) -> Vec<ClockOffset> {
        self.drift.offsets()
    }

    /// How much the delay between sending and capture varies.
    pub const fn delay_spread(&self) -> &DelaySpread {
        &self.delay_spread
    }

    /// Packets of which the capture has less than was on the wire.
    pub const fn truncated(&self) -> u64 {
        self.truncated
    }
}

/// The clocks of a stream's payload types. There are seldom more than two.
#[derive(Debug, Clone, Copy, Default)]
struct Clocks {
    known: [Option<Clock>; 4],
    /// Packets that are counted with their types.
    counted: u64,
}

#[derive(Debug, Clone, Copy)]
struct Clock {
    payload_type: PayloadType,
    hz: u32,
    packets: u64,
}

impl Clocks {
    fn of(&self, payload_type: PayloadType) -> Option<u32> {
        let mut known = self.known.iter().flatten();
        known.find(|clock| clock.payload_type == payload_type).map(|clock| clock.hz)
    }

    /// Whether that is new.
    fn set(&mut self, payload_type: PayloadType, hz: u32) -> bool {
        let place =
            self.known.iter_mut().find(|place| place.is_none_or(|clock| clock.payload_type == payload_type));
        let Some(place) = place else { return false };
        let packets = place.map_or(0, |clock| clock.packets);
        place.replace(Clock { payload_type, hz, packets }).is_none_or(|before| before.hz != hz)
    }

    /// All packets so far that are not yet counted were of this type.
    fn count(&mut self, payload_type: PayloadType, packets: u64) {
        let more = packets - self.counted;
        self.counted = packets;
        let mut known = self.known.iter_mut().flatten();
        if let Some(clock) = known.find(|clock| clock.payload_type == payload_type) {
            clock.packets += more;
        }
    }

    fn main(&self) -> Option<u32> {
        let most = self.known.iter().flatten().map(|clock| clock.packets).max()?;
        self.known.iter().flatten().find(|clock| clock.packets == most).map(|clock| clock.hz)
    }
}

/// How far RTP timestamps have come.
#[derive(Debug, Clone, Copy, Default)]
struct MediaTime {
    last: u32,
    ticks: i64,
    /// The furthest one, and how many were the furthest.
    furthest: u32,
    frames: u64,
}

impl MediaTime {
    fn begin(timestamp: u32) -> Self {
        Self { last: timestamp, ticks: 0, furthest: timestamp, frames: 1 }
    }

    /// The ticks since the timestamp before.
    #[inline]
    fn observe(&mut self, timestamp: u32) -> i32 {
        if timestamp == self.last { 0 } else { self.step_to(timestamp) }
    }

    fn step_to(&mut self, timestamp: u32) -> i32 {
        let step = timestamp.wrapping_sub(self.last).cast_signed();
        self.last = timestamp;
        // More at once is a new timestamp base.
        let is_new_base = i64::from(step).abs() > MAX_MEDIA_STEP_SECS * i64::from(FASTEST_CLOCK_HZ);
        if !is_new_base {
            self.ticks += i64::from(step);
        }
        if is_new_base || timestamp.wrapping_sub(self.furthest).cast_signed() > 0 {
            self.furthest = timestamp;
            self.frames += 1;
        }
        step
    }
}

/// Of video; audio clocks are slower.
const FASTEST_CLOCK_HZ: u32 = 90_000;
const MAX_MEDIA_STEP_SECS: i64 = 2;

#[derive(Debug, Clone, Copy)]
struct Jitter {
    hz: u32,
    last: Option<CaptureTime>,
    ticks: f64,
}

impl Jitter {
    /// A transit time that changes by more than this is a new timestamp base, or a clock set, and no jitter.
    const MAX_CHANGE_SECS: f64 = 10.0;

    #[inline(always)]
    fn observe(&mut self, media_ticks: i32, at: CaptureTime) {
        if let Some(last_at) = self.last.replace(at) {
            let arrival = at.nanos_since(last_at) as f64 * 1e-9 * f64::from(self.hz);
            let change = (arrival - f64::from(media_ticks)).abs();
            if change <= Self::MAX_CHANGE_SECS * f64::from(self.hz) {
                self.ticks += (change - self.ticks) / 16.0;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rtp::test_packet::TestPacket;

    fn reception(millis: i64) -> Reception {
        let at = CaptureTime::from_nanos(i128::from(millis) * 1_000_000).unwrap();
        Reception { at, size: DataSize::from_bytes(100), send_time: None, is_truncated: false }
    }

    fn observe(stats: &mut StreamStats, packet: TestPacket, reception: Reception) {
        let bytes = packet.bytes();
        stats.observe(&RtpPacket::parse(&bytes, bytes.len()).unwrap(), reception);
    }

    #[test]
    fn packets_bytes_types_times_and_cuts_are_counted() {
        let mut stats = StreamStats::default();
        for (seq, payload_type, millis, is_truncated) in
            [(1, 111, 5, true), (2, 0, 9, false), (3, 111, 7, true)]
        {
            let packet = TestPacket { seq, payload_type, ..TestPacket::default() };
            observe(&mut stats, packet, Reception { is_truncated, ..reception(millis) });
        }
        assert_eq!((stats.packets(), stats.payload_bytes(), stats.truncated()), (3, 300, 2));
        assert!(stats.payload_types().eq([PayloadType(0), PayloadType(111)]));
        assert_eq!(stats.first_at(), Some(reception(5).at));
        assert_eq!(stats.last_at(), Some(reception(7).at));
    }

    #[test]
    fn loss_reordering_and_repeats_are_those_of_the_sequence_numbers() {
        let mut stats = StreamStats::default();
        for seq in [1, 2, 4, 3, 3, 7] {
            observe(&mut stats, TestPacket { seq, ..TestPacket::default() }, reception(0));
        }
        assert_eq!((stats.lost(), stats.reordered(), stats.duplicates()), (2, 1, 1));
    }

    #[test]
    fn a_frame_is_a_timestamp_ahead_of_all_before() {
        let mut stats = StreamStats::default();
        // Three packets of a frame, one of the next, one late of the first, two that wrap, and another timestamp base.
        let first = u32::MAX - 4000;
        let timestamps =
            [first, first, first, first + 3000, first, first + 3000, first.wrapping_add(6000), 7, 1 << 30];
        for (seq, timestamp) in (1..).zip(timestamps) {
            observe(&mut stats, TestPacket { seq, timestamp, ..TestPacket::default() }, reception(0));
        }
        assert_eq!(stats.frames(), 4);
    }

    #[test]
    fn jitter_needs_a_clock_and_follows_the_rfc() {
        let mut stats = StreamStats::default();
        let packet = |n: u16| TestPacket { seq: n, timestamp: u32::from(n) * 160, ..TestPacket::default() };
        observe(&mut stats, packet(0), reception(0));
        assert_eq!(stats.jitter_ms(), None);
        stats.set_clock_hz(PayloadType(96), 8000);
        observe(&mut stats, packet(1), reception(20));
        observe(&mut stats, packet(2), reception(56));
        let near_one = |jitter: Option<f64>| (jitter.unwrap() - 1.0).abs() < 1e-9;
        assert!(near_one(stats.jitter_ms()), "16 ms late, a sixteenth of it");
        stats.set_clock_hz(PayloadType(96), 8000);
        observe(&mut stats, packet(2), reception(500));
        assert!(near_one(stats.jitter_ms()), "repeats do not count");
        observe(&mut stats, TestPacket { timestamp: 1 << 30, ..packet(3) }, reception(76));
        assert!(near_one(stats.jitter_ms()), "a new timestamp base does not count");
    }

    #[test]
    fn drift_needs_send_times() {
        let mut with = StreamStats::default();
        let mut without = StreamStats::default();
        for n in 0..1200_u16 {
            let packet = TestPacket { seq: n, ..TestPacket::default() };
            let send_time = Some(AbsSendTime::from_raw(u32::from(n) << 12));
            let at = CaptureTime::from_nanos(i128::from(n) * 15_625_000).unwrap();
            observe(&mut with, packet.clone(), Reception { send_time, at, ..reception(0) });
            observe(&mut without, packet, Reception { at, ..reception(0) });
        }
        assert!(with.drift_ppm().unwrap().abs() < 0.01);
        assert_eq!(without.drift_ppm(), None);
    }
}

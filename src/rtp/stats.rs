//! What RFC 3550 counts of a stream, and the drift of its send clock. Constant work and memory a packet.

use crate::units::{AbsSendTime, CaptureTime, PayloadType, SeqNum};

use super::RtpPacket;

/// A larger step in sequence number is a new beginning (RFC 3550, MAX_DROPOUT).
const MAX_STEP: i16 = 3000;
const MAX_PAYLOAD_TYPES: usize = 16;
const DELAY_BUCKETS: usize = 64;
const MIN_DRIFT_SECONDS: f64 = 10.0;

/// Counters of one stream.
#[derive(Debug, Clone, Default)]
pub struct StreamStats {
    /// Packets, duplicates included.
    pub packets: u64,
    /// Payload and padding, bytes.
    pub payload_bytes: u64,
    /// First and last packet.
    pub span: Option<(CaptureTime, CaptureTime)>,
    /// Packets behind a later one.
    pub reordered: u64,
    /// Packets seen before.
    pub duplicates: u64,
    /// Packets cut by the snaplen.
    pub truncated: u64,
    payload_types: Vec<PayloadType>,
    sequence: Sequence,
    transit: Option<(u32, CaptureTime)>,
    jitter_seconds: Option<f64>,
    delay: DelayFloor,
}

impl StreamStats {
    /// Takes a packet into account. `clock_hz` is the RTP clock, where known; `truncated` whether the capture cut it.
    pub fn observe(
        &mut self,
        at: CaptureTime,
        packet: &RtpPacket<'_>,
        clock_hz: Option<u32>,
        send_time: Option<AbsSendTime>,
        truncated: bool,
    ) {
        self.packets += 1;
        self.payload_bytes += u64::try_from(packet.size().as_bytes()).unwrap_or(0);
        self.truncated += u64::from(truncated);
        self.span = Some((self.span.map_or(at, |(first, _)| first), at));
        if let Err(index) = self.payload_types.binary_search(&packet.payload_type())
            && self.payload_types.len() < MAX_PAYLOAD_TYPES
        {
            self.payload_types.insert(index, packet.payload_type());
        }
        match self.sequence.observe(packet.sequence_number()) {
            Order::Forward => {}
            Order::Behind => self.reordered += 1,
            Order::Again => {
                self.duplicates += 1;
                return;
            }
        }
        if let Some(clock_hz) = clock_hz {
            self.observe_jitter(at, packet.timestamp(), f64::from(clock_hz));
        }
        if let Some(send_time) = send_time {
            self.delay.observe(at, send_time);
        }
    }

    /// Payload types seen, ascending; at most 16.
    pub fn payload_types(&self) -> &[PayloadType] {
        &self.payload_types
    }

    /// Packets missing in the sequence.
    pub fn lost(&self) -> u64 {
        self.sequence.expected().saturating_sub(self.packets - self.duplicates)
    }

    /// Interarrival jitter (RFC 3550, 6.4.1), ms; `None` without a clock or a second packet.
    pub fn jitter_ms(&self) -> Option<f64> {
        self.jitter_seconds.map(|seconds| seconds * 1e3)
    }

    /// How much faster than the capture's clock the send clock runs, parts per million; `None` under 10 s.
    pub fn drift_ppm(&self) -> Option<f64> {
        self.delay.drift_ppm()
    }

    fn observe_jitter(&mut self, at: CaptureTime, timestamp: u32, clock_hz: f64) {
        if let Some((last_timestamp, last_at)) = self.transit {
            let ticks = timestamp.wrapping_sub(last_timestamp).cast_signed();
            let difference = seconds_between(last_at, at) - f64::from(ticks) / clock_hz;
            let jitter = self.jitter_seconds.unwrap_or(0.0);
            self.jitter_seconds = Some(jitter + (difference.abs() - jitter) / 16.0);
        }
        self.transit = Some((timestamp, at));
    }
}

fn seconds_between(earlier: CaptureTime, later: CaptureTime) -> f64 {
    (later.as_nanos() - earlier.as_nanos()) as f64 / 1e9
}

enum Order {
    Forward,
    Behind,
    Again,
}

/// The sequence of packet numbers, with the last 128 remembered.
#[derive(Debug, Clone, Default)]
struct Sequence {
    highest: Option<SeqNum>,
    /// Bit n: the packet n before the highest has come.
    seen: u128,
    /// Packets from the first to the highest, over all beginnings.
    span: u64,
}

impl Sequence {
    fn observe(&mut self, number: SeqNum) -> Order {
        let Some(highest) = self.highest else { return self.begin(number) };
        let step = number.steps_since(highest);
        let behind = u32::from(step.unsigned_abs());
        if step.unsigned_abs() > MAX_STEP.unsigned_abs() {
            return self.begin(number);
        }
        if step > 0 {
            self.seen = self.seen.checked_shl(behind).unwrap_or(0) | 1;
            self.span += u64::from(behind);
            self.highest = Some(number);
            return Order::Forward;
        }
        let bit = 1_u128.checked_shl(behind).unwrap_or(0);
        let again = self.seen & bit != 0;
        self.seen |= bit;
        if again { Order::Again } else { Order::Behind }
    }

    fn begin(&mut self, number: SeqNum) -> Order {
        self.highest = Some(number);
        self.seen = 1;
        self.span += 1;
        Order::Forward
    }

    fn expected(&self) -> u64 {
        self.span
    }
}

/// The least delay in each of some stretches of time, which double as the stream goes on: queues come and go, the clocks'
/// drift stays.
#[derive(Debug, Clone, Default)]
struct DelayFloor {
    start: Option<(CaptureTime, AbsSendTime)>,
    last_send: Option<AbsSendTime>,
    sent_seconds: f64,
    bucket_seconds: f64,
    floors: Vec<(f64, f64)>,
}

impl DelayFloor {
    fn observe(&mut self, at: CaptureTime, send_time: AbsSendTime) {
        let (start, _) = *self.start.get_or_insert((at, send_time));
        let last = self.last_send.replace(send_time).unwrap_or(send_time);
        let units = (send_time.units_since(last) << 8).cast_signed() >> 8;
        self.sent_seconds += f64::from(units) / f64::from(AbsSendTime::UNITS_PER_SECOND);
        let seconds = seconds_between(start, at);
        if seconds < 0.0 {
            return;
        }
        if self.bucket_seconds == 0.0 {
            self.bucket_seconds = 0.25;
        }
        while seconds >= self.bucket_seconds * DELAY_BUCKETS as f64 {
            self.halve();
        }
        let index = (seconds / self.bucket_seconds) as usize;
        if self.floors.len() <= index {
            self.floors.resize(index + 1, (f64::NAN, f64::INFINITY));
        }
        let delay = seconds - self.sent_seconds;
        if let Some(floor) = self.floors.get_mut(index).filter(|floor| delay < floor.1) {
            *floor = (seconds, delay);
        }
    }

    fn halve(&mut self) {
        self.bucket_seconds *= 2.0;
        let merged = self.floors.chunks(2).map(|pair| {
            pair.iter().copied().min_by(|a, b| a.1.total_cmp(&b.1)).unwrap_or((f64::NAN, f64::INFINITY))
        });
        self.floors = merged.collect();
    }

    /// From the lowest point of the first third to that of the last.
    fn drift_ppm(&self) -> Option<f64> {
        let third = self.floors.len() / 3;
        let lowest = |floors: &[(f64, f64)]| {
            floors.iter().copied().filter(|floor| floor.1.is_finite()).min_by(|a, b| a.1.total_cmp(&b.1))
        };
        let first = lowest(self.floors.get(..third)?)?;
        let last = lowest(self.floors.get(self.floors.len() - third..)?)?;
        let seconds = last.0 - first.0;
        (seconds >= MIN_DRIFT_SECONDS / 3.0 && self.covers(MIN_DRIFT_SECONDS))
            .then(|| (first.1 - last.1) / seconds * 1e6)
    }

    fn covers(&self, seconds: f64) -> bool {
        self.floors.len() as f64 * self.bucket_seconds >= seconds
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stats(packets: impl Iterator<Item = (u16, u32, f64, f64)>) -> StreamStats {
        let mut stats = StreamStats::default();
        for (number, timestamp, sent, arrived) in packets {
            let mut bytes = vec![0x80, 96];
            bytes.extend(number.to_be_bytes());
            bytes.extend(timestamp.to_be_bytes());
            bytes.extend([0, 0, 0, 1]);
            let at = CaptureTime::from_nanos((arrived * 1e9) as i128).unwrap();
            let send_time = AbsSendTime::from_raw((sent * f64::from(AbsSendTime::UNITS_PER_SECOND)) as u32);
            let packet = RtpPacket::parse(&bytes, 112).unwrap();
            stats.observe(at, &packet, Some(90_000), Some(send_time), false);
        }
        stats
    }

    #[test]
    fn loss_reordering_and_repeats_are_told_apart() {
        let numbers = [65_533, 65_534, 0, 65_535, 0, 4, 4, 3];
        let stats = stats(numbers.into_iter().map(|number| (number, 0, 0.0, 0.0)));
        assert_eq!((stats.packets, stats.payload_bytes), (8, 800));
        assert_eq!((stats.lost(), stats.reordered, stats.duplicates), (2, 2, 2));
    }

    #[test]
    fn a_new_beginning_is_no_loss() {
        let numbers = (0..10).chain(30_000..30_010);
        assert_eq!(stats(numbers.map(|number| (number, 0, 0.0, 0.0))).lost(), 0);
    }

    #[test]
    fn jitter_is_that_of_rfc_3550() {
        let steady = stats((0..100).map(|k| (k, u32::from(k) * 3_000, 0.0, f64::from(k) / 30.0)));
        assert!(steady.jitter_ms().unwrap() < 1e-3);
        let alternating = |k: u16| if k.is_multiple_of(2) { 0.0 } else { 0.004 };
        let stats =
            stats((0..1000).map(|k| (k, u32::from(k) * 3_000, 0.0, f64::from(k) / 30.0 + alternating(k))));
        assert!((stats.jitter_ms().unwrap() - 4.0).abs() < 0.01, "{:?}", stats.jitter_ms());
    }

    #[test]
    fn drift_is_seen_under_queues_that_come_and_go() {
        let queue = |k: u32| f64::from(k % 500) * 0.001;
        let packets = (0..10_000_u32).map(|k| {
            let arrived = f64::from(k) * 0.02;
            (k as u16, 0, arrived * (1.0 + 50e-6), arrived + queue(k))
        });
        let drift = stats(packets).drift_ppm().unwrap();
        assert!((drift - 50.0).abs() < 3.0, "{drift}");
        assert_eq!(stats((0..10).map(|k| (k, 0, 0.0, 0.0))).drift_ppm(), None);
    }
}

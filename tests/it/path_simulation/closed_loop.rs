//! The closed-loop scenarios C14 of the specification, with the values that libwebrtc's model gives.

use remb_replay::bwe::{AbsSendTimeEstimator, EstimatorConfig, PacketArrival, RtpTimestampEstimator};
use remb_replay::units::{AbsSendTime, DataSize, Ssrc, Timestamp};

const FRAME_MICROS: i64 = 33_333;

/// One of the two, asked in the same way.
enum Estimator {
    AbsSendTime(Box<AbsSendTimeEstimator>),
    RtpTimestamp(Box<RtpTimestampEstimator>),
}

impl Estimator {
    fn abs_send_time() -> Self {
        Self::AbsSendTime(Box::new(AbsSendTimeEstimator::new(EstimatorConfig::default())))
    }

    fn rtp_timestamp() -> Self {
        Self::RtpTimestamp(Box::new(RtpTimestampEstimator::new(EstimatorConfig::default())))
    }

    fn packet(&mut self, packet: &PacketArrival) -> Option<i64> {
        let report = match self {
            Self::AbsSendTime(estimator) => estimator.handle_packet(packet, &mut ()),
            Self::RtpTimestamp(estimator) => estimator.handle_packet(packet, &mut ()),
        };
        report.map(|report| report.bitrate.as_bps())
    }

    fn process(&mut self, now_micros: i64) -> Option<i64> {
        match self {
            Self::AbsSendTime(_) => None,
            Self::RtpTimestamp(estimator) => {
                let (_, report) = estimator.process(Timestamp::from_micros(now_micros), &mut ());
                report.map(|report| report.bitrate.as_bps())
            }
        }
    }
}

/// A source of frames, a link without end, and an estimator.
struct Loop {
    estimator: Estimator,
    capacity_bps: i64,
    /// Added to the arrival times given, not to the clock.
    arrival_shift_ms: i64,
    frame_micros: i64,
    last_arrival_micros: i64,
    source_bps: i64,
    last_report_bps: i64,
    overuse_seen: bool,
}

impl Loop {
    fn new(estimator: Estimator, source_bps: i64, capacity_bps: i64) -> Self {
        Self {
            estimator,
            capacity_bps,
            arrival_shift_ms: 0,
            frame_micros: 100_000_000,
            last_arrival_micros: 0,
            source_bps,
            last_report_bps: 0,
            overuse_seen: false,
        }
    }

    /// One frame: its packets through the link to the estimator, then the timer.
    fn frame(&mut self) {
        let bits = (self.source_bps + 15) / 30;
        let packets = ((bits + 4800) / 9600).max(1);
        let size = (bits + 4 * packets) / (8 * packets);
        let sent_micros = self.frame_micros + 1_000_000;
        let mut on_last = None;
        for _ in 0..packets {
            let kbps = self.capacity_bps / 1000;
            let takes_micros = (8000 * size + kbps / 2) / kbps;
            let arrival_micros =
                (self.frame_micros + takes_micros).max(self.last_arrival_micros + takes_micros);
            self.last_arrival_micros = arrival_micros;
            let raw = ((sent_micros << 18) + 500_000) / 1_000_000;
            on_last = self.estimator.packet(&PacketArrival {
                at: Timestamp::from_millis((arrival_micros + 500) / 1000 + self.arrival_shift_ms),
                now: Timestamp::from_micros(arrival_micros),
                ssrc: Ssrc(1),
                send_time: AbsSendTime::from_raw((raw & 0xff_ffff) as u32).into(),
                rtp_timestamp: 0xffff_f000_u32.wrapping_add(((90 * sent_micros + 500) / 1000) as u32),
                transmission_offset: 0,
                size: DataSize::from_bytes(size),
            });
            self.last_report_bps = on_last.unwrap_or(self.last_report_bps);
        }
        self.overuse_seen |= on_last.is_some_and(|bps| bps < self.source_bps);
        let on_timer = self.estimator.process(self.last_arrival_micros);
        self.last_report_bps = on_timer.unwrap_or(self.last_report_bps);
        self.source_bps = on_timer.or(on_last).unwrap_or(self.source_bps);
        self.frame_micros += FRAME_MICROS;
    }
}

/// S1: constant rate, ideal path. The packet and value of the first report, the last value, and how many there were.
fn constant_rate(mut estimator: Estimator) -> (Option<(usize, i64)>, Option<i64>, usize) {
    let mut reports = Vec::new();
    assert_eq!(estimator.process(101_000_000), None);
    let at = |index: usize| 102_000_000 + 20_000 * index as i64;
    for index in 0..253 {
        let now = Timestamp::from_micros(at(index));
        if index == 2 {
            reports.extend(estimator.process(now.as_micros()).map(|bps| (index, bps)));
        }
        let packet = PacketArrival {
            at: now,
            now,
            ssrc: Ssrc(1),
            send_time: AbsSendTime::from_raw(5243 * index as u32).into(),
            rtp_timestamp: 1800 * index as u32,
            transmission_offset: 0,
            size: DataSize::from_bytes(1200),
        };
        reports.extend(estimator.packet(&packet).map(|bps| (index, bps)));
    }
    reports.extend(estimator.process(at(253)).map(|bps| (253, bps)));
    (reports.first().copied(), reports.last().map(|(_, bps)| *bps), reports.len())
}

/// S2: frames until the source sends half of 1 Mbit/s, and what it sends then.
fn ramp(estimator: Estimator) -> (usize, i64) {
    let mut scenario = Loop::new(estimator, 30_000, 1_000_000);
    let mut frames = 0;
    while scenario.source_bps < 500_000 {
        scenario.frame();
        frames += 1;
        assert!(frames < 5000, "it stays at {} bit/s", scenario.source_bps);
    }
    (frames, scenario.source_bps)
}

/// S3 and S4: the source's rate before the link falls to half, and the time until a report says so, ms.
fn drop(estimator: Estimator, arrival_shift_ms: i64) -> (i64, i64) {
    let mut scenario = Loop::new(estimator, 900_000, 1_000_000);
    for _ in 0..300 {
        scenario.frame();
        if scenario.overuse_seen && scenario.source_bps > 1_000_000 {
            break;
        }
    }
    let (before_bps, start_micros) = (scenario.source_bps, scenario.frame_micros);
    scenario.capacity_bps = 500_000;
    scenario.arrival_shift_ms = arrival_shift_ms;
    for _ in 0..300 {
        scenario.frame();
        if scenario.last_report_bps <= 500_000 {
            return (before_bps, (scenario.frame_micros - start_micros + 500) / 1000);
        }
    }
    panic!("it stays at {} bit/s", scenario.last_report_bps);
}

#[test]
fn s1_a_constant_rate_is_found_with_abs_send_time_from_the_fifth_packet_on() {
    assert_eq!(constant_rate(Estimator::abs_send_time()), (Some((4, 481_000)), Some(698_099), 23));
}

#[test]
fn s1_a_constant_rate_is_found_with_rtp_timestamps_at_the_last_timer() {
    assert_eq!(constant_rate(Estimator::rtp_timestamp()), (Some((253, 471_400)), Some(471_400), 1));
}

#[test]
fn s2_the_ramp_takes_as_many_frames_as_in_libwebrtc() {
    assert_eq!(ramp(Estimator::abs_send_time()), (1237, 500_711));
    assert_eq!(ramp(Estimator::rtp_timestamp()), (1267, 503_359));
}

#[test]
fn s3_a_link_that_falls_to_half_is_noticed_within_633_ms() {
    assert_eq!(drop(Estimator::abs_send_time(), 0), (869_792, 600));
    assert_eq!(drop(Estimator::rtp_timestamp(), 0), (871_814, 633));
}

#[test]
fn s4_arrival_times_that_jump_by_half_a_minute_do_not_hide_it() {
    assert_eq!(drop(Estimator::abs_send_time(), 30_000).1, 300);
    assert_eq!(drop(Estimator::abs_send_time(), -30_000).1, 300);
}

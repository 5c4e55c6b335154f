//! The short way of most packets against the long one.

use proptest::prelude::*;

use super::super::quantities::Quantities;
use super::*;
use crate::survey::FedPacket;
use crate::units::{AbsSendTime, AbsSendTimeElement, DataSize, SeqNum, Ssrc, TimeDelta};
use remb::bwe::{EstimatorKind, RateControlState, Step};

/// A packet, relative to what is usual.
#[derive(Debug, Clone)]
struct Odd {
    stream: u8,
    gap_ms: i64,
    skips: i16,
    queue_ms: i64,
    begins_frame: bool,
    is_rtx: bool,
    has_send_time: bool,
    is_aside: bool,
}

fn odds() -> impl Strategy<Value = Vec<Odd>> {
    let gap_ms = prop_oneof![40 => 0..9_i64, 3 => 10..80_i64, 1 => -1200..4000_i64];
    let skips = prop_oneof![30 => Just(0_i16), 1 => -6..6_i16, 1 => any::<i16>()];
    let rare = |of: u32| prop::bool::weighted(1.0 / f64::from(of));
    let odd = (0..4_u8, gap_ms, skips, 0..60_i64, rare(3), rare(30), rare(40), rare(20)).prop_map(
        |(stream, gap_ms, skips, queue_ms, begins_frame, is_rtx, no_send_time, is_aside)| Odd {
            stream,
            gap_ms,
            skips,
            queue_ms,
            begins_frame,
            is_rtx,
            has_send_time: !no_send_time,
            is_aside,
        },
    );
    prop::collection::vec(odd, 1..1500)
}

/// Hands packets over; whether each may go the short way.
fn finders(odds: &[Odd], short: bool) -> (String, u64) {
    let (mut finders, mut quantities) = (Finders::new(Bitrate::from_bps(5000), false), Quantities::default());
    let (mut numbers, mut timestamps, mut nanos, mut short_ways) =
        ([0_u16; 4], [0_u32; 4], 70_000_000_000, 0);
    let mut at = CaptureTime::default();
    for (place, odd) in odds.iter().enumerate() {
        nanos += odd.gap_ms * 1_000_000 + 1234;
        at = CaptureTime::from_nanos(i128::from(nanos)).unwrap();
        if odd.is_aside {
            finders.aside();
            continue;
        }
        let stream = usize::from(odd.stream);
        numbers[stream] = numbers[stream].wrapping_add(1).wrapping_add_signed(odd.skips);
        timestamps[stream] += if odd.begins_frame { 3000 } else { 0 };
        let sent = (nanos - odd.queue_ms * 1_000_000).unsigned_abs() as f64 / 1e9 * f64::from(1 << 18);
        let send_time = match odd.has_send_time {
            true => AbsSendTimeElement::Value(AbsSendTime::from_raw(sent as u64 as u32)),
            false => AbsSendTimeElement::Absent,
        };
        let packet = FedPacket {
            at,
            order: at,
            ssrc: Ssrc(u32::from(odd.stream)),
            send_time,
            rtp_timestamp: timestamps[stream],
            transmission_offset: None,
            size: DataSize::from_bytes(1100),
            is_first: false,
            is_rtx: odd.is_rtx,
            frame: FrameNumber(place as u64 + 1),
            sequence_number: SeqNum(numbers[stream]),
            clock_hz: Some(90_000),
        };
        match short && finders.next(&packet, &mut quantities) {
            true => short_ways += 1,
            false => {
                let seen = quantities.observe(&packet);
                finders.packet(&packet, &seen, &mut quantities);
            }
        }
    }
    let standing = quantities.standing_nanos(at);
    (format!("{standing:?} {quantities:?} {finders:?}"), short_ways)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    #[test]
    fn both_ways_know_the_same_after_any_packets(odds in odds()) {
        let ((short, _), (long, _)) = (finders(&odds, true), finders(&odds, false));
        prop_assert_eq!(short, long);
    }
}

/// So long after the packet before, of one stream.
fn usual(gap_ms: i64) -> Odd {
    Odd {
        stream: 0,
        gap_ms,
        skips: 0,
        queue_ms: 0,
        begins_frame: false,
        is_rtx: false,
        has_send_time: true,
        is_aside: false,
    }
}

#[test]
fn a_gap_in_time_that_stepped_back_does_not_go_the_short_way() {
    let odds: Vec<Odd> = [0, 5, 5, -951, 5, 5, 643, 5, 700, 5].map(usual).into();
    let ((short, short_ways), (long, _)) = (finders(&odds, true), finders(&odds, false));
    assert_eq!(short, long);
    assert!(short_ways > 0 && long.contains("open: Some(Gap"), "{short_ways}");
}

#[test]
fn most_packets_of_a_call_go_the_short_way() {
    let odds: Vec<Odd> =
        (0..1000_u16).map(|place| Odd { stream: (place / 3 % 2) as u8, ..usual(3) }).collect();
    let ((short, short_ways), (long, _)) = (finders(&odds, true), finders(&odds, false));
    assert_eq!(short, long);
    assert!(short_ways > 900, "{short_ways}");
}

/// What a step brings.
#[derive(Debug, Clone)]
struct Brings {
    after_ms: i64,
    estimate_kbps: Option<i64>,
    incoming_kbps: Option<i64>,
    rtt_ms: i64,
    is_probe: bool,
    by_rtp_timestamps: bool,
    recorded_kbps: Option<i64>,
}

fn brings() -> impl Strategy<Value = Vec<Brings>> {
    let estimate_kbps =
        prop_oneof![60 => Just(Some(500)), 6 => (100..900_i64).prop_map(Some), 1 => Just(None)];
    let incoming_kbps = prop_oneof![9 => (50..900_i64).prop_map(Some), 1 => Just(None)];
    let rtt_ms = prop_oneof![30 => Just(40), 1 => 0..400_i64];
    let recorded_kbps = prop::option::weighted(0.05, 100..900_i64);
    let rare = || prop::bool::weighted(0.02);
    let brings = (0..400_i64, estimate_kbps, incoming_kbps, rtt_ms, rare(), rare(), recorded_kbps).prop_map(
        |(after_ms, estimate_kbps, incoming_kbps, rtt_ms, is_probe, by_rtp_timestamps, recorded_kbps)| {
            Brings {
                after_ms,
                estimate_kbps,
                incoming_kbps,
                rtt_ms,
                is_probe,
                by_rtp_timestamps,
                recorded_kbps,
            }
        },
    );
    prop::collection::vec(brings, 1..400)
}

/// Hands steps over; whether those at which nothing is new may go the short way.
fn stepped(brings: &[Brings], short: bool) -> String {
    let (mut finders, quantities) = (Finders::new(Bitrate::from_bps(5000), false), Quantities::default());
    let (mut nanos, kbps) = (70_000_000_000, |kbps: i64| Bitrate::from_bps(kbps * 1000));
    for bring in brings {
        nanos += bring.after_ms * 1_000_000;
        let at = CaptureTime::from_nanos(i128::from(nanos)).unwrap();
        if let Some(recorded) = bring.recorded_kbps {
            finders
                .recorded(at, &CapturedRemb { sender_ssrc: Ssrc(9), bitrate: kbps(recorded), ssrcs: None });
        }
        let step = Step {
            now: at.to_timestamp(),
            estimator: match bring.by_rtp_timestamps {
                true => EstimatorKind::RtpTimestamp,
                false => EstimatorKind::AbsSendTime,
            },
            packet: None,
            incoming: bring.incoming_kbps.map(kbps),
            rate_control: None,
            probe: bring.is_probe,
            rate_state: RateControlState::Increase,
            estimate: bring.estimate_kbps.map(kbps),
            current: kbps(500),
            link_capacity_kbps: None,
            link_capacity_deviation: 0.0,
        };
        if !short {
            // By an estimator that was not there before.
            finders.told.by = None;
        }
        finders.step(at, &step, TimeDelta::from_millis(bring.rtt_ms), &quantities);
    }
    finders.hold_against_recorded(CaptureTime::NEVER);
    format!("{finders:?}")
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    #[test]
    fn a_step_at_which_nothing_is_new_is_as_any_other(brings in brings()) {
        prop_assert_eq!(stepped(&brings, true), stepped(&brings, false));
    }
}

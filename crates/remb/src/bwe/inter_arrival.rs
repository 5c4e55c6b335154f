//! Packet groups: which packets were sent together, and how far apart two groups were sent and arrived.
//!
//! Packets sent within 5 ms of a group's first belong to it, and so do packets of a burst: they come quickly one after
//! the other although sent further apart, as a queue drains. Delays are measured between completed groups, last packet
//! to last packet. Specification section 3.

#[cfg(feature = "serde")]
use serde::{Deserialize, Serialize};

use crate::units::{DataSize, TimeDelta};

/// The grouping rules' limits (specification 3.1, 3.2).
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(Serialize, Deserialize), serde(deny_unknown_fields, default))]
pub struct InterArrivalConfig {
    /// Packets sent within this time of a group's first packet belong to the group.
    pub group_length: TimeDelta,
    /// Largest gap between arrivals inside a burst.
    pub burst_delta_threshold: TimeDelta,
    /// A group grows by bursting only so long after its first arrival.
    pub max_burst_duration: TimeDelta,
    /// The arrival clock may run ahead of the system clock by less than this between two groups.
    pub arrival_clock_offset_threshold: TimeDelta,
    /// So many groups in a row that completed before their predecessor reset everything.
    pub reordered_reset_threshold: u32,
}

impl Default for InterArrivalConfig {
    fn default() -> Self {
        Self {
            group_length: TimeDelta::from_millis(5),
            burst_delta_threshold: TimeDelta::from_millis(5),
            max_burst_duration: TimeDelta::from_millis(100),
            arrival_clock_offset_threshold: TimeDelta::from_millis(3000),
            reordered_reset_threshold: 3,
        }
    }
}

/// Multiplied with, never divided by 90 (specification 1.8).
pub(super) const MS_PER_RTP_TICK: f64 = 1.0 / 90.0;

/// How two consecutive completed groups differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GroupDelta {
    /// Send time, in the instance's ticks.
    pub send_ticks: u32,
    /// Arrival time of the last packet, ms; never negative.
    pub arrival_ms: i64,
    /// Bytes.
    pub size: i64,
}

#[derive(Debug, Clone, Copy)]
struct Group {
    size: i64,
    first_ticks: u32,
    last_ticks: u32,
    first_arrival_ms: i64,
    complete_ms: i64,
    last_system_ms: i64,
}

/// The configuration in the units that packets are compared in.
#[derive(Debug, Clone, Copy)]
struct Limits {
    ms_per_tick: f64,
    group_length_ticks: u32,
    burst_delta_threshold_ms: i64,
    max_burst_duration_ms: i64,
    arrival_clock_offset_threshold_ms: i64,
    reordered_reset_threshold: u32,
}

/// Makes packet groups of packets with a send time in ticks.
#[derive(Debug, Clone)]
pub struct InterArrival {
    limits: Limits,
    current: Option<Group>,
    previous: Option<Group>,
    reordered_groups: u32,
}

impl InterArrival {
    /// Ticks of a 32-bit abs-send-time, 6.26 fixed point.
    const ABS_SEND_TIME_TICKS_PER_SECOND: i64 = 1 << 26;
    const RTP_TICKS_PER_SECOND: i64 = 90_000;

    /// For send times of abs-send-time: 2²⁶ ticks a second.
    pub fn for_abs_send_time(config: &InterArrivalConfig) -> Self {
        let ticks_per_second = Self::ABS_SEND_TIME_TICKS_PER_SECOND;
        Self::with_ticks(config, ticks_per_second, 1000.0 / ticks_per_second as f64)
    }

    /// For RTP timestamps, whatever the payload: 90,000 ticks a second (specification 1.8).
    pub fn for_rtp_timestamps(config: &InterArrivalConfig) -> Self {
        Self::with_ticks(config, Self::RTP_TICKS_PER_SECOND, MS_PER_RTP_TICK)
    }

    fn with_ticks(config: &InterArrivalConfig, ticks_per_second: i64, ms_per_tick: f64) -> Self {
        let ticks = config.group_length.as_micros().saturating_mul(ticks_per_second) / 1_000_000;
        let limits = Limits {
            ms_per_tick,
            group_length_ticks: u32::try_from(ticks).unwrap_or(u32::MAX),
            burst_delta_threshold_ms: config.burst_delta_threshold.to_millis(),
            max_burst_duration_ms: config.max_burst_duration.to_millis(),
            arrival_clock_offset_threshold_ms: config.arrival_clock_offset_threshold.to_millis(),
            reordered_reset_threshold: config.reordered_reset_threshold,
        };
        Self { limits, current: None, previous: None, reordered_groups: 0 }
    }

    /// Takes a packet; gives the delta of the two groups before it when it opens a third (specification 3.2).
    ///
    /// `arrival_ms` and `system_ms` are the packet's arrival and the local clock, in rounded milliseconds.
    #[inline(always)]
    pub fn handle_packet(
        &mut self,
        ticks: u32,
        arrival_ms: i64,
        system_ms: i64,
        size: DataSize,
    ) -> Option<GroupDelta> {
        let Some(current) = &mut self.current else {
            self.open_group(ticks, arrival_ms, system_ms, size);
            return None;
        };
        if is_before(ticks, current.first_ticks) {
            return None;
        }
        if !self.limits.opens_new_group(current, ticks, arrival_ms) {
            current.extend(ticks, arrival_ms, system_ms, size);
            return None;
        }
        let current = *current;
        let delta = match self.previous {
            Some(previous) => Some(self.delta_between(&previous, &current)?),
            None => None,
        };
        self.previous = Some(current);
        self.open_group(ticks, arrival_ms, system_ms, size);
        delta
    }

    fn open_group(&mut self, ticks: u32, arrival_ms: i64, system_ms: i64, size: DataSize) {
        let mut group = Group::opened_by(ticks, arrival_ms);
        group.extend(ticks, arrival_ms, system_ms, size);
        self.current = Some(group);
    }

    /// The delta of two completed groups; `None` where the clocks forbid one, and then the packet is lost.
    #[inline(always)]
    fn delta_between(&mut self, previous: &Group, current: &Group) -> Option<GroupDelta> {
        let arrival_ms = current.complete_ms - previous.complete_ms;
        let system_ms = current.last_system_ms - previous.last_system_ms;
        if arrival_ms - system_ms >= self.limits.arrival_clock_offset_threshold_ms {
            self.reset();
            return None;
        }
        if arrival_ms < 0 {
            self.reordered_groups += 1;
            if self.reordered_groups >= self.limits.reordered_reset_threshold {
                self.reset();
            }
            return None;
        }
        self.reordered_groups = 0;
        let send_ticks = current.last_ticks.wrapping_sub(previous.last_ticks);
        Some(GroupDelta { send_ticks, arrival_ms, size: current.size - previous.size })
    }

    /// Forgets both groups (specification 3.4).
    pub(super) fn reset(&mut self) {
        self.current = None;
        self.previous = None;
        self.reordered_groups = 0;
    }
}

impl Limits {
    /// Specification 3.3.
    #[inline(always)]
    fn opens_new_group(&self, group: &Group, ticks: u32, arrival_ms: i64) -> bool {
        if ticks.wrapping_sub(group.first_ticks) <= self.group_length_ticks {
            return false;
        }
        let arrival_gap_ms = arrival_ms - group.complete_ms;
        let ticks_since_last = ticks.wrapping_sub(group.last_ticks);
        let send_gap_ms = (self.ms_per_tick * f64::from(ticks_since_last) + 0.5) as i64;
        // libwebrtc keeps it in 32 bits.
        let came_closer = ((arrival_gap_ms - send_gap_ms) as i32) < 0;
        let in_burst = came_closer
            && arrival_gap_ms <= self.burst_delta_threshold_ms
            && arrival_ms - group.first_arrival_ms < self.max_burst_duration_ms;
        send_gap_ms != 0 && !in_burst
    }
}

impl Group {
    fn opened_by(ticks: u32, arrival_ms: i64) -> Self {
        Self {
            size: 0,
            first_ticks: ticks,
            last_ticks: ticks,
            first_arrival_ms: arrival_ms,
            complete_ms: arrival_ms,
            last_system_ms: 0,
        }
    }

    #[inline]
    fn extend(&mut self, ticks: u32, arrival_ms: i64, system_ms: i64, size: DataSize) {
        self.last_ticks = later_of(self.last_ticks, ticks);
        self.size += size.as_bytes();
        self.complete_ms = arrival_ms;
        self.last_system_ms = system_ms;
    }
}

/// More than half the range ahead is behind.
fn is_before(ticks: u32, first_ticks: u32) -> bool {
    ticks.wrapping_sub(first_ticks) >= 1 << 31
}

/// The later of two wrapping times; exactly half the range apart, the greater number.
fn later_of(last: u32, ticks: u32) -> u32 {
    let ahead = ticks.wrapping_sub(last);
    let is_later = if ahead == 1 << 31 { ticks > last } else { ahead != 0 && ahead < 1 << 31 };
    if is_later { ticks } else { last }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inter_arrival() -> InterArrival {
        InterArrival::for_abs_send_time(&InterArrivalConfig::default())
    }

    fn feed(
        inter_arrival: &mut InterArrival,
        raw: u32,
        arrival_ms: i64,
        size: i64,
    ) -> Option<(f64, i64, i64)> {
        feed_with_system(inter_arrival, raw, arrival_ms, arrival_ms, size)
    }

    fn feed_with_system(
        inter_arrival: &mut InterArrival,
        raw: u32,
        arrival_ms: i64,
        system_ms: i64,
        size: i64,
    ) -> Option<(f64, i64, i64)> {
        let delta =
            inter_arrival.handle_packet(raw << 8, arrival_ms, system_ms, DataSize::from_bytes(size))?;
        Some((1000.0 * f64::from(delta.send_ticks) / f64::from(1 << 26), delta.arrival_ms, delta.size))
    }

    #[track_caller]
    fn assert_delta(actual: Option<(f64, i64, i64)>, expected: Option<(f64, i64, i64)>) {
        match (actual, expected) {
            (Some(actual), Some(expected)) => {
                assert!((actual.0 - expected.0).abs() < 1e-8, "{actual:?} is not {expected:?}");
                assert_eq!((actual.1, actual.2), (expected.1, expected.2));
            }
            (actual, expected) => assert_eq!(actual, expected),
        }
    }

    /// Specification C5a.
    #[test]
    fn groups_leave_a_reordered_packet_out_and_take_a_burst_in() {
        let mut groups = inter_arrival();
        for (raw, arrival_ms, size, expected) in [
            (0x04_0000, 2000, 1200, None),
            (0x04_0106, 2001, 1200, None),
            (0x04_0419, 2004, 600, None),
            (0x04_21CB, 2034, 1200, None),
            (0x04_25E3, 2041, 800, None),
            (0x04_4396, 2070, 1000, Some((32.997131348, 37, -1000))),
            (0x04_6666, 2115, 1100, Some((29.003143311, 29, -1000))),
            (0x04_6148, 2116, 900, None),
            (0x04_8831, 2117, 1200, None),
            (0x04_A9FC, 2121, 1200, None),
            (0x04_CCCD, 2127, 1200, Some((99.998474121, 51, 2500))),
            (0x04_EE98, 2160, 1200, Some((34.000396729, 6, -2300))),
        ] {
            assert_delta(feed(&mut groups, raw, arrival_ms, size), expected);
        }
    }

    /// Specification C5b.
    #[test]
    fn send_times_wrap_every_64_seconds() {
        let mut groups = inter_arrival();
        assert_delta(feed(&mut groups, 0xFF_CCCD, 100, 1000), None);
        assert_delta(feed(&mut groups, 0xFF_EE98, 133, 1000), None);
        assert_delta(feed(&mut groups, 0x00_1062, 166, 1000), Some((33.000946045, 33, 0)));
        assert_delta(feed(&mut groups, 0x00_3333, 200, 1000), Some((32.997131348, 33, 0)));
    }

    /// Specification C5c.
    #[test]
    fn three_groups_that_completed_too_early_reset() {
        let mut groups = inter_arrival();
        let twenty = Some((20.000457764, 20, 0));
        for (raw, arrival_ms, expected) in [
            (0x04_0000, 1000, None),
            (0x04_147B, 1020, None),
            (0x04_28F6, 1040, twenty),
            (0x04_2B02, 1005, None),
            (0x04_3D71, 1025, None),
            (0x04_51EC, 1045, None),
            (0x04_6666, 1065, None),
            (0x04_7AE1, 1085, None),
            (0x04_8F5C, 1105, None),
            (0x04_A3D7, 1125, twenty),
        ] {
            assert_delta(feed(&mut groups, raw, arrival_ms, 500), expected);
        }
    }

    /// Specification C5d and C5e.
    #[test]
    fn an_arrival_clock_that_jumps_ahead_by_three_seconds_resets() {
        let twenty = Some((20.000457764, 20, 0));
        for (jump, at_jump, after) in [(3001, None, None), (2999, Some((20.000457764, 3019, 0)), twenty)] {
            let mut groups = inter_arrival();
            let mut feed = |raw, arrival, system| feed_with_system(&mut groups, raw, arrival, system, 500);
            assert_delta(feed(0x04_0000, 1000, 1000), None);
            assert_delta(feed(0x04_147B, 1020, 1020), None);
            assert_delta(feed(0x04_28F6, 1040, 1040), twenty);
            assert_delta(feed(0x04_3D71, 1060 + jump, 1060), twenty);
            assert_delta(feed(0x04_51EC, 1080 + jump, 1080), at_jump);
            assert_delta(feed(0x04_6666, 1100 + jump, 1100), after);
        }
    }

    /// Specification C5f.
    #[test]
    fn a_burst_ends_100_ms_after_its_groups_first_arrival() {
        let mut groups = inter_arrival();
        let raw = |ms: i64| ((ms * (1 << 18) + 500) / 1000) as u32;
        let mut deltas = Vec::new();
        for (number, ms) in [1000, 1033, 1066].into_iter().enumerate() {
            deltas.extend(feed(&mut groups, raw(ms), 3000 + 33 * number as i64, 1000));
        }
        for k in 0..30 {
            deltas.extend(feed(&mut groups, raw(1100 + 33 * k), 3300 + 4 * k, 1000));
        }
        let expected = [(33.000946, 33, 0), (33.000946, 33, 0), (825.996399, 330, 24_000)];
        assert_eq!(deltas.len(), expected.len());
        for (delta, expected) in deltas.into_iter().zip(expected) {
            assert!(
                (delta.0 - expected.0).abs() < 1e-5 && (delta.1, delta.2) == (expected.1, expected.2),
                "{delta:?}"
            );
        }
    }
}

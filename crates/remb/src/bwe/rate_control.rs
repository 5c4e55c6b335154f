//! Rate control: additive or multiplicative increase, multiplicative decrease (AIMD) of the estimate.
//!
//! In normal use the estimate rises by 8 % a second, or slowly where the link's capacity is known; at an over-use it
//! falls to 85 % of the measured throughput; under-use holds it while queues drain. Specification section 8.

#[cfg(feature = "serde")]
use serde::{Deserialize, Serialize};

use super::link_capacity::{LinkCapacity, LinkCapacityConfig};
use super::overuse::BandwidthUsage;
use crate::units::{Bitrate, DataSize, TimeDelta, Timestamp};

/// The constants of increase and decrease (specification 8.1).
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(Serialize, Deserialize), serde(deny_unknown_fields, default))]
pub struct RateControlConfig {
    /// Lower limit of the estimate.
    pub min_bitrate: Bitrate,
    /// The estimate falls to this share of the throughput.
    pub backoff_factor: f64,
    /// And by this much further.
    pub backoff_extra: Bitrate,
    /// Without probe and over-use, the first estimate is the throughput after so long.
    pub initialization_time: TimeDelta,
    /// Factor per second of the multiplicative increase.
    pub increase_factor: f64,
    /// Smallest multiplicative step.
    pub min_multiplicative_increase: Bitrate,
    /// Smallest additive slope, per second.
    pub min_additive_increase: Bitrate,
    /// The round trip time until one is set.
    pub default_rtt: TimeDelta,
}

impl Default for RateControlConfig {
    fn default() -> Self {
        Self {
            min_bitrate: Bitrate::from_bps(5_000),
            backoff_factor: 0.85,
            backoff_extra: Bitrate::from_bps(5_000),
            initialization_time: TimeDelta::from_secs(5),
            increase_factor: 1.08,
            min_multiplicative_increase: Bitrate::from_bps(1_000),
            min_additive_increase: Bitrate::from_bps(4_000),
            default_rtt: TimeDelta::from_millis(200),
        }
    }
}

/// Visible only as the throughput of an over-use before any was measured.
const INITIAL_BITRATE: Bitrate = Bitrate::from_bps(30_000_000);
const THROUGHPUT_LIMIT_FACTOR: f64 = 1.5;
const THROUGHPUT_LIMIT_EXTRA: Bitrate = Bitrate::from_bps(10_000);
const MAX_INCREASE_TIME_SECS: f64 = 1.0;
/// One frame at 30 a second.
const FRAME_INTERVAL: TimeDelta = TimeDelta::from_micros(33_333);
const PACKET_BYTES: f64 = 1200.0;
const EXTRA_RESPONSE_TIME: TimeDelta = TimeDelta::from_millis(100);
const MIN_REDUCTION_INTERVAL: TimeDelta = TimeDelta::from_millis(10);
const MAX_REDUCTION_INTERVAL: TimeDelta = TimeDelta::from_millis(200);
const HALF: f64 = 0.5;
const FEEDBACK_SHARE: f64 = 0.05;
const FEEDBACK_BYTES: i64 = 80;
const MIN_FEEDBACK_INTERVAL: TimeDelta = TimeDelta::from_millis(200);
const MAX_FEEDBACK_INTERVAL: TimeDelta = TimeDelta::from_millis(1000);

/// What rate control does with the estimate; a decrease always ends in hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum RateControlState {
    /// The estimate stands.
    #[default]
    Hold,
    /// The estimate rises.
    Increase,
}

/// The estimate and what moves it.
#[derive(Debug, Clone)]
pub struct RateControl {
    config: RateControlConfig,
    current: Bitrate,
    latest_throughput: Bitrate,
    state: RateControlState,
    last_change: Option<Timestamp>,
    first_throughput: Option<Timestamp>,
    valid: bool,
    rtt: TimeDelta,
    link_capacity: LinkCapacity,
    feedback_interval: TimeDelta,
}

impl RateControl {
    /// No estimate yet.
    pub fn new(config: RateControlConfig, link_capacity: LinkCapacityConfig) -> Self {
        Self {
            current: INITIAL_BITRATE,
            latest_throughput: INITIAL_BITRATE,
            state: RateControlState::Hold,
            last_change: None,
            first_throughput: None,
            valid: false,
            rtt: config.default_rtt,
            link_capacity: LinkCapacity::new(link_capacity),
            feedback_interval: feedback_interval(INITIAL_BITRATE),
            config,
        }
    }

    /// Takes the link's state and the measured throughput, if any; gives the new estimate (specification 8.2).
    pub fn update(&mut self, usage: BandwidthUsage, throughput: Option<Bitrate>, now: Timestamp) -> Bitrate {
        if let (false, Some(throughput)) = (self.valid, throughput) {
            let first = *self.first_throughput.get_or_insert(now);
            if now - first > self.config.initialization_time {
                self.set_current(throughput);
                self.valid = true;
            }
        }
        self.change(usage, throughput, now);
        self.current
    }

    /// Sets the estimate, as the probe search does (specification 8.11).
    pub fn set_estimate(&mut self, bitrate: Bitrate, now: Timestamp) {
        self.valid = true;
        self.set_current(self.clamped(bitrate));
        self.last_change = Some(now);
    }

    /// Replaces the round trip time.
    pub fn set_rtt(&mut self, rtt: TimeDelta) {
        self.rtt = rtt;
    }

    /// The estimate; `None` until there is a valid one.
    pub fn estimate(&self) -> Option<Bitrate> {
        self.valid.then_some(self.current)
    }

    /// Whether there is a valid estimate.
    pub fn is_valid(&self) -> bool {
        self.valid
    }

    /// The rate inside, 30 Mbit/s until there is a valid estimate.
    pub fn current(&self) -> Bitrate {
        self.current
    }

    /// What it is doing.
    pub fn state(&self) -> RateControlState {
        self.state
    }

    /// What is known of the link.
    pub fn link_capacity(&self) -> &LinkCapacity {
        &self.link_capacity
    }

    /// The time between two reports: feedback may take 5 % of the estimate (specification 8.10).
    pub fn feedback_interval(&self) -> TimeDelta {
        self.feedback_interval
    }

    /// Whether a continuing over-use may lower the estimate again (specification 8.10).
    pub fn time_to_reduce_further(&self, now: Timestamp, throughput: Bitrate) -> bool {
        let interval = self.rtt.clamp(MIN_REDUCTION_INTERVAL, MAX_REDUCTION_INTERVAL);
        match self.last_change {
            Some(last_change) if now - last_change < interval => {
                self.valid && throughput < self.current.scaled(HALF)
            }
            _ => true,
        }
    }

    /// Specification 8.3 and 8.4.
    fn change(&mut self, usage: BandwidthUsage, throughput: Option<Bitrate>, now: Timestamp) {
        if let Some(throughput) = throughput {
            self.latest_throughput = throughput;
        }
        if !self.valid && usage != BandwidthUsage::Overusing {
            return;
        }
        let new_rate = match usage {
            BandwidthUsage::Underusing => {
                self.state = RateControlState::Hold;
                None
            }
            BandwidthUsage::Overusing => self.decrease(now),
            BandwidthUsage::Normal => {
                if self.state == RateControlState::Hold {
                    self.state = RateControlState::Increase;
                    self.last_change = Some(now);
                }
                self.increase(now)
            }
        };
        self.set_current(self.clamped(new_rate.unwrap_or(self.current)));
    }

    /// Specification 8.6.
    fn increase(&mut self, now: Timestamp) -> Option<Bitrate> {
        let throughput = self.latest_throughput;
        if self.link_capacity.upper_bound().is_some_and(|bound| throughput > bound) {
            self.link_capacity.forget();
        }
        let limit = throughput.scaled(THROUGHPUT_LIMIT_FACTOR).plus(THROUGHPUT_LIMIT_EXTRA);
        let new_rate = (self.current < limit).then(|| {
            let step = match self.link_capacity.estimate_kbps() {
                Some(_) => self.additive_step(now),
                None => self.multiplicative_step(now),
            };
            self.current.plus(step).min(limit)
        });
        self.last_change = Some(now);
        new_rate
    }

    /// Specification 8.6.1.
    fn multiplicative_step(&self, now: Timestamp) -> Bitrate {
        let factor = match self.last_change {
            None => self.config.increase_factor,
            Some(last_change) => {
                let secs = (now - last_change).to_secs_f64().min(MAX_INCREASE_TIME_SECS);
                pxfm::f_pow(self.config.increase_factor, secs)
            }
        };
        self.current.scaled(factor - 1.0).max(self.config.min_multiplicative_increase)
    }

    fn additive_step(&self, now: Timestamp) -> Bitrate {
        let secs = self.last_change.map_or(0.0, |last_change| (now - last_change).to_secs_f64());
        Bitrate::from_bps((self.additive_slope().as_bps() as f64 * secs) as i64)
    }

    /// About one packet a response time, per second (specification 8.6.2).
    fn additive_slope(&self) -> Bitrate {
        let frame_bytes = self.current.size_in(FRAME_INTERVAL).as_bytes() as f64;
        let packets = libm::ceil(frame_bytes / PACKET_BYTES).max(1.0);
        let packet = DataSize::from_bytes(libm::round(frame_bytes / packets) as i64);
        let response_time = (self.rtt + EXTRA_RESPONSE_TIME).times(2);
        packet.per(response_time).unwrap_or_default().max(self.config.min_additive_increase)
    }

    /// Specification 8.7.
    fn decrease(&mut self, now: Timestamp) -> Option<Bitrate> {
        let throughput = self.latest_throughput;
        let mut decreased = throughput.scaled(self.config.backoff_factor);
        if decreased > self.config.backoff_extra {
            decreased = decreased.minus(self.config.backoff_extra);
        }
        if let (true, Some(kbps)) = (decreased > self.current, self.link_capacity.estimate_kbps()) {
            decreased = Bitrate::from_kbps_f64(kbps).scaled(self.config.backoff_factor);
        }
        let new_rate = (decreased < self.current).then_some(decreased);
        if throughput < self.link_capacity.lower_bound() {
            self.link_capacity.forget();
        }
        self.valid = true;
        self.link_capacity.handle_overuse(throughput);
        self.state = RateControlState::Hold;
        self.last_change = Some(now);
        new_rate
    }

    fn clamped(&self, bitrate: Bitrate) -> Bitrate {
        bitrate.max(self.config.min_bitrate)
    }

    fn set_current(&mut self, bitrate: Bitrate) {
        if bitrate != self.current {
            self.current = bitrate;
            self.feedback_interval = feedback_interval(bitrate);
        }
    }
}

fn feedback_interval(bitrate: Bitrate) -> TimeDelta {
    DataSize::from_bytes(FEEDBACK_BYTES)
        .duration_at(bitrate.scaled(FEEDBACK_SHARE))
        .unwrap_or(MAX_FEEDBACK_INTERVAL)
        .clamp(MIN_FEEDBACK_INTERVAL, MAX_FEEDBACK_INTERVAL)
}

#[cfg(test)]
mod tests {
    use super::BandwidthUsage::{Normal, Overusing, Underusing};
    use super::RateControlState::{Hold, Increase};
    use super::*;

    fn rate_control() -> RateControl {
        RateControl::new(RateControlConfig::default(), LinkCapacityConfig::default())
    }

    /// Specification C10, first table.
    #[test]
    fn feedback_takes_five_percent() {
        for (bps, micros) in [
            (5_000, 1_000_000),
            (10_000, 1_000_000),
            (16_000, 800_000),
            (30_000, 426_666),
            (32_000, 400_000),
            (50_000, 256_000),
            (100_000, 200_000),
            (30_000_000, 200_000),
        ] {
            assert_eq!(feedback_interval(Bitrate::from_bps(bps)).as_micros(), micros, "{bps}");
        }
    }

    /// Specification C10, second table.
    #[test]
    fn the_additive_slope_is_a_packet_a_response_time() {
        for (bps, rtt_ms, slope) in [
            (30_000, 200, 4_000),
            (60_000, 100, 5_000),
            (90_000, 200, 5_000),
            (216_000, 200, 12_000),
            (300_000, 200, 8_333),
            (500_000, 200, 13_893),
            (500_000, 50, 27_786),
            (2_000_000, 100, 23_800),
            (5_000_000, 20, 38_566),
        ] {
            let mut control = rate_control();
            control.set_rtt(TimeDelta::from_millis(rtt_ms));
            control.set_estimate(Bitrate::from_bps(bps), Timestamp::default());
            assert_eq!(control.additive_slope().as_bps(), slope, "{bps} bit/s, {rtt_ms} ms");
        }
    }

    /// Specification C10a.
    #[test]
    fn a_sequence_of_updates_gives_the_estimates_of_the_table() {
        let mut control = rate_control();
        control.set_rtt(TimeDelta::from_millis(100));
        for (ms, usage, throughput, state, valid, estimate, bounds) in [
            (1000, Normal, None, Hold, false, 30_000_000, None),
            (1200, Normal, Some(480_000), Hold, false, 30_000_000, None),
            (3000, Normal, Some(500_000), Hold, false, 30_000_000, None),
            (6200, Normal, Some(500_000), Hold, false, 30_000_000, None),
            (6201, Normal, Some(512_000), Increase, true, 513_000, None),
            (6401, Normal, Some(512_000), Increase, true, 520_957, None),
            (6601, Normal, Some(520_000), Increase, true, 529_038, None),
            (7601, Normal, Some(560_000), Increase, true, 571_361, None),
            (9601, Normal, Some(600_000), Increase, true, 617_070, None),
            (9801, Overusing, Some(600_000), Hold, true, 505_000, Some((553_524, 646_475))),
            (9901, Underusing, Some(600_000), Hold, true, 505_000, Some((553_524, 646_475))),
            (10_101, Normal, Some(500_000), Increase, true, 505_000, Some((553_524, 646_475))),
            (10_301, Normal, Some(505_000), Increase, true, 509_208, Some((553_524, 646_475))),
            (10_801, Normal, Some(520_000), Increase, true, 519_818, Some((553_524, 646_475))),
            (11_801, Normal, Some(520_000), Increase, true, 541_478, Some((553_524, 646_475))),
            (12_001, Overusing, Some(515_000), Hold, true, 432_750, Some((471_941, 558_058))),
            (12_101, Overusing, Some(505_000), Hold, true, 424_250, Some((471_462, 557_537))),
            (12_301, Normal, Some(430_000), Increase, true, 424_250, Some((471_462, 557_537))),
            (12_501, Normal, Some(300_000), Increase, true, 427_785, Some((471_462, 557_537))),
            (12_701, Normal, Some(300_000), Increase, true, 431_348, Some((471_462, 557_537))),
            (12_901, Overusing, Some(250_000), Hold, true, 207_500, Some((219_999, 280_000))),
            (13_101, Normal, Some(210_000), Increase, true, 207_500, Some((219_999, 280_000))),
            (13_301, Normal, Some(215_000), Increase, true, 210_959, Some((219_999, 280_000))),
            (13_501, Normal, Some(290_000), Increase, true, 214_231, None),
            (13_701, Normal, Some(290_000), Increase, true, 217_554, None),
            (13_901, Normal, None, Increase, true, 220_929, None),
            (14_101, Overusing, Some(4_000), Hold, true, 5_000, Some((205, 7_794))),
            (14_301, Normal, Some(3_000), Increase, true, 5_000, Some((205, 7_794))),
            (14_501, Normal, Some(3_000), Increase, true, 5_799, Some((205, 7_794))),
        ] {
            let now = Timestamp::from_millis(ms);
            assert_eq!(
                control.update(usage, throughput.map(Bitrate::from_bps), now).as_bps(),
                estimate,
                "at {ms}"
            );
            assert_eq!((control.state, control.valid), (state, valid), "at {ms}");
            let capacity = &control.link_capacity;
            let actual =
                capacity.upper_bound().map(|upper| (capacity.lower_bound().as_bps(), upper.as_bps()));
            assert_eq!(actual, bounds, "at {ms}");
        }
    }

    /// Specification C10b.
    #[test]
    fn an_over_use_before_any_throughput_starts_from_30_megabits() {
        let mut control = rate_control();
        control.update(Overusing, None, Timestamp::from_millis(500));
        assert_eq!(control.estimate(), Some(Bitrate::from_bps(25_495_000)));
        control.update(Normal, None, Timestamp::from_millis(700));
        assert_eq!(control.estimate(), Some(Bitrate::from_bps(25_495_000)));
    }

    /// Specification C10c.
    #[test]
    fn a_further_reduction_waits_for_a_round_trip_or_half_the_throughput() {
        for (rtt_ms, now_ms, throughput, reduce) in [
            (200, 1199, 399_999, false),
            (200, 1200, 399_999, true),
            (50, 1049, 250_000, false),
            (50, 1050, 250_000, true),
            (500, 1199, 250_000, false),
            (500, 1200, 250_000, true),
            (5, 1009, 250_000, false),
            (5, 1010, 250_000, true),
            (200, 1001, 200_000, false),
            (200, 1001, 199_999, true),
        ] {
            let mut control = rate_control();
            control.set_rtt(TimeDelta::from_millis(rtt_ms));
            control.set_estimate(Bitrate::from_bps(400_000), Timestamp::from_millis(1000));
            let now = Timestamp::from_millis(now_ms);
            assert_eq!(
                control.time_to_reduce_further(now, Bitrate::from_bps(throughput)),
                reduce,
                "{now_ms}"
            );
        }
    }
}

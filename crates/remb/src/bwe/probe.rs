//! The start-up probe search: packet trains with equal send spacing tell the rate before anything else can.
//!
//! Nothing on the wire marks a probe. Consecutive large packets of the first two seconds are clustered by their send
//! spacing; a cluster that arrived about as it was sent is a measurement. Clusters are a left fold over the probes: once
//! one is closed it never changes, so the last probe is all that must be kept. Specification 9.3 and 9.4.

use std::collections::VecDeque;

#[cfg(feature = "serde")]
use serde::{Deserialize, Serialize};

use crate::units::{Bitrate, DataSize, TimeDelta, Timestamp};

/// The search's limits (specification 9.4, 13.2).
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(Serialize, Deserialize), serde(deny_unknown_fields, default))]
pub struct ProbeConfig {
    /// Packets are taken for probes so long after the first one, and until there is an estimate.
    pub interval: TimeDelta,
    /// Packets of this size or smaller are no probes, bytes.
    pub max_ignored_size: u32,
    /// A cluster has at least so many gaps.
    pub min_cluster_size: u32,
    /// With so many probes and no cluster, the oldest is dropped.
    pub max_probes: usize,
    /// With so many clusters and no improvement, the search starts anew.
    pub expected_clusters: u32,
}

impl Default for ProbeConfig {
    fn default() -> Self {
        Self {
            interval: TimeDelta::from_secs(2),
            max_ignored_size: 200,
            min_cluster_size: 4,
            max_probes: 15,
            expected_clusters: 3,
        }
    }
}

const MIN_COUNTED_GAP: TimeDelta = TimeDelta::from_millis(1);
const CLUSTER_BOUND: TimeDelta = TimeDelta::from_micros(2_500);
const MAX_STRETCH: TimeDelta = TimeDelta::from_millis(2);
const MAX_SQUEEZE: TimeDelta = TimeDelta::from_millis(5);
/// Probes that can be kept while no cluster is closed. libwebrtc keeps all; beyond this the oldest is folded in for good
/// (D1), which could only show if 1,024 equally spaced packets, without one estimate, ended in a clock stepping back.
const MAX_WAITING: usize = 1024;

/// One packet that may be part of a train.
#[derive(Debug, Clone, Copy)]
pub struct Probe {
    /// Send time, not unwrapped.
    pub sent: Timestamp,
    /// Arrival.
    pub arrived: Timestamp,
    /// Size.
    pub size: DataSize,
}

/// The probes and their clusters.
#[derive(Debug, Clone)]
pub struct ProbeSearch {
    config: ProbeConfig,
    /// Kept only while no cluster is closed, for then the front may be removed. And whether they began an aggregate.
    probes: VecDeque<(Probe, bool)>,
    fold: Fold,
}

impl ProbeSearch {
    /// No probe seen.
    pub fn new(config: ProbeConfig) -> Self {
        Self { config, probes: VecDeque::new(), fold: Fold::default() }
    }

    /// The search's limits.
    pub fn config(&self) -> &ProbeConfig {
        &self.config
    }

    /// Takes a probe; gives a rate that is an improvement on `current`, `None` being no estimate.
    pub fn handle_probe(&mut self, probe: Probe, current: Option<Bitrate>) -> Option<Bitrate> {
        self.push(probe);
        let open = self.fold.open.to_cluster(&self.config);
        let clusters = self.fold.closed_clusters + u32::from(open.is_some());
        if clusters == 0 {
            if self.probes.len() >= self.config.max_probes {
                self.remove_oldest();
            }
            return None;
        }
        let verdict = self.fold.verdict;
        let best = open.map_or(verdict, |cluster| verdict.after(&cluster)).best;
        let improves = best > current.unwrap_or_default();
        if !improves && clusters >= self.config.expected_clusters {
            self.clear();
        }
        improves.then_some(best)
    }

    fn push(&mut self, probe: Probe) {
        let begins = self.fold.push(probe, &self.config);
        if self.fold.closed_clusters > 0 {
            self.probes.clear();
            return;
        }
        if self.probes.len() == MAX_WAITING {
            self.probes.pop_front();
        }
        self.probes.push_back((probe, begins));
    }

    fn remove_oldest(&mut self) {
        self.probes.pop_front();
        let mut fold = Fold::default();
        for (probe, begins) in &mut self.probes {
            let began = std::mem::replace(begins, fold.push(*probe, &self.config));
            // Where an aggregate begins as it did before, all after it is as it was.
            if began && *begins && fold.closed_clusters == 0 {
                return;
            }
        }
        self.fold = fold;
    }

    fn clear(&mut self) {
        self.probes.clear();
        self.fold = Fold::default();
    }
}

/// What all probes so far come to.
#[derive(Debug, Clone, Default)]
struct Fold {
    last: Option<Probe>,
    open: Aggregate,
    closed_clusters: u32,
    verdict: Verdict,
}

impl Fold {
    /// Whether the probe's gap begins another aggregate.
    fn push(&mut self, probe: Probe, config: &ProbeConfig) -> bool {
        let Some(last) = self.last.replace(probe) else { return false };
        let (sent, arrived) = (probe.sent - last.sent, probe.arrived - last.arrived);
        if sent >= MIN_COUNTED_GAP && arrived >= MIN_COUNTED_GAP {
            self.open.gaps_above_minimum += 1;
        }
        let begins = self.open.ends_before(sent);
        if begins {
            let ended = std::mem::take(&mut self.open);
            if let Some(cluster) = ended.to_cluster(config) {
                self.closed_clusters += 1;
                self.verdict = self.verdict.after(&cluster);
            }
        }
        self.open.add(sent, arrived, probe.size);
        begins
    }
}

/// Gaps of about the same length in a row.
#[derive(Debug, Clone, Default)]
struct Aggregate {
    sent_micros: i64,
    arrived_micros: i64,
    bytes: i64,
    gaps: i64,
    gaps_above_minimum: i64,
}

impl Aggregate {
    fn ends_before(&self, sent: TimeDelta) -> bool {
        self.sent_micros.checked_div(self.gaps).is_some_and(|mean| {
            (sent - TimeDelta::from_micros(mean)).as_micros().saturating_abs() >= CLUSTER_BOUND.as_micros()
        })
    }

    fn add(&mut self, sent: TimeDelta, arrived: TimeDelta, size: DataSize) {
        self.sent_micros = self.sent_micros.saturating_add(sent.as_micros());
        self.arrived_micros = self.arrived_micros.saturating_add(arrived.as_micros());
        self.bytes = self.bytes.saturating_add(size.as_bytes());
        self.gaps += 1;
    }

    fn to_cluster(&self, config: &ProbeConfig) -> Option<Cluster> {
        let enough = self.gaps >= i64::from(config.min_cluster_size).max(1);
        (enough && self.sent_micros > 0 && self.arrived_micros > 0).then(|| Cluster {
            sent: TimeDelta::from_micros(self.sent_micros / self.gaps),
            arrived: TimeDelta::from_micros(self.arrived_micros / self.gaps),
            size: DataSize::from_bytes(self.bytes / self.gaps),
            mostly_above_minimum: self.gaps_above_minimum > self.gaps / 2,
        })
    }
}

/// The mean of an aggregate that is long enough.
#[derive(Debug)]
struct Cluster {
    sent: TimeDelta,
    arrived: TimeDelta,
    size: DataSize,
    mostly_above_minimum: bool,
}

impl Cluster {
    fn arrived_about_as_sent(&self) -> bool {
        self.mostly_above_minimum
            && self.arrived - self.sent <= MAX_STRETCH
            && self.sent - self.arrived <= MAX_SQUEEZE
    }
}

/// The best rate of the clusters in order, up to the first that is no measurement.
#[derive(Debug, Clone, Copy, Default)]
struct Verdict {
    best: Bitrate,
    stopped: bool,
}

impl Verdict {
    fn after(self, cluster: &Cluster) -> Self {
        let (Some(sent_rate), Some(arrived_rate)) =
            (cluster.size.per(cluster.sent), cluster.size.per(cluster.arrived))
        else {
            return self;
        };
        if self.stopped || !cluster.arrived_about_as_sent() {
            return Self { stopped: true, ..self };
        }
        Self { best: self.best.max(sent_rate.min(arrived_rate)), ..self }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn search(trains: &[(usize, i64, i64)], current: Option<i64>) -> Vec<Option<i64>> {
        let mut search = ProbeSearch::new(ProbeConfig::default());
        let (mut sent, mut arrived) = (0, 0);
        let mut rates = Vec::new();
        for (count, sent_gap, arrived_gap) in trains {
            for _ in 0..*count {
                sent += sent_gap;
                arrived += arrived_gap;
                let probe = Probe {
                    sent: Timestamp::from_micros(sent),
                    arrived: Timestamp::from_micros(arrived),
                    size: DataSize::from_bytes(1000),
                };
                rates.push(search.handle_probe(probe, current.map(Bitrate::from_bps)).map(Bitrate::as_bps));
            }
        }
        rates
    }

    #[test]
    fn four_equal_gaps_are_a_measurement() {
        assert_eq!(search(&[(5, 10_000, 10_000)], None), [None, None, None, None, Some(800_000)]);
    }

    #[test]
    fn arriving_more_than_two_ms_wider_is_none() {
        assert_eq!(search(&[(6, 10_000, 12_000)], None).last(), Some(&Some(666_666)));
        assert_eq!(search(&[(6, 10_000, 12_001)], None).last(), Some(&None));
    }

    #[test]
    fn arriving_up_to_five_ms_narrower_is_one_at_the_send_rate() {
        assert_eq!(search(&[(6, 10_000, 5_000)], None).last(), Some(&Some(800_000)));
        assert_eq!(search(&[(6, 10_000, 4_999)], None).last(), Some(&None));
    }

    #[test]
    fn a_rate_below_the_estimate_is_no_improvement() {
        assert_eq!(search(&[(5, 10_000, 10_000)], Some(800_000)).last(), Some(&None));
        assert_eq!(search(&[(5, 10_000, 10_000)], Some(799_999)).last(), Some(&Some(800_000)));
    }

    #[test]
    fn gaps_below_a_millisecond_do_not_count() {
        assert_eq!(search(&[(8, 999, 999)], None).last(), Some(&None));
        assert_eq!(search(&[(8, 1_000, 1_000)], None).last(), Some(&Some(8_000_000)));
    }

    #[test]
    fn a_cluster_that_is_no_measurement_hides_the_later_ones() {
        assert!(search(&[(6, 10_000, 20_000), (6, 4_000, 4_000)], None).iter().all(Option::is_none));
    }

    #[test]
    fn fifteen_probes_without_a_cluster_drop_the_oldest() {
        let mut search = ProbeSearch::new(ProbeConfig::default());
        let mut sent = 0;
        for number in 0..40 {
            sent += if number % 2 == 0 { 5_000 } else { 20_000 };
            let at = Timestamp::from_micros(sent);
            search.handle_probe(Probe { sent: at, arrived: at, size: DataSize::from_bytes(1000) }, None);
            assert!(search.probes.len() < 15);
        }
        assert_eq!(search.probes.len(), 14);
    }

    proptest! {
        #[test]
        fn without_the_oldest_all_is_as_if_it_had_never_been(gaps in prop::collection::vec((0_i64..40, 0_i64..8), 1..120)) {
            let mut search = ProbeSearch::new(ProbeConfig::default());
            let (mut sent, mut arrived) = (0, 0);
            for (gap, delay) in gaps {
                sent += gap / 8 * 1500;
                arrived += gap / 8 * 1500 + delay * 1000;
                let (sent, arrived) = (Timestamp::from_micros(sent), Timestamp::from_micros(arrived));
                search.handle_probe(Probe { sent, arrived, size: DataSize::from_bytes(1000) }, None);
                if search.fold.closed_clusters == 0 {
                    let mut fold = Fold::default();
                    for (probe, begins) in &search.probes {
                        prop_assert_eq!(fold.push(*probe, &search.config), *begins);
                    }
                    prop_assert_eq!(format!("{fold:?}"), format!("{:?}", search.fold));
                }
            }
        }
    }

    #[test]
    fn memory_is_bounded_while_an_open_cluster_fails() {
        let mut search = ProbeSearch::new(ProbeConfig::default());
        for number in 0..10_000 {
            let (sent, arrived) =
                (Timestamp::from_millis(1600 * number), Timestamp::from_millis(1610 * number));
            search.handle_probe(Probe { sent, arrived, size: DataSize::from_bytes(1000) }, None);
        }
        assert_eq!(search.probes.len(), MAX_WAITING);
    }
}

//! What the steps and REMBs of one flow add up to.

use crate::analysis::compare::{Window, compare, falls};
use crate::analysis::series::{Recordings, Series, SeriesEvent};
use crate::model::Conditions;
use crate::report::fleet::{Course, Distance};
use crate::units::{Bitrate, CaptureTime, Seconds};
use remb::bwe::{BandwidthUsage, Step};
use remb::{CapturedRemb, encoded_bitrate};

use crate::replay::SentRemb;

/// One flow, as its replay goes.
#[derive(Debug, Clone, Default)]
pub(super) struct FlowCourse {
    replayed: Series,
    recorded: Recordings,
    link: Link,
    queue_max_ms: Option<f64>,
    last_packet: Option<CaptureTime>,
    pause_max_ns: i64,
}

impl FlowCourse {
    pub(super) fn step(&mut self, at: CaptureTime, step: &Step, conditions: &Conditions) {
        let usage = step.packet.as_ref().map(|packet| packet.delay.usage);
        self.link.is(at, usage.or(step.rate_control.map(|run| run.usage)));
        if let Some(queue_ms) = conditions.queue_ms {
            self.queue_max_ms = Some(self.queue_max_ms.map_or(queue_ms, |max| max.max(queue_ms)));
        }
        if step.packet.is_none() {
            return;
        }
        if let Some(last) = self.last_packet.replace(at) {
            self.pause_max_ns = self.pause_max_ns.max(at.as_nanos() - last.as_nanos());
        }
    }

    pub(super) fn remb(&mut self, at_ns: i64, remb: &SentRemb) {
        let bps = encoded_bitrate(remb.bitrate).as_bps();
        self.replayed.push(SeriesEvent { at_ns, bps, ssrcs: Some(remb.ssrcs.clone()) });
    }

    pub(super) fn recorded(&mut self, at_ns: i64, remb: &CapturedRemb) {
        let ssrcs = remb.ssrcs.clone();
        self.recorded.push(SeriesEvent { at_ns, bps: Bitrate::as_bps(remb.bitrate), ssrcs });
    }

    /// All of it; the capture counts until `end_ns`.
    pub(super) fn sum_up(&self, end_ns: i64) -> Course {
        Course {
            falls: falls(&self.replayed).count() as u64,
            overuse: self.link.overuse(),
            queue_max_ms: self.queue_max_ms,
            pause_max: self.last_packet.map(|_| Seconds(self.pause_max_ns)),
            distance: self.distance(end_ns),
        }
    }

    /// To what the receiver sent; where receivers are told apart, to the one whose REMBs come first.
    fn distance(&self, end_ns: i64) -> Option<Distance> {
        let recorded = self.recorded.series().into_iter().next()?;
        let metrics = compare(&recorded.series, &self.replayed, Window { from_ns: 0, end_ns })?;
        Some(Distance {
            median: metrics.median,
            p90: metrics.p90,
            within_5: metrics.within_5,
            mean_signed: metrics.mean_signed,
        })
    }
}

/// How long the link was in which state: a state holds until the next step.
#[derive(Debug, Clone, Copy, Default)]
struct Link {
    state: Option<(CaptureTime, BandwidthUsage)>,
    overuse_ns: i64,
    all_ns: i64,
}

impl Link {
    fn is(&mut self, at: CaptureTime, usage: Option<BandwidthUsage>) {
        let Some(usage) = usage.or(self.state.map(|(_, usage)| usage)) else { return };
        if let Some((since, before)) = self.state {
            let lasted = (at.as_nanos() - since.as_nanos()).max(0);
            self.all_ns += lasted;
            self.overuse_ns += if before == BandwidthUsage::Overusing { lasted } else { 0 };
        }
        self.state = Some((at, usage));
    }

    fn overuse(&self) -> Option<f64> {
        (self.all_ns > 0).then(|| self.overuse_ns as f64 / self.all_ns as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> CaptureTime {
        CaptureTime::from_nanos(i128::from(ms) * 1_000_000).unwrap()
    }

    #[test]
    fn a_state_of_the_link_lasts_until_the_next_step() {
        let mut link = Link::default();
        assert_eq!(link.overuse(), None);
        for (ms, usage) in [
            (0, Some(BandwidthUsage::Normal)),
            (600, Some(BandwidthUsage::Overusing)),
            (700, None),
            (800, Some(BandwidthUsage::Underusing)),
            (1000, None),
        ] {
            link.is(at(ms), usage);
        }
        assert_eq!(link.overuse(), Some(0.2));
    }
}

//! What a replay is told.

use crate::config::Parameters;
use crate::flow::FiveTuple;
use crate::remb::InterceptorConfig;
use crate::units::{CaptureTime, Ssrc, TimeDelta};

use super::stream::MediaFilter;
use super::timeline::Timeline;

/// A point in the capture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeBound {
    /// Nanoseconds since the first frame.
    SinceFirst(i64),
    /// A time of day.
    At(CaptureTime),
}

/// What a replay is told.
#[derive(Debug, Clone, PartialEq)]
pub struct ReplayConfig {
    /// The estimator's and the schedule's parameters.
    pub parameters: Parameters,
    /// SSRC of the REMB sender.
    pub sender_ssrc: Ssrc,
    /// Only these flows; none means all.
    pub flows: Vec<FiveTuple>,
    /// Only these streams; none means all.
    pub ssrcs: Vec<Ssrc>,
    /// Not these streams.
    pub exclude_ssrcs: Vec<Ssrc>,
    /// The estimator starts here; earlier frames serve inference only.
    pub from: Option<TimeBound>,
    /// The estimator ends here.
    pub to: Option<TimeBound>,
    /// Drop repeated frames.
    pub dedup: bool,
    /// Which media count.
    pub media: MediaFilter,
    /// The id of abs-send-time: `None` to infer it, 0 for not negotiated.
    pub abs_send_time_id: Option<u8>,
    /// Round trip time; `None` leaves the estimator's default.
    pub rtt: Option<TimeDelta>,
    /// Added to every capture time inside the estimator.
    pub clock_offset: TimeDelta,
    /// Flows that are counted.
    pub max_flows: usize,
    /// Streams that are counted.
    pub max_ssrcs: usize,
}

impl Default for ReplayConfig {
    fn default() -> Self {
        Self {
            parameters: Parameters::default(),
            sender_ssrc: Ssrc(1),
            flows: Vec::new(),
            ssrcs: Vec::new(),
            exclude_ssrcs: Vec::new(),
            from: None,
            to: None,
            dedup: false,
            media: MediaFilter::WithoutAudio,
            abs_send_time_id: None,
            rtt: None,
            clock_offset: TimeDelta::ZERO,
            max_flows: 65_536,
            max_ssrcs: 4_096,
        }
    }
}

impl ReplayConfig {
    pub(super) fn timeline(&self) -> Timeline {
        let interceptor = InterceptorConfig {
            estimator: self.parameters.estimator.clone(),
            remb: self.parameters.remb.clone(),
            sender_ssrc: self.sender_ssrc,
        };
        Timeline::new(interceptor, self.clock_offset, self.rtt)
    }

    pub(super) fn selects(&self, ssrc: Ssrc) -> bool {
        (self.ssrcs.is_empty() || self.ssrcs.contains(&ssrc)) && !self.exclude_ssrcs.contains(&ssrc)
    }
}

//! What a replay is told.

use crate::bwe::EstimatorChoice;
use crate::config::Parameters;
use crate::flow::FiveTuple;
use crate::remb::InterceptorConfig;
use crate::rtp::sdp::SessionDescription;
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
    /// The id of the transmission time offset, as above.
    pub toffset_id: Option<u8>,
    /// The id of abs-capture-time: `None` to use it only where nothing else is left.
    pub abs_capture_time_id: Option<u8>,
    /// Take packets with a transport-wide sequence number as if they had none.
    pub ignore_transport_cc: bool,
    /// Bytes of SRTP authentication tag at the end of every payload; `None` to infer it.
    pub srtp_tag_len: Option<usize>,
    /// What was negotiated.
    pub sdp: Option<SessionDescription>,
    /// Round trip time; `None` takes it from the capture's RTCP.
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
            toffset_id: None,
            abs_capture_time_id: None,
            ignore_transport_cc: false,
            srtp_tag_len: None,
            sdp: None,
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

    /// Whether abs-capture-time serves as a send time (specification 1.6): where its id is named, and where only a send
    /// time will do.
    pub(super) fn uses_capture_time(&self) -> bool {
        self.abs_capture_time_id.is_some_and(|id| id > 0)
            || self.parameters.estimator.controller.estimator == EstimatorChoice::AbsSendTime
    }

    pub(super) fn selects(&self, ssrc: Ssrc) -> bool {
        (self.ssrcs.is_empty() || self.ssrcs.contains(&ssrc)) && !self.exclude_ssrcs.contains(&ssrc)
    }
}

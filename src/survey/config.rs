//! What a survey is told.

use std::str::FromStr;

use crate::capture::LogFacts;
use crate::decode::FiveTuple;
use crate::model::{CopyPolicy, EmptyRange};
use crate::rtp::sdp::SessionDescription;
use crate::units::{CaptureTime, Ssrc};

use super::learned::Learned;

/// A point in the capture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeBound {
    /// Nanoseconds since the first frame.
    SinceFirst(i64),
    /// A time of day.
    At(CaptureTime),
}

/// What is no point in a capture, in words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' {1}")]
pub struct NoTime(String, &'static str);

impl FromStr for TimeBound {
    type Err = NoTime;

    /// Seconds since the first frame, or RFC 3339.
    fn from_str(text: &str) -> Result<Self, NoTime> {
        if let Ok(seconds) = text.parse::<f64>()
            && seconds.is_finite()
            && seconds.abs() < 9e9
        {
            return Ok(Self::SinceFirst((seconds * 1e9).round() as i64));
        }
        let wrong = |why| NoTime(text.to_owned(), why);
        let at: Result<jiff::Timestamp, _> = text.parse();
        let at = at.map_err(|_| wrong("is no time (seconds since the first frame, or RFC 3339)"))?;
        CaptureTime::from_nanos(at.as_nanosecond()).map(Self::At).ok_or_else(|| wrong("is out of range"))
    }
}

/// Which streams feed the estimator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MediaFilter {
    /// All but audio, as libwebrtc does.
    #[default]
    WithoutAudio,
    /// All.
    All,
}

/// What a survey is told: what counts, and what need not be inferred.
#[derive(Debug, Clone, PartialEq)]
pub struct SurveyConfig {
    /// Only these flows; none means all.
    pub flows: Vec<FiveTuple>,
    /// Only these streams; none means all.
    pub ssrcs: Vec<Ssrc>,
    /// Not these streams.
    pub exclude_ssrcs: Vec<Ssrc>,
    /// Packets count from here on; earlier frames serve inference only.
    pub from: Option<TimeBound>,
    /// Packets count until here.
    pub to: Option<TimeBound>,
    /// Which of several copies of a packet count.
    pub copies: CopyPolicy,
    /// One session for all flows that share an SSRC.
    pub merge_flows: bool,
    /// Which media count.
    pub media: MediaFilter,
    /// The id of abs-send-time: `None` to infer it, 0 for not negotiated.
    pub abs_send_time_id: Option<u8>,
    /// The id of the transmission time offset, as above.
    pub toffset_id: Option<u8>,
    /// The id of abs-capture-time: `None` to use it only where nothing else is left.
    pub abs_capture_time_id: Option<u8>,
    /// Only a send time will do: where abs-send-time is missing, abs-capture-time serves (specification 1.6).
    pub needs_send_time: bool,
    /// Take packets with a transport-wide sequence number as if they had none.
    pub ignore_transport_cc: bool,
    /// Bytes of SRTP authentication tag at the end of every payload; `None` to infer it.
    pub srtp_tag_len: Option<usize>,
    /// What was negotiated.
    pub sdp: Option<SessionDescription>,
    /// What a log says beside its packets; taken from the first frame that has it.
    pub log: Option<LogFacts>,
    /// What an earlier reading of the capture found out.
    pub learned: Option<Learned>,
    /// Flows that are counted.
    pub max_flows: usize,
    /// Streams that are counted.
    pub max_ssrcs: usize,
}

impl Default for SurveyConfig {
    fn default() -> Self {
        Self {
            flows: Vec::new(),
            ssrcs: Vec::new(),
            exclude_ssrcs: Vec::new(),
            from: None,
            to: None,
            copies: CopyPolicy::First,
            merge_flows: false,
            media: MediaFilter::WithoutAudio,
            abs_send_time_id: None,
            toffset_id: None,
            abs_capture_time_id: None,
            needs_send_time: false,
            ignore_transport_cc: false,
            srtp_tag_len: None,
            sdp: None,
            log: None,
            learned: None,
            max_flows: 65_536,
            max_ssrcs: 4_096,
        }
    }
}

impl SurveyConfig {
    /// Longer than any authentication tag, bytes.
    pub const MAX_TAG_LEN: usize = 64;

    /// Whether it ends before it begins, as far as that can be told before the first frame is read.
    pub fn is_backwards(&self) -> bool {
        match (self.from, self.to) {
            (Some(TimeBound::SinceFirst(from)), Some(TimeBound::SinceFirst(to))) => from > to,
            (Some(TimeBound::At(from)), Some(TimeBound::At(to))) => from > to,
            _ => false,
        }
    }

    /// Whether abs-capture-time serves as a send time: where its id is named, and where only a send time will do.
    pub(super) fn uses_capture_time(&self) -> bool {
        self.abs_capture_time_id.is_some_and(|id| id > 0) || self.needs_send_time
    }

    /// Bytes of SRTP authentication tag, where it is said whether there is one.
    pub(super) fn said_tag_len(&self) -> Option<usize> {
        self.srtp_tag_len.or(self.log.as_ref().and_then(|log| log.srtp_tag_len))
    }

    pub(super) fn selects(&self, ssrc: Ssrc) -> bool {
        (self.ssrcs.is_empty() || self.ssrcs.contains(&ssrc)) && !self.exclude_ssrcs.contains(&ssrc)
    }

    pub(super) fn selects_flow(&self, flow: &FiveTuple) -> bool {
        self.flows.is_empty() || self.flows.iter().any(|wanted| wanted.means(flow))
    }

    /// When packets count in a capture that began at `first`.
    pub(super) fn range(&self, first: CaptureTime) -> TimeRange {
        let time = |bound: TimeBound| match bound {
            TimeBound::SinceFirst(nanos) => first.saturating_add_nanos(nanos),
            TimeBound::At(at) => at,
        };
        TimeRange { first: self.from.map(time), last: self.to.map_or(CaptureTime::NEVER, time) }
    }
}

/// From one time to another, both included.
#[derive(Debug, Clone, Copy)]
pub(super) struct TimeRange {
    first: Option<CaptureTime>,
    last: CaptureTime,
}

impl TimeRange {
    #[inline]
    pub(super) fn contains(&self, at: CaptureTime) -> bool {
        self.first <= Some(at) && at <= self.last
    }

    /// Why nothing of a capture from one time to another can be in it, if so.
    pub(super) fn why_empty(&self, first: CaptureTime, last: CaptureTime) -> Option<EmptyRange> {
        match self.first {
            Some(from) if from > self.last => Some(EmptyRange::Reversed),
            Some(from) if from > last => {
                Some(EmptyRange::AfterEnd((last.as_nanos() - first.as_nanos()) as f64 / 1e9))
            }
            _ if self.last < first => Some(EmptyRange::BeforeBegin),
            _ => None,
        }
    }

    /// The time, or where the range ends before it.
    #[inline]
    pub(super) fn until(&self, at: CaptureTime) -> CaptureTime {
        at.min(self.last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_seconds_or_rfc_3339() {
        assert_eq!("2.5".parse(), Ok(TimeBound::SinceFirst(2_500_000_000)));
        let at = CaptureTime::from_nanos(1_000_000_000).unwrap();
        assert_eq!("1970-01-01T00:00:01Z".parse(), Ok(TimeBound::At(at)));
        assert!("noon".parse::<TimeBound>().is_err());
    }
}

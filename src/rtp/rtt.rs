//! The round trip time of one media flow's receiver (specification 1.11): samples from a capture's RTCP, smoothed as
//! libwebrtc's `call_stats2` smooths its reports.

use std::collections::VecDeque;

use super::ntp::NtpTime;
use super::report::Echo;
use super::rtcp::Block;
use crate::units::{CaptureTime, Ssrc, TimeDelta, Timestamp};

/// Round trip times of one media flow's receiver, from RTCP in both directions. RTCP that is encrypted must not be
/// given to it.
///
/// What comes back is held against the capture's clock, put forward by the most that the receiver's own reports were
/// ahead of it, and not against the time when the request was captured: the snaplen often cuts requests off.
#[derive(Debug, Clone, Default)]
pub struct RttSampler {
    own_ssrcs: VecDeque<Ssrc>,
    /// The receiver's clock less the capture's, in units of 2⁻³² s.
    clock_ahead: Option<i64>,
    discarded: u64,
}

/// A round trip that ended with the capture of its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RttSample {
    /// When the answer was captured.
    pub at: CaptureTime,
    /// The round trip time: whole milliseconds, at least one.
    pub rtt: TimeDelta,
}

/// SSRCs remembered as the receiver's own: the newest.
const MAX_OWN_SSRCS: usize = 64;
/// Both limits are outside what is taken.
const TOO_SHORT_MS: i64 = -20;
const TOO_LONG_MS: i64 = 10_000;

impl RttSampler {
    /// RTCP that the receiver sent: the reverse of the media's direction.
    pub fn observe_outgoing(&mut self, block: &Block<'_>, at: CaptureTime) {
        if let Some(ssrc) = block.sender_ssrc()
            && !self.own_ssrcs.contains(&ssrc)
        {
            if self.own_ssrcs.len() == MAX_OWN_SSRCS {
                self.own_ssrcs.pop_front();
            }
            self.own_ssrcs.push_back(ssrc);
        }
        for ntp in block.report().into_iter().flat_map(|report| report.requests()) {
            let ahead = ntp.units_since(NtpTime::at(at));
            // The difference is the shorter way round too: which of two is greater does not hang on the era.
            if self.clock_ahead.is_none_or(|most| ahead.wrapping_sub(most) > 0) {
                self.clock_ahead = Some(ahead);
            }
        }
    }

    /// RTCP that reached the receiver: the media's direction. Appends a sample for each time stamp of the receiver's
    /// that it sends back; before any of the receiver's own RTCP, whose it is cannot be known and all count.
    pub fn observe_incoming(&mut self, block: &Block<'_>, at: CaptureTime, samples: &mut Vec<RttSample>) {
        for echo in block.report().into_iter().flat_map(|report| report.echoes()) {
            if !self.own_ssrcs.is_empty() && !self.own_ssrcs.contains(&echo.ssrc) {
                continue;
            }
            match self.round_trip(echo, at) {
                Some(rtt) => samples.push(RttSample { at, rtt }),
                None => self.discarded += 1,
            }
        }
    }

    /// Answers that gave no sample because the time was impossible: at most −20 ms, or at least 10 s.
    pub const fn discarded(&self) -> u64 {
        self.discarded
    }

    fn round_trip(&self, echo: Echo, at: CaptureTime) -> Option<TimeDelta> {
        let arrived = NtpTime::at(at).plus_units(self.clock_ahead.unwrap_or(0)).middle();
        let units = arrived.0.wrapping_sub(echo.request.0).wrapping_sub(echo.held).cast_signed();
        let ms_65536ths = i64::from(units) * 1000;
        if ms_65536ths <= TOO_SHORT_MS << 16 || ms_65536ths >= TOO_LONG_MS << 16 {
            return None;
        }
        let nearest_ms = (ms_65536ths + (1 << 15)) >> 16;
        Some(TimeDelta::from_millis(nearest_ms.max(1)))
    }
}

/// Smooths round trip times as libwebrtc's `call_stats2` does: each second the mean of the reports that are at most
/// 1500 ms old, blended into the output before.
///
/// Of the reports of the last 1500 ms the newest 1,024 are kept, which no sender of RTCP comes near; if one does, the
/// mean is of these.
#[derive(Debug, Clone, Default)]
pub struct RttSmoother {
    reports: VecDeque<(Timestamp, i64)>,
    previous_ms: Option<i64>,
}

const MAX_REPORTS: usize = 1024;
const MAX_AGE: TimeDelta = TimeDelta::from_millis(1500);
/// Single precision, as libwebrtc has it (specification 13.1 item 5).
const WEIGHT: f32 = 0.3;

impl RttSmoother {
    /// Takes a sample of whole milliseconds; time does not step back.
    pub fn add(&mut self, at: Timestamp, rtt: TimeDelta) {
        if self.reports.len() == MAX_REPORTS {
            self.reports.pop_front();
        }
        self.reports.push_back((at, rtt.as_micros() / 1000));
    }

    /// The smoothed round trip time in whole milliseconds, to be asked for once a second. `None`: nothing is
    /// delivered, and the next output starts afresh.
    pub fn deliver(&mut self, now: Timestamp) -> Option<TimeDelta> {
        self.reports.retain(|&(at, _)| now - at <= MAX_AGE);
        self.previous_ms = self.mean_ms().map(|mean| match self.previous_ms {
            None => mean,
            Some(previous) => ((1.0 - WEIGHT) * previous as f32 + WEIGHT * mean as f32) as i64,
        });
        self.previous_ms.map(TimeDelta::from_millis)
    }

    fn mean_ms(&self) -> Option<i64> {
        let sum = self.reports.iter().fold(0_i64, |sum, &(_, ms)| sum.saturating_add(ms));
        let count = i64::try_from(self.reports.len()).ok()?;
        sum.checked_div(count)
    }
}

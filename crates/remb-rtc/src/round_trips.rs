//! Round trip times out of RTCP: reference times that we ask with once a second, and what comes back.

use remb::rtt::{Echo, NtpTime, RttClock, RttSample, SampleOf};
use remb::units::{Ssrc, TimeDelta, Timestamp};
use rtcp::extended_report::{DLRRReportBlock, ExtendedReport, ReceiverReferenceTimeReportBlock};
use rtcp::receiver_report::ReceiverReport;
use rtcp::reception_report::ReceptionReport;
use rtcp::sender_report::SenderReport;

use crate::streams::OwnStreams;

/// Time stamps on their way, and the streams that they are of.
#[derive(Debug, Default)]
pub(crate) struct RoundTrips {
    /// Of our sender reports, whose clock is the stack's own.
    senders: RttClock,
    pub(crate) own: OwnStreams,
}

impl RoundTrips {
    /// RTCP that we send.
    pub(crate) fn observe_outgoing(&mut self, message: &dyn rtcp::Packet, at: NtpTime) {
        if let Some(report) = message.as_any().downcast_ref::<SenderReport>()
            && report.ntp_time != 0
            && self.own.reports(report.ssrc)
        {
            self.senders.note_request(NtpTime(report.ntp_time), at);
        }
    }

    /// RTCP that came at `at`: `each` is given a sample for each time stamp of ours that it sends back. `asker` is the
    /// SSRC of our reference times.
    pub(crate) fn observe_incoming(
        &self,
        message: &dyn rtcp::Packet,
        asker: Ssrc,
        (at, ntp): (Timestamp, NtpTime),
        mut each: impl FnMut(RttSample),
    ) {
        let message = message.as_any();
        let mut of_senders = |reports: &[ReceptionReport]| {
            for report in reports {
                let echo = Echo::new(Ssrc(report.ssrc), report.last_sender_report, report.delay);
                let (Some(echo), Some(first)) = (echo, self.own.reported(report.ssrc)) else { continue };
                let of = SampleOf::Sender { ssrc: echo.ssrc, since: first.unwrap_or(at) };
                self.senders
                    .round_trip(echo, ntp)
                    .into_iter()
                    .for_each(|rtt| each(RttSample { at, rtt, of }));
            }
        };
        if let Some(report) = message.downcast_ref::<SenderReport>() {
            of_senders(&report.reports);
        } else if let Some(report) = message.downcast_ref::<ReceiverReport>() {
            of_senders(&report.reports);
        } else if let Some(report) = message.downcast_ref::<ExtendedReport>() {
            let blocks = report.reports.iter().filter_map(|block| block.as_any().downcast_ref());
            for answer in blocks.flat_map(|DLRRReportBlock { reports }| reports) {
                let echo = Echo::new(Ssrc(answer.ssrc), answer.last_rr, answer.dlrr);
                let of_ours = echo.filter(|echo| echo.ssrc == asker);
                // Reference times are of the clock that arrivals are read on.
                let rtt = of_ours.and_then(|echo| RttClock::default().round_trip(echo, ntp));
                rtt.into_iter().for_each(|rtt| each(RttSample { at, rtt, of: SampleOf::Receiver }));
            }
        }
    }
}

/// When a reference time is due: once a second while packets come.
#[derive(Debug, Default)]
pub(crate) struct ReferenceTimes {
    due: Option<Timestamp>,
    newest_packet: Option<Timestamp>,
}

const INTERVAL: TimeDelta = TimeDelta::from_secs(1);
/// As long as a stream is active.
const SILENCE: TimeDelta = TimeDelta::from_secs(2);

impl ReferenceTimes {
    /// Whether one is due at a packet: after silence at once.
    #[inline]
    pub(crate) fn due_at_packet(&mut self, now: Timestamp) -> bool {
        self.newest_packet = Some(now);
        self.due.is_none_or(|due| due <= now) && self.ask_again(now)
    }

    /// Whether one is due by time alone.
    pub(crate) fn due_at_timer(&mut self, now: Timestamp) -> bool {
        self.poll_timeout().is_some_and(|due| due <= now) && self.ask_again(now)
    }

    /// When one is due by time alone; not in silence.
    pub(crate) fn poll_timeout(&self) -> Option<Timestamp> {
        let (due, newest) = (self.due?, self.newest_packet?);
        (due - newest <= SILENCE).then_some(due)
    }

    fn ask_again(&mut self, now: Timestamp) -> bool {
        let next = self.due.map_or(now, |due| due) + INTERVAL;
        self.due = Some(if next > now { next } else { now + INTERVAL });
        true
    }
}

/// The message: a receiver's reference time (RFC 3611, section 4.4).
pub(crate) fn reference_time(sender_ssrc: Ssrc, ntp: NtpTime) -> ExtendedReport {
    let block = ReceiverReferenceTimeReportBlock { ntp_timestamp: ntp.0 };
    ExtendedReport { sender_ssrc: sender_ssrc.0, reports: vec![Box::new(block)] }
}

//! What waits to be sent.

use std::collections::VecDeque;
use std::time::Instant;

use remb::units::{Bitrate, Timestamp};
use remb::{Reason, Remb, RembReport, RtcpWriter, WriteError};
use rtc_interceptor::{AttributedPacket, Packet, TaggedPacket};
use rtc_shared::TransportContext;
use rtcp::extended_report::ExtendedReport;
use rtcp::raw_packet::RawPacket;

/// RTCP of ours that nobody has fetched; what comes beyond is dropped.
const MAX_WAITING: usize = 64;

/// The writer of REMBs: a queue that the chain empties.
#[derive(Default)]
pub(crate) struct Outbox {
    waiting: VecDeque<Waiting>,
    /// What the last packet or timer made due.
    written: Option<Written>,
    dropped: u64,
}

/// A message that nobody has fetched.
enum Waiting {
    Remb(RawPacket),
    /// A question for the round trip time: it says when it leaves, so that it is made then.
    ReferenceTime,
}

/// What is kept of a REMB for the statistics.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Written {
    pub(crate) at: Timestamp,
    pub(crate) bitrate: Bitrate,
    pub(crate) reason: Reason,
    pub(crate) streams: usize,
}

/// The chain does not fetch what it is to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Full;

impl Outbox {
    /// Queues a question for the round trip time.
    pub(crate) fn ask(&mut self) -> Result<(), Full> {
        self.push(Waiting::ReferenceTime)
    }

    fn push(&mut self, message: Waiting) -> Result<(), Full> {
        if self.waiting.len() >= MAX_WAITING {
            self.dropped += 1;
            return Err(Full);
        }
        self.waiting.push_back(message);
        Ok(())
    }

    /// The next message, sent at `now` to wherever the connection goes; `reference_time` is of `now`.
    pub(crate) fn pop(
        &mut self,
        now: Instant,
        reference_time: impl FnOnce() -> ExtendedReport,
    ) -> Option<TaggedPacket> {
        let message: Box<dyn rtcp::Packet> = match self.waiting.pop_front()? {
            Waiting::Remb(remb) => Box::new(remb),
            Waiting::ReferenceTime => Box::new(reference_time()),
        };
        let message = AttributedPacket::new(Packet::Rtcp(vec![message]));
        Some(TaggedPacket { now, transport: TransportContext::default(), message })
    }

    /// The REMB that the last packet or timer made due, once.
    pub(crate) fn take_written(&mut self) -> Option<Written> {
        self.written.take()
    }

    /// Messages that were dropped.
    pub(crate) fn dropped(&self) -> u64 {
        self.dropped
    }
}

impl RtcpWriter for Outbox {
    fn write(&mut self, remb: &RembReport<'_>, now: Timestamp) -> Result<(), WriteError> {
        let mut bytes = Vec::with_capacity(20 + 4 * remb.ssrcs.len());
        Remb::encode(remb.sender_ssrc, remb.bitrate, remb.ssrcs, &mut bytes)?;
        self.push(Waiting::Remb(RawPacket(bytes.into()))).map_err(|_| "the chain fetches no RTCP")?;
        let (bitrate, reason) = (remb.bitrate, remb.reason);
        self.written = Some(Written { at: now, bitrate, reason, streams: remb.ssrcs.len() });
        Ok(())
    }
}

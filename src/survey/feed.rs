//! What a survey gives to those who estimate.

use crate::decode::FiveTuple;
use crate::units::{AbsSendTimeElement, CaptureTime, DataSize, FrameNumber, SeqNum, Ssrc};
use remb::CapturedRemb;
use remb::rtt::RttSample;

use super::Skip;

/// A flow, for those who are fed with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FlowInfo {
    /// Place in order of appearance.
    pub index: usize,
    /// Source and destination of the media.
    pub flow: FiveTuple,
    /// Source and destination addresses, if it came on Ethernet.
    pub ethernet: Option<[[u8; 6]; 2]>,
}

/// A packet that counts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FedPacket {
    /// When it was captured.
    pub at: CaptureTime,
    /// The latest frame time when it was read: its place in the order of all flows' events.
    pub order: CaptureTime,
    /// Its stream.
    pub ssrc: Ssrc,
    /// None of its stream counted before.
    pub is_first: bool,
    /// It sends a packet of another stream once more, or pads.
    pub is_rtx: bool,
    /// The frame that has it.
    pub frame: FrameNumber,
    /// Its number in its stream.
    pub sequence_number: SeqNum,
    /// abs-send-time, or what stands for it.
    pub send_time: AbsSendTimeElement,
    /// RTP timestamp, ticks.
    pub rtp_timestamp: u32,
    /// How many of these are a second, where it is known and they have to serve as send time.
    pub clock_hz: Option<u32>,
    /// Transmission time offset, ticks.
    pub transmission_offset: Option<i32>,
    /// Payload and padding, without an SRTP tag.
    pub size: DataSize,
}

/// Takes what a survey finds, as soon as it is certain.
pub trait Feed {
    /// A flow of which packets will come; it is known by its index from here on.
    fn flow(&mut self, info: &FlowInfo);
    /// A flow's packets wait until they are understood, or no longer.
    fn hold(&mut self, flow: usize, holds: bool);
    /// Capture time is going to step back; it had come to `from`. Of flows that are on hold nothing was known yet.
    fn step_back(&mut self, from: CaptureTime);
    /// Capture time has come to `at`.
    fn time(&mut self, at: CaptureTime);
    /// A packet, in capture order.
    ///
    /// # Errors
    /// Why it does not count: it has no send time that the estimator could use, or is of a flow that is one too many.
    fn packet(&mut self, flow: usize, packet: &FedPacket) -> Result<(), Skip>;
    /// A packet of the flow came, in capture order, that does not count.
    fn aside(&mut self, _flow: usize) {}
    /// A stream that is fed has an RTP module of its own in the receiver, since its first packet at `since`: it hands over
    /// round trip times.
    fn module(&mut self, flow: usize, since: CaptureTime);
    /// A round trip time of the flow's receiver.
    fn rtt(&mut self, flow: usize, sample: RttSample);
    /// A REMB that the flow's receiver sent, other than the one before; `order` is the latest frame time.
    fn recorded(&mut self, flow: usize, at: CaptureTime, order: CaptureTime, remb: CapturedRemb);
}

/// Nobody estimates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct NoFeed;

impl Feed for NoFeed {
    fn flow(&mut self, _info: &FlowInfo) {}
    fn hold(&mut self, _flow: usize, _holds: bool) {}
    fn step_back(&mut self, _from: CaptureTime) {}
    fn time(&mut self, _at: CaptureTime) {}
    fn packet(&mut self, _flow: usize, _packet: &FedPacket) -> Result<(), Skip> {
        Ok(())
    }
    fn module(&mut self, _flow: usize, _since: CaptureTime) {}
    fn rtt(&mut self, _flow: usize, _sample: RttSample) {}
    fn recorded(&mut self, _flow: usize, _at: CaptureTime, _order: CaptureTime, _remb: CapturedRemb) {}
}

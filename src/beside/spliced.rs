//! The capture's frames with the log's RTCP between them.

use std::net::SocketAddr;

use etherparse::PacketBuilder;

use super::fit::Fit;
use super::log::LoggedRtcp;
use crate::capture::{Direction, Frame, LinkType, LogFacts};
use crate::decode::Decoder;
use crate::rtp::{PacketClass, classify};
use crate::units::{CaptureTime, FrameNumber};

/// A log that was brought together with a capture.
#[derive(Debug, Clone)]
pub struct Beside {
    /// How their clocks stand to each other.
    pub fit: Fit,
    pub(super) facts: LogFacts,
    pub(super) rtcp: Vec<LoggedRtcp>,
    /// From the peer to whoever wrote the log.
    pub(super) from_remote: (SocketAddr, SocketAddr),
}

/// IP without a link layer.
const RAW_IP: LinkType = LinkType(101);
const TIME_TO_LIVE: u8 = 64;

/// A capture that is being read together with its log.
#[derive(Debug)]
pub struct Spliced<'a> {
    beside: &'a Beside,
    decoder: Decoder,
    next: usize,
    last: FrameNumber,
    frame: Vec<u8>,
}

impl Beside {
    /// To read the capture from its beginning.
    pub fn splice(&self) -> Spliced<'_> {
        let (decoder, frame) = (Decoder::default(), Vec::new());
        Spliced { beside: self, decoder, next: 0, last: FrameNumber(0), frame }
    }
}

impl Spliced<'_> {
    /// The next RTCP packet of the log that is not later than the capture's next frame, which is of `at`, as a frame with the number
    /// of the one before. What the log has from before the capture's first frame is left out, and what it has from behind the last.
    pub fn next_before(&mut self, at: CaptureTime) -> Option<Frame<'_>> {
        let time_of =
            |rtcp: &LoggedRtcp| rtcp.at.saturating_add_nanos(self.beside.fit.offset.saturating_neg());
        if self.last == FrameNumber(0) {
            self.next = self.beside.rtcp.partition_point(|rtcp| time_of(rtcp) < at);
        }
        let rtcp = self.beside.rtcp.get(self.next)?;
        let LoggedRtcp { direction, packet, .. } = rtcp;
        let own = time_of(rtcp);
        if own > at {
            return None;
        }
        self.next += 1;
        let (remote, local) = self.beside.from_remote;
        let (source, destination) =
            if *direction == Direction::Inbound { (remote, local) } else { (local, remote) };
        let builder = match (source, destination) {
            (SocketAddr::V4(source), SocketAddr::V4(destination)) => {
                PacketBuilder::ipv4(source.ip().octets(), destination.ip().octets(), TIME_TO_LIVE)
            }
            (SocketAddr::V6(source), SocketAddr::V6(destination)) => {
                PacketBuilder::ipv6(source.ip().octets(), destination.ip().octets(), TIME_TO_LIVE)
            }
            _ => return None,
        };
        self.frame.clear();
        builder.udp(source.port(), destination.port()).write(&mut self.frame, packet).ok()?;
        Some(Frame {
            number: self.last,
            at: own,
            nanoseconds: false,
            link_type: RAW_IP,
            data: &self.frame,
            original_len: self.frame.len() as u32,
            direction: None,
            log: Some(&self.beside.facts),
        })
    }

    /// A frame of the capture with what the log says; `None` where it is RTCP of the call that the log has in the clear.
    pub fn beside<'f>(&'f mut self, frame: &Frame<'f>) -> Option<Frame<'f>> {
        self.last = frame.number;
        let Self { beside, decoder, .. } = self;
        let mut is_replaced = false;
        if !beside.rtcp.is_empty() {
            let (remote, local) = beside.from_remote;
            let _ = decoder.decode(frame, &mut |datagram| {
                let ends = (datagram.ends.source, datagram.ends.destination);
                let is_of_call = ends == (remote, local) || ends == (local, remote);
                is_replaced |=
                    is_of_call && classify(datagram.payload, datagram.payload_len) == PacketClass::Rtcp;
            });
        }
        (!is_replaced).then_some(Frame { log: Some(&beside.facts), ..*frame })
    }
}

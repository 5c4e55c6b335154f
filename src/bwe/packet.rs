//! What the estimator is told of a packet.

use crate::units::{AbsSendTime, DataSize, Ssrc, Timestamp};

/// One RTP packet as it arrived: the estimator's only input (specification 1.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PacketArrival {
    /// When the datagram was received. May step back.
    pub at: Timestamp,
    /// The local clock when the packet is handled; it never decreases. Equal to `at` in a capture in order.
    pub now: Timestamp,
    /// The stream.
    pub ssrc: Ssrc,
    /// Send time by the abs-send-time extension, if readable.
    pub send_time: Option<AbsSendTime>,
    /// Payload and padding, without header, extensions and authentication tag (specification 1.9).
    pub size: DataSize,
}

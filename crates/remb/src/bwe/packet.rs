//! What the estimator is told of a packet.

use crate::units::{AbsSendTimeElement, DataSize, Ssrc, Timestamp};

/// One RTP packet as it arrived: the estimator's only input (specification 1.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PacketArrival {
    /// When the datagram was received. May step back.
    pub at: Timestamp,
    /// The local clock when the packet is handled; it never decreases. Equal to `at` in a capture in order.
    pub now: Timestamp,
    /// The stream.
    pub ssrc: Ssrc,
    /// What it says of its send time: present and unreadable is not the same as absent (specification 2.2).
    pub send_time: AbsSendTimeElement,
    /// The RTP timestamp.
    pub rtp_timestamp: u32,
    /// Transmission time offset in RTP ticks; 0 where there is none (specification 1.7).
    pub transmission_offset: i32,
    /// Payload and padding, without header, extensions and authentication tag (specification 1.9).
    pub size: DataSize,
}

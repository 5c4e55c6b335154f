//! A frame to a UDP datagram, or a reason why not.

mod link;
mod net;

use std::net::SocketAddr;

use crate::capture::Frame;

/// A UDP datagram.
#[derive(Debug, Clone, Copy)]
pub struct Datagram<'a> {
    /// Who sent it.
    pub source: SocketAddr,
    /// To whom.
    pub destination: SocketAddr,
    /// Source and destination addresses of the Ethernet frame, if it came in one.
    pub ethernet: Option<[[u8; 6]; 2]>,
    /// What was captured of its payload.
    pub payload: &'a [u8],
    /// Its payload's length on the wire, bytes: from the UDP length, else from IP's; never from what was captured.
    pub payload_len: usize,
}

/// Why a frame gave no datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Skip {
    /// A link type that is not read.
    LinkType,
    /// ARP, LLDP and other frames without IP.
    NotIp,
    /// MPLS, which is not read.
    Mpls,
    /// PPPoE, which is not read.
    Pppoe,
    /// An IP fragment; fragments are not put together.
    Fragment,
    /// TCP.
    Tcp,
    /// ICMP; a datagram quoted in it is none.
    Icmp,
    /// Another transport than UDP.
    OtherTransport,
    /// Cut by the snaplen before the UDP payload.
    CutShort,
    /// Headers that make no sense.
    Malformed,
}

impl Skip {
    /// All, in the order of their numbers.
    pub const ALL: [Self; 10] = [
        Self::LinkType,
        Self::NotIp,
        Self::Mpls,
        Self::Pppoe,
        Self::Fragment,
        Self::Tcp,
        Self::Icmp,
        Self::OtherTransport,
        Self::CutShort,
        Self::Malformed,
    ];

    /// As in the summary.
    pub const fn name(self) -> &'static str {
        match self {
            Self::LinkType => "unknown-link-type",
            Self::NotIp => "not-ip",
            Self::Mpls => "mpls",
            Self::Pppoe => "pppoe",
            Self::Fragment => "ip-fragment",
            Self::Tcp => "tcp",
            Self::Icmp => "icmp",
            Self::OtherTransport => "other-transport",
            Self::CutShort => "cut-short",
            Self::Malformed => "malformed-headers",
        }
    }
}

/// The frame's datagram.
///
/// # Errors
/// If it has none that is read; each reason is worth a count.
pub fn decode<'a>(frame: &Frame<'a>) -> Result<Datagram<'a>, Skip> {
    let packet = link::ip_packet(frame)?;
    net::datagram(packet.data, packet.ethernet)
}

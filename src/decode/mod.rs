//! Frames to UDP datagrams, or to what stands for them: whatever carries RTP between two hosts, down to source,
//! destination and payload.
//!
//! ```
//! use remb_replay::capture::Capture;
//! use remb_replay::decode::Decoder;
//!
//! let mut reader = Capture::open("testdata/captures/s03-steps-audio.pcap.gz")?.into_reader()?;
//! let (mut decoder, mut bytes) = (Decoder::default(), 0);
//! while let Some(frame) = reader.next_frame()? {
//!     // What is no datagram says why.
//!     let _skipped = decoder.decode(&frame, &mut |datagram| bytes += datagram.payload_len).err();
//! }
//! assert!(bytes > 1_000_000);
//! # Ok::<(), remb_replay::capture::CaptureError>(())
//! ```

mod five_tuple;
mod fragments;
mod framing;
mod ip;
mod layer;
mod layers;
mod link;
mod plain;
mod ppp;
mod skip;
pub(crate) mod stun;
mod tapped;
mod tcp;
mod tunnel;
mod turn;
mod wifi;

use std::net::SocketAddr;

use crate::capture::{Direction, Frame};
use crate::units::{CaptureTime, Count, FrameNumber};

use fragments::FragmentPool;
use layer::Layer;
use plain::RecentFlows;
use tcp::TcpStreams;
use turn::TurnChannels;

pub use five_tuple::{FiveTuple, ParseFiveTupleError, Transport};
pub use fragments::FragmentCounts;
pub use framing::Framing;
pub use link::unread_link_type;
pub use skip::Skip;
pub use tcp::TcpCounts;

/// A UDP datagram, or what a relay, a tunnel or a TCP stream carried in its place.
#[derive(Debug, Clone, Copy)]
pub struct Datagram<'a> {
    /// Between whom it went.
    pub ends: &'a Ends,
    /// What was captured of its payload.
    pub payload: &'a [u8],
    /// Its payload's length on the wire, bytes: from the UDP length, else from IP's; never from what was captured.
    pub payload_len: usize,
    /// What carried it.
    pub carrier: Carrier,
    /// Whether the capturing host received or sent it, where the capture says so.
    pub direction: Option<Direction>,
}

/// What the datagrams of a flow have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ends {
    /// Who sent it.
    pub source: SocketAddr,
    /// To whom.
    pub destination: SocketAddr,
    /// Source and destination addresses of the Ethernet frame, if it came in one and in nothing else.
    pub ethernet: Option<[[u8; 6]; 2]>,
    /// Stands for all of it, where the flow is one of the most recent.
    pub mark: Option<FlowMark>,
}

/// A payload: what was captured of it, and its length on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Payload<'a> {
    captured: &'a [u8],
    len: usize,
}

/// Stands for the ends of a flow as long as its frames begin alike: equal marks are the same flow, which spares looking
/// the addresses up. A flow can have several, one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FlowMark {
    /// Below [`FlowMark::SLOTS`]; the same for all datagrams with the same mark.
    pub slot: usize,
    /// From 1; no other mark of the same decoder has it.
    pub serial: u64,
}

impl FlowMark {
    /// How many there are at a time.
    pub const SLOTS: usize = plain::SLOTS;
}

/// What carried a datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
#[non_exhaustive]
pub enum Carrier {
    /// Plain UDP.
    #[default]
    Udp,
    /// UDP whose IP packet came in fragments.
    Fragments,
    /// VXLAN, Geneve, GTP-U, IP or MPLS in IP, or GRE with or without ERSPAN: the flow is the inner one.
    Tunnel,
    /// TURN channel data, or Send and Data indications: the flow is that of client and peer where the peer is known.
    Turn,
    /// TCP, each message behind its length (RFC 4571).
    Rfc4571,
    /// TURN over TCP.
    TurnOverTcp,
}

impl Carrier {
    /// All, in the order of their numbers.
    pub const ALL: [Self; 6] =
        [Self::Udp, Self::Fragments, Self::Tunnel, Self::Turn, Self::Rfc4571, Self::TurnOverTcp];

    /// As in the summary.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Udp => "udp",
            Self::Fragments => "udp-fragments",
            Self::Tunnel => "tunnel",
            Self::Turn => "turn",
            Self::Rfc4571 => "tcp-rfc4571",
            Self::TurnOverTcp => "tcp-turn",
        }
    }
}

/// Tunnels within tunnels are followed so far.
const MAX_DEPTH: u8 = 4;

/// Takes frames apart. It remembers what belongs together: IP fragments, TCP segments, TURN channels; all of it in
/// bounded memory.
#[derive(Debug, Default)]
pub struct Decoder {
    fragments: FragmentPool,
    tcp: TcpStreams,
    channels: TurnChannels,
    recent: RecentFlows,
    /// UDP lengths that IP had to bound.
    overlong: Count,
}

/// Where a packet comes from, on its way through the layers.
#[derive(Debug, Clone, Copy)]
struct Origin {
    number: FrameNumber,
    at: CaptureTime,
    ethernet: Option<[[u8; 6]; 2]>,
    direction: Option<Direction>,
    carrier: Carrier,
    depth: u8,
    /// What the snaplen took off the frame, bytes.
    beyond: usize,
}

impl Origin {
    /// One tunnel further in: Ethernet addresses are then those of the tunnel, not of the flow.
    fn inside(self, carrier: Carrier) -> Result<Self, Skip> {
        if self.depth >= MAX_DEPTH {
            return Err(Skip::TooDeep);
        }
        Ok(Self { ethernet: None, carrier, depth: self.depth + 1, ..self })
    }
}

/// What came out of the lower layers: a transport's bytes between two hosts.
#[derive(Debug, Clone, Copy)]
struct IpPayload<'a> {
    source: std::net::IpAddr,
    destination: std::net::IpAddr,
    data: &'a [u8],
    len_on_wire: usize,
}

impl Decoder {
    /// Gives the frame's datagrams to `each`: one of a UDP frame, none or several of a TCP segment.
    ///
    /// # Errors
    /// If it has none that is read; each reason is worth a count.
    pub fn decode<F: FnMut(&Datagram<'_>)>(&mut self, frame: &Frame<'_>, each: &mut F) -> Result<(), Skip> {
        match self.plain(frame) {
            Some(datagram) => each(&datagram),
            None => return self.decode_in_full(frame, each),
        }
        Ok(())
    }

    /// The datagram of a frame like most; all others are for [`Self::decode_in_full`].
    #[inline(always)]
    pub(crate) fn plain<'a>(&'a mut self, frame: &Frame<'a>) -> Option<Datagram<'a>> {
        self.recent.datagram(frame)
    }

    #[cold]
    pub(crate) fn decode_in_full<F: FnMut(&Datagram<'_>)>(
        &mut self,
        frame: &Frame<'_>,
        each: &mut F,
    ) -> Result<(), Skip> {
        let packet = link::ip_packet(frame)?;
        let origin = Origin {
            number: frame.number,
            at: frame.at,
            ethernet: packet.ethernet,
            direction: packet.direction,
            carrier: Carrier::Udp,
            depth: 0,
            beyond: usize::try_from(frame.original_len).unwrap_or(0).saturating_sub(frame.data.len()),
        };
        self.ip(packet.data, origin, each)
    }

    /// What became of IP fragments.
    pub fn fragment_counts(&self) -> FragmentCounts {
        self.fragments.counts()
    }

    /// What became of TCP streams with RTP framing.
    pub fn tcp_counts(&self) -> TcpCounts {
        self.tcp.counts()
    }

    /// UDP headers that state more than their IP packet holds.
    pub fn overlong_datagrams(&self) -> Count {
        self.overlong
    }

    fn ip<F: FnMut(&Datagram<'_>)>(
        &mut self,
        packet: &[u8],
        origin: Origin,
        each: &mut F,
    ) -> Result<(), Skip> {
        let packet = ip::packet(packet, origin.beyond)?;
        let Some(fragment) = packet.fragment else {
            return self.transport(packet.protocol, packet.transport, origin, each);
        };
        let Some(whole) = self.fragments.add(&packet, fragment, origin.at, origin.number) else {
            return Err(Skip::Fragment);
        };
        let transport =
            IpPayload { data: whole.captured(), len_on_wire: whole.len_on_wire(), ..packet.transport };
        let carrier = if origin.carrier == Carrier::Udp { Carrier::Fragments } else { origin.carrier };
        self.transport(packet.protocol, transport, Origin { carrier, ..origin }, each)
    }

    fn transport<F: FnMut(&Datagram<'_>)>(
        &mut self,
        protocol: ip::Protocol,
        transport: IpPayload<'_>,
        origin: Origin,
        each: &mut F,
    ) -> Result<(), Skip> {
        match protocol {
            ip::Protocol::Udp => self.udp(transport, origin, each),
            ip::Protocol::Tcp => self.tcp(transport, origin, each),
            ip::Protocol::Gre => self.tunnelled(tunnel::gre(transport.data)?, origin, each),
            ip::Protocol::Ip => self.tunnelled(Layer::Ip(transport.data), origin, each),
            ip::Protocol::Mpls => self.tunnelled(Layer::Mpls(transport.data), origin, each),
            ip::Protocol::Unread(skip) => Err(skip),
        }
    }

    fn tunnelled<F: FnMut(&Datagram<'_>)>(
        &mut self,
        inner: Layer<'_>,
        origin: Origin,
        each: &mut F,
    ) -> Result<(), Skip> {
        let origin = origin.inside(Carrier::Tunnel)?;
        self.ip(layers::ip_behind(inner)?, origin, each)
    }

    fn udp<F: FnMut(&Datagram<'_>)>(
        &mut self,
        transport: IpPayload<'_>,
        origin: Origin,
        each: &mut F,
    ) -> Result<(), Skip> {
        let (ends, payload, is_bounded) = ip::datagram(transport, origin)?;
        if is_bounded {
            self.overlong.add(origin.number.0);
        }
        if let Some(inner) = tunnel::udp(ends.destination.port(), payload.captured)? {
            return self.tunnelled(inner, origin, each);
        }
        let (ends, payload, carrier) = match self.channels.unwrap(&ends, payload) {
            Some((peers, data)) => (peers, data, Carrier::Turn),
            None => (ends, payload, origin.carrier),
        };
        give(&ends, payload, carrier, origin, each);
        Ok(())
    }

    fn tcp<F: FnMut(&Datagram<'_>)>(
        &mut self,
        transport: IpPayload<'_>,
        origin: Origin,
        each: &mut F,
    ) -> Result<(), Skip> {
        let Self { tcp, channels, .. } = self;
        let messages = tcp.segment(transport, origin, &mut |ends, framing, message| {
            match framing {
                Framing::Rfc4571 => give(ends, message, Carrier::Rfc4571, origin, each),
                Framing::Turn => {
                    let (ends, data) = channels.unwrap(ends, message).unwrap_or((*ends, message));
                    give(&ends, data, Carrier::TurnOverTcp, origin, each);
                }
            };
        })?;
        if messages == 0 { Err(Skip::Tcp) } else { Ok(()) }
    }
}

fn give<F: FnMut(&Datagram<'_>)>(
    ends: &Ends,
    payload: Payload<'_>,
    carrier: Carrier,
    origin: Origin,
    each: &mut F,
) {
    let Payload { captured: payload, len: payload_len } = payload;
    each(&Datagram { ends, payload, payload_len, carrier, direction: origin.direction });
}

#[cfg(test)]
mod tests;

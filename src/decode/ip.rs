//! IP and UDP.

use std::net::SocketAddr;

use etherparse::{IpFragOffset, IpNumber, LaxIpSlice, UdpSlice};

use super::{Ends, IpPayload, Origin, Payload, Skip};

const UDP_HEADER_LEN: usize = 8;

/// An IP packet's content.
#[derive(Debug)]
pub(super) struct IpPacket<'a> {
    pub(super) transport: IpPayload<'a>,
    pub(super) protocol: Protocol,
    /// Its place in a fragmented packet, if it is a fragment.
    pub(super) fragment: Option<Fragment>,
}

/// What an IP packet carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocol {
    Udp,
    Tcp,
    Gre,
    /// IP in IP (RFC 2003, 2473, 4213).
    Ip,
    /// MPLS in IP (RFC 4023).
    Mpls,
    /// Nothing that is read.
    Unread(Skip),
}

/// The place of a fragment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fragment {
    pub(super) identification: u32,
    pub(super) offset: IpFragOffset,
    pub(super) more: bool,
}

/// Takes an IP packet apart; it may be cut by the snaplen, which took `beyond` bytes off the frame.
pub(super) fn packet(packet: &[u8], beyond: usize) -> Result<IpPacket<'_>, Skip> {
    if packet.is_empty() {
        return Err(Skip::CutShort);
    }
    let (ip, stopped) = LaxIpSlice::from_slice(packet).map_err(|_| Skip::Malformed)?;
    let payload = ip.payload();
    let fragment = if payload.fragmented { Some(fragment(&ip).ok_or(Skip::CutShort)?) } else { None };
    let protocol = match payload.ip_number {
        IpNumber::UDP => Protocol::Udp,
        IpNumber::TCP => Protocol::Tcp,
        IpNumber::GRE => Protocol::Gre,
        IpNumber::ICMP | IpNumber::IPV6_ICMP => Protocol::Unread(Skip::Icmp),
        IpNumber::IPV4 | IpNumber::IPV6 => Protocol::Ip,
        IpNumber::MPLS_IN_IP => Protocol::Mpls,
        IpNumber::ENCAPSULATING_SECURITY_PAYLOAD => Protocol::Unread(Skip::Esp),
        _ if stopped.is_some() => Protocol::Unread(Skip::CutShort),
        _ => Protocol::Unread(Skip::OtherTransport),
    };
    let transport = IpPayload {
        source: ip.source_addr(),
        destination: ip.destination_addr(),
        data: payload.payload,
        len_on_wire: transport_len(&ip, payload.payload, beyond),
    };
    Ok(IpPacket { transport, protocol, fragment })
}

/// The transport's length: by the IP header, or, where offload has left it empty there, by the frame's.
fn transport_len(ip: &LaxIpSlice<'_>, captured: &[u8], beyond: usize) -> usize {
    let declared = match ip {
        LaxIpSlice::Ipv4(ip) => {
            let extension = ip.extensions().auth.as_ref().map_or(0, |auth| auth.slice().len());
            let headers_len = usize::from(ip.header().ihl()) * 4 + extension;
            usize::from(ip.header().total_len()).checked_sub(headers_len)
        }
        LaxIpSlice::Ipv6(ip) => match ip.header().payload_length() {
            0 => None,
            len => Some(usize::from(len).saturating_sub(ip.extensions().slice().len())),
        },
    };
    declared.unwrap_or(captured.len() + beyond).max(captured.len())
}

fn fragment(ip: &LaxIpSlice<'_>) -> Option<Fragment> {
    match ip {
        LaxIpSlice::Ipv4(ip) => {
            let header = ip.header();
            Some(Fragment {
                identification: header.identification().into(),
                offset: header.fragments_offset(),
                more: header.more_fragments(),
            })
        }
        LaxIpSlice::Ipv6(ip) => ip.extensions().clone().into_iter().find_map(|extension| match extension {
            etherparse::Ipv6ExtensionSlice::Fragment(header) => Some(Fragment {
                identification: header.identification(),
                offset: header.fragment_offset(),
                more: header.more_fragments(),
            }),
            _ => None,
        }),
    }
}

/// The length of a UDP payload by that of UDP and by what IP has room for, which bounds it; and whether it had to. `None`:
/// there is not even room for a header.
#[inline(always)]
pub(super) fn udp_payload_len(udp_len: usize, room: usize) -> Option<(usize, bool)> {
    match udp_len.checked_sub(UDP_HEADER_LEN) {
        Some(len) if udp_len <= room => Some((len, false)),
        Some(_) => Some((room.checked_sub(UDP_HEADER_LEN)?, true)),
        // A jumbogram, or offload at the sender: IP knows.
        None if udp_len == 0 => Some((room.checked_sub(UDP_HEADER_LEN)?, false)),
        None => None,
    }
}

/// The datagram of a UDP header and what follows it, and whether it claimed to be longer than its packet.
pub(super) fn datagram(transport: IpPayload<'_>, origin: Origin) -> Result<(Ends, Payload<'_>, bool), Skip> {
    let udp = UdpSlice::from_slice_lax(transport.data).map_err(|_| Skip::CutShort)?;
    let (len, is_bounded) =
        udp_payload_len(usize::from(udp.length()), transport.len_on_wire).ok_or(Skip::Malformed)?;
    let captured = udp.payload();
    let ends = Ends {
        source: SocketAddr::new(transport.source, udp.source_port()),
        destination: SocketAddr::new(transport.destination, udp.destination_port()),
        ethernet: origin.ethernet,
        mark: None,
    };
    Ok((ends, Payload { captured: captured.get(..len).unwrap_or(captured), len }, is_bounded))
}

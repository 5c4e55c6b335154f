//! STUN messages as far as a TURN relay's data lies in them (RFC 8489, RFC 8656), lenient where the snaplen cut.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::Payload;

pub(super) const HEADER_LEN: usize = 20;
pub(crate) const COOKIE: [u8; 4] = 0x2112_a442_u32.to_be_bytes();
const CHANNEL_BIND_REQUEST: u16 = 0x0009;
const SEND_INDICATION: u16 = 0x0016;
const DATA_INDICATION: u16 = 0x0017;
const CHANNEL_NUMBER: u16 = 0x000c;
const XOR_PEER_ADDRESS: u16 = 0x0012;
const DATA: u16 = 0x0013;
const ATTRIBUTE_HEADER_LEN: usize = 4;

/// A message that matters to a relay.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Message<'a> {
    /// The client wants the channel to lead to the peer.
    ChannelBind { channel: u16, peer: SocketAddr },
    /// From the client to the peer.
    Send { peer: SocketAddr, data: Payload<'a> },
    /// From the peer to the client.
    Data { peer: SocketAddr, data: Payload<'a> },
}

/// The message's type, and the transaction's 16 bytes, cookie included.
fn header(bytes: &[u8]) -> Option<(u16, [u8; 16])> {
    let (&[t0, t1, _, _], rest) = bytes.split_first_chunk()?;
    let transaction: [u8; 16] = *rest.first_chunk()?;
    (t0 < 4 && transaction.starts_with(&COOKIE)).then(|| (u16::from_be_bytes([t0, t1]), transaction))
}

/// The length of a whole message that starts here, of which eight bytes suffice.
pub(super) fn message_len(start: &[u8]) -> Option<usize> {
    let (&[t0, _, l0, l1], rest) = start.split_first_chunk()?;
    let len = u16::from_be_bytes([l0, l1]);
    (t0 < 4 && len.is_multiple_of(4) && rest.starts_with(&COOKIE)).then_some(HEADER_LEN + usize::from(len))
}

/// The message, if it is one of those.
pub(super) fn parse(bytes: &[u8]) -> Option<Message<'_>> {
    let (message_type, transaction) = header(bytes)?;
    if ![CHANNEL_BIND_REQUEST, SEND_INDICATION, DATA_INDICATION].contains(&message_type) {
        return None;
    }
    let (mut channel, mut peer, mut data) = (None, None, None);
    let mut rest = bytes.get(HEADER_LEN..)?;
    while let Some((&[t0, t1, l0, l1], after)) = rest.split_first_chunk::<ATTRIBUTE_HEADER_LEN>() {
        let len = usize::from(u16::from_be_bytes([l0, l1]));
        let value = after.get(..len).unwrap_or(after);
        match u16::from_be_bytes([t0, t1]) {
            CHANNEL_NUMBER => channel = value.first_chunk().map(|number| u16::from_be_bytes(*number)),
            XOR_PEER_ADDRESS => peer = xor_address(value, &transaction),
            DATA => data = Some(Payload { captured: value, len }),
            _ => {}
        }
        rest = after.get(len.next_multiple_of(4)..).unwrap_or_default();
    }
    let peer = peer?;
    match message_type {
        CHANNEL_BIND_REQUEST => Some(Message::ChannelBind { channel: channel?, peer }),
        SEND_INDICATION => Some(Message::Send { peer, data: data? }),
        _ => Some(Message::Data { peer, data: data? }),
    }
}

/// An address that is combined with the transaction's bytes, so that no NAT rewrites it.
fn xor_address(value: &[u8], transaction: &[u8; 16]) -> Option<SocketAddr> {
    let (&[_, family, p0, p1], address) = value.split_first_chunk()?;
    let port = u16::from_be_bytes([p0 ^ transaction[0], p1 ^ transaction[1]]);
    let ip = match family {
        1 => {
            let mut octets: [u8; 4] = *address.first_chunk()?;
            octets.iter_mut().zip(transaction).for_each(|(octet, mask)| *octet ^= mask);
            IpAddr::V4(Ipv4Addr::from(octets))
        }
        2 => {
            let mut octets: [u8; 16] = *address.first_chunk()?;
            octets.iter_mut().zip(transaction).for_each(|(octet, mask)| *octet ^= mask);
            IpAddr::V6(Ipv6Addr::from(octets))
        }
        _ => return None,
    };
    Some(SocketAddr::new(ip, port))
}

//! TURN (RFC 8656): what a relay carries between a client and its peers, as if they had sent it to each other.

use std::collections::HashMap;
use std::net::SocketAddr;

use super::stun::{self, Data, Message};
use super::{Carrier, Datagram};

const CHANNELS: std::ops::RangeInclusive<u8> = 0x40..=0x4f;
pub(super) const CHANNEL_HEADER_LEN: usize = 4;
/// Bindings that are remembered; further channels keep the relay's address.
const MAX_BINDINGS: usize = 4096;

/// Which peers channels lead to.
#[derive(Debug, Default)]
pub(super) struct TurnChannels {
    /// By client, server and channel. `None`: data came before the binding was seen; that stays, lest one flow become
    /// two.
    peers: HashMap<(SocketAddr, SocketAddr, u16), Option<SocketAddr>>,
}

/// Channel number and length of channel data that starts here.
pub(super) fn channel_header(bytes: &[u8]) -> Option<(u16, usize)> {
    let &[c0, c1, l0, l1] = bytes.first_chunk()?;
    CHANNELS.contains(&c0).then(|| (u16::from_be_bytes([c0, c1]), usize::from(u16::from_be_bytes([l0, l1]))))
}

impl TurnChannels {
    /// What the relay carries in a datagram, or the datagram itself.
    pub(super) fn unwrap<'a>(&mut self, datagram: &Datagram<'a>, carrier: Carrier) -> Datagram<'a> {
        match datagram.payload.first() {
            Some(first) if CHANNELS.contains(first) => self.channel_data(datagram, carrier),
            Some(0) => self.indication(datagram, carrier),
            _ => None,
        }
        .unwrap_or(*datagram)
    }

    fn channel_data<'a>(&mut self, datagram: &Datagram<'a>, carrier: Carrier) -> Option<Datagram<'a>> {
        let (channel, len) = channel_header(datagram.payload)?;
        let room = datagram.payload_len.checked_sub(CHANNEL_HEADER_LEN)?;
        // Padding to four bytes may follow.
        if len > room || len.next_multiple_of(4) < room {
            return None;
        }
        let captured = datagram.payload.get(CHANNEL_HEADER_LEN..)?;
        let data = Data { captured: captured.get(..len).unwrap_or(captured), len_on_wire: len };
        let (source, destination) = self.ends(datagram, channel);
        Some(relayed(datagram, source, destination, data, carrier))
    }

    fn indication<'a>(&mut self, datagram: &Datagram<'a>, carrier: Carrier) -> Option<Datagram<'a>> {
        let (source, destination) = (datagram.source, datagram.destination);
        let message = stun::parse(datagram.payload)?;
        let most = datagram.payload_len.saturating_sub(stun::HEADER_LEN);
        match message {
            Message::Send { data, .. } | Message::Data { data, .. } if data.len_on_wire > most => None,
            Message::ChannelBind { channel, peer } => {
                self.bind((source, destination, channel), peer);
                None
            }
            Message::Send { peer, data } if same_family(peer, source) => {
                Some(relayed(datagram, source, peer, data, carrier))
            }
            Message::Data { peer, data } if same_family(peer, destination) => {
                Some(relayed(datagram, peer, destination, data, carrier))
            }
            Message::Send { data, .. } | Message::Data { data, .. } => {
                Some(relayed(datagram, source, destination, data, carrier))
            }
        }
    }

    fn bind(&mut self, key: (SocketAddr, SocketAddr, u16), peer: SocketAddr) {
        if !same_family(peer, key.0) {
            return;
        }
        let room = self.peers.len() < MAX_BINDINGS;
        match self.peers.get_mut(&key) {
            Some(Some(known)) => *known = peer,
            Some(None) => {}
            None if room => {
                self.peers.insert(key, Some(peer));
            }
            None => {}
        }
    }

    /// Source and destination of what a channel carries.
    fn ends(&mut self, datagram: &Datagram<'_>, channel: u16) -> (SocketAddr, SocketAddr) {
        let (source, destination) = (datagram.source, datagram.destination);
        if let Some(peer) = self.peers.get(&(source, destination, channel)) {
            return (source, peer.unwrap_or(destination));
        }
        if let Some(peer) = self.peers.get(&(destination, source, channel)) {
            return (peer.unwrap_or(source), destination);
        }
        if self.peers.len() + 1 < MAX_BINDINGS {
            self.peers.insert((source, destination, channel), None);
            self.peers.insert((destination, source, channel), None);
        }
        (source, destination)
    }
}

/// A flow between IPv4 and IPv6 is none that could be written as a packet.
fn same_family(a: SocketAddr, b: SocketAddr) -> bool {
    a.is_ipv4() == b.is_ipv4()
}

fn relayed<'a>(
    datagram: &Datagram<'a>,
    source: SocketAddr,
    destination: SocketAddr,
    data: Data<'a>,
    carrier: Carrier,
) -> Datagram<'a> {
    Datagram {
        source,
        destination,
        ethernet: None,
        payload: data.captured,
        payload_len: data.len_on_wire,
        mark: None,
        carrier,
        ..*datagram
    }
}

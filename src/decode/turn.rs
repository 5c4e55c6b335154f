//! TURN (RFC 8656): what a relay carries between a client and its peers, as if they had sent it to each other.

use std::collections::HashMap;
use std::net::SocketAddr;

use super::stun::{self, Message};
use super::{Ends, Payload};

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
    /// What the relay carries in a datagram, if it is one of a relay.
    pub(super) fn unwrap<'a>(&mut self, ends: &Ends, payload: Payload<'a>) -> Option<(Ends, Payload<'a>)> {
        match payload.captured.first()? {
            first if CHANNELS.contains(first) => self.channel_data(ends, payload),
            0 => self.indication(ends, payload),
            _ => None,
        }
    }

    fn channel_data<'a>(&mut self, ends: &Ends, payload: Payload<'a>) -> Option<(Ends, Payload<'a>)> {
        let (channel, len) = channel_header(payload.captured)?;
        let room = payload.len.checked_sub(CHANNEL_HEADER_LEN)?;
        // Padding to four bytes may follow.
        if len > room || len.next_multiple_of(4) < room {
            return None;
        }
        let captured = payload.captured.get(CHANNEL_HEADER_LEN..)?;
        let data = Payload { captured: captured.get(..len).unwrap_or(captured), len };
        let (source, destination) = self.ends(ends, channel);
        Some((relayed(source, destination), data))
    }

    fn indication<'a>(&mut self, ends: &Ends, payload: Payload<'a>) -> Option<(Ends, Payload<'a>)> {
        let Ends { source, destination, .. } = *ends;
        let message = stun::parse(payload.captured)?;
        let most = payload.len.saturating_sub(stun::HEADER_LEN);
        match message {
            Message::Send { data, .. } | Message::Data { data, .. } if data.len > most => None,
            Message::ChannelBind { channel, peer } => {
                self.bind((source, destination, channel), peer);
                None
            }
            Message::Send { peer, data } if same_family(peer, source) => Some((relayed(source, peer), data)),
            Message::Data { peer, data } if same_family(peer, destination) => {
                Some((relayed(peer, destination), data))
            }
            Message::Send { data, .. } | Message::Data { data, .. } => {
                Some((relayed(source, destination), data))
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
    fn ends(&mut self, ends: &Ends, channel: u16) -> (SocketAddr, SocketAddr) {
        let Ends { source, destination, .. } = *ends;
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

fn relayed(source: SocketAddr, destination: SocketAddr) -> Ends {
    Ends { source, destination, ethernet: None, mark: None }
}

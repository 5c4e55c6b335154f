//! A directed flow: source, destination and transport.

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;

use crate::capture::made::{LOCAL, REMOTE};

/// Source, destination and transport. Written `10.0.0.1:5004-10.0.0.2:6004`; where there is need to tell them apart, with
/// `udp:` or `tcp:` before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FiveTuple {
    /// Who sends.
    pub source: SocketAddr,
    /// Who receives.
    pub destination: SocketAddr,
    /// By what.
    pub transport: Transport,
}

/// What carries a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum Transport {
    /// Either, or there is no need to tell.
    #[default]
    Any,
    /// UDP.
    Udp,
    /// TCP.
    Tcp,
}

impl Transport {
    /// All, in the order of their names' mention.
    const ALL: [Self; 3] = [Self::Any, Self::Udp, Self::Tcp];

    /// What stands before the addresses.
    const fn prefix(self) -> &'static str {
        match self {
            Self::Any => "",
            Self::Udp => "udp:",
            Self::Tcp => "tcp:",
        }
    }
}

/// A text that is no flow.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "a flow is written as 10.0.0.1:5004-10.0.0.2:6004 or [2001:db8::1]:5004-[2001:db8::2]:6004, if need be with udp: or \
     tcp: before it"
)]
pub struct ParseFiveTupleError;

impl FiveTuple {
    /// Whatever carries it.
    pub const fn new(source: SocketAddr, destination: SocketAddr) -> Self {
        Self { source, destination, transport: Transport::Any }
    }

    /// The same by another transport.
    pub const fn over(self, transport: Transport) -> Self {
        Self { transport, ..self }
    }

    /// The way back.
    pub const fn reversed(self) -> Self {
        Self { source: self.destination, destination: self.source, ..self }
    }

    /// Whether a flow is meant by this one.
    pub fn means(self, flow: &Self) -> bool {
        self.over(flow.transport) == *flow && [Transport::Any, flow.transport].contains(&self.transport)
    }

    /// Whether it goes from the same host to the same host as another, whatever the ports.
    pub fn has_hosts_of(&self, other: &Self) -> bool {
        let hosts = |flow: &Self| (flow.source.ip(), flow.destination.ip());
        hosts(self) == hosts(other)
    }
}

/// An address; those that stand for the two ends of a log have names.
struct Address(SocketAddr);

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            SocketAddr::V4(REMOTE) => f.write_str("remote"),
            SocketAddr::V4(LOCAL) => f.write_str("local"),
            address => address.fmt(f),
        }
    }
}

impl fmt::Display for FiveTuple {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (source, destination) = (Address(self.source), Address(self.destination));
        write!(f, "{}{source}-{destination}", self.transport.prefix())
    }
}

impl FromStr for FiveTuple {
    type Err = ParseFiveTupleError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let of = |transport: Transport| text.strip_prefix(transport.prefix()).map(|rest| (transport, rest));
        let (transport, rest) = Transport::ALL.into_iter().rev().find_map(of).ok_or(ParseFiveTupleError)?;
        let (source, destination) = rest.split_once('-').ok_or(ParseFiveTupleError)?;
        let address = |text: &str| match text {
            "remote" => Ok(REMOTE.into()),
            "local" => Ok(LOCAL.into()),
            text => text.parse().map_err(|_| ParseFiveTupleError),
        };
        Ok(Self { source: address(source)?, destination: address(destination)?, transport })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flow_is_printed_as_it_is_read() {
        for text in [
            "10.0.0.1:5004-10.0.0.2:6004",
            "[2001:db8::1]:5004-[2001:db8::2]:6004",
            "tcp:10.0.0.1:5004-10.0.0.2:6004",
            "udp:[2001:db8::1]:5004-[2001:db8::2]:6004",
            "remote-local",
        ] {
            let flow: FiveTuple = text.parse().unwrap();
            assert_eq!(flow.to_string(), text);
            assert_eq!(flow.reversed().reversed(), flow);
        }
        for wrong in ["10.0.0.1-10.0.0.2", "sctp:10.0.0.1:1-10.0.0.2:2", "tcp:udp:10.0.0.1:1-10.0.0.2:2", ""]
        {
            assert_eq!(wrong.parse::<FiveTuple>(), Err(ParseFiveTupleError), "{wrong}");
        }
    }

    #[test]
    fn without_a_transport_both_are_meant() {
        let [any, udp, tcp] = ["", "udp:", "tcp:"]
            .map(|prefix| format!("{prefix}10.0.0.1:1-10.0.0.2:2").parse::<FiveTuple>().unwrap());
        assert!(any.means(&udp) && any.means(&tcp) && udp.means(&udp));
        assert!(!udp.means(&tcp) && !tcp.means(&udp) && !any.means(&udp.reversed()));
    }
}

//! A directed flow: source and destination of UDP datagrams.

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;

/// Source and destination; the transport is UDP. Written `10.0.0.1:5004-10.0.0.2:6004`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FiveTuple {
    /// Who sends.
    pub source: SocketAddr,
    /// Who receives.
    pub destination: SocketAddr,
}

/// A text that is no flow.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a flow is written as 10.0.0.1:5004-10.0.0.2:6004 or [2001:db8::1]:5004-[2001:db8::2]:6004")]
pub struct ParseFiveTupleError;

impl FiveTuple {
    /// The way back.
    pub const fn reversed(self) -> Self {
        Self { source: self.destination, destination: self.source }
    }

    /// Whether it goes from the same host to the same host as another, whatever the ports.
    pub fn has_hosts_of(&self, other: &Self) -> bool {
        let hosts = |flow: &Self| (flow.source.ip(), flow.destination.ip());
        hosts(self) == hosts(other)
    }
}

impl fmt::Display for FiveTuple {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.source, self.destination)
    }
}

impl FromStr for FiveTuple {
    type Err = ParseFiveTupleError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (source, destination) = text.trim().split_once('-').ok_or(ParseFiveTupleError)?;
        let address = |text: &str| text.parse().map_err(|_| ParseFiveTupleError);
        Ok(Self { source: address(source)?, destination: address(destination)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flow_is_printed_as_it_is_read() {
        for text in ["10.0.0.1:5004-10.0.0.2:6004", "[2001:db8::1]:5004-[2001:db8::2]:6004"] {
            let flow: FiveTuple = text.parse().unwrap();
            assert_eq!(flow.to_string(), text);
            assert_eq!(flow.reversed().reversed(), flow);
        }
        assert_eq!("10.0.0.1-10.0.0.2".parse::<FiveTuple>(), Err(ParseFiveTupleError));
    }
}

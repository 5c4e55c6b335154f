//! What is no datagram, and why.

/// Why a frame gave no datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Skip {
    /// A link type that is not read.
    LinkType,
    /// ARP, LLDP and other frames without IP.
    NotIp,
    /// MPLS that carries neither IP nor Ethernet with what is read.
    Mpls,
    /// PPPoE of another version.
    Pppoe,
    /// GTP-U that carries no IP.
    GtpU,
    /// Geneve that carries neither IP nor Ethernet nor MPLS.
    Geneve,
    /// PPP that carries neither IP nor MPLS, but is compressed, encrypted or of several links.
    Ppp,
    /// GRE that carries neither IP nor Ethernet nor MPLS nor ERSPAN.
    Gre,
    /// IPsec's encrypted payload.
    Esp,
    /// IEEE 802.11, encrypted.
    WifiProtected,
    /// IEEE 802.11, several packets in one frame.
    WifiAggregate,
    /// IEEE 802.11, a packet in several frames.
    WifiFragment,
    /// Tunnels within tunnels, too deep.
    TooDeep,
    /// An IP fragment; the datagram is given with the one that completes it.
    Fragment,
    /// TCP that is no RTP framing, or no whole message of it.
    Tcp,
    /// ICMP; a datagram quoted in it is none.
    Icmp,
    /// Another transport than UDP and TCP.
    OtherTransport,
    /// Cut by the snaplen before the UDP payload.
    CutShort,
    /// Headers that make no sense.
    Malformed,
}

impl Skip {
    /// All, in the order of their numbers.
    pub const ALL: [Self; 19] = [
        Self::LinkType,
        Self::NotIp,
        Self::Mpls,
        Self::Pppoe,
        Self::GtpU,
        Self::Geneve,
        Self::Ppp,
        Self::Gre,
        Self::Esp,
        Self::WifiProtected,
        Self::WifiAggregate,
        Self::WifiFragment,
        Self::TooDeep,
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
            Self::GtpU => "gtp-u",
            Self::Geneve => "geneve",
            Self::Ppp => "ppp",
            Self::Gre => "gre",
            Self::Esp => "esp",
            Self::WifiProtected => "802.11-protected",
            Self::WifiAggregate => "802.11-a-msdu",
            Self::WifiFragment => "802.11-fragment",
            Self::TooDeep => "too-deep",
            Self::Fragment => "ip-fragment",
            Self::Tcp => "tcp",
            Self::Icmp => "icmp",
            Self::OtherTransport => "other-transport",
            Self::CutShort => "cut-short",
            Self::Malformed => "malformed-headers",
        }
    }

    /// Whether it is an encapsulation whose content is not read; link types have names of their own.
    pub const fn is_unread_encapsulation(self) -> bool {
        matches!(
            self,
            Self::Mpls
                | Self::Pppoe
                | Self::GtpU
                | Self::Geneve
                | Self::Ppp
                | Self::Gre
                | Self::Esp
                | Self::WifiProtected
                | Self::WifiAggregate
                | Self::WifiFragment
                | Self::TooDeep
        )
    }
}

//! Link layers by number and name.

/// A link layer, by its number in the registry of LINKTYPE values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct LinkType(pub u16);

impl LinkType {
    /// Ethernet.
    pub const ETHERNET: Self = Self(1);

    /// As a person calls it, where it has a name that is known here.
    pub const fn name(self) -> Option<&'static str> {
        Some(match self.0 {
            0 => "BSD loopback",
            1 => "Ethernet",
            6 => "Token Ring",
            8 => "SLIP",
            9 => "PPP",
            10 => "FDDI",
            12 | 14 | 101 => "raw IP",
            50 => "PPP in HDLC framing",
            51 => "PPPoE",
            104 => "Cisco HDLC",
            105 => "IEEE 802.11",
            107 => "Frame Relay",
            108 => "OpenBSD loopback",
            113 => "Linux cooked",
            117 => "OpenBSD pflog",
            119 => "IEEE 802.11 Prism",
            122 => "IP over Fibre Channel",
            127 => "IEEE 802.11 radiotap",
            138 => "IP over IEEE 1394",
            147..=162 => "user-defined",
            163 => "IEEE 802.11 AVS",
            166 => "PPP of pppd",
            187 | 201 => "Bluetooth HCI",
            189 | 220 => "Linux USB",
            192 => "PPI",
            195 | 215 | 230 => "IEEE 802.15.4",
            203 => "LAPD",
            204 => "PPP with direction",
            205 => "Cisco HDLC with direction",
            206 => "Frame Relay with direction",
            227 => "CAN bus",
            228 => "raw IPv4",
            229 => "raw IPv6",
            239 => "Linux netfilter log",
            242 => "IP over InfiniBand",
            247 => "InfiniBand",
            249 => "USBPcap",
            251 | 256 => "Bluetooth Low Energy",
            252 => "Wireshark upper PDU",
            253 => "Linux netlink",
            254 => "Bluetooth Linux monitor",
            258 => "Apple PKTAP",
            264 => "ISO 14443",
            265 => "RDS",
            276 => "Linux cooked v2",
            _ => return None,
        })
    }
}

impl std::fmt::Display for LinkType {
    /// As a person calls it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "link type {}", self.0),
        }
    }
}

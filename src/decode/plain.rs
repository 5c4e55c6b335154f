//! What most captures are full of: IP without options and fragments, UDP, media; above all IPv4 right behind Ethernet. It is
//! read in place and comes to what the long way would come to, which everything else goes.

use std::net::SocketAddr;

use super::layers::ETHER_IPV4;
use super::{Carrier, Datagram, Ends, FlowMark, ip, link};
use crate::capture::{Direction, Frame, LinkType};

const ETHERNET_LEN: usize = 14;
/// EtherType, then version and header length of IP.
const IPV4_BEHIND_ETHERNET: [u8; 3] = {
    let [high, low] = ETHER_IPV4.to_be_bytes();
    [high, low, IPV4_START]
};
const IPV4_START: u8 = 0x45;
const IPV6_VERSION: u8 = 6;
const IPV4_HEADER_LEN: usize = 20;
const IPV6_HEADER_LEN: usize = 40;
const UDP: u8 = 17;
const UDP_HEADER_LEN: usize = 8;
const IPV4_HEADERS_LEN: usize = IPV4_HEADER_LEN + UDP_HEADER_LEN;
const COMMON_HEADERS_LEN: usize = ETHERNET_LEN + IPV4_HEADERS_LEN;
const IPV6_HEADERS_LEN: usize = IPV6_HEADER_LEN + UDP_HEADER_LEN;
/// "More fragments", and the offset.
const FRAGMENT: u16 = 0x3fff;
/// First bytes of RTP, RTCP and QUIC; what tunnels and relays carry begins with less.
const MEDIA: u8 = 0x80;

/// 2^32 over the golden ratio: multiplication by it spreads what is alike (Knuth's multiplicative hash).
const GOLDEN_RATIO: u32 = 0x9e37_79b9;
/// Flows that are remembered, with headers like most and with others; a power of two.
const SLOTS_EACH: usize = 256;
pub(super) const SLOTS: usize = 2 * SLOTS_EACH;

/// Flows that were seen lately, each at the place that its addresses and ports say.
#[derive(Debug)]
pub(super) struct RecentFlows {
    /// IPv4 right behind Ethernet, by the bytes of the headers.
    common: [Option<Recent>; SLOTS_EACH],
    /// IPv6, VLAN tags, other link layers.
    others: [Option<Ends>; SLOTS_EACH],
    /// Flows begun so far.
    serial: u64,
}

/// A flow's headers, and what they say.
#[derive(Debug, Clone, Copy)]
struct Recent {
    ethernet: [u8; 12],
    /// With the ports.
    addresses: [u8; 12],
    ends: Ends,
}

impl Recent {
    #[inline]
    fn is(&self, ethernet: &[u8; 12], addresses: &[u8; 12]) -> bool {
        self.ethernet == *ethernet && self.addresses == *addresses
    }
}

/// IP and UDP as they are read in place.
#[derive(Debug, Clone, Copy)]
struct Udp<'a> {
    payload: &'a [u8],
    payload_len: usize,
    slot: usize,
}

impl Default for RecentFlows {
    fn default() -> Self {
        Self { common: [None; SLOTS_EACH], others: [None; SLOTS_EACH], serial: 0 }
    }
}

impl RecentFlows {
    /// The datagram of such a frame; `None` for all others.
    #[inline(always)]
    pub(super) fn datagram<'a>(&'a mut self, frame: &Frame<'a>) -> Option<Datagram<'a>> {
        let (headers, captured) = match frame.data.split_first_chunk::<COMMON_HEADERS_LEN>() {
            Some(split)
                if frame.link_type == LinkType::ETHERNET && split.0[12..15] == IPV4_BEHIND_ETHERNET =>
            {
                split
            }
            _ => return self.behind_other_headers(frame),
        };
        let (ethernet, ip) = headers.split_first_chunk::<ETHERNET_LEN>()?;
        let Udp { payload, payload_len, slot } = ipv4_udp(ip.first_chunk()?, captured)?;
        let (ethernet, addresses) = (ethernet.first_chunk()?, headers[26..].first_chunk()?);
        if !self.common[slot].as_ref().is_some_and(|known| known.is(ethernet, addresses)) {
            self.begin_common(slot, ethernet, addresses);
        }
        Some(datagram(&self.common[slot].as_ref()?.ends, payload, payload_len, frame.direction))
    }

    #[cold]
    fn begin_common(&mut self, slot: usize, ethernet: &[u8; 12], addresses: &[u8; 12]) {
        let [source, destination] = ipv4_ends(addresses);
        let (mut sender, mut receiver) = ([0; 6], [0; 6]);
        receiver.copy_from_slice(&ethernet[..6]);
        sender.copy_from_slice(&ethernet[6..]);
        let ends =
            Ends { source, destination, ethernet: Some([sender, receiver]), mark: self.new_mark(slot) };
        self.common[slot] = Some(Recent { ethernet: *ethernet, addresses: *addresses, ends });
    }

    #[inline(never)]
    fn behind_other_headers<'a>(&'a mut self, frame: &Frame<'a>) -> Option<Datagram<'a>> {
        let link::IpPacket { data, ethernet, direction } = link::ip_packet(frame).ok()?;
        let (udp, [source, destination]) = match data.first()? >> 4 {
            IPV6_VERSION => {
                let (headers, captured) = data.split_first_chunk()?;
                (ipv6_udp(headers, captured)?, ipv6_ends(headers[8..].first_chunk()?))
            }
            _ => {
                let (headers, captured) = data.split_first_chunk()?;
                (ipv4_udp(headers, captured)?, ipv4_ends(headers[12..].first_chunk()?))
            }
        };
        let Udp { payload, payload_len, slot } = udp;
        let is = |known: &Ends| {
            (known.source, known.destination, known.ethernet) == (source, destination, ethernet)
        };
        if !self.others[slot].as_ref().is_some_and(is) {
            let mark = self.new_mark(SLOTS_EACH + slot);
            self.others[slot] = Some(Ends { source, destination, ethernet, mark });
        }
        Some(datagram(self.others[slot].as_ref()?, payload, payload_len, direction))
    }

    fn new_mark(&mut self, slot: usize) -> Option<FlowMark> {
        self.serial += 1;
        Some(FlowMark { slot, serial: self.serial })
    }
}

#[inline]
fn datagram<'a>(
    ends: &'a Ends,
    payload: &'a [u8],
    payload_len: usize,
    direction: Option<Direction>,
) -> Datagram<'a> {
    Datagram { ends, payload, payload_len, carrier: Carrier::Udp, direction }
}

/// An IPv4 packet without options and fragments, with media in UDP.
#[inline(always)]
fn ipv4_udp<'a>(headers: &[u8; IPV4_HEADERS_LEN], captured: &'a [u8]) -> Option<Udp<'a>> {
    let udp_len = usize::from(word(headers, 24));
    let room = usize::from(word(headers, 2)).checked_sub(IPV4_HEADER_LEN)?;
    if headers[0] != IPV4_START || headers[9] != UDP || word(headers, 6) & FRAGMENT != 0 {
        return None;
    }
    let (payload, payload_len) = media(captured, udp_len, room)?;
    Some(Udp { payload, payload_len, slot: slot_of(headers, 16, 20) })
}

/// An IPv6 packet without extension headers, with media in UDP.
fn ipv6_udp<'a>(headers: &[u8; IPV6_HEADERS_LEN], captured: &'a [u8]) -> Option<Udp<'a>> {
    let (udp_len, room) = (usize::from(word(headers, 44)), usize::from(word(headers, 4)));
    if headers[6] != UDP {
        return None;
    }
    let (payload, payload_len) = media(captured, udp_len, room)?;
    Some(Udp { payload, payload_len, slot: slot_of(headers, 36, 40) })
}

/// Source and destination, from addresses and ports.
fn ipv4_ends(addresses: &[u8; 12]) -> [SocketAddr; 2] {
    let &[s0, s1, s2, s3, d0, d1, d2, d3, ..] = addresses;
    let source = SocketAddr::new([s0, s1, s2, s3].into(), word(addresses, 8));
    [source, SocketAddr::new([d0, d1, d2, d3].into(), word(addresses, 10))]
}

/// The same of IPv6.
fn ipv6_ends(addresses: &[u8; 36]) -> [SocketAddr; 2] {
    let address = |at: usize, port_at: usize| {
        let octets = addresses[at..].first_chunk::<16>().copied().unwrap_or_default();
        SocketAddr::new(octets.into(), word(addresses, port_at))
    };
    [address(0, 32), address(16, 34)]
}

/// What was captured of the payload, and its length on the wire. A length that IP must bound goes the long way.
#[inline]
fn media(captured: &[u8], udp_len: usize, room: usize) -> Option<(&[u8], usize)> {
    let (payload_len, false) = ip::udp_payload_len(udp_len, room)? else { return None };
    let payload = captured.get(..payload_len).unwrap_or(captured);
    (*payload.first()? >= MEDIA).then_some((payload, payload_len))
}

/// Where a flow is remembered, by the end of its destination address and its ports: the directions of a call, and calls on
/// neighbouring ports and hosts, are in different places as far as may be.
#[inline]
fn slot_of<const LEN: usize>(headers: &[u8; LEN], address_at: usize, ports_at: usize) -> usize {
    let four =
        |at: usize| u32::from_ne_bytes([headers[at], headers[at + 1], headers[at + 2], headers[at + 3]]);
    let mixed = (four(address_at) ^ four(ports_at).rotate_left(16)).wrapping_mul(GOLDEN_RATIO);
    (mixed >> (u32::BITS - SLOTS_EACH.ilog2())) as usize
}

#[inline]
fn word<const LEN: usize>(bytes: &[u8; LEN], at: usize) -> u16 {
    u16::from_be_bytes([bytes[at], bytes[at + 1]])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::Decoder;
    use super::*;
    use crate::units::{CaptureTime, FrameNumber};

    /// An Ethernet frame with IP, UDP and the beginning of an RTP packet.
    fn plain(is_ipv6: bool, len: u16) -> Vec<u8> {
        let mut frame = vec![0x11; 12];
        match is_ipv6 {
            false => {
                frame.extend([0x08, 0x00, 0x45, 0]);
                frame.extend((28 + len).to_be_bytes());
                frame.extend([0, 0, 0x40, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]);
            }
            true => {
                frame.extend([0x86, 0xdd, 0x60, 0, 0, 0]);
                frame.extend((8 + len).to_be_bytes());
                frame.extend([17, 64]);
                frame.extend([0x20; 32]);
            }
        }
        frame.extend([0x13, 0x8c, 0x17, 0x74]);
        frame.extend((8 + len).to_be_bytes());
        frame.extend([0, 0, 0x80, 96, 0, 1]);
        frame.resize(frame.len() + 60, 7);
        frame
    }

    /// The same behind other headers: Ethernet as it is, with a VLAN tag, Linux cooked, loopback, raw.
    const LINKS: [LinkType; 6] =
        [LinkType::ETHERNET, LinkType::ETHERNET, LinkType(113), LinkType(276), LinkType(0), LinkType(101)];

    fn on_link(link: usize, ethernet: &[u8]) -> Vec<u8> {
        let (ether_type, packet) = (&ethernet[12..14], &ethernet[14..]);
        match link {
            0 => ethernet.to_vec(),
            1 => [&ethernet[..12], &[0x81, 0, 0, 5], &ethernet[12..]].concat(),
            2 => [&[0, 4, 0, 1, 0, 6, 1, 2, 3, 4, 5, 6, 0, 0], ether_type, packet].concat(),
            3 => [ether_type, &[0, 0, 0, 0, 0, 1, 0, 1, 0, 6, 1, 2, 3, 4, 5, 6, 0, 0], packet].concat(),
            4 => [&[2, 0, 0, 0], packet].concat(),
            _ => packet.to_vec(),
        }
    }

    fn captured(data: &[u8]) -> Frame<'_> {
        on(0, data)
    }

    fn on(link: usize, data: &[u8]) -> Frame<'_> {
        Frame {
            number: FrameNumber(1),
            at: CaptureTime::default(),
            nanoseconds: false,
            link_type: LINKS[link],
            data,
            original_len: 1500,
            direction: None,
            log: None,
        }
    }

    /// What there is to a datagram.
    fn parts(datagram: &Datagram<'_>) -> String {
        format!("{:?}", Datagram { ends: &Ends { mark: None, ..*datagram.ends }, ..*datagram })
    }

    fn the_long_way(frame: &Frame<'_>) -> Option<String> {
        let mut found = None;
        let _ = Decoder::default().decode_in_full(frame, &mut |datagram| found = Some(parts(datagram)));
        found
    }

    #[test]
    fn plain_frames_are_known_for_what_they_are() {
        for is_ipv6 in [false, true] {
            for (link, len) in (0..LINKS.len()).flat_map(|link| [20, 64, 65, 1000].map(|len| (link, len))) {
                let data = on_link(link, &plain(is_ipv6, len));
                let frame = on(link, &data);
                let found = RecentFlows::default().datagram(&frame).map(|found| parts(&found));
                assert!(found.is_some() && found == the_long_way(&frame), "{link}, {is_ipv6}: {found:?}");
            }
        }
    }

    /// The marks of flows that take turns are the same each time around.
    #[test]
    fn calls_on_neighbouring_ports_and_their_answers_do_not_drive_each_other_out() {
        for (is_ipv6, address_at, ports_at) in [(false, 26, 34), (true, 22, 54)] {
            let mut recent = RecentFlows::default();
            let mut marks = || {
                let flows = (0..8_u8).flat_map(|call| [(call, false), (call, true)]);
                let mark = |(call, is_answer): (u8, bool)| {
                    let mut data = plain(is_ipv6, 64);
                    data[ports_at + 1] += 2 * call;
                    data[ports_at + 3] += 2 * call;
                    if is_answer {
                        let half = (ports_at - address_at) / 2;
                        data[address_at..ports_at].rotate_left(half);
                        data[ports_at..ports_at + 4].rotate_left(2);
                    }
                    recent.datagram(&captured(&data)).unwrap().ends.mark.unwrap()
                };
                flows.map(mark).collect::<Vec<_>>()
            };
            assert_eq!(marks(), marks());
        }
    }

    proptest! {
        #[test]
        fn where_it_says_anything_it_says_what_the_long_way_says(
            link in 0..LINKS.len(),
            is_ipv6: bool,
            len in 0_u16..1400,
            edits in prop::collection::vec((0_usize..86, any::<u8>()), 0..8),
            cut in 14_usize..200,
        ) {
            let mut recent = RecentFlows::default();
            let mut data = on_link(link, &plain(is_ipv6, len));
            data.truncate(cut);
            for (at, value) in edits {
                // The headers before are remembered.
                if let Some(byte) = data.get_mut(at) {
                    *byte = value;
                }
                let frame = on(link, &data);
                if let Some(found) = recent.datagram(&frame) {
                    prop_assert_eq!(Some(parts(&found)), the_long_way(&frame));
                }
            }
        }

        #[test]
        fn equal_marks_are_equal_flows(
            ends in prop::collection::vec((0..LINKS.len(), 0_u8..3, 0_u8..3, any::<bool>()), 1..40),
        ) {
            let mut recent = RecentFlows::default();
            let mut flows = Vec::new();
            for (link, host, port, is_ipv6) in ends {
                let mut data = plain(is_ipv6, 64);
                data[33] = host;
                let port_at = if is_ipv6 { 55 } else { 35 };
                data[port_at] = port * 32;
                let data = on_link(link, &data);
                let frame = on(link, &data);
                let found = recent.datagram(&frame).unwrap();
                let Ends { source, destination, ethernet, mark } = *found.ends;
                let (mark, flow) = (mark.unwrap(), (source, destination, ethernet));
                prop_assert!(mark.slot < FlowMark::SLOTS);
                prop_assert!(flows.iter().all(|known: &(_, _)| known.0 != mark || known.1 == flow));
                flows.push((mark, flow));
            }
        }
    }
}

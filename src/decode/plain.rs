//! What most captures are full of: Ethernet without tags, IP without options and fragments, UDP, media. It is read in
//! place and comes to what the long way would come to, which everything else goes.

use std::net::SocketAddr;

use super::{Carrier, Datagram, Ends, FlowMark};
use crate::capture::{Frame, LinkType};

const ETHERNET: LinkType = LinkType(1);
/// EtherType, then version and header length of IP.
const ETHER_IPV4: [u8; 3] = [0x08, 0x00, 0x45];
const ETHER_IPV6: [u8; 2] = [0x86, 0xdd];
/// Lengths of all headers up to the payload of UDP.
const IPV4_HEADERS_LEN: usize = 14 + 20 + 8;
const IPV6_HEADERS_LEN: usize = 14 + 40 + 8;
const IPV4_HEADER_LEN: usize = 20;
const UDP: u8 = 17;
const UDP_HEADER_LEN: usize = 8;
/// "More fragments", and the offset.
const FRAGMENT: u16 = 0x3fff;
/// First bytes of RTP, RTCP and QUIC; what tunnels and relays carry begins with less.
const MEDIA: u8 = 0x80;

/// 2^32 over the golden ratio: multiplication by it spreads what is alike (Knuth's multiplicative hash).
const GOLDEN_RATIO: u32 = 0x9e37_79b9;
/// Flows that are remembered, of each version of IP; a power of two.
const SLOTS_EACH: usize = 256;
pub(super) const SLOTS: usize = 2 * SLOTS_EACH;

/// Flows that were seen lately, each at the place that its ports say, by the bytes of their headers.
#[derive(Debug)]
pub(super) struct RecentFlows {
    /// By addresses and ports.
    ipv4: [Option<Recent<12>>; SLOTS_EACH],
    ipv6: [Option<Recent<36>>; SLOTS_EACH],
    /// Flows begun so far.
    serial: u64,
}

/// A flow's headers, and what they say.
#[derive(Debug, Clone, Copy)]
struct Recent<const LEN: usize> {
    ethernet: [u8; 12],
    addresses: [u8; LEN],
    ends: Ends,
}

impl<const LEN: usize> Recent<LEN> {
    #[inline]
    fn is(&self, ethernet: &[u8; 12], addresses: &[u8; LEN]) -> bool {
        self.ethernet == *ethernet && self.addresses == *addresses
    }
}

impl Default for RecentFlows {
    fn default() -> Self {
        Self { ipv4: [None; SLOTS_EACH], ipv6: [None; SLOTS_EACH], serial: 0 }
    }
}

impl RecentFlows {
    /// The datagram of such a frame; `None` for all others.
    #[inline(always)]
    pub(super) fn datagram<'a>(&'a mut self, frame: &Frame<'a>) -> Option<Datagram<'a>> {
        if frame.link_type != ETHERNET {
            return None;
        }
        let (headers, captured) = frame.data.split_first_chunk::<IPV4_HEADERS_LEN>()?;
        if headers[12..15] != ETHER_IPV4 {
            return self.ipv6(frame);
        }
        let udp_len = usize::from(word(headers, 38));
        let room = usize::from(word(headers, 16)).checked_sub(IPV4_HEADER_LEN)?;
        if headers[23] != UDP || word(headers, 20) & FRAGMENT != 0 || udp_len > room {
            return None;
        }
        let (payload, payload_len) = media(captured, udp_len)?;
        let (ethernet, addresses) = (headers.first_chunk()?, headers[26..].first_chunk()?);
        let slot = slot_of(headers, 30, 34);
        if !self.ipv4[slot].as_ref().is_some_and(|known| known.is(ethernet, addresses)) {
            self.begin_ipv4(slot, ethernet, addresses);
        }
        let ends = &self.ipv4[slot].as_ref()?.ends;
        Some(Datagram { ends, payload, payload_len, carrier: Carrier::Udp, direction: frame.direction })
    }

    #[cold]
    fn begin_ipv4(&mut self, slot: usize, ethernet: &[u8; 12], addresses: &[u8; 12]) {
        let &[s0, s1, s2, s3, d0, d1, d2, d3, p0, p1, p2, p3] = addresses;
        let address = |octets: [u8; 4], port| SocketAddr::new(octets.into(), u16::from_be_bytes(port));
        let ends = [address([s0, s1, s2, s3], [p0, p1]), address([d0, d1, d2, d3], [p2, p3])];
        let ends = self.begin(slot, ethernet, ends);
        self.ipv4[slot] = Some(Recent { ethernet: *ethernet, addresses: *addresses, ends });
    }

    #[inline(never)]
    fn ipv6<'a>(&'a mut self, frame: &Frame<'a>) -> Option<Datagram<'a>> {
        let (headers, captured) = frame.data.split_first_chunk::<IPV6_HEADERS_LEN>()?;
        let (udp_len, room) = (usize::from(word(headers, 58)), usize::from(word(headers, 18)));
        let is_ipv6 = headers[12..14] == ETHER_IPV6 && headers[14] >> 4 == 6;
        if !is_ipv6 || headers[20] != UDP || udp_len > room {
            return None;
        }
        let (payload, payload_len) = media(captured, udp_len)?;
        let (ethernet, addresses) = (headers.first_chunk()?, headers[22..].first_chunk()?);
        let slot = slot_of(headers, 50, 54);
        if !self.ipv6[slot].as_ref().is_some_and(|known| known.is(ethernet, addresses)) {
            self.begin_ipv6(slot, ethernet, addresses);
        }
        let ends = &self.ipv6[slot].as_ref()?.ends;
        Some(Datagram { ends, payload, payload_len, carrier: Carrier::Udp, direction: frame.direction })
    }

    #[cold]
    fn begin_ipv6(&mut self, slot: usize, ethernet: &[u8; 12], addresses: &[u8; 36]) {
        let address = |at: usize, port_at: usize| {
            let octets = addresses[at..].first_chunk::<16>().copied().unwrap_or_default();
            SocketAddr::new(octets.into(), word(addresses, port_at))
        };
        let ends = self.begin(SLOTS_EACH + slot, ethernet, [address(0, 32), address(16, 34)]);
        self.ipv6[slot] = Some(Recent { ethernet: *ethernet, addresses: *addresses, ends });
    }

    /// The ends of a new flow.
    fn begin(&mut self, slot: usize, ethernet: &[u8; 12], [source, destination]: [SocketAddr; 2]) -> Ends {
        let (mut sender, mut receiver) = ([0; 6], [0; 6]);
        receiver.copy_from_slice(&ethernet[..6]);
        sender.copy_from_slice(&ethernet[6..]);
        self.serial += 1;
        let mark = Some(FlowMark { slot, serial: self.serial });
        Ends { source, destination, ethernet: Some([sender, receiver]), mark }
    }
}

/// What was captured of the payload, and its length on the wire.
#[inline]
fn media(captured: &[u8], udp_len: usize) -> Option<(&[u8], usize)> {
    let payload_len = udp_len.checked_sub(UDP_HEADER_LEN)?;
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

    fn captured(data: &[u8]) -> Frame<'_> {
        Frame {
            number: FrameNumber(1),
            at: CaptureTime::default(),
            nanoseconds: false,
            link_type: ETHERNET,
            data,
            original_len: 1500,
            direction: None,
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
            for len in [20, 64, 65, 1000] {
                let data = plain(is_ipv6, len);
                let frame = captured(&data);
                let found = RecentFlows::default().datagram(&frame).map(|found| parts(&found));
                assert!(found.is_some() && found == the_long_way(&frame));
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
            is_ipv6: bool,
            len in 0_u16..1400,
            edits in prop::collection::vec((0_usize..66, any::<u8>()), 0..8),
            cut in 14_usize..200,
        ) {
            let mut recent = RecentFlows::default();
            let mut data = plain(is_ipv6, len);
            data.truncate(cut);
            for (at, value) in edits {
                // The headers before are remembered.
                if let Some(byte) = data.get_mut(at) {
                    *byte = value;
                }
                let frame = captured(&data);
                if let Some(found) = recent.datagram(&frame) {
                    prop_assert_eq!(Some(parts(&found)), the_long_way(&frame));
                }
            }
        }

        #[test]
        fn equal_marks_are_equal_flows(ends in prop::collection::vec((0_u8..3, 0_u8..3, any::<bool>()), 1..40)) {
            let mut recent = RecentFlows::default();
            let mut flows = Vec::new();
            for (host, port, is_ipv6) in ends {
                let mut data = plain(is_ipv6, 64);
                data[33] = host;
                let port_at = if is_ipv6 { 55 } else { 35 };
                data[port_at] = port * 32;
                let frame = captured(&data);
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

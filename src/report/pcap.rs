//! The REMB stream as a classic pcap: one RTCP packet a frame, with true lengths and checksums.

use std::io::{self, Write};
use std::net::{IpAddr, SocketAddr};

use etherparse::PacketBuilder;
use rtc_shared::marshal::Marshal;
use rtcp::receiver_report::ReceiverReport;
use rtcp::source_description::{SdesType, SourceDescription, SourceDescriptionChunk, SourceDescriptionItem};

use crate::capture::LinkType;
use crate::decode::FiveTuple;
use crate::units::{Bitrate, CaptureTime, Ssrc};
use remb::Remb;

const MAGIC_MICROSECONDS: u32 = 0xa1b2_c3d4;
const MAGIC_NANOSECONDS: u32 = 0xa1b2_3c4d;
const SNAPLEN: u32 = 262_144;
const LINK_ETHERNET: u32 = LinkType::ETHERNET.0 as u32;
const LINK_RAW: u32 = 101;
const TIME_TO_LIVE: u8 = 64;
const CNAME: &str = "remb-replay";

/// How an RTCP packet is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RtcpPacking {
    /// RR without report blocks, SDES with CNAME, REMB.
    Compound,
    /// The REMB alone (RFC 5506).
    Reduced,
}

/// Writes REMBs as frames.
#[derive(Debug)]
pub struct RembPcap<W> {
    writer: W,
    nanoseconds: bool,
    ethernet: bool,
    preamble: Vec<u8>,
    rtcp: Vec<u8>,
    frame: Vec<u8>,
}

impl<W: Write> RembPcap<W> {
    /// Writes the file header. `ethernet` says whether frames have Ethernet headers; a pcap has one link type for all.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn new(
        mut writer: W,
        nanoseconds: bool,
        ethernet: bool,
        packing: RtcpPacking,
        sender_ssrc: Ssrc,
    ) -> io::Result<Self> {
        let magic = if nanoseconds { MAGIC_NANOSECONDS } else { MAGIC_MICROSECONDS };
        let link_type = if ethernet { LINK_ETHERNET } else { LINK_RAW };
        writer.write_all(&magic.to_le_bytes())?;
        writer.write_all(&[2, 0, 4, 0])?;
        for word in [0, 0, SNAPLEN, link_type] {
            writer.write_all(&u32::to_le_bytes(word))?;
        }
        let preamble = match packing {
            RtcpPacking::Compound => compound_preamble(sender_ssrc)?,
            RtcpPacking::Reduced => Vec::new(),
        };
        Ok(Self { writer, nanoseconds, ethernet, preamble, rtcp: Vec::new(), frame: Vec::new() })
    }

    /// Writes a REMB that the receiver of `media` sends back; `ethernet` is the media's source and destination address.
    /// A pcap cannot hold times before 1970 or after 2106: such a REMB is left out, and the answer is no.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn write(
        &mut self,
        at: CaptureTime,
        media: FiveTuple,
        ethernet: Option<[[u8; 6]; 2]>,
        (sender_ssrc, bitrate, ssrcs): (Ssrc, Bitrate, &[Ssrc]),
    ) -> io::Result<bool> {
        let Some(time) = self.time(at) else { return Ok(false) };
        self.rtcp.clear();
        self.rtcp.extend_from_slice(&self.preamble);
        Remb::encode(sender_ssrc, bitrate, ssrcs, &mut self.rtcp).map_err(io::Error::other)?;
        let back = media.reversed();
        self.frame.clear();
        if self.ethernet {
            let [source, destination] = ethernet.unwrap_or_default();
            self.build(PacketBuilder::ethernet2(destination, source), back)?;
        } else {
            self.build_raw(back)?;
        }
        self.write_record(time)?;
        Ok(true)
    }

    /// The writer, after the last frame.
    pub fn into_inner(self) -> W {
        self.writer
    }

    fn build(
        &mut self,
        builder: etherparse::PacketBuilderStep<etherparse::Ethernet2Header>,
        back: FiveTuple,
    ) -> io::Result<()> {
        let ip = match addresses(back)? {
            Addresses::V4(source, destination) => builder.ipv4(source, destination, TIME_TO_LIVE),
            Addresses::V6(source, destination) => builder.ipv6(source, destination, TIME_TO_LIVE),
        };
        let udp = ip.udp(back.source.port(), back.destination.port());
        udp.write(&mut self.frame, &self.rtcp).map_err(io::Error::other)
    }

    fn build_raw(&mut self, back: FiveTuple) -> io::Result<()> {
        let ip = match addresses(back)? {
            Addresses::V4(source, destination) => PacketBuilder::ipv4(source, destination, TIME_TO_LIVE),
            Addresses::V6(source, destination) => PacketBuilder::ipv6(source, destination, TIME_TO_LIVE),
        };
        let udp = ip.udp(back.source.port(), back.destination.port());
        udp.write(&mut self.frame, &self.rtcp).map_err(io::Error::other)
    }

    /// Seconds and fraction, as a pcap has them.
    fn time(&self, at: CaptureTime) -> Option<[u32; 2]> {
        let seconds = u32::try_from(at.as_nanos().div_euclid(1_000_000_000)).ok()?;
        let nanos = at.as_nanos().rem_euclid(1_000_000_000);
        let fraction = u32::try_from(if self.nanoseconds { nanos } else { nanos / 1000 }).ok()?;
        Some([seconds, fraction])
    }

    fn write_record(&mut self, [seconds, fraction]: [u32; 2]) -> io::Result<()> {
        let len = u32::try_from(self.frame.len()).map_err(io::Error::other)?;
        for word in [seconds, fraction, len, len] {
            self.writer.write_all(&word.to_le_bytes())?;
        }
        self.writer.write_all(&self.frame)
    }
}

enum Addresses {
    V4([u8; 4], [u8; 4]),
    V6([u8; 16], [u8; 16]),
}

fn addresses(flow: FiveTuple) -> io::Result<Addresses> {
    match (ip(flow.source), ip(flow.destination)) {
        (IpAddr::V4(source), IpAddr::V4(destination)) => {
            Ok(Addresses::V4(source.octets(), destination.octets()))
        }
        (IpAddr::V6(source), IpAddr::V6(destination)) => {
            Ok(Addresses::V6(source.octets(), destination.octets()))
        }
        _ => Err(io::Error::other("a flow between IPv4 and IPv6")),
    }
}

const fn ip(address: SocketAddr) -> IpAddr {
    address.ip()
}

/// What a compound has before its feedback: an RR without report blocks and the sender's CNAME.
fn compound_preamble(sender_ssrc: Ssrc) -> io::Result<Vec<u8>> {
    let report = ReceiverReport { ssrc: sender_ssrc.0, ..ReceiverReport::default() };
    let item =
        SourceDescriptionItem { sdes_type: SdesType::SdesCname, text: CNAME.as_bytes().to_vec().into() };
    let description = SourceDescription {
        chunks: vec![SourceDescriptionChunk { source: sender_ssrc.0, items: vec![item] }],
    };
    let mut preamble = report.marshal().map_err(io::Error::other)?.to_vec();
    preamble.extend_from_slice(&description.marshal().map_err(io::Error::other)?);
    Ok(preamble)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::CaptureReader;
    use crate::decode::Decoder;
    use std::io::Cursor;

    const SSRCS: [Ssrc; 2] = [Ssrc(7), Ssrc(9)];

    fn written(flow: &str, nanoseconds: bool, ethernet: bool, packing: RtcpPacking) -> Vec<u8> {
        let mut pcap = RembPcap::new(Vec::new(), nanoseconds, ethernet, packing, Ssrc(1)).unwrap();
        let at = CaptureTime::from_nanos(1_700_000_000_123_456_789).unwrap();
        let remb = (Ssrc(1), Bitrate::from_bps(1_234_567), &SSRCS[..]);
        pcap.write(at, flow.parse().unwrap(), Some([[1; 6], [2; 6]]), remb).unwrap();
        pcap.into_inner()
    }

    #[test]
    fn a_frame_goes_back_from_receiver_to_sender_at_its_time() {
        for (flow, nanoseconds, ethernet, nanos) in [
            ("10.0.0.1:5004-10.0.0.2:6004", true, true, 1_700_000_000_123_456_789),
            ("[2001:db8::1]:5004-[2001:db8::2]:6004", false, false, 1_700_000_000_123_456_000),
        ] {
            let bytes = written(flow, nanoseconds, ethernet, RtcpPacking::Reduced);
            let mut reader = CaptureReader::new(Box::new(Cursor::new(bytes))).unwrap();
            let frame = reader.next_frame().unwrap().unwrap();
            assert_eq!(frame.at.as_nanos(), nanos);
            let mut decoder = Decoder::default();
            let decoded = decoder.decode(&frame, &mut |datagram| {
                let back = FiveTuple::new(datagram.ends.source, datagram.ends.destination);
                assert_eq!(back.reversed().to_string(), flow);
                assert_eq!(datagram.ends.ethernet, ethernet.then_some([[2; 6], [1; 6]]));
                let remb = Remb::parse(datagram.payload).unwrap();
                assert_eq!((remb.bitrate, remb.ssrcs), (Bitrate::from_bps(1_234_560), SSRCS.to_vec()));
            });
            assert!(decoded.is_ok());
        }
    }

    #[test]
    fn a_compound_has_a_report_a_name_and_the_remb() {
        let bytes = written("10.0.0.1:1-10.0.0.2:2", false, false, RtcpPacking::Compound);
        let rtcp = &bytes[24 + 16 + 28..];
        assert_eq!(rtcp[..8], [0x80, 201, 0, 1, 0, 0, 0, 1]);
        assert_eq!(rtcp[8..14], [0x81, 202, 0, 5, 0, 0]);
        assert_eq!(rtcp[16..18 + CNAME.len()], [&[1, 11], CNAME.as_bytes()].concat());
        assert!(Remb::parse(&rtcp[32..]).is_ok());
    }

    /// The Internet checksum over a datagram with its pseudo header comes to zero (RFC 768, RFC 1071).
    #[test]
    fn checksums_are_right() {
        let sum = |parts: &[&[u8]]| {
            let bytes = parts.concat();
            let words =
                bytes.chunks(2).map(|pair| u32::from(pair[0]) << 8 | u32::from(*pair.get(1).unwrap_or(&0)));
            let total: u32 = words.sum();
            (total & 0xffff) + (total >> 16)
        };
        let bytes = written("10.0.0.1:1-10.0.0.2:2", false, false, RtcpPacking::Compound);
        let (ip, udp) = bytes[40..].split_at(20);
        assert_eq!(sum(&[ip]), 0xffff);
        let len = (udp.len() as u16).to_be_bytes();
        assert_eq!(sum(&[&ip[12..], &[0, 17], &len, udp]), 0xffff);
    }

    #[test]
    fn a_time_before_1970_is_left_out_and_becomes_no_other_time() {
        let mut pcap = RembPcap::new(Vec::new(), false, false, RtcpPacking::Reduced, Ssrc(1)).unwrap();
        let at = CaptureTime::from_nanos(-1).unwrap();
        let flow = "10.0.0.1:1-10.0.0.2:2".parse().unwrap();
        assert!(!pcap.write(at, flow, None, (Ssrc(1), Bitrate::from_bps(1), &SSRCS)).unwrap());
        assert_eq!(pcap.into_inner().len(), 24);
    }
}

//! RTP, RTCP and SDP as they are on the wire; nothing here remembers.
//!
//! ```
//! use remb_replay::rtp::RtpPacket;
//! use remb_replay::units::{AbsSendTime, AbsSendTimeElement, Ssrc};
//!
//! // A header with one extension element: id 3, abs-send-time. The payload was cut by the snaplen.
//! let captured = [0x90, 96, 0, 7, 0, 0, 0, 9, 0, 0, 0, 1, 0xbe, 0xde, 0, 1, 0x32, 0, 0, 5];
//! let packet = RtpPacket::parse(&captured, 1200)?;
//! assert_eq!((packet.ssrc(), packet.size().as_bytes()), (Ssrc(1), 1180));
//! assert_eq!(packet.abs_send_time(3), AbsSendTimeElement::Value(AbsSendTime::from_raw(5)));
//! # Ok::<(), remb_replay::rtp::Malformed>(())
//! ```

mod abs_capture_time;
mod aggregate;
mod classify;
mod extension;
mod muxed;
mod packet;
mod report;
mod rtcp;
pub mod sdp;

pub use abs_capture_time::AbsCaptureTime;
pub use aggregate::segment_len;
pub use classify::{PacketClass, classify};
pub(crate) use extension::ONE_BYTE_HEADERS;
pub use extension::{Element, Elements};
pub use packet::{Malformed, RtpPacket};
pub use remb::rtt::{Echo, MiddleNtp, NtpTime};
pub(crate) use report::begins_with_remb;
pub use report::{
    Dlrr, ExtendedBlock, ExtendedBlocks, ExtendedReport, ReceiverReport, Report, ReportBlock, ReportBlocks,
    SenderReport,
};
pub use rtcp::{Block, Blocks, CompoundEnd, packet_type_name};

/// The RTP clock of video, and of all that is not audio (RFC 3551, section 5).
pub(crate) const VIDEO_CLOCK_HZ: u32 = 90_000;

/// RTP packets made by hand, for the tests of this room and of those that build on it.
#[cfg(test)]
pub(crate) mod test_packet {
    #[derive(Debug, Clone)]
    pub(crate) struct TestPacket {
        pub has_padding: bool,
        pub marker: bool,
        pub payload_type: u8,
        pub seq: u16,
        pub timestamp: u32,
        pub ssrc: u32,
        pub elements: Vec<(u8, Vec<u8>)>,
    }

    impl Default for TestPacket {
        fn default() -> Self {
            Self {
                has_padding: false,
                marker: false,
                payload_type: 96,
                seq: 0,
                timestamp: 0,
                ssrc: 1,
                elements: Vec::new(),
            }
        }
    }

    impl TestPacket {
        pub(crate) fn bytes(&self) -> Vec<u8> {
            let first = 0x90 | u8::from(self.has_padding) << 5;
            let mut out = vec![first, u8::from(self.marker) << 7 | self.payload_type];
            out.extend(self.seq.to_be_bytes());
            out.extend(self.timestamp.to_be_bytes());
            out.extend(self.ssrc.to_be_bytes());
            let mut block: Vec<u8> = Vec::new();
            for (id, value) in &self.elements {
                block.push(id << 4 | (value.len() as u8 - 1));
                block.extend(value);
            }
            block.resize(block.len().next_multiple_of(4), 0);
            out.extend([0xbe, 0xde]);
            out.extend((block.len() as u16 / 4).to_be_bytes());
            out.extend(block);
            out
        }
    }
}

/// RTCP reports made by hand, for the tests of this room and of those that build on it.
#[cfg(test)]
pub(crate) mod test_rtcp {
    use super::{Block, Blocks};

    /// The first block of bytes that were captured whole.
    pub(crate) fn single(bytes: &[u8]) -> Block<'_> {
        Blocks::new(bytes, bytes.len()).next().unwrap()
    }

    pub(crate) fn rtcp(count: u8, packet_type: u8, body: &[u8]) -> Vec<u8> {
        let words = (body.len() / 4) as u16;
        [&[0x80 | count, packet_type][..], &words.to_be_bytes(), body].concat()
    }

    /// Each block: SSRC, fraction lost, LSR, DLSR.
    pub(crate) fn sender_report(ssrc: u32, ntp: u64, blocks: &[(u32, u8, u32, u32)]) -> Vec<u8> {
        let info = [&ssrc.to_be_bytes()[..], &ntp.to_be_bytes(), &[0xaa; 12]].concat();
        rtcp(blocks.len() as u8, 200, &[info, report_blocks(blocks)].concat())
    }

    pub(crate) fn receiver_report(ssrc: u32, blocks: &[(u32, u8, u32, u32)]) -> Vec<u8> {
        rtcp(blocks.len() as u8, 201, &[ssrc.to_be_bytes().to_vec(), report_blocks(blocks)].concat())
    }

    pub(crate) fn reference_time(ssrc: u32, ntp: u64) -> Vec<u8> {
        extended(ssrc, &[(4, ntp.to_be_bytes().to_vec())])
    }

    /// Each sub-block: SSRC, LRR, DLRR.
    pub(crate) fn dlrr(ssrc: u32, sub_blocks: &[(u32, u32, u32)]) -> Vec<u8> {
        extended(ssrc, &[(5, dlrr_content(sub_blocks))])
    }

    pub(crate) fn dlrr_content(sub_blocks: &[(u32, u32, u32)]) -> Vec<u8> {
        sub_blocks.iter().flat_map(|&(ssrc, lrr, dlrr)| words(&[ssrc, lrr, dlrr])).collect()
    }

    /// Each block: its type and its content.
    pub(crate) fn extended(ssrc: u32, blocks: &[(u8, Vec<u8>)]) -> Vec<u8> {
        let mut body = ssrc.to_be_bytes().to_vec();
        for (block_type, content) in blocks {
            body.extend([*block_type, 0]);
            body.extend((content.len() as u16 / 4).to_be_bytes());
            body.extend(content);
        }
        rtcp(0, 207, &body)
    }

    fn report_blocks(blocks: &[(u32, u8, u32, u32)]) -> Vec<u8> {
        let block = |&(ssrc, lost, lsr, dlsr): &_| {
            words(&[ssrc, u32::from(lost) << 24 | 0x00bb_bbbb, 0xcccc_cccc, 0xdddd_dddd, lsr, dlsr])
        };
        blocks.iter().flat_map(block).collect()
    }

    fn words(words: &[u32]) -> Vec<u8> {
        words.iter().flat_map(|word| word.to_be_bytes()).collect()
    }
}

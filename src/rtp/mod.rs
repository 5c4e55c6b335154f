//! RTP and RTCP as they lie in a datagram, what a stream's packets add up to, and what must be inferred.

mod capture_time;
mod drift;
mod extension;
pub mod infer;
mod ntp;
mod packet;
mod report;
mod rtcp;
mod rtt;
pub mod sdp;
mod send_clock;
mod sequence;
mod stats;
mod turnaround;

pub use capture_time::{AbsCaptureTime, CaptureTimeClock};
pub use drift::ClockDrift;
pub use extension::{Element, Elements};
pub use packet::{Malformed, RtpPacket};
pub use report::{Echo, Report};
pub use rtcp::{Block, Blocks, CompoundEnd};
pub use rtt::{RttSample, RttSampler, RttSmoother};
pub use send_clock::SendClock;
pub use stats::{Reception, StreamStats};
pub use turnaround::{CapturePoint, Side, Turnaround};

/// RTP packets made by hand, for the tests of this room.
#[cfg(test)]
mod test_packet {
    #[derive(Debug, Clone)]
    pub(super) struct TestPacket {
        pub has_padding: bool,
        pub payload_type: u8,
        pub seq: u16,
        pub timestamp: u32,
        pub ssrc: u32,
        pub elements: Vec<(u8, Vec<u8>)>,
    }

    impl Default for TestPacket {
        fn default() -> Self {
            Self { has_padding: false, payload_type: 96, seq: 0, timestamp: 0, ssrc: 1, elements: Vec::new() }
        }
    }

    impl TestPacket {
        pub(super) fn bytes(&self) -> Vec<u8> {
            let mut out = vec![0x90 | u8::from(self.has_padding) << 5, self.payload_type];
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

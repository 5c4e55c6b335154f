//! A peer that sends a packet each 20 ms, and the chain that receives it.

use std::time::{Duration, Instant};

use remb_rtc::remb::Remb;
use remb_rtc::{RembBuilder, RembHandle, SLOT};
use rtc_interceptor::{
    AttributedPacket, Interceptor, Packet, RTCPFeedback, RTPHeaderExtension, Registry, StreamInfo,
    TaggedPacket,
};
use rtc_shared::TransportContext;
use rtcp::extended_report::{ExtendedReport, ReceiverReferenceTimeReportBlock};
use rtp::extension::abs_send_time_extension::AbsSendTimeExtension;

pub(crate) const ABS_SEND_TIME: &str = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time";
pub(crate) const TRANSPORT_CC: &str =
    "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01";
const ABS_SEND_TIME_ID: u8 = 3;
pub(crate) const UNIX_SECONDS: u64 = 1_700_000_000;

/// A REMB that left the chain.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sent {
    pub(crate) ms: u64,
    pub(crate) bps: i64,
    pub(crate) ssrcs: Vec<u32>,
}

pub(crate) struct Call {
    pub(crate) chain: Box<dyn Interceptor>,
    pub(crate) handle: RembHandle,
    pub(crate) base: Instant,
    /// Since `base`; packets are sent on a clock of their own, `delay` before.
    pub(crate) sent: Duration,
    pub(crate) delay: Duration,
    /// What the delay grows by with each packet.
    pub(crate) queue_growth: Duration,
    pub(crate) size: usize,
    pub(crate) rembs: Vec<Sent>,
    /// When reference times were asked with, and what they say.
    pub(crate) asked: Vec<(u64, u64)>,
    /// Timers that ran, and those of them that sent nothing.
    pub(crate) timers: usize,
    pub(crate) idle_timers: usize,
    pub(crate) passed: usize,
    sequence_number: u16,
}

pub(crate) fn video(ssrc: u32, ssrc_rtx: Option<u32>) -> StreamInfo {
    StreamInfo {
        ssrc,
        ssrc_rtx,
        clock_rate: 90_000,
        mime_type: "video/VP8".to_owned(),
        payload_type: 96,
        rtp_header_extensions: vec![RTPHeaderExtension {
            uri: ABS_SEND_TIME.to_owned(),
            id: ABS_SEND_TIME_ID.into(),
        }],
        // What the peer offered, not what was answered: nothing hangs on it.
        rtcp_feedback: vec![RTCPFeedback { typ: "transport-cc".to_owned(), parameter: String::new() }],
        ..StreamInfo::default()
    }
}

impl Call {
    pub(crate) fn new(builder: RembBuilder) -> Self {
        let base = Instant::now() + Duration::from_secs(3600);
        let handle = builder.handle();
        let remb = builder.with_wall_clock(base, Duration::from_secs(UNIX_SECONDS)).build().unwrap();
        Self {
            chain: Box::new(Registry::new().with(SLOT, remb).build()),
            handle,
            base,
            sent: Duration::ZERO,
            delay: Duration::from_millis(10),
            queue_growth: Duration::ZERO,
            size: 1000,
            rembs: Vec::new(),
            asked: Vec::new(),
            timers: 0,
            idle_timers: 0,
            passed: 0,
            sequence_number: 0,
        }
    }

    /// With one video stream, and no question for the round trip time.
    pub(crate) fn of_video(ssrc: u32) -> Self {
        let mut call = Self::new(RembBuilder::new().with_rrtr(false));
        call.chain.bind_remote_stream(&video(ssrc, None));
        call
    }

    pub(crate) fn now(&self) -> Instant {
        self.base + self.sent + self.delay
    }

    pub(crate) fn ms(&self, at: Instant) -> u64 {
        at.duration_since(self.base).as_millis() as u64
    }

    pub(crate) fn rtp(&self, ssrc: u32) -> rtp::Packet {
        let mut header = rtp::Header {
            version: 2,
            payload_type: 96,
            sequence_number: self.sequence_number,
            timestamp: (self.sent.as_millis() * 90) as u32,
            ssrc,
            ..rtp::Header::default()
        };
        let send_time =
            AbsSendTimeExtension { timestamp: ((self.sent.as_micros() << 18) / 1_000_000) as u64 };
        let bytes = send_time.timestamp.to_be_bytes()[5..].to_vec();
        header.set_extension(ABS_SEND_TIME_ID, bytes.into()).unwrap();
        rtp::Packet { header, payload: vec![0; self.size].into() }
    }

    pub(crate) fn tagged(&self, packet: Packet) -> TaggedPacket {
        let (now, transport) = (self.now(), TransportContext::default());
        TaggedPacket { now, transport, message: AttributedPacket::new(packet) }
    }

    /// A packet each 20 ms, after the timers that are due before it.
    pub(crate) fn packets(&mut self, count: usize, ssrc: u32) {
        for _ in 0..count {
            self.sent += Duration::from_millis(20);
            self.delay += self.queue_growth;
            self.run_timers(self.now());
            self.packet(ssrc);
        }
    }

    /// The same of two streams in turns, a packet each 10 ms.
    pub(crate) fn in_turns(&mut self, count: usize, one: u32, other: u32) {
        for _ in 0..count {
            for ssrc in [one, other] {
                self.sent += Duration::from_millis(10);
                self.run_timers(self.now());
                self.packet(ssrc);
            }
        }
    }

    /// A packet now.
    pub(crate) fn packet(&mut self, ssrc: u32) {
        self.sequence_number += 1;
        let packet = Packet::Rtp(self.rtp(ssrc));
        self.read(packet);
    }

    /// What comes in must come through, unchanged.
    pub(crate) fn read(&mut self, packet: Packet) {
        self.chain.handle_read(self.tagged(packet.clone())).unwrap();
        if let Packet::Rtp(_) = &packet {
            let passed = self.chain.poll_read().unwrap();
            assert_eq!(passed.message.packet, packet);
            assert!(passed.message.attributes.is_empty() && passed.now == self.now());
            self.passed += 1;
        }
        assert!(self.chain.poll_read().is_none());
        self.fetch(self.now());
    }

    /// Silence.
    pub(crate) fn wait(&mut self, duration: Duration) {
        self.sent += duration;
        self.run_timers(self.now());
    }

    pub(crate) fn run_timers(&mut self, until: Instant) {
        while let Some(due) = self.chain.poll_timeout().filter(|due| *due <= until) {
            self.chain.handle_timeout(due).unwrap();
            self.timers += 1;
            self.idle_timers += usize::from(self.fetch(due) == 0);
        }
    }

    /// Fetches what the chain sends; gives how much.
    pub(crate) fn fetch(&mut self, at: Instant) -> usize {
        let mut fetched = 0;
        while let Some(sent) = self.chain.poll_write() {
            let Packet::Rtcp(messages) = &sent.message.packet else { continue };
            for message in messages {
                let bytes = rtcp::packet::marshal(std::slice::from_ref(message)).unwrap();
                if let Some(report) = message.as_any().downcast_ref::<ExtendedReport>() {
                    let block = report.reports[0].as_any().downcast_ref::<ReceiverReferenceTimeReportBlock>();
                    self.asked.push((self.ms(at), block.unwrap().ntp_timestamp));
                } else if let Ok(remb) = Remb::parse(&bytes) {
                    let ssrcs = remb.ssrcs.iter().map(|ssrc| ssrc.0).collect();
                    self.rembs.push(Sent { ms: self.ms(at), bps: remb.bitrate.as_bps(), ssrcs });
                } else {
                    continue;
                }
                fetched += 1;
            }
        }
        fetched
    }

    pub(crate) fn last(&self) -> &Sent {
        self.rembs.last().unwrap()
    }
}

//! A chain with the interceptor in it, driven as a stack drives it, and what it sends.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use remb_replay::remb::Remb;
use remb_rtc::{RembBuilder, RembHandle, RembStats, SLOT};
use rtc_interceptor::{
    AttributedPacket, Interceptor, Packet, RTPHeaderExtension, Registry, StreamInfo, TaggedPacket,
};
use rtc_shared::TransportContext;
use rtc_shared::marshal::Unmarshal;

pub(super) const ABS_SEND_TIME_ID: u8 = 3;
pub(super) const TOFFSET_ID: u8 = 14;

/// A REMB: when it was due, since the Unix epoch; the estimate, and what is on the wire.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Sent {
    pub(super) micros: i64,
    pub(super) bps: i64,
    pub(super) wire_bps: i64,
    pub(super) ssrcs: Vec<u32>,
}

pub(super) struct Chain {
    chain: Box<dyn Interceptor>,
    pub(super) handle: RembHandle,
    /// The time at `base`, since the Unix epoch.
    epoch_nanos: i64,
    base: Instant,
    told: Arc<Mutex<Vec<RembStats>>>,
    pub(super) rembs: Vec<Sent>,
    /// All that was sent, and when.
    pub(super) sent: Vec<(i64, Vec<u8>)>,
    /// A stack may read several packets, or run timers, before it fetches what they made due: so many.
    pub(super) turns_a_fetch: usize,
    turns: usize,
}

impl Chain {
    /// The epoch is to be at or after the Unix epoch.
    pub(super) fn new(builder: RembBuilder, epoch_nanos: i64) -> Self {
        // Vectors step back by months.
        let base = Instant::now() + Duration::from_secs(100 * 86_400);
        let told = Arc::new(Mutex::new(Vec::new()));
        let (handle, listener) = (builder.handle(), told.clone());
        let since_epoch = Duration::from_nanos(epoch_nanos.try_into().unwrap());
        let builder = builder.with_wall_clock(base, since_epoch);
        let remb = builder.on_remb(move |stats| listener.lock().unwrap().push(*stats)).build().unwrap();
        let chain = Box::new(Registry::new().with(SLOT, remb).build());
        Self {
            chain,
            handle,
            epoch_nanos,
            base,
            told,
            rembs: Vec::new(),
            sent: Vec::new(),
            turns_a_fetch: 1,
            turns: 0,
        }
    }

    pub(super) fn bind_video(&mut self, ssrc: u32, ssrc_rtx: Option<u32>, has_send_time: bool) {
        let extension = |uri: &str, id: u8| RTPHeaderExtension { uri: uri.to_owned(), id: id.into() };
        let mut rtp_header_extensions = vec![extension("urn:ietf:params:rtp-hdrext:toffset", TOFFSET_ID)];
        if has_send_time {
            let uri = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time";
            rtp_header_extensions.push(extension(uri, ABS_SEND_TIME_ID));
        }
        let (mime_type, clock_rate) = ("video/VP8".to_owned(), 90_000);
        let info =
            StreamInfo { ssrc, ssrc_rtx, mime_type, clock_rate, rtp_header_extensions, ..Default::default() };
        self.chain.bind_remote_stream(&info);
    }

    pub(super) fn bind_own_video(&mut self, ssrc: u32) {
        let mime_type = "video/VP8".to_owned();
        self.chain.bind_local_stream(&StreamInfo { ssrc, mime_type, ..Default::default() });
    }

    pub(super) fn instant(&self, nanos: i64) -> Instant {
        let after = nanos - self.epoch_nanos;
        let distance = Duration::from_nanos(after.unsigned_abs());
        if after < 0 { self.base - distance } else { self.base + distance }
    }

    fn nanos(&self, at: Instant) -> i64 {
        match at.checked_duration_since(self.base) {
            Some(after) => self.epoch_nanos + after.as_nanos() as i64,
            None => self.epoch_nanos - self.base.duration_since(at).as_nanos() as i64,
        }
    }

    /// When the next timer is due, since the Unix epoch.
    pub(super) fn next_timer(&mut self) -> Option<i64> {
        self.chain.poll_timeout().map(|due| self.nanos(due))
    }

    pub(super) fn run_timer(&mut self, due: i64) {
        self.chain.handle_timeout(self.instant(due)).unwrap();
        self.fetch_at_times(due);
    }

    pub(super) fn run_timers(&mut self, until: i64) {
        while let Some(due) = self.next_timer().filter(|due| *due <= until) {
            self.run_timer(due);
        }
    }

    /// RTP as it is on the wire, decrypted; `received_at` where that is another time.
    pub(super) fn read_rtp(&mut self, bytes: &[u8], nanos: i64, received_at: Option<i64>) {
        let packet = rtp::Packet::unmarshal(&mut &bytes[..]).unwrap();
        let mut message = AttributedPacket::new(Packet::Rtp(packet));
        if let Some(received_at) = received_at {
            let received_at = remb_rtc::ReceivedAt(self.instant(received_at));
            message.add(rtc_interceptor::Attribute::Custom(Arc::new(received_at)));
        }
        self.read(message, nanos);
        assert!(self.chain.poll_read().is_some());
    }

    /// An RTCP compound as it is on the wire.
    pub(super) fn read_rtcp(&mut self, bytes: &[u8], nanos: i64) {
        let messages = rtcp::packet::unmarshal(&mut &bytes[..]).unwrap();
        self.read(AttributedPacket::new(Packet::Rtcp(messages)), nanos);
    }

    fn read(&mut self, message: AttributedPacket, nanos: i64) {
        let (now, transport) = (self.instant(nanos), TransportContext::default());
        self.chain.handle_read(TaggedPacket { now, transport, message }).unwrap();
        self.fetch_at_times(nanos);
    }

    /// What the rest of the stack sends, RTP or RTCP.
    pub(super) fn write(&mut self, bytes: &[u8], nanos: i64) {
        let packet = match rtcp::packet::unmarshal(&mut &bytes[..]) {
            Ok(messages) if (200..208).contains(&bytes[1]) => Packet::Rtcp(messages),
            _ => Packet::Rtp(rtp::Packet::unmarshal(&mut &bytes[..]).unwrap()),
        };
        // What waits is not what is written here.
        self.fetch(nanos);
        let (now, transport) = (self.instant(nanos), TransportContext::default());
        let message = AttributedPacket::new(packet);
        self.chain.handle_write(TaggedPacket { now, transport, message }).unwrap();
        while self.chain.poll_write().is_some() {}
        self.sent.push((nanos, bytes.to_vec()));
    }

    fn fetch_at_times(&mut self, nanos: i64) {
        self.turns += 1;
        if self.turns.is_multiple_of(self.turns_a_fetch) {
            self.fetch(nanos);
        }
    }

    pub(super) fn fetch(&mut self, nanos: i64) {
        while let Some(sent) = self.chain.poll_write() {
            let Packet::Rtcp(messages) = &sent.message.packet else { panic!("only RTCP is ours") };
            let bytes = rtcp::packet::marshal(messages).unwrap().to_vec();
            if let Ok(remb) = Remb::parse(&bytes) {
                let stats = self.told.lock().unwrap()[self.rembs.len()];
                self.rembs.push(Sent {
                    micros: self.nanos(stats.at) / 1000,
                    bps: stats.estimate.as_bps(),
                    wire_bps: remb.bitrate.as_bps(),
                    ssrcs: remb.ssrcs.iter().map(|ssrc| ssrc.0).collect(),
                });
            }
            self.sent.push((nanos, bytes));
        }
    }
}

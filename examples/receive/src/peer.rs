//! One connection for each offer: a recipe for video that is steered by REMB.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::Context;
use remb_rtc::{RembBuilder, SLOT};
use rtc::peer_connection::configuration::media_engine::{MIME_TYPE_VP8, MIME_TYPE_VP9, MediaEngine};
use rtc::rtp_transceiver::RTCRtpTransceiverDirection::Recvonly;
use rtc::rtp_transceiver::rtp_sender::{
    RTCPFeedback, RTCRtpCodec, RTCRtpCodecParameters, RTCRtpHeaderExtensionCapability, RtpCodecKind,
};
use rtc_interceptor::{ReceiverReportBuilder, Registry, Slot};
use tokio::sync::Notify;
use tokio::time::timeout;
use webrtc::media_stream::track_remote::TrackRemote;
use webrtc::peer_connection::{
    PeerConnection, PeerConnectionBuilder, PeerConnectionEventHandler, RTCIceGatheringState,
    RTCPeerConnectionState, RTCSessionDescription,
};
use webrtc::runtime::default_runtime;

use crate::capture::Capture;
use crate::output::Output;

/// What connections are made of.
pub struct Receiver {
    pub media: IpAddr,
    pub sends_rembs: bool,
    pub capture: Option<Capture>,
    pub output: Output,
    /// How many connections were begun; each has a number of its own.
    pub started: AtomicUsize,
    pub connections: Arc<Connections>,
}

/// Those that last, by number: a connection lives as long as somebody holds it.
#[derive(Default)]
pub struct Connections(Mutex<HashMap<usize, Arc<dyn PeerConnection>>>);

impl Connections {
    fn hold(&self, number: usize, connection: Arc<dyn PeerConnection>) {
        self.0.lock().expect("no panic while it is held").insert(number, connection);
    }

    fn let_go(&self, number: usize) -> Option<Arc<dyn PeerConnection>> {
        self.0.lock().expect("no panic while it is held").remove(&number)
    }
}

/// Candidates of this machine are there at once; what takes longer does not come.
const GATHERING: Duration = Duration::from_secs(10);
const ABS_SEND_TIME: &str = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time";
const MID: &str = "urn:ietf:params:rtp-hdrext:sdes:mid";

impl Receiver {
    /// Answers an offer, candidates included.
    pub async fn answer(&self, offer: String) -> anyhow::Result<String> {
        let offer = RTCSessionDescription::offer(offer)?;
        let number = self.started.fetch_add(1, Ordering::Relaxed);
        let (output, connections) = (self.output, self.connections.clone());
        let handler = Arc::new(Handler { number, gathered: Notify::new(), output, connections });
        let connection = PeerConnectionBuilder::new()
            .with_media_engine(media_engine()?)
            .with_interceptor_registry(self.registry(number)?)
            .with_handler(handler.clone())
            .with_runtime(default_runtime().context("no runtime")?)
            .with_udp_addrs(vec![format!("{}:0", self.media)])
            .build()
            .await?;
        connection.set_remote_description(offer).await?;
        let answer = connection.create_answer(None).await?;
        connection.set_local_description(answer).await?;
        let gathered = timeout(GATHERING, handler.gathered.notified()).await;
        gathered.with_context(|| format!("no candidates within {} s", GATHERING.as_secs()))?;
        let answer = connection.local_description().await.context("no answer")?;
        // A file that cannot be written ends no call.
        if let Some(Err(error)) = self.capture.as_ref().map(|capture| capture.note_answer(number, &answer.sdp)) {
            output.event(&format!("{error:#}"));
        }
        self.connections.hold(number, Arc::new(connection));
        Ok(answer.sdp)
    }

    /// Receiver reports, REMB, and nothing else: transport-cc would take the estimate to the sender, and the NACK generator
    /// of this stack asks for what RTX has long brought.
    fn registry(&self, number: usize) -> anyhow::Result<Registry> {
        let (now, since_epoch) = (Instant::now(), SystemTime::now().duration_since(UNIX_EPOCH)?);
        let output = self.output;
        let mut registry = Registry::new().with(Slot::ReceiverReport, ReceiverReportBuilder::new().build());
        if self.sends_rembs {
            let remb = RembBuilder::new().with_wall_clock(now, since_epoch);
            registry = registry.with(SLOT, remb.on_remb(move |stats| output.remb(stats)).build()?);
        }
        if let Some(capture) = &self.capture {
            // Wire-ward of the REMBs, which it is to see.
            registry = registry.with(Slot::from(8_400), capture.tap(number, now, since_epoch));
        }
        Ok(registry)
    }
}

/// VP8 and VP9 with REMB and RTX, abs-send-time to estimate by, and no transport-wide sequence number.
fn media_engine() -> anyhow::Result<MediaEngine> {
    let mut engine = MediaEngine::default();
    let feedback = |typ: &str, parameter: &str| RTCPFeedback { typ: typ.into(), parameter: parameter.into() };
    let mut register = |mime_type: &str, payload_type, sdp_fmtp_line: &str, rtcp_feedback| {
        let (mime_type, sdp_fmtp_line) = (mime_type.to_owned(), sdp_fmtp_line.to_owned());
        let rtp_codec =
            RTCRtpCodec { mime_type, clock_rate: 90_000, channels: 0, sdp_fmtp_line, rtcp_feedback };
        let codec = RTCRtpCodecParameters { rtp_codec, payload_type };
        engine.register_codec(codec, RtpCodecKind::Video)
    };
    for (mime_type, payload_type, fmtp) in [(MIME_TYPE_VP8, 96, ""), (MIME_TYPE_VP9, 98, "profile-id=0")] {
        let wanted = vec![feedback("goog-remb", ""), feedback("nack", "pli"), feedback("ccm", "fir")];
        register(mime_type, payload_type, fmtp, wanted)?;
        register("video/rtx", payload_type + 1, &format!("apt={payload_type}"), Vec::new())?;
    }
    for uri in [ABS_SEND_TIME, MID] {
        let extension = RTCRtpHeaderExtensionCapability { uri: uri.to_owned() };
        engine.register_header_extension(extension, RtpCodecKind::Video, Some(Recvonly))?;
    }
    Ok(engine)
}

struct Handler {
    number: usize,
    gathered: Notify,
    output: Output,
    connections: Arc<Connections>,
}

#[async_trait::async_trait]
impl PeerConnectionEventHandler for Handler {
    async fn on_ice_gathering_state_change(&self, state: RTCIceGatheringState) {
        if state == RTCIceGatheringState::Complete {
            self.gathered.notify_one();
        }
    }

    async fn on_connection_state_change(&self, state: RTCPeerConnectionState) {
        self.output.event(&format!("connection {state}"));
        let has_ended = matches!(state, RTCPeerConnectionState::Failed | RTCPeerConnectionState::Closed);
        if !has_ended {
            return;
        }
        if let Some(connection) = self.connections.let_go(self.number) {
            // Not awaited: it waits for the task that calls here.
            tokio::spawn(async move { connection.close().await });
        }
    }

    async fn on_track(&self, track: Arc<dyn TrackRemote>) {
        self.output.event(&format!("track {:?}", track.ssrcs().await));
        // An application would decode it.
        tokio::spawn(async move { while track.poll().await.is_some() {} });
    }
}

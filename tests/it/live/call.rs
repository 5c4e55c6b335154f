//! A call over a simulated path, as bytes: two video streams with retransmissions, audio, RTCP of both ends, and a stream
//! that the receiver sends itself. The sender follows the REMBs of the chain.

use std::fmt::Write;

use remb_rtc::RembBuilder;

use super::chain::{ABS_SEND_TIME_ID, Chain};
use crate::path_simulation::path::{Packet, Path, PathConfig};

pub(super) const SECOND: i64 = 1_000_000;
const FRAME: i64 = 33_333;
const MAX_PAYLOAD: i64 = 1100;
/// Since the Unix epoch, µs.
const EPOCH: i64 = 1_700_000_000 * SECOND;
const FEEDBACK_DELAY: i64 = 20_000;

pub(super) const VIDEO: [u32; 2] = [0x1000, 0x2000];
const RTX: [u32; 2] = [0x1001, 0x2001];
const AUDIO: u32 = 0x3000;
const OWN: u32 = 0x4000;
const VP8: u8 = 96;
const VP8_RTX: u8 = 97;
const OPUS: u8 = 111;
/// Of 32 packets one is sent again.
const AGAIN_EVERY: u64 = 32;

/// A datagram at the receiver's end: when, since the Unix epoch; whether it left; its payload.
pub(super) struct Datagram {
    pub(super) nanos: i64,
    pub(super) is_outgoing: bool,
    pub(super) payload: Vec<u8>,
}

pub(super) struct Call {
    pub(super) chain: Chain,
    pub(super) captured: Vec<Datagram>,
    pub(super) sdp: String,
    sends: bool,
}

/// The stack around the chain.
#[derive(Clone, Copy)]
pub(super) struct Stack {
    /// What is to be sent is fetched each time that the chain has had so many packets and timers.
    pub(super) turns_a_fetch: usize,
    /// It sends a stream of its own, whose reports tell the round trip time too.
    pub(super) sends: bool,
}

fn ntp(nanos: i64) -> u64 {
    let (secs, fraction) = (nanos / 1_000_000_000 + 2_208_988_800, nanos % 1_000_000_000);
    ((secs as u64) << 32) | (((fraction as u64) << 32) / 1_000_000_000)
}

fn block(count: u8, packet_type: u8, words: &[u32]) -> Vec<u8> {
    let head = [0x80 | count, packet_type, 0, words.len() as u8];
    [&head[..], &words.iter().flat_map(|word| word.to_be_bytes()).collect::<Vec<_>>()].concat()
}

fn rtp(packet: &Packet, payload_type: u8, ssrc: u32) -> Vec<u8> {
    let mut bytes = vec![0x90, payload_type];
    bytes.extend((packet.number as u16).to_be_bytes());
    bytes.extend([packet.rtp_timestamp, ssrc].map(u32::to_be_bytes).concat());
    let [_, high, middle, low] = (((packet.sent << 18) / SECOND) as u32).to_be_bytes();
    bytes.extend([0xbe, 0xde, 0, 1, ABS_SEND_TIME_ID << 4 | 2, high, middle, low]);
    bytes.resize(bytes.len() + packet.bytes as usize, 0x55);
    bytes
}

/// Nanoseconds since the Unix epoch at which what arrives at a microsecond is seen.
fn seen(packet: &Packet) -> i64 {
    (EPOCH + packet.arrives) * 1000 + (packet.number * 137 % 1000) as i64
}

impl Call {
    /// Runs a call for so many seconds.
    pub(super) fn run(builder: RembBuilder, path: PathConfig, seconds: i64, stack: Stack) -> Self {
        let mut chain = Chain::new(builder, EPOCH * 1000 + 123_456_789);
        chain.turns_a_fetch = stack.turns_a_fetch;
        VIDEO.iter().zip(RTX).for_each(|(ssrc, rtx)| chain.bind_video(*ssrc, Some(rtx), true));
        RTX.iter().for_each(|rtx| chain.bind_video(*rtx, None, true));
        chain.bind_own_video(OWN);
        let mut call = Self { chain, captured: Vec::new(), sdp: sdp(), sends: stack.sends };
        let mut path = Path::new(path);
        let (mut number, mut paced_until) = (0, 0);
        for frame in 0..seconds * SECOND / FRAME {
            let at = frame * FRAME;
            let bps = call.remb_at(at - FEEDBACK_DELAY).unwrap_or(300_000).clamp(50_000, 3_000_000);
            for ssrc in VIDEO.into_iter().chain([AUDIO]) {
                let bytes = if ssrc == AUDIO { 100 } else { bps / 8 * FRAME / SECOND / 2 };
                let packets = bytes / MAX_PAYLOAD + 1;
                for _ in 0..packets {
                    paced_until = paced_until.max(at);
                    let rtp_timestamp = (at * if ssrc == AUDIO { 48 } else { 90 } / 1000) as u32;
                    let bytes = bytes / packets;
                    let packet = Packet { arrives: 0, number, sent: paced_until, ssrc, bytes, rtp_timestamp };
                    path.send(packet);
                    if number % AGAIN_EVERY == 7 && ssrc != AUDIO {
                        path.send(Packet { ssrc: ssrc + 1, ..packet });
                    }
                    number += 1;
                    paced_until += bytes * 8 * SECOND * 2 / 5 / bps;
                }
            }
            while let Some(packet) = path.receive(at + FRAME) {
                call.arrives(&packet);
            }
            call.control(frame, (EPOCH + at + FRAME) * 1000 + 500);
        }
        let end = (EPOCH + seconds * SECOND) * 1000;
        call.chain.run_timers(end);
        call.chain.fetch(end);
        call.take_sent();
        call.captured.sort_by_key(|datagram| datagram.nanos);
        call
    }

    fn remb_at(&self, at: i64) -> Option<i64> {
        let sent = self.chain.rembs.iter().rev().find(|remb| remb.micros - EPOCH <= at);
        sent.map(|remb| remb.wire_bps)
    }

    fn arrives(&mut self, packet: &Packet) {
        let payload_type = match packet.ssrc {
            AUDIO => OPUS,
            ssrc if RTX.contains(&ssrc) => VP8_RTX,
            _ => VP8,
        };
        let (nanos, payload) = (seen(packet), rtp(packet, payload_type, packet.ssrc));
        self.chain.run_timers(nanos);
        self.chain.read_rtp(&payload, nanos, None);
        self.captured.push(Datagram { nanos, is_outgoing: false, payload });
    }

    /// RTCP of both ends, each some times a second; the round trip wanders between 40 and 140 ms.
    fn control(&mut self, frame: i64, nanos: i64) {
        self.chain.run_timers(nanos);
        let wander = (frame / 11 % 100) * 1_000_000;
        let middle = |nanos: i64| (ntp(nanos) >> 16) as u32;
        match frame % 20 {
            3 => {
                // Held for half a second by the peer, who answers the receiver's reference time and sender report.
                let held = 0x8000;
                let asked = middle(nanos - 40_000_000 - wander).wrapping_sub(held);
                let report = [VIDEO[0], OWN, 0, 1, 0, asked.wrapping_sub(900), held];
                let answer = [VIDEO[0], 0x0500_0003, 1, asked, held];
                let report = if frame < 20 || !self.sends {
                    block(0, 201, &report[..1])
                } else {
                    block(1, 201, &report)
                };
                let payload = [report, block(0, 207, &answer)].concat();
                self.chain.read_rtcp(&payload, nanos);
                self.captured.push(Datagram { nanos, is_outgoing: false, payload });
            }
            9 if self.sends => {
                let ntp = ntp(nanos);
                let words = [OWN, (ntp >> 32) as u32, ntp as u32, 0, 1, 100];
                self.chain.write(&block(0, 200, &words), nanos);
            }
            15 if self.sends => {
                let packet =
                    Packet { arrives: 0, number: 0, sent: 0, ssrc: OWN, bytes: 50, rtp_timestamp: 0 };
                let packet =
                    Packet { number: frame as u64 / 20, rtp_timestamp: frame as u32 * 3000, ..packet };
                self.chain.write(&rtp(&packet, VP8, OWN), nanos);
            }
            _ => {}
        }
        self.take_sent();
    }

    fn take_sent(&mut self) {
        let sent = self.chain.sent.drain(..);
        self.captured.extend(sent.map(|(nanos, payload)| Datagram { nanos, is_outgoing: true, payload }));
    }
}

/// What both ends would have agreed on.
fn sdp() -> String {
    let mut text = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1\r\n".to_owned();
    let extmap = format!(
        "a=extmap:{ABS_SEND_TIME_ID} http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time\r\na=sendonly\r\na=rtcp-mux\r\n"
    );
    let _ = write!(text, "m=audio 9 RTP/AVPF {OPUS}\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\n{extmap}");
    let _ = write!(text, "a=rtpmap:{OPUS} opus/48000/2\r\na=ssrc:{AUDIO} cname:call\r\n");
    let _ = write!(text, "m=video 9 RTP/AVPF {VP8} {VP8_RTX}\r\nc=IN IP4 0.0.0.0\r\na=mid:1\r\n{extmap}");
    let _ = write!(text, "a=rtpmap:{VP8} VP8/90000\r\na=rtcp-fb:{VP8} goog-remb\r\n");
    let _ = write!(text, "a=rtpmap:{VP8_RTX} rtx/90000\r\na=fmtp:{VP8_RTX} apt={VP8}\r\n");
    for (video, rtx) in VIDEO.iter().zip(RTX) {
        let _ = write!(
            text,
            "a=ssrc-group:FID {video} {rtx}\r\na=ssrc:{video} cname:call\r\na=ssrc:{rtx} cname:call\r\n"
        );
    }
    text
}

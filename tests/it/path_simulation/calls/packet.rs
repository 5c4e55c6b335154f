//! A packet of a call, and how it is written into a capture.

use super::elements::block;
use super::plan::Plan;
use super::random::Random;

/// What a packet is for; with the place of the video.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) enum Role {
    Audio,
    Video(usize),
    Rtx(usize),
    Fec,
    #[default]
    Report,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Packet {
    pub(super) role: Role,
    pub(super) ssrc: u32,
    pub(super) payload_type: u8,
    pub(super) sequence_number: u16,
    pub(super) timestamp: u32,
    pub(super) marker: bool,
    pub(super) payload: usize,
    /// Bytes of padding, where there is nothing else.
    pub(super) padding: u8,
    /// The sequence number of what it repeats.
    pub(super) repeats: Option<u16>,
    /// When its media was captured; of a report, when it was written.
    pub(super) captured: i64,
    /// When it left the pacer.
    pub(super) sent: i64,
    pub(super) frame: usize,
    pub(super) begins_frame: bool,
    pub(super) is_key: bool,
    pub(super) noise: u64,
    /// How many packets of the call left before it: of all, and without audio.
    pub(super) order: [usize; 2],
}

const ETHERNET: [u8; 14] = [2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0];
/// Shorter frames are filled up.
const MIN_FRAME: usize = 60;
/// From 1900 to 1970.
const NTP_TO_UNIX: u64 = 2_208_988_800;

impl Packet {
    /// The RTP or RTCP packet's head and the length of what follows it.
    fn head(&self, plan: &Plan) -> (Vec<u8>, usize) {
        let at = plan.sender_epoch + self.sent;
        if self.role == Role::Report {
            return (self.report(at), 0);
        }
        let has_send_time = plan.send_times.contains(&self.sent);
        let block = block(&plan.elements, plan.two_byte, self, at, has_send_time);
        let flags = 0x80 | u8::from(self.padding > 0) << 5 | u8::from(!block.is_empty()) << 4;
        let mut head = vec![flags, u8::from(self.marker) << 7 | self.payload_type];
        head.extend_from_slice(&self.sequence_number.to_be_bytes());
        head.extend_from_slice(&self.timestamp.to_be_bytes());
        head.extend_from_slice(&self.ssrc.to_be_bytes());
        head.extend_from_slice(&block);
        (head, self.payload + usize::from(self.padding))
    }

    /// A sender report and a source description.
    fn report(&self, at: i64) -> Vec<u8> {
        let (seconds, micros) = (at as u64 / 1_000_000 + NTP_TO_UNIX, at as u64 % 1_000_000);
        let ntp = (seconds << 32) | ((micros << 32) / 1_000_000);
        let mut report = vec![0x80, 200, 0, 6];
        report.extend_from_slice(&self.ssrc.to_be_bytes());
        report.extend_from_slice(&ntp.to_be_bytes());
        report.extend_from_slice(&self.timestamp.to_be_bytes());
        report.extend_from_slice(&[0, 0, 0, 50, 0, 0, 0xc3, 0x50]);
        report.extend_from_slice(&[0x81, 202, 0, 3]);
        report.extend_from_slice(&self.ssrc.to_be_bytes());
        report.extend_from_slice(&[1, 4, b'c', b'a', b'l', b'l', 0, 0]);
        report
    }

    /// Bytes that the path carries, without the headers that it adds itself.
    pub(super) fn bytes(&self) -> i64 {
        (self.payload + usize::from(self.padding)) as i64
    }

    /// A record of a pcap: its length on the wire whole, its bytes up to the snaplen.
    pub(super) fn write(&self, plan: &Plan, at_micros: u64, to: &mut Vec<u8>) {
        let (head, rest) = self.head(plan);
        let udp_len = 8 + head.len() + rest;
        let mut frame = Vec::with_capacity(2048);
        frame.extend_from_slice(&ETHERNET);
        frame.extend_from_slice(&ip_header(plan.is_ipv6, udp_len));
        if plan.is_ipv6 {
            frame[12..14].copy_from_slice(&[0x86, 0xdd]);
        }
        let udp_at = frame.len();
        frame.extend_from_slice(&[0x9c, 0x40, 0xc3, 0x50]);
        frame.extend_from_slice(&(udp_len as u16).to_be_bytes());
        frame.extend_from_slice(&[0, 0]);
        frame.extend_from_slice(&head);
        let (payload_at, whole) = (frame.len(), udp_at + udp_len);
        let kept = plan.snaplen.min(whole.max(MIN_FRAME));
        self.fill(&mut frame, kept.min(whole));
        if let Some(repeats) = self.repeats {
            for (place, byte) in frame.iter_mut().skip(payload_at).zip(repeats.to_be_bytes()) {
                *place = byte;
            }
        }
        frame.resize(kept, 0);
        let words = [at_micros / 1_000_000, at_micros % 1_000_000, kept as u64, whole.max(MIN_FRAME) as u64];
        for word in words {
            to.extend_from_slice(&(word as u32).to_le_bytes());
        }
        to.extend_from_slice(&frame);
    }

    /// Appends the payload as far as it is kept.
    fn fill(&self, frame: &mut Vec<u8>, kept: usize) {
        if self.padding > 0 {
            frame.resize(frame.len() + usize::from(self.padding) - 1, 0);
            frame.push(self.padding);
        }
        let mut random = Random::new(self.noise);
        while frame.len() < kept {
            frame.extend_from_slice(&random.next().to_le_bytes());
        }
        frame.truncate(kept);
    }
}

fn ip_header(is_ipv6: bool, udp_len: usize) -> Vec<u8> {
    if is_ipv6 {
        let [high, low] = (udp_len as u16).to_be_bytes();
        let host = |last: u8| [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last];
        return [&[0x60, 0, 0, 0, high, low, 17, 64][..], &host(1), &host(2)].concat();
    }
    let [high, low] = (20 + udp_len as u16).to_be_bytes();
    vec![0x45, 0, high, low, 0, 0, 0x40, 0, 64, 17, 0, 0, 10, 9, 0, 1, 10, 9, 0, 2]
}

/// A pcap's header: little-endian, microseconds, Ethernet.
pub(super) fn pcap_header(snaplen: usize) -> Vec<u8> {
    let words: [u32; 6] = [0xa1b2_c3d4, 2 | 4 << 16, 0, 0, snaplen as u32, 1];
    words.into_iter().flat_map(u32::to_le_bytes).collect()
}

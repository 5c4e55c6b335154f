//! A simulated day of one stream: 50 packets a second, 4.32 million packets, 1,349 wraps of the send time. In a process of its own,
//! whose memory is that of the replay, beside the other tests: as a program of its own it had one of two cores idle for its 19 s.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs;
use std::process::Command;

use remb_replay::capture::{Frame, LinkType};
use remb_replay::replay::{Event, Replay, ReplayConfig, Sink};
use remb_replay::survey::FlowInfo;
use remb_replay::units::{CaptureTime, FrameNumber};

const PACKETS: u64 = 50 * 86_400;
const PAYLOAD: usize = 1000;
const RATE: i64 = 50 * PAYLOAD as i64 * 8;
const HOUR: u64 = 50 * 3600;

/// Keeps the range of the estimates, once the first is older than ten seconds.
#[derive(Default)]
struct Range {
    first: Option<i64>,
    low: Option<i64>,
    high: Option<i64>,
    rembs: u64,
}

impl Sink for Range {
    type Error = std::convert::Infallible;

    fn event(&mut self, _: &FlowInfo, at: CaptureTime, event: &Event) -> Result<(), Self::Error> {
        match event {
            Event::Remb(_) => self.rembs += 1,
            Event::Step(step, _) => {
                let Some(estimate) = step.estimate.map(|rate| rate.as_bps()) else { return Ok(()) };
                let first = *self.first.get_or_insert(at.as_nanos());
                if at.as_nanos() - first > 10_000_000_000 {
                    self.low = Some(self.low.map_or(estimate, |low| low.min(estimate)));
                    self.high = Some(self.high.map_or(estimate, |high| high.max(estimate)));
                }
            }
            _ => {}
        }
        Ok(())
    }
}

/// Raw IPv4, UDP, RTP with abs-send-time; only headers are captured. Of one packet and the next only three fields differ.
struct Packet([u8; Self::LEN]);

impl Packet {
    const RTP: usize = 20 + 8;
    const LEN: usize = Self::RTP + 20;

    fn new() -> Self {
        let mut rtp = vec![0x90, 96, 0, 0, 0, 0, 0, 0];
        rtp.extend(0xfeed_u32.to_be_bytes());
        rtp.extend([0xbe, 0xde, 0, 1, 0x22, 0, 0, 0]);
        let udp_len = (8 + rtp.len() + PAYLOAD) as u16;
        let mut ip = vec![0x45, 0];
        ip.extend((20 + udp_len).to_be_bytes());
        ip.extend([0, 0, 0x40, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]);
        ip.extend([0x13, 0x8c, 0x17, 0x74]);
        ip.extend(udp_len.to_be_bytes());
        ip.extend([0, 0]);
        ip.extend(rtp);
        Self(ip.try_into().unwrap())
    }

    fn number(&mut self, index: u64) -> &[u8] {
        let rtp = &mut self.0[Self::RTP..];
        rtp[2..4].copy_from_slice(&(index as u16).to_be_bytes());
        rtp[4..8].copy_from_slice(&(index as u32).wrapping_mul(1800).to_be_bytes());
        let send_time = (((index * 20) << 18) / 1000) as u32;
        rtp[17..20].copy_from_slice(&send_time.to_be_bytes()[1..]);
        &self.0
    }
}

/// Resident memory in KiB, where the system tells.
fn resident() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// Set for the process that goes through the day.
const OWN_PROCESS: &str = "REMB_DAY";

#[test]
fn a_day_keeps_its_estimate_and_its_memory() {
    if std::env::var_os(OWN_PROCESS).is_some() {
        return go_through_it();
    }
    let mut day = Command::new(std::env::current_exe().unwrap());
    day.args(["--exact", "day::a_day_keeps_its_estimate_and_its_memory"]).env(OWN_PROCESS, "1");
    let day = day.output().unwrap();
    let said = String::from_utf8_lossy(&day.stdout);
    assert!(
        day.status.success() && said.contains("1 passed"),
        "{said}{}",
        String::from_utf8_lossy(&day.stderr)
    );
}

fn go_through_it() {
    let mut replay = Replay::new(ReplayConfig::default()).unwrap();
    let mut range = Range::default();
    let (mut packet, mut after_an_hour) = (Packet::new(), None);
    for index in 0..PACKETS {
        let data = packet.number(index);
        let frame = Frame {
            number: FrameNumber(index + 1),
            at: CaptureTime::from_nanos(1_700_000_000_000_000_000 + i128::from(index) * 20_000_000).unwrap(),
            nanoseconds: false,
            link_type: LinkType(101),
            data,
            original_len: (data.len() + PAYLOAD) as u32,
            direction: None,
            log: None,
        };
        let Ok(()) = replay.handle_frame(&frame, &mut range);
        if index == HOUR {
            after_an_hour = resident();
        }
    }
    let Ok(()) = replay.finish(&mut range);
    let (low, high) = (range.low.unwrap(), range.high.unwrap());
    assert!(low >= RATE && high <= RATE * 3 / 2 + 12_000, "{low} … {high} at {RATE} bit/s");
    assert!((86_390..=86_400).contains(&range.rembs), "{} REMBs", range.rembs);
    if let (Some(then), Some(now)) = (after_an_hour, resident()) {
        assert!(now <= then + 1024, "{then} KiB after an hour, {now} KiB after a day");
    }
}

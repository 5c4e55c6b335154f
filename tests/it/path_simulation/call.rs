//! A call over a path: a paced sender that follows the REMBs, and the receiver that sends them.

use remb_replay::bwe::{EstimatorConfig, PacketArrival};
use remb_replay::remb::{
    InterceptorConfig, Profile, RembConfig, RembInterceptor, RembReport, RtcpWriter, WriteError,
};
use remb_replay::units::{AbsSendTime, AbsSendTimeElement, DataSize, Ssrc, TimeDelta, Timestamp};

use super::path::{Packet, Path, PathConfig};

pub(crate) const SECOND: i64 = 1_000_000;
const FRAME: i64 = 33_333;
const MAX_PAYLOAD: i64 = 1100;
const MIN_BPS: i64 = 50_000;
const MAX_BPS: i64 = 3_000_000;
const START_BPS: i64 = 300_000;
const FEEDBACK_DELAY: i64 = 20_000;
/// Well away from zero, as clocks are.
const EPOCH: i64 = 1_000_000 * SECOND;

/// A REMB as it was sent.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    pub(crate) at: i64,
    pub(crate) bps: i64,
    pub(crate) ssrcs: Vec<u32>,
}

#[derive(Default)]
struct Writer(Vec<Sent>);

impl RtcpWriter for Writer {
    fn write(&mut self, remb: &RembReport<'_>, now: Timestamp) -> Result<(), WriteError> {
        let ssrcs = remb.ssrcs.iter().map(|ssrc| ssrc.0).collect();
        self.0.push(Sent { at: now.as_micros() - EPOCH, bps: remb.bitrate.as_bps(), ssrcs });
        Ok(())
    }
}

/// Which streams send, and when.
#[derive(Debug, Clone)]
pub(crate) struct Stream {
    pub(crate) ssrc: u32,
    /// From, and until before.
    pub(crate) active: Vec<(i64, i64)>,
}

/// What came of a call.
pub(crate) struct Outcome {
    pub(crate) rembs: Vec<Sent>,
    /// Time and bytes of all that was sent.
    pub(crate) sent: Vec<(i64, i64)>,
    pub(crate) received: Vec<Packet>,
    pub(crate) path: Path,
}

impl Outcome {
    /// What was sent between two times, bit/s.
    pub(crate) fn sent_bps(&self, from: i64, to: i64) -> i64 {
        let bytes: i64 =
            self.sent.iter().filter(|(at, _)| (from..to).contains(at)).map(|(_, bytes)| bytes).sum();
        bytes * 8 * SECOND / (to - from)
    }

    /// The REMB in force at a time, bit/s.
    pub(crate) fn remb_at(&self, at: i64) -> i64 {
        self.rembs.iter().rev().find(|remb| remb.at <= at).map_or(0, |remb| remb.bps)
    }

    /// The mean delay between two times, over the least there was.
    pub(crate) fn mean_queue(&self, from: i64, to: i64) -> i64 {
        let least = self.received.iter().map(|packet| packet.arrives - packet.sent).min().unwrap();
        let within: Vec<_> =
            self.received.iter().filter(|packet| (from..to).contains(&packet.arrives)).collect();
        within.iter().map(|packet| packet.arrives - packet.sent - least).sum::<i64>() / within.len() as i64
    }

    /// Received packets that were sent before one that came earlier.
    pub(crate) fn reordered(&self) -> usize {
        self.received.windows(2).filter(|pair| pair[1].number < pair[0].number).count()
    }
}

pub(crate) fn always(ssrc: u32) -> Vec<Stream> {
    vec![Stream { ssrc, active: vec![(0, i64::MAX)] }]
}

/// Runs a call for so long; without send time the RTP timestamp estimator serves.
pub(crate) fn run(
    path: PathConfig,
    streams: &[Stream],
    duration: i64,
    has_send_time: bool,
    estimator: EstimatorConfig,
) -> Outcome {
    let remb = RembConfig { scheduler: Profile::Libwebrtc, ..RembConfig::default() };
    let mut receiver =
        RembInterceptor::new(InterceptorConfig { estimator, remb, sender_ssrc: Ssrc(1) }).unwrap();
    receiver.bind_rtcp_writer(Writer::default(), Timestamp::from_micros(EPOCH));
    streams.iter().for_each(|stream| receiver.bind_remote_stream(Ssrc(stream.ssrc)));
    receiver.set_rtt(TimeDelta::from_micros(path.delay + FEEDBACK_DELAY));
    let mut path = Path::new(path);
    let (mut sent, mut received, mut rembs) = (Vec::new(), Vec::new(), Vec::new());
    let mut paced_until = 0;
    for frame in 0..duration / FRAME {
        let at = frame * FRAME;
        let feedback = |rembs: &Vec<Sent>| {
            rembs.iter().rev().find(|remb| remb.at + FEEDBACK_DELAY <= at).map(|remb| remb.bps)
        };
        let bps = feedback(&rembs).unwrap_or(START_BPS).clamp(MIN_BPS, MAX_BPS);
        let active: Vec<_> = streams
            .iter()
            .filter(|stream| stream.active.iter().any(|(from, to)| (*from..*to).contains(&at)))
            .collect();
        for stream in &active {
            let bytes = bps / 8 * FRAME / SECOND / active.len() as i64;
            let packets = (bytes / MAX_PAYLOAD + 1).max(1);
            for _ in 0..packets {
                paced_until = paced_until.max(at);
                let packet = Packet {
                    arrives: 0,
                    number: sent.len() as u64,
                    sent: paced_until,
                    ssrc: stream.ssrc,
                    bytes: bytes / packets,
                    rtp_timestamp: (at * 9 / 100) as u32,
                };
                sent.push((packet.sent, packet.bytes));
                path.send(packet);
                // Two and a half times as fast as the rate asks for.
                paced_until += bytes / packets * 8 * SECOND * 2 / 5 / bps;
            }
        }
        while let Some(packet) = path.receive(at + FRAME) {
            received.push(packet);
            let now = Timestamp::from_micros(EPOCH + packet.arrives);
            run_timers(&mut receiver, now);
            let offset = (packet.sent - i64::from(packet.rtp_timestamp) * 100 / 9) * 9 / 100;
            let raw = (packet.sent << 18) / SECOND;
            let arrival = PacketArrival {
                at: now,
                now,
                ssrc: Ssrc(packet.ssrc),
                send_time: match has_send_time {
                    true => AbsSendTime::from_raw(raw as u32).into(),
                    false => AbsSendTimeElement::Absent,
                },
                rtp_timestamp: packet.rtp_timestamp,
                transmission_offset: offset as i32,
                size: DataSize::from_bytes(packet.bytes),
            };
            receiver.handle_rtp(&arrival, &mut ()).unwrap();
            rembs.append(&mut receiver.writer_mut().unwrap().0);
        }
        run_timers(&mut receiver, Timestamp::from_micros(EPOCH + at + FRAME));
        rembs.append(&mut receiver.writer_mut().unwrap().0);
    }
    Outcome { rembs, sent, received, path }
}

fn run_timers(receiver: &mut RembInterceptor<Writer>, now: Timestamp) {
    while let Some(due) = receiver.poll_timeout().filter(|due| *due <= now) {
        receiver.handle_timeout(due, &mut ()).unwrap();
    }
}

//! Nanoseconds a packet (schedules and CSV: a step), stage by stage and whole, on a recorded call and on the reference
//! traces.
//!
//! `cargo bench` prints all stages. `cargo bench -- STAGE ROUNDS` runs one stage so many times and prints nothing, for
//! `scripts/bench`, which counts instructions.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a benchmark measures time"
)]

#[path = "../tests/common/mod.rs"]
mod common;

use std::collections::BTreeSet;
use std::hint::black_box;
use std::io::Cursor;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use remb_replay::bwe::incoming_bitrate::{IncomingBitrate, IncomingBitrateConfig};
use remb_replay::bwe::inter_arrival::{InterArrival, InterArrivalConfig};
use remb_replay::bwe::kalman::{KalmanConfig, KalmanFilter};
use remb_replay::bwe::overuse::{OveruseConfig, OveruseDetector};
use remb_replay::bwe::{AbsSendTimeEstimator, Controller, EstimatorConfig, Observer, PacketArrival, Step};
use remb_replay::capture::{CaptureReader, Frame, LinkType};
use remb_replay::decode::{Datagram, Decoder};
use remb_replay::model::Conditions;
use remb_replay::remb::{
    InterceptorConfig, Profile, RembConfig, RembInterceptor, RembReport, RembScheduler, RtcpWriter,
    WriteError,
};
use remb_replay::replay::{Event, Replay, ReplayConfig, Sink};
use remb_replay::report::csv::CsvTable;
use remb_replay::report::rows::Rows;
use remb_replay::report::tables::{Clock, StepRow};
use remb_replay::rtp::RtpPacket;
use remb_replay::survey::FlowInfo;
use remb_replay::units::{CaptureTime, FrameNumber, Ssrc};

const CAPTURE: &str = "testdata/captures/s02-fixed-1000k.pcap.gz";
const ABS_SEND_TIME_ID: u8 = 2;
const VIDEO_PORT: u16 = 49_323;

#[derive(Default)]
struct Call {
    file: Arc<[u8]>,
    frames: Vec<(CaptureTime, LinkType, Vec<u8>, u32)>,
    rtp: Vec<(Vec<u8>, usize)>,
    packets: Vec<PacketArrival>,
    ssrcs: BTreeSet<Ssrc>,
    steps: Vec<Step>,
    /// Reference traces by their names.
    vectors: Vec<(String, Vec<PacketArrival>)>,
}

/// All that have an input of their own.
fn vectors() -> Vec<(String, Vec<PacketArrival>)> {
    let files = std::fs::read_dir(common::testdata("vectors")).unwrap().map(|file| file.unwrap().path());
    let name = |path: &Path| {
        path.file_name().unwrap().to_str().unwrap().split_once(".in.").map(|(name, _)| name.to_owned())
    };
    let mut vectors: Vec<_> = files.filter_map(|path| Some((name(&path)?, common::packets(&path)))).collect();
    vectors.sort_by(|(one, _), (other, _)| one.cmp(other));
    vectors
}

impl Call {
    fn read() -> Self {
        let compressed = std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(CAPTURE)).unwrap();
        let mut file = Vec::new();
        std::io::copy(&mut flate2::read::MultiGzDecoder::new(&compressed[..]), &mut file).unwrap();
        let mut call = Self { file: file.into(), vectors: vectors(), ..Self::default() };
        let mut reader = call.reader();
        let mut decoder = Decoder::default();
        while let Some(frame) = reader.next_frame().unwrap() {
            call.frames.push((frame.at, frame.link_type, frame.data.to_vec(), frame.original_len));
            let _ = decoder.decode(&frame, &mut |datagram| call.take(frame.at, datagram));
        }
        let mut estimator = AbsSendTimeEstimator::new(EstimatorConfig::default());
        for packet in &call.packets {
            estimator.handle_packet(packet, &mut Collect(&mut call.steps));
        }
        call
    }

    fn reader(&self) -> CaptureReader {
        CaptureReader::new(Box::new(Cursor::new(Arc::clone(&self.file)))).unwrap()
    }

    fn vector(&self, start: &str) -> impl Iterator<Item = &Vec<PacketArrival>> {
        self.vectors.iter().filter(move |(name, _)| name.starts_with(start)).map(|(_, packets)| packets)
    }

    fn take(&mut self, captured_at: CaptureTime, datagram: &Datagram<'_>) {
        if datagram.ends.destination.port() != VIDEO_PORT {
            return;
        }
        let Ok(packet) = RtpPacket::parse(datagram.payload, datagram.payload_len) else { return };
        let send_time = packet.abs_send_time(ABS_SEND_TIME_ID);
        if send_time.value().is_none() {
            return;
        }
        let now = captured_at.to_timestamp();
        let arrival = PacketArrival {
            at: now,
            now,
            ssrc: packet.ssrc(),
            send_time,
            rtp_timestamp: packet.timestamp(),
            transmission_offset: 0,
            size: packet.size(),
        };
        self.packets.push(arrival);
        self.ssrcs.insert(arrival.ssrc);
        self.rtp.push((datagram.payload.to_vec(), datagram.payload_len));
    }

    fn frames(&self) -> impl Iterator<Item = Frame<'_>> {
        self.frames.iter().enumerate().map(|(index, (at, link_type, data, original_len))| Frame {
            number: FrameNumber(index as u64 + 1),
            at: *at,
            nanoseconds: false,
            link_type: *link_type,
            data,
            original_len: *original_len,
            direction: None,
            log: None,
        })
    }
}

struct Collect<'a>(&'a mut Vec<Step>);

impl Observer for Collect<'_> {
    fn step(&mut self, step: &Step) {
        self.0.push(*step);
    }
}

/// Takes steps and REMBs and does nothing with them.
struct Swallow;

impl Observer for Swallow {
    fn step(&mut self, step: &Step) {
        black_box(step);
    }
}

impl RtcpWriter for Swallow {
    fn write(
        &mut self,
        remb: &RembReport<'_>,
        _now: remb_replay::units::Timestamp,
    ) -> Result<(), WriteError> {
        black_box(remb);
        Ok(())
    }
}

impl Sink for Swallow {
    type Error = std::convert::Infallible;

    fn event(&mut self, _: &FlowInfo, _: CaptureTime, event: &Event) -> Result<(), Self::Error> {
        black_box(event);
        Ok(())
    }
}

/// As the program does it: most frames are in memory already.
fn read(call: &Call) -> usize {
    let mut reader = call.reader();
    let mut count = 0;
    loop {
        for frame in reader.buffered() {
            black_box(frame);
            count += 1;
        }
        if black_box(reader.next_frame().unwrap()).is_none() {
            return count;
        }
        count += 1;
    }
}

fn link_to_udp(call: &Call) -> usize {
    let mut decoder = Decoder::default();
    for frame in call.frames() {
        let _ = decoder.decode(&frame, &mut |datagram| {
            black_box(datagram);
        });
    }
    call.frames.len()
}

fn rtp_view(call: &Call) -> usize {
    for (bytes, len) in &call.rtp {
        black_box(RtpPacket::parse(bytes, *len).unwrap().abs_send_time(ABS_SEND_TIME_ID));
    }
    call.rtp.len()
}

fn incoming_bitrate(call: &Call) -> usize {
    let mut incoming = IncomingBitrate::new(&IncomingBitrateConfig::default());
    for packet in &call.packets {
        incoming.handle_packet(packet.size, packet.at.to_millis());
        black_box(&incoming);
    }
    call.packets.len()
}

fn groups_to_detector(call: &Call) -> usize {
    let mut groups = InterArrival::for_abs_send_time(&InterArrivalConfig::default());
    let mut filter = KalmanFilter::new(KalmanConfig::default());
    let mut detector = OveruseDetector::new(OveruseConfig::default());
    for packet in &call.packets {
        let (ticks, ms) = (packet.send_time.value().unwrap().to_ticks(), packet.at.to_millis());
        if let Some(delta) = groups.handle_packet(ticks, ms, ms, packet.size) {
            let send_ms = 1000.0 * f64::from(delta.send_ticks) / f64::from(1 << 26);
            filter.update(delta.arrival_ms, send_ms, delta.size, detector.usage());
            detector.detect(filter.offset(), send_ms, filter.num_deltas(), ms);
        }
    }
    black_box(detector.usage());
    call.packets.len()
}

fn estimator(call: &Call) -> usize {
    let mut estimator = AbsSendTimeEstimator::new(EstimatorConfig::default());
    for packet in &call.packets {
        black_box(estimator.handle_packet(packet, &mut ()));
    }
    call.packets.len()
}

fn estimator_traced(call: &Call) -> usize {
    let mut estimator = AbsSendTimeEstimator::new(EstimatorConfig::default());
    for packet in &call.packets {
        black_box(estimator.handle_packet(packet, &mut Swallow));
    }
    call.packets.len()
}

/// The whole estimator, as the owner of its clock runs it.
fn controller(traces: impl Iterator<Item = impl AsRef<[PacketArrival]>>) -> usize {
    let mut count = 0;
    for packets in traces {
        let mut controller = Controller::new(EstimatorConfig::default());
        for packet in packets.as_ref() {
            while let Some(due) = controller.poll_timeout().filter(|due| *due <= packet.now) {
                black_box(controller.handle_timeout(due, &mut ()));
            }
            black_box(controller.handle_packet(packet, &mut ()));
        }
        count += packets.as_ref().len();
    }
    count
}

fn all_vectors(call: &Call) -> usize {
    controller(call.vector(""))
}

fn vector_a2(call: &Call) -> usize {
    controller(call.vector("a2_"))
}

fn vector_i(call: &Call) -> usize {
    controller(call.vector("i_"))
}

fn schedule(call: &Call, scheduler: Profile) -> usize {
    let mut schedule = RembScheduler::new(RembConfig { scheduler, ..RembConfig::default() });
    for step in &call.steps {
        let Some(bitrate) = step.estimate else { continue };
        if black_box(schedule.due_at_report(bitrate, step.now)).is_some() {
            schedule.attempted(bitrate, step.now, true);
        }
    }
    call.steps.len()
}

fn schedule_periodic(call: &Call) -> usize {
    schedule(call, Profile::Periodic)
}

fn schedule_libwebrtc(call: &Call) -> usize {
    schedule(call, Profile::Libwebrtc)
}

fn csv_row(call: &Call) -> usize {
    let clock = Clock { first: CaptureTime::default(), nanoseconds: false };
    let mut csv = CsvTable::new(std::io::sink());
    for step in &call.steps {
        let (flow, at) = ("10.0.0.1:5004-10.0.0.2:6004", CaptureTime::from(step.now));
        csv.row(&StepRow { clock, flow, at, step, conditions: &Conditions::default() }).unwrap();
    }
    black_box(csv);
    call.steps.len()
}

fn interceptor(call: &Call) -> usize {
    let mut interceptor = RembInterceptor::new(InterceptorConfig::default()).unwrap();
    interceptor.bind_rtcp_writer(Swallow, call.packets[0].now);
    for ssrc in &call.ssrcs {
        interceptor.bind_remote_stream(*ssrc);
    }
    for packet in &call.packets {
        while let Some(due) = interceptor.poll_timeout().filter(|due| *due <= packet.now) {
            interceptor.handle_timeout(due, &mut ()).unwrap();
        }
        interceptor.handle_rtp(packet, &mut ()).unwrap();
    }
    call.packets.len()
}

fn whole(call: &Call) -> usize {
    let mut replay = Replay::new(ReplayConfig::default()).unwrap();
    for frame in call.frames() {
        let Ok(()) = replay.handle_frame(&frame, &mut Swallow);
    }
    let Ok(()) = replay.finish(&mut Swallow);
    call.frames.len()
}

type Stage = (&'static str, fn(&Call) -> usize);

const STAGES: [Stage; 15] = [
    ("read", read),
    ("link-to-udp", link_to_udp),
    ("rtp-view", rtp_view),
    ("incoming-bitrate", incoming_bitrate),
    ("groups-to-detector", groups_to_detector),
    ("estimator", estimator),
    ("estimator-traced", estimator_traced),
    ("vectors", all_vectors),
    ("vector-a2", vector_a2),
    ("vector-i", vector_i),
    ("interceptor", interceptor),
    ("schedule-periodic", schedule_periodic),
    ("schedule-libwebrtc", schedule_libwebrtc),
    ("csv-row", csv_row),
    ("replay", whole),
];
const SAMPLES: usize = 21;

fn main() {
    let call = Call::read();
    let words: Vec<_> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    if let [name, rounds] = &words[..] {
        let (_, stage) = STAGES.iter().find(|(stage, _)| stage == name).unwrap();
        let packets: usize = (0..rounds.parse().unwrap()).map(|_| stage(&call)).sum();
        println!("{packets}");
        return;
    }
    println!("{:20} {:>10} {:>12}   median of {SAMPLES} runs", "stage", "packets", "ns/packet");
    for (name, stage) in STAGES {
        let mut nanos: Vec<_> = (0..SAMPLES)
            .map(|_| {
                let start = Instant::now();
                let packets = black_box(stage(&call));
                start.elapsed().as_nanos() as f64 / packets as f64
            })
            .collect();
        nanos.sort_by(f64::total_cmp);
        println!("{name:20} {:>10} {:>12.1}", stage(&call), nanos[SAMPLES / 2]);
    }
}

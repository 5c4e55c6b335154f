//! In steady state no packet costs an allocation.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::io::{Cursor, sink};

use allocation_counter::measure;
use remb_replay::bwe::{Controller, EstimatorConfig, Observer, PacketArrival, Step};
use remb_replay::capture::{CaptureReader, Frame};
use remb_replay::decode::Decoder;
use remb_replay::model::Conditions;
use remb_replay::remb::{InterceptorConfig, RembInterceptor, RembReport, RtcpWriter, WriteError};
use remb_replay::replay::{Event, Replay, ReplayConfig, Sink};
use remb_replay::report::csv::CsvTable;
use remb_replay::report::rows::Rows as _;
use remb_replay::report::tables::{Clock, StepRow};
use remb_replay::rtp::{PacketClass, classify};
use remb_replay::survey::{FlowInfo, NoFeed, Survey, SurveyConfig};
use remb_replay::units::{CaptureTime, Timestamp};

const CAPTURE: &str = "s02-fixed-1000k.pcap.gz";
/// Until then flows are found out and buffers grow.
const WARM_FRAMES: u64 = 3000;

/// Writes rows and counts REMBs.
struct Rows {
    csv: CsvTable<std::io::Sink>,
    rembs: u64,
}

impl Rows {
    fn new() -> Self {
        Self { csv: CsvTable::new(sink()), rembs: 0 }
    }

    fn row(&mut self, step: &Step, conditions: &Conditions) {
        let clock = Clock { first: CaptureTime::default(), nanoseconds: false };
        let (flow, at) = ("10.0.0.1:5004-10.0.0.2:6004", CaptureTime::from(step.now));
        self.csv.row(&StepRow { clock, flow, at, step, conditions }).unwrap();
    }
}

impl Observer for Rows {
    fn step(&mut self, step: &Step) {
        self.row(step, &Conditions::default());
    }
}

impl RtcpWriter for Rows {
    fn write(&mut self, _: &RembReport<'_>, _: Timestamp) -> Result<(), WriteError> {
        self.rembs += 1;
        Ok(())
    }
}

impl Sink for Rows {
    type Error = std::convert::Infallible;

    fn event(&mut self, _: &FlowInfo, _: CaptureTime, event: &Event) -> Result<(), Self::Error> {
        match event {
            Event::Step(step, conditions) => self.row(step, conditions),
            Event::Remb(_) => self.rembs += 1,
            _ => {}
        }
        Ok(())
    }
}

fn reader() -> CaptureReader {
    let content = common::read(&common::testdata("captures").join(CAPTURE));
    CaptureReader::new(Box::new(Cursor::new(content))).unwrap()
}

#[test]
fn the_estimator_allocates_nothing() {
    for name in ["a2_const_1m_paced", "i_high_50m", "b2_drop_paced", "k_rtp_ts_only"] {
        let packets = common::packets(&common::find(&common::testdata("vectors"), name, "in").unwrap());
        let mut controller = Controller::new(EstimatorConfig::default());
        let mut rows = Rows::new();
        let mut run = |packets: &[PacketArrival]| {
            for packet in packets {
                controller.handle_packet(packet, &mut rows);
            }
        };
        let (warm, steady) = packets.split_at(packets.len() / 2);
        run(warm);
        assert_eq!(measure(|| run(steady)).count_total, 0, "{name}: {} packets", steady.len());
    }
}

#[test]
fn the_interceptor_allocates_nothing_not_even_for_a_remb() {
    let path = common::find(&common::testdata("vectors"), "f_two_ssrc", "in").unwrap();
    let packets = common::packets(&path);
    let mut interceptor = RembInterceptor::new(InterceptorConfig::default()).unwrap();
    interceptor.bind_rtcp_writer(Rows::new(), packets[0].now);
    let mut run = |packets: &[PacketArrival]| {
        for packet in packets {
            interceptor.bind_remote_stream(packet.ssrc);
            while let Some(due) = interceptor.poll_timeout().filter(|due| *due <= packet.now) {
                interceptor.handle_timeout(due, &mut ()).unwrap();
            }
            interceptor.handle_rtp(packet, &mut ()).unwrap();
        }
    };
    let (warm, steady) = packets.split_at(packets.len() / 2);
    run(warm);
    assert_eq!(measure(|| run(steady)).count_total, 0);
    assert!(interceptor.writer_mut().unwrap().rembs > 10);
}

/// Goes through the capture; gives the allocations of reading it, and those of handling each frame with RTP once all is
/// warm. RTCP is taken apart by a crate that allocates.
fn allocations_of(mut handle: impl FnMut(&Frame<'_>)) -> (u64, Vec<u64>) {
    let (mut reader, mut decoder) = (reader(), Decoder::default());
    let (mut of_reading, mut of_frames) = (0, Vec::new());
    loop {
        let mut next = None;
        let reading = measure(|| next = reader.next_frame().unwrap()).count_total;
        let Some(frame) = next else { break };
        let mut is_rtp = false;
        let _ = decoder.decode(&frame, &mut |datagram| {
            is_rtp = classify(datagram.payload, datagram.payload_len) == PacketClass::Rtp;
        });
        let handling = measure(|| handle(&frame)).count_total;
        if frame.number.0 > WARM_FRAMES {
            of_reading += reading;
            of_frames.extend(is_rtp.then_some(handling));
        }
    }
    assert!(of_frames.len() > 5000);
    (of_reading, of_frames)
}

#[test]
fn reading_and_surveying_allocate_nothing() {
    let mut survey = Survey::new(SurveyConfig::default());
    let (of_reading, of_frames) = allocations_of(|frame| survey.handle_frame(frame, &mut NoFeed));
    assert_eq!((of_reading, of_frames.iter().sum()), (0, 0_u64));
}

#[test]
fn a_replay_with_rows_allocates_once_a_remb() {
    let (mut replay, mut rows) = (Replay::new(ReplayConfig::default()).unwrap(), Rows::new());
    let (_, of_frames) = allocations_of(|frame| {
        let Ok(()) = replay.handle_frame(frame, &mut rows);
    });
    let allocations: u64 = of_frames.iter().sum();
    assert!(rows.rembs > 10 && allocations <= rows.rembs, "{allocations} for {} REMBs", rows.rembs);
}

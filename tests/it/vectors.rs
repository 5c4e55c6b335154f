//! libwebrtc's own numbers: every state row and every REMB of the reference traces, column by column.
//!
//! `REMB_VECTORS=FOLDER` runs the same comparison over any folder of traces in that format.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};

use remb_replay::bwe::{
    BandwidthUsage, DelayState, EstimatorKind, GroupStep, Observer, PacketArrival, RateControlState, Step,
};
use remb_replay::remb::{
    InterceptorConfig, Profile, RembConfig, RembInterceptor, RembReport, RtcpWriter, WriteError,
    encoded_bitrate,
};
use remb_replay::units::{Bitrate, TimeDelta, Timestamp};

use crate::common;

const COLUMNS: [&str; 27] = [
    "kind",
    "pkt_idx",
    "system_time_us",
    "arrival_time_us",
    "ssrc",
    "rbe",
    "det_state",
    "delta",
    "ts_delta_ms",
    "t_delta_ms",
    "size_delta",
    "num_deltas",
    "offset",
    "slope",
    "var_noise",
    "avg_noise",
    "threshold",
    "incoming_bps",
    "aimd",
    "aimd_bw",
    "aimd_in_bps",
    "probe",
    "rc_state",
    "valid",
    "target_bps",
    "link_cap_kbps",
    "link_cap_dev",
];
/// Columns that hold reals; the others must be equal as text.
const REAL_COLUMNS: [usize; 8] = [8, 12, 13, 14, 15, 16, 25, 26];
/// No RTT could be read from this call; its reference was given 1 ms each second.
const ENCRYPTED_CALL: &str = "s07-encrypted";
const RELATIVE_TOLERANCE: f64 = 1e-9;

pub(crate) struct Trace {
    pub(crate) packets: Vec<PacketArrival>,
    pub(crate) rtt: Vec<(Timestamp, TimeDelta)>,
    state: Vec<csv::StringRecord>,
    pub(crate) remb: Vec<csv::StringRecord>,
}

impl Trace {
    pub(crate) fn open(folder: &Path, name: &str) -> Self {
        let of = |name: &str, part: &str| file(folder, name, part);
        let (input, constant_rtt_ms) = match name.rsplit_once("_rtt") {
            Some((base, ms)) => (of(base, "in"), ms.parse().ok()),
            None => (of(name, "in"), None),
        };
        let constant_rtt_ms = if name == ENCRYPTED_CALL { Some(1) } else { constant_rtt_ms };
        let packets: Vec<_> = common::packets(&input);
        let rtt = match (constant_rtt_ms, common::find(folder, name, "rtt")) {
            (Some(ms), _) => every_second(&packets, TimeDelta::from_millis(ms)),
            (None, Some(path)) => common::rows(&path, false).iter().map(rtt_row).collect(),
            (None, None) => Vec::new(),
        };
        let remb = common::rows(&of(name, "remb"), true);
        Self { packets, rtt, state: Vec::new(), remb }
    }

    /// And the rows of its state, which are most of it.
    fn with_state(folder: &Path, name: &str) -> Self {
        Self { state: common::rows(&file(folder, name, "state"), true), ..Self::open(folder, name) }
    }
}

fn file(folder: &Path, name: &str, part: &str) -> PathBuf {
    common::find(folder, name, part).unwrap_or_else(|| panic!("{name}.{part}.csv is missing in {folder:?}"))
}

fn rtt_row(row: &csv::StringRecord) -> (Timestamp, TimeDelta) {
    (Timestamp::from_micros(row[0].parse().unwrap()), TimeDelta::from_millis(row[1].parse().unwrap()))
}

fn every_second(packets: &[PacketArrival], rtt: TimeDelta) -> Vec<(Timestamp, TimeDelta)> {
    let (first, last) = (packets[0].now, packets[packets.len() - 1].now);
    (1..)
        .map(|second| first + TimeDelta::from_secs(second))
        .take_while(|at| *at <= last)
        .map(|at| (at, rtt))
        .collect()
}

/// Holds each step and REMB against the next row of the reference.
struct Comparison<'a> {
    trace: &'a Trace,
    packet_index: usize,
    steps: usize,
    largest_error: f64,
    /// After the last packet.
    before: Option<(EstimatorKind, BandwidthUsage)>,
}

impl Comparison<'_> {
    /// Whether the reference has a row for a step: see its README.
    fn has_row(&mut self, step: &Step) -> bool {
        let Some(packet) = step.packet else { return true };
        let after = (step.estimator, packet.delay.usage);
        let before = self.before.replace(after);
        let usage_before = before.map_or(BandwidthUsage::Normal, |(_, usage)| usage);
        packet.group.is_some()
            || step.rate_control.is_some()
            || before.is_none_or(|(estimator, _)| estimator != step.estimator)
            || usage_before != packet.delay.usage
    }
}

impl Observer for Comparison<'_> {
    const WANTS_EVERY_PACKET: bool = true;

    fn step(&mut self, step: &Step) {
        if !self.has_row(step) {
            return;
        }
        let actual = state_row(self.packet_index, step);
        let expected = self
            .trace
            .state
            .get(self.steps)
            .unwrap_or_else(|| panic!("row {} is too many: {actual:?}", self.steps));
        for (column, (actual, expected)) in actual.iter().zip(expected).enumerate() {
            let error = difference(column, actual, expected);
            assert!(
                error <= RELATIVE_TOLERANCE,
                "state row {} (packet {}), column {}: {actual:?} is not {expected:?}",
                self.steps,
                self.packet_index,
                COLUMNS[column]
            );
            self.largest_error = self.largest_error.max(error);
        }
        self.steps += 1;
    }
}

fn difference(column: usize, actual: &str, expected: &str) -> f64 {
    if actual == expected {
        return 0.0;
    }
    match (REAL_COLUMNS.contains(&column), actual.parse::<f64>(), expected.parse::<f64>()) {
        (true, Ok(actual), Ok(expected)) if actual == expected => 0.0,
        (true, Ok(actual), Ok(expected)) => (actual - expected).abs() / expected.abs(),
        _ => f64::INFINITY,
    }
}

fn state_row(packet_index: usize, step: &Step) -> Vec<String> {
    let flag = |flag: bool| u8::from(flag).to_string();
    let usage = |usage: BandwidthUsage| match usage {
        BandwidthUsage::Normal => "N".to_owned(),
        BandwidthUsage::Overusing => "O".to_owned(),
        BandwidthUsage::Underusing => "U".to_owned(),
    };
    let bps = |rate: Option<Bitrate>| rate.map(|rate| rate.as_bps().to_string()).unwrap_or_default();
    let packet = step.packet;
    let group = |of: fn(&GroupStep) -> String| {
        packet.and_then(|packet| packet.group).as_ref().map(of).unwrap_or_default()
    };
    let delay = |of: fn(&DelayState) -> String| packet.map(|packet| of(&packet.delay)).unwrap_or_default();
    let run = step.rate_control;
    vec![
        if packet.is_some() { "P" } else { "T" }.to_owned(),
        packet_index.to_string(),
        step.now.as_micros().to_string(),
        packet.map(|packet| packet.arrival.as_micros().to_string()).unwrap_or_default(),
        packet.map(|packet| packet.ssrc.0.to_string()).unwrap_or_default(),
        if step.estimator == EstimatorKind::AbsSendTime { "A" } else { "S" }.to_owned(),
        packet.map_or("-".to_owned(), |packet| usage(packet.delay.usage)),
        flag(packet.is_some_and(|packet| packet.group.is_some())),
        group(|group| group.send_delta_ms.to_string()),
        group(|group| group.arrival_delta_ms.to_string()),
        group(|group| group.size_delta.to_string()),
        delay(|delay| delay.num_deltas.to_string()),
        delay(|delay| delay.offset.to_string()),
        delay(|delay| delay.kalman.unwrap().slope.to_string()),
        delay(|delay| delay.kalman.unwrap().var_noise.to_string()),
        delay(|delay| delay.kalman.unwrap().avg_noise.to_string()),
        delay(|delay| delay.threshold_ms.to_string()),
        bps(step.incoming),
        flag(run.is_some()),
        run.map(|run| usage(run.usage)).unwrap_or_default(),
        bps(run.and_then(|run| run.throughput)),
        flag(step.probe),
        if step.rate_state == RateControlState::Hold { "H" } else { "I" }.to_owned(),
        flag(step.estimate.is_some()),
        step.current.as_bps().to_string(),
        step.link_capacity_kbps.map(|kbps| kbps.to_string()).unwrap_or_default(),
        step.link_capacity_kbps.map(|_| step.link_capacity_deviation.to_string()).unwrap_or_default(),
    ]
}

#[derive(Default)]
struct Recorder(Vec<[String; 4]>);

impl RtcpWriter for Recorder {
    fn write(&mut self, remb: &RembReport<'_>, now: Timestamp) -> Result<(), WriteError> {
        let ssrcs: Vec<_> = remb.ssrcs.iter().map(|ssrc| ssrc.0.to_string()).collect();
        self.0.push([
            now.as_micros().to_string(),
            remb.bitrate.as_bps().to_string(),
            encoded_bitrate(remb.bitrate).as_bps().to_string(),
            ssrcs.join(";"),
        ]);
        Ok(())
    }
}

/// Runs a trace and gives its state rows, REMBs and the largest relative error.
fn run(trace: &Trace) -> (usize, usize, f64) {
    let remb = RembConfig { scheduler: Profile::Libwebrtc, ..RembConfig::default() };
    let mut interceptor =
        RembInterceptor::new(InterceptorConfig { remb, ..InterceptorConfig::default() }).unwrap();
    interceptor.bind_rtcp_writer(Recorder::default(), trace.packets[0].now);
    let mut comparison = Comparison { trace, packet_index: 0, steps: 0, largest_error: 0.0, before: None };
    let mut rtt = trace.rtt.iter().peekable();
    for (index, packet) in trace.packets.iter().enumerate() {
        loop {
            let timer = interceptor.poll_timeout().filter(|due| *due <= packet.now);
            if let Some((_, sample)) = rtt.next_if(|(at, _)| *at <= timer.unwrap_or(packet.now)) {
                interceptor.set_rtt(*sample);
            } else if let Some(due) = timer {
                interceptor.handle_timeout(due, &mut comparison).unwrap();
            } else {
                break;
            }
        }
        comparison.packet_index = index;
        interceptor.bind_remote_stream(packet.ssrc);
        interceptor.handle_rtp(packet, &mut comparison).unwrap();
    }
    assert_eq!(comparison.steps, trace.state.len(), "state rows");
    let sent = interceptor.close().unwrap_or_default().0;
    for (index, (actual, expected)) in sent.iter().zip(&trace.remb).enumerate() {
        let expected = [&expected[0], &expected[3], &expected[4], &expected[5]];
        assert_eq!(actual.each_ref().map(String::as_str), expected, "REMB {index}");
    }
    assert_eq!(sent.len(), trace.remb.len(), "REMBs");
    (comparison.steps, sent.len(), comparison.largest_error)
}

/// The names of all traces in a folder, ascending.
pub(crate) fn names(folder: &Path) -> Vec<String> {
    let entries = folder.read_dir().unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut names: Vec<_> = entries
        .filter_map(|entry| {
            let file = entry.unwrap().file_name().into_string().ok()?;
            let (name, rest) = file.split_once(".state.")?;
            common::SUFFIXES.contains(&rest).then(|| name.to_owned())
        })
        .collect();
    names.sort();
    names
}

/// Compares every trace of a folder, a line for each; gives how many were compared.
fn compare_folder(folder: &Path) -> usize {
    let (mut compared, mut all_rows, mut all_rembs, mut largest) = (0, 0, 0, 0.0_f64);
    for name in names(folder) {
        let trace = Trace::with_state(folder, &name);
        let (rows, rembs, error) = run(&trace);
        println!("{name}: {rows} state rows, {rembs} REMBs equal, largest relative error {error:e}");
        compared += 1;
        all_rows += rows;
        all_rembs += rembs;
        largest = largest.max(error);
    }
    println!(
        "{compared} traces, {all_rows} state rows, {all_rembs} REMBs, largest relative error {largest:e}"
    );
    compared
}

#[test]
fn every_reference_vector_is_reproduced() {
    assert_eq!(compare_folder(&common::testdata("vectors")), 77);
}

#[test]
fn what_libwebrtc_computed_from_the_recorded_calls_is_reproduced() {
    assert_eq!(compare_folder(&common::testdata("captures/reference")), 8);
}

#[test]
fn a_folder_of_ones_own_vectors_is_reproduced() {
    let Some(folder) = std::env::var_os("REMB_VECTORS") else {
        println!("REMB_VECTORS is not set: skipped");
        return;
    };
    let folder = PathBuf::from(folder);
    assert!(compare_folder(&folder) > 0, "no vector in {}", folder.display());
}

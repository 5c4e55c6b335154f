//! Two series of REMBs held against each other: what a capture's receiver sent, and what a replay of it says.
//!
//! `cargo run --example compare_series testdata/captures/s03-steps-audio.pcap.gz`
#![allow(clippy::print_stdout, reason = "an example prints")]

use std::convert::Infallible;

use remb_replay::analysis::compare::{Window, compare};
use remb_replay::analysis::series::{Series, SeriesEvent};
use remb_replay::capture::Capture;
use remb_replay::remb::{CapturedRemb, encoded_bitrate};
use remb_replay::replay::{ReplayConfig, ReplayError, SentRemb, Sink};
use remb_replay::survey::FlowInfo;
use remb_replay::units::{Bitrate, CaptureTime};

/// Of all flows together.
#[derive(Default)]
struct Both {
    recorded: Series,
    replayed: Series,
}

impl Sink for Both {
    type Error = Infallible;

    fn remb(&mut self, _flow: &FlowInfo, at: CaptureTime, remb: &SentRemb) -> Result<(), Infallible> {
        self.replayed.push(event(at, encoded_bitrate(remb.bitrate)));
        Ok(())
    }

    fn recorded(&mut self, _flow: &FlowInfo, at: CaptureTime, remb: &CapturedRemb) -> Result<(), Infallible> {
        self.recorded.push(event(at, remb.bitrate));
        Ok(())
    }
}

fn event(at: CaptureTime, bitrate: Bitrate) -> SeriesEvent {
    SeriesEvent { at_ns: at.as_nanos(), bps: bitrate.as_bps(), ssrcs: None }
}

fn main() -> Result<(), ReplayError> {
    let path = std::env::args().nth(1).unwrap_or("testdata/captures/s03-steps-audio.pcap.gz".to_owned());
    let mut both = Both::default();
    let config = ReplayConfig { steps: false, ..ReplayConfig::default() };
    let _ = remb_replay::replay(Capture::open(path)?, &config)?.events(&mut both)?;
    let window = Window { from_ns: i64::MIN, end_ns: i64::MAX };
    match compare(&both.recorded, &both.replayed, window) {
        Some(metrics) => println!("{}", metrics.key_figures()),
        None => println!("no time at which there are both"),
    }
    Ok(())
}

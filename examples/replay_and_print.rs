//! Every REMB of a capture, then what was found.
//!
//! `cargo run --example replay_and_print testdata/captures/s03-steps-audio.pcap.gz`
#![allow(clippy::print_stdout, reason = "an example prints")]

use remb_replay::capture::Capture;
use remb_replay::replay::{ReplayConfig, ReplayError};

fn main() -> Result<(), ReplayError> {
    let path = std::env::args().nth(1).unwrap_or("testdata/captures/s03-steps-audio.pcap.gz".to_owned());
    let mut first_at = None;
    let outcome =
        remb_replay::replay(Capture::open(path)?, &ReplayConfig::default())?.rembs(|flow, at, remb| {
            let first_at = *first_at.get_or_insert(at);
            let seconds = at.nanos_since(first_at) as f64 / 1e9;
            println!("{seconds:8.3} s  {}  {}  {}", flow.flow, remb.bitrate, remb.reason.name());
        })?;
    for flow in &outcome.flows {
        println!("{}: {}", flow.flow, flow.verdict);
    }
    for warning in &outcome.warnings {
        println!("{}: {}", warning.code(), warning.message());
    }
    Ok(())
}

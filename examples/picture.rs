//! A capture's REMBs, and those that its receiver sent, drawn into a PNG.
//!
//! `cargo run --example picture testdata/captures/s03-steps-audio.pcap.gz picture.png`

use std::convert::Infallible;
use std::error::Error;
use std::fs::File;

use remb_replay::capture::Capture;
use remb_replay::remb::CapturedRemb;
use remb_replay::replay::{ReplayConfig, SentRemb, Sink};
use remb_replay::report::plot::{Figure, render_png};
use remb_replay::survey::FlowInfo;
use remb_replay::units::CaptureTime;

/// Of all flows together.
struct Drawing {
    figure: Figure,
    first_at: Option<CaptureTime>,
}

impl Drawing {
    fn seconds(&mut self, at: CaptureTime) -> f64 {
        at.nanos_since(*self.first_at.get_or_insert(at)) as f64 / 1e9
    }
}

impl Sink for Drawing {
    type Error = Infallible;

    fn remb(&mut self, _flow: &FlowInfo, at: CaptureTime, remb: &SentRemb) -> Result<(), Infallible> {
        let seconds = self.seconds(at);
        self.figure.remb(seconds, remb.bitrate.as_bps() as f64);
        Ok(())
    }

    fn recorded(&mut self, _flow: &FlowInfo, at: CaptureTime, remb: &CapturedRemb) -> Result<(), Infallible> {
        let seconds = self.seconds(at);
        let ssrcs = remb.ssrcs.as_deref().unwrap_or_default();
        self.figure.recorded(seconds, remb.bitrate.as_bps() as f64, ssrcs);
        Ok(())
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let path = args.next().unwrap_or("testdata/captures/s03-steps-audio.pcap.gz".to_owned());
    let picture = args.next().unwrap_or("picture.png".to_owned());
    let mut drawing = Drawing { figure: Figure::new(), first_at: None };
    drawing.figure.set_title(&[path.clone(), "replayed, and recorded".to_owned()]);
    let config = ReplayConfig { steps: false, ..ReplayConfig::default() };
    let _ = remb_replay::replay(Capture::open(path)?, &config)?.events(&mut drawing)?;
    render_png(&drawing.figure, File::create(picture)?)?;
    Ok(())
}
